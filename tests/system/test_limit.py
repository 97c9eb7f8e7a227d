"""A limit a day over four workers of a whole Airflow, two of which are killed."""

from __future__ import annotations

import os
import signal

import pytest

from airflow_provider_mps.local.service import LocalService
from tests.system.conftest import PICTURES_PER_DAY
from tests.system.real_airflow import TI, RealAirflow
from tests.whole import WHOLE

pytestmark = [
    pytest.mark.alone,
    pytest.mark.timeout(600),
    # Four processes of which two are killed are in tests/hooks/test_budget.py too.
    pytest.mark.skipif(not WHOLE, reason="make test-whole runs it"),
]


def test_four_workers_keep_to_one_limit(airflow: RealAirflow, cloud: LocalService) -> None:
    run = airflow.trigger("limited")

    def submitted(name: str) -> int:
        return sum(task.job.prompt.startswith(f"limited {name} ") for task in cloud.tasks)

    def all_submit(_: list[TI]) -> bool:
        return all(submitted(name) >= 3 for name in "abcd")

    for victim in airflow.wait("limited", run, all_submit, 240)[:2]:
        assert victim.pid is not None
        os.kill(victim.pid, signal.SIGKILL)
    ended = airflow.wait_finished("limited", run, 240)
    assert {ti.state for ti in ended} == {"failed"}
    logs = [airflow.task_log("limited", run, ti.task_id) for ti in ended]
    assert sum("PicturesPerDayReached (limited)" in log for log in logs) == 2
    assert 95 <= sum(submitted(name) for name in "abcd") <= PICTURES_PER_DAY
