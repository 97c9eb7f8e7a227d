"""One local service for all tests of a file, and commands as they are typed, in this process."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, NamedTuple

import pytest

from airflow_provider_mps.batch import writer as batch_writer
from airflow_provider_mps.cli.program import main
from airflow_provider_mps.core.submission import Record
from airflow_provider_mps.hooks.mps import MpsHook
from airflow_provider_mps.local.service import LocalService
from airflow_provider_mps.operators.mps import MpsImageBgFusionBatchOperator
from tests.cli.database import Database, database
from tests.task_context import execute, make_context

PRICES = {"1K": 0.1, "2K": 0.2, "currency": "CNY"}


class Typed(NamedTuple):
    """What came of a command."""

    code: int
    out: str
    err: str

    @property
    def errors(self) -> str:
        """What was said on stderr, on one line."""
        return " ".join(self.err.split())

    @property
    def data(self) -> Any:
        """What was written as JSON."""
        return json.loads(self.out)


@pytest.fixture(scope="module")
def running() -> Iterator[LocalService]:
    with LocalService(task_seconds=0.0, rate_limit=0, small_pictures=True) as made:
        yield made


@pytest.fixture
def service(running: LocalService) -> Iterator[LocalService]:
    yield running
    running.clear_faults()


@pytest.fixture
def typed(
    service: LocalService,
    conn_id: str,
    aidge_conn_id: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Callable[..., Typed]:
    """Carry out what is typed behind ``python -m airflow_provider_mps``."""
    # Each command sets it, and other tests of this process are no server.
    monkeypatch.setenv("_AIRFLOW_PROCESS_CONTEXT", "")

    def run(*words: str) -> Typed:
        capsys.readouterr()
        try:
            code = main(words)
        except SystemExit as end:
            code = int(str(end.code))
        return Typed(code, *capsys.readouterr())

    return run


@pytest.fixture
def submitted(service: LocalService, conn_id: str, payload: dict[str, Any]) -> Callable[..., str]:
    """Submit a picture, with a fault on demand; return its TaskId."""

    def submit(**fault: Any) -> str:
        if fault:
            service.add_fault(action="ProcessImage", times=1, **fault)
        return MpsHook(conn_id).process_image(payload)

    return submit


def record(task_id: str, **changes: Any) -> Record:
    known = Record("k", "b", "a", 2, intent=1767225600.0, task_id=task_id, accepted=1767225601.0, request_id="5e2f-sub")
    return replace(known, **changes)


def parts(said: Typed) -> dict[str, str]:
    """Return the parts of a story, each on one line."""
    found: dict[str, str] = {}
    title = ""
    for line in said.out.splitlines():
        if line and not line.startswith(" "):
            title = line
        found[title] = f"{found.get(title, '')} {' '.join(line.split())}".strip()
    return found


@pytest.fixture
def tables(monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    with database(monkeypatch) as found:
        yield found


@pytest.fixture
def batch(service: LocalService, conn_id: str, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    monkeypatch.setattr(batch_writer, "TAKE_OVER_SECONDS", 0.05)
    monkeypatch.setattr(batch_writer, "CHECK_SECONDS", 0.05)
    monkeypatch.setattr(batch_writer, "START_SECONDS", 0.02)
    requests = [{"subject_cos_key": f"/samples/{name}.png", "prompt": "white marble"} for name in ("coffee", "mug")]
    operator = MpsImageBgFusionBatchOperator(
        task_id="task", requests=requests, max_failed=2, deferrable=False, poll_interval=0.1
    )
    return list(execute(operator, make_context()))
