"""Many pictures in one task, listed by the task before it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from airflow.providers.common.compat.sdk import DAG, task

from airflow_provider_mps.operators.mps import MpsImageBgFusionBatchOperator

with DAG("batches", schedule=None, start_date=datetime(2026, 1, 1), catchup=False):

    @task
    def catalogue() -> list[dict[str, Any]]:
        # Those in doubt have to wait for all that have their subject, so the ones that take long have another.
        quick = [{"subject_cos_key": "/samples/coffee.png", "prompt": f"batch {n}"} for n in range(50)]
        slow = [{"subject_cos_key": "/samples/gravel.png", "prompt": f"batch slow {n}"} for n in range(10)]
        return quick + slow

    MpsImageBgFusionBatchOperator(
        task_id="refresh",
        requests=catalogue(),
        defaults={"bg_cos_key": "/samples/{{ 'brick' }}.png"},
        poll_interval=1,
        retries=6,
        retry_delay=timedelta(seconds=2),
    )
