"""What pages of a plugin need of Airflow's API server, 3.1 and newer: all of it that depends on its version.

Nothing of the server is imported before it is used: plugins are loaded by workers too.

``tests/test_compat_server.py`` asks the installed Airflow for each name, with the shape that is used.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

MAX_XCOM_BYTES = 8 * 1024 * 1024
"""No larger XCom is read, by the length of its JSON."""
MAX_XCOMS_BYTES = 32 * 1024 * 1024
"""No more than this is read of the XComs of a run, the small ones first."""


class TaskRow(NamedTuple):
    """A task instance of a run.

    :param task_id: the task
    :param map_index: -1 where it is not mapped
    :param operator: name of its class
    :param state: as Airflow names it; empty for none yet
    :param started: seconds since the epoch; None where it has not begun
    """

    task_id: str
    map_index: int
    operator: str
    state: str
    started: float | None


class XComRow(NamedTuple):
    """What a task instance has told others.

    :param task_id: the task
    :param map_index: -1 where it is not mapped
    :param key: of the XCom
    :param value: what JSON has
    """

    task_id: str
    map_index: int
    key: str
    value: Any


class RunRows(NamedTuple):
    """What the database of Airflow has of a run.

    :param state: of the run, as Airflow names it
    :param tasks: its task instances
    :param xcoms: what they have told others
    :param fields: their rendered fields, by task and map index; Airflow keeps those of the last runs only, without
        secrets, and cuts long ones
    :param left_out: tasks with XComs that are not read, as they are too large
    """

    state: str
    tasks: list[TaskRow]
    xcoms: list[XComRow]
    fields: dict[tuple[str, int], Mapping[str, Any]]
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

    Airflow has no public way to the values of many XComs at once: over its REST API each is a request of its own.

    :param keys: of the XComs
    """
    from airflow.models.dagrun import DagRun
    from airflow.models.renderedtifields import RenderedTaskInstanceFields as Fields
    from airflow.models.taskinstance import TaskInstance
    from airflow.utils.session import create_session
    from sqlalchemy import select

    asked = (TaskInstance.task_id, TaskInstance.map_index, TaskInstance.operator, TaskInstance.state)
    with create_session() as session:
        state = session.scalar(select(DagRun.state).where(DagRun.dag_id == dag_id, DagRun.run_id == run_id))
        if state is None:
            return None
        tasks = select(*asked, TaskInstance.start_date).where(
            TaskInstance.dag_id == dag_id, TaskInstance.run_id == run_id
        )
        fields = select(Fields.task_id, Fields.map_index, Fields.rendered_fields).where(
            Fields.dag_id == dag_id, Fields.run_id == run_id
        )
        xcoms, left_out = _xcoms(session, dag_id, run_id, keys)
        return RunRows(
            _word(state),
            [TaskRow(one[0], one[1], one[2] or "", _word(one[3]), _seconds(one[4])) for one in session.execute(tasks)],
            xcoms,
            {(one[0], one[1]): one[2] for one in session.execute(fields) if isinstance(one[2], Mapping)},
            left_out,
        )


def _xcoms(session: Any, dag_id: str, run_id: str, keys: Collection[str]) -> tuple[list[XComRow], list[str]]:
    """Return the XComs of a run, and the tasks with some that are too large."""
    from airflow.models.xcom import XComModel as XCom
    from sqlalchemy import Text, cast, func, select

    text = cast(XCom.value, Text)
    size = func.coalesce(func.length(text), 0)
    asked = (XCom.dag_id == dag_id, XCom.run_id == run_id, XCom.key.in_(keys))
    order = (size, XCom.task_id, XCom.map_index, XCom.key)
    count, taken, left_out = 0, 0, set()
    for task_id, one in session.execute(select(XCom.task_id, size).where(*asked).order_by(*order)):
        taken += one
        if one <= MAX_XCOM_BYTES and taken <= MAX_XCOMS_BYTES:
            count += 1
        else:
            left_out.add(task_id)
    columns = (XCom.task_id, XCom.map_index, XCom.key, text)
    query = select(*columns).where(*asked, size <= MAX_XCOM_BYTES).order_by(*order).limit(count)
    rows = session.execute(query.execution_options(yield_per=20))
    return [XComRow(one[0], one[1], one[2], _json(one[3])) for one in rows], sorted(left_out)


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
        return [RunNote(one[0], one[1], _word(one[2]), _seconds(one[3])) for one in session.execute(query)]


def _word(state: Any) -> str:
    return str(getattr(state, "value", state) or "")


def _seconds(moment: Any) -> float | None:
    return None if moment is None else float(moment.timestamp())


def may_read_xcoms() -> list[Any]:
    """Return dependencies of a route that let in who may read the XComs, and the tasks, of the DAG asked for.

    A route without them is open to everybody: an app of a plugin has no rights of its own. They read ``dag_id`` of the
    path or of the query, and answer 401 or 403.
    """
    from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity
    from airflow.api_fastapi.core_api.security import requires_access_dag
    from fastapi import Depends

    # Rendered fields are shown too, and these belong to the task instance.
    return [
        Depends(requires_access_dag(method="GET", access_entity=entity))
        for entity in (DagAccessEntity.XCOM, DagAccessEntity.TASK_INSTANCE)
    ]


def known_user() -> Any:
    """Return the dependency that gives who asks; it answers 401 where nobody has logged in."""
    from airflow.api_fastapi.core_api.security import get_user
    from fastapi import Depends

    return Depends(get_user)


def readable_dags(user: Any) -> set[str]:
    """Return the ids of the DAGs whose XComs, and tasks, a user may read. It blocks."""
    from airflow.api_fastapi.app import get_auth_manager
    from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity, DagDetails
    from airflow.models.dag import DagModel

    manager = get_auth_manager()

    def may_read(dag_id: str, entity: DagAccessEntity) -> bool:
        details = DagDetails(id=dag_id, team_name=DagModel.get_team_name(dag_id))
        return bool(manager.is_authorized_dag(method="GET", access_entity=entity, details=details, user=user))

    return {
        dag_id
        for dag_id in manager.get_authorized_dag_ids(user=user, method="GET")
        if may_read(dag_id, DagAccessEntity.XCOM) and may_read(dag_id, DagAccessEntity.TASK_INSTANCE)
    }
