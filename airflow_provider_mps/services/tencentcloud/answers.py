"""Read the answers of API 3.0 (https://cloud.tencent.com/document/product/862/37604), and those of a task in full."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from airflow_provider_mps.core.errors import ServiceError
from airflow_provider_mps.core.outcomes import Outcome, Transport
from airflow_provider_mps.core.redaction import excerpt
from airflow_provider_mps.core.tasks import Accepted, TaskFailure, TaskState
from airflow_provider_mps.core.vocabulary import ENDED_BADLY, ENDED_WELL, STILL_RUNS
from airflow_provider_mps.services.tencentcloud.codes import outcome_of
from airflow_provider_mps.services.tencentcloud.quality import asked_of, kept_answer
from airflow_provider_mps.services.tencentcloud.words import SAYS_NO_ERROR, Action, ResultStatus, Service


def read_response(action: str, target: str, answer: Any) -> Mapping[str, Any]:
    """Return ``Response`` of an answer.

    :raises ServiceError: the answer is an error, or not an answer of this API
    """
    response = answer.get("Response") if isinstance(answer, Mapping) else None
    if not isinstance(response, Mapping):
        raise ServiceError(Service.MPS, action, target, Transport.GARBLED, repr(answer), "", Outcome.UNKNOWN)
    error = response.get("Error")
    if error is not None:
        code = str(error.get("Code")) if isinstance(error, Mapping) else Transport.GARBLED
        message = str(error.get("Message")) if isinstance(error, Mapping) else repr(error)
        raise ServiceError(
            Service.MPS, action, target, code, message, str(response.get("RequestId") or ""), outcome_of(code)
        )
    return response


def read_accepted(target: str, response: Mapping[str, Any]) -> Accepted:
    """Return what the answer to ProcessImage accepts.

    :raises ServiceError: it names no task, so whether one was accepted is not known
    """
    task_id, request_id = response.get("TaskId"), str(response.get("RequestId") or "")
    if not isinstance(task_id, str) or not task_id:
        raise ServiceError(Service.MPS, Action.PROCESS_IMAGE, target, Transport.GARBLED, "no TaskId", request_id)
    return Accepted(task_id, request_id)


def parse_task_detail(task_id: str, detail: Mapping[str, Any]) -> TaskState:
    """Turn ``Response`` of DescribeImageTaskDetail (https://cloud.tencent.com/document/api/862/118509) into a state.

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
            failure = TaskFailure(status, excerpt(str(detail.get("Message") or "")), Service.MPS)
        return replace(seen, failure=failure)
    failure = _failure(detail, entries)
    if failure is not None:
        return replace(seen, failure=failure)
    if not entries:
        finished = parse_time(detail.get("FinishTime"))
        return replace(seen, is_empty=finished is not None, empty_since=finished)
    if not all(_entry_done(entry) for entry in entries):
        return seen
    asked = asked_of(detail)
    result = {
        "TaskId": task_id,
        "Status": status,
        "CreateTime": detail.get("CreateTime"),
        "FinishTime": detail.get("FinishTime"),
        "Outputs": [_output(_mapping(entry.get("Output")), is_opinion=bool(asked)) for entry in entries],
    }
    return replace(seen, result=result, asked=asked)


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
            return TaskFailure(code, excerpt(str(part.get("Message") or "")), Service.MPS)
    return None


def _entry_done(entry: Mapping[str, Any]) -> bool:
    output = _mapping(entry.get("Output"))
    # A success without any output is an answer that is not complete yet.
    return _word(entry) not in STILL_RUNS and any(output.values())


def _word(part: Mapping[str, Any]) -> str:
    return str(part.get("Status") or "").strip().upper()


def _output(output: Mapping[str, Any], *, is_opinion: bool) -> dict[str, Any]:
    storage = _mapping(_mapping(output.get("OutputStorage")).get("CosOutputStorage"))
    bucket, region = str(storage.get("Bucket") or ""), str(storage.get("Region") or "")
    path = str(output.get("Path") or "")
    if bucket and path:
        entry = cos_object(bucket, region, path if path.startswith("/") else f"/{path}")
    else:
        entry = {"bucket": bucket, "region": region, "path": path, "cos_uri": None, "url": None}
    if output.get("Content"):
        entry["content"] = kept_answer(output["Content"]) if is_opinion else output["Content"]
    return entry


def _int(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
