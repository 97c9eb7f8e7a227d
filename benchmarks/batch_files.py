"""The section about ten thousand pictures in one Airflow task, with the requests and the entries in files."""

from __future__ import annotations

import contextlib
import json
import tempfile
import threading
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import psutil

from airflow_provider_mps.local.service import LocalService
from tests.system.real_airflow import RealAirflow

COUNT = 10_000
TASK_SECONDS = 2.0
# Pace of the batch and limit of the service, a second. The last is more than MPS allows: what the batch itself can do.
PACES: dict[str, tuple[float | None, int]] = {
    "the default, 16 per second": (None, 20),
    "`requests_per_second` 100, without a limit": (100.0, 0),
}
NOTES = f"""\
As above, with a plan in a file in place of a list, and a picture that takes {TASK_SECONDS:g} s. The XComs are all that
the run has left in Airflow's database. The memory is the most that the resident set of one process has been: of a
worker that runs the task, and of the triggerer. The rate is that of the accepted ProcessImage requests from the first
to the last."""


@dataclass(frozen=True)
class Run:
    """What came of a DAG run."""

    pictures: int
    starts: int
    xcom_bytes: int
    rate: float
    refused: int
    worker_mb: float
    triggerer_mb: float
    seconds: float


class Memory:
    """Watches how large the processes of an Airflow become, in a thread of its own."""

    def __init__(self, home: Path) -> None:
        self.worker = self.triggerer = 0.0
        self._home = home
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Memory:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        triggerers: list[psutil.Process] = []
        while not self._over.wait(0.5):
            triggerers = triggerers or [one for one in psutil.process_iter() if self._is_triggerer(one)]
            for process in triggerers:
                with contextlib.suppress(psutil.Error):
                    for one in (process, *process.children(recursive=True)):
                        self.triggerer = max(self.triggerer, one.memory_info().rss / 1e6)
            pids = self._home / "pids.txt"
            for pid in pids.read_text().split() if pids.exists() else ():
                with contextlib.suppress(psutil.Error):
                    self.worker = max(self.worker, psutil.Process(int(pid)).memory_info().rss / 1e6)

    def _is_triggerer(self, process: psutil.Process) -> bool:
        try:
            is_ours = process.environ().get("AIRFLOW_HOME") == str(self._home)
            return is_ours and "triggerer" in process.cmdline()
        except (psutil.Error, OSError):
            return False


def section() -> list[str]:
    """Measure, and return the lines of the section."""
    rows = [("asked", "10,000", "2", "under 10,000", "at least 14.4 of 16", "0", "at most 300", "at most 300", "")]
    for pace, (rate, limit) in PACES.items():
        rows.append((pace, *_shown(measure(COUNT, rate, limit))))
    head = (
        "",
        "pictures",
        "worker starts",
        "bytes of XComs",
        "per second",
        "refused",
        "worker, MB",
        "triggerer, MB",
        "s",
    )
    return [
        "## Ten thousand pictures from a file",
        "",
        NOTES,
        "",
        *(f"| {' | '.join(row)} |" for row in (head, ("---", *["---:"] * 8), *rows)),
    ]


def _shown(run: Run) -> tuple[str, ...]:
    return (
        f"{run.pictures:,}",
        f"{run.starts:,}",
        f"{run.xcom_bytes:,}",
        f"{run.rate:.1f}",
        str(run.refused),
        f"{run.worker_mb:.0f}",
        f"{run.triggerer_mb:.0f}",
        f"{run.seconds:.0f}",
    )


def measure(count: int, rate: float | None, limit: int) -> Run:
    """Have a plan of ``count`` pictures made on a whole Airflow.

    :param rate: ``requests_per_second`` of the connection; None for its default
    :param limit: requests a second that the service takes; 0 for any number
    """
    dags = Path(__file__).parent / "batch_dags"
    with (
        LocalService(task_seconds=TASK_SECONDS, rate_limit=limit, small_pictures=True) as service,
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder,
    ):
        home = Path(folder).resolve()
        connection = service.connection()
        if rate is not None:
            connection["extra"]["requests_per_second"] = rate
        with RealAirflow(home, dags, connection, BENCH_PEERS="1") as airflow, Memory(home) as memory:
            run_id = airflow.trigger("one_plan", {"count": count})
            airflow.wait_finished("one_plan", run_id, 60 + 3 * count / (rate or 16))
            seconds = airflow.run_seconds("one_plan", run_id)
            log = airflow.task_log("one_plan", run_id, "pictures")
            assert airflow.run_state("one_plan", run_id) == "success", log[-3000:]
            output = airflow.xcom("one_plan", run_id, "pictures")
            assert output["counts"] == {"made": count, "failed": 0}, output
            found = [json.loads(text) for text in Path(output["path"]).read_text().splitlines()]
            assert len({line["entry"]["TaskId"] for line in found}) == count
            xcoms = airflow.xcom_bytes("one_plan", run_id)
            starts = len((home / "pids.txt").read_text().split())
        accepted = [record.time for record in service.accepted("ProcessImage")]
        assert len(accepted) == count
        refused = Counter(record.code for record in service.journal)["RequestLimitExceeded"]
        pace = (count - 1) / (max(accepted) - min(accepted))
        return Run(count, starts, xcoms, pace, refused, memory.worker, memory.triggerer, seconds)
