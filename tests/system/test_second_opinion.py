"""A real run of a DAG whose pictures the service is asked about."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from airflow_provider_mps.local.service import LocalService
from tests.system.conftest import SCENARIOS, Run
from tests.whole import WHOLE

pytestmark = pytest.mark.skipif(not WHOLE, reason="make test-whole runs it")


def test_it_is_asked_once_of_each_and_a_bad_one_is_made_once_more(
    run_dag: Callable[..., Run], service: LocalService
) -> None:
    service.add_fault(kind="wrong_text", body='{"IQA": 3}', match="ImageQualityConfig", times=1)
    run = run_dag(SCENARIOS / "second_opinion.py", {"least": {"IQA": 5}})
    assert set(run.states.values()) == {"success"}, run.log[-6000:]
    counts = run.result("check")["counts"]
    assert counts["ok"] == counts["opinions"] == 2
    assert counts["remade"] == 1
    assert [len(task.job.assessed) for task in service.tasks].count(1) == 3
    assert len(service.tasks) == 3 + 3
    assert run.result("publish")["counts"]["published"] == 2
    assert "The service is asked about 2 pictures" in run.log
    # A second run finds all of it published, and pays nothing.
    run = run_dag(SCENARIOS / "second_opinion.py", {"least": {"IQA": 5}})
    assert run.states["check"] == "success", run.log[-6000:]
    assert len(service.tasks) == 3 + 3
