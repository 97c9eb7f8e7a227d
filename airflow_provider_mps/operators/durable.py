"""Submit a picture task so that no retry pays for it twice: carry out what ``core.submission`` decides."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

from airflow_provider_mps.core import lookup, submission
from airflow_provider_mps.core.codes import Outcome
from airflow_provider_mps.core.errors import ServiceError, says_no_such_task
from airflow_provider_mps.core.fingerprint import Request, request_of
from airflow_provider_mps.core.listing import ListedTask
from airflow_provider_mps.core.lookup import StillRuns
from airflow_provider_mps.core.outputs import ExpectedOutput, expected_output, unique_output_path
from airflow_provider_mps.core.payloads import describe_input
from airflow_provider_mps.core.polling import may_be_too_new
from airflow_provider_mps.core.results import TaskState
from airflow_provider_mps.core.submission import (
    Attempt,
    FindOut,
    Join,
    Joined,
    Record,
    Submit,
    after_look,
)
from airflow_provider_mps.core.vocabulary import Service, TaskStatus
from airflow_provider_mps.exceptions import MpsInDoubtError
from airflow_provider_mps.hooks.mps import MpsHook
from airflow_provider_mps.hooks.submission_store import SubmissionStore, UnreadableRecordError, store_of
from airflow_provider_mps.operators.tries import Log, Submitted, attempt_of, since_of, task_of

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

# How often one try submits when each answer is lost and each look-up finds nothing; the next try goes on.
SUBMISSIONS = 3


@dataclass(frozen=True)
class InDoubt:
    """Ours may be among tasks that still run; ask again when the named one is done.

    :param runs: one of those tasks, and how many they are
    :param counts_from: when the time to wait began, seconds since the epoch
    :param can_be_resumed: whether another process would come to the same question
    :param why: for the error, if time runs out
    """

    runs: StillRuns
    counts_from: float
    can_be_resumed: bool
    why: str


class Calls(Protocol):
    """What a submission asks of MPS; see :class:`~airflow_provider_mps.hooks.mps.MpsHook`."""

    def process_image(self, payload: Mapping[str, Any]) -> str:
        """Submit, and return the TaskId."""

    def get_task_state(self, task_id: str) -> TaskState:
        """Look at a task."""

    def list_image_tasks(self, status: TaskStatus, since: float | None = None) -> list[ListedTask]:
        """List the account's tasks."""


class DurableSubmission:
    """One submission, for the duration of one try.

    :param calls: calls MPS
    :param payload: the request body; without an ``OutputPath`` it gets one that nobody else asks for
    :param request: its fingerprint
    :param attempt: the try of the Airflow task
    :param store: keeps the record
    :param log: takes the lines for the task log
    :param accepts_final_failure: see :func:`~airflow_provider_mps.core.submission.after_look`
    """

    def __init__(
        self,
        calls: Calls,
        payload: Mapping[str, Any],
        request: Request,
        attempt: Attempt,
        store: SubmissionStore,
        log: Log,
        *,
        accepts_final_failure: bool = False,
    ) -> None:
        self._calls = calls
        self._payload = payload
        self._log = log
        self._store = store
        self._accepts_final_failure = accepts_final_failure
        self._attempt = attempt
        self._request = request
        self._record: Record | None = None
        self._doubt: FindOut | None = None
        self._sent = 0
        self._lost: ServiceError | None = None
        self._candidates: dict[str, float] = {}
        self._old: set[str] = set()
        self._done: dict[str, TaskState] = {}

    @classmethod
    def of_task(
        cls, hook: MpsHook, payload: Mapping[str, Any], context: Context, *, retries: int, log: Log
    ) -> DurableSubmission:
        """Return the one submission of an Airflow task.

        :param retries: ``retries`` of the operator
        """
        store = store_of(context, Service.MPS)
        attempt = attempt_of(context, Service.MPS, retries, keeps_records=store.keeps_records)
        request = request_of(
            task_of(context),
            payload,
            endpoint=hook.settings.endpoint,
            region=hook.settings.region,
            account=hook.account,
        )
        return cls(hook, payload, request, attempt, store, log)

    def ensure(self) -> Submitted | InDoubt:
        """Return the task that makes the picture: one that is known, one that is found, or else a new one.

        :raises MpsInDoubtError: whether there is one could not be found out; nothing was submitted
        :raises TencentCloudError: the request was not accepted and may be later
        :raises TencentCloudPermanentError: it was refused for good
        """
        step = self._doubt or self._plan()
        while True:
            if isinstance(step, Join):
                looked = self._look(step)
                if isinstance(looked, Joined):
                    return self._take(looked.state, step.record, step.why)
                step = looked
            if isinstance(step, FindOut):
                found = self._find(step)
                if isinstance(found, StillRuns):
                    self._doubt = step
                    self._log.info("%s; waiting for %s, which may be it", step.why, found)
                    # Where only tasks that run count, another process would not know of those that ended in between.
                    can_be_resumed = step.is_planned and step.finished_count
                    return InDoubt(found, step.counts_from, can_be_resumed, step.why)
                self._doubt = None
                if found is not None:
                    return self._take(found, self._found(found, step), step.why)
                if self._lost is not None and self._sent == SUBMISSIONS:
                    raise self._lost
                step = Submit(f"{step.why}; MPS has no such task")
            submitted = self._submit(step.why)
            if isinstance(submitted, Submitted):
                return submitted
            step = submitted

    def _plan(self) -> submission.Plan:
        try:
            self._record, attempt = self._store.read(), self._attempt
        except UnreadableRecordError as error:
            # Something was written, so something may have been submitted.
            self._log.warning("%s; looking for the task at MPS instead", error)
            attempt = replace(self._attempt, keeps_records=False, has_submitted=True)
        return submission.plan(self._record, self._request, attempt)

    def _look(self, join: Join) -> Joined | Submit:
        look: TaskState | ServiceError
        try:
            look = self._calls.get_task_state(join.task_id)
        except ServiceError as error:
            look = error
            if may_be_too_new(error, join.record.accepted, time.time()) and not join.other_account:
                look = TaskState(join.task_id, "")
        decided = after_look(join, look, accepts_final_failure=self._accepts_final_failure)
        if isinstance(decided, ServiceError):
            raise decided
        return decided

    def _find(self, doubt: FindOut) -> TaskState | StillRuns | None:
        found = self._find_once(doubt)
        settled = doubt.until + lookup.SETTLE_SECONDS - time.time()
        if found is None and doubt.finished_count and settled > 0:
            # Its answer is lost, but the request itself may still be under way.
            time.sleep(min(settled, lookup.SETTLE_SECONDS))
            found = self._find_once(doubt)
        return found

    def _find_once(self, doubt: FindOut) -> TaskState | StillRuns | None:
        given = self._payload.get("OutputPath")
        expected = expected_output(self._payload, None if given else doubt.tokens)
        since = None if doubt.since is None else lookup.window_start(doubt.since, expected)
        try:
            listed = self._list(since, finished=doubt.finished_count)
            # Once a candidate, always one: it leaves the list of those that run when it is done.
            self._candidates |= self._same(listed, lookup.window_end(doubt.sent_before))
            states = self._look_at(set(doubt.not_these) | self._old, expected, newest_wins=doubt.newest_wins)
            if not doubt.finished_count and not self._old:
                # Its finished pictures are not asked for, and must not be taken for a new one later in this try.
                finished = self._calls.list_image_tasks(TaskStatus.FINISH, lookup.window_start(doubt.until, expected))
                self._old = set(self._same(finished, doubt.until)) - set(self._candidates)
        except ServiceError as error:
            raise MpsInDoubtError(describe_input(self._payload), doubt.why, str(error)) from None
        return lookup.pick(states, expected, newest_wins=doubt.newest_wins)

    def _same(self, listed: list[ListedTask], end: float) -> dict[str, float]:
        """Return the tasks that may be ours, with the time when each was accepted."""
        return {
            task.task_id: task.created or 0.0
            for task in listed
            if lookup.same_input(self._payload, task.input) and (task.created or 0.0) <= end
        }

    def _look_at(self, but: Collection[str], expected: ExpectedOutput, *, newest_wins: bool) -> list[TaskState]:
        """Look at the candidates, newest first, as far as is needed to know ours."""
        states: list[TaskState] = []
        for task_id in sorted(self._candidates, key=self._candidates.__getitem__, reverse=True):
            if task_id in but:
                continue
            state = self._state_of(task_id)
            states.append(state)
            if not newest_wins and state.result is not None and expected.matches(state.result):
                break
        return states

    def _list(self, since: float | None, *, finished: bool) -> list[ListedTask]:
        try:
            listed = self._calls.list_image_tasks(TaskStatus.WAITING, since)
        except ServiceError as error:
            # The list is documented with PROCESSING and FINISH; where it knows WAITING too, nothing must be missed.
            if not error.code.startswith("InvalidParameter"):
                raise
            listed = []
        # In the order of a task's life: one that moves on in between is in the next list, and the other way in none.
        listed += self._calls.list_image_tasks(TaskStatus.PROCESSING, since)
        if finished:
            listed += self._calls.list_image_tasks(TaskStatus.FINISH, since)
        return listed

    def _state_of(self, task_id: str) -> TaskState:
        if task_id in self._done:
            return self._done[task_id]
        try:
            state = self._calls.get_task_state(task_id)
        except ServiceError as error:
            # It was listed, so it is there; and a limit says nothing of the task. It is looked at again.
            if says_no_such_task(error) or error.outcome is Outcome.NOT_EXECUTED:
                return TaskState(task_id, "")
            raise
        if state.done:
            self._done[task_id] = state
        return state

    def _submit(self, why: str) -> Submitted | FindOut:
        self._sent += 1
        self._log.info("Submitting ProcessImage for %s: %s", describe_input(self._payload), why)
        now = time.time()
        record = submission.intend(self._record, self._request, max_tries=self._attempt.max_tries, now=now)
        # Without the intent on record a crash after the request would go unnoticed, so an error here ends the try.
        self._write(record)
        payload = dict(self._payload)
        if not payload.get("OutputPath"):
            payload["OutputPath"] = unique_output_path(payload, self._request.token)
        try:
            task_id = self._calls.process_image(payload)
        except ServiceError as error:
            if error.outcome is not Outcome.UNKNOWN:
                self._keep(submission.not_sent(record))
                raise
            self._log.warning("%s", error)
            self._lost, sent = error, time.time()
            return FindOut(
                self._request,
                now,
                until=sent,
                sent_before=sent,
                counts_from=now,
                why=f"the answer to the submission was lost ({error.code})",
                is_planned=self._store.keeps_records,
                not_these=record.replaced,
            )
        now = time.time()
        self._log.info("MPS accepted the task: TaskId %s", task_id)
        self._keep(submission.accepted(record, task_id, now))
        return Submitted(task_id, now)

    def _take(self, state: TaskState, record: Record, why: str) -> Submitted:
        self._log.info("Joining MPS task %s (%s), %s; nothing is submitted", state.task_id, state, why)
        joined = submission.joined(record, max_tries=self._attempt.max_tries)
        if joined != self._record:
            self._keep(joined)
        return Submitted(state.task_id, since_of(record), state)

    def _found(self, state: TaskState, doubt: FindOut) -> Record:
        """Return the record for a task that was found."""
        if self._record is not None and self._record.intent == doubt.counts_from:
            return submission.accepted(self._record, state.task_id, doubt.counts_from)
        since = doubt.counts_from if state.created is None else state.created
        intent = submission.intend(self._record, doubt.request, max_tries=self._attempt.max_tries, now=since)
        return submission.accepted(intent, state.task_id, since)

    def _keep(self, record: Record) -> None:
        """Write what a later try can also find out; so a failure must not end this one."""
        try:
            self._write(record)
        except Exception as error:
            self._log.warning(
                "The submission record could not be written (%s); a retry would look for the task at MPS", error
            )

    def _write(self, record: Record) -> None:
        self._store.write(record)
        self._record = record
