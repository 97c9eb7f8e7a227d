"""Crashes, clears and a killed triggerer under a whole Airflow: scheduler, task processes, triggerer."""

from __future__ import annotations

import os
import re
import signal
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_mps.local.service import LocalService
from tests.system.conftest import MANY, finish
from tests.system.real_airflow import TI, RealAirflow
from tests.task_context import AIRFLOW_2, AIRFLOW_3_0
from tests.whole import WHOLE

pytestmark = [pytest.mark.alone, pytest.mark.timeout(600)]

RETRIES = 6
newest_only = pytest.mark.skipif(AIRFLOW_2 and "MPS_TEST_MANY" not in os.environ, reason="takes long, and is the same")
killed_is_retried = pytest.mark.skipif(AIRFLOW_3_0, reason="Airflow 3.0 does not retry a task whose process was killed")


def paid(cloud: LocalService) -> Counter[str]:
    """Return how often each prompt was accepted."""
    return Counter(task.job.prompt for task in cloud.tasks)


def task_id_for(cloud: LocalService, prompt: str) -> str:
    (task_id,) = [task.task_id for task in cloud.tasks if task.job.prompt == prompt]
    return task_id


def by_task(tis: list[TI]) -> dict[str, TI]:
    return {ti.task_id: ti for ti in tis}


@killed_is_retried
def test_a_killed_task_process_costs_no_second_picture(airflow: RealAirflow, cloud: LocalService) -> None:
    for name in ("after_the_request_left", "after_the_request_left_no_store"):
        cloud.add_fault(kind="delay", action="ProcessImage", when="after", seconds=4, times=1, match=f'"{name}"')
    # However late a process looks for the first time, there is something to wait for.
    cloud.add_fault(kind="task_seconds", seconds=3600, match='"while_polling')
    polling = ("while_polling", "while_polling_no_store")
    run = airflow.trigger("crashes")
    airflow.wait("crashes", run, lambda tis: all(by_task(tis)[name].try_number > 1 for name in polling), 240)
    cloud.clear_faults()
    finish(cloud, "while_polling")
    tis = airflow.wait_finished("crashes", run, 240)
    strays = [ti for ti in tis if ti.state != "success" or ti.try_number < 2]
    logs = "\n".join(airflow.task_log("crashes", run, ti.task_id) for ti in strays)
    assert not strays, logs
    assert len(tis) == 14
    for ti in tis:
        result: Any = airflow.xcom("crashes", run, ti.task_id)
        assert paid(cloud)[ti.task_id] == 1, airflow.task_log("crashes", run, ti.task_id)
        assert (result if isinstance(result, str) else result["TaskId"]) == task_id_for(cloud, ti.task_id)
    said = airflow.task_log("crashes", run, "after_the_answer")
    assert f"Joining MPS task {task_id_for(cloud, 'after_the_answer')}" in said
    assert "nothing is submitted" in said


def test_a_clear_makes_a_new_picture_unless_the_old_one_is_being_made(
    airflow: RealAirflow, cloud: LocalService
) -> None:
    cloud.add_fault(kind="task_seconds", seconds=3600, match='"running"')
    run = airflow.trigger("clears")
    waiting = {"finished": "success", "running": "deferred"}

    def waits(tis: list[TI]) -> bool:
        # The triggerer submits, where it can.
        return {ti.task_id: ti.state for ti in tis} == waiting and paid(cloud)["running"] == 1

    before = airflow.wait("clears", run, waits, 120)
    assert paid(cloud)["finished"] == paid(cloud)["running"] == 1
    old = airflow.xcom("clears", run, "finished")["TaskId"]
    for task_id in waiting:
        airflow.clear("clears", run, task_id)

    def waits_again(_: list[TI]) -> bool:
        # With a record it joins at once; without one the task may be its own as long as it runs.
        log = airflow.task_log("clears", run, "running")
        return "Joining MPS task" in log or "which may be it" in log

    airflow.wait("clears", run, waits_again, 120)
    finish(cloud, "running")
    after = airflow.wait_finished("clears", run, 120)
    assert {ti.state for ti in after} == {"success"}
    # The sign by which a try knows of the clear.
    for name, ti in by_task(after).items():
        was = by_task(before)[name]
        assert was.max_tries == RETRIES
        assert ti.try_number > was.try_number
        assert ti.max_tries == was.try_number + RETRIES
    assert paid(cloud)["finished"] == 2
    assert airflow.xcom("clears", run, "finished")["TaskId"] != old
    assert paid(cloud)["running"] == 1
    assert airflow.xcom("clears", run, "running")["TaskId"] == task_id_for(cloud, "running")


@newest_only
@pytest.mark.skipif(not WHOLE, reason="make test-whole runs it")
def test_execution_timeout_ends_a_deferred_try_and_the_retry_joins(airflow: RealAirflow, cloud: LocalService) -> None:
    cloud.add_fault(kind="task_seconds", seconds=18, match='"limited"')
    run = airflow.trigger("limits")
    (ti,) = airflow.wait_finished("limits", run, 120)
    log = airflow.task_log("limits", run, "limited")
    assert ti.state == "success", log
    assert ti.try_number >= 2
    assert paid(cloud)["limited"] == 1
    task_id = task_id_for(cloud, "limited")
    assert airflow.xcom("limits", run, "limited")["TaskId"] == task_id
    if not AIRFLOW_2:
        # Airflow 2 itself ends the try before our code could say anything.
        assert f"MPS task {task_id} was not done within execution_timeout" in log


@pytest.mark.skipif(not WHOLE, reason="make test-whole runs it; a cluster of which a triggerer is killed is beside it")
def test_many_tasks_outlive_their_triggerer(airflow: RealAirflow, cloud: LocalService) -> None:
    cloud.add_fault(kind="task_seconds", seconds=3600, match='"many ')
    run = airflow.trigger("many")
    airflow.wait("many", run, lambda tis: Counter(ti.state for ti in tis)["deferred"] == MANY, 400)
    airflow.kill("triggerer")
    airflow.start("triggerer")
    cloud.clear_faults()
    finish(cloud, "many ")
    tis = airflow.wait_finished("many", run, 400)
    assert Counter(ti.state for ti in tis) == {"success": MANY}
    accepted = {prompt: count for prompt, count in paid(cloud).items() if prompt.startswith("many ")}
    assert accepted == {f"many {n}": 1 for n in range(MANY)}
    for ti in tis:
        assert airflow.xcom("many", run, "wait", ti.map_index)["TaskId"] == task_id_for(cloud, f"many {ti.map_index}")


@killed_is_retried
@newest_only
def test_a_batch_outlives_its_worker_and_its_triggerer(airflow: RealAirflow, cloud: LocalService) -> None:
    def accepted() -> int:
        return sum(prompt.startswith("batch ") for prompt in paid(cloud))

    def refresh(tis: list[TI]) -> TI:
        return by_task(tis)["refresh"]

    cloud.add_fault(kind="task_seconds", seconds=3600, match='"batch slow ')
    # So that it is in the middle of submitting when it is killed, with answers on their way.
    cloud.add_fault(kind="delay", action="ProcessImage", when="after", seconds=0.5, match='"batch ', times=40)
    run = airflow.trigger("batches")
    tis = airflow.wait("batches", run, lambda _: accepted() >= 5, 120)
    os.kill(refresh(tis).pid or 0, signal.SIGKILL)
    airflow.wait("batches", run, lambda tis: refresh(tis).state == "deferred" and accepted() == 60, 120)
    airflow.kill("triggerer")
    airflow.start("triggerer")
    finish(cloud, "batch ")
    after = refresh(airflow.wait_finished("batches", run, 120))
    log = airflow.task_log("batches", run, "refresh")
    assert after.state == "success", log
    assert after.try_number >= 2
    assert {count for prompt, count in paid(cloud).items() if prompt.startswith("batch ")} == {1}
    entries = airflow.xcom("batches", run, "refresh")
    prompts = {task.task_id: task.job.prompt for task in cloud.tasks}
    assert [prompts[entry["TaskId"]] for entry in entries] == [
        *(f"batch {n}" for n in range(50)),
        *(f"batch slow {n}" for n in range(10)),
    ]
    assert all(cloud.object_exists(cloud.bucket, entry["Outputs"][0]["path"]) for entry in entries)
    assert "finished 60, failed 0" in log or "60 of 60 pictures are there" in log


@newest_only
def test_an_example_runs_without_a_logical_date(airflow: RealAirflow, tmp_path: Path) -> None:
    run = airflow.trigger("mps_catalogue_batch", {"local_dir": str(tmp_path)})
    tis = airflow.wait_finished("mps_catalogue_batch", run, 240)
    logs = "\n".join(airflow.task_log("mps_catalogue_batch", run, ti.task_id, ti.map_index) for ti in tis)
    assert {ti.state for ti in tis} == {"success"}, logs
    assert len(list(tmp_path.iterdir())) == 9
    (folder,) = {
        Path(entry["Outputs"][0]["path"]).parent for entry in airflow.xcom("mps_catalogue_batch", run, "refresh")
    }
    assert re.fullmatch(r"/catalogue/\d{4}-\d\d-\d\d", str(folder))
