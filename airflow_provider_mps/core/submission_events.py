"""What a trigger that submits tells the task; apart from other events, as a DAG file has no need of a record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from airflow_provider_mps.core.errors import ServiceError, error_from_json, error_to_json
from airflow_provider_mps.core.events import EventError, task_of_event
from airflow_provider_mps.core.services import UnknownServiceError
from airflow_provider_mps.core.submission import Record
from airflow_provider_mps.core.vocabulary import EventStatus


def submission_event(record: Record, event: Mapping[str, Any]) -> dict[str, Any]:
    """Return an event of a trigger that has submitted, with what has to be put on record about it.

    :param record: of the submission
    :param event: what came of the task that makes the picture
    """
    return {**event, "submission": record.to_json()}


def not_submitted_event(record: Record, error: ServiceError) -> dict[str, Any]:
    """Return the event for a request that was not accepted.

    :param record: of the submission
    """
    return submission_event(record, {"status": EventStatus.ERROR.value, "error": error_to_json(error)})


def hand_back_event(record: Record, why: str) -> dict[str, Any]:
    """Return the event for a submission that the worker has to go on with.

    :param record: of the submission
    """
    return submission_event(record, {"status": EventStatus.HANDED_BACK.value, "why": why})


@dataclass(frozen=True)
class SubmissionEnd:
    """What an event says of a submission that was handed over.

    :param record: what has to be put on record
    :param error: why it was not accepted
    :param handed_back: why the worker has to go on with it
    """

    record: Record
    error: ServiceError | None = None
    handed_back: str | None = None


def submission_of_event(event: Any) -> SubmissionEnd:
    """Return what an event says of a submission that was handed over.

    :raises EventError: there is no event, or it says nothing of one
    """
    record = Record.from_json(event.get("submission")) if isinstance(event, Mapping) else None
    if record is None:
        raise EventError(f"no event about a submission came from the triggerer, but {event!r}")
    try:
        if event["status"] == EventStatus.HANDED_BACK:
            return SubmissionEnd(record, handed_back=str(event["why"]))
        if event["status"] == EventStatus.ERROR and record.task_id is None:
            return SubmissionEnd(record, error_from_json(event["error"]))
    except (KeyError, TypeError, ValueError, UnknownServiceError):
        raise EventError(f"the event about a submission cannot be read: {dict(event)!r}") from None
    if record.task_id is None:
        raise EventError(f"the event about a submission names no task: {dict(event)!r}")
    if task_of_event(event)[1] != record.task_id:
        raise EventError(f"the event is about another task than its submission: {dict(event)!r}")
    return SubmissionEnd(record)
