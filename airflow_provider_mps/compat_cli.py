"""What the command line needs of Airflow: connections, quiet logs, what its database keeps for tasks; by version.

Nothing of Airflow's server is imported before it is used: ``airflow --help`` loads what is about commands.

``tests/cli/test_compat_cli.py`` asks the installed Airflow for each name, with the shape that is used.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Collection, Iterable
from typing import Any, NamedTuple

from airflow_provider_mps.compat import HAS_LOOPS

NEWEST_RECORDS = 200_000
"""No more records of submissions are looked through, those first that were written last."""
MOST_STORED = 20
"""Of no more Airflow tasks it is told what they keep."""


class DatabaseUnavailableError(Exception):
    """Airflow's database cannot be reached, or is one of another version.

    :param reason: what it said, in one line
    """


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
        .limit(MOST_STORED)
    )
    with Reading() as session:
        return [StoredState(one[0], one[1], one[2], one[3], json_of(one[4])) for one in session.execute(query)]


class Reading:
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

        try:
            self._made.__exit__(kind, error, trace)
        except SQLAlchemyError as ended:
            # A connection that is lost cannot be rolled back either; what is no error of the database stays what it is.
            error = error or ended
        # A column that is not there, in this database or in this Airflow, says the same.
        if isinstance(error, SQLAlchemyError | AttributeError | KeyError | ImportError):
            raise _unavailable(error) from None


def _unavailable(error: Exception) -> DatabaseUnavailableError:
    # What follows the first line is the query, with its parameters.
    said = str(getattr(error, "orig", None) or error).strip()
    return DatabaseUnavailableError(said.splitlines()[0] if said else type(error).__name__)


def json_of(text: Any) -> Any:
    """Return what JSON has; the text itself where it is none."""
    if not isinstance(text, str | bytes):
        return text
    try:
        found = json.loads(text)
        # Some ways into the database make a text of a value first.
        return json.loads(found) if isinstance(found, str) and found[:1] == "{" else found
    except (ValueError, RecursionError):
        return text
