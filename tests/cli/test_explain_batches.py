"""``explain``: pictures of batches, and records of these."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from airflow_provider_mps.batch import record as batch_record
from airflow_provider_mps.batch.store import batch_prefix
from airflow_provider_mps.cli import finding
from airflow_provider_mps.core.airflow_task import TaskKey
from airflow_provider_mps.core.events import to_event
from airflow_provider_mps.core.polling import Finished
from airflow_provider_mps.core.submission import Record
from airflow_provider_mps.core.tasks import TaskFailure, TaskState
from airflow_provider_mps.local.service import LocalService
from airflow_provider_mps.services.profiles import AIDGE
from tests.cli.conftest import Typed, parts, record
from tests.cli.database import BEGAN, Database
from tests.cli.test_task import UNKNOWN


def test_a_picture_of_a_batch(
    typed: Callable[..., Typed], batch: list[dict[str, Any]], service: LocalService, monkeypatch: pytest.MonkeyPatch
) -> None:
    task_id = batch[0]["TaskId"]
    for address in ("cos:///airflow-mps/", f"cos://{service.bucket}/airflow-mps/dag/task"):
        story = parts(typed("explain", task_id, "--no-db", "--record", address))
        assert f"batch record cos://{service.bucket}/airflow-mps/dag/task/" in story["By whom"]
        assert "DAG dag, task task (as the folder is named)" in story["By whom"]
        assert "accepted at" in story["By whom"]
        assert "on record finished" in story["What was answered"]
    file = f"{batch_prefix('/airflow-mps', TaskKey('dag', 'task', 'run', -1))}/batch.json"
    said = typed("explain", task_id, "--no-db", "--record", f"cos://{service.bucket}{file}")
    assert "on record finished" in parts(said)["What was answered"]
    said = typed("explain", UNKNOWN, "--no-db", "--record", "cos:///airflow-mps/")
    assert said.code == 1
    assert "does not have this task" in parts(said)["What was not found"]
    said = typed("explain", task_id, "--no-db", "--record", "cos:///nothing/here")
    assert "there is no batch record in cos:///nothing/here" in parts(said)["What was not found"]
    monkeypatch.setattr(finding, "MOST_BATCHES", 0)
    said = typed("explain", task_id, "--no-db", "--record", "cos:///airflow-mps/")
    assert "no record here" in parts(said)["What was not found"]


def test_the_run_of_a_batch_is_told_by_the_name_of_its_record(
    typed: Callable[..., Typed], batch: list[dict[str, Any]], tables: Database
) -> None:
    of = {"dag_id": "dag", "run_id": "run"}
    tables.try_of("task", 1, "success", **of)
    tables.try_of("task", 1, "failed", **of | {"run_id": "another"})
    story = parts(typed("explain", batch[0]["TaskId"], "--record", "cos:///airflow-mps/"))
    told = story["By whom"]
    assert "Airflow task DAG dag, run run, task task try 1" in told
    assert "its state now success" in told
    assert "as the folder is named" not in told
    assert "told at" not in told
    # A picture of a batch has no XCom, so none is missing.
    assert "XCom" not in story.get("What was not found", "")


def test_the_run_of_a_batch_may_be_forgotten(
    typed: Callable[..., Typed], batch: list[dict[str, Any]], tables: Database
) -> None:
    tables.try_of("task", 1, "success", dag_id="dag", run_id="another")
    story = parts(typed("explain", batch[0]["TaskId"], "--record", "cos:///airflow-mps/"))
    assert "DAG dag, task task (as the folder is named)" in story["By whom"]
    assert "of the newest 20,000 task instances of that DAG and task in Airflow's" in story["What was not found"]


def test_a_record_may_be_of_what_another_run_has_submitted(
    typed: Callable[..., Typed], batch: list[dict[str, Any]], tables: Database
) -> None:
    tables.try_of("task", 1, "success", dag_id="dag", run_id="run", start_date=datetime.now(UTC) + timedelta(hours=1))
    told = parts(typed("explain", batch[0]["TaskId"], "--record", "cos:///airflow-mps/"))["By whom"]
    assert "Airflow task DAG dag, run run, task task try not known: none that Airflow knows of had begun" in told


def write_batch(service: LocalService, task: TaskKey, known: Record, ends: list[Any] | None = None) -> str:
    """Store the record of a batch, as an older release may have left it; return its address."""
    prefix = batch_prefix("/written", task)
    pages = {
        "batch.json": batch_record.write_header(batch_record.BatchHeader(pages=1, base="w")),
        "w/records-00000.json": batch_record.write_records(batch_record.RecordPage({known.fingerprint.token: known})),
        "w/ends-00000.json": json.dumps({"version": 1, "ends": ends or []}).encode(),
    }
    for name, data in pages.items():
        service.put_object(service.bucket, f"{prefix}/{name}", data)
    return f"cos://{service.bucket}{prefix}/"


def test_of_a_picture_that_was_replaced_the_try_is_not_known(
    typed: Callable[..., Typed], service: LocalService, tables: Database
) -> None:
    tables.try_of("make", 1, "failed", is_over=True)
    tables.try_of("make", 2, "success")
    known = record("2600000000-WorkflowTask-after", replaced=(UNKNOWN,), intent=BEGAN.timestamp() + 5400)
    address = write_batch(service, TaskKey("shop", "make", "night-1", -1), known)
    told = parts(typed("explain", UNKNOWN, "--offline", "--record", address))["By whom"]
    # What is on record is when the other one was submitted.
    assert "Airflow task DAG shop, run night-1, task make operator" in told
    assert "replaced by 2600000000-WorkflowTask-after" in told


def test_an_address_of_a_record_is_whole(typed: Callable[..., Typed], service: LocalService) -> None:
    address = write_batch(service, TaskKey("d" * 250, "t" * 250, "run", -1), record(UNKNOWN))
    assert address in typed("explain", UNKNOWN, "--no-db", "--offline", "--record", address).out
    service.put_object(service.bucket, f"{address.removeprefix(f'cos://{service.bucket}')}batch.json", b"[]")
    assert address in typed("explain", UNKNOWN, "--no-db", "--offline", "--record", address).out


def test_a_record_that_is_refused_hides_no_other(typed: Callable[..., Typed], service: LocalService) -> None:
    address = write_batch(service, TaskKey("hidden", "make", "night-1", -1), record(UNKNOWN))
    above = f"{address.removesuffix('/').rpartition('/hidden/')[0]}/hidden"
    key = above.removeprefix(f"cos://{service.bucket}")
    # No client sends such a key as it is.
    service.put_object(service.bucket, f"{key}/./batch.json", b"{}")
    story = parts(typed("explain", UNKNOWN, "--no-db", "--offline", "--record", above))
    assert f"batch record {address}" in story["By whom"]
    service.add_fault(kind="error", action="GetObject", code="InvalidObjectState", status=403, times=1)
    story = parts(typed("explain", "another", "--service", "mps", "--no-db", "--offline", "--record", above))
    assert "InvalidObjectState" in story["What was not found"]
    assert "without '.' or '..'" in story["What was not found"]


def test_of_many_records_that_cannot_be_read_the_first_are_told(
    typed: Callable[..., Typed], service: LocalService
) -> None:
    for number in range(6):
        service.put_object(service.bucket, f"/many/dag/task/{number}/batch.json", b"{}")
    missing = parts(typed("explain", UNKNOWN, "--no-db", "--offline", "--record", "cos:///many"))["What was not found"]
    assert missing.count("cannot be read: ") == finding.MOST_TOLD
    assert "of the batch records in cos:///many 3 more cannot be read." in missing


@pytest.mark.parametrize(("name", "most"), [("MOST_BATCHES", 2), ("MOST_LISTED", 3)])
def test_it_is_told_that_not_all_records_were_looked_through(
    typed: Callable[..., Typed], service: LocalService, monkeypatch: pytest.MonkeyPatch, name: str, most: int
) -> None:
    for number in range(3):
        write_batch(service, TaskKey("several", "make", f"night-{number}", -1), record("another"))
    words = ("explain", UNKNOWN, "--no-db", "--offline", "--record", "cos:///written/several")
    assert "There are more" not in parts(typed(*words))["What was not found"]
    monkeypatch.setattr(finding, name, most)
    assert "There are more, changed before" in parts(typed(*words))["What was not found"]


def test_records_of_the_other_service_are_no_broken_ones(typed: Callable[..., Typed], service: LocalService) -> None:
    one = "b2c7e0a4-0000-4000-8000-000000000000"
    end = to_event(one, Finished(TaskState(one, "FAILED", failure=TaskFailure("x", "no", AIDGE.name))), AIDGE)
    write_batch(service, TaskKey("both", "scene", "night-1", -1), record(one), [end])
    write_batch(service, TaskKey("both", "make", "night-1", -1), record("another"))
    story = parts(typed("explain", UNKNOWN, "--no-db", "--offline", "--record", "cos:///written/both"))
    assert "none of 2 batch records in cos:///written/both has this task" in story["What was not found"]
    assert "cannot be read" not in story["What was not found"]


def test_a_record_that_cannot_be_read(
    typed: Callable[..., Typed], batch: list[dict[str, Any]], service: LocalService
) -> None:
    service.put_object(service.bucket, "/broken/dag/task/0123/batch.json", b"{}")
    story = parts(typed("explain", batch[0]["TaskId"], "--no-db", "--record", "cos:///broken"))
    assert "cannot be read" in story["What was not found"]
    said = typed("explain", batch[0]["TaskId"], "--no-db", "--record", "cos://nobody@x-1250000000/y")
    assert said.code == 0
    assert "There is no connection nobody." in parts(said)["What was not found"]
    assert typed("explain", batch[0]["TaskId"], "--record", "/on/disk").code == 2


def test_the_connection_of_a_record_is_named(typed: Callable[..., Typed]) -> None:
    said = typed("explain", UNKNOWN, "--no-db", "--offline", "--record", "cos://nobody-1250000000/x")
    missing = parts(said)["What was not found"]
    assert "NoSuchBucket (tencentcloud_default)" in missing
    assert "environment" not in missing


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b'{"version":9}', "its version is 9, and this release of the package reads up to 1"),
        (b"[]", "no page of a record"),
        (b'{"version":1,"pages"', "not JSON"),
    ],
)
def test_of_a_record_that_cannot_be_read_it_is_not_said_what_it_has(
    typed: Callable[..., Typed], service: LocalService, data: bytes, said: str
) -> None:
    service.put_object(service.bucket, f"/half/{len(data)}/dag/task/0123/batch.json", data)
    missing = parts(typed("explain", UNKNOWN, "--no-db", "--offline", "--record", f"cos:///half/{len(data)}"))
    told = missing["What was not found"]
    assert "/dag/task/0123/ cannot be read" in told
    assert said in told
    assert "does not have this task" not in told


def test_a_record_says_where_a_picture_is(typed: Callable[..., Typed], batch: list[dict[str, Any]]) -> None:
    said = typed("explain", batch[0]["TaskId"], "--no-db", "--offline", "--record", "cos:///airflow-mps/")
    story = parts(said)
    assert f"on record finished: {batch[0]['Outputs'][0]['cos_uri']}" in story["What was answered"]
    assert "is where the record says" in story["What to do next"]
