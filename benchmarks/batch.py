"""The section about many pictures in one Airflow task, on a whole Airflow with processes of its own."""

from __future__ import annotations

import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from airflow_provider_mps.local.service import LocalService
from benchmarks.crowd_service import REQUESTS_PER_SECOND, share_of_cap
from tests.system.real_airflow import RealAirflow

ASKED, PEERS = 1000, 40
TASK_SECONDS = 10.0
# Of the cap. The default leaves a fifth to others on the account; a batch that is alone may take more.
PACES = {"the default, 16 per second": None, "`requests_per_second` 18.2": 18.2}
NOTES = f"""\
On a whole Airflow (PostgreSQL, LocalExecutor with 4 workers at once, one triggerer) and the local service with the real
limit of {REQUESTS_PER_SECOND} requests per second; a picture takes {TASK_SECONDS:g} s. A worker start is a process that
Airflow starts for a task, after a deferral too; the task that makes the list of requests is not counted. The share of
the cap is that of the accepted ProcessImage requests from the first to the last. The time is that of the whole DAG run,
just after Airflow has started.

- *A worker for each picture* submits, polls and sleeps, with the vendor's typed client; {PEERS} pictures.
- *A submission and a deferrable sensor for each picture* are mapped tasks; {PEERS} pictures.
- {ASKED:,} of either would take this machine more than twenty minutes of starting processes."""


@dataclass(frozen=True)
class Run:
    """What came of a DAG run."""

    pictures: int
    starts: int
    share: float
    refused: int
    calls: float
    seconds: float


def section() -> list[str]:
    """Measure, and return the lines of the section."""
    rows = [("asked", "1,000", "at most 3", "at least 90%", "0", "at most 1.3", "")]
    for pace, rate in PACES.items():
        rows.append((f"one batch, {pace}", *_shown(_measure("one_batch", ASKED, rate))))
    rows.append(("a worker for each picture", *_shown(_measure("workers_that_poll", PEERS, None))))
    rows.append(("a submission and a sensor for each", *_shown(_measure("a_sensor_for_each", PEERS, None))))
    head = ("", "pictures", "worker starts", "share of the cap", "refused", "looks per picture", "s")
    return [
        "## Many pictures in one task",
        "",
        NOTES,
        "",
        *(f"| {' | '.join(row)} |" for row in (head, ("---", *["---:"] * 6), *rows)),
    ]


def _shown(run: Run) -> tuple[str, ...]:
    return (
        f"{run.pictures:,}",
        f"{run.starts:,}",
        f"{run.share:.0%}",
        str(run.refused),
        f"{run.calls:.2f}",
        f"{run.seconds:.0f}",
    )


def _measure(dag_id: str, count: int, rate: float | None) -> Run:
    dags = Path(__file__).parent / "batch_dags"
    with (
        LocalService(task_seconds=TASK_SECONDS, rate_limit=REQUESTS_PER_SECOND, small_pictures=True) as service,
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home,
    ):
        connection = service.connection()
        if rate is not None:
            connection["extra"]["requests_per_second"] = rate
        with RealAirflow(Path(home), dags, connection, BENCH_PEERS=str(PEERS)) as airflow:
            run_id = airflow.trigger(dag_id, {"count": count})
            airflow.wait_finished(dag_id, run_id, 900)
            seconds = airflow.run_seconds(dag_id, run_id)
            assert airflow.run_state(dag_id, run_id) == "success", airflow.task_log(dag_id, run_id, "pictures")[-3000:]
            starts = (Path(home) / "starts.txt").read_text().splitlines().count(dag_id)
        accepted = [record.time for record in service.accepted("ProcessImage")]
        assert len(accepted) == count
        codes = Counter(record.code for record in service.journal)
        looks = len(service.accepted("DescribeImageTaskDetail")) + len(service.accepted("DescribeImageTasks"))
        return Run(count, starts, share_of_cap(accepted), codes["RequestLimitExceeded"], looks / count, seconds)
