"""How long a try waits, and what the end of it means: a result, or the error that makes Airflow do the right thing."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from airflow.providers.common.compat.sdk import AirflowTaskTimeout

from airflow_provider_mps.core.errors import ServiceError, describe_look
from airflow_provider_mps.core.events import EventError, from_event, task_of_event
from airflow_provider_mps.core.polling import (
    Deadline,
    Finished,
    LookAgain,
    Refused,
    TooLate,
    count_empty,
    deadline_of,
    next_step,
)
from airflow_provider_mps.core.services import ServiceProfile
from airflow_provider_mps.core.tasks import TaskFailure, TaskState
from airflow_provider_mps.core.vocabulary import LimitKind
from airflow_provider_mps.error_table import airflow_error, task_errors
from airflow_provider_mps.exceptions import TriggerEventError

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import BaseOperator


class TaskReader(Protocol):
    """A hook that looks at a task once."""

    def look(self, task_id: str) -> TaskState | ServiceError:
        """Look at a task, for a loop that decides itself when to look again."""


def try_began(context: Mapping[str, Any]) -> float:
    """Return when this try began, seconds since the epoch; a task that was deferred keeps its beginning."""
    began = context["ti"].start_date
    return float(began.timestamp()) if began else time.time()


def end_of_try(operator: BaseOperator, context: Mapping[str, Any]) -> float | None:
    """Return when ``execution_timeout`` of this try is over, seconds since the epoch; None if it has none."""
    execution_timeout = operator.execution_timeout
    return None if execution_timeout is None else try_began(context) + execution_timeout.total_seconds()


def deadline_of_try(operator: BaseOperator, context: Mapping[str, Any], since: float, timeout: float) -> Deadline:
    """Return when a try stops waiting: at its own ``timeout`` or at Airflow's ``execution_timeout``.

    :param since: when the waiting counts from, seconds since the epoch
    :param timeout: seconds
    """
    return deadline_of(since, timeout, end_of_try(operator, context))


def result_or_raise(
    task_id: str, end: Finished | Refused | TooLate, timeout: float, service: ServiceProfile
) -> dict[str, Any]:
    """Return the result of a finished task.

    :param task_id: the service's id of the task
    :param end: how waiting ended
    :param timeout: seconds that were waited for at the most
    :param service: whose task it is
    :raises TaskFailedError: the task finished without a good result
    :raises TaskRefusedError: the task failed, and the same request would fail again
    :raises TaskTimeoutError: it was not done at the deadline
    :raises TaskExecutionTimeoutError: the deadline was the ``execution_timeout`` of the Airflow task
    :raises TencentCloudPermanentError: the service refuses to say; ``AidgePermanentError`` if it is Aidge
    """
    errors = task_errors(service.name)
    if isinstance(end, TooLate):
        if end.kind is LimitKind.EXECUTION_TIMEOUT:
            raise errors.execution_timeout(task_id, end.last_seen)
        raise errors.timeout(task_id, timeout, end.last_seen)
    if isinstance(end, Refused):
        raise airflow_error(end.error)
    if end.state.result is None:
        failure = end.state.failure or TaskFailure("", "", service.name)
        kind = errors.refused if failure.is_final else errors.failed
        raise kind(task_id, failure.code, failure.message)
    return end.state.result


def wait_in_worker(
    hook: TaskReader,
    task_id: str,
    look: TaskState | ServiceError | None,
    *,
    deadline: Deadline,
    interval: float,
    since: float,
    timeout: float,
    log_line: Callable[[str], object],
    service: ServiceProfile,
) -> dict[str, Any]:
    """Look at a task until it is done or the deadline has passed; return its result.

    The deadline is compared with the clock of the machine as it is when the wait begins, and from then on counted on
    one that nobody sets.

    :param look: what the last look showed; None if nobody has looked yet
    :param interval: seconds between looks; a new task is looked at sooner
    :param since: when the service accepted the task, seconds since the epoch
    :param timeout: seconds that are waited for at the most, for messages
    :param log_line: takes a line for the task log before each pause
    :raises TaskFailedError: see :func:`result_or_raise` for this and others
    """
    # The clock of the machine may be set meanwhile, which makes the wait neither longer nor shorter.
    offset = time.time() - time.monotonic()
    look, empty = look or hook.look(task_id), 0
    try:
        while True:
            empty = count_empty(look, empty)
            step = next_step(
                look,
                service=service.name,
                now=offset + time.monotonic(),
                deadline=deadline,
                interval=interval,
                since=since,
                empty_looks=empty,
            )
            if not isinstance(step, LookAgain):
                return result_or_raise(task_id, step, timeout, service)
            log_line(f"{service} task {task_id}: {describe_look(look)}; next look in {round(step.seconds, 1):g} s")
            time.sleep(step.seconds)
            look = hook.look(task_id)
    except AirflowTaskTimeout:
        # Airflow's own words do not say which task, nor that a retry joins it.
        raise task_errors(service.name).execution_timeout(task_id, describe_look(look)) from None


def result_of_event(event: Any, timeout: float, service: ServiceProfile) -> dict[str, Any]:
    """Return the result that an event of the trigger tells of.

    :param service: whose task the event has to be about
    :raises TriggerEventError: there is no event, or one that cannot be read
    """
    end = end_of_event(event)
    whose, task_id = task_of_event(event)
    if whose is not service:
        raise TriggerEventError(f"the event is about a task of {whose}, and not of {service}: {dict(event)!r}")
    return result_or_raise(task_id, end, timeout, service)


def end_of_event(event: Any) -> Finished | Refused | TooLate:
    """Return the end of waiting that an event of the trigger tells of.

    :raises TriggerEventError: there is no event, or one that cannot be read
    """
    try:
        return from_event(event)
    except EventError as error:
        raise TriggerEventError(str(error)) from None
