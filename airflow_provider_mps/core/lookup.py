"""Find one's own task among those that MPS lists, when the answer to a submission is not known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from airflow_provider_mps.core.identity import unsigned_folders
from airflow_provider_mps.core.outputs import ExpectedOutput, input_path
from airflow_provider_mps.core.results import TaskState

# API 3.0 refuses a request whose clock is further off than this (AuthFailure.SignatureExpire), so a task that was
# accepted began at most so long before the time that the submitting machine wrote down.
MAX_CLOCK_SKEW_SECONDS = 300.0
# A path that a user gave may have been asked for by others just before, so there the window has to be narrow.
GIVEN_PATH_SKEW_SECONDS = 5.0
# How long a submission may go on sending its request after it wrote down its intent: six attempts with their waits.
SENDING_SECONDS = 300.0
# A request may still be under way inside the service when the connection has broken. Before this has passed since it
# was sent, a list without the task proves nothing.
SETTLE_SECONDS = 10.0


@dataclass(frozen=True)
class StillRuns:
    """A task may be ours, which only its result will show.

    :param task_id: the MPS TaskId
    :param count: how many such tasks there are
    """

    task_id: str
    count: int

    def __str__(self) -> str:
        others = f" and {self.count - 1} more with the same input" if self.count > 1 else ""
        return f"MPS task {self.task_id}{others}"


def window_start(since: float, expected: ExpectedOutput) -> float:
    """Return the time from which tasks are listed, seconds since the epoch on the clock of MPS."""
    return since - (MAX_CLOCK_SKEW_SECONDS if expected.is_unique else GIVEN_PATH_SKEW_SECONDS)


def window_end(sent_before: float) -> float:
    """Return the time after which a task that began is another's, seconds since the epoch on the clock of MPS.

    Without an end, new tasks with the same input would keep the look-up waiting for ever.
    """
    return sent_before + SETTLE_SECONDS + MAX_CLOCK_SKEW_SECONDS


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


def pick(states: Sequence[TaskState], expected: ExpectedOutput, *, newest_wins: bool) -> TaskState | StillRuns | None:
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
        if state.result is not None and expected.matches(state.result):
            return state
    return StillRuns(running[0].task_id, len(running)) if running else None
