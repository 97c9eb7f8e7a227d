"""Pictures that the triggerer submits, two a second, so that some wait for their turn when it dies; urgent ones too."""

from __future__ import annotations

import os
from datetime import datetime, timedelta

from airflow.providers.common.compat.sdk import DAG

from airflow_provider_mps.operators.mps import MpsImageBgFusionOperator

with DAG("urgent", schedule=None, start_date=datetime(2026, 1, 1), catchup=False):
    MpsImageBgFusionOperator(
        task_id="fuse",
        subject_cos_key="/samples/coffee.png",
        prompt="urgent",
        wait_for_completion=True,
        deferrable=True,
        priority_weight=10,
        poll_interval=0.5,
    )

for dag_id, weight in (("handed_over", 1), ("handed_over_urgent", 10)):
    with DAG(dag_id, schedule=None, start_date=datetime(2026, 1, 1), catchup=False, params={"name": "x"}):
        MpsImageBgFusionOperator.partial(
            task_id="fuse",
            subject_cos_key="/samples/coffee.png",
            tencentcloud_conn_id="slow",
            wait_for_completion=True,
            deferrable=True,
            priority_weight=weight,
            poll_interval=0.5,
            retries=3,
            retry_delay=timedelta(seconds=2),
        ).expand(prompt=[f"{{{{ params.name }}}} {n}" for n in range(int(os.environ["MPS_TEST_MANY"]))])
