"""What is read in Airflow's own database: all of it that depends on its version.

Airflow has no public way to the values of many XComs at once: over its REST API each is a request of its own. Nothing
of the database is imported before it is used: plugins are loaded by workers too, which have none.

``tests/test_compat_database.py`` reads tables of the installed Airflow.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any, NamedTuple, TypeAlias

from airflow_provider_mps.compat import HAS_LOOPS, iteration_id

MAX_XCOM_BYTES = 8 * 1024 * 1024
"""No larger XCom is read, by the length of its JSON."""
MAX_XCOMS_BYTES = 32 * 1024 * 1024
"""No more than this is read of the XComs of a run, the small ones first."""

Place: TypeAlias = tuple[str, int, str]
"""Which task instance of a run it is: task, map index, iteration."""


class TaskRow(NamedTuple):
    """A task instance of a run.

    :param task_id: the task
    :param map_index: -1 where it is not mapped
    :param operator: name of its class
    :param state: as Airflow names it; empty for none yet
    :param started: seconds since the epoch; None where it has not begun
    :param iteration: see :class:`~airflow_provider_mps.core.airflow_task.TaskKey`
    :param turns: numbers of the iterations that it is in, that of the outermost loop first; empty outside of loops
    """

    task_id: str
    map_index: int
    operator: str
    state: str
    started: float | None
    iteration: str = ""
    turns: tuple[int, ...] = ()

    @property
    def place(self) -> Place:
        """Which instance of the run it is."""
        return self.task_id, self.map_index, self.iteration


class XComRow(NamedTuple):
    """What a task instance has told others.

    :param task_id: the task
    :param map_index: -1 where it is not mapped
    :param key: of the XCom
    :param value: what JSON has
    :param iteration: see :class:`TaskRow`
    :param turns: see :class:`TaskRow`
    """

    task_id: str
    map_index: int
    key: str
    value: Any
    iteration: str = ""
    turns: tuple[int, ...] = ()

    @property
    def place(self) -> Place:
        """Which instance of the run has told it."""
        return self.task_id, self.map_index, self.iteration


class RunRows(NamedTuple):
    """What the database of Airflow has of a run.

    :param state: of the run, as Airflow names it
    :param tasks: its task instances
    :param xcoms: what they have told others
    :param fields: their rendered fields, by place; Airflow keeps those of the last runs only, without secrets, and cuts
        long ones
    :param left_out: tasks with XComs that are not read, as they are too large
    """

    state: str
    tasks: list[TaskRow]
    xcoms: list[XComRow]
    fields: dict[Place, Mapping[str, Any]]
    left_out: Collection[str] = ()


class RunNote(NamedTuple):
    """A run that may have pictures.

    :param dag_id: its DAG
    :param run_id: its id
    :param state: as Airflow names it
    :param began: seconds since the epoch, of the first task that can have made one
    """

    dag_id: str
    run_id: str
    state: str
    began: float | None


def read_run(dag_id: str, run_id: str, keys: Collection[str]) -> RunRows | None:
    """Return what the database has of a run; None if there is no such run. For the API server: it blocks.

    :param keys: of the XComs
    """
    from airflow.models.dagrun import DagRun
    from airflow.utils.session import create_session
    from sqlalchemy import select

    with create_session() as session:
        state = session.scalar(select(DagRun.state).where(DagRun.dag_id == dag_id, DagRun.run_id == run_id))
        if state is None:
            return None
        run = _Run(session, dag_id, run_id)
        xcoms, left_out = run.xcoms(keys)
        return RunRows(state_name(state), list(run.tasks.values()), xcoms, run.fields(), left_out)


class _Run:
    """Reads what Airflow's tables have of a run.

    XComs and rendered fields belong to a try from Airflow 3.4 on, and to a task and a map index before that.

    :ivar tasks: its task instances, by what XComs and fields call them
    """

    def __init__(self, session: Any, dag_id: str, run_id: str) -> None:
        from airflow.models.taskinstance import TaskInstance

        self._session = session
        self._run = dag_id, run_id
        columns = [TaskInstance.task_id, TaskInstance.map_index]
        columns += [TaskInstance.operator, TaskInstance.state, TaskInstance.start_date]
        if HAS_LOOPS:
            columns += [TaskInstance.id, TaskInstance.region_id]
        regions = regions_of(session, dag_id, run_id) if HAS_LOOPS else {}
        self.tasks: dict[Any, TaskRow] = {}
        for task_id, index, operator, state, started, *known_as in session.execute(self._of(TaskInstance, *columns)):
            place = place_of(task_id, known_as[1] if known_as else None, index, regions)
            row = TaskRow(task_id, place[0], operator or "", state_name(state), epoch_seconds(started), *place[1:])
            self.tasks[known_as[0] if known_as else (task_id, index)] = row

    def xcoms(self, keys: Collection[str]) -> tuple[list[XComRow], list[str]]:
        """Return the XComs with these keys, and the tasks with some that are too large."""
        from airflow.models.xcom import XComModel as XCom
        from sqlalchemy import Text, cast, func

        text = cast(XCom.value, Text)
        size = func.coalesce(func.length(text), 0)
        owner = (XCom.task_instance_id,) if HAS_LOOPS else (XCom.task_id, XCom.map_index)
        asked = self._of(XCom, XCom.task_id, size).where(XCom.key.in_(keys))
        if HAS_LOOPS:
            # Those of earlier tries are kept.
            asked = asked.where(XCom.task_instance_id.in_(self._instances()))
        asked = asked.order_by(size, *owner, XCom.key)
        count, taken, left_out = 0, 0, set()
        for task_id, one in self._session.execute(asked):
            taken += one
            if one <= MAX_XCOM_BYTES and taken <= MAX_XCOMS_BYTES:
                count += 1
            else:
                left_out.add(task_id)
        query = asked.where(size <= MAX_XCOM_BYTES).limit(count).with_only_columns(XCom.key, text, *owner)
        rows = self._session.execute(query.execution_options(yield_per=20))
        return [self._told(row[0], row[1], row[2:]) for row in rows], sorted(left_out)

    def fields(self) -> dict[Place, Mapping[str, Any]]:
        """Return the rendered fields of the task instances, by place."""
        from airflow.models.renderedtifields import RenderedTaskInstanceFields as Fields
        from sqlalchemy import select

        if not HAS_LOOPS:
            rows = self._session.execute(self._of(Fields, Fields.task_id, Fields.map_index, Fields.rendered_fields))
            return {(one[0], one[1], ""): one[2] for one in rows if isinstance(one[2], Mapping)}
        query = select(Fields.task_instance_id, Fields.rendered_fields)
        found: dict[Place, Mapping[str, Any]] = {}
        for part in (self._old_fields(), query.where(Fields.task_instance_id.in_(self._instances()))):
            for instance, fields in self._session.execute(part):
                if instance in self.tasks and isinstance(fields, Mapping):
                    found[self.tasks[instance].place] = fields
        return found

    def _old_fields(self) -> Any:
        """Return the query for those from before an upgrade to Airflow 3.4."""
        from airflow.models.renderedtifields import LegacyRenderedTaskInstanceFields as Old  # type: ignore[attr-defined]
        from airflow.models.taskinstance import LegacyTaskDataOwner as Owner  # type: ignore[attr-defined]

        query = self._of(Owner, Owner.task_instance_id, Old.rendered_fields)
        for name in ("dag_id", "run_id", "task_id", "map_index"):
            query = query.where(getattr(Owner, name) == getattr(Old, name))
        return query

    def _instances(self) -> Any:
        from airflow.models.taskinstance import TaskInstance

        return self._of(TaskInstance, TaskInstance.id)

    def _of(self, table: Any, *columns: Any) -> Any:
        from sqlalchemy import select

        dag_id, run_id = self._run
        return select(*columns).where(table.dag_id == dag_id, table.run_id == run_id)

    def _told(self, key: str, text: str | None, owner: Any) -> XComRow:
        task = self.tasks.get(owner[0] if HAS_LOOPS else tuple(owner))
        place = (*owner, "", ()) if task is None else (*task.place, task.turns)
        return XComRow(place[0], place[1], key, _json(text), *place[2:])


class _Region(NamedTuple):
    """A loop, or an expansion of a mapped task, and where it is."""

    node_id: str
    parent: Any
    parent_index: int | None


def regions_of(session: Any, dag_id: str, *run_ids: str) -> dict[Any, _Region]:
    """Return the loops of runs, and the expansions of their mapped tasks, by id (Airflow 3.4 and newer)."""
    from airflow.models.dynamic_region import DynamicRegion as Region  # type: ignore[import-not-found]
    from sqlalchemy import select

    columns = (Region.id, Region.node_id, Region.parent_region_id, Region.parent_region_index)
    rows = session.execute(select(*columns).where(Region.dag_id == dag_id, Region.run_id.in_(run_ids)))
    return {row[0]: _Region(*row[1:]) for row in rows}


def place_of(task_id: str, region: Any, index: int, regions: Mapping[Any, _Region]) -> tuple[int, str, tuple[int, ...]]:
    """Return map index, iteration and numbers of iterations of a task instance.

    A mapped task has a region of its own, which is called like it; all regions around that are loops.
    """
    if region not in regions:
        return index, "", ()
    map_index = -1
    turns: list[int] = []
    inner: tuple[Any, int | None] = region, index
    while (one := regions.get(inner[0])) is not None:
        if one.node_id == task_id:
            map_index = inner[1] if inner[1] is not None else -1
        else:
            turns.insert(0, inner[1] or 0)
        inner = one.parent, one.parent_index
    return map_index, iteration_id(region, index) if turns else "", tuple(turns)


def read_tasks(session: Any, run: Any) -> list[dict[str, Any]]:
    """Return the task instances of a DAG run as JSON has them, on any version of Airflow.

    Each has ``task_id``, ``map_index``, ``turns`` (see :class:`TaskRow`), ``state``, ``try_number``, ``rendered`` (its
    fields, or None) and ``xcoms`` (objects by key).

    :param session: of Airflow's database
    :param run: the DAG run
    """
    from airflow.models.renderedtifields import RenderedTaskInstanceFields

    regions = regions_of(session, run.dag_id, run.run_id) if HAS_LOOPS else {}
    found = []
    for ti in run.get_task_instances(session=session):
        map_index, _, turns = place_of(ti.task_id, getattr(ti, "region_id", None), ti.map_index, regions)
        one = {"task_id": ti.task_id, "map_index": map_index, "turns": turns}
        one |= {"state": str(ti.state), "try_number": ti.try_number}
        one["rendered"] = RenderedTaskInstanceFields.get_templated_fields(ti, session=session)
        found.append({**one, "xcoms": _objects(session, ti)})
    return sorted(found, key=lambda one: (one["task_id"], one["turns"], one["map_index"]))


def _objects(session: Any, ti: Any) -> dict[str, Any]:
    """Return the XComs of a task instance."""
    from sqlalchemy import select

    where = {"dag_id": ti.dag_id, "task_id": ti.task_id, "run_id": ti.run_id, "map_index": ti.map_index}
    try:
        from airflow.models.xcom import XComModel
    except ImportError:
        # Airflow 2 has the values deserialized when they are loaded.
        from airflow.models.xcom import BaseXCom

        return {row.key: row.value for row in session.scalars(select(BaseXCom).filter_by(**where))}
    if HAS_LOOPS:
        where = {"task_instance_id": ti.id}
    return {row.key: XComModel.deserialize_value(row) for row in session.scalars(select(XComModel).filter_by(**where))}


def _json(text: str | None) -> Any:
    """Return the value of an XCom as JSON; None for one that cannot be read.

    ``XComModel.deserialize_value`` would import the classes that other people's tasks have told of, or fail for them.
    """
    try:
        value = None if text is None else json.loads(text)
        # Some ways into the database make a text of a value first; what looks like a number stays the text it was.
        if isinstance(value, str) and value[:1] in ("{", "["):
            return _json_in_text(value)
    except (ValueError, RecursionError):
        return None
    return value


def _json_in_text(value: str) -> Any:
    try:
        return json.loads(value)
    except ValueError:
        return value


def recent_runs(dag_ids: Collection[str], operators: Collection[str], limit: int) -> list[RunNote]:
    """Return the last runs with a task of one of these kinds, the newest first. For the API server: it blocks.

    :param dag_ids: of these DAGs
    :param operators: names of the classes
    :param limit: how many
    """
    from airflow.models.dagrun import DagRun
    from airflow.models.taskinstance import TaskInstance
    from airflow.utils.session import create_session
    from sqlalchemy import func, select

    began = func.min(TaskInstance.start_date)
    query = (
        select(DagRun.dag_id, DagRun.run_id, DagRun.state, began)
        .join(TaskInstance, (TaskInstance.dag_id == DagRun.dag_id) & (TaskInstance.run_id == DagRun.run_id))
        .where(DagRun.dag_id.in_(dag_ids), TaskInstance.operator.in_(operators), TaskInstance.start_date.is_not(None))
        .group_by(DagRun.dag_id, DagRun.run_id, DagRun.state)
        .order_by(began.desc())
        .limit(limit)
    )
    with create_session() as session:
        return [RunNote(one[0], one[1], state_name(one[2]), epoch_seconds(one[3])) for one in session.execute(query)]


def state_name(state: Any) -> str:
    """Return a state as Airflow names it; empty for none yet."""
    return str(getattr(state, "value", state) or "")


def epoch_seconds(moment: Any) -> float | None:
    """Return a time of the database as seconds since the epoch."""
    return None if moment is None else float(moment.timestamp())
