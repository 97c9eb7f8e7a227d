"""Four batches at once under a limit a day, none of which is tried again."""

from __future__ import annotations

from datetime import datetime

from airflow.providers.common.compat.sdk import DAG

from airflow_provider_mps.operators.mps import MpsImageBgFusionBatchOperator

with DAG("limited", schedule=None, start_date=datetime(2026, 1, 1), catchup=False):
    for name in ("a", "b", "c", "d"):
        MpsImageBgFusionBatchOperator(
            task_id=name,
            requests=[{"subject_cos_key": "/samples/coffee.png", "prompt": f"limited {name} {n}"} for n in range(250)],
            tencentcloud_conn_id="limited",
            deferrable=False,
            poll_interval=1,
            retries=0,
        )
