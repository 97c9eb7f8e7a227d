"""The one line that is read first: Airflow's log page does not wrap, and shows about 80 characters of an exception.

It is logged right before the exception leaves the task: code, connection, remedy. The exception says the rest. The
XCom ``service_error`` keeps code, message and RequestId for pages that show what a run has made, and the notes
of the task keep the same for lineage.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from typing import Any, TypeVar, cast

from airflow.providers.common.compat.sdk import AirflowSensorTimeout

from airflow_provider_mps.core.errors import ServiceError
from airflow_provider_mps.core.redaction import excerpt
from airflow_provider_mps.core.services import profile_of
from airflow_provider_mps.core.tasks import TaskFailure
from airflow_provider_mps.core.vocabulary import XCOM_ERROR_KEY
from airflow_provider_mps.exceptions import (
    AidgeInDoubtError,
    MpsBatchFailedError,
    MpsBatchRecordError,
    MpsInDoubtError,
    TaskExecutionTimeoutError,
    TaskFailedError,
    TaskTimeoutError,
)

_Method = TypeVar("_Method", bound=Callable[..., Any])


def short_line(error: BaseException, conn_id: str | None) -> str | None:
    """Return code and remedy of an error in one line that names the connection; None for an error of another kind.

    :param conn_id: the connection that was used; None for the environment
    """
    found = _code_and_remedy(error)
    return None if found is None else _line(*found, conn_id)


def failures_in_short(execute: _Method) -> _Method:
    """Decorate a method of an operator or a sensor: what it fails with is logged in short before it is raised."""

    @wraps(execute)
    def logged(self: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            return execute(self, *args, **kwargs)
        except Exception as error:
            # Of another kind of error it is not known what it calls a service.
            if found := _code_and_remedy(error):
                self.log.error("%s", _line(*found, _conn_id(self, error)))
                _tell(self, error, found[0], args[0] if args else kwargs.get("context"))
            raise

    return cast(_Method, logged)


def _tell(task: Any, error: Exception, code: str, context: Any) -> None:
    """Put into an XCom why the try has failed, for pages that show what a run has made: the next try clears it."""
    told = {
        "Code": excerpt(code, 160),
        "Message": excerpt(str(getattr(error, "message", None) or error), 500),
        "RequestId": str(getattr(error, "request_id", None) or ""),
    }
    if hasattr(task, "lineage_notes"):
        task.lineage_notes.failure = told
    if not task.do_xcom_push:
        return
    # The task has failed already, and its own error is the one that counts.
    with suppress(Exception):
        context["ti"].xcom_push(key=XCOM_ERROR_KEY, value=told)


def _line(code: str, remedy: str, conn_id: str | None) -> str:
    return excerpt(f"{code} ({conn_id or 'environment'}): {remedy or 'see the error below'}", 160)


def _conn_id(task: Any, error: Exception) -> str | None:
    """Return the connection that the error is about: tasks of Aidge read and store pictures in COS."""
    service = getattr(error, "service", None) or task.service.name
    found: str | None = getattr(task, profile_of(service).conn_id_field, None)
    return found


def _code_and_remedy(error: BaseException) -> tuple[str, str] | None:
    if isinstance(error, ServiceError):
        # Where this package knows no remedy, the service's words are all there is to go by.
        return error.code, error.hint or error.message
    if isinstance(error, TaskFailedError):
        return error.code, TaskFailure(error.code, error.message, error.service).hint or error.message
    if isinstance(error, AirflowSensorTimeout):
        return "Not done in time", "clear the sensor, and it waits again"
    if isinstance(error, TaskTimeoutError):
        return f"Not done in {error.timeout:g} s", f"raise timeout, or clear the task ({error.task_id})"
    if isinstance(error, TaskExecutionTimeoutError):
        return "Not done in execution_timeout", f"raise it, or let Airflow retry ({error.task_id})"
    if isinstance(error, MpsInDoubtError):
        return "In doubt, nothing submitted", "a retry asks again; it needs mps:DescribeImageTasks"
    if isinstance(error, AidgeInDoubtError):
        return "In doubt, nothing submitted", "look into Aidge's console, or set on_doubt='resubmit' and clear"
    if isinstance(error, MpsBatchFailedError):
        return f"{error.failed:,} of {error.total:,} failed, max_failed={error.max_failed}", error.summary
    if isinstance(error, MpsBatchRecordError):
        return "Record of the batch unreadable", f"see {error.prefix}"
    # Errors of rooms that this one does not know say it themselves.
    in_short: tuple[str, str] | None = getattr(error, "in_short", None)
    return in_short
