"""Find one's own task among those that MPS lists, when the answer to a submission is not known."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from airflow_provider_mps.core.identity import unsigned_folders
from airflow_provider_mps.core.submission import SENDING_SECONDS
from airflow_provider_mps.core.tasks import ListedTask, TaskState
from airflow_provider_mps.services.tencentcloud.outputs import ExpectedOutput, input_path

# API 3.0 refuses a request whose clock is further off than this (AuthFailure.SignatureExpire), so a task that was
# accepted began at most so long before the time that the submitting machine wrote down.
MAX_CLOCK_SKEW_SECONDS = 300.0
# A path that a user gave may have been asked for by others just before, so there the window has to be narrow. The
# difference of the clocks is known from the answers, to a second or two.
GIVEN_PATH_SKEW_SECONDS = 5.0
# A request may still be under way inside the service when the connection has broken. Before this has passed since it
# was sent, a list without the task proves nothing.
SETTLE_SECONDS = 10.0
# How many tasks are looked at in one search. All that an account at its limit of 20 submissions a second can begin in
# the time around a lost answer is fewer, and at the usual pace it takes two minutes.
MAX_LOOKS = 2000


@dataclass(frozen=True)
class PossibleMatch:
    """A task may be ours, which only its result will show.

    :param task_id: the MPS TaskId
    :param count: how many such tasks there are
    """

    task_id: str
    count: int

    def __str__(self) -> str:
        others = f" and {self.count - 1} more with the same input" if self.count > 1 else ""
        return f"MPS task {self.task_id}{others}"

    def not_done(self, limit: str) -> str:
        """Say that it was waited for in vain.

        :param limit: the argument that ended the waiting
        """
        return f"{self}, which may be it, was not done within {limit}; raise that, or clear the task to wait anew"


@dataclass(frozen=True)
class Window:
    """When a submission was sent, and what is known of the clock that says so.

    :param since: the earliest, seconds since the epoch; None for as long as MPS remembers
    :param until: since when certainly nobody sends it
    :param sent_before: the latest
    :param ahead: how far the clock of MPS was ahead of that one, in seconds; None if it was not known then
    :param seen_ahead: how far it is ahead of the clock of this machine, which may be another one; None if not known
    """

    since: float | None
    until: float
    sent_before: float
    ahead: float | None = None
    seen_ahead: float | None = None

    def list_start(self, expected: ExpectedOutput) -> float | None:
        """Return the time from which tasks are listed, seconds since the epoch on the clock of MPS.

        The list itself tells the time there, so as long as nothing does it begins as early as it may have to.
        """
        if self.since is None or (self.ahead is None and self.seen_ahead is None):
            return None if self.since is None else self.since - MAX_CLOCK_SKEW_SECONDS
        return self.start(expected)

    def start(self, expected: ExpectedOutput) -> float | None:
        """Return the time before which a task that began is another's, seconds since the epoch on the clock of MPS."""
        if self.since is None:
            return None
        # A time that has not come yet is on a clock that nothing is known of.
        is_vague = expected.is_unique or self.since > self.until
        skew = MAX_CLOCK_SKEW_SECONDS if is_vague else GIVEN_PATH_SKEW_SECONDS
        return self.since + min(self._aheads) - skew

    @property
    def end(self) -> float:
        """The time after which a task that began is another's, seconds since the epoch on the clock of MPS.

        Without an end, new tasks with the same input would keep the look-up waiting for ever.
        """
        return self.sent_before + max(self._aheads) + SETTLE_SECONDS + MAX_CLOCK_SKEW_SECONDS

    def has(self, task: ListedTask, expected: ExpectedOutput) -> bool:
        """Tell whether a task began in it; one that says nothing of its beginning may have."""
        if task.created is None:
            return True
        start = self.start(expected)
        # Times have whole seconds on the wire.
        return (start is None or task.created >= int(start)) and task.created <= self.end

    def is_likely(self, task: ListedTask) -> bool:
        """Tell whether a task began when ours must have, if no clock has moved in between."""
        if self.since is None or task.created is None:
            return False
        sent_before = min(self.sent_before, self.since + SENDING_SECONDS)
        first = self.since + min(self._aheads) - GIVEN_PATH_SKEW_SECONDS
        last = sent_before + max(self._aheads) + SETTLE_SECONDS + GIVEN_PATH_SKEW_SECONDS
        return first <= task.created <= last

    @property
    def _aheads(self) -> tuple[float, ...]:
        if self.ahead is not None:
            return (self.ahead,)
        # Whether this machine wrote the time is not known either: its clock may have been right.
        return (0.0,) if self.seen_ahead is None else (0.0, self.seen_ahead)


def in_order(tasks: Iterable[ListedTask], window: Window, *, newest_wins: bool) -> list[ListedTask]:
    """Return tasks in the order in which they are looked at: newest first.

    Before all others those that began when ours must have, unless an older submission of ours may be among them.
    """
    newest = sorted(tasks, key=lambda task: task.created or 0.0, reverse=True)
    return newest if newest_wins else sorted(newest, key=lambda task: not window.is_likely(task))


def same_input(payload: Mapping[str, Any], listed: str) -> bool:
    """Tell whether the ``Input`` of a listed task can be the subject picture of a request.

    How MPS writes it is not documented, so only what cannot be ours is left out: a path that does not hold the path of
    our picture, or a bare name other than its name. Folders that sign an address are others each time.
    """
    path, listed = unsigned_folders(input_path(payload)).strip("/"), unsigned_folders(listed)
    if not path or not listed:
        return True
    # Both as they stand and decoded: a key may itself look encoded.
    for ours in {path, unquote(path)}:
        for shown in {listed, unquote(listed)}:
            if ours in shown if "/" in shown else shown == ours.rpartition("/")[2]:
                return True
    return False


def match_ours(
    states: Sequence[TaskState], expected: ExpectedOutput, *, newest_wins: bool
) -> TaskState | PossibleMatch | None:
    """Decide which of the tasks with the same input is ours.

    A task that failed has no path, and need not be found: another submission is right then.

    :param states: what the last look at each showed, newest first
    :param expected: how ours is recognised
    :param newest_wins: whether an older submission of ours may be among them, so that a newer one that runs has to be
        waited for
    :return: ours, or one that may be ours and runs, or None if ours is not there
    """
    running = [state for state in states if not state.done]
    for state in states:
        if not state.done and newest_wins:
            break
        if expected.is_of(state):
            return state
    return PossibleMatch(running[0].task_id, len(running)) if running else None
