"""Decide after each look at a task: done, failed, too late, or look again in so many seconds.

The same decision serves the sensor, the waiting operator and the trigger; only the sleeping differs.
"""

from __future__ import annotations

from dataclasses import dataclass

from airflow_provider_mps.core.errors import Outcome, ServiceError
from airflow_provider_mps.core.results import TaskState


@dataclass(frozen=True)
class LookAgain:
    """Not done: look again after ``seconds``."""

    seconds: float


@dataclass(frozen=True)
class Finished:
    """Done, well or badly: ``state`` says which."""

    state: TaskState


@dataclass(frozen=True)
class Refused:
    """The service will never answer this question: ``error`` says why."""

    error: ServiceError


@dataclass(frozen=True)
class TooLate:
    """The deadline has passed and the task is not done.

    :param last_seen: what the last look showed, for the message
    """

    last_seen: str


# Airflow ends a trigger at its limit without a word; the trigger itself speaks up at the deadline, well before.
TRIGGER_GRACE_SECONDS = 120.0

Step = LookAgain | Finished | Refused | TooLate


def next_step(look: TaskState | ServiceError, *, now: float, deadline: float, interval: float) -> Step:
    """Decide what follows a look.

    The look counts before the deadline does: a task that is found finished after it is finished. An error that may
    pass is no verdict on the task; the deadline bounds how long it may last. The last look falls on the deadline.

    :param look: what the look showed, or why it showed nothing
    :param now: seconds since the epoch
    :param deadline: seconds since the epoch after which waiting ends
    :param interval: seconds between looks
    """
    if isinstance(look, TaskState) and look.done:
        return Finished(look)
    if isinstance(look, ServiceError) and look.outcome is Outcome.REFUSED:
        return Refused(look)
    if now >= deadline:
        return TooLate(str(look))
    return LookAgain(min(interval, deadline - now))


def trigger_lifetime(*, now: float, deadline: float) -> float:
    """Return the seconds after which Airflow may end a trigger that has not fired."""
    return max(0.0, deadline - now) + TRIGGER_GRACE_SECONDS
