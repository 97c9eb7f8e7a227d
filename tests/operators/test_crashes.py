"""SIGKILL at every moment of a submission, in every mode, with and without Airflow's state store."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import TaskDeferred

from airflow_provider_mps.local.service import LocalService
from airflow_provider_mps.operators.mps import MpsImageBgFusionOperator
from tests.operators.crash_child import ARGUMENTS, DEATHS, run
from tests.operators.forks import FORKS
from tests.task_context import AIRFLOW_2, execute, make_context

MODES: dict[str, dict[str, bool]] = {
    "submit": {},
    "wait": {"wait_for_completion": True},
    "deferrable": {"wait_for_completion": True, "deferrable": True},
}
# Airflow 2 has no state store.
STORES = [pytest.param(False, id="no-store")] + ([] if AIRFLOW_2 else [pytest.param(True, id="store")])


class Life:
    """The processes in which one Airflow task lives."""

    def __init__(self, service: LocalService, folder: Path, *, store: bool, mode: str, **arguments: Any) -> None:
        self.service, self.folder, self.arguments = service, folder, MODES[mode] | arguments
        self.store = str(folder / "state.json") if store else ""
        self.run_began = datetime.now(UTC).isoformat()
        self.try_number = 1

    def step(self, step: str, death: str = "", *, try_number: int | None = None, **more: Any) -> dict[str, Any] | None:
        """Run one process to its end; None if it was killed. What is deferred goes on in the try in which it was."""
        self.try_number = try_number or self.try_number
        out = self.folder / "out.json"
        out.unlink(missing_ok=True)
        spec = {
            "step": step,
            "death": death,
            "try_number": self.try_number,
            "out": str(out),
            "store": self.store,
            **more,
        }
        spec |= {"connection": self.service.connection(), "arguments": self.arguments, "run_began": self.run_began}
        process = self._process = FORKS.Process(target=run, args=(spec,))
        process.start()
        if death == "after the request left":
            wait_until(lambda: bool(self.service.tasks))
            self.kill()
        process.join(60)
        assert process.exitcode in (0, -signal.SIGKILL), f"exit code {process.exitcode}"
        assert (process.exitcode == 0) == out.exists()
        return json.loads(out.read_text()) if out.exists() else None

    def to_the_end(self, end: dict[str, Any] | None) -> Any:
        """Go on after a step that was not killed: through the triggerer, if the task has deferred."""
        assert end is not None
        while "deferred" in end:
            event = self.step("trigger", trigger=end["deferred"])
            assert event is not None
            end = self.step("complete", event=event["event"], method=end["method"])
            assert end is not None
        return end["returned"]

    def kill(self) -> None:
        """Kill the process that runs."""
        os.kill(self._process.pid, signal.SIGKILL)


@pytest.fixture
def service() -> Iterator[LocalService]:
    with LocalService(task_seconds=0.4, rate_limit=0, small_pictures=True) as running:
        yield running


@pytest.fixture
def make_life(service: LocalService, tmp_path: Path) -> Callable[..., Life]:
    return lambda **how: Life(service, tmp_path, **how)


@pytest.mark.parametrize("store", STORES)
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("death", [death for death in DEATHS if death])
def test_after_a_crash_the_retry_pays_nothing_twice(
    death: str, mode: str, store: bool, make_life: Callable[..., Life]
) -> None:
    if death == "after delivery was recorded" and not store:
        pytest.skip("there is no record to write to")
    if death == "after the request left" and mode == "deferrable" and store:
        pytest.skip("the triggerer submits; see test_handed_over_crashes.py")
    life = make_life(store=store, mode=mode)
    if death == "after the request left":
        life.service.add_fault(kind="delay", action="ProcessImage", seconds=2, when="after", times=1)
        # The retry finds it while it is being made, and waits for it.
        life.service.add_fault(kind="task_seconds", seconds=3)
    if death == "while polling":
        life.service.add_fault(kind="task_seconds", seconds=2)
    die = die_in_execute
    if store and mode == "deferrable" and death in IN_RESUME:
        # The triggerer submits.
        die = die_after_the_event
    result = DEATH_OF_MODE.get((death, mode), die)(life, death)

    # What was accepted is what is paid for.
    (accepted,) = life.service.tasks
    if mode == "submit":
        assert result == accepted.task_id
    else:
        assert result["TaskId"] == accepted.task_id
        (output,) = result["Outputs"]
        assert output["path"] == accepted.job.path
        assert life.service.get_object(output["bucket"], output["path"])


def test_200_triggers_outlive_the_process_that_runs_them(make_life: Callable[..., Life], conn_id: str) -> None:
    life = make_life(store=False, mode="deferrable")
    service = life.service
    service.add_fault(kind="task_seconds", seconds=3600)

    def defer(n: int) -> tuple[str, dict[str, Any]]:
        with pytest.raises(TaskDeferred) as deferred:
            execute(operator(n), make_context(map_index=n))
        path, arguments = deferred.value.trigger.serialize()
        return path, arguments

    with ThreadPoolExecutor(8) as pool:
        triggers = list(pool.map(defer, range(200)))
    assert len({trigger["mps_task_id"] for _, trigger in triggers}) == 200

    killed = threading.Thread(target=life.step, args=("triggerer",), kwargs={"triggers": triggers})
    killed.start()
    # Once they have been listed, all 200 wait.
    wait_until(lambda: len(service.accepted("DescribeImageTasks")) > 1)
    life.kill()
    killed.join()
    for task in service.tasks:
        task.seconds = 0.0
    end = life.step("triggerer", triggers=triggers)
    assert end is not None
    results = [operator(n).execute_complete(make_context(map_index=n), event) for n, event in enumerate(end["events"])]
    assert [result["TaskId"] for result in results] == [trigger["mps_task_id"] for _, trigger in triggers]
    assert len(service.tasks) == 200


def operator(n: int) -> MpsImageBgFusionOperator:
    return MpsImageBgFusionOperator(
        task_id="task", **{**ARGUMENTS, "prompt": f"marble {n}", "poll_interval": 2}, **MODES["deferrable"]
    )


def wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.time() + 60
    while not holds():
        assert time.time() < deadline
        time.sleep(0.02)


def die_in_execute(life: Life, death: str) -> Any:
    assert life.step("execute", death) is None
    return life.to_the_end(life.step("execute", try_number=2))


def die_in_the_triggerer(life: Life, death: str) -> Any:
    """No try ends: another triggerer takes the trigger up."""
    end = life.step("execute")
    assert end is not None
    assert life.step("trigger", death, trigger=end["deferred"]) is None
    return life.to_the_end(end)


def die_in_the_sensor(life: Life, death: str) -> Any:
    """The submitting task has ended; the sensor polls."""
    end = life.step("execute")
    assert end is not None
    task_id = end["returned"]
    assert life.step("sensor", death, mps_task_id=task_id) is None
    assert life.to_the_end(life.step("sensor", try_number=2, mps_task_id=task_id))["TaskId"] == task_id
    return task_id


def die_after_the_event(life: Life, death: str) -> Any:
    end = life.step("execute")
    assert end is not None
    event = life.step("trigger", trigger=end["deferred"])
    assert event is not None
    assert life.step("complete", IN_RESUME.get(death, death), event=event["event"], method=end["method"]) is None
    return life.to_the_end(life.step("execute", try_number=2))


# What a process that comes from the triggerer writes is the task that was accepted, and that it was delivered.
IN_RESUME = {
    "after the answer": "before the intent",
    "after the record": "after the intent",
    "after delivery was recorded": "after the record",
}
DEATH_OF_MODE: dict[tuple[str, str], Callable[[Life, str], Any]] = {
    ("while polling", "submit"): die_in_the_sensor,
    ("while polling", "deferrable"): die_in_the_triggerer,
    ("after FINISH before return", "deferrable"): die_after_the_event,
    ("after delivery was recorded", "deferrable"): die_after_the_event,
}
