"""A clock that is set while tasks wait."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from airflow_provider_mps.core.polling import Deadline, Finished
from airflow_provider_mps.hooks.mps import MpsHook
from airflow_provider_mps.local.service import LocalService
from airflow_provider_mps.polling.clock_steps import ClockSteps
from airflow_provider_mps.polling.poller import Poller
from airflow_provider_mps.polling.schedule import Schedule
from airflow_provider_mps.polling.shared import PollTarget
from airflow_provider_mps.polling.waiter import NEVER, Waiter


@pytest.mark.parametrize("step", [-3600.0, -30.0, 30.0, 3600.0])
def test_looks_go_on_as_planned(step: float) -> None:
    schedule, steps = Schedule(lambda: 0.0), ClockSteps(1000.0, 50.0)
    soon = Waiter("soon", Deadline(5000.0), 10.0, 993.0, 1000.0)
    late = Waiter("late", Deadline(1015.0), 600.0, 900.0, 1000.0)
    under_way = Waiter("under way", Deadline(5000.0), 10.0, 990.0, 1000.0)
    schedule.add(under_way, 1000.0)
    assert schedule.take_due(1000.0) is under_way
    for waiter in (soon, late):
        schedule.add(waiter, 1000.0)
        schedule.plan(waiter, 1000.0)
    assert (soon.due, late.due) == (1007.0, 1015.0)
    assert steps.step(1000.0, 50.0) == 0.0
    now = 1001.0 + step
    assert steps.step(now, 51.0) == step
    assert steps.step(now, 51.0) == 0.0
    schedule.move(step, now)
    # Six seconds from now, as before; and never long after the deadline, which is a time of day.
    assert soon.due == now + 6.0
    assert late.due == min(now + 14.0, max(now, 1015.0))
    assert under_way.due == NEVER
    assert {waiter.seen for waiter in (soon, late, under_way)} == {1000.0 + step}
    taken = [waiter for moment in sorted([soon.due, late.due]) if (waiter := schedule.take_due(moment))]
    assert sorted(waiter.task_id for waiter in taken) == ["late", "soon"]
    assert schedule.take_due(1e9) is None


def test_small_corrections_are_no_step() -> None:
    steps = ClockSteps(1000.0, 50.0)
    assert [steps.step(1000.0 + moment * 1.1, 50.0 + moment) for moment in range(50)] == [0.0] * 50


def test_a_clock_that_is_set_back_holds_nobody_up(service: LocalService, conn_id: str, payload: dict[str, Any]) -> None:
    service.add_fault(kind="task_seconds", seconds=2.0)
    task_id, back = MpsHook().process_image(payload), [0.0]

    async def wait() -> Any:
        hooks = PollTarget(MpsHook, (conn_id,))
        poller = Poller(hooks.hook, lambda: time.time() - back[0])
        try:
            waits = asyncio.create_task(poller.wait(task_id, deadline=Deadline(time.time() + 60), interval=1.0))
            await asyncio.sleep(1.0)
            back[0] = 3600.0
            return await asyncio.wait_for(waits, 30)
        finally:
            await poller.aclose()

    assert isinstance(asyncio.run(wait()), Finished)
