"""One poller for all that wait in an event loop for the same connection and region."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import NamedTuple

from airflow_provider_mps.core.polling import Deadline, WaitOutcome
from airflow_provider_mps.polling.inbox import LookListener
from airflow_provider_mps.polling.polled_hook import PolledHook
from airflow_provider_mps.polling.poller import Poller


class PollTarget(NamedTuple):
    """Whom to ask about tasks; those who wait for the same one share a poller.

    :param hook_class: the hook of the service
    :param arguments: what it is built with, such as the connection id
    """

    hook_class: Callable[..., PolledHook]
    arguments: tuple[str | None, ...]

    def hook(self) -> PolledHook:
        """Return a hook that reads the connection anew."""
        return self.hook_class(*self.arguments)


_pollers: dict[tuple[asyncio.AbstractEventLoop, PollTarget], Poller] = {}


async def wait_for_task(
    task_id: str,
    target: PollTarget,
    *,
    deadline: Deadline,
    interval: float,
    since: float | None = None,
    on_look: LookListener | None = None,
) -> WaitOutcome:
    """Wait until a task is done or the deadline has passed, together with all others of this event loop.

    :param task_id: the service's id of it
    :param target: whom to ask
    :param deadline: when waiting ends
    :param interval: seconds between looks
    :param since: when the service accepted the task, seconds since the epoch; None if that is not known
    :param on_look: called in the context of the caller when a look showed something new
    :raises AirflowNotFoundException: there is no such connection
    :raises InvalidArgumentError: a field of the connection cannot be used
    """
    async with shared_poller(target) as poller:
        return await poller.wait(task_id, deadline=deadline, interval=interval, since=since, on_look=on_look)


@asynccontextmanager
async def shared_poller(target: PollTarget) -> AsyncIterator[Poller]:
    """Give the poller of this event loop and target; it goes with the last one who has it."""
    key = asyncio.get_running_loop(), target
    poller = _pollers.get(key)
    if poller is None or poller.is_broken:
        poller = _pollers[key] = Poller(target.hook)
    poller.users += 1
    try:
        yield poller
    finally:
        poller.users -= 1
        if not poller.users:
            if _pollers.get(key) is poller:
                del _pollers[key]
            await poller.aclose()
