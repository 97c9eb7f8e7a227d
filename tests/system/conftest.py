"""Real DAG runs: Airflow's own task runner in a process of its own, SQLite, the local service."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_mps.compat import HAS_COMMANDS
from airflow_provider_mps.local.demo import airflow_home
from airflow_provider_mps.local.service import LocalService
from tests.deprecations import SHOWN, warnings_of_ours
from tests.system.real_airflow import RealAirflow
from tests.task_context import AIRFLOW_3_0

ROOT = Path(__file__).parents[2]
EXAMPLES, SCENARIOS, REAL = ROOT / "dags", Path(__file__).parent / "dags", Path(__file__).parent / "real_dags"
# Each costs two starts of a task process, about a second on two cores. make test-whole: also MPS_TEST_MANY=200.
MANY = int(os.environ.get("MPS_TEST_MANY", "12"))
PICTURES_PER_DAY = 100


@dataclass
class Run:
    """What came of a DAG run."""

    state: str
    tasks: dict[tuple[str, int], dict[str, Any]]
    log: str
    text: str

    def task(self, task_id: str, map_index: int = -1) -> dict[str, Any]:
        return self.tasks[task_id, map_index]

    def result(self, task_id: str, map_index: int = -1) -> Any:
        return self.task(task_id, map_index)["xcoms"].get("return_value")

    @property
    def words(self) -> str:
        """The log without colours and ends of lines: whether an error is broken into lines depends on Airflow."""
        return " ".join(re.sub(r"\x1b\[[\d;]*m", "", self.log).split())

    @property
    def states(self) -> dict[str, str]:
        return {task_id: task["state"].rpartition(".")[2].lower() for (task_id, _), task in self.tasks.items()}


def finish(cloud: LocalService, prompt: str) -> None:
    """Let the service be done with what it is at."""
    for task in cloud.tasks:
        if task.job.prompt.startswith(prompt):
            task.seconds = 0.0


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("airflow")
    airflow_home.migrate(airflow_home.environment(home, SCENARIOS))
    return home


@pytest.fixture
def service() -> Iterator[LocalService]:
    with LocalService(task_seconds=0.5, small_pictures=True) as running:
        yield running


@pytest.fixture
def by_hand(home: Path, service: LocalService) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Type a command about a task into a shell beside the Airflow that has run the DAG."""
    program = [sys.executable, "-m", *(["airflow", "mps"] if HAS_COMMANDS else ["airflow_provider_mps"])]

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        env = airflow_home.environment(home, SCENARIOS, service.connection())
        return subprocess.run([*program, *words], env=env, capture_output=True, text=True, timeout=120, check=False)

    return run


@pytest.fixture
def run_dag(home: Path, service: LocalService, tmp_path: Path) -> Callable[..., Run]:
    def run(dag_file: Path, conf: dict[str, Any] | None = None, connection: Any = None, **env: str) -> Run:
        report = tmp_path / "report.json"
        env.setdefault("AIRFLOW_CONN_AIDGE_DEFAULT", json.dumps(service.aidge_connection()))
        env.setdefault("PYTHONWARNINGS", SHOWN)
        command = [sys.executable, "-m", "airflow_provider_mps.local.demo.run_dag", str(dag_file), dag_file.stem]
        done = subprocess.run(
            [*command, str(report), "--conf", json.dumps(conf or {})],
            env=airflow_home.environment(home, dag_file.parent, connection or service.connection(), **env),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            # Each task of it costs seconds, and many of them on a slow machine.
            timeout=560,
            check=False,
        )
        assert report.exists(), done.stdout[-5000:]
        assert not warnings_of_ours(done.stdout)
        log = done.stdout
        if AIRFLOW_3_0:
            # dag.test() of this version logs each message to its supervisor, also those that say what has to be masked.
            log = "\n".join(line for line in log.splitlines() if "msg=MaskSecret(" not in line)
        text = report.read_text()
        found = json.loads(text)
        tasks = {(task["task_id"], task["map_index"]): task for task in found["tasks"]}
        assert len(tasks) == len(found["tasks"])
        return Run(found["state"], tasks, log, text)

    return run


@pytest.fixture(scope="session")
def cloud() -> Iterator[LocalService]:
    """The service that a whole Airflow works with."""
    with LocalService(task_seconds=1.0, rate_limit=0, small_pictures=True) as running:
        yield running


@pytest.fixture(scope="session")
def airflow(cloud: LocalService, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealAirflow]:
    """A whole Airflow. It takes half a minute to start, so there is one for all tests that kill parts of it."""
    limited = cloud.connection()
    # Slow enough that all who share the limit are at work before it is reached.
    limited["extra"] |= {"pictures_per_day": PICTURES_PER_DAY, "requests_per_second": 2}
    slow = cloud.connection()
    slow["extra"] |= {"requests_per_second": 2}
    env = {"PYTHONPATH": str(ROOT), "MPS_TEST_MANY": str(MANY)}
    env |= {"AIRFLOW_CONN_LIMITED": json.dumps(limited), "AIRFLOW_CONN_SLOW": json.dumps(slow)}
    home = tmp_path_factory.mktemp("real")
    with RealAirflow(home, REAL, cloud.connection(), parallelism=8, **env) as running:
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """A headless Chromium, if there is one."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="there is no playwright")
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("there is no chromium (Debian: apt-get install chromium)")
    arguments = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    with sync_api.sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium, args=arguments)
        yield running
        running.close()


@pytest.fixture(autouse=True)
def _no_faults(request: pytest.FixtureRequest) -> Iterator[None]:
    yield
    if "cloud" in request.fixturenames:
        request.getfixturevalue("cloud").clear_faults()
