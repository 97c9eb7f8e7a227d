"""Runs in a process of its own: waits for many tasks in one of the ways, and prints what that cost as JSON."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from benchmarks.peers import INTERVAL, LoopPerTrigger, PollingWorkers
from benchmarks.probe import rss_mb
from benchmarks.standstill import Late, Standstill
from benchmarks.watcher import WaitedTask, Watcher

Way = Callable[[list[WaitedTask], Watcher, float], dict[str, Any]]
"""Waits for tasks, so many seconds at the most, and returns what the watcher cannot know."""
Wait = Callable[[WaitedTask, Watcher], Awaitable[None]]
"""Waits for one task."""


def ours() -> Way:
    """The package's trigger."""
    _import_triggerer()
    from airflow_provider_mps.triggers.mps import MpsImageTaskTrigger

    async def wait(task: WaitedTask, watcher: Watcher) -> None:
        deadline = time.time() + 3600
        trigger = MpsImageTaskTrigger(
            task.task_id, "tencentcloud_default", None, INTERVAL, deadline, since=task.created
        )
        async for event in trigger.run():
            if event.payload["status"] == "success":
                watcher.noticed(task)
            else:
                watcher.fail(event.payload)

    return partial(_on_a_loop, wait)


def loop_per_trigger(*, ignores_errors: bool) -> Way:
    """The other way in a triggerer."""
    _import_triggerer()
    return partial(_on_a_loop, LoopPerTrigger(ignores_errors=ignores_errors).wait)


def workers() -> Way:
    """The way without a triggerer."""
    import airflow.sdk  # noqa: F401

    return PollingWorkers().wait_for_all


def one_worker() -> Way:
    """One worker that has looked once: all memory of its process."""
    import airflow.sdk  # noqa: F401

    peer = PollingWorkers()

    def look(tasks: list[WaitedTask], *_: object) -> dict[str, Any]:
        peer.poll(peer.client(), tasks[0])
        return {"kb": rss_mb() * 1000}

    return look


WAYS: dict[str, Callable[[], Way]] = {
    "ours": ours,
    "workers": workers,
    "one worker": one_worker,
    "loops, errors fail": partial(loop_per_trigger, ignores_errors=False),
    "loops, errors ignored": partial(loop_per_trigger, ignores_errors=True),
}


def _import_triggerer() -> None:
    import airflow.jobs.triggerer_job_runner  # noqa: F401


def _on_a_loop(wait: Wait, tasks: list[WaitedTask], watcher: Watcher, cap: float) -> dict[str, Any]:
    async def run() -> list[Late]:
        standstill = Standstill(watcher.sample)
        measuring = asyncio.create_task(standstill.run())
        await asyncio.sleep(0.1)
        waiting = []
        for task in tasks:
            waiting.append(asyncio.create_task(_guarded(wait, task, watcher)))
            # So does the triggerer.
            await asyncio.sleep(0)
        _, late = await asyncio.wait(waiting, timeout=cap)
        measuring.cancel()
        for each in late:
            each.cancel()
        return standstill.late

    return {"late": asyncio.run(run())}


async def _guarded(wait: Wait, task: WaitedTask, watcher: Watcher) -> None:
    try:
        await wait(task, watcher)
    except Exception as error:
        watcher.fail(error)


def main(way: str, cap: str) -> None:
    """Say when all is imported, read the tasks, wait for them, print the figures."""
    run, watcher = WAYS[way](), Watcher()
    print("ready", flush=True)
    tasks = [WaitedTask(*task) for task in json.loads(sys.stdin.readline())]
    watcher.begin()
    started = time.monotonic()
    cost = run(tasks, watcher, float(cap))
    print(json.dumps(watcher.result(len(tasks)) | cost | {"wall": time.monotonic() - started}), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
