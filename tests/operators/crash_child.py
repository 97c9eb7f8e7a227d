"""A try of a task in a process of its own, which SIGKILLs itself at a chosen moment."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from pkgutil import resolve_name
from typing import Any

from airflow.providers.common.compat.sdk import TaskDeferred
from tenacity import wait_none

from airflow_provider_mps.clients import tencentcloud as mps_clients  # noqa: F401 - preloaded once for all processes
from airflow_provider_mps.core import calls
from airflow_provider_mps.durable import store as submission_store
from airflow_provider_mps.durable import submitter
from airflow_provider_mps.durable.handed_over import HandedOver
from airflow_provider_mps.hooks.mps import MpsHook
from airflow_provider_mps.operators.mps import MpsImageBgFusionOperator
from airflow_provider_mps.operators.mps_submit import MpsSubmitOperator
from airflow_provider_mps.sensors.mps import MpsImageTaskSensor
from airflow_provider_mps.services.tencentcloud import lookup
from airflow_provider_mps.triggers import mps_submit
from tests.task_context import StateStore, make_context

ARGUMENTS: dict[str, Any] = {"subject_cos_key": "/samples/coffee.png", "prompt": "marble", "poll_interval": 0.1}


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def nth(number: int, before: bool) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Wrap a function so that the process dies at its call with this number, before or after what it does."""
    count = 0

    def wrap(function: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            nonlocal count
            count += 1
            if before and count == number:
                die()
            result = function(*args, **kwargs)
            if count == number:
                die()
            return result

        return wrapped

    return wrap


def patch(owner: Any, name: str, wrap: Callable[[Any], Any]) -> None:
    setattr(owner, name, wrap(getattr(owner, name)))


def on_write(number: int, *, before: bool) -> None:
    for store in (submission_store.TaskStateStore, submission_store.ThisTryOnly):
        patch(store, "write", nth(number, before))


DEATHS: dict[str, Callable[[], object]] = {
    "before the intent": lambda: on_write(1, before=True),
    "after the intent": lambda: on_write(1, before=False),
    # The test kills it from outside, when the service has accepted.
    "after the request left": lambda: None,
    "after the answer": lambda: on_write(2, before=True),
    "after the record": lambda: on_write(2, before=False),
    "while polling": lambda: (
        patch(MpsHook, "look", nth(2, before=False)),
        patch(MpsHook, "alook", nth(2, before=True)),
    ),
    "after FINISH before return": lambda: patch(MpsSubmitOperator, "_deliver", nth(1, before=True)),
    "after delivery was recorded": lambda: on_write(3, before=False),
    "": lambda: None,
}


class FileMark:
    """The mark of a submission that goes out early, in a file."""

    path: Path

    def __init__(self, *_: Any) -> None:
        pass

    def read(self) -> Any:
        return json.loads(self.path.read_text()) if self.path.exists() else None

    def leave(self, value: Any) -> None:
        self.path.write_text(json.dumps(value))


IN_THE_TRIGGERER: dict[str, Callable[[], object]] = {
    "before the mark": lambda: patch(FileMark, "leave", nth(1, before=True)),
    "after the mark": lambda: patch(FileMark, "leave", nth(1, before=False)),
    "before the turn": lambda: patch(HandedOver, "send", nth(1, before=True)),
    "before the request": lambda: patch(MpsHook, "asubmit_task", nth(1, before=True)),
    # As above.
    "after the request left": lambda: None,
    "after the answer": lambda: patch(HandedOver, "keep", nth(2, before=True)),
    "before the first look": lambda: patch(MpsHook, "alook", nth(1, before=True)),
    "while polling": lambda: patch(MpsHook, "alook", nth(2, before=True)),
    "in the look-up": lambda: patch(HandedOver, "list_tasks", nth(2, before=True)),
    "after the look-up": lambda: patch(HandedOver, "send", nth(1, before=True)),
}


def run(spec: dict[str, Any]) -> None:
    """Do one step of a task's life, and write to ``spec["out"]`` what came of it.

    ``step`` is ``execute``, ``complete`` (with ``event`` and ``method``), ``trigger`` (with ``trigger``),
    ``triggerer`` (with ``triggers``), or ``sensor`` (with ``mps_task_id``).
    """
    os.environ["AIRFLOW_CONN_TENCENTCLOUD_DEFAULT"] = json.dumps(spec["connection"])
    calls.WAIT, lookup.SETTLE_SECONDS = wait_none(), 0.3
    # There is no supervisor.
    submitter.supervisor_answers = lambda: None
    FileMark.path = Path(spec["out"]).with_name("mark.json")
    mps_submit.mark_of = FileMark  # type: ignore[assignment]
    (IN_THE_TRIGGERER if spec["step"].startswith("trigger") and spec["death"] else DEATHS)[spec["death"]]()
    Path(spec["out"]).write_text(json.dumps(_step(spec)))


def _step(spec: dict[str, Any]) -> dict[str, Any]:
    if spec["step"] == "trigger":
        return {"event": asyncio.run(_fire(spec["trigger"]))}
    if spec["step"] == "triggerer":
        return {"events": asyncio.run(_fire_all(spec["triggers"]))}
    store = StateStore(Path(spec["store"])) if spec["store"] else None
    run_began = datetime.fromisoformat(spec["run_began"])
    context = make_context(store, try_number=spec["try_number"], run_began=run_began)
    try:
        if spec["step"] == "sensor":
            sensor = MpsImageTaskSensor(task_id="sensor", mps_task_id=spec["mps_task_id"], poke_interval=0.1)
            return {"returned": sensor.execute(context)}
        operator = MpsImageBgFusionOperator(task_id="task", retries=2, **ARGUMENTS, **spec["arguments"])
        if spec["step"] == "complete":
            return {"returned": getattr(operator, spec["method"])(context, spec["event"])}
        result = operator.execute(context)
    except TaskDeferred as deferred:
        return {"deferred": deferred.trigger.serialize(), "method": deferred.method_name}
    if spec["death"] == "after FINISH before return" and not spec["arguments"].get("wait_for_completion"):
        _wait_for_the_end(result)
        die()
    return {"returned": result}


def _wait_for_the_end(task_id: str) -> None:
    hook = MpsHook()
    while not hook.get_task_state(task_id).done:
        time.sleep(0.05)


async def _fire(trigger: tuple[str, dict[str, Any]]) -> Any:
    path, arguments = trigger
    (event,) = [event.payload async for event in resolve_name(path)(**arguments).run()]
    return event


async def _fire_all(triggers: list[tuple[str, dict[str, Any]]]) -> list[Any]:
    return await asyncio.gather(*map(_fire, triggers))
