from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_mps.core.arguments import ArgumentError
from airflow_provider_mps.core.localpaths import plan_downloads

FOLDER = Path("/data/pictures")


def output(path: str, bucket: str = "b-125") -> dict[str, Any]:
    return {"bucket": bucket, "region": "ap-guangzhou", "path": path}


@pytest.mark.parametrize(
    "outputs",
    [
        {"TaskId": "t", "Outputs": [output("/o/a.png"), output("/o/b.png")]},
        [output("/o/a.png"), output("/o/b.png")],
        [{"Outputs": [output("/o/a.png")]}, {"Outputs": [output("/o/b.png")]}],
        (item for item in [output("/o/a.png"), output("/o/b.png"), output("/o/a.png")]),
        # A text among pictures is in the result itself.
        [{**output("", ""), "content": "two pictures"}, output("/o/a.png"), output("/o/b.png")],
    ],
)
def test_results_in_every_shape(outputs: Any) -> None:
    assert [plan.local_path for plan in plan_downloads(outputs, FOLDER)] == [FOLDER / "a.png", FOLDER / "b.png"]


@pytest.mark.parametrize(
    ("outputs", "words"),
    [
        (None, "outputs: expected a result"),
        ("text", "outputs: expected a result"),
        ([], "outputs: expected at least one output"),
        ([{**output("", ""), "content": "a text"}], "outputs: expected at least one output"),
        ([{**output("", ""), "content": ""}, output("/o/a.png")], "outputs: expected outputs with the path"),
        ({"Outputs": None}, "outputs: expected at least one output"),
        ([None], "outputs: expected a result"),
        ([{"bucket": "b-125"}], "outputs: expected outputs with the path"),
        ([output("/o/../../etc/passwd")], "outputs: expected a COS object key that stays inside local_dir, got"),
        ([output("/o/..")], "stays inside local_dir"),
        ([output("/o/.")], "stays inside local_dir"),
        ([output("/o/")], "stays inside local_dir"),
        ([output("/o/a\\..\\b")], "stays inside local_dir"),
        ([output("/o/a\x00b")], "stays inside local_dir"),
        ([output("/o/a.png"), output("/p/a.png")], "/o/a.png and /p/a.png would both become /data/pictures/a.png"),
        ([output("/o/a.png"), output("/o/a.png", "other-125")], "would both become"),
    ],
)
def test_what_cannot_be_fetched(outputs: Any, words: str) -> None:
    with pytest.raises(ArgumentError, match=words):
        plan_downloads(outputs, FOLDER)


@given(st.text(min_size=1))
def test_nothing_leaves_the_folder(key: str) -> None:
    try:
        (plan,) = plan_downloads([output(key)], FOLDER)
    except ArgumentError:
        return
    assert plan.local_path.parent == FOLDER
    assert plan.local_path.resolve().parent == FOLDER.resolve()
