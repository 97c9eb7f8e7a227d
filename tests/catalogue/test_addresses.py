from __future__ import annotations

import re
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_mps.catalogue.addresses import (
    StepOutput,
    begun_name,
    new_name,
    read_output,
    record_folder,
    run_folder,
)
from airflow_provider_mps.catalogue.words import Kind
from airflow_provider_mps.core.airflow_task import TaskKey
from airflow_provider_mps.core.arguments import ArgumentError

TASK = TaskKey("shop", "plan", "scheduled__2026-11-29T01:00:00+00:00", -1)


def test_a_run_has_a_folder_that_a_person_recognises() -> None:
    folder = run_folder("cos://shop-1250000000/catalogues/shop/", TASK)
    assert re.fullmatch(
        r"cos://shop-1250000000/catalogues/shop/runs/scheduled__2026-11-29T01_00_00_00_00-[0-9a-f]{8}", folder
    )
    assert run_folder("/data/shop", TASK._replace(task_id="make", map_index=3)) == run_folder("/data/shop", TASK)


@given(st.text(), st.text())
def test_two_runs_never_share_a_folder_and_none_leaves_the_catalogue(one: str, other: str) -> None:
    folders = [run_folder("/data/shop", TASK._replace(run_id=run_id)) for run_id in (one, other)]
    assert (folders[0] == folders[1]) == (one == other)
    for folder in folders:
        name = folder.removeprefix("/data/shop/runs/")
        assert re.fullmatch(r"[A-Za-z0-9_.-]{9,100}", name)
        assert name not in (".", "..")
        assert name.isascii()


def test_the_same_run_id_of_two_dags_has_two_folders() -> None:
    assert run_folder("/data/shop", TASK) != run_folder("/data/shop", TASK._replace(dag_id="other"))


def test_each_try_writes_under_names_of_its_own() -> None:
    names = {new_name(Kind.PLAN, TASK, 2) for _ in range(100)}
    assert len(names) == 100
    assert all(re.fullmatch(r"plan-2-[0-9a-f]{8}\.jsonl", name) for name in names)
    mapped = new_name(Kind.PICTURES, TASK._replace(map_index=7), 1, ending="json")
    assert re.fullmatch(r"pictures-m7-1-[0-9a-f]{8}\.json", mapped)


def test_what_a_try_notes_has_one_name_in_each_iteration() -> None:
    names = [begun_name(Kind.REMAKE, TASK._replace(iteration=one), 1) for one in ("", "", "a-0", "a-1", "b-0")]
    assert len(set(names)) == 4
    assert names[0] == names[1]
    # As before there were loops.
    digest = sha256(f"shop\n{TASK.run_id}\nplan".encode()).hexdigest()[:16]
    assert names[0] == f"remake-1-{digest}.begun.json"


def test_the_record_is_beside_the_runs() -> None:
    assert record_folder("cos:///shop") == "cos:///shop/record"
    assert record_folder("cos:///shop/") == "cos:///shop/record"


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("/data/plan.jsonl", [StepOutput("/data/plan.jsonl", None)]),
        ({"path": "/p", "catalogue": "/data/shop", "counts": {}}, [StepOutput("/p", "/data/shop")]),
        ({"path": "/p", "counts": {}}, [StepOutput("/p", None)]),
        (["/a", {"path": "/b"}, None, ""], [StepOutput("/a", None), StepOutput("/b", None)]),
        ([["/a"], ("/b",)], [StepOutput("/a", None), StepOutput("/b", None)]),
        ([None], []),
        ([], []),
    ],
)
def test_what_a_task_returned_is_read(value: Any, found: list[StepOutput]) -> None:
    assert read_output("pictures", value) == found


@pytest.mark.parametrize(
    ("value", "named"),
    [
        (None, "pictures: "),
        ("", "pictures: "),
        (7, "pictures: "),
        (b"/a", "pictures: "),
        ({"counts": {}}, "pictures: "),
        ({"path": None}, "pictures: "),
        ({"path": "/a", "catalogue": 7.5j}, "pictures['catalogue']: "),
        (["/a", 7], "pictures[1]: "),
        ("{'path': '/a'}", "pictures: "),
        ("None", None),
    ],
)
def test_what_no_task_returned_is_refused(value: Any, named: str | None) -> None:
    if named is None:
        # A file may be called so.
        assert read_output("pictures", value) == [StepOutput("None", None)]
        return
    with pytest.raises(ArgumentError) as caught:
        read_output("pictures", value)
    assert str(caught.value).startswith(named)
