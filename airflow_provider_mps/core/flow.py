"""The life of a submission, written once: a generator that asks for nothing itself.

It yields what it wants to know or to have done, and is sent the answer; what fails is thrown into it. A driver carries
that out, in a thread or in an event loop (``durable.drivers``). What differs between services is in their terms.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from airflow_provider_mps.core import submission
from airflow_provider_mps.core.airflow_task import AirflowTry
from airflow_provider_mps.core.errors import ServiceError
from airflow_provider_mps.core.fingerprint import Fingerprint
from airflow_provider_mps.core.outcomes import Outcome
from airflow_provider_mps.core.polling import may_be_too_new
from airflow_provider_mps.core.services import ServiceProfile
from airflow_provider_mps.core.steps import (
    Flow,
    HandOver,
    InDoubt,
    Keep,
    Log,
    Look,
    PossibleTask,
    Read,
    Send,
    Submitted,
)
from airflow_provider_mps.core.submission import (
    Join,
    Joined,
    LookUp,
    Plan,
    Record,
    Submit,
    UnreadableRecordError,
    after_look,
)
from airflow_provider_mps.core.tasks import Accepted, TaskState

# How often one try submits when each answer is lost and each look-up finds nothing; the next try goes on.
SUBMISSIONS = 3


class Terms(ABC):
    """What a service adds to the life of a submission; a base class, with what holds for most services.

    :ivar service: its profile
    :ivar what: what is submitted, on what, for the log
    :ivar accepts_final_failure: see :func:`~airflow_provider_mps.core.submission.after_look`
    :ivar undoes_intent: whether an intent that could not be written is taken back, as nobody can look for the task
    :ivar without_record: what a retry does when the record could not be written, for the log
    """

    service: ServiceProfile
    what: str
    accepts_final_failure: bool
    undoes_intent: bool
    without_record: str

    @abstractmethod
    def begin(self, record: Record | None, fingerprint: Fingerprint, attempt: AirflowTry) -> Plan:
        """Decide how a try begins.

        :raises Exception: it must not go on without a person
        """

    @abstractmethod
    def begin_unread(self, error: UnreadableRecordError, fingerprint: Fingerprint, attempt: AirflowTry) -> Plan:
        """Decide how a try begins whose record cannot be read: something was written, so something may have been sent.

        :raises Exception: it must not go on without a person
        """

    @abstractmethod
    def find_out(self, doubt: LookUp) -> Flow[TaskState | PossibleTask | None]:
        """Look for the task of a submission; None if there certainly is none.

        :raises Exception: that cannot be found out
        """

    def replaces(self, join: Join, look: TaskState | ServiceError, now: float) -> Submit | None:
        """Say whether a known task is given up although nothing is wrong with it."""
        return None

    def check_joined(self, state: TaskState) -> None:
        """Raise if the state of the known task is the end of the Airflow task."""
        return

    @abstractmethod
    def clock_ahead(self) -> Flow[float | None]:
        """Return how far the service's clock is ahead, in seconds, as far as it has to be known."""

    @abstractmethod
    def body(self, fingerprint: Fingerprint) -> Any:
        """Return what is sent."""

    def before_sending(self, *, keeps_records: bool) -> None:
        """Say what the person who reads the log has to know."""
        return

    @abstractmethod
    def lost(self, error: ServiceError, doubt: LookUp) -> LookUp:
        """Say what a lost answer means.

        :raises Exception: it ends the try
        """

    @abstractmethod
    def out_of_time(self, doubt: InDoubt, limit: str) -> Exception:
        """Return the error for a task that may be ours and was waited for in vain.

        :param limit: the argument that ended the waiting
        """

    def may_be_open(self) -> bool:
        """Tell whether a request may have gone out, when something else than an answer has ended it."""
        return True

    def on_this_clock(self, moment: float) -> float:
        """Return a time of the service on the clock of this machine, seconds since the epoch."""
        return moment


class SubmissionFlow:
    """The flow of one submission, for the duration of one try.

    :param terms: those of the service
    :param fingerprint: the fingerprint of the request
    :param attempt: the try of the Airflow task
    :param keeps_records: whether the record outlives the try
    :param log: takes the lines for the task log
    :param hands_over: whether somebody else submits, see :class:`~airflow_provider_mps.core.steps.HandOver`
    :param clock: gives seconds since the epoch
    """

    def __init__(
        self,
        terms: Terms,
        fingerprint: Fingerprint,
        attempt: AirflowTry,
        log: Log,
        *,
        keeps_records: bool,
        hands_over: bool = False,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._terms = terms
        self._fingerprint = fingerprint
        self._attempt = attempt
        self._log = log
        self._keeps_records = keeps_records
        self._hands_over = hands_over
        self._clock = clock
        self._record: Record | None = None
        self._sent = 0
        self._lost: ServiceError | None = None

    def run(self) -> Flow[Submitted]:
        """Return the task that makes the pictures: one that is known, one that is found, or else a new one.

        :raises ServiceError: the request was not accepted
        :raises Exception: whether there is a task is not known; nothing was submitted
        """
        step: Plan | Submitted = yield from self._begin()
        while not isinstance(step, Submitted):
            if isinstance(step, Join):
                step = yield from self._join(step)
            elif isinstance(step, LookUp):
                step = yield from self._find_out(step)
            else:
                step = yield from self._submit(step.why)
        return step

    def _begin(self) -> Flow[Plan]:
        try:
            self._record = yield Read()
        except UnreadableRecordError as error:
            return self._terms.begin_unread(error, self._fingerprint, self._attempt)
        return self._terms.begin(self._record, self._fingerprint, self._attempt)

    def _join(self, join: Join) -> Flow[Submitted | Submit]:
        look: TaskState | ServiceError
        try:
            look = yield Look(join.task_id)
        except ServiceError as error:
            look = error
            if may_be_too_new(error, join.record.accepted, self._clock()) and not join.other_account:
                look = TaskState(join.task_id, "")
        if (instead := self._terms.replaces(join, look, self._clock())) is not None:
            return instead
        decided = after_look(join, look, accepts_final_failure=self._terms.accepts_final_failure)
        if isinstance(decided, ServiceError):
            raise decided
        if isinstance(decided, Submit):
            return decided
        self._terms.check_joined(decided.state)
        return (yield from self._take(decided, join.record, join.why))

    def _find_out(self, doubt: LookUp) -> Flow[Submitted | Submit]:
        while True:
            found = yield from self._terms.find_out(doubt)
            if found is None or isinstance(found, TaskState):
                break
            self._log.info("%s; waiting for %s, which may be it", doubt.why, found)
            # Where only tasks that run count, another process would not know of those that ended in between.
            can_be_resumed = doubt.is_planned and doubt.finished_count
            yield InDoubt(found, doubt.counts_from, can_be_resumed, doubt.why)
        if isinstance(found, TaskState):
            return (yield from self._take(Joined(found), self._record_of(found, doubt), doubt.why))
        if self._lost is not None and self._sent == SUBMISSIONS:
            raise self._lost
        return Submit(f"{doubt.why}; {self._terms.service} has no such task")

    def _submit(self, why: str) -> Flow[Submitted | LookUp]:
        self._sent += 1
        if not self._hands_over:
            self._log.info("Submitting %s: %s", self._terms.what, why)
        ahead = yield from self._terms.clock_ahead()
        now, tries = self._clock(), self._attempt.max_tries
        record = submission.intend(self._record, self._fingerprint, max_tries=tries, now=now, ahead=ahead)
        yield from self._intend(record)
        if self._hands_over:
            self._log.info("The triggerer submits %s when its turn comes: %s", self._terms.what, why)
            yield HandOver(record)
        self._terms.before_sending(keeps_records=self._keeps_records)
        try:
            accepted: Accepted = yield Send(self._terms.body(self._fingerprint))
        except ServiceError as error:
            if error.outcome is not Outcome.UNKNOWN:
                yield from self._keep(submission.not_sent(record))
                raise
            return self._terms.lost(error, self._doubt_about(error, record))
        except BaseException as error:
            # Such as the end of execution_timeout in a pause before the request, or between two.
            if not isinstance(error, GeneratorExit) and not self._terms.may_be_open():
                yield from self._keep(submission.not_sent(record))
            raise
        now = self._clock()
        self._log.info("%s accepted the task: %s %s", self._terms.service, self._terms.service.task_id_word, accepted)
        yield from self._keep(submission.accepted(record, accepted.task_id, now, accepted.request_id))
        return Submitted(accepted.task_id, now)

    def _intend(self, record: Record) -> Flow[None]:
        """Write the intent. An error is the end: without it on record a crash after the request would go unnoticed."""
        try:
            yield Keep(record)
        except BaseException as error:
            # It may have been written all the same.
            if not isinstance(error, GeneratorExit) and self._terms.undoes_intent:
                yield from self._keep(submission.not_sent(record))
            raise
        self._record = record

    def _doubt_about(self, error: ServiceError, record: Record) -> LookUp:
        self._lost, sent = error, self._clock()
        since = record.intent if record.intent is not None else sent
        return LookUp(
            self._fingerprint,
            since,
            until=sent,
            sent_before=sent,
            counts_from=since,
            why=f"the answer to the submission was lost ({error.code})",
            is_planned=self._keeps_records,
            not_these=record.replaced,
            ahead=record.ahead,
        )

    def _take(self, joined: Joined, record: Record, why: str) -> Flow[Submitted]:
        state, attempt = joined.state, self._attempt
        self._log.info(
            "Joining %s task %s (%s), %s; nothing is submitted", self._terms.service, state.task_id, state, why
        )
        taken = submission.joined(record, max_tries=attempt.max_tries, now=attempt.now)
        if taken != self._record:
            yield from self._keep(taken)
        since = self._clock() if taken.accepted is None else taken.accepted
        return Submitted(state.task_id, since, state, taken.waits_from)

    def _record_of(self, state: TaskState, doubt: LookUp) -> Record:
        """Return the record for a task that was found."""
        if self._record is not None and self._record.intent is not None and self._record.intent == doubt.since:
            # Between the intent and the request there may be hours, where the triggerer submits.
            began = 0.0 if state.created is None else self._terms.on_this_clock(state.created)
            return submission.accepted(self._record, state.task_id, max(self._record.intent, began))
        since = doubt.counts_from if state.created is None else self._terms.on_this_clock(state.created)
        intent = submission.intend(self._record, doubt.fingerprint, max_tries=self._attempt.max_tries, now=since)
        record = submission.accepted(intent, state.task_id, since)
        return record if doubt.finished_count else replace(record, cleared=doubt.counts_from)

    def _keep(self, record: Record) -> Flow[None]:
        """Write what must not end a try that may have paid."""
        try:
            yield Keep(record)
        except Exception as error:
            self._log.warning("The submission record could not be written (%s); %s", error, self._terms.without_record)
        else:
            self._record = record
