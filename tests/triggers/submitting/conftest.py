from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from airflow_provider_mps.durable import submitter
from airflow_provider_mps.local.service import LocalService
from airflow_provider_mps.services.tencentcloud import lookup
from tests.operators.conftest import Task
from tests.task_context import StateStore


@pytest.fixture(autouse=True)
def _supervisor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(submitter, "supervisor_answers", lambda: None)
    monkeypatch.setattr(lookup, "SETTLE_SECONDS", 0.1)


@pytest.fixture
def service() -> Iterator[LocalService]:
    with LocalService(task_seconds=0.2, small_pictures=True) as running:
        yield running


@pytest.fixture
def task(service: LocalService, conn_id: str, tmp_path: Any) -> Task:
    return Task(service, StateStore(tmp_path / "state.json"))
