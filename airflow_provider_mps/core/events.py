"""What the trigger tells the task: plain JSON, and a closed set of statuses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow_provider_mps.core.errors import ServiceError, error_from_json, error_to_json
from airflow_provider_mps.core.polling import Finished, PollDecision, Refused, TooLate
from airflow_provider_mps.core.services import ServiceProfile, UnknownServiceError, services_with_tasks
from airflow_provider_mps.core.tasks import TaskFailure, TaskState, TaskStatus
from airflow_provider_mps.core.vocabulary import EventStatus, LimitKind


class EventError(ValueError):
    """An event that says nothing, or something that this version does not know."""


def to_event(task_id: str, step: PollDecision, service: ServiceProfile) -> dict[str, Any]:
    """Return the event for the end of waiting; the name of the id in it says whose task it is."""
    event: dict[str, Any] = {service.task_id_key: task_id}
    if isinstance(step, Finished) and step.state.result is not None:
        return {**event, "status": EventStatus.SUCCESS.value, "result": step.state.result}
    if isinstance(step, Finished) and step.state.failure is not None:
        failure = step.state.failure
        return {**event, "status": EventStatus.FAILED.value, "code": failure.code, "message": failure.message}
    if isinstance(step, TooLate):
        return {**event, "status": EventStatus.TIMEOUT.value, "last_seen": step.last_seen, "limit": step.kind.value}
    if isinstance(step, Refused):
        return {**event, "status": EventStatus.ERROR.value, "error": error_to_json(step.error)}
    raise EventError(f"waiting has not ended: {step}")


def batch_event(prefix: str, error: ServiceError | None = None) -> dict[str, Any]:
    """Return the event for a batch: all of it is over, or why that cannot be said.

    :param prefix: COS prefix of the record, which has what came of it
    """
    event: dict[str, Any] = {"record": prefix, "status": EventStatus.SUCCESS.value}
    if error is not None:
        event |= {"status": EventStatus.ERROR.value, "error": error_to_json(error)}
    return event


def error_of_batch_event(event: Any) -> ServiceError | None:
    """Return what an event says that a batch could not be waited for; None if it was.

    :raises EventError: there is no event, or one that says neither
    """
    if not isinstance(event, Mapping):
        raise EventError(f"no event came from the triggerer, but {event!r}")
    if event.get("status") == EventStatus.SUCCESS:
        return None
    try:
        if event.get("status") == EventStatus.ERROR:
            return error_from_json(event["error"])
    except (KeyError, TypeError, ValueError, UnknownServiceError):
        pass
    raise EventError(f"the event for a batch cannot be read: {dict(event)!r}")


def task_of_event(event: Any) -> tuple[ServiceProfile, str]:
    """Return whose task an event is about, and its id.

    :raises EventError: there is no event, or it names no task
    """
    if not isinstance(event, Mapping):
        raise EventError(f"no event came from the triggerer, but {event!r}")
    for service in services_with_tasks():
        task_id = event.get(service.task_id_key)
        if isinstance(task_id, str) and task_id:
            return service, task_id
    raise EventError(f"the event from the triggerer names no task: {dict(event)!r}")


def from_event(event: Any) -> Finished | Refused | TooLate:
    """Return the end of waiting that an event tells of.

    :raises EventError: there is no event, its status is unknown, or a part is missing
    """
    service, task_id = task_of_event(event)
    try:
        status = EventStatus(event["status"])
        if status is EventStatus.SUCCESS:
            result = event["result"]
            if not isinstance(result, Mapping) or not isinstance(result.get(service.pictures_key), list):
                raise TypeError(f"result is {result!r}")
            if result.get("TaskId") != task_id:
                raise ValueError(f"result is of task {result.get('TaskId')!r}")
            return Finished(TaskState(task_id, str(result.get("Status") or ""), result=dict(result)))
        if status is EventStatus.FAILED:
            failure = TaskFailure(str(event["code"]), str(event["message"]), service.name)
            return Finished(TaskState(task_id, TaskStatus.FINISH, failure=failure))
        if status is EventStatus.TIMEOUT:
            return TooLate(str(event["last_seen"]), LimitKind(event.get("limit", LimitKind.TIMEOUT)))
        return Refused(error_from_json(event["error"]))
    except (KeyError, TypeError, ValueError, UnknownServiceError) as error:
        raise EventError(
            f"the event for {service} task {task_id} cannot be read ({error!r}): {dict(event)!r}"
        ) from None
