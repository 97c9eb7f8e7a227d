"""The examples run as they are."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest
from PIL import Image

from airflow_provider_mps.compat import KEEPS_TASK_STATE
from airflow_provider_mps.local.service import LocalService
from airflow_provider_mps.services.aidge.words import AidgeAction
from tests.system.conftest import EXAMPLES, Run

pytestmark = pytest.mark.timeout(600)


def test_the_aidge_example_runs_as_it_is(run_dag: Callable[..., Run], service: LocalService) -> None:
    run = run_dag(EXAMPLES / "aidge_scene_background.py")
    assert set(run.states.values()) == {"success"}, run.log[-6000:]
    stored = run.result("copy")
    assert len(stored) == 3
    for one in stored:
        with Image.open(io.BytesIO(service.get_object(one["bucket"], one["path"]))) as picture:
            picture.load()
    [submission] = service.accepted(AidgeAction.GENERATE)
    [element] = submission.body["requestParams"]
    assert element["modelNum"] == str(run.result("choose")) == str(run.result("search")[0]["id"])


@pytest.mark.parametrize(
    ("dag", "count"), [("mps_bg_fusion_download", 1), ("mps_bg_generation_mapped", 3), ("mps_catalogue_batch", 9)]
)
def test_examples_run_as_they_are(
    dag: str,
    count: int,
    run_dag: Callable[..., Run],
    by_hand: Callable[..., CompletedProcess[str]],
    service: LocalService,
    tmp_path: Path,
) -> None:
    run = run_dag(EXAMPLES / f"{dag}.py", {"local_dir": str(tmp_path / "pictures")})
    assert set(run.states.values()) == {"success"}, run.log[-6000:]
    paths = [Path(path) for path in run.result("download")]
    assert len(paths) == count
    assert len(service.accepted("ProcessImage")) == len(paths)
    for path in paths:
        with Image.open(path) as picture:
            picture.load()
            assert picture.format == "JPEG"
    assert len({path.read_bytes() for path in paths}) == len(paths)
    mapped = run.tasks.get(("generate", 1))
    if mapped is not None:
        _is_explained(by_hand, mapped["xcoms"]["mps_task_id"])
    if dag == "mps_catalogue_batch":
        said = by_hand("explain", run.result("refresh")[1]["TaskId"], "--record", "cos:///airflow-mps/", "-o", "json")
        by = {field["name"]: field["value"] for field in json.loads(said.stdout)["by"]}
        assert re.fullmatch(r"DAG mps_catalogue_batch, run \S+, task refresh", by["Airflow task"])
        assert (by["try"], by["its state now"]) == ("1", "success")


def _is_explained(by_hand: Callable[..., CompletedProcess[str]], task_id: str) -> None:
    """By hand, with nothing but the id: which Airflow task it was, what it asked for, and what is on record."""
    said = by_hand("explain", task_id, "-o", "json")
    assert said.returncode == 0, said.stderr
    story = json.loads(said.stdout)
    by = {field["name"]: field["value"] for field in story["by"]}
    assert re.fullmatch(r"DAG mps_bg_generation_mapped, run \S+, task generate, map index 1", by["Airflow task"])
    assert (by["try"], by["operator"]) == ("1", "MpsImageBgFusionOperator")
    asked = {field["name"]: field["value"] for field in story["asked"]}
    assert asked["words"]
    assert asked["known from"] == "the rendered fields of the Airflow task and the answer of MPS"
    assert story["next"][0]["said"] == "Fetch it:"
    if KEEPS_TASK_STATE:
        assert by["record of"] == by["Airflow task"]
        assert by["result"] == "handed over to Airflow"
