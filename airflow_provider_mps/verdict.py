"""Turn the end of waiting into a result, or into the error that makes Airflow do the right thing."""

from __future__ import annotations

from typing import Any

from airflow_provider_mps.core.events import EventError, from_event, task_of_event
from airflow_provider_mps.core.polling import Finished, Refused, TooLate
from airflow_provider_mps.exceptions import MpsEventError, MpsTaskFailedError, MpsTimeoutError, airflow_error


def result_or_raise(task_id: str, end: Finished | Refused | TooLate, timeout: float) -> dict[str, Any]:
    """Return the result of a finished task.

    :param task_id: the MPS TaskId
    :param end: how waiting ended
    :param timeout: seconds that were waited for at the most
    :raises MpsTaskFailedError: the task finished without a good result
    :raises MpsTimeoutError: it was not done at the deadline
    :raises TencentCloudPermanentError: the service refuses to say
    """
    if isinstance(end, TooLate):
        raise MpsTimeoutError(task_id, timeout, end.last_seen)
    if isinstance(end, Refused):
        raise airflow_error(end.error)
    if end.state.result is None:
        failure = end.state.failure
        raise MpsTaskFailedError(task_id, failure.code if failure else "", failure.message if failure else "")
    return end.state.result


def result_of_event(event: Any, timeout: float) -> dict[str, Any]:
    """Return the result that an event of the trigger tells of.

    :raises MpsEventError: there is no event, or one that cannot be read
    """
    try:
        task_id, end = task_of_event(event), from_event(event)
    except EventError as error:
        raise MpsEventError(str(error)) from None
    return result_or_raise(task_id, end, timeout)
