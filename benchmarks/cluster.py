"""The section about several worker processes: pictures per minute, and what one costs each part of Airflow."""

from __future__ import annotations

import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import psutil

from airflow_provider_mps.local.service import LocalService
from benchmarks.crowd_service import REQUESTS_PER_SECOND, share_of_cap
from tests.system.real_airflow import RealAirflow

WORKERS = (1, 2, 4)
MAPPED, BATCH = 12, 200
TASK_SECONDS = 5.0
# By what each is called in the table; the last two are the peers.
WAYS = {
    "deferrable_each": "mapped, submitted by the triggerer",
    "a_sensor_for_each": "mapped, a submission and a sensor for each",
    "one_batch": "one batch",
    "workers_that_poll": "peer: a worker for each, which submits, polls and sleeps",
    "a_loop_for_each": "peer: a submission and a trigger with a loop of its own for each",
}
# Airflow's own, where the tests have shorter times: by the first a triggerer proves that it still has its triggers.
DEFAULTS = {
    "AIRFLOW__TRIGGERER__TRIGGERER_HEALTH_CHECK_THRESHOLD": "30",
    "AIRFLOW__TRIGGERER__JOB_HEARTBEAT_SEC": "5",
}
NOTES = f"""\
A whole Airflow (PostgreSQL, LocalExecutor with so many workers at once, one triggerer) and the local service with the
real limit of {REQUESTS_PER_SECOND} requests per second; a picture takes {TASK_SECONDS:g} s. All of it, service and
database too, shares this machine, whose cores are what bounds mapped tasks. {MAPPED} mapped pictures, {BATCH} of a
batch. The share of the cap is that of the accepted submissions from the first to the last. CPU is that of all processes
of a part from the trigger of the DAG run to its end, for each picture, what they do between tasks included; that of the
scheduler's children, which run tasks, counts as workers'.
What a part of Airflow does once is done before: a triggerer's supervisor loads Airflow's API, about 10 s of a core,
when a trigger first asks it something. `[workers] min_heartbeat_interval` is 1 s for all of them: for so long (5 s by
default) Airflow 3.3.2 keeps a worker's slot after the end of many a task."""


class Cpu(NamedTuple):
    """CPU seconds of the parts of Airflow."""

    workers: float
    triggerer: float
    scheduler: float


class Run(NamedTuple):
    """What came of a DAG run."""

    pictures: int
    seconds: float
    share: float
    refused: int
    failed: int
    cpu: Cpu


def section() -> list[str]:
    """Measure, and return the lines of the section."""
    head = (
        "workers",
        "",
        "pictures",
        "per minute",
        "share of the cap",
        "refused",
        "failed",
        "CPU ms: workers",
        "triggerer",
    )
    lines = [f"| {' | '.join((*head, 'scheduler'))} |", f"|---:|---|{'---:|' * 8}"]
    for workers in WORKERS:
        lines += [_shown(workers, way, run) for way, run in _measure(workers)]
    return ["## Several workers", "", NOTES, "", *lines]


def _shown(workers: int, way: str, run: Run) -> str:
    cpu = (f"{1000 * seconds / run.pictures:,.0f}" for seconds in run.cpu)
    cells = (
        workers,
        WAYS[way],
        run.pictures,
        f"{60 * run.pictures / run.seconds:.0f}",
        f"{run.share:.0%}",
        run.refused,
        run.failed,
    )
    return f"| {' | '.join(map(str, (*cells, *cpu)))} |"


def _measure(workers: int) -> list[tuple[str, Run]]:
    dags = Path(__file__).parent / "batch_dags"
    found = []
    with (
        LocalService(task_seconds=TASK_SECONDS, rate_limit=REQUESTS_PER_SECOND, small_pictures=True) as service,
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home,
    ):
        connection = service.connection()
        connection["extra"]["requests_per_second"] = 18.2
        with RealAirflow(
            Path(home),
            dags,
            connection,
            parallelism=workers,
            BENCH_PEERS=str(MAPPED),
            PYTHONPATH=str(Path(__file__).parents[1]),
            **DEFAULTS,
        ) as airflow:
            # Airflow reads the DAG file, and every part of it has begun.
            airflow.wait_finished("warm_up", airflow.trigger("warm_up"), 300)
            found += [(way, _run(airflow, service, way)) for way in WAYS]
    return found


def _run(airflow: RealAirflow, service: LocalService, way: str) -> Run:
    count = BATCH if way == "one_batch" else MAPPED
    known, refused = len(service.accepted("ProcessImage")), _refused(service)
    before, started = _cpu(airflow), time.monotonic()
    run_id = airflow.trigger(way, {"count": count})
    airflow.wait_finished(way, run_id, 900)
    seconds, after = time.monotonic() - started, _cpu(airflow)
    accepted = [record.time for record in service.accepted("ProcessImage")[known:]]
    failed = sum(ti.state != "success" for ti in airflow.task_instances(way, run_id))
    # A peer may fail, and shows it; what is ours must not.
    assert "peer" in WAYS[way] or (not failed and len(accepted) == count), f"{way}: {failed} failed"
    cpu = Cpu(*(now - then for now, then in zip(after, before, strict=True)))
    return Run(count, seconds, share_of_cap(accepted), _refused(service) - refused, failed, cpu)


def _refused(service: LocalService) -> int:
    return Counter(record.code for record in service.calls("ProcessImage"))["RequestLimitExceeded"]


def _cpu(airflow: RealAirflow) -> Cpu:
    scheduler, triggerer = (airflow.process(name) for name in ("scheduler", "triggerer"))
    own = scheduler.cpu_times()
    return Cpu(_whole(scheduler) - own.user - own.system, _whole(triggerer), own.user + own.system)


def _whole(process: psutil.Process) -> float:
    """Return the CPU seconds of a process, of its children, and of theirs that have ended."""
    total = 0.0
    for one in [process, *process.children(recursive=True)]:
        try:
            total += sum(one.cpu_times()[:4])
        except psutil.NoSuchProcess:
            continue
    return total
