"""Operators whose connection has a limit a day."""

from __future__ import annotations

import json
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException, TaskDeferred

from airflow_provider_mps.exceptions import MpsBatchFailedError, TencentCloudError, TencentCloudPermanentError
from airflow_provider_mps.failures import short_line
from airflow_provider_mps.hooks import budget as hooks_budget
from airflow_provider_mps.local.service import LocalService
from airflow_provider_mps.operators.mps import MpsImageBgFusionOperator, MpsProcessImageOperator
from airflow_provider_mps.services.tencentcloud import budget
from airflow_provider_mps.services.tencentcloud.codes import BUDGET_UNAVAILABLE, PICTURES_PER_DAY_REACHED
from tests.operators.test_batch import (
    SUBMIT,
    Batch,
    _quick,  # noqa: F401 - a fixture
    fire,
    pictures,
)
from tests.task_context import execute, make_context


@pytest.fixture
def limit(service: LocalService, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Set the limit of the connection; as of a worker that starts anew."""

    def change(pictures_per_day: int) -> None:
        connection = service.connection()
        connection["extra"] |= {"pictures_per_day": pictures_per_day}
        monkeypatch.setenv("AIRFLOW_CONN_TENCENTCLOUD_DEFAULT", json.dumps(connection))
        hooks_budget._processes.clear()

    return change


@pytest.fixture
def tomorrow(monkeypatch: pytest.MonkeyPatch) -> Any:
    day = budget.day_of
    return lambda: monkeypatch.setattr(budget, "day_of", lambda moment: day(moment + 86_400))


@pytest.fixture
def batch(service: LocalService, limit: Any) -> Batch:
    limit(5)
    return Batch(service)


def failing(batch: Batch, requests: Any, kind: type[Exception] = TencentCloudError, **arguments: Any) -> Any:
    """Run a try that fails; return the error and the entries that it has pushed."""
    context = make_context()
    with pytest.raises(kind) as raised:
        execute(batch.operator(requests, **arguments), context)
    return raised.value, context["ti"].xcoms.get("return_value")


def test_what_there_is_is_kept_and_the_rest_left_for_the_next_day(batch: Batch, tomorrow: Any, lines: Any) -> None:
    error, entries = failing(batch, pictures(12), max_failed=12)
    assert (error.code, batch.accepted, len(batch.service.calls(SUBMIT))) == (PICTURES_PER_DAY_REACHED, 5, 5)
    assert not isinstance(error, AirflowFailException)
    said = (
        "PicturesPerDayReached: 5 of 12 are there and kept, a retry goes on with 7: limit of 5 pictures a day, 5 spent"
    )
    assert said in str(error)
    codes = [entry["Error"]["Code"] if "Error" in entry else entry["Status"] for entry in entries]
    assert sorted(codes) == ["FINISH"] * 5 + [PICTURES_PER_DAY_REACHED] * 7
    assert short_line(error, "shop") == (
        "PicturesPerDayReached (shop): Raise pictures_per_day of the connection, or wait for the next day."
    )
    assert "PicturesPerDayReached: nothing more is submitted" in lines()
    # On the same day a retry has the same pictures, and pays for none.
    with pytest.raises(TencentCloudError, match="5 of 12 are there"):
        batch.run(pictures(12), try_number=2)
    assert batch.accepted == 5
    tomorrow()
    with pytest.raises(TencentCloudError, match="10 of 12 are there"):
        batch.run(pictures(12), try_number=3)


def test_a_retry_on_the_next_day_makes_the_rest(batch: Batch, tomorrow: Any) -> None:
    failing(batch, pictures(9))
    tomorrow()
    found = batch.run(pictures(9), try_number=2)
    assert all(entry["Status"] == "FINISH" for entry in found)
    assert batch.accepted == 9


def test_what_runs_is_waited_for_in_the_triggerer(batch: Batch, tomorrow: Any) -> None:
    batch.service.backend.settings.task_seconds = 1.0
    operator = batch.operator(pictures(7), deferrable=True, allow_nested_operators=False)
    context = make_context()
    with pytest.raises(TaskDeferred) as deferred:
        execute(operator, context)
    assert batch.accepted == 5
    event = fire(dict(deferred.value.trigger.serialize()[1]))
    with pytest.raises(TencentCloudError, match="5 of 7 are there"):
        operator.execute_complete(context, event)
    assert len(context["ti"].xcoms["return_value"]) == 7
    # Who comes back on the next day goes on at once.
    tomorrow()
    with pytest.raises(TaskDeferred):
        operator.execute_complete(make_context(try_number=2), event)
    assert batch.accepted == 7


def test_what_failed_counts_beside_what_is_left(batch: Batch) -> None:
    refused = {"subject_cos_key": "/samples/none.png", "prompt": "x"}
    batch.service.add_fault(kind="error", action=SUBMIT, code="InvalidParameterValue", match="none.png")
    error, entries = failing(batch, [refused, *pictures(7)], MpsBatchFailedError)
    # The refused one cost nothing.
    assert (batch.accepted, error.failed) == (5, 1)
    assert not isinstance(error, AirflowFailException)
    assert PICTURES_PER_DAY_REACHED not in error.summary
    assert len(entries) == 8
    error, _ = failing(batch, [refused, *pictures(7)], max_failed=1)
    assert error.code == PICTURES_PER_DAY_REACHED


def test_without_the_store_of_grants_the_batch_stops(batch: Batch) -> None:
    batch.service.add_fault(kind="error", action="PutObject", code="AccessDenied", status=403, match="/budget/")
    error, entries = failing(batch, pictures(12), TencentCloudPermanentError)
    assert (error.code, batch.accepted) == (BUDGET_UNAVAILABLE, 0)
    assert len(entries) == 12


def test_a_batch_gives_back_what_it_does_not_use(batch: Batch, limit: Any) -> None:
    limit(1000)
    batch.run(pictures(4))
    limit(4 + 3)
    # The limit was lowered to what was reserved, of which three were returned.
    batch.run([{**one, "prompt": "another"} for one in pictures(3)], max_failed=0, try_number=2)
    assert batch.accepted == 7


@pytest.fixture
def operators(service: LocalService, payload: dict[str, Any]) -> list[Any]:
    fusion = MpsImageBgFusionOperator(task_id="one", subject_cos_key="/samples/coffee.png", prompt="marble")
    return [fusion, MpsProcessImageOperator(task_id="two", payload=payload)]


def test_a_single_picture_fails_for_a_retry(service: LocalService, limit: Any, operators: list[Any]) -> None:
    limit(1)
    execute(operators[0], make_context())
    for operator in operators:
        with pytest.raises(TencentCloudError, match="PicturesPerDayReached") as raised:
            execute(operator, make_context(task_id="other"))
        assert not isinstance(raised.value, AirflowFailException)
    assert len(service.calls(SUBMIT)) == 1


def test_a_picture_that_is_known_is_joined_at_the_limit(
    service: LocalService, limit: Any, operators: list[Any]
) -> None:
    limit(1)
    context = make_context()
    task_id = execute(operators[0], context)
    again = make_context(try_number=2, run_began=context["dag_run"].start_date)
    assert execute(operators[0], again) == task_id
    assert len(service.calls(SUBMIT)) == 1


def test_a_picture_that_was_refused_leaves_its_grant_to_others(
    service: LocalService, limit: Any, operators: list[Any]
) -> None:
    limit(1)
    service.add_fault(kind="error", action=SUBMIT, code="InvalidParameterValue", times=1)
    with pytest.raises(TencentCloudPermanentError):
        execute(operators[0], make_context())
    limit(1)
    execute(operators[1], make_context(task_id="other"))
    assert len(service.accepted(SUBMIT)) == 1
