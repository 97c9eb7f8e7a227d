"""The clock of the worker is not that of MPS, and the answer to a submission is lost."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from airflow_provider_mps.exceptions import MpsInDoubtError
from airflow_provider_mps.hooks.mps import MpsHook
from airflow_provider_mps.local.service import LocalService
from airflow_provider_mps.operators.mps import MpsImageBgFusionBatchOperator
from tests.operators.conftest import Task
from tests.task_context import execute, make_context
from tests.whole import WHOLE

pytestmark = pytest.mark.usefixtures("_no_waits")

SUBMIT, LIST, DETAIL = "ProcessImage", "DescribeImageTasks", "DescribeImageTaskDetail"
# How far the clock of the worker is fast, in seconds; MPS accepts up to 300.
FAST = [-290, -20, 0, 6, 20, 250]
PATHS = [None, "/mine/a.jpeg", "mine.jpeg", "{inputName}_x.{format}"]


@pytest.fixture
def fast() -> int:
    return 0


@pytest.fixture
def service(fast: int) -> Iterator[LocalService]:
    def clock() -> float:
        return time.time() - fast

    with LocalService(task_seconds=0.2, rate_limit=0, small_pictures=True, clock=clock) as running:
        yield running


def given(path: str | None) -> dict[str, Any]:
    return {} if path is None else {"output_path": path}


@pytest.mark.parametrize("fast", FAST)
@pytest.mark.parametrize("path", PATHS)
def test_a_lost_answer_is_not_paid_for_again(path: str | None, task: Task) -> None:
    task.service.add_fault(kind="lost_answer", action=SUBMIT, times=1)
    assert task.run(**given(path)) == task.accepted[0]
    assert len(task.accepted) == 1


@pytest.mark.parametrize("fast", [-250, 0, 20, 290])
@pytest.mark.parametrize("path", PATHS[:3])
@pytest.mark.parametrize("store", [True, False])
def test_nor_does_the_next_try_pay_again(path: str | None, store: bool, make_task: Callable[..., Task]) -> None:
    task = make_task(store=store)
    task.service.add_fault(kind="lost_answer", action=SUBMIT, times=1)
    task.service.add_fault(kind="reset", action=LIST, times=6)
    with pytest.raises(MpsInDoubtError):
        task.run(**given(path))
    # Another process, which has heard nothing of MPS yet.
    assert task.run(2, **given(path)) == task.accepted[0]
    assert len(task.accepted) == 1


@pytest.mark.parametrize("fast", [20, 250])
def test_nor_where_no_answer_told_the_time_before(task: Task, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(MpsHook, "ask_clock", lambda hook: hook.clock.ahead)
    task.service.add_fault(kind="lost_answer", action=SUBMIT, times=1)
    assert task.run(output_path="/mine/a.jpeg") == task.accepted[0]
    assert len(task.accepted) == 1


@pytest.mark.parametrize("fast", [-250, 250])
def test_a_task_that_is_found_waits_by_the_clock_of_the_worker(make_task: Callable[..., Task]) -> None:
    before = time.time()
    first = make_task(store=False).run()
    task = make_task()
    # What Airflow 3 tells the task when it clears the XComs of the run before.
    left = {"_ti_context_from_server": SimpleNamespace(xcom_keys_to_clear=["mps_task_id"])}
    assert task.run(2, task=left) == first
    # By the clock of MPS it began minutes before, or will begin in some minutes.
    assert before - 3 <= task.record["accepted"] <= time.time() + 3


@pytest.mark.parametrize("fast", [-20, 20] if WHOLE else [-20])
def test_one_question_tells_a_batch_the_time(fast: int, service: LocalService, conn_id: str) -> None:
    service.add_fault(kind="lost_answer", action=SUBMIT, times=5)
    requests = [
        {"subject_cos_key": "/samples/coffee.png", "prompt": f"p{n}", "output_path": f"/mine/{n}.jpeg"}
        for n in range(12)
    ]
    operator = MpsImageBgFusionBatchOperator(
        task_id="task", requests=requests, deferrable=False, poll_interval=0.2, defaults={"image_size": "1K"}
    )
    results = execute(operator, make_context())
    assert [result["Outputs"][0]["path"] for result in results] == [f"/mine/{n}.jpeg" for n in range(12)]
    assert len(service.accepted(SUBMIT)) == 12
    assert sum(call.code == "InvalidParameterValue.TaskId" for call in service.calls(DETAIL)) == 1


def test_a_path_of_ours_needs_no_question(task: Task) -> None:
    task.run()
    assert [call.action for call in task.service.journal] == [SUBMIT]
    task.run(2, prompt="other", output_path="/mine/a.jpeg")
    assert [call.action for call in task.service.journal] == [SUBMIT, DETAIL, SUBMIT]
