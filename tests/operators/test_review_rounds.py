"""The rounds of the review example, its own tasks through the real SDK: what was rejected is sent once more, twice."""

from __future__ import annotations

import importlib.util
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_mps.compat import ASKS_PEOPLE
from airflow_provider_mps.hooks.cos import CosHook
from airflow_provider_mps.local.service import LocalService
from tests.catalogue.approval.asked import answer
from tests.task_context import StateStore, execute, make_context

pytestmark = pytest.mark.skipif(not ASKS_PEOPLE, reason="Airflow asks people from 3.1 on")

EXAMPLE = Path(__file__).parents[2] / "dags" / "mps_bg_fusion_review.py"


class Review:
    """A run of the example: its tasks one by one, as Airflow starts them."""

    def __init__(self, folder: Path) -> None:
        spec = importlib.util.spec_from_file_location("review", EXAMPLE)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        self.dag: Any = module.dag
        self._folder = folder
        self._began = datetime.now(UTC)

    def call(self, task_id: str, *given: Any, **params: Any) -> Any:
        """Call the function of a task."""
        return self.dag.get_task(task_id).python_callable(*given, **params)

    def run(self, task_id: str, try_number: int = 1, **fields: Any) -> Any:
        """Run a try of an operator with rendered fields, waiting in this process."""
        task = self.dag.get_task(task_id)
        for name, value in {**fields, "deferrable": False, "poll_interval": 0.05}.items():
            setattr(task, name, value)
        # Each kind of task has a store of its own.
        store = StateStore(self._folder / f"{task_id}.json")
        context = make_context(store, task_id=task_id, try_number=try_number, run_began=self._began, max_tries=3)
        return execute(task, context)


@pytest.fixture
def review(service: LocalService, conn_id: str, tmp_path: Path) -> Review:
    return Review(tmp_path)


def test_two_rounds_of_rejects_submit_exactly_as_many_again(review: Review, service: LocalService) -> None:
    products = [f"/in/{number:02}.png" for number in range(60)]
    sample = service.get_object(service.bucket, "/samples/coffee.png")
    for key in products:
        service.put_object(service.bucket, key, sample)
    requests = review.call("first_round", {"products": products, "bg_cos_key": "/samples/brick.png", "seed": 4})
    rounds: list[Any] = []
    for number, submitted in enumerate((60, 80, 100), start=1):
        pictures = review.run(f"make_{number}", requests=requests)
        assert len(service.accepted("ProcessImage")) == submitted
        # A retry, and whoever runs the task again after it was lost, pays nothing.
        assert review.run(f"make_{number}", 2, requests=requests) == pictures
        assert len(service.accepted("ProcessImage")) == submitted
        given = {"pictures": pictures, "per": "page", "sheets": None}
        questions = review.run(f"questions_{number}", **given)
        assert questions == review.run(f"questions_{number}", 2, **given)
        yes = [answer(one["options"][:1]) for one in questions] if number == 1 else []
        # 40 of the first 60, and none of those that were made again.
        answers = [*yes[:2], *(answer(one["options"][-1:]) for one in questions[len(yes[:2]) :])]
        rounds.append([pictures, answers])
        if number < 3:
            seeds = {one["random_seed"] for one in requests}
            requests = review.call(f"round_{number + 1}", requests, pictures, answers)
            assert [one["key"] for one in requests] == products[40:]
            assert {one["random_seed"] for one in requests} == {seed + 1 for seed in seeds}
    assert review.dag.task_ids.count("round_4") == 0
    approved = review.call("approved", rounds)
    assert [one["key"] for one in approved] == products[:40]
    published = review.run("publish", pictures=approved, dest="/approved/", picture_label="metadata")
    assert len(published) == 40
    assert {one.key for one in CosHook().list_objects("/approved/")} == {
        output["path"] for one in published for output in one["Outputs"]
    }
    assert all(one["approval"]["approved"] for one in published)
    assert len(service.accepted("ProcessImage")) == 100


def test_what_nobody_answered_about_is_not_paid_for_again(review: Review) -> None:
    requests = [{"key": name, "random_seed": 1} for name in "ab"]
    output = {"bucket": "shop-1250000000", "region": "ap-guangzhou"}
    pictures = [
        {"key": name, "subject": "", "TaskId": name, "Outputs": [{**output, "path": f"/{name}.jpeg"}]} for name in "ab"
    ]
    for nobody in (None, [], [None]):
        assert review.call("round_2", requests, pictures, nobody) == []
    (question,) = review.run("questions_1", pictures=pictures, per="page", sheets=None, none_by_default=True)
    assert review.call("round_2", requests, pictures, answer(question["defaults"], by=None)) == []
    assert review.call("round_2", requests, pictures, answer(question["defaults"])) == [
        {"key": name, "random_seed": 2} for name in "ab"
    ]
    assert review.call("approved", [[pictures, None], [None, None], [None, []]]) == []
