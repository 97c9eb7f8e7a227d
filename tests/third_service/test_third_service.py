from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import TaskDeferred

from airflow_provider_mps.batch import writer as batch_writer
from airflow_provider_mps.exceptions import MpsBatchFailedError, SubmissionInDoubtError
from airflow_provider_mps.local.service import LocalService
from tests.task_context import StateStore, execute, make_context
from tests.third_service.service import PixError, PixPermanentError, PixTaskRefusedError
from tests.third_service.tasks import PixBatchOperator, PixOperator, PixSensor, PixTrigger
from tests.third_service.wire import PixServer

FILES = [{"name": "a.png.out.png"}]
WAITS: dict[str, Any] = {"wait_for_completion": True, "deferrable": False, "poll_interval": 0.05}


@pytest.fixture
def pix(monkeypatch: pytest.MonkeyPatch) -> Iterator[PixServer]:
    monkeypatch.setattr("airflow_provider_mps.core.polling.FIRST_LOOK_SECONDS", 0.05)
    with PixServer() as server:
        monkeypatch.setenv("AIRFLOW_CONN_PIX_DEFAULT", json.dumps(server.connection))
        yield server


@pytest.fixture
def store(tmp_path: Path) -> StateStore:
    return StateStore(tmp_path / "state.json")


def operator(picture: str = "a.png", **arguments: Any) -> PixOperator:
    return PixOperator(task_id="task", picture=picture, **arguments)


def fire(trigger: Any) -> dict[str, Any]:
    async def first() -> dict[str, Any]:
        async for event in trigger.run():
            return dict(event.payload)
        raise AssertionError("no event")

    return asyncio.run(first())


def test_an_operator_submits_and_waits(pix: PixServer, store: StateStore) -> None:
    context = make_context(store)
    result = execute(operator(**WAITS), context)
    assert result == {"TaskId": "job-0", "Status": "done", "Files": FILES}
    assert context["ti"].xcoms == {"pix_job": "job-0"}
    assert store.get("pix_submission")["delivered"] is True


def test_it_waits_in_the_triggerer(pix: PixServer, store: StateStore) -> None:
    context = make_context(store)
    with pytest.raises(TaskDeferred) as deferred:
        execute(operator(**{**WAITS, "deferrable": True}), context)
    path, arguments = deferred.value.trigger.serialize()
    assert path == "tests.third_service.tasks.PixTrigger"
    event = fire(PixTrigger(**json.loads(json.dumps(arguments))))
    assert (event["pix_job"], event["status"]) == ("job-0", "success")
    assert operator(**WAITS).execute_complete(context, event)["Files"] == FILES
    assert len(pix.accepted) == 1


@pytest.mark.parametrize("deferrable", [False, True])
def test_a_sensor_waits(deferrable: bool, pix: PixServer) -> None:
    job = execute(operator(), make_context())
    sensor = PixSensor(task_id="s", pix_job=job, deferrable=deferrable, poke_interval=0.05, timeout=30)
    if not deferrable:
        assert execute(sensor, make_context())["Files"] == FILES
        return
    with pytest.raises(TaskDeferred) as deferred:
        execute(sensor, make_context())
    assert sensor.execute_complete(make_context(), fire(deferred.value.trigger))["Files"] == FILES


def test_a_retry_joins_what_runs(pix: PixServer, store: StateStore) -> None:
    assert execute(operator(), make_context(store)) == "job-0"
    assert execute(operator(), make_context(store, try_number=2)) == "job-0"
    assert len(pix.accepted) == 1
    # Another picture is another job.
    assert execute(operator("b.png"), make_context(store, try_number=3)) == "job-1"


def test_a_lost_answer_is_never_paid_for_again(pix: PixServer, store: StateStore) -> None:
    pix.errors = ["lost"]
    with pytest.raises(SubmissionInDoubtError, match=r"Pix job for a\.png: what became of the submission is not known"):
        execute(operator(), make_context(store))
    with pytest.raises(SubmissionInDoubtError, match="a submission is on record without its answer"):
        execute(operator(), make_context(store, try_number=2))
    assert len(pix.accepted) == 1


def test_what_was_not_executed_is_sent_again(
    pix: PixServer, store: StateStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("airflow_provider_mps.core.calls.WAIT", lambda state: 0.0)
    pix.errors = ["busy", "busy"]
    assert execute(operator(), make_context(store)) == "job-0"
    pix.errors = ["busy"] * 6
    with pytest.raises(PixError, match=r"busy: it is busy\. Pix is busy\. The request was not executed"):
        execute(operator("b.png"), make_context(store, try_number=2))
    pix.errors = ["no-credit"]
    with pytest.raises(PixPermanentError, match="Buy credit at Pix"):
        execute(operator("c.png"), make_context(store, try_number=3))
    assert len(pix.accepted) == 1


def test_a_failed_job_and_an_unknown_one(pix: PixServer) -> None:
    with pytest.raises(PixTaskRefusedError, match="Pix task job-0 finished without a result: bad-picture"):
        execute(operator("bad.png", **WAITS), make_context())
    sensor = PixSensor(task_id="s", pix_job="job-9", deferrable=False, poke_interval=0.05, timeout=1)
    began = datetime(2020, 1, 1, tzinfo=UTC)
    with pytest.raises(PixPermanentError, match="Check the job"):
        execute(sensor, make_context(start_date=began))


def test_a_batch(pix: PixServer, conn_id: str, service: LocalService, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, seconds in (("START_SECONDS", 0.02), ("TAKE_OVER_SECONDS", 0.2), ("GATHER_SECONDS", 0.005)):
        monkeypatch.setattr(batch_writer, name, seconds)
    requests = [{"picture": f"{number}.png"} for number in range(12)] + [{"picture": "bad.png"}]
    pix.errors = ["", "lost"]

    def batch(*, deferrable: bool = False, max_failed: int = 2) -> PixBatchOperator:
        waits = {"poll_interval": 0.05, "timeout": 30, "max_failed": max_failed}
        return PixBatchOperator(task_id="task", requests=requests, deferrable=deferrable, **waits)

    with pytest.raises(TaskDeferred) as deferred:
        execute(batch(deferrable=True), make_context())
    assert fire(deferred.value.trigger)["status"] == "success"
    found = batch(deferrable=True).execute_complete(make_context(), {"record": "/x", "status": "success"})
    codes = [entry.get("Error", {}).get("Code") for entry in found]
    assert codes.count(None) == 11
    assert sorted(filter(None, codes)) == ["InDoubt", "bad-picture"]
    assert [entry["subject"] for entry in found] == [request["picture"] for request in requests]
    # A retry pays for nothing again, and for what is in doubt neither.
    with pytest.raises(MpsBatchFailedError):
        execute(batch(max_failed=0), make_context(try_number=2))
    assert len(pix.accepted) == len(requests)
