"""Carry out a batch: submit what has to be submitted, many at once, and wait for what has been."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any

from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_provider_mps.batch.items import Item, ItemFailure, ItemOutcome, failed_call, outcome_of_item, unfinished
from airflow_provider_mps.batch.port import BatchCalls, BatchHook, ItemPort, UnlistedItemPort
from airflow_provider_mps.batch.writer import BatchWriter
from airflow_provider_mps.core.airflow_task import AirflowTry
from airflow_provider_mps.core.errors import ServiceError
from airflow_provider_mps.core.flow import SubmissionFlow, Terms
from airflow_provider_mps.core.outcomes import Outcome
from airflow_provider_mps.core.polling import Deadline, Finished, WaitOutcome
from airflow_provider_mps.core.progress import REPORT_SECONDS, Counts, Progress
from airflow_provider_mps.core.services import is_free
from airflow_provider_mps.core.steps import InDoubt, Log, Submitted
from airflow_provider_mps.core.submission import Submit
from airflow_provider_mps.core.tasks import TaskState
from airflow_provider_mps.durable.drivers import acarry_out
from airflow_provider_mps.error_table import airflow_error
from airflow_provider_mps.exceptions import SubmissionInDoubtError
from airflow_provider_mps.polling.poller import Poller

Finish = Callable[[dict[str, Any]], Awaitable[TaskState]]
"""Completes a result: returns the state of its task with it, or a failure if that can never be done.

Raises ``ServiceError`` if it did not work now.
"""

# Submissions under way at the same time. An answer may take more than a second.
IN_FLIGHT = 32
# So many results in a row that could not be completed stop the batch.
UNFINISHED = 8


class BatchRun:
    """The work of one process on a batch.

    :param hook: its connection has been read
    :param make_terms: gives the terms of the service for an item
    :param items: the pictures
    :param writer: keeps the record
    :param attempt: the try of the Airflow task
    :param deadline_of: gives when waiting ends for a task that was accepted at a time, seconds since the epoch
    :param timeout: seconds from submission after which waiting ends, for messages
    :param interval: seconds between looks
    :param log: takes the lines for the task log
    :param finish: completes the result of each item, and its state goes on record; default: results are complete
    """

    def __init__(
        self,
        hook: BatchHook,
        make_terms: Callable[[Item, Log], Terms],
        items: Sequence[Item],
        writer: BatchWriter,
        attempt: AirflowTry,
        *,
        deadline_of: Callable[[float], Deadline],
        timeout: float,
        interval: float,
        log: Log,
        finish: Finish | None = None,
    ) -> None:
        self.ends: dict[int, ItemOutcome] = {}
        self._hook = hook
        self._make_terms = make_terms
        self._items = items
        self._writer = writer
        self._attempt = attempt
        self._deadline_of = deadline_of
        self._timeout = timeout
        self._interval = interval
        self._log = log
        self._finish = finish
        self._finishing: set[asyncio.Task[Any]] = set()
        self._is_leaving = False
        self._deadlines: dict[int, float] = {}
        self._submitted = 0
        self._failures_in_a_row = 0
        self._unfinished_in_a_row = 0
        self._stopped: Exception | None = None
        self._limit: ItemFailure | None = None

    async def run(self, *, waits: bool) -> None:
        """Submit, and wait until all is done; or only until all is submitted.

        :param waits: whether to stay until all is done
        :raises PermanentError: the service refuses whatever is submitted
        :raises PassingError: it accepts nothing at present
        """
        poller = Poller(lambda: self._hook)
        self._calls = BatchCalls(self._hook, self._known, self._guard)
        self._in_flight = asyncio.Semaphore(IN_FLIGHT)
        self._all_submitted = asyncio.Event()
        self._open = len(self._items)
        reporter = asyncio.create_task(self._report())
        work = [asyncio.create_task(self._one(item, poller)) for item in self._items]
        try:
            await self._all_submitted.wait()
            if self._stopped is None:
                # Those that are too late have their last look here; waiting elsewhere would change nothing for them.
                now = time.time()
                late = [task for task, item in zip(work, self._items, strict=True) if self._is_late(item, now)]
                await asyncio.gather(*(work if waits else late))
                # What is done by now is not left behind half finished; whoever takes the batch up finishes the others.
                self._is_leaving = not waits
                await asyncio.gather(*(task for task in work if task in self._finishing))
        finally:
            for task in (reporter, *work):
                task.cancel()
            await asyncio.gather(reporter, *work, return_exceptions=True)
            await poller.aclose()
        if self._stopped is not None:
            raise self._stopped

    def ends_so_far(self, why: str) -> dict[int, ItemOutcome]:
        """Return the end of each item by its index, also of those that have none.

        :param why: why the batch has stopped
        """
        records = self._writer.record
        return {
            item.index: self.ends.get(item.index) or unfinished(why, records.record(item.token)) for item in self._items
        }

    async def _one(self, item: Item, poller: Poller) -> None:
        submitted = None
        try:
            known = self._settled(item)
            if known is not None:
                self.ends[item.index] = known
            else:
                submitted = await self._ensure(item)
            self._submitted += known is not None or submitted is not None
        finally:
            self._open -= 1
            if not self._open:
                self._all_submitted.set()
        if submitted is not None:
            await self._wait(item, submitted, poller)

    def _settled(self, item: Item) -> ItemOutcome | None:
        """Return an end that this try does not change any more."""
        record = self._writer.record.record(item.token)
        end = self._writer.record.ends.get(record.task_id or "") if record else None
        if record is None or not isinstance(end, Finished) or end.state.failure is None:
            return None
        # What failed before this try is submitted again, unless it would end the same way and nobody has cleared it.
        is_of_this_try = (record.accepted or 0.0) >= self._attempt.began
        is_cleared = record.max_tries != self._attempt.max_tries
        if is_of_this_try or (end.state.failure.is_final and not is_cleared):
            return outcome_of_item(end.state.task_id, end, self._timeout)
        return None

    async def _ensure(self, item: Item) -> Submitted | None:
        """Return the task that makes the picture; None if there is none, and then the item has its end."""
        try:
            async with self._in_flight:
                if self._stopped is not None:
                    return None
                log = _Quiet(self._log)
                terms = self._make_terms(item, log)
                if self._limit is not None and self._would_submit(item, terms):
                    self.ends[item.index] = self._limit
                    return None
                flow = SubmissionFlow(terms, item.fingerprint, self._attempt, log, keeps_records=True)
                submitted = await acarry_out(flow.run(), self._port(item, terms))
            self._failures_in_a_row = 0
            return submitted
        except ServiceError as error:
            if (joined := self._joined_unseen(item, error)) is not None:
                return joined
            self._failed(item, error)
        except _StoppedError:
            return None
        except SubmissionInDoubtError as error:
            self._log.warning("InDoubt: %s: %s", item, error)
            # What only a person can decide, no retry will find out.
            is_final = isinstance(error, AirflowFailException)
            self.ends[item.index] = ItemFailure("InDoubt", str(error), is_final=is_final, is_open=True)
        except Exception as error:
            # The record cannot be kept, or something nobody thought of: nothing more is sent.
            self._stopped = self._stopped or error
        return None

    def _would_submit(self, item: Item, terms: Terms) -> bool:
        plan = terms.begin(self._writer.record.record(item.token), item.fingerprint, self._attempt)
        return isinstance(plan, Submit)

    def _port(self, item: Item, terms: Terms) -> ItemPort:
        async def wait(doubt: InDoubt) -> None:
            deadline = self._deadline_of(doubt.counts_from)
            seconds = min(self._interval, deadline.at - time.time())
            if seconds <= 0:
                raise terms.out_of_time(doubt, deadline.kind)
            # Others may go on meanwhile.
            self._in_flight.release()
            await asyncio.sleep(seconds)
            await self._in_flight.acquire()
            if self._stopped is not None:
                raise _StoppedError

        port = ItemPort if self._hook.can_list else UnlistedItemPort
        return port(self._calls, self._writer, item.token, wait)

    def _joined_unseen(self, item: Item, error: ServiceError) -> Submitted | None:
        """Return the known task where only the look at it failed, and may succeed later: whoever waits looks again."""
        record = self._writer.record.record(item.token)
        if record is None or record.task_id is None or not is_free(error.action):
            return None
        if error.outcome is Outcome.REFUSED or record.max_tries != self._attempt.max_tries:
            return None
        return Submitted(record.task_id, record.accepted or time.time(), waits_from=record.waits_from)

    def _failed(self, item: Item, error: ServiceError) -> None:
        record = self._writer.record.record(item.token)
        end = failed_call(error, record.task_id if record else None)
        # What was asked was about a task that is paid for.
        end = replace(end, is_open=record is not None and record.task_id is not None and is_free(error.action))
        self.ends[item.index] = end
        if end.is_left_for_later:
            # What runs is waited for, and what is known is joined: that costs nothing.
            if self._limit is None:
                self._limit = end
                self._log.warning("%s: nothing more is submitted: %s", error.code, error)
            return
        self._log.warning("%s: %s: %s", error.code, item, error)
        self._failures_in_a_row += not end.is_final
        if error.rule.concerns_all or self._failures_in_a_row >= IN_FLIGHT:
            self._stopped = self._stopped or airflow_error(error)

    async def _wait(self, item: Item, submitted: Submitted, poller: Poller) -> None:
        task_id, state, deadline = submitted.task_id, submitted.state, self._deadline_of(submitted.counts_from)
        self._deadlines[item.index] = deadline.at
        end: WaitOutcome
        if state is not None and state.done:
            end = Finished(state)
        else:
            end = await poller.wait(task_id, deadline=deadline, interval=self._interval, since=submitted.since)
        if isinstance(end, Finished) and self._known(task_id) is None:
            self._writer.put_end(item.token, task_id, end)
        found = outcome_of_item(task_id, end, self._timeout)
        if self._finish is not None and not isinstance(found, ItemFailure):
            if self._is_leaving:
                return
            found = await self._finished(item, task_id, found, self._finish)
        self.ends[item.index] = found
        if isinstance(found, ItemFailure):
            self._log.warning("%s: %s: %s task %s: %s", found.code, item, self._hook.service, task_id, found.message)

    async def _finished(self, item: Item, task_id: str, result: dict[str, Any], finish: Finish) -> ItemOutcome:
        current = asyncio.current_task()
        if current is not None:
            self._finishing.add(current)
            current.add_done_callback(self._finishing.discard)
        try:
            end = Finished(await finish(result))
        except ServiceError as error:
            self._unfinished_in_a_row += 1
            if error.rule.concerns_all or self._unfinished_in_a_row >= UNFINISHED:
                # More would be paid for, and be of no use to anybody.
                self._stopped = self._stopped or airflow_error(error)
            return replace(failed_call(error, task_id), is_open=True)
        self._unfinished_in_a_row = 0
        if end.state.result != result:
            self._writer.put_end(item.token, task_id, end)
        return outcome_of_item(task_id, end, self._timeout)

    def _is_late(self, item: Item, now: float) -> bool:
        return self._deadlines.get(item.index, now + 1) <= now

    async def _guard(self) -> None:
        if not self._writer.is_checked:
            await asyncio.to_thread(self._writer.check)

    def _known(self, task_id: str) -> TaskState | None:
        end = self._writer.record.ends.get(task_id)
        return end.state if isinstance(end, Finished) else None

    async def _report(self) -> None:
        progress = Progress()
        while True:
            line = progress.line(self._counts(), time.monotonic())
            # What earlier tries did is counted first.
            if self._submitted:
                self._log.info("%s", line)
            await asyncio.sleep(REPORT_SECONDS)

    def _counts(self) -> Counts:
        failed = sum(isinstance(end, ItemFailure) for end in self.ends.values())
        return Counts(len(self._items), self._submitted, len(self.ends) - failed, failed)


class _StoppedError(Exception):
    """Nothing more is to be submitted."""


class _Quiet:
    """A log for one of thousands: what goes as it should is told in sums."""

    def __init__(self, log: Log) -> None:
        self._log = log

    def info(self, message: object, /, *arguments: object) -> None:
        """Leave it out."""

    def warning(self, message: object, /, *arguments: object) -> None:
        """Pass it on."""
        self._log.warning(message, *arguments)
