"""Requests whose scene makes several pictures, some with a text before them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_mps.operators.mps import MpsProcessImageOperator
from airflow_provider_mps.transfers.cos_to_local import CosToLocalFilesystemOperator
from tests.operators.conftest import Task
from tests.task_context import execute, make_context

pytestmark = pytest.mark.usefixtures("_no_waits")

SUBMIT = "ProcessImage"
RECIPE = [{"Theme": "hero", "Num": 2}, {"Theme": "scene", "Num": 3}]
SCENES: dict[str, tuple[dict[str, Any], int]] = {
    "suite": ({"ImageTask": {"AiPosterSuiteConfig": {"Mode": "auto", "Recipe": RECIPE}}}, 5),
    "storyboard by number": ({"ScheduleId": 30050}, 4),
    "storyboard": ({"ImageTask": {"AiStoryboardConfig": {"Switch": "ON"}}}, 4),
    "layers": ({"ImageTask": {"AiDecomposeConfig": {"Layers": 3}}}, 3),
}


def run(task: Task, scene: dict[str, Any], try_number: int = 1, **more: Any) -> Any:
    storage = {"Bucket": task.service.bucket, "Region": task.service.region}
    payload = {
        "InputInfo": {"Type": "COS", "CosInputInfo": {**storage, "Object": "/samples/coffee.png"}},
        "OutputStorage": {"Type": "COS", "CosOutputStorage": storage},
        **scene,
        **more,
    }
    operator = MpsProcessImageOperator(
        task_id="task", payload=payload, wait_for_completion=True, poll_interval=0.1, retries=2
    )
    return execute(operator, make_context(task.store, run_began=task.run_began, try_number=try_number))


@pytest.mark.parametrize("lost", [False, True])
@pytest.mark.parametrize("name", SCENES)
def test_all_pictures_are_kept_apart_found_again_and_fetched(name: str, lost: bool, task: Task, tmp_path: Path) -> None:
    scene, count = SCENES[name]
    if lost:
        task.service.add_fault(kind="lost_answer", action=SUBMIT, times=1)
    result = run(task, scene, OutputDir="/made/")
    assert task.accepted == [result["TaskId"]]
    texts = [output for output in result["Outputs"] if "content" in output]
    pictures = [output for output in result["Outputs"] if "content" not in output]
    assert len(texts) == (name == "suite")
    assert all((text["path"], text["cos_uri"]) == ("", None) for text in texts)
    assert len({picture["path"] for picture in pictures}) == len(pictures) == count
    (folder,) = {picture["path"].rpartition("/")[0] for picture in pictures}
    assert folder.startswith("/made/coffee-")
    fetch = CosToLocalFilesystemOperator(task_id="fetch", outputs=result, local_dir=str(tmp_path / "pictures"))
    paths = execute(fetch, make_context())
    assert len(paths) == len({Path(path).read_bytes() for path in paths}) == count


@pytest.mark.parametrize("store", [True, False])
def test_a_retry_joins_such_a_task(store: bool, make_task: Any) -> None:
    task = make_task(store=store)
    scene, count = SCENES["suite"]
    first = run(task, scene)
    assert run(task, scene, 2) == first
    assert len(first["Outputs"]) == 1 + count
    assert len(task.accepted) == 1


def test_two_tasks_do_not_write_over_each_other(task: Task) -> None:
    first, second = (run(task, scene) for scene, _ in (SCENES["suite"], SCENES["layers"]))
    paths = [output["path"] for result in (first, second) for output in result["Outputs"] if output["path"]]
    assert len(set(paths)) == len(paths) == 8


def test_a_scene_that_is_not_known_here_may_make_one(task: Task) -> None:
    (output,) = run(task, {"ScheduleId": 31234})["Outputs"]
    assert output["path"].startswith("/samples/coffee-")
    assert output["path"].endswith("/coffee.jpeg")


def test_a_path_that_the_user_gives_is_used_as_given(task: Task) -> None:
    run(task, SCENES["suite"][0], OutputPath="/mine/{inputName}.{format}")
    sent = task.service.accepted(SUBMIT)[0].body
    assert (sent["OutputPath"], sent.get("OutputDir")) == ("/mine/{inputName}.{format}", None)


SCORES: dict[str, Any] = {"ImageTask": {"ImageQualityConfig": {"Attributes": ["Sharpness", "IQA"]}}}


@pytest.mark.parametrize("store", [True, False])
def test_scores_have_no_path_and_are_found_all_the_same(store: bool, make_task: Any) -> None:
    task = make_task(store=store)
    # Others are asked at the same time: of other attributes, and of another picture.
    run(make_task(name="other"), {"ImageTask": {"ImageQualityConfig": {"Attributes": ["IQA"]}}})
    storage = {"Bucket": task.service.bucket, "Region": task.service.region}
    brick = {"Type": "COS", "CosInputInfo": {**storage, "Object": "/samples/brick.png"}}
    run(make_task(name="third"), SCORES, InputInfo=brick)
    task.service.add_fault(kind="lost_answer", action=SUBMIT, times=1)
    result = run(task, SCORES)
    [output] = result["Outputs"]
    assert output["path"] == ""
    assert set(json.loads(output["content"])) == {"IQA", "Sharpness"}
    assert [call.task_id for call in task.service.accepted(SUBMIT)][2:] == [result["TaskId"]]
    # A retry has the same.
    assert run(task, SCORES, 2) == result
    assert len(task.service.accepted(SUBMIT)) == 3
    assert task.service.tasks[2].image_task == SCORES["ImageTask"]
