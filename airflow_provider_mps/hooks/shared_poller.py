"""One poller for all that wait in an event loop for the same connection and region."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from airflow_provider_mps.core.polling import End, Limit
from airflow_provider_mps.hooks.mps import MpsHook
from airflow_provider_mps.hooks.poller import Poller, Tell

_pollers: dict[tuple[asyncio.AbstractEventLoop, str | None, str | None], Poller] = {}


async def wait_for_task(
    task_id: str,
    *,
    tencentcloud_conn_id: str | None,
    region: str | None,
    limit: Limit,
    interval: float,
    since: float | None = None,
    tell: Tell | None = None,
) -> End:
    """Wait until a task is done or the limit has passed, together with all others of this event loop.

    :param task_id: the MPS TaskId
    :param tencentcloud_conn_id: Airflow connection; None reads the environment
    :param region: region of the MPS API; None for that of the connection
    :param limit: when waiting ends
    :param interval: seconds between looks
    :param since: when MPS accepted the task, seconds since the epoch; None if that is not known
    :param tell: called in the context of the caller when a look showed something new
    :raises AirflowNotFoundException: there is no such connection
    :raises InvalidArgumentError: a field of the connection cannot be used
    """
    async with shared_poller(tencentcloud_conn_id, region) as poller:
        return await poller.wait(task_id, limit=limit, interval=interval, since=since, tell=tell)


@asynccontextmanager
async def shared_poller(tencentcloud_conn_id: str | None, region: str | None) -> AsyncIterator[Poller]:
    """Give the poller of this event loop, connection and region; it goes with the last one who has it."""
    key = asyncio.get_running_loop(), tencentcloud_conn_id, region
    poller = _pollers.get(key)
    if poller is None or poller.is_broken:
        poller = _pollers[key] = Poller(lambda: MpsHook(tencentcloud_conn_id, region))
    poller.users += 1
    try:
        yield poller
    finally:
        poller.users -= 1
        if not poller.users:
            if _pollers.get(key) is poller:
                del _pollers[key]
            await poller.aclose()
