"""Three iterations of a loop, with the same arguments in each, as Airflow 3.4 hands them to a task."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from airflow_provider_mps.exceptions import MpsInDoubtError
from airflow_provider_mps.links.gallery import GalleryLink
from airflow_provider_mps.local.service import LocalService
from airflow_provider_mps.operators.mps import MpsImageBgFusionBatchOperator, MpsImageBgFusionOperator
from tests.operators.conftest import Task
from tests.task_context import StateStore, execute, make_context

pytestmark = pytest.mark.usefixtures("_no_waits")

LOOP, INNER = uuid.UUID(int=5), uuid.UUID(int=6)
TURNS = (0, 1, 2)
SUBMIT, LIST = "ProcessImage", "DescribeImageTasks"
REQUESTS = [{"subject_cos_key": "/samples/coffee.png", "prompt": f"marble {n}"} for n in range(2)]


def place(index: int, region: uuid.UUID = LOOP, map_index: int = -1) -> dict[str, Any]:
    """Return what a task instance in a loop has more than others."""
    said = SimpleNamespace(loop=SimpleNamespace(index=index), xcom_keys_to_clear=None)
    return {"region_id": region, "region_index": index, "map_index": map_index, "_ti_context_from_server": said}


@pytest.fixture
def turns(make_task: Callable[..., Task]) -> list[Task]:
    """The task in each iteration: Airflow keeps a state of its own for each."""
    return [make_task(name=f"turn-{number}") for number in TURNS]


@pytest.mark.usefixtures("conn_id")
def test_each_iteration_pays_once_and_no_retry_in_it_again(turns: list[Task]) -> None:
    found = [turn.run(task=place(number)) for number, turn in enumerate(turns)]
    assert turns[0].accepted == found
    assert len(set(found)) == 3
    # The next try of each joins what its own iteration has submitted.
    assert [turn.run(2, task=place(number)) for number, turn in enumerate(turns)] == found
    assert len(turns[0].accepted) == 3
    assert len({call.body["OutputPath"] for call in turns[0].service.accepted(SUBMIT)}) == 3


def test_a_doubt_finds_what_its_own_iteration_has_submitted(turns: list[Task]) -> None:
    service = turns[0].service
    service.add_fault(kind="lost_answer", action=SUBMIT, times=3)
    service.add_fault(kind="http", action=LIST)
    for number, turn in enumerate(turns):
        with pytest.raises(MpsInDoubtError):
            turn.run(task=place(number))
    service.clear_faults()
    # The last one looks first.
    found = {number: turns[number].run(2, task=place(number)) for number in reversed(TURNS)}
    assert [found[number] for number in TURNS] == turns[0].accepted


def test_loops_in_loops_and_mapped_tasks_in_them_are_told_apart(
    make_task: Callable[..., Task], service: LocalService
) -> None:
    places = [place(0), place(0, INNER), place(1, INNER, map_index=1), {"map_index": 1}, {}]
    for number, where in enumerate(places):
        make_task(name=f"place-{number}").run(task=where)
    paths = {call.body["OutputPath"] for call in service.accepted(SUBMIT)}
    assert len(paths) == len(places)


@pytest.mark.usefixtures("conn_id")
def test_a_batch_has_a_record_in_each_iteration(service: LocalService) -> None:
    def run(number: int, try_number: int) -> list[str]:
        operator = MpsImageBgFusionBatchOperator(
            task_id="task", requests=REQUESTS, deferrable=False, poll_interval=0.2, retries=2
        )
        context = make_context(try_number=try_number, id=f"{number}/{try_number}", **place(number))
        return [entry["TaskId"] for entry in execute(operator, context)]

    found = [run(number, 1) for number in TURNS]
    assert len({task_id for one in found for task_id in one}) == 6
    assert [run(number, 2) for number in TURNS] == found
    assert len(service.accepted(SUBMIT)) == 6


def test_the_button_opens_the_pictures_of_the_iteration(tmp_path: Path) -> None:
    operator = MpsImageBgFusionOperator(task_id="task", subject_cos_key="/samples/coffee.png", prompt="marble")
    contexts = [make_context(StateStore(tmp_path / "state.json"), **place(number)) for number in TURNS]
    paths = [GalleryLink().get_link(operator, ti_key=context["ti"]) for context in contexts]
    assert [path.partition("&task=task&")[2] for path in paths] == [f"iteration={LOOP.hex}-{n}" for n in TURNS]
