"""Many tasks that wait in the triggerer; a file of its own, as every process of a task reads it."""

from __future__ import annotations

import os
from datetime import datetime, timedelta

from airflow.providers.common.compat.sdk import DAG

from airflow_provider_mps.operators.mps import MpsImageBgFusionOperator

with DAG("many", schedule=None, start_date=datetime(2026, 1, 1), catchup=False, max_active_tasks=1000):
    MpsImageBgFusionOperator.partial(
        task_id="wait",
        subject_cos_key="/samples/coffee.png",
        wait_for_completion=True,
        deferrable=True,
        poll_interval=5,
        # A scheduler that is behind takes the end of one process for a failure of the next; see retries.py.
        retries=6,
        retry_delay=timedelta(seconds=2),
    ).expand(prompt=[f"many {n}" for n in range(int(os.environ["MPS_TEST_MANY"]))])
