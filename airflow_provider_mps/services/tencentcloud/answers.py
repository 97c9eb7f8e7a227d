"""Read the answer of DescribeImageTaskDetail (https://cloud.tencent.com/document/api/862/118509)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from airflow_provider_mps.core.redaction import excerpt
from airflow_provider_mps.core.vocabulary import (
    ENDED_BADLY,
    ENDED_WELL,
    SAYS_NO_ERROR,
    STILL_RUNS,
    ResultStatus,
    Service,
)
from airflow_provider_mps.services.aidge import codes as aidge_codes
from airflow_provider_mps.services.tencentcloud.codes import CodeRule, Outcome, task_rule


@dataclass(frozen=True)
class TaskFailure:
    """Why a finished task has no good result.

    :param code: ``ErrCode`` and ``ErrMsg`` as the service gave them, such as ``70000 InternalError``
    :param message: the service's ``Message``
    :param service: whose words these are
    """

    code: str
    message: str
    service: Service = Service.MPS

    @property
    def is_final(self) -> bool:
        """Whether the same request, submitted again, would end the same way."""
        return any(rule.outcome is Outcome.REFUSED for rule in self._rules())

    @property
    def hint(self) -> str:
        """What the person on call can do about it; empty where nothing is known."""
        return next((rule.hint for rule in self._rules() if rule.hint), "")

    def __str__(self) -> str:
        return f"{self.code}: {self.message}" if self.message else self.code

    def _rules(self) -> list[CodeRule]:
        if self.service is Service.AIDGE:
            rule = aidge_codes.rule_for(self.code)
            return [rule] if rule else []
        return [task_rule(word) for word in self.code.split()]


@dataclass(frozen=True)
class TaskState:
    """What one look at a task showed.

    ``result`` and ``failure`` are both None while the task is not done.

    :param task_id: the service's id of it
    :param status: ``Status`` as answered; empty for null
    :param progress: lowest ``Progress`` of the entries, 0 to 100; None while there are none
    :param result: the result as it goes into XCom
    :param failure: why the task failed
    :param created: when the service accepted the task, seconds since the epoch; None where it did not say
    :param empty_since: when the task finished, seconds since the epoch, if it shows neither a result nor an error
    """

    task_id: str
    status: str
    progress: int | None = None
    result: dict[str, Any] | None = None
    failure: TaskFailure | None = None
    created: float | None = None
    empty_since: float | None = None

    @property
    def done(self) -> bool:
        """Whether nothing more will change."""
        return self.result is not None or self.failure is not None

    def __str__(self) -> str:
        progress = f", {self.progress}%" if self.progress is not None else ""
        return f"{self.status or 'no status yet'}{progress}"


def parse_task_detail(task_id: str, detail: Mapping[str, Any]) -> TaskState:
    """Turn ``Response`` of DescribeImageTaskDetail into a state.

    FINISH is not success: ``ErrMsg`` must be empty, and so must that of each entry. Null statuses and a null or empty
    result set mean "not yet". ``SignedUrl`` carries a credential and is left behind here.
    """
    status = str(detail.get("Status") or "")
    result_set = detail.get("ImageProcessTaskResultSet")
    entries = [_mapping(entry) for entry in result_set] if isinstance(result_set, list) else []
    progress = min((_int(entry.get("Progress")) for entry in entries), default=None)
    seen = TaskState(task_id, status, progress, created=parse_time(detail.get("CreateTime")))
    word = status.strip().upper()
    if word not in ENDED_WELL:
        # Only the task's own words end it: one of its pictures may fail while others are made.
        failure = _failure(detail, entries if word in ENDED_BADLY else [])
        if failure is None and word in ENDED_BADLY:
            failure = TaskFailure(status, excerpt(str(detail.get("Message") or "")))
        return replace(seen, failure=failure)
    failure = _failure(detail, entries)
    if failure is not None:
        return replace(seen, failure=failure)
    if not entries:
        return replace(seen, empty_since=parse_time(detail.get("FinishTime")))
    if not all(_entry_done(entry) for entry in entries):
        return seen
    result = {
        "TaskId": task_id,
        "Status": status,
        "CreateTime": detail.get("CreateTime"),
        "FinishTime": detail.get("FinishTime"),
        "Outputs": [_output(_mapping(entry.get("Output"))) for entry in entries],
    }
    return replace(seen, result=result)


def parse_time(text: Any) -> float | None:
    """Return a time of the API, such as ``2026-01-01T01:02:51Z``, as seconds since the epoch; None if it is none."""
    try:
        moment = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def format_time(moment: float) -> str:
    """Return seconds since the epoch as the API writes times, rounded down to whole seconds."""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def cos_object(bucket: str, region: str, path: str) -> dict[str, Any]:
    """Describe a COS object the way results do: ``bucket``, ``region``, ``path``, ``cos_uri`` and ``url``."""
    return {
        "bucket": bucket,
        "region": region,
        "path": path,
        "cos_uri": f"cos://{bucket}{path}",
        "url": f"https://{bucket}.cos.{region}.myqcloud.com{quote(path, errors='replace')}",
    }


def _failure(detail: Mapping[str, Any], entries: list[Mapping[str, Any]]) -> TaskFailure | None:
    for part in (detail, *entries):
        err_code = _int(part.get("ErrCode"))
        err_msg = str(part.get("ErrMsg") or "").strip()
        if not err_code and err_msg.upper() in SAYS_NO_ERROR:
            err_msg = ""
        failed = part is not detail and _word(part) in ENDED_BADLY
        if err_msg or err_code or failed:
            code = " ".join(filter(None, (str(err_code or ""), excerpt(err_msg)))) or str(ResultStatus.FAIL)
            return TaskFailure(code, excerpt(str(part.get("Message") or "")))
    return None


def _entry_done(entry: Mapping[str, Any]) -> bool:
    output = _mapping(entry.get("Output"))
    # A success without any output is an answer that is not complete yet.
    return _word(entry) not in STILL_RUNS and any(output.values())


def _word(part: Mapping[str, Any]) -> str:
    return str(part.get("Status") or "").strip().upper()


def _output(output: Mapping[str, Any]) -> dict[str, Any]:
    storage = _mapping(_mapping(output.get("OutputStorage")).get("CosOutputStorage"))
    bucket, region = str(storage.get("Bucket") or ""), str(storage.get("Region") or "")
    path = str(output.get("Path") or "")
    if bucket and path:
        entry = cos_object(bucket, region, path if path.startswith("/") else f"/{path}")
    else:
        entry = {"bucket": bucket, "region": region, "path": path, "cos_uri": None, "url": None}
    if output.get("Content"):
        entry["content"] = output["Content"]
    return entry


def _int(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
