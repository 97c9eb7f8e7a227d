"""A retry begins with ``execute``, where Airflow would resume it with the event of the try before."""

from __future__ import annotations

import importlib
import pkgutil
from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import BaseOperator, TaskDeferred

import airflow_provider_mps.operators
import airflow_provider_mps.sensors
from airflow_provider_mps.compat import RESUMES_RETRIES
from airflow_provider_mps.resuming import DEFERRED_IN, BeginsAnew
from airflow_provider_mps.sensors.base import PictureTaskSensor
from airflow_provider_mps.triggers.mps import MpsImageTaskTrigger
from tests.task_context import make_context

TRIGGER = MpsImageTaskTrigger(mps_task_id="t", tencentcloud_conn_id="c", region=None, poll_interval=1.0, deadline=1.0)


class Operator(BeginsAnew, BaseOperator):
    """Says how it was started."""

    def execute(self, context: Any) -> Any:
        return "execute"

    def execute_complete(self, context: Any, event: Any = None, **more: Any) -> Any:
        return event, more


def running(try_number: int) -> Any:
    """Be the task that runs, where Airflow keeps it."""
    context: Any = {"ti": SimpleNamespace(try_number=try_number)}
    try:
        from airflow.sdk.execution_time.context import set_current_context
    except ImportError:
        return nullcontext(context)
    return set_current_context(context)


@pytest.mark.parametrize("given", [None, {"more": 1}])
def test_an_event_is_of_the_try_that_has_deferred(given: dict[str, Any] | None) -> None:
    task = Operator(task_id="t")
    with running(2), pytest.raises(TaskDeferred) as deferred:
        task.defer(trigger=TRIGGER, method_name="execute_complete", kwargs=given)
    assert deferred.value.method_name == "execute_complete"
    kwargs = deferred.value.kwargs
    assert kwargs == ({**(given or {}), DEFERRED_IN: 2} if RESUMES_RETRIES else given)
    # What Airflow hands over when the trigger has fired, in this try and in the next.
    event = {**(kwargs or {}), "event": "done"}
    assert task.resume_execution("execute_complete", dict(event), make_context(try_number=2)) == ("done", given or {})
    again = task.resume_execution("execute_complete", dict(event), make_context(try_number=3))
    assert again == ("execute" if RESUMES_RETRIES else ("done", given or {}))


@pytest.mark.parametrize(("number", "came"), [(2, ("done", {})), (1, "execute"), (None, ("done", {}))])
def test_what_another_airflow_has_deferred_is_understood(number: int | None, came: Any) -> None:
    kwargs = {"event": "done"} if number is None else {"event": "done", DEFERRED_IN: number}
    task = Operator(task_id="t")
    assert task.resume_execution("execute_complete", kwargs, make_context(try_number=2)) == came


def test_without_a_running_task_nothing_is_noted() -> None:
    with pytest.raises(TaskDeferred) as deferred:
        Operator(task_id="t").defer(trigger=TRIGGER, method_name="execute_complete")
    assert deferred.value.kwargs is None


def test_all_that_take_an_event_begin_anew() -> None:
    found = set()
    for package in (airflow_provider_mps.operators, airflow_provider_mps.sensors):
        for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
            found |= {one for one in vars(importlib.import_module(module.name)).values() if isinstance(one, type)}
    takers = [
        one for one in found if hasattr(one, "execute_complete") and one.__module__.startswith("airflow_provider")
    ]
    assert PictureTaskSensor in takers
    assert len(takers) > 5
    assert all(issubclass(one, BeginsAnew) for one in takers)
