"""SIGKILL while a batch is submitted, waited for, and handed over: nothing is paid twice, nothing is lost."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_mps.local.service import LocalService
from tests.operators.batch_child import run
from tests.operators.forks import in_a_fork

COUNT = 24
REQUESTS = [
    {"subject_cos_key": "/samples/coffee.png", "bg_cos_key": "/samples/brick.png", "prompt": f"marble {n}"}
    for n in range(COUNT)
]


class Life:
    """The processes in which a batch lives."""

    def __init__(self, service: LocalService, folder: Path, *, deferrable: bool, requests: Any = REQUESTS) -> None:
        self.service, self.folder, self.deferrable, self.requests = service, folder, deferrable, requests
        self.try_number = 1

    def step(self, step: str, dies: Callable[[], bool] | None = None, **more: Any) -> dict[str, Any]:
        """Run one process to its end, or until it is to die. What is deferred goes on in the try in which it was."""
        self.try_number = more.get("try_number", self.try_number)
        spec = {
            "step": step,
            "out": str(self.folder / "out.json"),
            "connection": self.service.connection(),
            "try_number": self.try_number,
        }
        spec |= {"requests": self.requests, "deferrable": self.deferrable, **more}
        return dict(in_a_fork(run, spec, dies))

    def to_the_end(self, end: dict[str, Any]) -> Any:
        """Go on, through the triggerer if the task has deferred; return what the task returns."""
        while "deferred" in end:
            end = self.step("complete", event=self.step("trigger", trigger=end["deferred"])["event"])
        return end["returned"]

    def accepted(self, count: int) -> Callable[[], bool]:
        """Return whether the service has accepted so many; their answers may be on their way."""
        return lambda: len(self.service.tasks) >= count


@pytest.fixture
def make_life(service: LocalService, tmp_path: Path) -> Callable[..., Life]:
    # The answers take a while, so that whoever is killed leaves some of them unread.
    service.add_fault(kind="delay", action="ProcessImage", when="after", seconds=0.1)
    return lambda *, deferrable: Life(service, tmp_path, deferrable=deferrable)


@pytest.mark.parametrize("deferrable", [False, True])
@pytest.mark.parametrize("count", [9, COUNT])
def test_a_worker_is_killed_while_it_submits(count: int, deferrable: bool, make_life: Callable[..., Life]) -> None:
    life = make_life(deferrable=deferrable)
    life.step("execute", life.accepted(count))
    found = life.to_the_end(life.step("execute", try_number=2))
    assert len({entry["TaskId"] for entry in found}) == COUNT
    assert all(entry["Outputs"] for entry in found)
    assert len(life.service.tasks) == COUNT


def test_it_is_killed_in_each_of_its_tries(make_life: Callable[..., Life]) -> None:
    life = make_life(deferrable=False)
    for try_number, count in enumerate((4, 12, 20), start=1):
        life.step("execute", life.accepted(count), try_number=try_number)
    assert len(life.to_the_end(life.step("execute", try_number=4))) == COUNT
    assert len(life.service.tasks) == COUNT


def test_the_triggerer_is_killed_and_the_worker_after_it(make_life: Callable[..., Life]) -> None:
    life = make_life(deferrable=True)
    life.service.backend.settings.task_seconds = 2.0
    deferred = life.step("execute")["deferred"]
    looks = "DescribeImageTaskDetail"
    life.step("trigger", lambda: len(life.service.accepted(looks)) >= COUNT // 2, trigger=deferred)
    event = life.step("trigger", trigger=deferred)["event"]
    headers = len(life.service.calls("PutObject"))
    life.step("complete", lambda: len(life.service.calls("PutObject")) > headers, event=event)
    found = life.to_the_end(life.step("execute", try_number=2))
    assert all(entry["Outputs"] for entry in found)
    assert len(life.service.tasks) == COUNT
