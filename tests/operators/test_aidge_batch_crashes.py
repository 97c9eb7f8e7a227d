"""SIGKILL while a batch of Aidge submits, waits and copies: nothing is paid twice, and little is left in doubt."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_mps.batch.port import NEXT_TO_GO
from airflow_provider_mps.local.service import LocalService
from tests.operators.aidge_batch_child import run
from tests.operators.aidge_batches import GET, QUERY, SUBMIT, Batch, codes
from tests.operators.forks import in_a_fork

COUNT = 16


class Life:
    """The processes in which a batch lives."""

    def __init__(self, service: LocalService, folder: Path, *, deferrable: bool, **extra: Any) -> None:
        self.service, self.folder = service, folder
        aidge = service.aidge_connection()
        aidge["extra"] |= extra
        self.connections = {"TENCENTCLOUD_DEFAULT": service.connection(), "AIDGE_DEFAULT": aidge}
        requests = Batch(service).products(COUNT)
        self.arguments = {"requests": requests, "defaults": {"scene_id": 3, "image_num": 2}, "deferrable": deferrable}
        self.try_number = 1

    def step(self, step: str, dies: Callable[[], bool] | None = None, **more: Any) -> dict[str, Any]:
        """Run one process to its end, or until it is to die. What is deferred goes on in the try in which it was."""
        self.try_number = more.get("try_number", self.try_number)
        spec = {
            "step": step,
            "out": str(self.folder / "out.json"),
            "connections": self.connections,
            "try_number": self.try_number,
            "max_tries": 2,
        }
        spec |= {"arguments": self.arguments, **more}
        return dict(in_a_fork(run, spec, dies))

    def to_the_end(self, end: dict[str, Any]) -> list[dict[str, Any]]:
        """Go on, through the triggerer if the task has deferred."""
        while "deferred" in end:
            end = self.step("complete", event=self.step("trigger", trigger=end["deferred"])["event"])
        return list(end["returned"])

    def accepted(self, count: int) -> Callable[[], bool]:
        """Return whether Aidge has accepted so many; their answers may be on their way."""
        return lambda: len(self.service.aidge_tasks) >= count

    def is_whole(self, entry: dict[str, Any]) -> bool:
        """Tell whether both pictures of an entry are in COS."""
        places = [(output["bucket"], output["path"]) for output in entry["Outputs"]]
        return len(places) == 2 and all(self.service.object_exists(*place) for place in places)


@pytest.mark.parametrize("deferrable", [False, True])
def test_a_worker_is_killed_while_it_submits(service: LocalService, tmp_path: Path, deferrable: bool) -> None:
    # At the pace of two accounts, and answers that take a while, as Aidge's do.
    life = Life(service, tmp_path, deferrable=deferrable, requests_per_second=4)
    service.add_fault(kind="delay", action=SUBMIT, when="after", seconds=0.4)
    life.step("execute", life.accepted(6))
    paid = len(service.aidge_tasks)
    service.clear_faults()
    found = life.to_the_end(life.step("execute", try_number=2))
    doubts = codes(found)
    assert set(doubts.values()) <= {"InDoubt"}
    # Two or so were under way, and two were about to be.
    assert len(doubts) <= 3 + NEXT_TO_GO
    good = [entry for entry in found if "Error" not in entry]
    assert len(good) + len(doubts) == COUNT
    assert all(map(life.is_whole, good))
    # What is in doubt was sent once at the most, and nothing was paid for twice.
    assert max(len(good), paid) <= len(service.aidge_tasks) <= COUNT


def test_it_is_killed_while_it_copies(service: LocalService, tmp_path: Path) -> None:
    life = Life(service, tmp_path, deferrable=False)
    service.add_fault(kind="delay", action=GET, seconds=0.1)
    for try_number, count in enumerate((6, 14), start=1):
        life.step(
            "execute",
            lambda count=count: len(service.accepted(GET)) >= count and len(service.aidge_tasks) == COUNT,
            try_number=try_number,
        )
    found = life.to_the_end(life.step("execute", try_number=3))
    assert codes(found) == {} or set(codes(found).values()) == {"InDoubt"}
    assert all(map(life.is_whole, (entry for entry in found if "Error" not in entry)))
    assert len(service.aidge_tasks) == COUNT


def test_the_triggerer_is_killed_and_the_worker_after_it(service: LocalService, tmp_path: Path) -> None:
    life = Life(service, tmp_path, deferrable=True)
    service.backend.settings.task_seconds = 600
    service.add_fault(kind="delay", action=GET, seconds=0.1)
    deferred = life.step("execute")["deferred"]
    looks = len(service.accepted(QUERY))
    life.step("trigger", lambda: len(service.accepted(QUERY)) >= looks + 4, trigger=deferred)
    Batch(service).end_all()
    event = life.step("trigger", trigger=deferred)["event"]
    copied = len(service.accepted(GET))
    life.step("complete", lambda: len(service.accepted(GET)) > copied + 4, event=event)
    found = life.to_the_end(life.step("execute", try_number=2))
    assert codes(found) == {}
    assert all(map(life.is_whole, found))
    assert len(service.aidge_tasks) == COUNT
