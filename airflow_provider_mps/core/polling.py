"""Decide after each look at a task: done, failed, too late, or look again in so many seconds; and how to look at many.

The same decision serves the sensor, the waiting operator and the trigger; only the sleeping differs.

Many tasks are looked at together in one of two ways. A look at a task (DescribeImageTaskDetail) tells all of it. A page
of the list (DescribeImageTasks) tells of a hundred which have finished, and then each of those is looked at once. Both
cost one request.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, replace

from airflow_provider_mps.core.errors import ServiceError, describe_look, says_no_such_task
from airflow_provider_mps.core.outcomes import NO_RESULT, Outcome
from airflow_provider_mps.core.tasks import TaskFailure, TaskState
from airflow_provider_mps.core.vocabulary import LimitKind


@dataclass(frozen=True)
class Deadline:
    """When waiting ends, and which argument says so.

    :param at: seconds since the epoch; absolute, so that neither a new try nor a restarted triggerer begins anew
    :param kind: the argument that the deadline comes from
    """

    at: float
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


# The most tasks that a page of a list has.
PAGE_SIZE = 100
# Airflow ends a trigger at its limit without a word; the trigger itself speaks up at the deadline, well before.
TRIGGER_GRACE_SECONDS = 120.0
# For how long after its acceptance "no such task" is not believed.
NEW_TASK_SECONDS = 60.0
# A result may come a moment after the word that the task has finished.
EMPTY_LOOKS = 4
# For those who cannot count looks: for how long after the end of a task its result may still come.
EMPTY_SECONDS = 60.0
# The first look at a new task. From then on the time between two looks is as long as the task is old, up to the
# interval, so that a short task is not noticed late.
FIRST_LOOK_SECONDS = 1.0
# Looks that began together drift apart by this share.
JITTER = 0.1
# How much cheaper a list has to be before it is worth its delay.
WORTH = 3
# From one list to the next, as shares of the interval. Half of it is left for the looks at what a list has shown.
SHORTEST, LONGEST = 0.25, 0.5
# Requests for lists in one interval, for each task that is waited for.
LIST_SHARE = 0.03
# Of the pace of the list action, so that others on the account find room.
PACE_SHARE = 0.5
# Machines disagree about the time; what is listed begins this much before the first task that is waited for.
MARGIN_SECONDS = 5.0
# A task that no list has shown for this long is looked at on its own.
UNSEEN_SECONDS = 60.0

WaitOutcome = Finished | Refused | TooLate
PollDecision = LookAgain | WaitOutcome


def deadline_of(since: float, timeout: float, until: float | None = None) -> Deadline:
    """Return what ends the waiting first: ``timeout`` after the submission, or ``execution_timeout`` of this try.

    Airflow itself ends a task at ``execution_timeout`` only while a worker runs it, not while it is deferred.

    :param since: when the waiting counts from, seconds since the epoch
    :param timeout: seconds
    :param until: when ``execution_timeout`` is over, seconds since the epoch
    """
    deadline = Deadline(since + timeout)
    if until is not None and until < deadline.at:
        return Deadline(until, LimitKind.EXECUTION_TIMEOUT)
    return deadline


def next_step(
    look: TaskState | ServiceError,
    *,
    service: str,
    now: float,
    deadline: Deadline,
    interval: float,
    since: float | None = None,
    empty_looks: int = 0,
) -> PollDecision:
    """Decide what follows a look.

    The look counts before the deadline does: a task that is found finished after it is finished. An error that may
    pass is no verdict on the task; the deadline bounds how long it may last. The last look falls on the deadline.

    :param look: what the look showed, or why it showed nothing
    :param service: the name of the service whose task it is
    :param now: seconds since the epoch
    :param deadline: when waiting ends
    :param interval: seconds between looks; a new task is looked at sooner
    :param since: when the service accepted the task, seconds since the epoch; None if that is not known
    :param empty_looks: how many looks in a row, this one included, showed a finished task without a result
    """
    if isinstance(look, TaskState) and look.done:
        return Finished(look)
    if isinstance(look, TaskState) and empty_looks >= EMPTY_LOOKS:
        said = f"the task is {look.status} and shows neither a result nor an error, in {empty_looks} looks"
        return Finished(replace(look, failure=TaskFailure(NO_RESULT, said, service)))
    if isinstance(look, ServiceError) and look.outcome is Outcome.REFUSED and not may_be_too_new(look, since, now):
        return Refused(look)
    if now >= deadline.at:
        return TooLate(describe_look(look), deadline.kind)
    return LookAgain(min(pause(interval, since, now), deadline.at - now))


def count_empty(look: TaskState | ServiceError, before: int) -> int:
    """Return how many looks in a row have shown a finished task without a result.

    :param before: how many there were before this look
    """
    if isinstance(look, ServiceError):
        return before
    return before + 1 if look.is_empty else 0


def pause(interval: float, since: float | None, now: float, *, chance: float = 0.0) -> float:
    """Return the seconds to the next look at a task.

    :param interval: seconds between looks, once the task is old enough
    :param since: when the service accepted the task, seconds since the epoch; None if that is not known
    :param now: seconds since the epoch
    :param chance: from 0 to 1; spreads the looks, towards sooner
    """
    seconds = interval if since is None else min(interval, max(FIRST_LOOK_SECONDS, now - since))
    return seconds * (1.0 - JITTER * chance)


def may_be_too_new(error: ServiceError, since: float | None, now: float) -> bool:
    """Tell whether a service may not know a task only because it has just accepted it.

    :param since: when it accepted the task, seconds since the epoch; None if that is not known
    """
    return says_no_such_task(error) and since is not None and now < since + NEW_TASK_SECONDS


def trigger_lifetime(*, now: float, deadline: float) -> float:
    """Return the seconds after which Airflow may end a trigger that has not fired."""
    return max(0.0, deadline - now) + TRIGGER_GRACE_SECONDS


@dataclass(frozen=True)
class WaitingTasks:
    """What is waited for, as far as it decides how to look.

    :param sinces: when the service accepted each task, seconds since the epoch, oldest first
    :param finished: when the service accepted each of the finished tasks that the last list showed, oldest first
    :param interval: seconds between looks
    :param rate: requests per second at the most, of each action
    :param can_list: whether the account may list tasks
    """

    sinces: Sequence[float]
    finished: Sequence[float] = ()
    interval: float = 10.0
    rate: float = 16.0
    can_list: bool = True


@dataclass(frozen=True)
class PollEach:
    """Look at each task on its own.

    :param seconds: what is needed to look at all of them once, at the pace of the action
    """

    seconds: float


@dataclass(frozen=True)
class PollByList:
    """List what has finished, and look at those; the oldest on their own.

    :param start: list what began from then on, seconds since the epoch
    :param single: how many of the oldest tasks are not worth the pages between them and the others
    :param seconds: from one list to the next
    """

    start: float
    single: int
    seconds: float


def choose_polling(waiting: WaitingTasks, now: float) -> PollEach | PollByList:
    """Return the way that costs the fewest requests in an interval.

    :param now: seconds since the epoch
    """
    count = len(waiting.sinces)
    each = PollEach(count / waiting.rate)
    if not waiting.can_list or count < WORTH:
        return each
    single = min(_splits(count), key=lambda oldest: oldest + _pages(waiting, oldest))
    pages = _pages(waiting, single)
    if (single + pages) * WORTH > count:
        return each
    return PollByList(waiting.sinces[single] - MARGIN_SECONDS, single, _seconds(waiting, count - single, pages, now))


def _seconds(waiting: WaitingTasks, count: int, pages: int, now: float) -> float:
    interval = waiting.interval
    seconds = interval * pages / (LIST_SHARE * count)
    # Short tasks must not wait for a list that is meant for long ones.
    seconds = min(seconds, max(FIRST_LOOK_SECONDS, now - waiting.sinces[-1]))
    seconds = min(LONGEST * interval, max(SHORTEST * interval, seconds))
    return max(seconds, pages / (waiting.rate * PACE_SHARE))


def _pages(waiting: WaitingTasks, oldest: int) -> int:
    """Return how many pages a list has that leaves the ``oldest`` tasks out, as far as the last one tells."""
    start = waiting.sinces[oldest] - MARGIN_SECONDS
    return 1 + (len(waiting.finished) - bisect_left(waiting.finished, start)) // PAGE_SIZE


def _splits(count: int) -> list[int]:
    """Return how many of the oldest might be left out: few steps that grow, as each is weighed each time."""
    found, step = [0], 1
    while found[-1] + step < count:
        found.append(found[-1] + step)
        step = max(1, found[-1] // 2)
    return found
