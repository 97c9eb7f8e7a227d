"""How long a try waits, and what the end of it means: a result, or the error that makes Airflow do the right thing."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from airflow_provider_mps.core.events import EventError, from_event, task_of_event
from airflow_provider_mps.core.polling import Finished, Limit, Refused, TooLate, limit_of
from airflow_provider_mps.core.results import TaskFailure
from airflow_provider_mps.core.vocabulary import LimitKind
from airflow_provider_mps.exceptions import (
    MpsEventError,
    MpsExecutionTimeoutError,
    MpsTaskFailedError,
    MpsTaskRefusedError,
    MpsTimeoutError,
    airflow_error,
)

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import BaseOperator


def try_began(context: Mapping[str, Any]) -> float:
    """Return when this try began, seconds since the epoch; a task that was deferred keeps its beginning."""
    began = context["ti"].start_date
    return float(began.timestamp()) if began else time.time()


def end_of_try(operator: BaseOperator, context: Mapping[str, Any]) -> float | None:
    """Return when ``execution_timeout`` of this try is over, seconds since the epoch; None if it has none."""
    execution_timeout = operator.execution_timeout
    return None if execution_timeout is None else try_began(context) + execution_timeout.total_seconds()


def limit_of_try(operator: BaseOperator, context: Mapping[str, Any], since: float, timeout: float) -> Limit:
    """Return when a try stops waiting: at its own ``timeout`` or at Airflow's ``execution_timeout``.

    :param since: when the waiting counts from, seconds since the epoch
    :param timeout: seconds
    """
    return limit_of(since, timeout, end_of_try(operator, context))


def result_or_raise(task_id: str, end: Finished | Refused | TooLate, timeout: float) -> dict[str, Any]:
    """Return the result of a finished task.

    :param task_id: the MPS TaskId
    :param end: how waiting ended
    :param timeout: seconds that were waited for at the most
    :raises MpsTaskFailedError: the task finished without a good result
    :raises MpsTaskRefusedError: so it did, and another submission of the same request would end the same way
    :raises MpsTimeoutError: it was not done at the deadline
    :raises MpsExecutionTimeoutError: the deadline was the ``execution_timeout`` of the Airflow task
    :raises TencentCloudPermanentError: the service refuses to say
    """
    if isinstance(end, TooLate):
        if end.kind is LimitKind.EXECUTION_TIMEOUT:
            raise MpsExecutionTimeoutError(task_id, end.last_seen)
        raise MpsTimeoutError(task_id, timeout, end.last_seen)
    if isinstance(end, Refused):
        raise airflow_error(end.error)
    if end.state.result is None:
        failure = end.state.failure or TaskFailure("", "")
        kind = MpsTaskRefusedError if failure.is_final else MpsTaskFailedError
        raise kind(task_id, failure.code, failure.message)
    return end.state.result


def result_of_event(event: Any, timeout: float) -> dict[str, Any]:
    """Return the result that an event of the trigger tells of.

    :raises MpsEventError: there is no event, or one that cannot be read
    """
    end = end_of_event(event)
    return result_or_raise(task_of_event(event), end, timeout)


def end_of_event(event: Any) -> Finished | Refused | TooLate:
    """Return the end of waiting that an event of the trigger tells of.

    :raises MpsEventError: there is no event, or one that cannot be read
    """
    try:
        return from_event(event)
    except EventError as error:
        raise MpsEventError(str(error)) from None
