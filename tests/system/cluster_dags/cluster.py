"""Pictures one by one and many in one task, on queues of their own, and into another folder of object storage."""

from __future__ import annotations

import os
from datetime import datetime, timedelta

from airflow.providers.common.compat.sdk import DAG

from airflow_provider_mps.operators.mps import MpsImageBgFusionBatchOperator, MpsImageBgFusionOperator
from airflow_provider_mps.operators.pictures import PictureLabelOperator
from airflow_provider_mps.sensors.mps import MpsImageTaskSensor

MAPPED, BATCH = (int(os.environ[f"MPS_TEST_CLUSTER_{name}"]) for name in ("MAPPED", "BATCH"))

with DAG(
    "cluster",
    schedule=None,
    start_date=datetime(2026, 1, 1),
    catchup=False,
    max_active_tasks=1000,
    default_args={"retries": 6, "retry_delay": timedelta(seconds=2), "queue": "pictures"},
):
    fuse = MpsImageBgFusionOperator.partial(
        task_id="fuse", subject_cos_key="/samples/coffee.png", bg_cos_key="/samples/brick.png"
    ).expand(prompt=[f"mapped {n}" for n in range(MAPPED)])
    wait = MpsImageTaskSensor.partial(task_id="wait", poke_interval=2).expand(mps_task_id=fuse.output)
    PictureLabelOperator(task_id="publish", pictures=wait.output, dest="/published/mapped/")

    fuse_batch = MpsImageBgFusionBatchOperator(
        task_id="fuse_batch",
        queue="batches",
        requests=[{"subject_cos_key": "/samples/coffee.png", "prompt": f"batch {n}"} for n in range(BATCH)],
        defaults={"bg_cos_key": "/samples/brick.png"},
        poll_interval=2,
    )
    PictureLabelOperator(task_id="publish_batch", queue="batches", pictures=fuse_batch.output, dest="/published/batch/")
