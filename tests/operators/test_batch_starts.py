"""One batch is begun several times: again under the number of its first try, by two at once, or in a run made again."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from airflow_provider_mps.batch import writer as batch_writer
from airflow_provider_mps.batch.record import BatchHeader, write_header
from airflow_provider_mps.batch.store import BatchStore
from airflow_provider_mps.exceptions import MpsBatchRecordError, MpsBatchTakenOverError
from airflow_provider_mps.local.service import LocalService
from tests.operators.test_batch import (  # noqa: F401 - fixtures
    Batch,
    _quick,
    complete,
    defer,
    fire,
    pictures,
)
from tests.task_context import execute, make_context

COUNT = 12
BEGAN = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def batch(service: LocalService, conn_id: str) -> Batch:
    return Batch(service)


def context(ti_id: str | None = None, run_number: int | None = None, **given: Any) -> Any:
    """As Airflow 3 (``ti_id``) or Airflow 2 (``run_number``) hands it over."""
    found = make_context(**({} if ti_id is None else {"id": ti_id}), **given)
    began = given.get("run_began") or BEGAN
    found["dag_run"] = SimpleNamespace(start_date=began, **({} if run_number is None else {"id": run_number}))
    return found


def ids(found: list[dict[str, Any]]) -> set[str]:
    return {entry["TaskId"] for entry in found}


@pytest.mark.parametrize("known", [{"ti_id": "a"}, {"run_number": 7}])
def test_executed_anew_under_the_first_try_it_returns_what_it_has_returned(batch: Batch, known: Any) -> None:
    first = execute(batch.operator(pictures(COUNT)), context(**known))
    for _ in range(2):
        assert execute(batch.operator(pictures(COUNT)), context(**known)) == first
    assert batch.accepted == COUNT


@pytest.mark.parametrize("known", [{"ti_id": "a"}, {"run_number": 7}])
def test_a_deferred_batch_is_executed_anew_after_it_has_returned(batch: Batch, known: Any) -> None:
    requests = pictures(COUNT)
    event = fire(defer(batch, requests))
    operator = batch.operator(requests, deferrable=True, allow_nested_operators=False)
    first = operator.execute_complete(context(**known), event)
    assert operator.execute_complete(context(**known), event) == first
    assert execute(batch.operator(requests, deferrable=True), context(**known)) == first
    assert batch.accepted == COUNT


def test_what_comes_from_a_deferral_never_begins_anew(batch: Batch) -> None:
    requests = pictures(COUNT)
    event = fire(defer(batch, requests))
    # Contexts that differ in all that is known of a run.
    assert complete(batch, requests, event) == complete(batch, requests, event)
    assert batch.accepted == COUNT


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"ti_id": "a"}, {"ti_id": "b"}),
        ({"run_number": 7}, {"run_number": 8}),
        ({"run_number": 7}, {"run_number": 7, "run_began": datetime(2026, 1, 2, tzinfo=UTC)}),
    ],
)
def test_a_run_made_again_makes_its_own_pictures(batch: Batch, first: Any, second: Any) -> None:
    before = execute(batch.operator(pictures(COUNT)), context(**first))
    after = execute(batch.operator(pictures(COUNT)), context(**second))
    assert not ids(before) & ids(after)
    # Its second try has another id, and joins.
    assert execute(batch.operator(pictures(COUNT)), context("c", try_number=2)) == after
    assert batch.accepted == 2 * COUNT


def test_a_clear_of_the_task_and_of_the_whole_run_make_all_anew_once(batch: Batch) -> None:
    execute(batch.operator(pictures(COUNT)), context("a"))
    execute(batch.operator(pictures(COUNT)), context("b", try_number=2, max_tries=3))
    execute(batch.operator(pictures(COUNT)), context("b", try_number=2, max_tries=3))
    assert batch.accepted == 2 * COUNT
    later = datetime(2026, 1, 2, tzinfo=UTC)
    for ti_id, try_number in (("c", 3), ("d", 4)):
        execute(batch.operator(pictures(COUNT)), context(ti_id, try_number=try_number, max_tries=4, run_began=later))
    assert batch.accepted == 3 * COUNT


@pytest.mark.parametrize("starts", [2, 3])
def test_several_start_in_one_moment(batch: Batch, starts: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """All have seen that nobody works on the batch before any of them says that it does."""
    seen = threading.Barrier(starts)
    read, first_reads = BatchStore.read_header, threading.local()

    def read_header(store: BatchStore) -> BatchHeader | None:
        found = read(store)
        if not getattr(first_reads, "done", False) and threading.current_thread().name.startswith("start"):
            first_reads.done = True
            seen.wait(30)
        return found

    monkeypatch.setattr(BatchStore, "read_header", read_header)
    monkeypatch.setattr(batch_writer, "START_SECONDS", 0.5)
    with ThreadPoolExecutor(starts, thread_name_prefix="start") as pool:
        runs = [pool.submit(batch.run, pictures(COUNT)) for _ in range(starts)]
        errors = [run.exception(60) for run in runs]
    assert all(error is None or isinstance(error, MpsBatchTakenOverError) for error in errors)
    assert errors.count(None) <= 1
    found = batch.run(pictures(COUNT), try_number=2)
    assert len(ids(found)) == batch.accepted == COUNT


def test_the_other_one_begins_while_the_header_is_read(batch: Batch, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was read before the pause says that nothing was submitted."""
    paused, read_claim = [False], BatchStore.read_claim

    def begin_meanwhile(store: BatchStore) -> str | None:
        found = read_claim(store)
        if not paused[0]:
            paused[0] = True
            batch.run(pictures(COUNT))
        return found

    monkeypatch.setattr(BatchStore, "read_claim", begin_meanwhile)
    found = batch.run(pictures(COUNT), try_number=2)
    assert len(ids(found)) == batch.accepted == COUNT


def test_the_one_before_writes_its_header_late(batch: Batch, monkeypatch: pytest.MonkeyPatch) -> None:
    """It has checked that the batch is its own, then sleeps, and names its own pages when another is at work."""
    first = batch.run(pictures(COUNT // 2), try_number=1)
    key, header = _header(batch)
    old = BatchHeader(header["pages"], header["base"], "late")
    enter = batch_writer.BatchWriter.__enter__

    def late(writer: Any) -> Any:
        writer.record.superseded |= {"late"}
        found = enter(writer)
        batch.service.put_object(batch.service.bucket, key, write_header(old))
        return found

    monkeypatch.setattr(batch_writer.BatchWriter, "__enter__", late)
    found = batch.run(pictures(COUNT), try_number=2)
    monkeypatch.setattr(batch_writer.BatchWriter, "__enter__", enter)
    assert ids(first) <= ids(found)
    assert batch.run(pictures(COUNT), try_number=3) == found
    assert batch.accepted == COUNT


def _header(batch: Batch) -> tuple[str, dict[str, Any]]:
    return next((key, json.loads(data)) for key, data in batch.pages.items() if key.endswith("batch.json"))


@pytest.mark.parametrize(
    "edit",
    [{"pages": 0}, {"pages": 1}, {"pages": -1}, {"pages": True}, {"pages": 10**7}, {"base": None}, {"base": "other"}],
)
@pytest.mark.parametrize("try_number", [1, 2])
def test_an_edited_header_pays_for_nothing(batch: Batch, edit: dict[str, Any], try_number: int) -> None:
    batch.run(pictures(COUNT))
    key, header = _header(batch)
    batch.service.put_object(batch.service.bucket, key, json.dumps({**header, **edit}).encode())
    with pytest.raises(MpsBatchRecordError, match="cannot be read"):
        execute(batch.operator(pictures(COUNT)), context("a", try_number=try_number))
    assert batch.accepted == COUNT


def test_the_triggerer_leaves_an_unreadable_record_to_the_task(batch: Batch) -> None:
    requests = pictures(COUNT)
    kwargs = defer(batch, requests)
    key, header = _header(batch)
    batch.service.put_object(batch.service.bucket, key, json.dumps({**header, "pages": 0}).encode())
    with pytest.raises(MpsBatchRecordError, match="cannot be read"):
        complete(batch, requests, fire(kwargs))
    assert batch.accepted == COUNT


@pytest.mark.parametrize("edit", [{"key": "x"}, {"body": "2026"}, {"loose": ""}])
def test_a_record_of_another_request_pays_for_nothing(batch: Batch, edit: dict[str, Any]) -> None:
    batch.run(pictures(COUNT))
    key, page = next((key, json.loads(data)) for key, data in batch.pages.items() if "/records-" in key)
    next(iter(page["records"].values())).update(edit)
    batch.service.put_object(batch.service.bucket, key, json.dumps(page).encode())
    with pytest.raises(MpsBatchRecordError, match="is about another request"):
        batch.run(pictures(COUNT), try_number=2)
    assert batch.accepted == COUNT


def test_a_page_of_another_kind_is_unreadable(batch: Batch) -> None:
    batch.run(pictures(COUNT))
    key = next(key for key in batch.pages if "/records-" in key)
    batch.service.put_object(batch.service.bucket, key, b'{"version":1,"records":{},"left_out":[{}]}')
    with pytest.raises(MpsBatchRecordError, match="left out"):
        batch.run(pictures(COUNT), try_number=2)
    assert batch.accepted == COUNT
