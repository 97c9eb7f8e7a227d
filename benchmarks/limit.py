"""The section about a limit of pictures a day: what its grants cost."""

from __future__ import annotations

import json
import os
import statistics
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Barrier

from airflow_provider_mps.hooks.budget import CosBudgetStore, DailyLimit, ProcessGrants
from airflow_provider_mps.hooks.cos import CosHook
from airflow_provider_mps.hooks.mps import MpsHook
from airflow_provider_mps.local.service import LocalService

# As an answer of COS takes in its own region.
ANSWER_SECONDS = 0.03
# Grants that are taken, and the limit.
ONE_BY_ONE = ((1, 100), (100, 100), (1000, 1000), (1000, 10_000), (2000, 100_000))
AT_ONCE = (4, 16)
_ACTIONS = ("PutObject", "GetBucket", "GetObject", "HeadObject")


def section() -> list[str]:
    """Measure, and return the lines of the section."""
    alone = [_one_process(taken, limit) for taken, limit in ONE_BY_ONE]
    crowds = [_at_once(processes) for processes in AT_ONCE]
    return [
        "## A limit a day",
        "",
        f"Each answer of COS takes {ANSWER_SECONDS * 1000:.0f} ms longer than over loopback, as in its own region.",
        "",
        "| grants that one process takes | limit | requests to COS | for each picture | ms for each picture |",
        "|---:|---:|---:|---:|---:|",
        *alone,
        "",
        "| processes that want one grant in the same moment | requests to COS | for each | s, median | s, the last |",
        "|---:|---:|---:|---:|---:|",
        *crowds,
        "",
        "What is slower than the pace of MPS, 20 a second, delays nobody.",
    ]


def _one_process(taken: int, limit: int) -> str:
    with _service(limit) as service:
        hook = MpsHook()
        daily = DailyLimit(hook)
        started = time.perf_counter()
        for _ in range(taken):
            permit = daily.permit(limit, "")
            while not permit.take():
                permit.fill()
        seconds = time.perf_counter() - started
        asked = _asked(service)
    return f"| {taken:,} | {limit:,} | {asked:,} | {asked / taken:.2f} | {1000 * seconds / taken:.1f} |"


def _at_once(processes: int) -> str:
    with _service(10_000) as service:
        barrier = Barrier(processes)

        def take(_: int) -> float:
            # Grants of its own, as a process has them.
            grants, store = ProcessGrants(), CosBudgetStore(CosHook(), "/budget/2026-01-01/")
            barrier.wait()
            started = time.perf_counter()
            grants.fill(store, "2026-01-01", 10_000)
            return time.perf_counter() - started

        with ThreadPoolExecutor(processes) as pool:
            seconds = sorted(pool.map(take, range(processes)))
        asked = _asked(service)
    each = asked / processes
    return f"| {processes} | {asked:,} | {each:.1f} | {statistics.median(seconds):.2f} | {seconds[-1]:.2f} |"


@contextmanager
def _service(limit: int) -> Iterator[LocalService]:
    with LocalService(rate_limit=0, small_pictures=True) as service:
        for action in _ACTIONS:
            service.add_fault(kind="delay", action=action, seconds=ANSWER_SECONDS)
        connection = service.connection()
        connection["extra"]["pictures_per_day"] = limit
        os.environ["AIRFLOW_CONN_TENCENTCLOUD_DEFAULT"] = json.dumps(connection)
        yield service


def _asked(service: LocalService) -> int:
    return sum(len(service.calls(action)) for action in _ACTIONS)
