"""The section about one pace: many worker processes and one triggerer, beside workers that submit by themselves."""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any

from benchmarks.crowd_service import REQUESTS_PER_SECOND, share_of_cap

PROCESSES = (4, 8)
PICTURES = 400
WAITING = 1000
PACE = 19
TASK_SECONDS = 2.0
NOTES = f"""\
{PICTURES} mapped pictures from worker processes on the local service with the real limit of {REQUESTS_PER_SECOND}
requests per second, all at once, without Airflow's scheduler, which on this machine could not start tasks as fast.
Handed over: each process runs `execute` of a deferrable task up to its deferral, and one more process runs the
triggers, as the triggerer does, with `requests_per_second` {PACE}. Beside it the same processes submit by themselves,
each at the default pace of 16. The share of the cap is that of the accepted submissions from the first to the last."""
_SPAWN = multiprocessing.get_context("spawn")


def section() -> list[str]:
    """Measure, and return the lines of the section."""
    lines = ["| | worker processes | refused | share of the cap | failed |", "|---|---:|---:|---:|---:|"]
    lines.append("| asked | 8 | at most 1% | at least 90% | 0 |")
    for name, hands_over in (("handed over to the triggerer", True), ("each worker submits", False)):
        lines += [_crowd(name, processes, hands_over=hands_over) for processes in PROCESSES]
    return ["## One pace for all workers", "", NOTES, "", *lines, "", *_urgent()]


def _crowd(name: str, processes: int, *, hands_over: bool) -> str:
    from airflow_provider_mps.local.service import LocalService

    with (
        LocalService(task_seconds=TASK_SECONDS, rate_limit=REQUESTS_PER_SECOND, small_pictures=True) as service,
        TemporaryDirectory() as folder,
    ):
        connection = service.connection()
        if hands_over:
            connection["extra"]["requests_per_second"] = PACE
        triggers, begin, ready = _SPAWN.Queue(), _SPAWN.Event(), _SPAWN.Semaphore(0)
        each = PICTURES // processes
        workers = [
            _SPAWN.Process(
                target=_work,
                args=(connection, folder, range(n * each, (n + 1) * each), hands_over, triggers, ready, begin),
            )
            for n in range(processes)
        ]
        others = [_SPAWN.Process(target=_trigger, args=(connection, PICTURES, triggers, ready))] if hands_over else []
        for process in (*workers, *others):
            process.start()
        for _ in (*workers, *others):
            ready.acquire()
        begin.set()
        for process in (*workers, *others):
            process.join()
        calls = service.calls("ProcessImage")
        accepted = [record.time for record in calls if record.executed]
        refused = sum(record.code == "RequestLimitExceeded" for record in calls)
    failed = PICTURES - len(accepted)
    return f"| {name} | {processes} | {refused / len(calls):.1%} | {share_of_cap(accepted):.0%} | {failed} |"


def _work(
    connection: Any, folder: str, numbers: range, hands_over: bool, triggers: Any, ready: Any, begin: Any
) -> None:
    from airflow_provider_mps.clients import tencentcloud  # noqa: F401 - that is imported is not measured here

    os.environ["AIRFLOW_CONN_TENCENTCLOUD_DEFAULT"] = json.dumps(connection)
    ready.release()
    begin.wait()
    for number in numbers:
        if (arguments := _execute(folder, number, hands_over=hands_over)) is not None:
            triggers.put(arguments)


def _trigger(connection: Any, count: int, triggers: Any, ready: Any) -> None:
    os.environ["AIRFLOW_CONN_TENCENTCLOUD_DEFAULT"] = json.dumps(connection)
    _no_supervisor()
    ready.release()
    asyncio.run(_run_triggers(count, triggers.get))


def _no_supervisor() -> None:
    """Say at once that the triggerer has what it was given, and take marks, for which Airflow's needs 40 ms each."""
    from airflow_provider_mps.durable import submitter
    from airflow_provider_mps.triggers import mps_submit

    submitter.supervisor_answers = lambda: None
    mps_submit.mark_of = _Mark  # type: ignore[assignment]


class _Mark:
    def __init__(self, *_: Any) -> None:
        pass

    def read(self) -> None:
        time.sleep(0.04)

    def leave(self, _: Any) -> None:
        time.sleep(0.04)


async def _run_triggers(count: int, get: Callable[[], Any]) -> None:
    loop, waits, all_there = asyncio.get_running_loop(), [], asyncio.Event()

    def add(arguments: Any) -> None:
        waits.append(asyncio.create_task(_end(arguments)))
        if len(waits) == count:
            all_there.set()

    def read() -> None:
        for _ in range(count):
            loop.call_soon_threadsafe(add, get())

    threading.Thread(target=read, daemon=True).start()
    await all_there.wait()
    await asyncio.gather(*waits)


async def _end(arguments: dict[str, Any], priority: int = 1) -> dict[str, Any]:
    from airflow_provider_mps.triggers.mps_submit import MpsSubmitTrigger

    trigger = MpsSubmitTrigger(**arguments)
    trigger.task_instance = SimpleNamespace(task_id="pictures", task=None, priority_weight=priority)  # type: ignore[assignment]
    (event,) = [event.payload async for event in trigger.run()]
    return dict(event)


def _execute(folder: str, number: int, *, hands_over: bool, priority: int = 1) -> dict[str, Any] | None:
    """Run a try of a task; return the arguments of the trigger that it defers to, if it does."""
    from airflow.providers.common.compat.sdk import TaskDeferred

    from airflow_provider_mps.operators.mps import MpsImageBgFusionOperator
    from tests.task_context import StateStore, make_context

    operator = MpsImageBgFusionOperator(
        task_id="pictures",
        subject_cos_key="/samples/coffee.png",
        prompt=f"{number}",
        wait_for_completion=hands_over,
        deferrable=hands_over,
        priority_weight=priority,
    )
    try:
        operator.execute(make_context(StateStore(Path(folder) / f"{number}.json"), map_index=number))
    except TaskDeferred as deferred:
        arguments: dict[str, Any] = deferred.trigger.serialize()[1]
        return arguments
    except Exception as error:
        print(type(error).__name__, error)
    return None


def _urgent() -> list[str]:
    lines = ["| a picture behind 1,000 that wait | s from its hand-over until MPS has it |", "|---|---:|"]
    lines.append("| asked: a higher `priority_weight` | at most 2 |")
    for name, priority in (("`priority_weight` 10", 10), ("`priority_weight` 1, as all others", 1)):
        lines.append(f"| {name} | {_seconds_of_one(priority):.2f} |")
    return lines


def _seconds_of_one(priority: int) -> float:
    from airflow_provider_mps.local.service import LocalService

    _no_supervisor()
    with (
        LocalService(task_seconds=TASK_SECONDS, rate_limit=REQUESTS_PER_SECOND, small_pictures=True) as service,
        TemporaryDirectory() as folder,
    ):
        connection = service.connection()
        connection["extra"]["requests_per_second"] = PACE
        os.environ["AIRFLOW_CONN_TENCENTCLOUD_DEFAULT"] = json.dumps(connection)
        return asyncio.run(_one_behind_many(service, folder, priority))


async def _one_behind_many(service: Any, folder: str, priority: int) -> float:
    many = await asyncio.to_thread(lambda: [_execute(folder, number, hands_over=True) for number in range(WAITING)])
    now = time.time()
    # Handed over at the same moment, and a moment ago.
    waits = [
        asyncio.create_task(_end({**one, "record": {**one["record"], "intent": now}}))
        for one in many
        if one is not None
    ]
    await asyncio.sleep(5)
    last = await asyncio.to_thread(_execute, folder, WAITING, hands_over=True, priority=priority)
    assert last is not None
    urgent = asyncio.create_task(_end(last, priority))
    event = await urgent
    for wait in waits:
        wait.cancel()
    await asyncio.gather(*waits, return_exceptions=True)
    (accepted,) = [one.time for one in service.accepted("ProcessImage") if one.task_id == event["mps_task_id"]]
    seconds: float = accepted - last["record"]["intent"]
    return seconds
