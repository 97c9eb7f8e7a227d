"""SIGKILL at random moments while a plan is made: each picture is paid for once, and all of it is on record."""

from __future__ import annotations

import json
import os
import random
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_mps.local.service import LocalService
from tests.operators.batch_child import run
from tests.operators.forks import FORKS
from tests.operators.plans import Catalogue, line, read

COUNT = 24
# make test-crashes has more.
LIVES = int(os.environ.get("MPS_TEST_LIVES", "2"))
KILLS = 4


class Life:
    """The processes in which a plan is made, and what they leave."""

    def __init__(self, service: LocalService, folder: Path, *, deferrable: bool) -> None:
        self.service, self.folder, self.deferrable = service, folder, deferrable
        self.catalogue = Catalogue(folder / "shop")
        self.plan = self.catalogue.plan(line(number) for number in range(COUNT))

    @property
    def progress(self) -> int:
        """How much the services were asked and was written to the disk."""
        return len(self.service.journal) + sum(len(files) for *_, files in os.walk(self.catalogue.folder))

    def step(self, step: str, dies_after: int | None, **more: Any) -> dict[str, Any] | None:
        """Run one process to its end; None if it was killed, once so much had happened."""
        out, begun, deadline = self.folder / "out.json", self.progress, time.time() + 90
        spec = {"step": step, "out": str(out), "connection": self.service.connection(), "requests": self.plan}
        process = FORKS.Process(target=run, args=(spec | {"deferrable": self.deferrable, **more},))
        process.start()
        while process.is_alive() and (dies_after is None or self.progress - begun < dies_after):
            assert time.time() < deadline
            time.sleep(0.002)
        if dies_after is not None:
            process.kill()
        process.join(60)
        assert process.exitcode in (0, -signal.SIGKILL)
        return dict(json.loads(out.read_text())) if process.exitcode == 0 else None

    def live(self, moments: list[int]) -> tuple[dict[str, Any], int]:
        """Live through tries and deferrals, killed at each moment; return what the task returns, and its try."""
        moments, try_number = list(moments), 1
        event: Any = None
        while True:
            step = {"event": event} if event is not None else {}
            name = "complete" if event is not None else "execute"
            end = self.step(name, moments.pop() if moments else None, try_number=try_number, **step)
            event = None
            if end is None:
                try_number += 1
            elif "returned" in end:
                return dict(end["returned"]), try_number
            else:
                fired = None
                while fired is None:
                    fired = self.step("trigger", moments.pop() if moments else None, trigger=end["deferred"])
                event = fired["event"]


@pytest.mark.parametrize("seed", range(LIVES))
def test_killed_at_random_moments(seed: int, service: LocalService, tmp_path: Path) -> None:
    # The answers take a while, so that whoever is killed leaves some of them unread.
    service.add_fault(kind="delay", action="ProcessImage", when="after", seconds=0.05)
    moments = [int(random.Random(seed * KILLS + n).expovariate(1 / 60)) + 1 for n in range(KILLS)]
    life = Life(service, tmp_path, deferrable=seed % 2 == 1)
    output, try_number = life.live(moments)
    assert output["counts"] == {"made": COUNT, "failed": 0}
    found = read(output)
    assert len({one["entry"]["TaskId"] for one in found}) == len(service.tasks) == COUNT
    record = life.catalogue.record
    for one in found:
        state = record.state(one["item"])
        assert state.made is not None
        assert (state.made.task_id, state.made.picture) == (one["entry"]["TaskId"], one["entry"]["Outputs"][0])
        assert state.planned is None
    assert [event["event"] for event in life.catalogue.log].count("made") == COUNT
    # And once more, as if the return of it all had been lost: nothing is paid for, nothing is said again.
    log = life.catalogue.log
    again = life.step("execute", None, try_number=try_number + 1)
    assert again is not None
    if "deferred" in again:
        again, _ = {"returned": life.live([])[0]}, None
    assert read(again["returned"]) == found
    assert len(service.tasks) == COUNT
    assert life.catalogue.log == log
