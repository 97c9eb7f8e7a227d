"""What is read of a run out of Airflow's own tables, in a database in memory."""

from __future__ import annotations

import contextlib
import json
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from airflow_provider_mps import compat_database
from airflow_provider_mps.compat import HAS_LOOPS, SHOWS_PAGES, iteration_id
from airflow_provider_mps.compat_database import RunRows, read_run

pytestmark = pytest.mark.skipif(not SHOWS_PAGES, reason="Airflow shows pages of plugins from 3.1 on")
KEYS = ("return_value", "mps_task_id")
NO_REGION = uuid.UUID(int=0)
with_loops = pytest.mark.skipif(not HAS_LOOPS, reason="Airflow has loops from 3.4 on")


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    from airflow.models import import_all_models
    from airflow.models.base import Base
    from airflow.utils import session as sessions
    from sqlalchemy import create_engine
    from sqlalchemy.orm import Session

    import_all_models()
    engine = create_engine("sqlite://")
    names = ["dag_run", "task_instance", "rendered_task_instance_fields", "xcom"]
    if HAS_LOOPS:
        names[2:] = ["dynamic_region", "legacy_task_data_owner", "rtif_v1", "rtif_v2", "xcom_v1", "xcom_v2"]
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


def instance(
    session: Any, task_id: str, index: int = -1, region: uuid.UUID = NO_REGION, *, is_current: bool | None = True
) -> uuid.UUID:
    """Add a task instance; return its id."""
    new, began = uuid.uuid4(), datetime.now(UTC)
    ids = {"id": new, "dag_id": "dag", "run_id": "run", "task_id": task_id, "start_date": began, "state": "success"}
    if HAS_LOOPS:
        where: dict[str, Any] = {"region_id": region, "region_index": index, "working_set": is_current}
        where["try_number"] = 2 if is_current else 1
    else:
        where = {"map_index": index}
    from airflow.models.taskinstance import TaskInstance

    if TaskInstance.__table__.c.id.type.python_type is str:
        # Before Airflow 3.2
        ids["id"] = str(new)
    add(session, "task_instance", **{**ids, "operator": "Maker", "pool": "p", **where})
    return new


def told(
    session: Any, task_id: str, value: Any, key: str = "return_value", index: int = -1, by: uuid.UUID | None = None
) -> None:
    """Add an XCom, on Airflow 3.4 of a task instance."""
    said = {"key": key, "value": value, "timestamp": datetime.now(UTC)}
    if HAS_LOOPS:
        add(session, "xcom_v2", id=uuid.uuid4(), task_instance_id=by or instance(session, task_id, index), **said)
        return
    add(session, "xcom", dag_run_id=1, dag_id="dag", run_id="run", task_id=task_id, map_index=index, **said)


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
    monkeypatch.setattr(compat_database, "MAX_XCOM_BYTES", 3000)
    monkeypatch.setattr(compat_database, "MAX_XCOMS_BYTES", 5000)
    told(session, "huge", ["x" * 4000])
    for number in range(5):
        told(session, f"t{number}", ["x" * (1000 + number)])
    rows = read()
    assert set(values(rows)) == {"t0", "t1", "t2", "t3"}
    assert rows.left_out == ["huge", "t4"]


def fields(session: Any, task_id: str, of: uuid.UUID, said: dict[str, Any], index: int = -1) -> None:
    """Add the rendered fields of a task instance."""
    if HAS_LOOPS:
        add(session, "rtif_v2", id=uuid.uuid4(), task_instance_id=of, rendered_fields=said)
        return
    ids = {"dag_id": "dag", "run_id": "run", "task_id": task_id, "map_index": index}
    add(session, "rendered_task_instance_fields", **ids, rendered_fields=said)


def test_mapped_tasks_are_told_apart(session: Any) -> None:
    for index in (-1, 0, 1):
        task_id = "plain" if index < 0 else "mapped"
        made = instance(session, task_id, index)
        told(session, task_id, f"task-{index}", "mps_task_id", index, made)
        fields(session, task_id, made, {"prompt": f"marble {index}"}, index)
    rows = read()
    places = [("plain", -1, ""), ("mapped", 0, ""), ("mapped", 1, "")]
    assert {one.place for one in rows.tasks} == {one.place for one in rows.xcoms} == set(places)
    assert {one.place: one.value for one in rows.xcoms} == {place: f"task-{place[1]}" for place in places}
    assert rows.fields == {place: {"prompt": f"marble {place[1]}"} for place in places}
    assert {(one.operator, one.state, one.turns) for one in rows.tasks} == {("Maker", "success", ())}


def region(session: Any, number: int, node_id: str, parent: int | None = None, index: int | None = None) -> uuid.UUID:
    """Add a loop, or an expansion of a mapped task; return its id."""
    ids = {"id": uuid.UUID(int=number), "family_root_id": uuid.UUID(int=number), "dag_id": "dag", "run_id": "run"}
    around = {"parent_region_id": parent and uuid.UUID(int=parent), "parent_region_index": index}
    add(session, "dynamic_region", **ids, **around, node_id=node_id, path=b"")
    return uuid.UUID(int=number)


@with_loops
def test_iterations_of_loops_are_told_apart(session: Any) -> None:
    outer, expansion = region(session, 1, "outer"), region(session, 2, "mapped")
    inner = [region(session, 10 + index, "outer.inner", 1, index) for index in (0, 1)]
    # A mapped task in the second iteration of the inner loop, in the second one of the outer.
    within = region(session, 20, "within", 11, 1)
    made = {
        instance(session, "mapped", 1, expansion): ("mapped", 1, (), ""),
        instance(session, "turn", 2, outer): ("turn", -1, (2,), iteration_id(outer, 2)),
        instance(session, "deep", 1, inner[0]): ("deep", -1, (0, 1), iteration_id(inner[0], 1)),
        instance(session, "deep", 1, inner[1]): ("deep", -1, (1, 1), iteration_id(inner[1], 1)),
        instance(session, "within", 3, within): ("within", 3, (1, 1), iteration_id(within, 3)),
    }
    for one, place in made.items():
        told(session, place[0], "-".join(map(str, place)), "mps_task_id", by=one)
        fields(session, place[0], one, {"prompt": str(place)})
    rows = read()
    found = {(one.task_id, one.map_index, one.turns, one.iteration) for one in rows.tasks}
    assert found == set(made.values())
    told_by = {(one.task_id, one.map_index, one.turns, one.iteration): one.value for one in rows.xcoms}
    assert told_by == {place: "-".join(map(str, place)) for place in made.values()}
    assert {said["prompt"] for said in rows.fields.values()} == {str(place) for place in made.values()}
    assert set(rows.fields) == {one.place for one in rows.tasks}


@with_loops
def test_what_earlier_tries_have_told_is_left_alone(session: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compat_database, "MAX_XCOMS_BYTES", 1000)
    before = instance(session, "fuse", is_current=None)
    told(session, "fuse", "x" * 900, by=before)
    fields(session, "fuse", before, {"prompt": "before"})
    now = instance(session, "fuse")
    told(session, "fuse", "task-2", by=now)
    fields(session, "fuse", now, {"prompt": "now"})
    rows = read()
    assert ([one.value for one in rows.xcoms], rows.left_out) == (["task-2"], [])
    assert list(rows.fields.values()) == [{"prompt": "now"}]
    assert len(rows.tasks) == 1


@with_loops
def test_runs_from_before_an_upgrade_are_read_too(session: Any) -> None:
    ids = {"dag_id": "dag", "run_id": "run", "task_id": "fuse", "map_index": -1}
    add(session, "legacy_task_data_owner", **ids, task_instance_id=instance(session, "fuse"))
    said = {"key": "mps_task_id", "value": "task-1", "timestamp": datetime.now(UTC)}
    add(session, "xcom_v1", **ids, dag_run_id=1, **said)
    add(session, "rtif_v1", **ids, rendered_fields={"prompt": "marble"})
    rows = read()
    assert values(rows) == {"fuse": "task-1"}
    assert rows.fields == {("fuse", -1, ""): {"prompt": "marble"}}
