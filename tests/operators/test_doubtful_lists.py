"""The account's list of tasks as the vendor's samples show it: no ``Input``, and a last page that repeats its token."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from airflow_provider_mps.exceptions import MpsInDoubtError
from airflow_provider_mps.hooks.mps import MpsHook
from airflow_provider_mps.local.tencentcloud import api3, mps
from airflow_provider_mps.local.tencentcloud.calls import ApiAction, ApiCall
from airflow_provider_mps.services.tencentcloud import listing, lookup
from tests.operators.conftest import Task

pytestmark = pytest.mark.usefixtures("_no_waits")

SUBMIT, LIST, DETAIL = "ProcessImage", "DescribeImageTasks", "DescribeImageTaskDetail"
# None of them is ours.
OTHERS = 40


@pytest.fixture(autouse=True)
def _bare_lists(monkeypatch: pytest.MonkeyPatch) -> None:
    """A list without inputs, whose last page repeats the token that it was asked with, or any."""

    def bare(call: ApiCall) -> dict[str, Any]:
        # The page after the last: empty, with the token that led to it.
        if call.body.get("ScrollToken") == "end":
            return {"TotalCount": 0, "ScrollToken": "end", "TaskSet": []}
        answer = mps.describe_image_tasks(call)
        rows = [{**row, "Input": None} for row in answer["TaskSet"]]
        return {**answer, "TaskSet": rows, "ScrollToken": answer["ScrollToken"] or "end"}

    monkeypatch.setitem(api3.ACTIONS, LIST, ApiAction(mps.SERVICE, mps.VERSION, bare))


@pytest.fixture
def task(make_task: Callable[..., Task]) -> Task:
    """A task of an account that does a lot besides."""
    made = make_task()
    hook = MpsHook("tencentcloud_default")
    payload = made.operator(subject_cos_key="/samples/mug.png").build_payload(hook.settings.storage)
    for number in range(OTHERS):
        hook.process_image({**payload, "OutputPath": f"/others/{number}.jpeg"})
    return made


def looks(task: Task) -> int:
    return len({call.task_id for call in task.service.calls(DETAIL)})


@pytest.mark.parametrize("path", [None, "/mine/a.jpeg"])
@pytest.mark.parametrize("page", [1000, OTHERS + 1, 7])
def test_ours_is_found_among_those_that_may_be_anybodys(
    page: int, path: str | None, task: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Full pages, one that is full and the last, and one that is not full.
    monkeypatch.setattr(listing, "PAGE_SIZE", min(page, 100))
    task.service.add_fault(kind="lost_answer", action=SUBMIT, times=1)
    result = task.run(wait_for_completion=True, **({"output_path": path} if path else {}))
    assert len(task.accepted) == OTHERS + 1
    assert result["TaskId"] == task.accepted[-1]


def test_the_newest_are_looked_at_first_and_only_so_many(
    task: Task, monkeypatch: pytest.MonkeyPatch, lines: Callable[[], str]
) -> None:
    monkeypatch.setattr(lookup, "MAX_LOOKS", 10)
    # The request never arrived, so none of those that are listed is ours.
    task.service.add_fault(kind="reset", action=SUBMIT, times=1)
    said = f"{OTHERS} tasks may be it, .* and only 10 of them were looked at"
    with pytest.raises(MpsInDoubtError, match=said) as caught:
        task.run()
    assert "Nothing was submitted again" in str(caught.value)
    assert f"{OTHERS} tasks may be ours; the newest 10 were looked at" in lines()
    assert {call.task_id for call in task.service.calls(DETAIL)} == set(task.accepted[-10:])
    assert len(task.accepted) == OTHERS


def test_ours_is_among_the_newest(task: Task, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lookup, "MAX_LOOKS", 10)
    task.service.add_fault(kind="lost_answer", action=SUBMIT, times=1)
    assert task.run() == task.accepted[-1]
    assert len(task.accepted) == OTHERS + 1
    assert looks(task) <= 10


def test_what_began_long_before_is_not_looked_at(task: Task) -> None:
    for other in task.service.tasks:
        other.created -= 400
    task.service.add_fault(kind="lost_answer", action=SUBMIT, times=1)
    assert task.run() == task.accepted[-1]
    assert looks(task) == 1
