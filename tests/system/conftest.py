"""Real DAG runs: Airflow's own task runner in a process of its own, SQLite, the local service."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_mps.local.demo import airflow_home
from airflow_provider_mps.local.service import LocalService

ROOT = Path(__file__).parents[2]
EXAMPLES, SCENARIOS = ROOT / "dags", Path(__file__).parent / "dags"


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
    def states(self) -> dict[str, str]:
        return {task_id: task["state"].rpartition(".")[2].lower() for (task_id, _), task in self.tasks.items()}


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
def run_dag(home: Path, service: LocalService, tmp_path: Path) -> Callable[..., Run]:
    def run(dag_file: Path, conf: dict[str, Any] | None = None, connection: Any = None, **env: str) -> Run:
        report = tmp_path / "report.json"
        env.setdefault("AIRFLOW_CONN_AIDGE_DEFAULT", json.dumps(service.aidge_connection()))
        command = [sys.executable, "-m", "airflow_provider_mps.local.demo.run_dag", str(dag_file), dag_file.stem]
        done = subprocess.run(
            [*command, str(report), "--conf", json.dumps(conf or {})],
            env=airflow_home.environment(home, dag_file.parent, connection or service.connection(), **env),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=240,
            check=False,
        )
        assert report.exists(), done.stdout[-5000:]
        text = report.read_text()
        found = json.loads(text)
        tasks = {(task["task_id"], task["map_index"]): task for task in found["tasks"]}
        return Run(found["state"], tasks, done.stdout, text)

    return run
