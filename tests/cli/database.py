"""Airflow's own tables in memory, with what a task has told of a service's task."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import event, text

from airflow_provider_mps.compat import HAS_LOOPS
from tests.task_context import AIRFLOW_2

BEGAN = datetime(2026, 1, 1, 2, 0, tzinfo=UTC)
TABLES = ["task_instance", "task_instance_history", "rendered_task_instance_fields", "xcom", "task_state_store"]
if HAS_LOOPS:
    TABLES += ["dag_run", "dynamic_region", "legacy_task_data_owner", "rtif_v1", "rtif_v2", "xcom_v1", "xcom_v2"]
    TABLES.remove("xcom")


class Database:
    """A database with one run of one DAG.

    :param session: of SQLAlchemy
    """

    def __init__(self, session: Any) -> None:
        self._session = session
        self._tries: list[tuple[str, datetime, UUID]] = []
        if HAS_LOOPS:
            run = {"run_type": "manual", "state": "success", "run_after": BEGAN, "log_template_id": 1}
            self._add("dag_run", id=1, dag_id="shop", run_id="night-1", **run)
        self._place = {"dag_id": "shop", "run_id": "night-1", "map_index": -1}

    @property
    def has_store(self) -> bool:
        """Whether this Airflow keeps the state of tasks."""
        return "task_state_store" in self._tables()

    def try_of(self, task_id: str, number: int, state: str, *, is_over: bool = False, **place: Any) -> None:
        """Add a try, of an hour.

        :param is_over: whether another one has begun since
        :param place: other columns; ``start_date`` is the begin
        """
        began = place.pop("start_date", BEGAN + timedelta(hours=number - 1))
        if HAS_LOOPS:
            # There a try is a task instance.
            made = uuid4()
            self._tries.append((task_id, began, made))
            place = {"region_id": UUID(int=0), "region_index": -1, **place, "id": made, "working_set": not is_over}
        self._add(
            "task_instance_history" if is_over and not HAS_LOOPS else "task_instance",
            **{**self._place, **place},
            task_id=task_id,
            try_number=number,
            start_date=began,
            state=state,
            operator="MpsImageBgFusionOperator",
        )

    def expansion(self, task_id: str, index: int, **place: Any) -> dict[str, Any]:
        """Return what tells an instance of a mapped task from others, with its region where there are any.

        :param place: other columns, such as ``run_id``
        """
        if not HAS_LOOPS:
            return {**place, "map_index": index}
        region = uuid4()
        columns = {**self._place, **place, "id": region, "node_id": task_id, "path": b"", "parent_region_id": None}
        self._add("dynamic_region", **columns)
        return {**place, "region_id": region, "region_index": index}

    def told(self, task_id: str, value: Any, hours: float = 0.5, key: str = "mps_task_id", **place: Any) -> None:
        """Add an XCom, so long after the begin of the first try."""
        stored: Any = json.dumps(value).encode() if AIRFLOW_2 else value
        moment = BEGAN + timedelta(hours=hours)
        if HAS_LOOPS:
            by = self._try_at(task_id, moment, place)
            self._add("xcom_v2", id=uuid4(), task_instance_id=by, key=key, value=value, timestamp=moment)
            return
        self._add(
            "xcom", **{**self._place, **place}, dag_run_id=1, task_id=task_id, key=key, value=stored, timestamp=moment
        )

    def rendered(self, task_id: str, fields: Mapping[str, Any]) -> None:
        """Add the rendered fields of a task, of its last try."""
        if HAS_LOOPS:
            last = [made for name, _, made in self._tries if name == task_id][-1]
            self._add("rtif_v2", id=uuid4(), task_instance_id=last, rendered_fields=dict(fields))
            return
        self._add("rendered_task_instance_fields", **self._place, task_id=task_id, rendered_fields=dict(fields))

    def kept(self, task_id: str, value: Any, key: str = "mps_submission") -> None:
        """Add what a task keeps in Airflow's state store."""
        place = {**self._place, "dag_run_id": 1, "task_id": task_id, "key": key, "region_id": UUID(int=0)}
        self._add("task_state_store", **place, value=json.dumps(value), updated_at=BEGAN)

    @contextlib.contextmanager
    def counted(self) -> Iterator[list[str]]:
        """Give the statements that are sent meanwhile."""
        sent: list[str] = []

        def note(_: Any, cursor: Any, statement: str, *more: Any) -> None:
            sent.append(statement)

        engine = self._session.get_bind()
        event.listen(engine, "before_cursor_execute", note)
        try:
            yield sent
        finally:
            event.remove(engine, "before_cursor_execute", note)

    def execute(self, statement: str) -> None:
        """Let the database do something for all that follows."""
        self._session.execute(text(statement))

    def _try_at(self, task_id: str, moment: datetime, place: Mapping[str, Any]) -> UUID:
        """Return the try that had begun last, or one that is made for this."""
        begun = [made for name, began, made in self._tries if name == task_id and began <= moment and not place]
        if begun:
            return begun[-1]
        made, index = uuid4(), place.get("map_index", -1)
        at = {"region_id": UUID(int=0), "region_index": index, "working_set": True, "try_number": 1}
        self._add("task_instance", **self._place, id=made, task_id=task_id, **at)
        if not place:
            self._tries.append((task_id, BEGAN, made))
        return made

    def _add(self, table: str, **values: Any) -> None:
        columns = self._tables()[table]
        values = {name: value for name, value in values.items() if name in columns.c}
        for one in columns.c:
            if not one.nullable and one.name not in values and one.default is None and one.server_default is None:
                values[one.name] = _filling(one)
        self._session.execute(columns.insert().values(**values))

    @staticmethod
    def _tables() -> Any:
        from airflow.models.base import Base

        return Base.metadata.tables


_numbers = iter(range(1, 1_000_000))


def _filling(column: Any) -> Any:
    if "date" in column.name or "time" in column.name or column.name.endswith("_at"):
        return BEGAN
    # Ids of task instances are UUIDs from Airflow 3 on.
    return uuid4() if "uuid" in type(column.type).__name__.lower() else next(_numbers)


@contextlib.contextmanager
def database(monkeypatch: pytest.MonkeyPatch, engine: Any = None) -> Iterator[Database]:
    """Give Airflow a database.

    :param engine: of SQLAlchemy, whose database has the tables; default: a new one in memory
    """
    from airflow.models import import_all_models
    from airflow.models.base import Base
    from airflow.utils import session as sessions
    from sqlalchemy import create_engine
    from sqlalchemy.orm import Session

    if engine is None:
        import_all_models()
        engine = create_engine("sqlite://")
        Base.metadata.create_all(
            engine, tables=[Base.metadata.tables[name] for name in TABLES if name in Base.metadata.tables]
        )
    with Session(engine) as made:
        monkeypatch.setattr(sessions, "create_session", lambda: contextlib.nullcontext(made))
        yield Database(made)
