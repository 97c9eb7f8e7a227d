"""What is particular to Pix: its codes, its profile, its errors, and how its answers are read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow_provider_mps.core.errors import ServiceError
from airflow_provider_mps.core.outcomes import TRANSPORT_CODES, CodeRule, Outcome, Transport
from airflow_provider_mps.core.services import ServiceProfile, register
from airflow_provider_mps.core.tasks import TaskFailure, TaskState
from airflow_provider_mps.error_table import ErrorClasses, TaskErrors, register_errors
from airflow_provider_mps.exceptions import (
    PassingError,
    PermanentError,
    TaskExecutionTimeoutError,
    TaskFailedError,
    TaskRefusedError,
    TaskTimeoutError,
)

CODES = {
    "no-credit": CodeRule(Outcome.REFUSED, "pix", "Buy credit at Pix.", concerns_all=True),
    "busy": CodeRule(Outcome.NOT_EXECUTED, "pix", "Pix is busy.", is_limit=True),
    "no-such-job": CodeRule(Outcome.REFUSED, "pix", "Check the job.", no_such_task=True),
    "bad-picture": CodeRule(Outcome.REFUSED, "pix", "Take another picture."),
}


def rule_for(code: str) -> CodeRule | None:
    return CODES.get(code) or TRANSPORT_CODES.get(code)


def _no_such_task(action: str, code: str) -> bool:
    rule = rule_for(code)
    return rule is not None and rule.no_such_task


def _task_rules(code: str) -> list[CodeRule]:
    return [CODES[code]] if code in CODES else []


PIX = register(
    ServiceProfile(
        name="Pix",
        conn_id_field="pix_conn_id",
        free_actions=frozenset({"look"}),
        code_rule=rule_for,
        no_such_task=_no_such_task,
        task_rules=_task_rules,
        task_id_key="pix_job",
        record_key="pix_submission",
        pictures_key="Files",
        late_advice="Raise timeout, or clear the task.",
        ended_advice="A retry joins it.",
    )
)


class PixError(PassingError):
    """A call to Pix may succeed later."""


class PixPermanentError(PermanentError):
    """Pix refused a call for good."""


class PixTaskFailedError(TaskFailedError):
    """Pix finished the job without a picture."""

    service = PIX.name


class PixTaskRefusedError(TaskRefusedError, PixTaskFailedError):
    """Pix finished the job without a picture, and would again."""


class PixTimeoutError(TaskTimeoutError):
    """The job was not done at the deadline."""

    service = PIX.name


class PixExecutionTimeoutError(TaskExecutionTimeoutError):
    """The job was not done within ``execution_timeout``."""

    service = PIX.name


register_errors(
    PIX.name,
    ErrorClasses(
        PixError,
        PixPermanentError,
        TaskErrors(PixTaskFailedError, PixTaskRefusedError, PixTimeoutError, PixExecutionTimeoutError),
    ),
)


def read_answer(action: str, target: str, answer: Any) -> Mapping[str, Any]:
    if not isinstance(answer, Mapping):
        raise ServiceError(PIX.name, action, target, Transport.GARBLED, repr(answer))
    if "error" in answer and "state" not in answer:
        code = str(answer["error"])
        rule = rule_for(code)
        outcome = rule.outcome if rule else Outcome.UNKNOWN
        raise ServiceError(PIX.name, action, target, code, str(answer["words"]), "", outcome)
    return answer


def read_state(job: str, answer: Mapping[str, Any]) -> TaskState:
    if answer["state"] == "failed":
        return TaskState(job, "failed", failure=TaskFailure(str(answer["error"]), "", PIX.name))
    if answer["state"] != "done":
        return TaskState(job, str(answer["state"]))
    return TaskState(job, "done", result={"TaskId": job, "Status": "done", "Files": answer["files"]})
