"""Calls of many flows in one event loop: all who ask the same at the same time get one answer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

from airflow_provider_mps.clients.paced import Guard
from airflow_provider_mps.core.tasks import Accepted, ListedTask, TaskState, TaskStatus

# Tasks that are remembered: a look-up is about those of the last minutes, and a triggerer runs for months.
REMEMBERED = 10_000

_T = TypeVar("_T")


def remember(known: dict[str, _T], task_id: str, value: _T) -> None:
    """Keep something of a task among the newest that are remembered."""
    known[task_id] = value
    if len(known) > REMEMBERED:
        del known[next(iter(known))]


class SharedCalls:
    """What the flows of an event loop ask of a service, such as those of a batch, or of a triggerer.

    :param hook: gives the hook in use, whose async calls are used in the event loop that runs now
    :param known: gives the state of a task that is known to be done; default: nothing is known
    """

    def __init__(self, hook: Callable[[], Any], known: Callable[[str], TaskState | None] = lambda _: None) -> None:
        self._hook = hook
        self._known = known
        self._done: dict[str, TaskState] = {}
        self._looks: dict[str, asyncio.Task[TaskState]] = {}
        self._rounds: dict[TaskStatus, _Round] = {}
        self._one_list = asyncio.Lock()
        self._one_question = asyncio.Lock()

    async def submit(self, body: Any, guard: Guard) -> Accepted:
        """Submit.

        :param guard: awaited right before each request; raises if it must not go out
        """
        accepted: Accepted = await self._hook().asubmit_task(body, guard=guard)
        return accepted

    async def ask_clock(self) -> float | None:
        """Return how far the service's clock is ahead, in seconds; the first who does not know it asks for all."""
        async with self._one_question:
            ahead: float | None = await self._hook().aask_clock()
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
            look = self._looks[task_id] = asyncio.create_task(self._hook().aget_task_state(task_id))
            look.add_done_callback(lambda _: self._looks.pop(task_id))
        state = await asyncio.shield(look)
        if state.done:
            remember(self._done, task_id, state)
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
            listed: list[ListedTask] = await self._hook().alist_image_tasks(status, first)
            return listed


class _Round:
    """A list that several wait for."""

    def __init__(self) -> None:
        self.sinces: list[float | None] = []
        self.task: asyncio.Task[list[ListedTask]]
