"""A whole catalogue in one task: every product on every background, submitted at the pace of the API, fetched together.

Needs the connection ``tencentcloud_default`` with a ``cos_bucket`` that holds the pictures named by the params. Runs
once a week when it is switched on.
"""

from __future__ import annotations

import tempfile
from datetime import datetime, timedelta
from typing import Any

from airflow.providers.common.compat.sdk import DAG, task

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
        "products": ["/samples/coffee.png"],
        "backgrounds": ["/samples/brick.png", "/samples/gravel.png"],
        "scenes": ["White marble table top, soft morning light", "Outdoor lawn, bright sunshine"],
        "max_failed": 0,
        "local_dir": f"{tempfile.gettempdir()}/mps-pictures",
    },
    tags=["mps", "example"],
    doc_md=__doc__,
) as dag:

    @task
    def catalogue(params: dict[str, Any] | None = None) -> list[dict[str, Any]]:
        """Return the arguments of each picture; a query of your catalogue would stand here."""
        given = params or {}
        looks = [{"bg_cos_key": key} for key in given["backgrounds"]] + [{"prompt": scene} for scene in given["scenes"]]
        return [{"subject_cos_key": product, **look} for product in given["products"] for look in looks]

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
