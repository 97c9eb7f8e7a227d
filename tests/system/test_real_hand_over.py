"""A triggerer that submits is killed, stopped, or stands still; another takes over, and each picture is paid once."""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from collections.abc import Callable

import psutil
import pytest

from airflow_provider_mps.compat import KEEPS_TASK_STATE
from airflow_provider_mps.local.service import LocalService
from airflow_provider_mps.triggers.mps_submit import MARK_KEY
from tests.system.conftest import MANY
from tests.system.real_airflow import RealAirflow
from tests.whole import WHOLE

pytestmark = [
    pytest.mark.alone,
    pytest.mark.timeout(600),
    pytest.mark.skipif(not KEEPS_TASK_STATE, reason="without a record the worker submits"),
]
URGENT = "handed_over_urgent"
whole_only = pytest.mark.skipif(not WHOLE, reason="make test-whole runs it")


def killed(airflow: RealAirflow) -> None:
    """Nobody notices, but for the time without a sign of life."""
    airflow.kill("triggerer")


def lost_its_runner(airflow: RealAirflow) -> None:
    """Its supervisor notices, and ends: another takes over at once."""
    for process in airflow.process("triggerer").children(recursive=True):
        process.kill()
    airflow.ended("triggerer")


def stopped(airflow: RealAirflow) -> None:
    """As in a rolling upgrade: another takes over as soon as it has ended."""
    airflow.process("triggerer").send_signal(signal.SIGTERM)
    airflow.ended("triggerer")


def stood_still(airflow: RealAirflow) -> None:
    """For longer than it takes to count as dead; then it goes on with what it thinks it still has."""
    supervisor = airflow.process("triggerer")
    processes = [supervisor, *supervisor.children(recursive=True)]
    for process in processes:
        os.kill(process.pid, signal.SIGSTOP)
    time.sleep(15)
    for process in reversed(processes):
        if psutil.pid_exists(process.pid):
            os.kill(process.pid, signal.SIGCONT)


def test_what_is_urgent_leaves_a_mark(airflow: RealAirflow) -> None:
    """The first question to a triggerer may take it so long that there is no time left for a mark."""
    marks: list[float | None] = []
    while not any(marks) and len(marks) < 5:
        run = airflow.trigger("urgent")
        (ti,) = airflow.wait_finished("urgent", run, 120)
        assert ti.state == "success", airflow.task_log("urgent", run, "fuse")
        marks.append(airflow.xcom("urgent", run, "fuse", key=MARK_KEY))
    assert any(marks)


@pytest.mark.parametrize(
    ("happens", "dag"),
    [
        pytest.param(happens, dag, id=f"{happens.__name__}-{dag}", marks=[] if runs_always else whole_only)
        for happens, dag, runs_always in (
            (lost_its_runner, URGENT, True),
            (lost_its_runner, "handed_over", False),
            (stood_still, "handed_over", False),
            (killed, "handed_over", False),
            (stopped, "handed_over", False),
            (stopped, URGENT, False),
        )
    ],
)
def test_another_triggerer_takes_over(
    happens: Callable[[RealAirflow], None], dag: str, airflow: RealAirflow, cloud: LocalService
) -> None:
    name = f"{happens.__name__} {dag}"
    airflow.start("triggerer-2", "triggerer")
    try:
        # Some requests are under way, with their answers to come.
        cloud.add_fault(kind="delay", action="ProcessImage", when="after", seconds=0.8, match=f'"{name} ')
        run = airflow.trigger(dag, {"name": name})

        def of_this() -> Counter[str]:
            return Counter(task.job.prompt for task in cloud.tasks if task.job.prompt.startswith(f"{name} "))

        airflow.wait(dag, run, lambda _: sum(of_this().values()) >= MANY // 3, 240)
        happens(airflow)
        tis = airflow.wait_finished(dag, run, 240)
        strays = [ti for ti in tis if ti.state != "success"]
        assert not strays, "\n".join(airflow.task_log(dag, run, "fuse", ti.map_index) for ti in strays)
        logs = "\n".join(airflow.task_log(dag, run, "fuse", ti.map_index) for ti in tis)
        assert of_this() == {f"{name} {n}": 1 for n in range(MANY)}, logs[-20_000:]
        marks = [airflow.xcom(dag, run, "fuse", ti.map_index, MARK_KEY) for ti in tis]
        assert dag == URGENT or not any(marks)
        # Somebody else has taken over, or this shows nothing.
        assert any(len(airflow.triggerers(dag, run, "fuse", ti.map_index)) > 1 for ti in tis), logs[-20_000:]
    finally:
        cloud.clear_faults()
        airflow.replace("triggerer", "triggerer-2")
