"""Submit in an event loop what a worker has handed over, when its turn comes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable
from typing import Any, TypeVar

from airflow.providers.common.compat.sdk import AirflowException

from airflow_provider_mps.core import submission
from airflow_provider_mps.core.airflow_task import AirflowTry
from airflow_provider_mps.core.flow import SubmissionFlow
from airflow_provider_mps.core.handover import LONGEST_TURN_SECONDS, SEND_AFTER_SECONDS, is_first
from airflow_provider_mps.core.steps import InDoubt, Log, Submitted
from airflow_provider_mps.core.submission import LookUp, Record
from airflow_provider_mps.core.tasks import Accepted, ListedTask, TaskState, TaskStatus
from airflow_provider_mps.durable.drivers import acarry_out
from airflow_provider_mps.durable.mps import HandedOverTerms
from airflow_provider_mps.durable.submitter import Submitter

_T = TypeVar("_T")


class HandedBackError(Exception):
    """The worker has to go on; the message says why."""


class HandedOver:
    """One submission that was handed over. It is a :class:`~airflow_provider_mps.core.steps.Port` too, with awaitables.

    :param submitter: what all of the event loop share
    :param terms: those of the service
    :param record: the intent that the worker has put on record
    :param priority: the higher, the sooner its turn comes
    :param until: when ``execution_timeout`` of the Airflow task ends, seconds since the epoch; None if it has none
    :param log: takes the lines for the task log
    """

    def __init__(
        self,
        submitter: Submitter,
        terms: HandedOverTerms,
        record: Record,
        priority: float,
        until: float | None,
        log: Log,
    ) -> None:
        self.record = record
        self._submitter = submitter
        self._terms = terms
        self._priority = priority
        self._log = log
        self._handed_over = record.intent or 0.0
        self._until = self._handed_over + LONGEST_TURN_SECONDS if until is None else until
        began, moment = time.time(), time.monotonic()
        self._began = began
        self._is_first = is_first(self._handed_over, began)
        # Since when it is certain that nobody else submits this; None while that has to be found out.
        self._certain_since: float | None = None
        if self._is_first:
            # The supervisor was given it after the hand-over, and has shown a sign of life with that.
            self._certain_since = moment - max(0.0, began - self._handed_over)
            submitter.continuity.prove(self._certain_since)

    async def submit(self) -> Submitted:
        """Submit, unless that has happened; ``record`` has what has to be put on record, whatever comes of it.

        :raises ServiceError: the request was not accepted
        :raises HandedBackError: the worker has to go on
        :raises Exception: whether there is a task is not known
        """
        attempt = AirflowTry(
            try_number=1,
            max_tries=self.record.max_tries,
            retries=0,
            began=self._began,
            now=self._began,
            run_began=None,
            keeps_records=True,
            service=self._terms.service.name,
        )
        flow = SubmissionFlow(self._terms, self.record.fingerprint, attempt, self._log, keeps_records=True)
        return await acarry_out(flow.run(), self)

    async def read(self) -> Record | None:
        """Return the record as it is for who submits."""
        return submission.not_sent(self.record) if self._is_first else self.record

    async def keep(self, record: Record) -> None:
        """Remember the record; it travels with the event."""
        self.record = record

    async def look(self, task_id: str) -> TaskState:
        """Look at a task."""
        return await self._submitter.calls.look(task_id)

    async def list_tasks(self, status: TaskStatus, since: float | None) -> list[ListedTask]:
        """List the account's tasks."""
        return await self._submitter.calls.list_tasks(status, since)

    async def ask_clock(self) -> float | None:
        """Return how far the service's clock is ahead, in seconds."""
        return await self._submitter.calls.ask_clock()

    async def pause(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)

    async def wait(self, doubt: InDoubt) -> None:
        """Have the worker wait for a task that may be ours.

        :raises HandedBackError: always
        """
        raise HandedBackError(f"{doubt.why}, and {doubt.runs} may be it")

    async def send(self, body: Any) -> Accepted:
        """Submit, when the turn has come and it is certain that nobody else does.

        :raises ServiceError: the service has not accepted it, or did not say
        :raises HandedBackError: the worker has to go on
        """
        with self._submitter.waiting():
            await asyncio.sleep(max(0.0, self._handed_over + SEND_AFTER_SECONDS - time.time()))
            while True:
                if not self._is_certain() and (found := await self._become_certain()) is not None:
                    return found
                turn = await self._in_time(self._submitter.turns.take(self._priority, self._handed_over))

                async def guard(end: Any = turn.end) -> None:
                    if not self._is_certain():
                        raise _UncertainError
                    end()

                try:
                    return await self._submitter.calls.submit(body, guard)
                except _UncertainError:
                    self._log.info("This triggerer stood still, or was cut off: another one may have submitted this")
                finally:
                    turn.end()

    def _is_certain(self) -> bool:
        since = self._certain_since
        return since is not None and self._submitter.continuity.covers(since, time.monotonic())

    async def _become_certain(self) -> Accepted | None:
        """Look whether another triggerer has submitted this; return its task, or None once certainly nobody does.

        :raises HandedBackError: this triggerer does not know whether it still has its triggers
        """
        if self._certain_since is not None:
            # Else the flow has looked just now.
            now = time.time()
            record = self.record
            found = await acarry_out(
                self._terms.find_out(
                    LookUp(
                        record.fingerprint,
                        self._handed_over,
                        until=now,
                        sent_before=now,
                        counts_from=self._handed_over,
                        why="another triggerer may have submitted this",
                        not_these=record.replaced,
                        ahead=record.ahead,
                    )
                ),
                self,
            )
            if isinstance(found, TaskState):
                return Accepted(found.task_id)
            if found is not None:
                raise HandedBackError(f"another triggerer may have submitted this, and {found} may be it")
        try:
            self._certain_since = await self._submitter.prove()
        except Exception as error:
            raise HandedBackError(f"the supervisor of the triggerer does not answer ({error})") from None
        return None

    async def _in_time(self, turn: Awaitable[_T]) -> _T:
        try:
            async with asyncio.timeout(max(0.0, self._until - time.time())):
                return await turn
        except TimeoutError:
            raise self._terms.no_turn() from None


class _UncertainError(AirflowException):
    """It is not certain any more that nobody else submits this; nothing was sent."""
