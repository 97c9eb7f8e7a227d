"""The calls that many submissions make at once, from threads, over the one async client of an event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, TypeVar

from airflow_provider_mps.core.clock import ServiceClock
from airflow_provider_mps.core.tasks import Accepted, ListedTask, TaskState, TaskStatus
from airflow_provider_mps.hooks.mps import MpsHook

_T = TypeVar("_T")


class LoopCalls:
    """What a :class:`~airflow_provider_mps.durable.mps.DurableSubmission` asks of MPS.

    :param hook: its async calls are used, in the event loop that runs now
    :param known: gives the state of a task that is known to be done
    :param guard: awaited right before a submission goes out; raises if it must not
    """

    def __init__(
        self,
        hook: MpsHook,
        known: Callable[[str], TaskState | None],
        guard: Callable[[], Coroutine[Any, Any, None]],
    ) -> None:
        self._hook = hook
        self._guard = guard
        self._known = known
        self._loop = asyncio.get_running_loop()
        self._is_closed = False
        self._done: dict[str, TaskState] = {}
        self._looks: dict[str, asyncio.Task[TaskState]] = {}
        self._rounds: dict[TaskStatus, _Round] = {}
        self._one_list = asyncio.Lock()
        self._one_question = asyncio.Lock()

    @property
    def clock(self) -> ServiceClock:
        """What is known of the clock of MPS."""
        return self._hook.clock

    def submit_task(self, payload: Mapping[str, Any]) -> Accepted:
        """Submit."""
        return self._result(self._hook.asubmit_task(payload, guard=self._guard))

    def ask_clock(self) -> float | None:
        """Return how far the clock of MPS is ahead, in seconds; the first who does not know it asks for all."""
        return self._result(self._ask_clock())

    def get_task_state(self, task_id: str) -> TaskState:
        """Look at a task, unless it is known to be done; all who ask at the same time get one answer.

        Many in doubt about one subject ask for the same tasks.
        """
        return self._known(task_id) or self._done.get(task_id) or self._result(self._state(task_id))

    def list_image_tasks(self, status: TaskStatus, since: float | None = None) -> list[ListedTask]:
        """List the account's tasks; all who ask at the same time get one list, which begins after they asked."""
        return self._result(self._list(status, since))

    def close(self) -> None:
        """Make no more calls: threads may still ask for some when the event loop is about to end."""
        self._is_closed = True

    def _result(self, call: Coroutine[Any, Any, _T]) -> _T:
        if self._is_closed:
            call.close()
            raise RuntimeError("the batch has ended")
        return asyncio.run_coroutine_threadsafe(call, self._loop).result()

    async def _ask_clock(self) -> float | None:
        async with self._one_question:
            return await self._hook.aask_clock()

    async def _state(self, task_id: str) -> TaskState:
        look = self._looks.get(task_id)
        if look is None:
            look = self._looks[task_id] = asyncio.create_task(self._hook.aget_task_state(task_id))
            look.add_done_callback(lambda _: self._looks.pop(task_id))
        state = await asyncio.shield(look)
        if state.done:
            self._done[task_id] = state
        return state

    async def _list(self, status: TaskStatus, since: float | None) -> list[ListedTask]:
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
            return await self._hook.alist_image_tasks(status, first)


class _Round:
    """A list that several wait for."""

    def __init__(self) -> None:
        self.sinces: list[float | None] = []
        self.task: asyncio.Task[list[ListedTask]]
