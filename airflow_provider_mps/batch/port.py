"""Do what the flows of a batch ask for, in one event loop: all who ask the same at the same time get one answer."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from airflow_provider_mps.batch.writer import BatchWriter
from airflow_provider_mps.core.steps import InDoubt
from airflow_provider_mps.core.submission import Record
from airflow_provider_mps.core.tasks import Accepted, ListedTask, TaskState, TaskStatus
from airflow_provider_mps.polling.polled_hook import PolledHook


class BatchHook(PolledHook, Protocol):
    """What a batch asks of a hook, beside what its terms ask for."""

    async def aget_task_state(self, task_id: str) -> TaskState:
        """Look at a task once, resending what may be resent."""

    async def asubmit_task(self, payload: Any, *, guard: Callable[[], Awaitable[None]] | None = None) -> Accepted:
        """Submit.

        :param guard: awaited right before each request, when it has waited for its turn; raises if it must not go out
        """


class BatchCalls:
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
        self._hook = hook
        self._guard = guard
        self._known = known
        self._done: dict[str, TaskState] = {}
        self._looks: dict[str, asyncio.Task[TaskState]] = {}
        self._rounds: dict[TaskStatus, _Round] = {}
        self._one_list = asyncio.Lock()
        self._one_question = asyncio.Lock()

    async def send(self, body: Any) -> Accepted:
        """Submit."""
        accepted: Accepted = await self._hook.asubmit_task(body, guard=self._guard)
        return accepted

    async def ask_clock(self) -> float | None:
        """Return how far the service's clock is ahead, in seconds; the first who does not know it asks for all."""
        async with self._one_question:
            ahead: float | None = await self._hook.aask_clock()
            return ahead

    async def look(self, task_id: str) -> TaskState:
        """Look at a task, unless it is known to be done.

        Many in doubt about one subject ask for the same tasks.
        """
        known = self._known(task_id) or self._done.get(task_id)
        if known is not None:
            return known
        look = self._looks.get(task_id)
        if look is None:
            look = self._looks[task_id] = asyncio.create_task(self._hook.aget_task_state(task_id))
            look.add_done_callback(lambda _: self._looks.pop(task_id))
        state = await asyncio.shield(look)
        if state.done:
            self._done[task_id] = state
        return state

    async def list_tasks(self, status: TaskStatus, since: float | None) -> list[ListedTask]:
        """List the account's tasks; all who ask at the same time get one list, which begins after they asked."""
        round_ = self._rounds.get(status)
        if round_ is None:
            round_ = self._rounds[status] = _Round()
            round_.task = asyncio.create_task(self._run(status, round_))
        round_.sinces.append(since)
        # Shielded: one who gives up does not take the list from the others.
        listed = await asyncio.shield(round_.task)
        return [task for task in listed if since is None or task.created is None or task.created >= int(since)]

    async def _run(self, status: TaskStatus, round_: _Round) -> list[ListedTask]:
        async with self._one_list:
            # Who asks from now on may want to see what has come since.
            del self._rounds[status]
            sinces = [since for since in round_.sinces if since is not None]
            first = min(sinces) if len(sinces) == len(round_.sinces) else None
            listed: list[ListedTask] = await self._hook.alist_image_tasks(status, first)
            return listed


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
        self.look = calls.look
        self.list_tasks = calls.list_tasks
        self.ask_clock = calls.ask_clock
        self.send = calls.send
        self.wait = wait

    async def read(self) -> Record | None:
        """Return the record of earlier tries."""
        return self._writer.record.record(self._token)

    async def keep(self, record: Record) -> None:
        """Write the record; it is there when this returns."""
        await asyncio.wrap_future(self._writer.put_record(self._token, record))

    async def pause(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)


class _Round:
    """A list that several wait for."""

    def __init__(self) -> None:
        self.sinces: list[float | None] = []
        self.task: asyncio.Task[list[ListedTask]]
