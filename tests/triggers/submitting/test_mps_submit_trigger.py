"""Submitting in the triggerer: one pace and one order for all that wait there, and what the worker makes of it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import TaskDeferred

from airflow_provider_mps.compat import KEEPS_TASK_STATE
from airflow_provider_mps.core.handover import SEND_AFTER_SECONDS
from airflow_provider_mps.durable import handed_over, submitter
from airflow_provider_mps.exceptions import (
    MpsInDoubtError,
    MpsTaskFailedError,
    TencentCloudError,
    TencentCloudPermanentError,
    TriggerEventError,
)
from airflow_provider_mps.local.service import LocalService
from airflow_provider_mps.triggers.mps_submit import MpsSubmitTrigger
from tests.operators.conftest import Task
from tests.triggers.submitting.handed_over import LIST, SUBMIT, event_of, fire, handed_over_by, now, resume, several

pytestmark = pytest.mark.skipif(not KEEPS_TASK_STATE, reason="without a record the worker submits")
SIGNED = "https://e.com/cup.png?q-sign-algorithm=sha1&q-ak=AKIDx&q-signature=" + "ab" * 20


def prompts(service: LocalService) -> list[str]:
    return [task.job.prompt for task in service.tasks]


def test_the_worker_writes_the_intent_and_the_triggerer_submits(task: Task) -> None:
    trigger = handed_over_by(task)
    assert not task.service.calls(SUBMIT)
    intent = task.record
    assert intent["task_id"] is None
    assert trigger.record == intent
    event = fire(now(trigger))
    result = resume(task, event)
    assert task.accepted == [result["TaskId"]]
    assert task.last["ti"].xcoms["mps_task_id"] == result["TaskId"]
    assert task.record["task_id"] == result["TaskId"]
    assert task.record["request_id"]
    assert task.record["delivered"] is True
    # Nothing that names a picture twice, nor a look-up: it was certainly the first.
    assert not task.service.calls(LIST)
    (sent,) = task.service.accepted(SUBMIT)
    assert sent.time >= trigger.record["intent"] + SEND_AFTER_SECONDS - 0.01


def test_a_signed_address_is_submitted_by_the_worker(task: Task, lines: Callable[[], str]) -> None:
    with pytest.raises(TaskDeferred) as deferred:
        task.run(deferrable=True, wait_for_completion=True, subject_cos_key=None, subject_url=SIGNED)
    assert deferred.value.method_name == "execute_complete"
    assert "ab" * 20 not in json.dumps(deferred.value.trigger.serialize()[1])
    assert len(task.accepted) == 1
    assert "signed" in lines()


@pytest.mark.parametrize("how", [{"durable": False}, {"deferrable": False}, {"wait_for_completion": False}])
def test_only_a_deferrable_durable_task_that_waits_is_handed_over(how: dict[str, bool], task: Task) -> None:
    arguments = {"deferrable": True, "wait_for_completion": True, **how}
    with contextlib.suppress(TaskDeferred):
        task.run(**arguments)
    assert len(task.accepted) == 1


def test_one_pace_for_all_that_wait(task: Task) -> None:
    triggers = several(handed_over_by(task), 60)

    async def run() -> list[dict[str, Any]]:
        return await asyncio.gather(*map(event_of, map(now, triggers)))

    events = asyncio.run(run())
    assert {event.get("why", event["status"]) for event in events} == {"success"}
    assert len(set(task.accepted)) == 60
    assert len(task.service.calls(SUBMIT)) == 60


def test_an_urgent_picture_goes_before_all_that_wait(task: Task, monkeypatch: pytest.MonkeyPatch) -> None:
    """It comes when half of the others are out, and two may already have their turn."""
    # So that what has its turn is the only thing before it.
    monkeypatch.setattr(handed_over, "SEND_AFTER_SECONDS", 0.0)
    few = several(handed_over_by(task), 40, weights=lambda number: 10 if number == 39 else 1)

    async def run() -> int:
        waiting = [asyncio.create_task(event_of(now(one))) for one in few[:39]]
        while len(task.service.tasks) < 15:  # noqa: ASYNC110 - the service is in another thread
            await asyncio.sleep(0.01)
        urgent = asyncio.create_task(event_of(now(few[39])))
        await asyncio.sleep(0)
        out = len(task.service.tasks)
        await asyncio.gather(urgent, *waiting)
        return out

    out = asyncio.run(run())
    # The ones under way, and the ones that had their turn.
    assert prompts(task.service).index("picture 39") <= out + 5


def test_a_refusal_is_on_record_and_says_what_it_says_in_the_worker(task: Task) -> None:
    task.service.add_fault(kind="error", action=SUBMIT, code="InvalidParameterValue.Format", message="no such format")
    event = fire(handed_over_by(task))
    assert event["status"] == "error"
    with pytest.raises(TencentCloudPermanentError, match=r"InvalidParameterValue\.Format.*no such format"):
        resume(task, event)
    assert task.record["intent"] is None
    assert task.record["task_id"] is None


def test_what_passes_is_tried_again_by_airflow(task: Task) -> None:
    task.service.add_fault(kind="error", action=SUBMIT, code="LimitExceeded", message="too many")
    event = fire(handed_over_by(task))
    with pytest.raises(TencentCloudError, match="LimitExceeded"):
        resume(task, event)
    task.service.clear_faults()
    # The next try finds that nothing was sent, and hands over anew.
    with pytest.raises(TaskDeferred) as deferred:
        task.run(2, deferrable=True, wait_for_completion=True)
    assert deferred.value.method_name == "resume_handed_over"
    assert not task.accepted


def test_a_picture_that_failed_fails_the_task(task: Task) -> None:
    task.service.add_fault(kind="task_fail", err_msg="InternalError", message="out of luck", times=1)
    event = fire(handed_over_by(task))
    with pytest.raises(MpsTaskFailedError, match="out of luck"):
        resume(task, event)
    # The next try knows the task that has failed.
    assert task.record["task_id"] == task.accepted[0]
    with pytest.raises(TaskDeferred):
        task.run(2, deferrable=True, wait_for_completion=True)
    assert len(task.accepted) == 1


def test_a_lost_answer_is_found_in_the_triggerer(task: Task) -> None:
    task.service.add_fault(kind="lost_answer", action=SUBMIT, times=1)
    task.service.backend.settings.task_seconds = 1.0
    result = resume(task, fire(handed_over_by(task)))
    assert task.accepted == [result["TaskId"]]


def test_a_doubt_that_the_list_may_not_resolve_goes_back_to_the_worker(task: Task) -> None:
    task.service.add_fault(kind="lost_answer", action=SUBMIT, times=1)
    task.service.add_fault(kind="error", action=LIST, code="UnauthorizedOperation", message="no")
    event = fire(handed_over_by(task))
    assert event["status"] == "handed_back"
    with pytest.raises(MpsInDoubtError, match="mps:DescribeImageTasks"):
        resume(task, event)
    task.service.clear_faults()
    assert task.run(2) == task.accepted[0]
    assert len(task.accepted) == 1


def test_a_connection_that_is_not_there_is_told_by_the_worker(task: Task, monkeypatch: pytest.MonkeyPatch) -> None:
    trigger = handed_over_by(task)
    trigger.tencentcloud_conn_id = "not_there"
    event = fire(trigger)
    assert event["status"] == "handed_back"
    assert "not_there" in event["why"]


def test_a_turn_that_does_not_come_in_time_sends_nothing(task: Task) -> None:
    trigger = handed_over_by(task, execution_timeout=timedelta(seconds=300))
    assert trigger.until == pytest.approx(task.last["ti"].start_date.timestamp() + 300)
    trigger.until = time.time() + 0.5
    event = fire(trigger)
    with pytest.raises(TencentCloudError, match=r"TurnNotReached.*execution_timeout"):
        resume(task, event)
    assert task.record["intent"] is None
    assert not task.service.calls(SUBMIT)


def test_timeout_counts_from_the_submission(task: Task) -> None:
    task.service.add_fault(kind="task_seconds", seconds=3600)
    event = fire(handed_over_by(task, timeout=1.5))
    assert event["status"] == "timeout"
    assert event["mps_task_id"] == task.accepted[0]


def test_whoever_begins_late_looks_first(task: Task) -> None:
    trigger = handed_over_by(task)
    trigger.record = {**trigger.record, "intent": trigger.record["intent"] - 60}
    event = fire(trigger)
    assert event["status"] == "success"
    assert task.service.calls(LIST)
    # Another one takes the same over, as if the event had not come.
    assert fire(trigger)["mps_task_id"] == event["mps_task_id"]
    assert len(task.accepted) == 1


def test_many_who_begin_late_ask_for_few_lists(task: Task) -> None:
    trigger = handed_over_by(task)
    trigger.record = {**trigger.record, "intent": trigger.record["intent"] - 60}
    triggers = several(trigger, 40)

    async def run() -> list[dict[str, Any]]:
        return await asyncio.gather(*map(event_of, triggers))

    asyncio.run(run())
    assert len(set(task.accepted)) == 40
    # Each alone would ask six times.
    assert len(task.service.calls(LIST)) < 60


@pytest.mark.parametrize("sent_by_another", [True, False])
def test_a_triggerer_that_stood_still_looks_again(
    sent_by_another: bool, task: Task, monkeypatch: pytest.MonkeyPatch, lines: Callable[[], str]
) -> None:
    trigger = handed_over_by(task)
    monkeypatch.setattr(submitter, "health_check_threshold", lambda: 4.0)

    async def run() -> dict[str, Any]:
        waiting = asyncio.create_task(event_of(trigger))
        await asyncio.sleep(0.5)
        if sent_by_another:
            # Meanwhile another triggerer has taken it over.
            other = MpsSubmitTrigger(**{**trigger.serialize()[1]})
            other.record = {**other.record, "intent": other.record["intent"] - 60}
            meanwhile = threading.Thread(target=fire, args=(other,))
            meanwhile.start()
            meanwhile.join()
        time.sleep(3)  # noqa: ASYNC251 - it stands still
        return await waiting

    event = asyncio.run(run())
    assert event["status"] == "success"
    assert task.service.calls(LIST)
    assert task.accepted == [event["mps_task_id"]]


async def event_of_one_that_stands_still(trigger: MpsSubmitTrigger) -> dict[str, Any]:
    """Return the event of a trigger whose triggerer stands still from when it may submit until it is not certain."""
    waiting = asyncio.create_task(event_of(trigger))
    await asyncio.sleep(SEND_AFTER_SECONDS + 0.5)
    time.sleep(2)  # noqa: ASYNC251
    return await waiting


def test_whoever_stood_still_while_its_time_ran_out_does_not_say_that_nothing_was_sent(
    task: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Meanwhile another triggerer may have taken it over and submitted, which a retry has to look for."""
    trigger = now(handed_over_by(task))
    monkeypatch.setattr(submitter, "health_check_threshold", lambda: 4.0)
    # Its turn never comes.
    monkeypatch.setattr(submitter, "AT_ONCE", 0)
    trigger.until = trigger.record["intent"] + SEND_AFTER_SECONDS + 1
    event = asyncio.run(event_of_one_that_stands_still(trigger))
    assert event["status"] == "handed_back"
    assert event["submission"]["intent"] is not None


def test_whoever_stood_still_before_it_read_a_refusal_does_not_say_that_nothing_was_sent(
    task: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its request was refused, but not that of another triggerer which may have taken it over since."""
    task.service.add_fault(kind="delay", action=SUBMIT, seconds=1)
    task.service.add_fault(kind="error", action=SUBMIT, code="InvalidParameterValue.Format", message="no")
    trigger = now(handed_over_by(task))
    monkeypatch.setattr(submitter, "health_check_threshold", lambda: 4.0)
    event = asyncio.run(event_of_one_that_stands_still(trigger))
    assert len(task.service.calls(SUBMIT)) == 1
    assert event["status"] == "handed_back"
    assert "InvalidParameterValue.Format" in event["why"]
    assert event["submission"]["intent"] is not None


@pytest.mark.parametrize("hangs", [True, False])
def test_without_an_answer_of_the_supervisor_the_worker_goes_on(
    hangs: bool, task: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    let_go = threading.Event()

    def silent() -> None:
        if hangs:
            let_go.wait(3)
        raise ConnectionError("cut off")

    monkeypatch.setattr(submitter, "supervisor_answers", silent)
    monkeypatch.setattr(submitter, "health_check_threshold", lambda: 1.0)
    try:
        event = fire(handed_over_by(task))
    finally:
        let_go.set()
    assert event["status"] == "handed_back"
    assert ("TimeoutError" if hangs else "cut off") in event["why"]
    assert not task.accepted


@pytest.mark.parametrize(
    "event", [None, "x", {}, {"status": "success"}, {"status": "success", "submission": {}}, {"submission": []}]
)
def test_an_event_that_says_nothing_fails_loudly(event: Any, task: Task) -> None:
    handed_over_by(task)
    with pytest.raises(TriggerEventError):
        resume(task, event)


def test_an_event_without_a_task_fails_loudly(task: Task) -> None:
    trigger = handed_over_by(task)
    with pytest.raises(TriggerEventError, match="names no task"):
        resume(task, {"status": "success", "submission": trigger.record})


def test_an_event_about_another_task_fails_loudly(task: Task) -> None:
    event = fire(now(handed_over_by(task)))
    with pytest.raises(TriggerEventError, match="another task"):
        resume(task, {**event, "mps_task_id": "other"})


def test_who_cancels_gives_its_turn_to_others(task: Task) -> None:
    task.service.add_fault(kind="delay", action=SUBMIT, seconds=30, match="picture 0")
    triggers = several(handed_over_by(task), 6)

    async def run() -> None:
        waiting = [asyncio.create_task(event_of(one)) for one in triggers]
        await asyncio.sleep(SEND_AFTER_SECONDS + 0.3)
        waiting[0].cancel()
        await asyncio.gather(*waiting[1:])

    asyncio.run(run())
    assert len(set(task.accepted)) >= 5
    assert not submitter._submitters
