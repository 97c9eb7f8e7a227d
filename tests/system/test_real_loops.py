"""A loop under a whole Airflow: each iteration pays for its pictures, and a retry in one does not pay again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_mps.compat import HAS_LOOPS
from airflow_provider_mps.local.service import LocalService
from tests.system.conftest import ROOT
from tests.system.real_airflow import RealAirflow

pytestmark = [
    pytest.mark.alone,
    pytest.mark.timeout(600),
    pytest.mark.skipif(not HAS_LOOPS, reason="Airflow has loops from 3.4 on"),
]

DAGS = Path(__file__).parent / "loop_dags"
DYING, MAPPED = "refresh.dying", "refresh.mapped"
TURNS = ("0", "1", "2")


@pytest.fixture(scope="module")
def cloud() -> Iterator[LocalService]:
    with LocalService(task_seconds=0.5, rate_limit=0, small_pictures=True) as running:
        yield running


@pytest.fixture(scope="module")
def airflow(cloud: LocalService, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealAirflow]:
    home = tmp_path_factory.mktemp("loops")
    with RealAirflow(home, DAGS, cloud.connection(), PYTHONPATH=str(ROOT)) as running:
        yield running


def results(airflow: RealAirflow, run: str, **asked: str) -> list[dict[str, Any]]:
    query = "&".join(f"{name}={value}" for name, value in {"dag_id": "loops", "run_id": run, **asked}.items())
    found: dict[str, Any] = airflow.request("GET", f"/mps-gallery/results?{query}").json()
    assert found["notes"] == []
    return list(found["results"])


def test_three_iterations_pay_three_times_and_a_retry_in_one_no_more(airflow: RealAirflow, cloud: LocalService) -> None:
    run = airflow.trigger("loops")
    tis = airflow.wait_finished("loops", run, 300)
    assert airflow.run_state("loops", run) == "success", tis
    # The same was asked for three times, of the second one twice.
    assert Counter(task.job.prompt for task in cloud.tasks) == {"plain": 3, "mapped 0": 3, "mapped 1": 3}
    tries = Counter(ti.try_number > 1 for ti in tis if ti.task_id == DYING)
    assert tries == {False: 2, True: 1}

    # A picture of each, in the gallery and behind the buttons.
    told = results(airflow, run)
    assert len(told) == len({one["task_id"] for one in told}) == 9
    assert {one["task_id"] for one in told} == {task.task_id for task in cloud.tasks}
    assert all(one["prompt"] and one["state"] == "made" for one in told)
    assert sorted(one["turns"][DYING] for one in told if DYING in one["tasks"]) == list(TURNS)
    mapped = [(one["turns"][MAPPED], one["map_indexes"][MAPPED]) for one in told if MAPPED in one["tasks"]]
    assert sorted(mapped) == [(turn, index) for turn in TURNS for index in (0, 1)]
    for one in told:
        [task_id] = one["tasks"]
        assert results(airflow, run, task=task_id, iteration=one["iterations"][task_id]) == [one]
        [address] = [picture["id"] for picture in one["pictures"] if picture["role"] == "result"]
        path = f"/mps-gallery/picture?dag_id=loops&run_id={run}&id={address}&size=thumb"
        assert airflow.request("GET", path).content.startswith(b"\xff\xd8\xff")
    pages, pictures = (airflow.links("loops", run, name) for name in ("GalleryLink", "ResultLink"))
    # The mapped tasks are called with their map index too.
    of_turns = {one["iterations"][task] for one in told for task in one["tasks"]}
    assert {page.rpartition("iteration=")[2] for page in pages} == of_turns
    assert len(set(pictures)) == 9
    assert all(airflow.request("GET", path).content.startswith(b"\xff\xd8\xff") for path in pictures)
