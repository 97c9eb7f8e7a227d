"""A process in which a batch of Aidge is worked on, to be killed from outside."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from airflow.providers.common.compat.sdk import TaskDeferred
from tenacity import wait_none

from airflow_provider_mps.batch import writer as batch_writer
from airflow_provider_mps.clients import cos  # noqa: F401 - preloaded once for all processes
from airflow_provider_mps.core import calls
from airflow_provider_mps.operators.aidge import AidgeBackgroundGenerationBatchOperator
from tests.operators.aidge_batches import fire
from tests.task_context import make_context


def run(spec: dict[str, Any]) -> None:
    """Do a step, ``execute``, ``trigger`` or ``complete``, and write to ``spec["out"]`` what came of it."""
    for name, connection in spec["connections"].items():
        os.environ[f"AIRFLOW_CONN_{name}"] = json.dumps(connection)
    calls.WAIT = wait_none()
    batch_writer.TAKE_OVER_SECONDS, batch_writer.START_SECONDS, batch_writer.LAZY_SECONDS = 0.5, 0.1, 0.3
    Path(spec["out"]).write_text(json.dumps(_step(spec)))


def _step(spec: dict[str, Any]) -> dict[str, Any]:
    if spec["step"] == "trigger":
        return {"event": fire(spec["trigger"])}
    operator = AidgeBackgroundGenerationBatchOperator(
        task_id="task", retries=2, poll_interval=0.2, **spec["arguments"], max_failed=len(spec["arguments"]["requests"])
    )
    context = make_context(try_number=spec["try_number"], max_tries=spec["max_tries"])
    try:
        if spec["step"] == "complete":
            return {"returned": operator.execute_complete(context, spec["event"])}
        return {"returned": operator.execute(context)}
    except TaskDeferred as deferred:
        return {"deferred": deferred.trigger.serialize()[1]}
