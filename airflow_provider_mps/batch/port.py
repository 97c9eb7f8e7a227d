"""Do what the flows of a batch ask for, in one event loop: all who ask the same at the same time get one answer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, Protocol

from airflow_provider_mps.batch.writer import BatchWriter
from airflow_provider_mps.core import submission
from airflow_provider_mps.core.errors import ServiceError, not_sent
from airflow_provider_mps.core.steps import InDoubt
from airflow_provider_mps.core.submission import Record
from airflow_provider_mps.core.tasks import Accepted, ListedTask, TaskState, TaskStatus
from airflow_provider_mps.durable.shared_calls import SharedCalls
from airflow_provider_mps.polling.polled_hook import PolledHook

# Bodies made of files that are in memory at the same time: with a file of 4 MB one takes 25 MB while it is made.
FILES_AT_ONCE = 4
# Requests that are on record and wait for their turn, where the service has no list of tasks.
NEXT_TO_GO = 2
# A request that is under way when the batch is stopped may still be answered for so long.
ANSWER_SECONDS = 10.0


class BatchHook(PolledHook, Protocol):
    """What a batch asks of a hook, beside what its terms ask for."""

    async def aget_task_state(self, task_id: str) -> TaskState:
        """Look at a task once, resending what may be resent."""

    async def asubmit_task(self, payload: Any, *, guard: Callable[[], Awaitable[None]] | None = None) -> Accepted:
        """Submit.

        :param guard: awaited right before each request, when it has waited for its turn; raises if it must not go out
        """


class BatchCalls(SharedCalls):
    """The calls of all flows of a batch.

    :param hook: its async calls are used, in the event loop that runs now
    :param known: gives the state of a task that is known to be done
    :param guard: awaited right before a submission goes out; raises if it must not
    """

    def __init__(
        self,
        hook: Any,
        known: Callable[[str], TaskState | None],
        guard: Callable[[], Awaitable[None]],
    ) -> None:
        super().__init__(lambda: hook, known)
        self._guard = guard
        self._files = asyncio.Semaphore(FILES_AT_ONCE)
        self.next_to_go = asyncio.Semaphore(NEXT_TO_GO)

    async def send(self, body: Any, before: Callable[[], None] | None = None) -> Accepted:
        """Submit.

        :param before: called right before each request
        """

        async def guard() -> None:
            await self._guard()
            if before is not None:
                before()

        return await self.submit(body, guard)

    @asynccontextmanager
    async def made(self, body: Any) -> AsyncIterator[Any]:
        """Give a body, made off the event loop where it is a function that makes it of a file.

        Of those, few are there at the same time, as they are large.
        """
        if not callable(body):
            yield body
            return
        async with self._files:
            yield await asyncio.to_thread(body)


class ItemPort:
    """Carries the steps of one item's flow out; see :class:`~airflow_provider_mps.core.steps.Port`.

    :param calls: those of the batch
    :param writer: keeps the record of the batch
    :param token: names the item in it
    :param wait: waits for a task that may be the item's, as long as the batch allows
    """

    def __init__(
        self, calls: BatchCalls, writer: BatchWriter, token: str, wait: Callable[[InDoubt], Awaitable[None]]
    ) -> None:
        self._writer = writer
        self._token = token
        self._calls = calls
        self.look = calls.look
        self.ask_clock = calls.ask_clock
        self.wait = wait

    async def read(self) -> Record | None:
        """Return the record of earlier tries."""
        return self._writer.record.record(self._token)

    async def keep(self, record: Record) -> None:
        """Write the record; it is there when this returns."""
        await asyncio.wrap_future(self._writer.put_record(self._token, record))

    async def list_tasks(self, status: TaskStatus, since: float | None) -> list[ListedTask]:
        """List the account's tasks, but for those that certainly are of other items."""
        listed = await self._calls.list_tasks(status, since)
        return [task for task in listed if not self._writer.record.is_of_another(task.task_id, self._token)]

    async def send(self, body: Any) -> Accepted:
        """Submit."""
        async with self._calls.made(body) as made:
            return await self._calls.send(made)

    async def pause(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)


class UnlistedItemPort(ItemPort):
    """For a service without a list of tasks: what is on record without an answer is in doubt, whoever asks.

    So an intent is written when its request is the next but one to go out, and no sooner: whoever is killed then leaves
    in doubt what was under way and those two, and not all that was about to be. It is not written later than that
    either, as requests would no longer go out in even steps.
    """

    _intent: Record | None = None

    async def keep(self, record: Record) -> None:
        """Write the record, or hold an intent until its request is about to go out."""
        self._intent = record if record.task_id is None and record.intent is not None else None
        if self._intent is None:
            await self._keep_now(record)

    async def send(self, body: Any) -> Accepted:
        """Submit; a request that is under way when this is cancelled gets a while to be answered.

        :raises ServiceError: the service has not accepted it, or did not say
        """
        async with self._calls.made(body) as made:
            return await self._send(made, self._intent)

    async def _send(self, body: Any, intent: Record | None) -> Accepted:
        is_out = asyncio.Event()
        request: asyncio.Task[Accepted] | None = None
        try:
            async with self._calls.next_to_go:
                if intent is not None:
                    await self._keep_now(intent)
                request = asyncio.create_task(self._calls.send(body, is_out.set))
                goes_out = asyncio.create_task(is_out.wait())
                await asyncio.wait((request, goes_out), return_when=asyncio.FIRST_COMPLETED)
                goes_out.cancel()
            return await asyncio.shield(request)
        except ServiceError as error:
            # Else the record could not be written, or belongs to another by now.
            raise (error if is_out.is_set() else not_sent(error)) from None
        except asyncio.CancelledError:
            await self._end(request, intent, is_out=is_out.is_set())
            raise

    async def _end(self, request: asyncio.Task[Accepted] | None, intent: Record | None, *, is_out: bool) -> None:
        """Put on record what became of a request that was broken off."""
        if request is not None and is_out and intent is not None:
            accepted = await asyncio.wait_for(request, ANSWER_SECONDS)
            await self._keep_now(submission.accepted(intent, accepted.task_id, time.time(), accepted.request_id))
            return
        if request is not None:
            request.cancel()
        if intent is not None:
            # Perhaps it was written.
            await self._keep_now(submission.not_sent(intent))

    async def _keep_now(self, record: Record) -> None:
        await super().keep(record)
