"""A clear after which Airflow has dropped the state of the task: what else tells of a task that may still run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from airflow_provider_mps.exceptions import AidgeInDoubtError
from airflow_provider_mps.local.service import LocalService
from airflow_provider_mps.services.aidge.words import AidgeAction
from airflow_provider_mps.services.profiles import AIDGE
from tests.operators.conftest import Task
from tests.operators.test_aidge import Task as AidgeTask
from tests.task_context import StateStore, execute, make_context

pytestmark = pytest.mark.usefixtures("_no_waits", "conn_id", "aidge_conn_id")

SUBMIT = AidgeAction.GENERATE.value
WAITS = {"wait_for_completion": True, "poll_interval": 0.1}


@pytest.fixture
def aidge(service: LocalService, tmp_path: Path) -> AidgeTask:
    return AidgeTask(service, StateStore(tmp_path / "aidge.json"))


def cleared(task: Any, *, returned: bool = False, **arguments: Any) -> Any:
    """Run the first try after a clear, with the state dropped and the XComs of the last try named."""
    left = [*task.last["ti"].xcoms, *(["return_value"] if returned else [])]
    task.store.path.unlink(missing_ok=True)
    tries = task.last["ti"].try_number + 1
    server = SimpleNamespace(xcom_keys_to_clear=left)
    task.last = make_context(
        task.store,
        run_began=task.run_began,
        try_number=tries,
        max_tries=tries + 1,
        _ti_context_from_server=server,
    )
    return execute(task.operator(**arguments), task.last)


@pytest.mark.parametrize("waits", [False, True])
def test_aidge_is_not_paid_again_while_the_first_may_run(waits: bool, aidge: AidgeTask) -> None:
    aidge.service.add_fault(kind="task_seconds", action=SUBMIT, seconds=3600)
    aidge.run()
    # Without waiting the task has returned, which says nothing of Aidge's.
    with pytest.raises(AidgeInDoubtError, match="its log names the task") as caught:
        cleared(aidge, returned=not waits, wait_for_completion=waits)
    assert "on_doubt='resubmit'" in str(caught.value)
    assert len(aidge.accepted) == 1
    # Another clear finds the same doubt, which only a person settles.
    with pytest.raises(AidgeInDoubtError):
        cleared(aidge, wait_for_completion=waits)
    assert len(aidge.accepted) == 1
    assert cleared(aidge, on_doubt="resubmit") == aidge.accepted[1]


def test_a_lost_answer_of_aidge_stays_a_doubt(aidge: AidgeTask) -> None:
    aidge.service.add_fault(kind="lost_answer", action=SUBMIT, times=1)
    with pytest.raises(AidgeInDoubtError):
        aidge.run(**WAITS)
    with pytest.raises(AidgeInDoubtError):
        cleared(aidge, **WAITS)
    assert len(aidge.accepted) == 1


def test_pictures_of_aidge_that_were_returned_are_made_anew(aidge: AidgeTask) -> None:
    first = aidge.run(**WAITS)["TaskId"]
    assert cleared(aidge, returned=True, **WAITS)["TaskId"] == aidge.accepted[1] != first


def test_what_aidge_has_refused_is_no_doubt(aidge: AidgeTask) -> None:
    aidge.service.add_fault(kind="error", action=SUBMIT, code="1000", times=1)
    with pytest.raises(Exception, match="1000"):
        aidge.run()
    assert cleared(aidge) == aidge.accepted[0]
    assert len(aidge.accepted) == 1


@pytest.mark.parametrize("seconds", [0.0, 1.0])
def test_mps_is_joined_while_it_runs_and_made_anew_when_it_is_done(seconds: float, task: Task) -> None:
    task.service.add_fault(kind="task_seconds", seconds=seconds, times=1)
    task.run(wait_for_completion=not seconds)
    result = cleared(task, returned=not seconds, **WAITS)
    assert (result["TaskId"] == task.accepted[0]) is bool(seconds)
    assert len(task.accepted) == (1 if seconds else 2)


def test_the_request_id_is_in_the_log_and_in_the_record(task: Task, aidge: AidgeTask, lines: Callable[[], str]) -> None:
    task_id, aidge_id = task.run(), aidge.run()
    assert aidge.store is not None
    mine, theirs = task.record["request_id"], aidge.store.get(AIDGE.record_key)["request_id"]
    assert mine
    assert theirs
    said = lines()
    assert f"MPS accepted the task: TaskId {task_id} (RequestId {mine})" in said
    assert f"Aidge accepted the task: task id {aidge_id} (RequestId {theirs})" in said
    task.run(durable=False)
    assert f"MPS accepted the task: TaskId {task.accepted[-1]} (RequestId " in lines()
