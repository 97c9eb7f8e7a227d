"""Pictures that the triggerer submits, two a second, so that some wait for their turn when it dies."""

from __future__ import annotations

import os
from datetime import datetime, timedelta

from airflow.providers.common.compat.sdk import DAG

from airflow_provider_mps.operators.mps import MpsImageBgFusionOperator

with DAG("handed_over", schedule=None, start_date=datetime(2026, 1, 1), catchup=False, params={"name": "x"}):
    MpsImageBgFusionOperator.partial(
        task_id="fuse",
        subject_cos_key="/samples/coffee.png",
        tencentcloud_conn_id="slow",
        wait_for_completion=True,
        deferrable=True,
        poll_interval=0.5,
        retries=3,
        retry_delay=timedelta(seconds=2),
    ).expand(prompt=[f"{{{{ params.name }}}} {n}" for n in range(int(os.environ["MPS_TEST_MANY"]))])
