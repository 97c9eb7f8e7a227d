"""What is urgent goes out sooner than the others, and leaves a mark for whoever takes it over."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest

from airflow_provider_mps.compat import KEEPS_TASK_STATE
from airflow_provider_mps.core.handover import FIRST_SECONDS, FIRST_TO_MARK_SECONDS, SEND_AFTER_SECONDS
from airflow_provider_mps.triggers import mps_submit
from airflow_provider_mps.triggers.mps_submit import MpsSubmitTrigger
from tests.operators.conftest import Task
from tests.triggers.submitting.handed_over import LIST, SUBMIT, event_of, fire, handed_over_by, several

pytestmark = pytest.mark.skipif(not KEEPS_TASK_STATE, reason="without a record the worker submits")


class Marks:
    """The XComs of tasks, as the supervisor keeps them."""

    def __init__(self) -> None:
        self.left: list[tuple[float, Any]] = []
        self.reads = 0
        self.fails = False
        self.takes = 0.0
        self.most_at_once = self._at_once = 0
        self._lock = threading.Lock()

    def mark(self, *_: Any) -> Marks:
        return self

    def read(self) -> Any:
        self.reads += 1
        self._answer()
        return self.left[-1][1] if self.left else None

    def leave(self, value: Any) -> None:
        self._answer()
        self.left.append((time.time(), value))

    def _answer(self) -> None:
        with self._lock:
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
        time.sleep(self.takes)
        with self._lock:
            self._at_once -= 1
        if self.fails:
            raise ConnectionError("the supervisor has no time")


@pytest.fixture
def marks(monkeypatch: pytest.MonkeyPatch) -> Marks:
    found = Marks()
    monkeypatch.setattr(mps_submit, "mark_of", found.mark)
    return found


def begins_after(trigger: MpsSubmitTrigger, seconds: float) -> MpsSubmitTrigger:
    """Have a trigger begin so long after its hand-over."""
    trigger.record = {**trigger.record, "intent": time.time() - seconds}
    return trigger


def test_what_is_urgent_leaves_a_mark_and_goes_out_sooner(task: Task, marks: Marks) -> None:
    trigger = begins_after(handed_over_by(task, priority_weight=10), 0)
    handed_over = trigger.record["intent"]
    fire(trigger)
    (sent,) = task.service.accepted(SUBMIT)
    ((left, value),) = marks.left
    assert value == handed_over
    assert left < sent.time < handed_over + SEND_AFTER_SECONDS
    assert not task.service.calls(LIST)
    # Who begins that soon has nothing to ask.
    assert not marks.reads


def test_what_is_not_costs_no_mark(task: Task, marks: Marks) -> None:
    trigger = handed_over_by(task)
    fire(begins_after(trigger, FIRST_TO_MARK_SECONDS + 0.2))
    (sent,) = task.service.accepted(SUBMIT)
    assert sent.time >= trigger.record["intent"] + SEND_AFTER_SECONDS - 0.01
    assert not task.service.calls(LIST)
    assert not marks.left
    assert not marks.reads


@pytest.mark.parametrize("change", [str, lambda at: {"value": at}, lambda at: at - 2, lambda at: at + 60])
def test_a_mark_that_may_be_of_this_hand_over_is_taken_for_one(
    change: Callable[[float], Any], task: Task, marks: Marks
) -> None:
    """An XCom backend of the user's may return something else than was left, and another hand-over overwrite it."""
    trigger = begins_after(handed_over_by(task, priority_weight=10), FIRST_TO_MARK_SECONDS + 0.2)
    marks.leave(change(trigger.record["intent"]))
    fire(trigger)
    assert task.service.calls(LIST)
    assert len(task.accepted) == 1


def test_who_begins_too_late_in_any_case_asks_for_no_mark(task: Task, marks: Marks) -> None:
    fire(begins_after(handed_over_by(task, priority_weight=10), FIRST_SECONDS + 0.1))
    assert task.service.calls(LIST)
    assert not marks.reads


def test_marks_leave_the_threads_of_the_triggerer_to_others(task: Task, marks: Marks) -> None:
    marks.takes = 0.3
    triggers = several(handed_over_by(task, priority_weight=10), 12)

    async def run() -> None:
        late = (begins_after(one, FIRST_TO_MARK_SECONDS + 0.2) for one in triggers)
        await asyncio.gather(*(event_of(one) for one in late))

    asyncio.run(run())
    assert marks.reads == 12
    assert marks.most_at_once <= 2
    assert len(set(task.accepted)) == 12


@pytest.mark.parametrize("left", [None, "of this hand-over", "of another"])
def test_who_begins_later_looks_for_a_mark(left: str | None, task: Task, marks: Marks) -> None:
    trigger = begins_after(handed_over_by(task, priority_weight=10), (FIRST_TO_MARK_SECONDS + FIRST_SECONDS) / 2)
    if left:
        marks.leave(trigger.record["intent"] - (60 if left == "of another" else 0))
    event = fire(trigger)
    assert task.accepted == [event["mps_task_id"]]
    assert marks.reads == 1
    assert bool(task.service.calls(LIST)) == (left == "of this hand-over")


def test_a_mark_that_is_not_known_is_taken_for_one(task: Task, marks: Marks) -> None:
    marks.fails = True
    fire(begins_after(handed_over_by(task, priority_weight=10), FIRST_TO_MARK_SECONDS + 0.2))
    assert task.service.calls(LIST)
    assert len(task.accepted) == 1


def test_what_can_leave_no_mark_waits_as_the_others_do(task: Task, marks: Marks) -> None:
    marks.fails = True
    trigger = begins_after(handed_over_by(task, priority_weight=10), 0)
    fire(trigger)
    (sent,) = task.service.accepted(SUBMIT)
    assert sent.time >= trigger.record["intent"] + SEND_AFTER_SECONDS - 0.01
    assert not task.service.calls(LIST)


def test_what_comes_to_its_turn_late_leaves_no_mark(task: Task, marks: Marks) -> None:
    triggers = several(handed_over_by(task, priority_weight=10), 40)

    async def run() -> list[Any]:
        return await asyncio.gather(*(event_of(begins_after(one, 0)) for one in triggers))

    asyncio.run(run())
    assert len(set(task.accepted)) == 40
    # In one second and a quarter no more than about twenty go out.
    assert 0 < len(marks.left) <= 30


def test_in_a_loop_there_is_no_mark_and_so_none_to_ask_for(task: Task) -> None:
    """A mark would be that of all iterations."""
    trigger = begins_after(handed_over_by(task, priority_weight=10), FIRST_TO_MARK_SECONDS + 0.2)
    of_iteration = {"region_id": UUID(int=7), "region_index": 2, "priority_weight": 10}
    ti = SimpleNamespace(dag_id="d", task_id="t", run_id="r", map_index=-1, **of_iteration)
    trigger.task_instance = ti  # type: ignore[assignment]
    fire(trigger)
    (sent,) = task.service.accepted(SUBMIT)
    assert sent.time >= trigger.record["intent"] + SEND_AFTER_SECONDS - 0.01
    assert not task.service.calls(LIST)
