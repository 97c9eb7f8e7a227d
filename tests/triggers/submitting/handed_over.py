"""Triggers that submit, as the triggerer gets them from a worker."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.models.trigger import Trigger
from airflow.providers.common.compat.sdk import TaskDeferred

from airflow_provider_mps.triggers.mps_submit import MpsSubmitTrigger
from tests.operators.conftest import Task

SUBMIT, LIST = "ProcessImage", "DescribeImageTasks"


def handed_over_by(task: Task, **arguments: Any) -> MpsSubmitTrigger:
    """Return the trigger that a worker leaves the submission to, as the triggerer gets it."""
    with pytest.raises(TaskDeferred) as deferred:
        task.run(deferrable=True, wait_for_completion=True, **arguments)
    assert deferred.value.method_name == "resume_handed_over"
    row = Trigger.from_object(deferred.value.trigger)
    return MpsSubmitTrigger(**json.loads(json.dumps(row.kwargs)))


def now(trigger: MpsSubmitTrigger) -> MpsSubmitTrigger:
    """Have a trigger handed over at this moment, however slow the machine is."""
    trigger.record = {**trigger.record, "intent": time.time()}
    return trigger


async def event_of(trigger: MpsSubmitTrigger) -> dict[str, Any]:
    (event,) = [event.payload async for event in trigger.run()]
    assert json.loads(json.dumps(event)) == event
    return dict(event)


def fire(trigger: MpsSubmitTrigger) -> dict[str, Any]:
    return asyncio.run(event_of(trigger))


def resume(task: Task, event: Any, **arguments: Any) -> Any:
    return task.operator(deferrable=True, wait_for_completion=True, **arguments).resume_handed_over(task.last, event)


def several(trigger: MpsSubmitTrigger, count: int, *, weights: Callable[[int], int] = lambda _: 1) -> list[Any]:
    """Return triggers like one, of as many tasks."""
    found = []
    for number in range(count):
        _, arguments = trigger.serialize()
        payload = {**arguments["payload"], "AddOnParameter": {"ExtPrompt": [{"Prompt": f"picture {number}"}]}}
        record = {**arguments["record"], "key": f"{number:064x}"}
        one = MpsSubmitTrigger(**{**arguments, "payload": payload, "record": record})
        one.task_instance = SimpleNamespace(task_id="t", task=None, priority_weight=weights(number))  # type: ignore[assignment]
        found.append(one)
    return found
