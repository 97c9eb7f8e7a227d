"""What is read of a run out of Airflow's own tables, in a database in memory."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from airflow_provider_mps import compat_server
from airflow_provider_mps.compat import SHOWS_PAGES
from airflow_provider_mps.compat_server import RunRows, read_run

pytestmark = pytest.mark.skipif(not SHOWS_PAGES, reason="Airflow shows pages of plugins from 3.1 on")
KEYS = ("return_value", "mps_task_id")


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    from airflow.models import import_all_models
    from airflow.models.base import Base
    from airflow.utils import session as sessions
    from sqlalchemy import create_engine
    from sqlalchemy.orm import Session

    import_all_models()
    engine = create_engine("sqlite://")
    names = ("dag_run", "task_instance", "rendered_task_instance_fields", "xcom")
    Base.metadata.create_all(engine, tables=[Base.metadata.tables[name] for name in names])
    with Session(engine) as made:
        now = {"run_after": datetime.now(UTC), "log_template_id": 1}
        add(made, "dag_run", id=1, dag_id="dag", run_id="run", run_type="manual", state="success", **now)
        monkeypatch.setattr(sessions, "create_session", lambda: contextlib.nullcontext(made))
        yield made


def add(session: Any, table: str, **values: Any) -> None:
    """Insert a row; what must not be empty and is of no interest is filled in."""
    from airflow.models.base import Base

    columns = Base.metadata.tables[table]
    for one in columns.c:
        if not one.nullable and one.name not in values and one.default is None and one.server_default is None:
            values[one.name] = datetime.now(UTC) if "date" in one.name or "time" in one.name else 0
    session.execute(columns.insert().values(**values))


def told(session: Any, task_id: str, value: Any, key: str = "return_value") -> None:
    place = {"dag_run_id": 1, "dag_id": "dag", "run_id": "run", "task_id": task_id, "map_index": -1}
    add(session, "xcom", **place, key=key, value=value, timestamp=datetime.now(UTC))


def read() -> RunRows:
    found = read_run("dag", "run", KEYS)
    assert found is not None
    return found


def values(rows: RunRows) -> dict[str, Any]:
    return {one.task_id: one.value for one in rows.xcoms}


@pytest.mark.usefixtures("session")
def test_there_is_no_such_run() -> None:
    assert read_run("dag", "run ", KEYS) is None
    assert read_run("~", "run", KEYS) is None


def test_values_are_read_as_json_however_they_were_stored(session: Any) -> None:
    stored = {"a": {"a": [1]}, "b": [{"b": None}], "c": json.dumps({"a": [1]}), "d": "task-1", "e": None, "f": "007"}
    for task_id, value in stored.items():
        told(session, task_id, value)
    told(session, "g", "{broken")
    assert values(read()) == stored | {"c": {"a": [1]}, "g": "{broken"}


def test_objects_of_other_peoples_classes_stay_json(session: Any) -> None:
    strange = {"__classname__": "somewhere.else.Order", "__version__": 1, "__data__": {"TaskId": "t"}}
    told(session, "shop", json.dumps(strange))
    told(session, "made", {"TaskId": "t", "Outputs": []})
    assert values(read()) == {"shop": strange, "made": {"TaskId": "t", "Outputs": []}}


def test_large_xcoms_are_left_out_and_named(session: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compat_server, "MAX_XCOM_BYTES", 3000)
    monkeypatch.setattr(compat_server, "MAX_XCOMS_BYTES", 5000)
    told(session, "huge", ["x" * 4000])
    for number in range(5):
        told(session, f"t{number}", ["x" * (1000 + number)])
    rows = read()
    assert set(values(rows)) == {"t0", "t1", "t2", "t3"}
    assert rows.left_out == ["huge", "t4"]
