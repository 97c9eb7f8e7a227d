"""Submit a picture task so that no retry pays for it twice: carry out what ``core.submission`` decides."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

from airflow_provider_mps.core import submission
from airflow_provider_mps.core.airflow_task import Attempt
from airflow_provider_mps.core.errors import ServiceError
from airflow_provider_mps.core.fingerprint import Request, request_of
from airflow_provider_mps.core.outcomes import Outcome
from airflow_provider_mps.core.polling import may_be_too_new
from airflow_provider_mps.core.submission import FindOut, Join, Joined, Record, Submit, after_look
from airflow_provider_mps.core.tasks import Accepted, TaskState
from airflow_provider_mps.durable.search import Search, SearchCalls
from airflow_provider_mps.durable.store import SubmissionStore, UnreadableRecordError, store_of
from airflow_provider_mps.durable.tries import Log, Submitted, attempt_of, since_of, task_of
from airflow_provider_mps.hooks.mps import MpsHook
from airflow_provider_mps.services import MPS
from airflow_provider_mps.services.tencentcloud.lookup import StillRuns
from airflow_provider_mps.services.tencentcloud.outputs import unique_output
from airflow_provider_mps.services.tencentcloud.payloads import describe_input

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


class Calls(SearchCalls, Protocol):
    """What a submission asks of MPS; see :class:`~airflow_provider_mps.hooks.mps.MpsHook`."""

    def submit_task(self, payload: Mapping[str, Any]) -> Accepted:
        """Submit."""

    def ask_clock(self) -> float | None:
        """Return how far the clock of MPS is ahead, in seconds, and ask if that is not known yet."""


class DurableSubmission:
    """One submission, for the duration of one try.

    :param calls: calls MPS
    :param payload: the request body; without an ``OutputPath`` it gets one, or a folder, that nobody else asks for
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
        self._search = Search(calls, payload, log)

    @classmethod
    def of_task(
        cls, hook: MpsHook, payload: Mapping[str, Any], context: Context, *, retries: int, log: Log
    ) -> DurableSubmission:
        """Return the one submission of an Airflow task.

        :param retries: ``retries`` of the operator
        """
        store = store_of(context, MPS)
        attempt = attempt_of(context, MPS, retries, keeps_records=store.keeps_records)
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
                found = self._search.find(step)
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

    def _submit(self, why: str) -> Submitted | FindOut:
        self._sent += 1
        self._log.info("Submitting ProcessImage for %s: %s", describe_input(self._payload), why)
        # Others may ask for a path that the user gave, so there it has to be known to the second when this one does.
        ahead = self._calls.ask_clock() if self._payload.get("OutputPath") else self._calls.clock.ahead
        now, tries = time.time(), self._attempt.max_tries
        record = submission.intend(self._record, self._request, max_tries=tries, now=now, ahead=ahead)
        # Without the intent on record a crash after the request would go unnoticed, so an error here ends the try.
        self._write(record)
        payload = dict(self._payload)
        if not payload.get("OutputPath"):
            payload |= unique_output(payload, self._request.token)
        try:
            accepted = self._calls.submit_task(payload)
        except ServiceError as error:
            if error.outcome is not Outcome.UNKNOWN:
                self._keep(submission.not_sent(record))
                raise
            self._log.warning("%s: %s", error.code, error)
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
                ahead=ahead,
            )
        now = time.time()
        self._log.info("MPS accepted the task: TaskId %s", accepted)
        self._keep(submission.accepted(record, accepted.task_id, now, accepted.request_id))
        return Submitted(accepted.task_id, now)

    def _take(self, state: TaskState, record: Record, why: str) -> Submitted:
        self._log.info("Joining MPS task %s (%s), %s; nothing is submitted", state.task_id, state, why)
        joined = submission.joined(record, max_tries=self._attempt.max_tries, now=self._attempt.now)
        if joined != self._record:
            self._keep(joined)
        return Submitted(state.task_id, since_of(joined), state, joined.waits_from)

    def _found(self, state: TaskState, doubt: FindOut) -> Record:
        """Return the record for a task that was found."""
        if self._record is not None and self._record.intent is not None and self._record.intent == doubt.since:
            return submission.accepted(self._record, state.task_id, self._record.intent)
        since = doubt.counts_from if state.created is None else self._on_this_clock(state.created)
        intent = submission.intend(self._record, doubt.request, max_tries=self._attempt.max_tries, now=since)
        record = submission.accepted(intent, state.task_id, since)
        return record if doubt.finished_count else replace(record, cleared=doubt.counts_from)

    def _on_this_clock(self, moment: float) -> float:
        return moment - (self._calls.clock.ahead or 0.0)

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
