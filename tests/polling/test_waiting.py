"""Waiting in the worker, in a time of the test's own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from airflow_provider_mps.core.errors import ServiceError
from airflow_provider_mps.core.polling import Deadline
from airflow_provider_mps.core.tasks import TaskState
from airflow_provider_mps.exceptions import MpsTimeoutError
from airflow_provider_mps.polling import waiting
from airflow_provider_mps.polling.waiting import wait_in_worker
from airflow_provider_mps.services.profiles import MPS

NOW = 1_000_000.0
RESULT = {"TaskId": "t", "Status": "FINISH"}


@dataclass
class Clocks:
    """The clocks of a machine and its sleep; none takes any time."""

    wall: float = NOW
    steady: float = 50.0
    asleep: list[float] = field(default_factory=list)

    def time(self) -> float:
        return self.wall

    def monotonic(self) -> float:
        return self.steady

    def sleep(self, seconds: float) -> None:
        assert seconds > 0
        assert len(self.asleep) < 1000, "this never ends"
        self.asleep.append(seconds)
        self.wall += seconds
        self.steady += seconds


@dataclass
class Looks:
    """A task that is done after a while, and whose looks may set the clock of the machine."""

    clocks: Clocks
    takes: float
    step: float = 0.0
    count: int = 0

    def look(self, task_id: str) -> TaskState | ServiceError:
        self.count += 1
        if self.count == 3:
            self.clocks.wall += self.step
        if self.clocks.steady - 50.0 >= self.takes:
            return TaskState(task_id, "FINISH", result=RESULT)
        return TaskState(task_id, "PROCESSING")


@pytest.fixture
def clocks(monkeypatch: pytest.MonkeyPatch) -> Clocks:
    made = Clocks()
    monkeypatch.setattr(waiting, "time", made)
    return made


@pytest.fixture
def wait(clocks: Clocks) -> Callable[[Looks], dict[str, Any]]:
    def wait(looks: Looks) -> dict[str, Any]:
        return wait_in_worker(
            looks,
            "t",
            None,
            deadline=Deadline(NOW + 600),
            interval=10.0,
            since=NOW,
            timeout=600,
            log_line=lambda line: None,
            service=MPS,
        )

    return wait


STEPS = [-3600.0, -5.0, 0.0, 5.0, 3600.0]


@pytest.mark.parametrize("step", STEPS)
def test_a_clock_that_is_set_makes_a_wait_neither_longer_nor_shorter(step: float, clocks: Clocks, wait: Any) -> None:
    with pytest.raises(MpsTimeoutError, match="timeout=600 s"):
        wait(Looks(clocks, takes=1e9, step=step))
    assert sum(clocks.asleep) == pytest.approx(600)


@pytest.mark.parametrize("step", STEPS)
def test_looks_go_on_as_planned(step: float, clocks: Clocks, wait: Any) -> None:
    assert wait(Looks(clocks, takes=100, step=step)) == RESULT
    # As long as the task is old, up to the interval.
    assert clocks.asleep == [1.0, 1.0, 2.0, 4.0, 8.0, *[10.0] * 9]


@pytest.mark.parametrize("step", STEPS)
def test_what_has_ended_when_the_clock_is_set_is_a_result(step: float, clocks: Clocks, wait: Any) -> None:
    assert wait(Looks(clocks, takes=2.0, step=step)) == RESULT
    assert sum(clocks.asleep) == 2.0
