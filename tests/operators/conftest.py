from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import TaskDeferred
from tenacity import wait_none

from airflow_provider_mps.compat import KEEPS_TASK_STATE
from airflow_provider_mps.core import calls
from airflow_provider_mps.core.submission import Record, not_sent
from airflow_provider_mps.core.submission_events import hand_back_event
from airflow_provider_mps.local.service import LocalService
from airflow_provider_mps.operators.mps import MpsImageBgFusionOperator
from airflow_provider_mps.services.profiles import MPS
from airflow_provider_mps.services.tencentcloud import lookup
from tests.task_context import StateStore, make_context


@pytest.fixture
def _no_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "WAIT", wait_none())
    monkeypatch.setattr(lookup, "SETTLE_SECONDS", 0.1)


class Task:
    """One Airflow task and its tries, with or without Airflow's state store."""

    def __init__(self, service: LocalService, store: StateStore | None) -> None:
        self.service = service
        self.store = store
        self.run_began = make_context()["dag_run"].start_date
        self.last: Any = None

    def operator(self, **arguments: Any) -> MpsImageBgFusionOperator:
        given = {"subject_cos_key": "/samples/coffee.png", "prompt": "marble", "poll_interval": 0.1, "retries": 2}
        return MpsImageBgFusionOperator(task_id="task", **{**given, **arguments})

    def run(self, try_number: int = 1, max_tries: int = 2, *, task: Any = None, **arguments: Any) -> Any:
        """Run one try; returns what ``execute`` returns."""
        fields = task or {}
        self.last = make_context(
            self.store, run_began=self.run_began, try_number=try_number, max_tries=max_tries, **fields
        )
        return self.operator(**arguments).execute(self.last)

    def run_here(self, **arguments: Any) -> Any:
        """Run the first try of a deferrable task, which the triggerer hands back before it has submitted anything."""
        if not KEEPS_TASK_STATE:
            return self.run(deferrable=True, wait_for_completion=True, **arguments)
        with pytest.raises(TaskDeferred) as deferred:
            self.run(deferrable=True, wait_for_completion=True, **arguments)
        assert deferred.value.method_name == "resume_handed_over"
        record = Record.from_json(self.record)
        assert record is not None
        event = hand_back_event(not_sent(record), "there is a reason")
        operator = self.operator(deferrable=True, wait_for_completion=True, **arguments)
        return operator.resume_handed_over(self.last, event)

    @property
    def record(self) -> dict[str, Any]:
        assert self.store is not None
        return dict(self.store.get(MPS.record_key))

    @property
    def accepted(self) -> list[str]:
        return [call.task_id for call in self.service.accepted("ProcessImage")]


@pytest.fixture
def make_task(service: LocalService, conn_id: str, tmp_path: Path) -> Callable[..., Task]:
    def make(*, store: bool = True, name: str = "state") -> Task:
        return Task(service, StateStore(tmp_path / f"{name}.json") if store else None)

    return make


@pytest.fixture
def task(make_task: Callable[..., Task]) -> Task:
    return make_task()


@pytest.fixture
def connect(service: LocalService, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Change the connection between two tries."""

    def change(login: str, password: str, **extra: Any) -> None:
        connection = service.connection()
        connection |= {"login": login, "password": password}
        connection["extra"] |= extra
        monkeypatch.setenv("AIRFLOW_CONN_TENCENTCLOUD_DEFAULT", json.dumps(connection))

    return change
