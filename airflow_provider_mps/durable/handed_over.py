"""Submit in an event loop what a worker has handed over, when its turn comes."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import Any, NamedTuple, Protocol

from airflow.providers.common.compat.sdk import AirflowException

from airflow_provider_mps.core import submission
from airflow_provider_mps.core.airflow_task import AirflowTry
from airflow_provider_mps.core.errors import ServiceError, says_no_such_task
from airflow_provider_mps.core.flow import SubmissionFlow
from airflow_provider_mps.core.handover import (
    LONGEST_TURN_SECONDS,
    MARK_AFTER_SECONDS,
    SEND_AFTER_SECONDS,
    clocks_agree,
    is_first,
    says_marked,
)
from airflow_provider_mps.core.outcomes import Outcome
from airflow_provider_mps.core.polling import Deadline, Refused, TooLate, deadline_of
from airflow_provider_mps.core.steps import InDoubt, Log, Submitted
from airflow_provider_mps.core.submission import LookUp, Record
from airflow_provider_mps.core.tasks import Accepted, ListedTask, TaskState, TaskStatus
from airflow_provider_mps.durable.drivers import acarry_out
from airflow_provider_mps.durable.mps import HandedOverTerms
from airflow_provider_mps.durable.submitter import Submitter
from airflow_provider_mps.durable.turns import Turn

# How often one trigger looks the task up; where all that time is not enough, something is wrong with the triggerer.
ROUNDS = 3


class HandedBackError(Exception):
    """The worker has to go on; the message says why."""


class Moment(NamedTuple):
    """A moment on two clocks.

    :param at: seconds since the epoch
    :param steady: seconds on a clock that nobody sets
    """

    at: float
    steady: float

    @classmethod
    def now(cls) -> Moment:
        """Return this moment."""
        return cls(time.time(), time.monotonic())


class Mark(Protocol):
    """What tells whoever takes a submission over that it may have gone out early."""

    def read(self) -> Any:
        """Return what was left, or None; blocks, and raises if that is not known."""

    def leave(self, value: Any) -> None:
        """Leave it; blocks until everybody can see it, or raises."""


class HandedOver:
    """One submission that was handed over. It is a :class:`~airflow_provider_mps.core.steps.Port` too, with awaitables.

    :param submitter: what all of the event loop share
    :param terms: those of the service
    :param record: the intent that the worker has put on record
    :param began: when the trigger began
    :param priority: the higher, the sooner its turn comes
    :param interval: seconds between looks at a task
    :param timeout: seconds from its submission for which a task is waited for
    :param until: when ``execution_timeout`` of the Airflow task ends, seconds since the epoch; None if it has none
    :param mark: lets it go out sooner; None where that is not urgent
    :param log: takes the lines for the task log
    """

    def __init__(
        self,
        submitter: Submitter,
        terms: HandedOverTerms,
        record: Record,
        began: Moment,
        *,
        priority: float,
        interval: float,
        timeout: float,
        until: float | None,
        mark: Mark | None,
        log: Log,
    ) -> None:
        self.record = record
        self._submitter = submitter
        self._terms = terms
        self._priority = priority
        self._log = log
        self._handed_over = record.intent or 0.0
        self._interval = interval
        self._timeout = timeout
        self._until = until
        self._mark = mark
        self._rounds = 0
        self._began = began
        if is_first(self._handed_over, began.at, may_be_marked=False):
            # The supervisor was given it after the hand-over, and that was a sign of life.
            submitter.continuity.prove(began.steady)
        # Since when it is certain that nobody else submits this; None while that has to be found out.
        self._certain_since: float | None = None

    async def submit(self) -> Submitted:
        """Submit, unless that has happened; ``record`` has what has to be put on record, whatever comes of it.

        :raises ServiceError: the request was not accepted
        :raises HandedBackError: the worker has to go on
        :raises Exception: whether there is a task is not known
        """
        if not clocks_agree(self._handed_over, self._began.at):
            ahead = self._handed_over - self._began.at
            raise HandedBackError(f"the clock of the worker is {ahead:.0f} s or more ahead of that of the triggerer")
        attempt = AirflowTry(
            try_number=1,
            max_tries=self.record.max_tries,
            retries=0,
            began=self._began.at,
            now=self._began.at,
            run_began=None,
            keeps_records=True,
            service=self._terms.service.name,
        )
        flow = SubmissionFlow(self._terms, self.record.fingerprint, attempt, self._log, keeps_records=True)
        with self._submitter.waiting():
            return await acarry_out(flow.run(), self)

    async def read(self) -> Record | None:
        """Return the record as it is for who submits.

        :raises HandedBackError: this triggerer does not know whether it still has its triggers
        """
        if await self._is_first():
            self._certain_since = self._began.steady
            return submission.not_sent(self.record)
        await self._take_possession()
        return self.record

    async def _is_first(self) -> bool:
        began = self._began.at
        if is_first(self._handed_over, began, may_be_marked=self._mark is not None):
            return True
        if self._mark is None or not is_first(self._handed_over, began, may_be_marked=False):
            return False
        with contextlib.suppress(Exception):
            async with asyncio.timeout(self._submitter.continuity.seconds):
                return not says_marked(await self._submitter.on_mark(self._mark.read), self._handed_over)
        return False

    async def keep(self, record: Record) -> None:
        """Remember the record; it travels with the event."""
        self.record = record

    async def look(self, task_id: str) -> TaskState:
        """Look at a task."""
        return await self._submitter.calls.look(task_id)

    async def list_tasks(self, status: TaskStatus, since: float | None) -> list[ListedTask]:
        """List the account's tasks, but for those that certainly are of others."""
        listed = await self._submitter.calls.list_tasks(status, since)
        key = self.record.key
        return [task for task in listed if not self._submitter.is_of_another(task.task_id, key)]

    async def ask_clock(self) -> float | None:
        """Return how far the service's clock is ahead, in seconds."""
        return await self._submitter.calls.ask_clock()

    async def pause(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)

    async def wait(self, doubt: InDoubt) -> None:
        """Wait until a task that may be ours is done.

        :raises Exception: there is no time left
        """
        deadline = self.deadline(doubt.counts_from)
        poller, task_id = self._submitter.poller, doubt.runs.task_id
        end = await poller.wait(task_id, deadline=deadline, interval=self._interval)
        if isinstance(end, TooLate):
            raise self._terms.out_of_time(doubt, deadline.kind)
        if isinstance(end, Refused):
            if not says_no_such_task(end.error):
                raise end.error
            # MPS lists what it does not know. It is asked again, but neither at once nor for ever.
            if time.time() >= deadline.at:
                raise self._terms.out_of_time(doubt, deadline.kind)
            await asyncio.sleep(min(self._interval, max(0.0, deadline.at - time.time())))

    def deadline(self, since: float) -> Deadline:
        """Return when waiting for a task ends.

        :param since: when the waiting counts from, seconds since the epoch
        """
        return deadline_of(since, self._timeout, self._until)

    async def send(self, body: Any) -> Accepted:
        """Submit, when the turn has come and it is certain that nobody else does.

        :raises ServiceError: the service has not accepted it, or did not say
        :raises HandedBackError: the worker has to go on
        """
        after = SEND_AFTER_SECONDS if self._mark is None else MARK_AFTER_SECONDS
        await asyncio.sleep(max(0.0, self._handed_over + after - time.time()))
        while True:
            if not self._is_certain() and (found := await self._become_certain()) is not None:
                return found
            turn = await self._turn()

            async def guard(end: Any = turn.end) -> None:
                await self._leave_mark()
                if not self._is_certain():
                    raise _UncertainError
                end()

            try:
                accepted = await self._submitter.calls.submit(body, guard)
                self._submitter.note_accepted(accepted.task_id, self.record.key)
                return accepted
            except _UncertainError:
                self._log.info("This triggerer stood still, or was cut off: another one may have submitted this")
            except ServiceError as error:
                if error.outcome is Outcome.UNKNOWN or self._is_certain():
                    raise
                # Not sent from here, which is all that is known: a retry must not take it for more.
                why = f"another triggerer may have submitted this; here it was refused with {error.code}"
                raise HandedBackError(why) from None
            finally:
                turn.end()

    async def _leave_mark(self) -> None:
        """Tell whoever takes this over that it may be out, or wait until nobody has to be told."""
        if (left := self._handed_over + SEND_AFTER_SECONDS - time.time()) <= 0:
            return
        until = time.monotonic() + left
        if self._mark is not None:
            with contextlib.suppress(Exception):
                async with asyncio.timeout(left):
                    await self._submitter.on_mark(self._mark.leave, self._handed_over)
                return
        await asyncio.sleep(max(0.0, until - time.monotonic()))

    def _is_certain(self) -> bool:
        since = self._certain_since
        return since is not None and self._submitter.continuity.covers(since, time.monotonic())

    async def _become_certain(self) -> Accepted | None:
        """Look whether another triggerer has submitted this; return its task, or None once certainly nobody does.

        :raises HandedBackError: this triggerer does not know whether it still has its triggers
        """
        await self._take_possession()
        doubt = self._doubt(time.time())
        while (found := await acarry_out(self._terms.find_out(doubt), self)) is not None:
            if isinstance(found, TaskState):
                return Accepted(found.task_id)
            await self.wait(InDoubt(found, doubt.counts_from, can_be_resumed=False, why=doubt.why))
        return None

    async def _take_possession(self) -> None:
        """Have it certain that nobody else submits from now on; what was submitted before is to be looked up."""
        self._rounds += 1
        if self._rounds > ROUNDS:
            raise HandedBackError("the supervisor of the triggerer answers too seldom")
        try:
            self._certain_since = await self._submitter.prove_possession()
        except Exception as error:
            why = str(error) or type(error).__name__
            raise HandedBackError(f"the supervisor of the triggerer does not answer ({why})") from None

    def _doubt(self, now: float) -> LookUp:
        record = self.record
        return LookUp(
            record.fingerprint,
            self._handed_over,
            until=now,
            sent_before=now,
            counts_from=now,
            why="another triggerer may have submitted this",
            not_these=record.replaced,
            ahead=record.ahead,
        )

    async def _turn(self) -> Turn:
        until = self._handed_over + LONGEST_TURN_SECONDS if self._until is None else self._until
        left = until - time.time()
        try:
            # At a free turn nobody waits, so that no time would be over.
            if left > 0:
                async with asyncio.timeout(left):
                    return await self._submitter.turns.take(self._priority, self._handed_over)
        except TimeoutError:
            pass
        if not self._is_certain():
            raise HandedBackError("its time was over, and another triggerer may have submitted this")
        raise self._terms.no_turn()


class _UncertainError(AirflowException):
    """It is not certain any more that nobody else submits this; nothing was sent."""
