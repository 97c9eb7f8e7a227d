"""What the command line needs of Airflow: connections, quiet logs, what its database has of a task; by version.

Nothing of Airflow's server is imported before it is used: ``airflow --help`` loads what is about commands.

``tests/cli/test_compat_cli.py`` asks the installed Airflow for each name, with the shape that is used.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from airflow_provider_mps.compat import HAS_LOOPS
from airflow_provider_mps.compat_database import epoch_seconds, place_of, regions_of, state_name

NEWEST_XCOMS = 200_000
"""No more ids of tasks are looked through, the newest first."""
NEWEST_RECORDS = 200_000
"""No more records of submissions are looked through, those first that were written last."""
MOST_MAKERS = 20
"""Of no more Airflow tasks it is told that they know an id."""


class DatabaseUnavailableError(Exception):
    """Airflow's database cannot be reached, or is one of another version.

    :param reason: what it said, in one line
    """


class Maker(NamedTuple):
    """A task instance that has told others of a service's task.

    :param dag_id: its DAG
    :param run_id: its run
    :param task_id: its id in the DAG
    :param map_index: -1 where it is not mapped
    :param key: of the XCom that has the id
    :param told_at: when it told, seconds since the epoch
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


class StoredState(NamedTuple):
    """What a task keeps in Airflow's state store, 3.3 and newer.

    :param dag_id: its DAG
    :param run_id: its run
    :param task_id: its id in the DAG
    :param map_index: -1 where it is not mapped; in a loop the number of the iteration
    :param value: what JSON has; a text where another backend keeps the value
    """

    dag_id: str
    run_id: str
    task_id: str
    map_index: int
    value: Any


def use_stored_connections() -> None:
    """Let hooks of this process find the connections in Airflow's database, as ``airflow connections test`` does.

    Airflow 3 looks there only in processes that say so.
    """
    os.environ["_AIRFLOW_PROCESS_CONTEXT"] = "server"


def without_logs(function: Callable[[Any], Any], args: Any) -> Any:
    """Call a command with its arguments, and drop what is logged meanwhile unless ``args.verbose``.

    Airflow's own commands do so, with a function that returns nothing.
    """
    from airflow.utils.cli import suppress_logs_and_warning

    found: list[Any] = []
    suppress_logs_and_warning(lambda given: found.append(function(given)))(args)
    return found[0]


def makers_of(service_task_id: str, keys: Collection[str], error_key: str) -> list[Maker]:
    """Return the task instances that have told of a service's task, the last one first. It blocks.

    XComs of a try are cleared when the next one begins, so of several tries the last one is known.

    :param keys: of the XComs that have such ids
    :param error_key: of the XCom that tells why a try has failed
    :raises DatabaseUnavailableError: the database does not answer, or is another version's
    """
    with _Reading() as session:
        rows = _told(session, service_task_id, keys)
        read = _maker_of_try if HAS_LOOPS else _maker
        return [read(session, row, error_key) for row in rows]


def stored_states(
    service_task_id: str, keys: Collection[str], of: Iterable[tuple[str, str, str, int]] = ()
) -> list[StoredState] | None:
    """Return what the state store has in which an id stands, or that is of certain task instances. It blocks.

    :param keys: names of the records
    :param of: dag, run, task and map index of task instances
    :return: the newest first; None where this Airflow has no such store
    :raises DatabaseUnavailableError: the database does not answer, or is another version's
    """
    try:
        from airflow.models.task_state_store import TaskStateStoreModel as Row
    except ImportError:
        return None
    from sqlalchemy import and_, or_, select

    newest = select(Row.id).where(Row.key.in_(keys)).order_by(Row.updated_at.desc()).limit(NEWEST_RECORDS)
    names = newest.subquery()
    index = Row.__table__.c["region_index" if HAS_LOOPS else "map_index"]
    asked = [and_(Row.dag_id == d, Row.run_id == r, Row.task_id == t, index == m) for d, r, t, m in of]
    # A record is of a kilobyte; what is no record is sorted out by whoever reads it.
    holds = Row.value.contains(service_task_id, autoescape=True)
    query = (
        select(Row.dag_id, Row.run_id, Row.task_id, index, Row.value)
        .where(Row.id.in_(select(names.c.id)), or_(holds, *asked))
        .order_by(Row.updated_at.desc())
        .limit(MOST_MAKERS)
    )
    with _Reading() as session:
        return [StoredState(one[0], one[1], one[2], one[3], _json(one[4])) for one in session.execute(query)]


class _Reading:
    """A session, and one kind of error for all that goes wrong with it."""

    def __enter__(self) -> Any:
        from airflow.utils.session import create_session

        self._made = create_session()
        try:
            return self._made.__enter__()
        except Exception as error:
            raise _unavailable(error) from None

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        from sqlalchemy.exc import SQLAlchemyError

        self._made.__exit__(kind, error, trace)
        # A column that is not there, in this database or in this Airflow, says the same.
        if isinstance(error, SQLAlchemyError | AttributeError | KeyError | ImportError):
            raise _unavailable(error) from None


def _unavailable(error: Exception) -> DatabaseUnavailableError:
    # What follows the first line is the query, with its parameters.
    said = str(getattr(error, "orig", None) or error).strip()
    return DatabaseUnavailableError(said.splitlines()[0] if said else type(error).__name__)


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
    from airflow.models.taskinstancehistory import TaskInstanceHistory
    from sqlalchemy import select

    def of(model: Any, *names: str) -> Any:
        columns = model.__table__.c
        return select(*(columns[name] for name in names)).where(
            columns.dag_id == row.dag_id,
            columns.run_id == row.run_id,
            columns.task_id == row.task_id,
            columns.map_index == row.map_index,
        )

    now = session.execute(of(TaskInstance, "try_number", "start_date", "state", "operator")).first()
    tries = [
        (one.try_number, one.start_date) for one in session.execute(of(TaskInstanceHistory, "try_number", "start_date"))
    ]
    tries += [(now.try_number, now.start_date)] if now is not None else []
    fields = session.scalar(of(Fields, "rendered_fields"))
    xcoms = _xcoms()
    error = _json(session.scalar(of(xcoms, "value").where(xcoms.__table__.c.key == error_key)))
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


def _maker_of_try(session: Any, row: Any, error_key: str) -> Maker:
    """Return who has told an XCom from Airflow 3.4 on: there a try is a task instance, and the last one is at work."""
    from airflow.models.renderedtifields import RenderedTaskInstanceFields as Fields
    from airflow.models.taskinstance import TaskInstance
    from sqlalchemy import select

    xcoms, columns = _xcoms().__table__.c, TaskInstance.__table__.c
    place = ("dag_id", "run_id", "task_id", "region_id", "region_index")
    told = session.execute(select(columns).where(columns.id == row.task_instance_id)).mappings().one()
    tries = select(columns).where(*(columns[name] == told[name] for name in place)).order_by(columns.try_number.desc())
    last = session.execute(tries.limit(1)).mappings().one()
    regions = regions_of(session, row.dag_id, row.run_id)
    map_index, _, turns = place_of(row.task_id, told["region_id"], told["region_index"], regions)
    asked = xcoms.task_instance_id == last["id"], xcoms.key == error_key
    error = _json(session.scalar(select(xcoms.value).where(*asked)))
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


def _try_at(tries: Iterable[tuple[int, Any]], moment: Any) -> int | None:
    """Return the number of the try that had begun last at a time; None where that is not known."""
    known = list(tries)
    if [number for number, _ in known] == [1]:
        # There has been no other; "airflow dags test" of Airflow 2 does not say when it began.
        return 1
    begun = [(start, number) for number, start in known if start is not None and start <= moment]
    return max(begun)[1] if begun else None


def _json(text: Any) -> Any:
    if not isinstance(text, str | bytes):
        return text
    try:
        found = json.loads(text)
        # Some ways into the database make a text of a value first.
        return json.loads(found) if isinstance(found, str) and found[:1] == "{" else found
    except (ValueError, RecursionError):
        return text
