"""Look at MPS for the task of a submission whose answer is not known."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from typing import Any

from airflow_provider_mps.core.clock import ServiceClock
from airflow_provider_mps.core.errors import ServiceError, says_no_such_task
from airflow_provider_mps.core.outcomes import Outcome
from airflow_provider_mps.core.steps import Flow, ListTasks, Log, Look, Pause
from airflow_provider_mps.core.submission import LookUp
from airflow_provider_mps.core.tasks import ListedTask, TaskState, TaskStatus
from airflow_provider_mps.exceptions import MpsInDoubtError
from airflow_provider_mps.services.tencentcloud import lookup
from airflow_provider_mps.services.tencentcloud.lookup import PossibleMatch, Window
from airflow_provider_mps.services.tencentcloud.outputs import ExpectedOutput, expected_output
from airflow_provider_mps.services.tencentcloud.payloads import describe_input


class Search:
    """The search of one submission; it remembers what it has seen.

    :param clock: what is known of the clock of MPS
    :param payload: the request body, without an output path of ours
    :param log: takes the lines for the task log
    """

    def __init__(self, clock: ServiceClock, payload: Mapping[str, Any], log: Log) -> None:
        self._clock = clock
        self._payload = payload
        self._log = log
        self._candidates: dict[str, ListedTask] = {}
        self._old: set[str] = set()
        self._done: dict[str, TaskState] = {}
        self._looked_at: set[str] = set()
        self._left_out = 0
        self._has_told = False

    def find(self, doubt: LookUp) -> Flow[TaskState | PossibleMatch | None]:
        """Return the task, or one that may be it and still runs; None if there certainly is none.

        :raises MpsInDoubtError: MPS does not say, or more tasks may be it than are looked at
        """
        found = yield from self._find_once(doubt)
        settled = doubt.until + lookup.SETTLE_SECONDS - time.time()
        if found is None and doubt.finished_count and settled > 0:
            # Its answer is lost, but the request itself may still be under way.
            yield Pause(min(settled, lookup.SETTLE_SECONDS))
            found = yield from self._find_once(doubt)
        if found is None and self._left_out:
            raise self._error(
                doubt,
                f"{len(self._looked_at) + self._left_out:,} tasks may be it, as MPS does not say what their input is, "
                f"and only {len(self._looked_at):,} of them were looked at",
            )
        return found

    def _find_once(self, doubt: LookUp) -> Flow[TaskState | PossibleMatch | None]:
        given = self._payload.get("OutputPath")
        expected = expected_output(self._payload, None if given else doubt.tokens)
        try:
            listed = yield from self._list(self._window(doubt).list_start(expected), finished=doubt.finished_count)
            # The list has told the time at MPS.
            window = self._window(doubt)
            # Once a candidate, always one: it leaves the list of those that run when it is done.
            self._candidates |= self._same(listed, window, expected)
            not_these = {*doubt.not_these, *self._old}
            states = yield from self._look_at(window, not_these, expected, newest_wins=doubt.newest_wins)
            if not doubt.finished_count and not self._old:
                # Its finished pictures are not asked for, and must not be taken for a new one later in this try.
                now = Window(doubt.until, doubt.until, doubt.until, window.ahead, window.seen_ahead)
                finished = yield ListTasks(TaskStatus.FINISH, now.list_start(expected))
                self._old = set(self._same(finished, now, expected)) - set(self._candidates)
        except ServiceError as error:
            raise self._error(doubt, str(error)) from None
        return lookup.match_ours(states, expected, newest_wins=doubt.newest_wins)

    def _window(self, doubt: LookUp) -> Window:
        return Window(doubt.since, doubt.until, doubt.sent_before, doubt.ahead, self._clock.ahead)

    def _same(self, listed: list[ListedTask], window: Window, expected: ExpectedOutput) -> dict[str, ListedTask]:
        """Return the tasks that may be ours, by their TaskId."""
        return {
            task.task_id: task
            for task in listed
            if lookup.same_input(self._payload, task.input) and window.has(task, expected)
        }

    def _look_at(
        self, window: Window, but: Collection[str], expected: ExpectedOutput, *, newest_wins: bool
    ) -> Flow[list[TaskState]]:
        """Look at the candidates as far as is needed to know ours, and as many as are allowed."""
        candidates = [task for task in self._candidates.values() if task.task_id not in but]
        states: list[TaskState] = []
        self._left_out = 0
        for task in lookup.in_order(candidates, window, newest_wins=newest_wins):
            if task.task_id not in self._looked_at and len(self._looked_at) >= lookup.MAX_LOOKS:
                self._left_out += 1
                continue
            self._looked_at.add(task.task_id)
            state = yield from self._state_of(task.task_id)
            states.append(state)
            if not newest_wins and expected.is_of(state):
                return states
        if self._left_out and not self._has_told:
            self._has_told = True
            told = f"{len(candidates):,}", f"{len(self._looked_at):,}"
            self._log.warning("%s tasks may be ours; the newest %s were looked at, and no more are", *told)
        return states

    def _list(self, since: float | None, *, finished: bool) -> Flow[list[ListedTask]]:
        try:
            listed: list[ListedTask] = yield ListTasks(TaskStatus.WAITING, since)
        except ServiceError as error:
            # The list is documented with PROCESSING and FINISH; where it knows WAITING too, nothing must be missed.
            if not error.code.startswith("InvalidParameter"):
                raise
            listed = []
        # In the order of a task's life: one that moves on in between is in the next list, and the other way in none.
        listed += yield ListTasks(TaskStatus.PROCESSING, since)
        if finished:
            listed += yield ListTasks(TaskStatus.FINISH, since)
        return listed

    def _state_of(self, task_id: str) -> Flow[TaskState]:
        if task_id in self._done:
            return self._done[task_id]
        try:
            state: TaskState = yield Look(task_id)
        except ServiceError as error:
            # It was listed, so it is there; and a limit says nothing of the task. It is looked at again.
            if says_no_such_task(error) or error.outcome is Outcome.NOT_EXECUTED:
                return TaskState(task_id, "")
            raise
        if state.done:
            self._done[task_id] = state
        return state

    def _error(self, doubt: LookUp, reason: str) -> MpsInDoubtError:
        return MpsInDoubtError(describe_input(self._payload), doubt.why, reason)
