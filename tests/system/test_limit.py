"""A limit a day over four workers of a whole Airflow, two of which are killed."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import pytest

from airflow_provider_mps.local.service import LocalService
from tests.system.conftest import ROOT
from tests.system.real_airflow import TI, RealAirflow

pytestmark = [pytest.mark.system, pytest.mark.alone, pytest.mark.timeout(600)]

DAGS = Path(__file__).parent / "real_dags"
LIMIT = 100


def test_four_workers_keep_to_one_limit(tmp_path: Path) -> None:
    with LocalService(task_seconds=0.5, rate_limit=0, small_pictures=True) as cloud:
        connection = cloud.connection()
        # Slow enough that all four are at work before it is reached.
        connection["extra"] |= {"pictures_per_day": LIMIT, "requests_per_second": 2}
        limited = {"PYTHONPATH": str(ROOT), "AIRFLOW_CONN_LIMITED": json.dumps(connection)}
        with RealAirflow(tmp_path, DAGS, cloud.connection(), parallelism=4, **limited) as airflow:
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
        # Other DAGs of the folder may run by their schedule, with a connection that has no limit.
        assert 95 <= sum(submitted(name) for name in "abcd") <= LIMIT
