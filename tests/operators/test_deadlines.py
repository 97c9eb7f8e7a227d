"""How long a task is waited for: through retries, and anew after a clear."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowSensorTimeout, TaskDeferred

from airflow_provider_mps.core.services import ServiceProfile
from airflow_provider_mps.exceptions import (
    AidgeTimeoutError,
    MpsBatchFailedError,
    MpsExecutionTimeoutError,
    MpsInDoubtError,
    MpsTimeoutError,
)
from airflow_provider_mps.local.service import LocalService
from airflow_provider_mps.operators.mps import MpsImageBgFusionBatchOperator
from airflow_provider_mps.sensors.mps import MpsImageTaskSensor
from airflow_provider_mps.services.aidge.words import AidgeAction
from airflow_provider_mps.services.profiles import AIDGE, MPS
from tests.operators import test_aidge
from tests.operators.conftest import Task
from tests.task_context import StateStore, execute, make_context

pytestmark = pytest.mark.usefixtures("_no_waits", "conn_id", "aidge_conn_id")

SUBMIT, DETAIL = "ProcessImage", "DescribeImageTaskDetail"
WAITS = {"wait_for_completion": True}
CLEARED = {"try_number": 3, "max_tries": 4}


def deadline_of(deferred: TaskDeferred) -> float:
    return float(deferred.trigger.serialize()[1]["deadline"])


def rewind(store: StateStore, service: ServiceProfile, seconds: float) -> dict[str, Any]:
    """Put the submission on record so many seconds before it was."""
    key = service.record_key
    record = store.get(key)
    for name in ("intent", "accepted"):
        record[name] = record[name] and record[name] - seconds
    store.set(key, record)
    return dict(record)


def test_a_clear_waits_anew_and_its_retries_go_on_from_there(task: Task, lines: Callable[[], str]) -> None:
    task.service.add_fault(kind="task_seconds", seconds=3600)
    task.run(timeout=60)
    assert task.store is not None
    accepted = rewind(task.store, MPS, 1000)["accepted"]
    with pytest.raises(MpsTimeoutError, match=r"Raise timeout, or clear the task: .* a clear joins it and waits anew"):
        task.run(2, timeout=60, **WAITS)
    assert "Nothing of timeout=60 s is left, so this try looks once" in lines()
    before = time.time()
    with pytest.raises(TaskDeferred) as deferred:
        task.run(**CLEARED, timeout=60, deferrable=True, **WAITS)
    cleared = deadline_of(deferred.value)
    assert before + 60 <= cleared <= time.time() + 60
    assert task.record["accepted"] == accepted
    # A retry of that has what is left, and says how much.
    lines()
    with pytest.raises(TaskDeferred) as deferred:
        task.run(4, 4, timeout=60, deferrable=True, **WAITS)
    assert deadline_of(deferred.value) == cleared
    assert " s of timeout=60 s are left" in lines()
    # And the next clear waits anew.
    with pytest.raises(TaskDeferred) as deferred:
        task.run(5, 6, timeout=60, deferrable=True, **WAITS)
    assert deadline_of(deferred.value) > cleared
    assert len(task.accepted) == 1


def test_a_clear_in_doubt_waits_anew(task: Task) -> None:
    task.service.add_fault(kind="task_seconds", seconds=2)
    task.service.add_fault(kind="lost_answer", action=SUBMIT, times=1)
    task.service.add_fault(kind="reset", action="DescribeImageTasks", times=6)
    with pytest.raises(MpsInDoubtError):
        task.run(**WAITS)
    assert task.store is not None
    rewind(task.store, MPS, 100)
    with pytest.raises(MpsInDoubtError, match="not done within timeout; raise that, or clear the task to wait anew"):
        task.run(2, timeout=60, **WAITS)
    assert task.run(**CLEARED, timeout=60, **WAITS)["TaskId"] == task.accepted[0]
    assert len(task.accepted) == 1


def test_a_clear_waits_anew_for_aidge(service: LocalService, tmp_path: Path, lines: Callable[[], str]) -> None:
    task = test_aidge.Task(service, StateStore(tmp_path / "state.json"))
    service.add_fault(kind="task_seconds", action=AidgeAction.GENERATE.value, seconds=3600)
    task.run()
    assert task.store is not None
    rewind(task.store, AIDGE, 1000)
    with pytest.raises(AidgeTimeoutError, match=r"a clear joins it and waits anew, and a retry only looks once more"):
        task.run(2, timeout=60, **WAITS)
    assert "Nothing of timeout=60 s is left" in lines()
    before = time.time()
    with pytest.raises(TaskDeferred) as deferred:
        task.run(**CLEARED, timeout=60, deferrable=True, **WAITS)
    assert before + 60 <= deadline_of(deferred.value) <= time.time() + 60
    assert len(task.accepted) == 1


def test_a_clear_of_a_batch_waits_anew_for_each_picture(service: LocalService) -> None:
    service.add_fault(kind="task_seconds", seconds=3600)
    requests = [{"subject_cos_key": "/samples/coffee.png", "prompt": f"p{number}"} for number in range(3)]

    def run(timeout: float, **ti: Any) -> Any:
        operator = MpsImageBgFusionBatchOperator(
            task_id="task", requests=requests, deferrable=False, poll_interval=0.1, timeout=timeout, retries=2
        )
        return execute(operator, make_context(**ti))

    with pytest.raises(MpsBatchFailedError, match="a clear joins it and waits anew, a retry only looks once more"):
        run(0.5)
    with pytest.raises(MpsBatchFailedError, match="3 x Timeout"):
        run(0.5, try_number=2)
    for task in service.tasks:
        task.seconds = 0.0
    assert len(run(60, **CLEARED)) == 3
    assert len(service.accepted(SUBMIT)) == 3


@pytest.mark.parametrize("submits", [True, False])
def test_what_is_said_of_execution_timeout(submits: bool, task: Task) -> None:
    """A sensor has nothing to join, and nothing that ``durable`` could be said of."""
    task.service.add_fault(kind="task_seconds", seconds=3600)
    task_id = task.run()
    limit = {"deferrable": True, "execution_timeout": timedelta(seconds=60), "retries": 2}
    operator: Any = MpsImageTaskSensor(task_id="sensor", mps_task_id=task_id, **limit)
    if submits:
        operator = task.operator(**limit, **WAITS)
    event = {"status": "timeout", "mps_task_id": task_id, "limit": "execution_timeout", "last_seen": "WAITING"}
    with pytest.raises(MpsExecutionTimeoutError) as caught:
        operator.execute_complete(make_context(task.store), event)
    said = "a retry joins it for what is left of timeout" if submits else "A retry waits for it again."
    assert said in str(caught.value)
    assert ("durable" in str(caught.value)) is submits


def test_a_sensor_says_that_a_clear_waits_again(task: Task) -> None:
    task.service.add_fault(kind="task_seconds", seconds=3600)
    task_id = task.run()
    sensor = MpsImageTaskSensor(task_id="sensor", mps_task_id=task_id, poke_interval=0.1, timeout=0.3)
    with pytest.raises(AirflowSensorTimeout, match="clear it, and it waits again"):
        execute(sensor, make_context())
