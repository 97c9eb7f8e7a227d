"""A whole catalogue in one task: every product on every background, submitted at the pace of the API, fetched together.

Needs the connection ``tencentcloud_default`` with a ``cos_bucket`` that holds the pictures named by the params. Runs
once a week when it is switched on.
"""

from __future__ import annotations

import tempfile
from datetime import datetime, timedelta
from typing import Any

from airflow.providers.common.compat.sdk import DAG, Param, task

from airflow_provider_mps.operators.mps import MpsImageBgFusionBatchOperator
from airflow_provider_mps.transfers.cos_to_local import CosToLocalFilesystemOperator

with DAG(
    dag_id="mps_catalogue_batch",
    description="Products x backgrounds -> one batch -> the pictures on the worker's disk",
    schedule="@weekly",
    start_date=datetime(2026, 1, 1),
    catchup=False,
    max_active_runs=1,
    default_args={"retries": 3, "retry_delay": timedelta(minutes=1)},
    params={
        "products": Param(
            ["/samples/coffee.png", "/samples/vase.png", "/samples/bottle.png"],
            type="array",
            items={"type": "string"},
            title="Product photos",
            description="Keys of objects in the bucket of the connection, one a line",
        ),
        "backgrounds": Param(
            ["/samples/brick.png"],
            type="array",
            items={"type": "string"},
            title="Backgrounds",
            description="Keys of objects in the bucket of the connection, one a line",
        ),
        "scenes": Param(
            ["White marble table top, soft morning light", "Outdoor lawn, bright sunshine"],
            type="array",
            items={"type": "string"},
            title="Scenes",
            description="Words for backgrounds to generate, one a line",
        ),
        "max_failed": Param(0, type="integer", minimum=0, title="May fail", description="How many pictures may fail"),
        "local_dir": Param(
            f"{tempfile.gettempdir()}/mps-pictures",
            type="string",
            title="Folder",
            description="Folder on the worker's disk for the pictures",
        ),
    },
    tags=["mps", "example"],
    doc_md=__doc__,
) as dag:

    @task
    def catalogue(params: dict[str, Any] | None = None) -> list[dict[str, Any]]:
        """Return the arguments of each picture; a query of your catalogue would stand here."""
        given = params or {}
        looks = [{"bg_cos_key": key} for key in given["backgrounds"]] + [{"prompt": scene} for scene in given["scenes"]]
        return [
            {"key": f"{product}#{number}", "subject_cos_key": product, **look}
            for product in given["products"]
            for number, look in enumerate(looks)
        ]

    refresh = MpsImageBgFusionBatchOperator(
        task_id="refresh",
        requests=catalogue(),
        defaults={
            "image_size": "1K",
            "output_dir": "/catalogue/{{ (dag_run.logical_date or dag_run.run_after) | ds }}/",
        },
        max_failed="{{ params.max_failed }}",
        poll_interval=5,
    )

    download = CosToLocalFilesystemOperator(
        task_id="download",
        outputs=refresh.output,
        local_dir="{{ params.local_dir }}",
    )
