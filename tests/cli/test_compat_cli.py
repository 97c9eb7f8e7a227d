"""What the command line uses of Airflow is there in this Airflow, with the shape that is used."""

from __future__ import annotations

import inspect
import os
from argparse import Namespace
from collections.abc import Iterator

import pytest
from airflow import __version__ as airflow_version

from airflow_provider_mps import compat_cli
from airflow_provider_mps.compat import HAS_LOOPS
from airflow_provider_mps.compat_cli import (
    DatabaseUnavailableError,
    makers_of,
    stored_states,
    use_stored_connections,
    without_logs,
)
from tests.cli.database import BEGAN, Database, database

TASK_ID = "2600000000-WorkflowTask-1"
KEYS = ["mps_task_id"]
AIRFLOW = tuple(map(int, airflow_version.split(".")[:2]))


@pytest.fixture
def tables(monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    with database(monkeypatch) as found:
        yield found


def test_who_has_told_of_a_task(tables: Database) -> None:
    tables.try_of("make", 1, "failed", is_over=True)
    tables.try_of("make", 2, "success")
    tables.told("make", TASK_ID, hours=1.25)
    tables.told("make", f"{TASK_ID}0", hours=1.5, map_index=3)
    tables.told("other", TASK_ID, key="return_value")
    tables.told("make", {"Code": "70000 InternalError"}, hours=1.5, key="service_error")
    tables.told("other", {"Code": "another's"}, key="service_error")
    tables.rendered("make", {"prompt": "white marble", "subject_cos_key": "/cup.png"})
    [maker] = makers_of(TASK_ID, KEYS, "service_error")
    assert (maker.dag_id, maker.run_id, maker.task_id, maker.map_index) == ("shop", "night-1", "make", -1)
    assert (maker.try_number, maker.tries, maker.state) == (2, 2, "success")
    assert maker.operator == "MpsImageBgFusionOperator"
    assert maker.told_at == BEGAN.timestamp() + 4500
    assert maker.error == {"Code": "70000 InternalError"}
    assert maker.fields == {"prompt": "white marble", "subject_cos_key": "/cup.png"}


def test_the_try_that_told_need_not_be_the_last_one(tables: Database) -> None:
    tables.try_of("make", 1, "up_for_retry", is_over=True)
    tables.try_of("make", 2, "queued")
    tables.told("make", TASK_ID, hours=0.5)
    tables.told("gone", TASK_ID, hours=0.6)
    gone, maker = makers_of(TASK_ID, KEYS, "service_error")
    assert (maker.task_id, maker.try_number, maker.tries) == ("make", 1, 2)
    # Of a task instance that was removed the XCom is all there is; from 3.4 on it belongs to one.
    number = 1 if HAS_LOOPS else None
    assert (gone.task_id, gone.try_number, gone.state, gone.fields) == ("gone", number, "", {})


def test_the_newest_are_looked_through_only(tables: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compat_cli, "NEWEST_XCOMS", 3)
    monkeypatch.setattr(compat_cli, "MOST_MAKERS", 2)
    for number in range(5):
        tables.told("make", TASK_ID if number in (0, 3) else "another", hours=number, map_index=number)
    assert [one.map_index for one in makers_of(TASK_ID, KEYS, "service_error")] == [3]
    monkeypatch.setattr(compat_cli, "NEWEST_XCOMS", 100)
    tables.told("make", TASK_ID, hours=9, map_index=9)
    assert [one.map_index for one in makers_of(TASK_ID, KEYS, "service_error")] == [9, 3]


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


def test_a_database_without_tables_is_no_answer() -> None:
    with pytest.raises(DatabaseUnavailableError, match="no such table"):
        makers_of(TASK_ID, KEYS, "service_error")


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
