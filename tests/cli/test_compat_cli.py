"""What the command line uses of Airflow is there in this Airflow, with the shape that is used."""

from __future__ import annotations

import contextlib
import inspect
import os
from argparse import Namespace
from collections.abc import Iterator

import pytest
from airflow import __version__ as airflow_version
from sqlalchemy.exc import OperationalError

from airflow_provider_mps.compat_cli import (
    DatabaseUnavailableError,
    Reading,
    stored_states,
    use_stored_connections,
    without_logs,
)
from tests.cli.database import Database

TASK_ID = "2600000000-WorkflowTask-1"
AIRFLOW = tuple(map(int, airflow_version.split(".")[:2]))


def test_what_is_kept_of_a_submission(tables: Database) -> None:
    if not tables.has_store:
        assert stored_states(TASK_ID, ["mps_submission"]) is None
        assert AIRFLOW < (3, 3)
        return
    tables.kept("make", {"task_id": TASK_ID})
    tables.kept("later", {"task_id": "another", "replaced": [TASK_ID]})
    tables.kept("known", {"task_id": "a third"})
    tables.kept("else", {"task_id": "a%third"})
    of = [("shop", "night-1", "known", -1)]
    found = stored_states(TASK_ID, ["mps_submission"], of)
    assert found is not None
    assert {one.task_id for one in found} == {"make", "later", "known"}
    assert {"task_id": TASK_ID} in [one.value for one in found]
    # What SQL takes for any letter is one letter.
    assert [one.task_id for one in stored_states("a%third", ["mps_submission"]) or []] == ["else"]
    assert stored_states(TASK_ID, ["aidge_submission"]) == []


def test_airflow_reads_its_connections_in_a_process_that_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_AIRFLOW_PROCESS_CONTEXT", "")
    use_stored_connections()
    assert os.environ["_AIRFLOW_PROCESS_CONTEXT"] == "server"
    if AIRFLOW >= (3, 2):
        from airflow.cli.commands import connection_command

        assert 'os.environ["_AIRFLOW_PROCESS_CONTEXT"] = "server"' in inspect.getsource(connection_command)


@pytest.mark.parametrize("verbose", [False, True])
def test_logs_are_dropped_unless_they_are_asked_for(verbose: bool, capfd: pytest.CaptureFixture[str]) -> None:
    from airflow_provider_mps.hooks.mps import MpsHook

    args = Namespace(verbose=verbose, log=MpsHook().log)
    assert without_logs(lambda given: given.log.warning("told") or 7, args) == 7
    if not verbose:
        assert "told" not in "".join(capfd.readouterr())


@pytest.mark.parametrize("lost_while", ["reading", "ending"])
def test_a_database_may_be_lost(monkeypatch: pytest.MonkeyPatch, lost_while: str) -> None:
    from airflow.utils import session as sessions

    def lost(what: str) -> OperationalError:
        return OperationalError(what, {"id": "a value"}, Exception(f"server closed the connection ({what})\nprobably"))

    @contextlib.contextmanager
    def losing() -> Iterator[None]:
        try:
            yield
        except OperationalError:
            raise lost("ROLLBACK") from None
        raise lost("COMMIT")

    monkeypatch.setattr(sessions, "create_session", losing)

    def read() -> None:
        with Reading():
            if lost_while == "reading":
                raise lost("SELECT")

    said = "SELECT" if lost_while == "reading" else "COMMIT"
    with pytest.raises(DatabaseUnavailableError, match=rf"^server closed the connection \({said}\)$"):
        read()


def test_what_is_no_error_of_the_database_stays_what_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    from airflow.utils import session as sessions

    @contextlib.contextmanager
    def losing() -> Iterator[None]:
        try:
            yield
        finally:
            raise OperationalError("ROLLBACK", {}, Exception("server closed the connection"))

    monkeypatch.setattr(sessions, "create_session", losing)
    with pytest.raises(KeyboardInterrupt), Reading():
        raise KeyboardInterrupt
