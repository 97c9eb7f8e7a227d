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
        (
            [output("/o/a.png"), output("/o//a.png")],
            "/o/a.png and /o//a.png would both become /data/pictures/b-125/a.png",
        ),
        (
            [output("/o/x"), output("/o/p/x"), output("/o/x/x")],
            "/data/pictures/x would be the file of /o/x and a folder",
        ),
    ],
)
def test_what_cannot_be_fetched(outputs: Any, words: str) -> None:
    with pytest.raises(ArgumentError, match=words):
        plan_downloads(outputs, FOLDER)


@pytest.mark.parametrize(
    ("outputs", "flat", "kept"),
    [
        (["/c/s1/main.jpg", "/c/s2/main.jpg"], ["s1/main.jpg", "s2/main.jpg"], ["c/s1/main.jpg", "c/s2/main.jpg"]),
        (["/s1/main.jpg", "/s2/main.jpg"], ["s1/main.jpg", "s2/main.jpg"], None),
        (["/c/a.jpg", "/c/s/a.jpg"], ["a.jpg", "s/a.jpg"], ["c/a.jpg", "c/s/a.jpg"]),
        (["a.jpg", "/s/a.jpg"], ["a.jpg", "s/a.jpg"], None),
        # One that does not collide keeps its folder beside those that do.
        (["/c/s1/a.jpg", "/c/s2/a.jpg", "/c/s3/b.jpg"], ["s1/a.jpg", "s2/a.jpg", "s3/b.jpg"], None),
        (["/c/s1/x/a.jpg", "/c/s2/x/a.jpg"], ["s1/x/a.jpg", "s2/x/a.jpg"], None),
        (["/c/s1/a.jpg", "/c/s2/b.jpg"], ["a.jpg", "b.jpg"], ["c/s1/a.jpg", "c/s2/b.jpg"]),
        (["/c/s1/a.jpg"], ["a.jpg"], ["c/s1/a.jpg"]),
        # The name of a file may be that of a folder that is left out.
        (["/c/s1", "/c/s1/a.jpg"], ["s1", "a.jpg"], None),
        (["/c/./s1/a.jpg", "/c/s2//a.jpg"], ["s1/a.jpg", "s2/a.jpg"], None),
    ],
)
def test_names_that_collide_keep_their_folders(outputs: list[str], flat: list[str], kept: list[str] | None) -> None:
    results = [{"TaskId": path, "Outputs": [output(path)]} for path in outputs]
    for _ in range(2):
        assert [str(plan.local_path.relative_to(FOLDER)) for plan in plan_downloads(results, FOLDER)] == flat
    if kept is not None:
        plans = plan_downloads(results, FOLDER, keep_folders=True)
        assert [str(plan.local_path.relative_to(FOLDER)) for plan in plans] == kept


@pytest.mark.parametrize(("keep", "folder"), [(False, ""), (True, "o/")])
def test_one_key_of_several_buckets(keep: bool, folder: str) -> None:
    outputs = [output("/o/a.png"), output("/o/a.png", "other-125"), output("/o/b.png"), {"path": "/o/a.png"}]
    plans = plan_downloads(outputs, FOLDER, keep)
    expected = [f"b-125/{folder}a.png", f"other-125/{folder}a.png", f"b-125/{folder}b.png", f"{folder}a.png"]
    assert [str(plan.local_path.relative_to(FOLDER)) for plan in plans] == expected


_KEYS = st.lists(st.sampled_from(["a", "b", "..", ".", "", "a.png", "\\", "c"]), min_size=1, max_size=5).map("/".join)


@given(st.lists(_KEYS, min_size=1, max_size=5), st.booleans())
def test_each_key_has_a_file_of_its_own_in_the_folder(keys: list[str], keep: bool) -> None:
    try:
        plans = plan_downloads([output(key) for key in keys], FOLDER, keep)
    except ArgumentError:
        return
    paths = [plan.local_path for plan in plans]
    assert len(set(paths)) == len(paths) == len(set(keys))
    for path in paths:
        assert ".." not in path.parts
        assert path.is_relative_to(FOLDER)
        assert not set(path.parents) & set(paths)


@given(st.text(min_size=1))
def test_nothing_leaves_the_folder(key: str) -> None:
    try:
        (plan,) = plan_downloads([output(key)], FOLDER)
    except ArgumentError:
        return
    assert plan.local_path.parent == FOLDER
    assert plan.local_path.resolve().parent == FOLDER.resolve()
