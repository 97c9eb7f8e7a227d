"""Triggers of one submission after each other in the same triggerer, and what is known of it when something breaks."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import TaskDeferred

from airflow_provider_mps.compat import KEEPS_TASK_STATE
from airflow_provider_mps.core.errors import ServiceError
from airflow_provider_mps.core.outcomes import Outcome
from airflow_provider_mps.core.polling import Refused
from airflow_provider_mps.durable import submitter
from airflow_provider_mps.hooks import budget as hooks_budget
from airflow_provider_mps.hooks.mps import MpsHook
from airflow_provider_mps.polling.poller import Poller
from airflow_provider_mps.polling.shared import PollTarget
from airflow_provider_mps.triggers.mps_submit import MpsSubmitTrigger
from tests.operators.conftest import Task
from tests.triggers.submitting.handed_over import LIST, SUBMIT, event_of, fire, handed_over_by, now, resume, several

pytestmark = pytest.mark.skipif(not KEEPS_TASK_STATE, reason="without a record the worker submits")


@pytest.fixture(autouse=True)
def _quick_supervisor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(submitter, "LOOP_SECONDS", 0.1)


def handed_over_before(trigger: MpsSubmitTrigger, seconds: float) -> MpsSubmitTrigger:
    """Return the same trigger as another one takes it over."""
    _, arguments = trigger.serialize()
    record = {**arguments["record"], "intent": time.time() - seconds}
    return MpsSubmitTrigger(**{**arguments, "record": record})


@contextlib.asynccontextmanager
async def others_wait(conn_id: str) -> AsyncIterator[None]:
    """Have the submitter stay, as in a triggerer where always somebody waits."""
    async with submitter.shared_submitter(PollTarget(MpsHook, (conn_id, None))):
        yield


def test_who_gets_its_trigger_back_knows_what_it_has_submitted_itself(task: Task, conn_id: str) -> None:
    trigger = handed_over_by(task)

    async def run() -> list[Any]:
        async with others_wait(conn_id):
            first = await event_of(now(trigger))
            # Another triggerer had it in between, or the event was lost.
            return [first, await event_of(handed_over_before(trigger, 60))]

    first, again = asyncio.run(run())
    assert again["mps_task_id"] == first["mps_task_id"]
    assert len(task.accepted) == 1


def test_the_time_in_the_queue_is_no_waiting_for_the_picture(task: Task) -> None:
    task.service.backend.settings.task_seconds = 3.0
    trigger = handed_over_by(task, timeout=30)

    async def run() -> dict[str, Any]:
        first = asyncio.create_task(event_of(now(trigger)))
        while not task.accepted:  # noqa: ASYNC110 - the service is in another thread
            await asyncio.sleep(0.05)
        first.cancel()
        return await event_of(handed_over_before(trigger, 200))

    event = asyncio.run(run())
    assert event["status"] == "success"
    assert task.accepted == [event["mps_task_id"]]


def test_what_breaks_after_the_submission_does_not_lose_the_task(task: Task, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*_: Any, **__: Any) -> Any:
        raise RuntimeError("the keys cannot be read")

    trigger = now(handed_over_by(task))
    with monkeypatch.context() as patched:
        patched.setattr(Poller, "wait", broken)
        event = fire(trigger)
    assert event["status"] == "handed_back"
    assert event["submission"]["task_id"] == task.accepted[0]
    # The account may not list.
    task.service.add_fault(kind="error", action=LIST, code="UnauthorizedOperation", message="no")
    with contextlib.suppress(TaskDeferred):
        assert resume(task, event)["TaskId"] == task.accepted[0]
    assert task.record["task_id"] == task.accepted[0]
    assert len(task.accepted) == 1


def test_what_breaks_at_the_end_does_not_lose_the_event(task: Task, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(_: Any) -> None:
        raise RuntimeError("cannot be closed")

    trigger = now(handed_over_by(task))
    monkeypatch.setattr(Poller, "aclose", broken)
    assert fire(trigger)["status"] == "success"


def test_a_worker_whose_clock_is_ahead_submits_itself(task: Task) -> None:
    """Two triggerers would both be the first, and what is sent would be looked for in the wrong minutes."""
    event = fire(handed_over_before(handed_over_by(task), -60))
    assert event["status"] == "handed_back"
    assert "clock" in event["why"]
    assert not task.accepted


def test_a_task_that_is_listed_and_not_known_is_not_asked_for_for_ever(
    task: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    task.service.add_fault(kind="lost_answer", action=SUBMIT, times=1)
    task.service.backend.settings.task_seconds = 60
    waits: list[str] = []

    async def not_known(_: Any, task_id: str, **__: Any) -> Any:
        waits.append(task_id)
        code = "ResourceNotFound"
        return Refused(ServiceError("MPS", "DescribeImageTaskDetail", task_id, code, "no", "", Outcome.REFUSED))

    monkeypatch.setattr(Poller, "wait", not_known)
    event = fire(now(handed_over_by(task, timeout=4.0, poll_interval=1.0)))
    assert event["status"] == "handed_back"
    assert "MpsInDoubtError" in event["why"]
    assert 1 < len(waits) < 6
    assert len(task.accepted) == 1


def test_what_is_not_used_of_the_limit_a_day_is_left_to_others_while_pictures_are_made(
    task: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection = task.service.connection()
    connection["extra"] |= {"pictures_per_day": 1000}
    monkeypatch.setenv("AIRFLOW_CONN_TENCENTCLOUD_DEFAULT", json.dumps(connection))
    hooks_budget._processes.clear()
    task.service.backend.settings.task_seconds = 60
    triggers = several(handed_over_by(task), 4)

    async def run() -> bool:
        # Who asks gets one, then two, then four.
        waiting = [asyncio.create_task(event_of(now(one))) for one in triggers]
        while len(task.accepted) < 4:  # noqa: ASYNC110 - the service is in another thread
            await asyncio.sleep(0.05)
        (grants,) = hooks_budget._processes.values()
        until = time.monotonic() + 10
        while (is_kept := grants._pool.has(1000)) and time.monotonic() < until:  # noqa: ASYNC110
            await asyncio.sleep(0.1)
        for one in waiting:
            one.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        return is_kept

    assert not asyncio.run(run())
