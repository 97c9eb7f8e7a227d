"""Which Airflow task a service's task is of, read in tables of the installed Airflow."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from airflow_provider_mps import compat_makers
from airflow_provider_mps.batch.store import batch_prefix
from airflow_provider_mps.cli.evidence import InBatch
from airflow_provider_mps.compat import HAS_LOOPS
from airflow_provider_mps.compat_cli import DatabaseUnavailableError
from airflow_provider_mps.compat_makers import maker_of_record, makers_of
from airflow_provider_mps.core.airflow_task import TaskKey
from tests.cli.conftest import record
from tests.cli.database import BEGAN, Database

TASK_ID = "2600000000-WorkflowTask-1"
KEYS = ["mps_task_id"]


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
    monkeypatch.setattr(compat_makers, "NEWEST_XCOMS", 3)
    monkeypatch.setattr(compat_makers, "MOST_MAKERS", 2)
    for number in range(5):
        tables.told("make", TASK_ID if number in (0, 3) else "another", hours=number, map_index=number)
    assert [one.map_index for one in makers_of(TASK_ID, KEYS, "service_error")] == [3]
    monkeypatch.setattr(compat_makers, "NEWEST_XCOMS", 100)
    tables.told("make", TASK_ID, hours=9, map_index=9)
    assert [one.map_index for one in makers_of(TASK_ID, KEYS, "service_error")] == [9, 3]


def test_a_database_without_tables_is_no_answer() -> None:
    with pytest.raises(DatabaseUnavailableError, match="no such table"):
        makers_of(TASK_ID, KEYS, "service_error")


def test_whose_a_record_is(tables: Database) -> None:
    tables.try_of("many pictures", 1, "up_for_retry", is_over=True)
    tables.try_of("many pictures", 2, "success")
    tables.try_of("other", 1, "success")
    looked_at: list[TaskKey] = []

    def is_it(key: TaskKey) -> bool:
        looked_at.append(key)
        return key == TaskKey("shop", "many pictures", "night-1", -1)

    begun = BEGAN.timestamp()
    found = maker_of_record(is_it, ("shop", "many_pictures"), begun + 1800)
    assert found is not None
    assert (found.dag_id, found.run_id, found.task_id, found.map_index) == ("shop", "night-1", "many pictures", -1)
    # The try that was at work when it submitted, of those that there have been.
    assert (found.try_number, found.tries, found.state) == (1, 2, "success")
    assert found.told_at is None
    assert "other" not in {key.task_id for key in looked_at}
    later = maker_of_record(is_it, ("shop", "many_pictures"), begun + 5400)
    assert later is not None
    assert later.try_number == 2


def test_a_try_that_is_queued_has_told_nobody(tables: Database) -> None:
    # Airflow leaves it the begin of the one before.
    tables.try_of("make", 1, "failed", is_over=True)
    tables.try_of("make", 2, "queued", start_date=BEGAN)
    if not HAS_LOOPS:
        # Where a try is a task instance, an XCom is one's own.
        tables.told("make", TASK_ID, hours=0.5)
        [maker] = makers_of(TASK_ID, KEYS, "service_error")
        assert (maker.try_number, maker.tries, maker.state) == (1, 2, "queued")
    found = maker_of_record(lambda _: True, ("shop", "make"), BEGAN.timestamp() + 1800)
    assert found is not None
    assert (found.try_number, found.tries, found.state) == (1, 2, "queued")


@pytest.mark.parametrize("start_date", [BEGAN, None])
def test_a_run_that_was_made_anew_has_not_submitted_what_was_before_it(tables: Database, start_date: Any) -> None:
    tables.try_of("make", 1, "success", start_date=start_date)
    found = maker_of_record(lambda _: True, ("shop", "make"), BEGAN.timestamp() - 1)
    assert found is not None
    # "airflow dags test" of Airflow 2 tells of no begin.
    assert found.try_number == (1 if start_date is None else None)
    assert found.state == "success"


def test_the_instance_whose_record_it_is_ends_the_search(tables: Database) -> None:
    for number in range(20):
        tables.try_of("make", 1, "success", run_id=f"night-{number}", start_date=BEGAN - timedelta(days=number))
    looked_at: list[str] = []

    def is_it(key: TaskKey) -> bool:
        looked_at.append(key.run_id)
        return key.run_id == "night-3"

    # No try of it had begun by then.
    found = maker_of_record(is_it, ("shop", "make"), (BEGAN - timedelta(days=9)).timestamp())
    assert found is not None
    assert (found.run_id, found.try_number) == ("night-3", None)
    assert looked_at == [f"night-{number}" for number in range(4)]


def test_a_record_of_nobody(tables: Database) -> None:
    tables.try_of("make", 1, "success")
    assert maker_of_record(lambda _: False, ("shop", "make"), BEGAN.timestamp()) is None
    assert maker_of_record(lambda _: True, ("another", "make"), BEGAN.timestamp()) is None


def test_whose_a_record_is_without_tables() -> None:
    with pytest.raises(DatabaseUnavailableError, match="no such table"):
        maker_of_record(lambda _: True, ("shop", "make"), 0.0)


@pytest.mark.parametrize("intent", [None, -1e300, 1e300])
def test_a_record_may_say_no_time(tables: Database, intent: float | None) -> None:
    tables.try_of("make", 1, "success")
    found = maker_of_record(lambda _: True, ("shop", "make"), intent)
    assert found is not None
    assert found.run_id == "night-1"


def test_whose_a_record_of_a_mapped_task_is(tables: Database) -> None:
    for index in range(3):
        tables.try_of("make", 1, "success", **tables.expansion("make", index))
    found = maker_of_record(lambda key: key.map_index == 1, ("shop", "make"), BEGAN.timestamp())
    assert found is not None
    assert (found.map_index, found.turns) == (1, ())


# Airflow's own ids are words, dots and dashes; what came of others is looked for too.
IDS = st.text(
    st.sampled_from("ab_%\\ .-'?*[é店") | st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=20
)


def test_whatever_a_task_is_called_its_record_is_known(tables: Database) -> None:
    @given(key=st.builds(TaskKey, IDS, IDS, IDS, st.just(-1), st.just("")))
    @settings(max_examples=100, deadline=None)
    def is_found(key: TaskKey) -> None:
        tables.execute("DELETE FROM task_instance")
        tables.try_of(key.task_id, 1, "success", dag_id=key.dag_id, run_id=key.run_id)
        address = f"cos://shop-1250000000{batch_prefix('/records', key)}"
        names = InBatch(f"{address}/", record(TASK_ID), None).folders
        assert names is not None
        found = maker_of_record(lambda one: address.endswith(batch_prefix("", one)), names, BEGAN.timestamp())
        assert found is not None
        assert (found.dag_id, found.task_id, found.run_id) == key[:3]

    is_found()


def test_many_runs_are_looked_through_in_few_questions(tables: Database) -> None:
    for number in range(30):
        place = tables.expansion("make", number % 3, run_id=f"night-{number}")
        tables.try_of("make", 1, "success", start_date=BEGAN - timedelta(days=number), **place)
    looked_at: list[TaskKey] = []

    def is_it(key: TaskKey) -> bool:
        looked_at.append(key)
        return False

    with tables.counted() as sent:
        assert maker_of_record(is_it, ("shop", "make"), BEGAN.timestamp()) is None
    assert looked_at == [TaskKey("shop", "make", f"night-{number}", number % 3) for number in range(30)]
    assert len(sent) <= 2
