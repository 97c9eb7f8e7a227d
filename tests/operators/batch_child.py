"""A process in which a batch is worked on, to be killed from outside."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path
from typing import Any

from airflow.providers.common.compat.sdk import TaskDeferred
from tenacity import wait_none

from airflow_provider_mps.batch import writer as batch_writer
from airflow_provider_mps.clients import cos  # noqa: F401 - preloaded once for all processes
from airflow_provider_mps.core import calls
from airflow_provider_mps.operators.mps import MpsImageBgFusionBatchOperator
from airflow_provider_mps.services.tencentcloud import lookup
from airflow_provider_mps.triggers.mps_batch import MpsImageBatchTrigger
from tests.task_context import make_context


def run(spec: dict[str, Any]) -> None:
    """Do a step, ``execute``, ``trigger`` or ``complete``, and write to ``spec["out"]`` what came of it."""
    os.environ["AIRFLOW_CONN_TENCENTCLOUD_DEFAULT"] = json.dumps(spec["connection"])
    calls.WAIT, lookup.SETTLE_SECONDS = wait_none(), 0.3
    batch_writer.TAKE_OVER_SECONDS, batch_writer.START_SECONDS, batch_writer.LAZY_SECONDS = 0.5, 0.1, 0.3
    Path(spec["out"]).write_text(json.dumps(_step(spec)))


def _step(spec: dict[str, Any]) -> dict[str, Any]:
    if spec["step"] == "trigger":
        return {"event": asyncio.run(_fire(spec["trigger"]))}
    operator = MpsImageBgFusionBatchOperator(
        task_id="task", requests=spec["requests"], retries=2, poll_interval=0.2, deferrable=spec["deferrable"]
    )
    context = make_context(try_number=spec["try_number"])
    try:
        if spec["step"] == "complete":
            return {"returned": operator.execute_complete(context, spec["event"])}
        return {"returned": operator.execute(context)}
    except TaskDeferred as deferred:
        return {"deferred": deferred.trigger.serialize()[1]}


async def _fire(trigger: dict[str, Any]) -> Any:
    (event,) = [event.payload async for event in MpsImageBatchTrigger(**trigger).run()]
    return event
