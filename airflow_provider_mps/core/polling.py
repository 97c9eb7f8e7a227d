"""Decide after each look at a task: done, failed, too late, or look again in so many seconds.

The same decision serves the sensor, the waiting operator and the trigger; only the sleeping differs.
"""

from __future__ import annotations

from dataclasses import dataclass

from airflow_provider_mps.core.codes import NO_SUCH_TASK, Outcome
from airflow_provider_mps.core.errors import ServiceError
from airflow_provider_mps.core.results import TaskState
from airflow_provider_mps.core.vocabulary import LimitKind


@dataclass(frozen=True)
class Limit:
    """Until when a task waits.

    :param deadline: seconds since the epoch; absolute, so that neither a new try nor a restarted triggerer begins anew
    :param kind: the argument that the deadline comes from
    """

    deadline: float
    kind: LimitKind = LimitKind.TIMEOUT


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
    :param kind: the argument that the deadline came from
    """

    last_seen: str
    kind: LimitKind = LimitKind.TIMEOUT


# Airflow ends a trigger at its limit without a word; the trigger itself speaks up at the deadline, well before.
TRIGGER_GRACE_SECONDS = 120.0
# For how long after its acceptance "no such task" is not believed.
NEW_TASK_SECONDS = 60.0

Step = LookAgain | Finished | Refused | TooLate


def limit_of(
    since: float, timeout: float, *, try_began: float | None = None, execution_timeout: float | None = None
) -> Limit:
    """Return what ends the waiting first: ``timeout`` after the submission, or ``execution_timeout`` of this try.

    Airflow itself ends a task at ``execution_timeout`` only while a worker runs it, not while it is deferred.

    :param since: when the waiting counts from, seconds since the epoch
    :param timeout: seconds
    :param try_began: when this try of the Airflow task began, seconds since the epoch
    :param execution_timeout: seconds
    """
    limit = Limit(since + timeout)
    if try_began is not None and execution_timeout is not None and try_began + execution_timeout < limit.deadline:
        return Limit(try_began + execution_timeout, LimitKind.EXECUTION_TIMEOUT)
    return limit


def next_step(
    look: TaskState | ServiceError, *, now: float, limit: Limit, interval: float, since: float | None = None
) -> Step:
    """Decide what follows a look.

    The look counts before the deadline does: a task that is found finished after it is finished. An error that may
    pass is no verdict on the task; the deadline bounds how long it may last. The last look falls on the deadline.

    :param look: what the look showed, or why it showed nothing
    :param now: seconds since the epoch
    :param limit: when waiting ends
    :param interval: seconds between looks
    :param since: when MPS accepted the task, seconds since the epoch; None if that is not known
    """
    if isinstance(look, TaskState) and look.done:
        return Finished(look)
    if isinstance(look, ServiceError) and look.outcome is Outcome.REFUSED and not may_be_too_new(look, since, now):
        return Refused(look)
    if now >= limit.deadline:
        return TooLate(str(look), limit.kind)
    return LookAgain(min(interval, limit.deadline - now))


def may_be_too_new(error: ServiceError, since: float | None, now: float) -> bool:
    """Tell whether MPS may not know a task only because it has just accepted it.

    :param since: when it accepted the task, seconds since the epoch; None if that is not known
    """
    return error.code in NO_SUCH_TASK and since is not None and now < since + NEW_TASK_SECONDS


def trigger_lifetime(*, now: float, deadline: float) -> float:
    """Return the seconds after which Airflow may end a trigger that has not fired."""
    return max(0.0, deadline - now) + TRIGGER_GRACE_SECONDS
