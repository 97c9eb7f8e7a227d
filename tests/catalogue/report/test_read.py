from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from airflow_provider_mps.catalogue.report.items import End
from airflow_provider_mps.catalogue.report.read import RunRead, given, read_run
from airflow_provider_mps.catalogue.report.summary import StepName, StepState
from airflow_provider_mps.core.arguments import ArgumentError
from tests.catalogue.report_lines import made, plan_line, published

FILES: dict[str, list[Any]] = {
    "/plan": [plan_line("a/w"), plan_line("b/w"), plan_line("c/w")],
    "/pictures": [made("b/w"), made("a/w")],
    "/published": [published("a/w")],
    "/scenes": [made("c/w", service="aidge")],
    "/cut": [made("a/w"), ValueError("line 2: it is not JSON")],
    "/broken": [OSError("the disk says no")],
    "/odd": [{}, {"item": 7}, {"entry": []}],
    "/dry": [{"item": "a/w", "would": "make", "why": "new"}],
}


def read(path: str) -> Iterator[Any]:
    if path not in FILES:
        raise FileNotFoundError(f"There is no file {path}")
    for line in FILES[path]:
        if isinstance(line, Exception):
            raise line
        yield line


def run(**values: Any) -> tuple[RunRead, list[str]]:
    told: list[str] = []
    steps = {name: given(name, values.get(name), is_asked=name in values) for name in StepName}
    return read_run(steps, read, told.append), told


def states(found: RunRead) -> list[StepState]:
    return [step.state for step in found.steps]


def test_each_item_is_told_once_as_its_last_step_left_it() -> None:
    found, told = run(plan={"path": "/plan", "catalogue": "/data/shop"}, pictures="/pictures", published="/published")
    assert [(item.item, item.end) for item in found.items] == [
        ("a/w", End.PUBLISHED),
        ("b/w", End.MADE),
        ("c/w", End.UNKNOWN),
    ]
    assert states(found) == [StepState.READ] * 3
    assert [step.lines for step in found.steps] == [3, 2, 1]
    assert (found.catalogue, told) == ("/data/shop", [])


def test_several_batches_are_one_step() -> None:
    found, _ = run(plan="/plan", pictures=[{"path": "/pictures"}, None, ["/scenes"]])
    assert [item.end for item in found.items] == [End.MADE] * 3
    assert found.steps[1].paths == ("/pictures", "/scenes")
    assert states(found) == [StepState.READ, StepState.READ, StepState.NOT_ASKED]


@pytest.mark.parametrize("nothing", [None, "", [], [None, ""], [[None]]])
def test_a_task_that_returned_nothing_is_a_step_that_is_missing(nothing: Any) -> None:
    found, told = run(plan=nothing, pictures="/pictures", published=nothing)
    assert states(found) == [StepState.MISSING, StepState.READ, StepState.MISSING]
    assert len(found.items) == 2
    assert told == []


@pytest.mark.parametrize(
    ("path", "state", "said"),
    [
        ("/nowhere", StepState.UNREADABLE, "FileNotFoundError: There is no file /nowhere"),
        ("/broken", StepState.UNREADABLE, "OSError: the disk says no"),
        ("/cut", StepState.PARTLY, "ValueError: line 2: it is not JSON"),
    ],
)
def test_a_file_that_cannot_be_read_is_said_and_the_others_are_shown(path: str, state: StepState, said: str) -> None:
    found, told = run(plan="/plan", pictures=path)
    assert states(found)[:2] == [StepState.READ, state]
    assert found.steps[1].problems == (said,)
    assert told == [f"The report lacks {path}: {said}"]
    assert len(found.items) == 3
    ends = {item.item: item.end for item in found.items}
    assert ends["a/w"] is (End.MADE if path == "/cut" else End.UNKNOWN)


def test_one_of_two_files_is_a_part() -> None:
    found, _ = run(pictures=["/broken", "/pictures"])
    assert states(found)[1] is StepState.PARTLY
    assert len(found.items) == 2


def test_counts_of_several_tasks_are_added() -> None:
    counts = {"unchanged": 5, "why": {"new": 1}, "waiting": True}
    outputs = [{"path": "/a", "counts": counts}, {"path": "/b", "counts": {"unchanged": 2}}]
    assert given("plan", outputs, is_asked=True).counts == {"unchanged": 7}
    assert given("plan", "/a", is_asked=True).counts == {}


def test_lines_without_a_name_are_told_one_by_one() -> None:
    found, _ = run(plan="/odd")
    assert len(found.items) == 3


def test_a_dry_run_is_known_by_its_lines() -> None:
    found, _ = run(plan="/dry")
    assert found.is_dry
    assert found.items[0].action == "make"
    assert not run(plan="/plan")[0].is_dry


@pytest.mark.parametrize("value", [7, {"counts": {}}, "{'path': '/a'}", [7]])
def test_what_is_no_output_of_a_task_is_an_argument_that_cannot_be_used(value: Any) -> None:
    with pytest.raises(ArgumentError, match=r"^pictures"):
        given("pictures", value, is_asked=True)
