"""SIGKILL at every moment of a submission in the triggerer; another one takes it over, or the task is tried again."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_mps.compat import KEEPS_TASK_STATE
from airflow_provider_mps.local.service import LocalService
from tests.operators.crash_child import IN_THE_TRIGGERER
from tests.operators.test_crashes import Life

pytestmark = pytest.mark.skipif(not KEEPS_TASK_STATE, reason="without a record the worker submits")


@pytest.fixture
def service() -> Iterator[LocalService]:
    with LocalService(task_seconds=0.6, rate_limit=0, small_pictures=True) as running:
        yield running


@pytest.fixture
def life(service: LocalService, tmp_path: Path) -> Life:
    service.add_fault(kind="delay", action="ProcessImage", seconds=0.5, when="after", times=1)
    return Life(service, tmp_path, store=True, mode="deferrable")


def taken_over(life: Life, end: dict[str, Any]) -> Any:
    return life.to_the_end(end)


def tried_again(life: Life, end: dict[str, Any]) -> Any:
    return life.to_the_end(life.step("execute", try_number=2))


def taken_over_and_killed_again(life: Life, end: dict[str, Any]) -> Any:
    for death in ("in the look-up", "after the look-up", "after the answer"):
        # Where there is something to join, the later ones are never come to.
        life.step("trigger", death, trigger=end["deferred"])
    return life.to_the_end(end)


@pytest.mark.parametrize("then", [taken_over, tried_again, taken_over_and_killed_again])
@pytest.mark.parametrize(
    "death", [death for death in IN_THE_TRIGGERER if "look-up" not in death and "mark" not in death]
)
def test_a_killed_triggerer_pays_once(
    death: str, then: Callable[[Life, dict[str, Any]], Any], life: Life, service: LocalService
) -> None:
    if death == "while polling":
        service.add_fault(kind="task_seconds", seconds=2.5)
    end = life.step("execute")
    assert end is not None
    assert end["method"] == "resume_handed_over"
    assert not service.tasks
    assert life.step("trigger", death, trigger=end["deferred"]) is None
    result = then(life, end)
    (accepted,) = service.tasks
    assert result["TaskId"] == accepted.task_id


@pytest.mark.parametrize("then", [taken_over, tried_again, taken_over_and_killed_again])
@pytest.mark.parametrize("death", ["after the request left", "before the mark", "after the answer", "after the mark"])
def test_a_killed_triggerer_pays_once_for_what_is_urgent(
    death: str, then: Callable[[Life, dict[str, Any]], Any], service: LocalService, tmp_path: Path
) -> None:
    """Another one begins so soon that without a mark it would be the first."""
    service.add_fault(kind="delay", action="ProcessImage", seconds=0.1, when="after", times=1)
    life = Life(service, tmp_path, store=True, mode="deferrable", priority_weight=10)
    end = life.step("execute")
    assert end is not None
    # However slow the machine is to come here.
    end["deferred"][1]["record"]["intent"] = time.time()
    assert life.step("trigger", death, trigger=end["deferred"]) is None
    result = then(life, end)
    (accepted,) = service.tasks
    assert result["TaskId"] == accepted.task_id


def test_nothing_is_killed(life: Life, service: LocalService) -> None:
    result = life.to_the_end(life.step("execute"))
    (accepted,) = service.tasks
    assert result["TaskId"] == accepted.task_id
