"""Submit to Aidge so that no retry pays twice: carry out what ``core.submission`` decides, without a list to ask."""

from __future__ import annotations

import time

from airflow_provider_mps.core import submission
from airflow_provider_mps.core.airflow_task import Attempt
from airflow_provider_mps.core.errors import ServiceError
from airflow_provider_mps.core.fingerprint import Request
from airflow_provider_mps.core.outcomes import Outcome
from airflow_provider_mps.core.polling import may_be_too_new
from airflow_provider_mps.core.submission import Join, Joined, Record, Submit, after_look
from airflow_provider_mps.core.tasks import TaskState
from airflow_provider_mps.durable.store import SubmissionStore, UnreadableRecordError
from airflow_provider_mps.durable.tries import Log, Submitted, since_of
from airflow_provider_mps.exceptions import AidgeInDoubtError, AidgeTaskRefusedError, airflow_error
from airflow_provider_mps.hooks.aidge import AidgeHook
from airflow_provider_mps.services.aidge.requests import GenerationRequest
from airflow_provider_mps.services.aidge.words import OnDoubt


class AidgeSubmission:
    """One submission, for the duration of one try.

    :param hook: calls Aidge
    :param generation: the request
    :param request: its fingerprint
    :param attempt: the try of the Airflow task
    :param store: keeps the record
    :param on_doubt: what to do when it is not known whether an earlier try has submitted
    :param log: takes the lines for the task log
    :param timeout: seconds from its submission for which a task is waited for
    """

    def __init__(
        self,
        hook: AidgeHook,
        generation: GenerationRequest,
        request: Request,
        attempt: Attempt,
        store: SubmissionStore,
        on_doubt: OnDoubt,
        log: Log,
        timeout: float,
    ) -> None:
        self._hook = hook
        self._generation = generation
        self._request = request
        self._attempt = attempt
        self._store = store
        self._on_doubt = on_doubt
        self._log = log
        self._timeout = timeout
        self._record: Record | None = None

    def ensure(self) -> Submitted:
        """Return the task that makes the pictures: one that is known, or else a new one.

        :raises AidgeInDoubtError: whether there is one is not known; nothing was submitted
        :raises AidgeError: the request was not accepted and may be later
        :raises AidgePermanentError: it was refused for good
        :raises AidgeTaskRefusedError: the task that is known has failed, and another one would
        """
        step = self._plan()
        if isinstance(step, Join):
            looked = self._look(step)
            if isinstance(looked, Joined):
                return self._take(looked.state, step.record, step.why)
            step = looked
        return self._submit(step.why)

    def _plan(self) -> Join | Submit:
        try:
            self._record = self._store.read()
        except UnreadableRecordError as error:
            # Something was written, so something may have been submitted.
            return self._decide(str(error))
        planned = submission.plan(self._record, self._request, self._attempt)
        if isinstance(planned, Join | Submit):
            return planned
        if not planned.finished_count:
            if self._attempt.has_submitted and not self._attempt.has_returned:
                return self._decide(
                    "the task was cleared, and the record of its earlier tries with it, but its XComs tell that one "
                    "has submitted (its log names the task) and that none has returned the pictures"
                )
            # Where nothing tells of a task that may still run, a person who clears the task decides.
            return Submit("the task was cleared, and there is no record of its earlier tries")
        return self._decide(planned.why)

    def _decide(self, doubt: str) -> Submit:
        if self._on_doubt is OnDoubt.RESUBMIT:
            return Submit(f"{doubt}; on_doubt='resubmit' submits in any case")
        raise AidgeInDoubtError(self._generation.target, doubt)

    def _is_given_up(self, join: Join, look: TaskState | ServiceError) -> bool:
        """Whether a person wants a task replaced that may never end, or that Aidge cannot tell of."""
        is_late = time.time() > since_of(join.record) + self._timeout
        is_open = look.outcome is not Outcome.REFUSED if isinstance(look, ServiceError) else not look.done
        return join.is_cleared and self._on_doubt is OnDoubt.RESUBMIT and is_late and is_open

    def _look(self, join: Join) -> Joined | Submit:
        look: TaskState | ServiceError
        try:
            look = self._hook.get_task_state(join.task_id)
        except ServiceError as error:
            look = error
        is_new = isinstance(look, ServiceError) and may_be_too_new(look, join.record.accepted, time.time())
        if is_new and not join.other_account:
            look = TaskState(join.task_id, "")
        if self._is_given_up(join, look):
            return Submit(f"the task was cleared, {join} is not done in time, and on_doubt='resubmit'")
        decided = after_look(join, look, accepts_final_failure=True)
        if isinstance(decided, ServiceError):
            raise airflow_error(decided)
        if isinstance(decided, Joined) and (failure := decided.state.failure) is not None:
            # The same request would end the same way, and be paid for again.
            raise AidgeTaskRefusedError(join.task_id, failure.code, failure.message)
        return decided

    def _take(self, state: TaskState, record: Record, why: str) -> Submitted:
        self._log.info("Joining Aidge task %s (%s), %s; nothing is submitted", state.task_id, state, why)
        joined = submission.joined(record, max_tries=self._attempt.max_tries, now=self._attempt.now)
        if joined != self._record:
            self._keep(joined)
        return Submitted(state.task_id, since_of(joined), state, joined.waits_from)

    def _submit(self, why: str) -> Submitted:
        target = self._generation.target
        self._log.info("Submitting background generation for %s: %s", target, why)
        record = submission.intend(self._record, self._request, max_tries=self._attempt.max_tries, now=time.time())
        try:
            # Without the intent on record a crash after the request would go unnoticed, so an error here ends the try.
            self._store.write(record)
        except BaseException:
            # It may have been written all the same.
            self._keep(submission.not_sent(record))
            raise
        if not self._store.keeps_records:
            self._log.warning(
                "This Airflow keeps no state of tasks (3.3 and newer do): a retry will not know of this submission, "
                "and on_doubt=%r decides then",
                self._on_doubt.value,
            )
        try:
            accepted = self._hook.submit_task(self._generation)
        except ServiceError as error:
            if error.outcome is not Outcome.UNKNOWN:
                self._keep(submission.not_sent(record))
                raise
            if self._on_doubt is OnDoubt.RESUBMIT:
                # Airflow retries, with its own pause.
                self._log.warning("on_doubt='resubmit': the next try submits again, whatever became of this request")
                raise
            raise AidgeInDoubtError(target, f"what became of the submission is not known ({error.told})") from error
        except BaseException:
            # Such as the end of execution_timeout in a pause before the request, or between two.
            if not self._hook.submission_is_open:
                self._keep(submission.not_sent(record))
            raise
        now = time.time()
        self._log.info("Aidge accepted the task: task id %s", accepted)
        self._keep(submission.accepted(record, accepted.task_id, now, accepted.request_id))
        return Submitted(accepted.task_id, now)

    def _keep(self, record: Record) -> None:
        """Write what must not end a try that has already paid."""
        try:
            self._store.write(record)
        except Exception as error:
            self._log.warning("The submission record could not be written (%s); a retry would be in doubt", error)
