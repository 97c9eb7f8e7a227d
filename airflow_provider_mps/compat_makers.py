"""Which Airflow task a service's task is of, as Airflow's database tells it, by version.

``tests/cli/test_compat_makers.py`` asks the installed Airflow.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import Any, NamedTuple

from airflow_provider_mps.compat import HAS_LOOPS
from airflow_provider_mps.compat_cli import Reading, json_of
from airflow_provider_mps.compat_database import epoch_seconds, place_of, regions_of, state_name
from airflow_provider_mps.core.airflow_task import TaskKey

NEWEST_XCOMS = 200_000
"""No more ids of tasks are looked through, the newest first."""
MOST_MAKERS = 20
"""Of no more Airflow tasks it is told that they know an id."""
NEWEST_INSTANCES = 20_000
"""No more task instances are looked through for whose a batch is, those first that began last."""
# As many are looked at in one go: a database takes only so many names in a question.
_PAGE = 500


class Maker(NamedTuple):
    """A task instance that has told others of a service's task.

    :param dag_id: its DAG
    :param run_id: its run
    :param task_id: its id in the DAG
    :param map_index: -1 where it is not mapped
    :param key: of the XCom that has the id
    :param told_at: when it told, seconds since the epoch; None where it has told nobody, and it is known by its record
    :param try_number: in which try; None where that is not known any more
    :param tries: how many tries there have been so far
    :param state: of the task instance now, as Airflow names it
    :param operator: name of its class
    :param fields: its rendered fields; empty where Airflow has dropped them
    :param error: what the last try has failed with, by the XCom for that; empty where it has not
    :param turns: numbers of the iterations that it is in, that of the outermost loop first; empty outside of loops
    """

    dag_id: str
    run_id: str
    task_id: str
    map_index: int
    key: str
    told_at: float | None
    try_number: int | None
    tries: int | None
    state: str
    operator: str
    fields: Mapping[str, Any]
    error: Mapping[str, Any] = {}
    turns: tuple[int, ...] = ()


def makers_of(service_task_id: str, keys: Collection[str], error_key: str) -> list[Maker]:
    """Return the task instances that have told of a service's task, the last one first. It blocks.

    XComs of a try are cleared when the next one begins, so of several tries the last one is known.

    :param keys: of the XComs that have such ids
    :param error_key: of the XCom that tells why a try has failed
    :raises DatabaseUnavailableError: the database does not answer, or is another version's
    """
    with Reading() as session:
        rows = _told(session, service_task_id, keys)
        read = _maker_of_try if HAS_LOOPS else _maker
        return [read(session, row, error_key) for row in rows]


def maker_of_record(is_whose: Callable[[TaskKey], bool], names: tuple[str, str], intent: float | None) -> Maker | None:
    """Return the task instance that keeps a record whose name is made of it; None if there is none. It blocks.

    :param is_whose: whether the record is that of a task instance
    :param names: DAG and task in the name of the record, where a ``_`` may stand for other letters
    :param intent: when it submitted, seconds since the epoch; None where that is not known
    :raises DatabaseUnavailableError: the database does not answer, or is another version's
    """
    # A record may have been changed by hand: no date is later than this.
    moment = datetime.fromtimestamp(min(max(intent or 0.0, 0.0), _LAST), UTC)
    with Reading() as session:
        row = next((row for row, key in _instances(session, *names) if is_whose(key)), None)
        if row is None:
            return None
        told = _Told(row[0], row[1], row[2], row[3], "", moment, row.id if HAS_LOOPS else None)
        maker = (_maker_of_try if HAS_LOOPS else _maker)(session, told, "")
        begun = _begun_by(_tries(session, told), moment)
    # What a batch was told is cut, and is about all of its pictures.
    return maker._replace(told_at=None, fields={}, try_number=begun)


_LAST = datetime(9999, 1, 1, tzinfo=UTC).timestamp()


class _Told(NamedTuple):
    """What is read of an XCom, for a task instance that need not have one."""

    dag_id: str
    run_id: str
    task_id: str
    map_index: int
    key: str
    timestamp: datetime
    task_instance_id: Any


def _instances(session: Any, dag_id: str, task_id: str) -> Iterator[tuple[Any, TaskKey]]:
    """Yield task instances whose ids may be written so, each with what names are made of."""
    from airflow.models.taskinstance import TaskInstance
    from sqlalchemy import select

    columns = TaskInstance.__table__.c
    names = ["dag_id", "run_id", "task_id", "region_index" if HAS_LOOPS else "map_index", "start_date"]
    names += ["id", "region_id"] if HAS_LOOPS else []
    query = (
        select(*(columns[name] for name in names))
        .where(columns.dag_id.like(dag_id.replace("_", "%")), columns.task_id.like(task_id.replace("_", "%")))
        # PostgreSQL has those first that have not begun, unless it is told otherwise.
        .order_by(columns.start_date.is_(None), columns.start_date.desc())
        .limit(NEWEST_INSTANCES)
    )
    rows = iter(session.execute(query.execution_options(include_all_attempts=True)).all())
    while page := list(islice(rows, _PAGE)):
        regions = _regions_around(session, page) if HAS_LOOPS else {}
        for row in page:
            map_index, iteration, _ = place_of(row.task_id, row.region_id if HAS_LOOPS else None, row[3], regions)
            yield row, TaskKey(row.dag_id, row.task_id, row.run_id, map_index, iteration)


def _regions_around(session: Any, rows: Iterable[Any]) -> dict[Any, Any]:
    """Return the regions of the runs of task instances that are in one, by few questions."""
    runs: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        if row.region_id.int:
            runs[row.dag_id].add(row.run_id)
    return {name: one for dag_id, ids in runs.items() for name, one in regions_of(session, dag_id, *ids).items()}


def _told(session: Any, service_task_id: str, keys: Collection[str]) -> Sequence[Any]:
    """Return the XComs that have an id, as rows of dag, run, task, map index, key, time and try; the newest first.

    They have the id of a try from Airflow 3.4 on, where they belong to one.
    """
    from sqlalchemy import LargeBinary, Text, cast, select

    columns = _xcoms().__table__.c
    names = ["dag_id", "run_id", "task_id", "map_index", "key", "timestamp"]
    names += ["task_instance_id"] if HAS_LOOPS else []
    newest = (
        select(*(columns[name] for name in names), columns.value)
        .where(columns.key.in_(keys))
        .order_by(columns.timestamp.desc())
        .limit(NEWEST_XCOMS)
        .subquery()
    )
    # Some ways into the database make a text of a value first.
    spellings = json.dumps(service_task_id), json.dumps(json.dumps(service_task_id))
    if isinstance(columns.value.type, LargeBinary):
        is_it = newest.c.value.in_([one.encode() for one in spellings])
    else:
        is_it = cast(newest.c.value, Text).in_(spellings)
    found = newest.c
    query = select(*(found[name] for name in names)).where(is_it).order_by(found.timestamp.desc()).limit(MOST_MAKERS)
    # Airflow 3.4 leaves out the tries that are over, unless it is asked for them.
    return list(session.execute(query.execution_options(include_all_attempts=True)))


def _xcoms() -> Any:
    try:
        from airflow.models.xcom import XComModel
    except ImportError:
        # Airflow 2, which keeps bytes
        from airflow.models.xcom import BaseXCom

        return BaseXCom
    return XComModel


def _maker(session: Any, row: Any, error_key: str) -> Maker:
    from airflow.models.renderedtifields import RenderedTaskInstanceFields as Fields
    from airflow.models.taskinstance import TaskInstance

    now = session.execute(_of_instance(row, TaskInstance, "state", "operator")).first()
    tries = _tries(session, row)
    fields = session.scalar(_of_instance(row, Fields, "rendered_fields"))
    xcoms = _xcoms()
    error = json_of(session.scalar(_of_instance(row, xcoms, "value").where(xcoms.__table__.c.key == error_key)))
    return Maker(
        row.dag_id,
        row.run_id,
        row.task_id,
        row.map_index,
        row.key,
        epoch_seconds(row.timestamp),
        _try_at(tries, row.timestamp),
        max((number for number, _ in tries), default=None),
        state_name(now.state) if now is not None else "",
        (now.operator or "") if now is not None else "",
        fields if isinstance(fields, Mapping) else {},
        error if isinstance(error, Mapping) else {},
    )


def _of_instance(row: Any, model: Any, *names: str) -> Any:
    """Return the query for columns of a task instance, as it is named in tables before Airflow 3.4."""
    from sqlalchemy import select

    columns = model.__table__.c
    place = ("dag_id", "run_id", "task_id", "map_index")
    return select(*(columns[name] for name in names)).where(*(columns[name] == getattr(row, name) for name in place))


def _tries(session: Any, row: Any) -> list[tuple[int, Any]]:
    """Return number and begin of each try of a task instance, as far as they are known."""
    from airflow.models.taskinstance import TaskInstance

    names = "try_number", "start_date"
    if HAS_LOOPS:
        columns = (TaskInstance.__table__.c[name] for name in names)
        query = _tries_of(session, row.task_instance_id)[1].with_only_columns(*columns)
        return [(one[0], one[1]) for one in session.execute(query.execution_options(include_all_attempts=True))]
    from airflow.models.taskinstancehistory import TaskInstanceHistory

    queries = [_of_instance(row, model, *names) for model in (TaskInstanceHistory, TaskInstance)]
    return [(one[0], one[1]) for query in queries for one in session.execute(query)]


def _maker_of_try(session: Any, row: Any, error_key: str) -> Maker:
    """Return who has told an XCom from Airflow 3.4 on: there a try is a task instance, and the last one is at work."""
    from airflow.models.renderedtifields import RenderedTaskInstanceFields as Fields
    from sqlalchemy import select

    xcoms = _xcoms().__table__.c
    told, tries = _tries_of(session, row.task_instance_id)
    last = session.execute(tries.limit(1)).mappings().one()
    regions = regions_of(session, row.dag_id, row.run_id)
    map_index, _, turns = place_of(row.task_id, told["region_id"], told["region_index"], regions)
    asked = xcoms.task_instance_id == last["id"], xcoms.key == error_key
    error = json_of(session.scalar(select(xcoms.value).where(*asked)))
    fields = session.scalar(select(Fields.rendered_fields).where(Fields.task_instance_id == told["id"]))
    return Maker(
        row.dag_id,
        row.run_id,
        row.task_id,
        map_index,
        row.key,
        epoch_seconds(row.timestamp),
        told["try_number"],
        last["try_number"],
        state_name(last["state"]),
        last["operator"] or "",
        fields if isinstance(fields, Mapping) else {},
        error if isinstance(error, Mapping) else {},
        turns,
    )


def _tries_of(session: Any, instance: Any) -> tuple[Any, Any]:
    """Return a try, and the query for all tries of its task instance, the last one first (Airflow 3.4 and newer)."""
    from airflow.models.taskinstance import TaskInstance
    from sqlalchemy import select

    columns = TaskInstance.__table__.c
    place = ("dag_id", "run_id", "task_id", "region_id", "region_index")
    one = session.execute(select(columns).where(columns.id == instance)).mappings().one()
    tries = select(columns).where(*(columns[name] == one[name] for name in place))
    return one, tries.order_by(columns.try_number.desc())


def _try_at(tries: Sequence[tuple[int, Any]], moment: Any) -> int | None:
    """Return the number of the try that told an XCom at a time; None where that is not known."""
    # There has been no other, whatever the clocks say.
    return 1 if [number for number, _ in tries] == [1] else _begun_by(tries, moment)


def _begun_by(tries: Sequence[tuple[int, Any]], moment: Any) -> int | None:
    """Return the number of the try that had begun last at a time; None where that is not known."""
    if [*tries] == [(1, None)]:
        # "airflow dags test" of Airflow 2 does not say when it began.
        return 1
    # One that is queued has the begin of the one before it.
    begun = [(start, -number) for number, start in tries if start is not None and start <= moment]
    return -max(begun)[1] if begun else None
