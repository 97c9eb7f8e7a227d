"""A plan in a file, made by one batch that writes its entries into another."""

from __future__ import annotations

import json
import os
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from airflow.sdk import DAG, task

from airflow_provider_mps.operators.mps import MpsImageBgFusionBatchOperator


def note_start(context: Any) -> None:
    """Note the process of a worker that has started; called for each, after a deferral too."""
    with (Path(os.environ["AIRFLOW_HOME"]) / "pids.txt").open("a") as file:
        file.write(f"{os.getpid()}\n")


with DAG("one_plan", schedule=None, start_date=datetime(2026, 1, 1), catchup=False):

    @task
    def plan(params: dict[str, Any] | None = None) -> dict[str, Any]:
        """Write a plan as ``CataloguePlanOperator`` does, and return where it is."""
        catalogue = Path(os.environ["AIRFLOW_HOME"]) / "shop"
        path = catalogue / "runs" / "bench" / "plan-1-00000000.jsonl"
        path.parent.mkdir(parents=True)
        with path.open("w") as file:
            for n in range((params or {})["count"]):
                line = {
                    "item": f"sku-{n}/brick",
                    "sku": f"sku-{n}",
                    "look": "brick",
                    "service": "mps",
                    "action": "make",
                    "why": "new",
                    "request": {
                        "subject_cos_key": "/samples/coffee.png",
                        "bg_cos_key": "/samples/brick.png",
                        "prompt": f"Soft morning light from the left, number {n}",
                        "image_size": "1K",
                    },
                    "fingerprint": ".".join(sha256(f"{n}{part}".encode()).hexdigest()[:16] for part in "sbr"),
                    "publish_to": f"cos://shop-1250000000/shop/sku-{n}/brick.jpeg",
                    "was": None,
                }
                file.write(f"{json.dumps(line)}\n")
        return {"path": str(path), "catalogue": str(catalogue)}

    MpsImageBgFusionBatchOperator(
        task_id="pictures",
        requests=plan(),
        max_failed="{{ params.count }}",
        on_execute_callback=note_start,
        timeout=3600,
    )
