"""One measurement: a service with a crowd of tasks, and a process that waits for them in one of the ways."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from airflow_provider_mps.local.demo.airflow_home import environment
from benchmarks.crowd_service import LOOKS, CrowdService
from benchmarks.machine import IdleWatch
from benchmarks.standstill import Late

ROOT = Path(__file__).parents[1]

FIRST_SECONDS = 20.0
CAP_SECONDS = 360.0


@dataclass(frozen=True)
class Run:
    """What one measurement showed.

    :param failed: tasks
    :param unnoticed: tasks whose end was not noticed before the measurement ended
    :param calls: requests that look, for each task
    :param refused: share of them that was refused as too many
    :param p50: seconds from the end of a task to the moment when it was noticed, half of the tasks
    :param p99: the same, all but a hundredth of the tasks
    :param kb: memory for each task, at the most
    :param standstill_ms: the longest of the event loop that was its own doing
    :param by_the_clock_ms: the longest of the event loop
    :param details: for whoever wants to know more
    """

    failed: int
    unnoticed: int
    calls: float
    refused: float
    p50: float | None
    p99: float | None
    kb: float
    standstill_ms: float | None
    by_the_clock_ms: float | None
    details: dict[str, Any]


def last_seconds(count: int) -> float:
    """Return when the last task finishes: below the limit of requests, as each has to be looked at once."""
    if count < 1000:
        return 60.0
    return FIRST_SECONDS + count / (10 if count < 10_000 else 12)


def measure(way: str, count: int) -> Run:
    """Wait for so many tasks in one of the ways of ``wait_probe``."""
    cap = max(CAP_SECONDS, last_seconds(count) + 120.0)
    with CrowdService() as service, IdleWatch() as idle:
        result = _probe(way, count, cap, service)
        calls = service.calls()
    late = [Late(*each) for each in result.pop("late", [])]
    looks = [calls[action] for action in LOOKS if action in calls]
    total = sum(look["calls"] for look in looks)
    details = {name: result.pop(name) for name in ("n", "max", "errors", "wall")}
    return Run(
        **result,
        calls=total / count,
        refused=sum(look["refused"] for look in looks) / max(1, total),
        standstill_ms=max((1000 * each.own(idle.late) for each in late), default=None),
        by_the_clock_ms=max((1000 * each.seconds for each in late), default=None),
        details={**details, "by action": calls, "idle ms": 1000 * idle.longest},
    )


def _probe(way: str, count: int, cap: float, service: CrowdService) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.wait_probe", way, str(cap)]
    with tempfile.TemporaryDirectory() as home:
        env = environment(Path(home), ROOT / "dags", service.connection)
        # As on a worker: bytecode is kept from one process to the next.
        env.pop("PYTHONDONTWRITEBYTECODE", None)
        pipe = subprocess.PIPE
        with subprocess.Popen(command, env=env, cwd=ROOT, stdin=pipe, stdout=pipe, text=True) as probe:
            assert probe.stdin
            assert probe.stdout
            # Airflow may have something to say before.
            while (line := probe.stdout.readline()).strip() != "ready":
                if not line:
                    raise RuntimeError(f"{way}, {count} tasks: the process ended")
            probe.stdin.write(json.dumps(service.create(count, FIRST_SECONDS, last_seconds(count))) + "\n")
            probe.stdin.flush()
            return dict(json.loads(probe.stdout.read().splitlines()[-1]))
