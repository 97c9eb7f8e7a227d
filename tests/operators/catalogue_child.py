"""A process in which one task of a catalogue's refresh is carried out, to be killed from outside."""

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
from airflow_provider_mps.operators.catalogue import CataloguePlanOperator, CataloguePublishOperator
from airflow_provider_mps.operators.mps import MpsImageBgFusionBatchOperator
from airflow_provider_mps.services.tencentcloud import lookup
from airflow_provider_mps.triggers.mps_batch import MpsImageBatchTrigger
from tests.task_context import StateStore, make_context

LOOKS = {
    "brick": {"bg_cos_key": "/samples/brick.png", "image_size": "1K"},
    "lawn": {"prompt": "{title} on a lawn", "image_size": "1K"},
}
CATALOGUE, SHOP, BEFORE = "cos:///catalogues/shop", "/shop/{sku}/{look}.{ext}", "/shop-before/"


def run(spec: dict[str, Any]) -> None:
    """Carry out a step, and write to ``spec["out"]`` what came of it."""
    os.environ["AIRFLOW_CONN_TENCENTCLOUD_DEFAULT"] = json.dumps(spec["connection"])
    calls.WAIT, lookup.SETTLE_SECONDS = wait_none(), 0.3
    batch_writer.TAKE_OVER_SECONDS, batch_writer.START_SECONDS, batch_writer.LAZY_SECONDS = 0.5, 0.1, 0.3
    found = json.dumps(_step(spec["step"], spec))
    # Renamed into place: who is killed while it writes has not ended.
    part = Path(f"{spec['out']}.part")
    part.write_text(found)
    part.replace(spec["out"])


def _step(step: str, spec: dict[str, Any]) -> dict[str, Any]:
    if step == "trigger":
        return {"event": asyncio.run(_fire(spec["trigger"]))}
    operator = _operator(step, spec)
    context = make_context(
        StateStore(Path(spec["store"])),
        dag_id="shop",
        task_id=operator.task_id,
        run_id=spec["run_id"],
        try_number=spec["try_number"],
        max_tries=spec["max_tries"],
    )
    try:
        if step == "complete":
            return {"returned": operator.execute_complete(context, spec["event"])}
        return {"returned": operator.execute(context)}
    except TaskDeferred as deferred:
        return {"deferred": deferred.trigger.serialize()[1]}


def _operator(step: str, spec: dict[str, Any]) -> Any:
    if step == "plan":
        return CataloguePlanOperator(
            task_id="plan", manifest=spec["manifest"], looks=LOOKS, catalogue=CATALOGUE, publish_to=SHOP
        )
    if step == "publish":
        return CataloguePublishOperator(
            task_id="publish", pictures=spec["pictures"], keep_previous=BEFORE, unchecked=True
        )
    return MpsImageBgFusionBatchOperator(
        task_id="make",
        requests=spec["plan"],
        poll_interval=0.2,
        retries=spec["max_tries"],
        deferrable=spec["deferrable"],
    )


async def _fire(trigger: dict[str, Any]) -> Any:
    (event,) = [event.payload async for event in MpsImageBatchTrigger(**trigger).run()]
    return event
