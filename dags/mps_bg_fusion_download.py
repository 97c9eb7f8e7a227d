"""Put a product photo on a new background, wait without holding a worker, and download the picture.

Needs the connection ``tencentcloud_default`` with a ``cos_bucket`` that holds the two pictures named by the params.
"""

from __future__ import annotations

import tempfile
from datetime import datetime, timedelta

from airflow.providers.common.compat.sdk import DAG, Param

from airflow_provider_mps.operators.mps import MpsImageBgFusionOperator
from airflow_provider_mps.sensors.mps import MpsImageTaskSensor
from airflow_provider_mps.transfers.cos_to_local import CosToLocalFilesystemOperator

with DAG(
    dag_id="mps_bg_fusion_download",
    description="Product photo + background -> new picture on the worker's disk",
    schedule=None,
    start_date=datetime(2026, 1, 1),
    catchup=False,
    default_args={"retries": 2, "retry_delay": timedelta(minutes=1)},
    params={
        "subject_cos_key": Param(
            "/samples/coffee.png",
            type="string",
            title="Product photo",
            description="Key of an object in the bucket of the connection",
            examples=["/samples/coffee.png", "/samples/vase.png", "/samples/bottle.png"],
        ),
        "bg_cos_key": Param(
            "/samples/brick.png",
            type="string",
            title="Background",
            description="Key of an object in the bucket of the connection",
            examples=["/samples/brick.png", "/samples/gravel.png"],
        ),
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
    fuse = MpsImageBgFusionOperator(
        task_id="fuse",
        subject_cos_key="{{ params.subject_cos_key }}",
        bg_cos_key="{{ params.bg_cos_key }}",
    )

    wait = MpsImageTaskSensor(
        task_id="wait",
        mps_task_id=fuse.output,
        deferrable=True,
        poke_interval=5,
    )

    download = CosToLocalFilesystemOperator(
        task_id="download",
        outputs=wait.output,
        local_dir="{{ params.local_dir }}",
    )
