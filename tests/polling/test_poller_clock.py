"""A clock that is set while tasks wait."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from airflow_provider_mps.core.polling import Deadline, Finished
from airflow_provider_mps.hooks.mps import MpsHook
from airflow_provider_mps.local.service import LocalService
from airflow_provider_mps.polling.poller import Poller
from airflow_provider_mps.polling.shared import PollTarget, shared_poller
from airflow_provider_mps.polling.waiter import NEVER, Waiter


@pytest.mark.parametrize("step", [-3600.0, -30.0, 30.0, 3600.0])
def test_looks_go_on_as_planned(step: float) -> None:
    async def plan() -> None:
        wall, steady = [1000.0], [50.0]
        poller = Poller(lambda: None, lambda: wall[0])  # type: ignore[arg-type, return-value]
        poller._steady = lambda: steady[0]
        poller._offset = wall[0] - steady[0]
        soon = Waiter("soon", Deadline(5000.0), 10.0, 990.0, 1000.0)
        late = Waiter("late", Deadline(1020.0), 10.0, 990.0, 1000.0)
        under_way = Waiter("under way", Deadline(5000.0), 10.0, 990.0, 1000.0)
        for waiter in (soon, late, under_way):
            poller._add(waiter)
        poller._look_at(soon, 1007.0)
        poller._look_at(late, 1015.0)
        under_way.due = NEVER
        poller._follow_clock(1000.0)
        assert (soon.due, late.due) == (1007.0, 1015.0)
        wall[0] += step + 1.0
        steady[0] += 1.0
        poller._follow_clock(wall[0])
        # Six seconds from now, as before; and never long after the deadline, which is a time of day.
        assert soon.due == wall[0] + 6.0
        assert late.due == min(wall[0] + 14.0, max(wall[0], 1020.0))
        assert under_way.due == NEVER
        assert sorted(item[2].task_id for item in poller._queue) == ["late", "soon"]

    asyncio.run(plan())


def test_a_clock_that_is_set_back_holds_nobody_up(service: LocalService, conn_id: str, payload: dict[str, Any]) -> None:
    service.add_fault(kind="task_seconds", seconds=2.0)
    task_id, back = MpsHook().process_image(payload), [0.0]

    async def wait() -> Any:
        async with shared_poller(PollTarget(MpsHook, (conn_id,))) as poller:
            clock, poller._clock = poller._clock, lambda: clock() - back[0]
            waits = asyncio.create_task(poller.wait(task_id, deadline=Deadline(time.time() + 60), interval=1.0))
            await asyncio.sleep(1.0)
            back[0] = 3600.0
            return await asyncio.wait_for(waits, 30)

    assert isinstance(asyncio.run(wait()), Finished)
