"""A signed address on its way, and a sensor of which each look is a process of its own."""

from __future__ import annotations

from datetime import datetime

from airflow.providers.common.compat.sdk import DAG

from airflow_provider_mps.operators.mps import MpsImageBgFusionOperator
from airflow_provider_mps.sensors.mps import MpsImageTaskSensor

with DAG("signed", schedule=None, start_date=datetime(2026, 1, 1), catchup=False):
    submit = MpsImageBgFusionOperator(
        task_id="submit", subject_url="{{ dag_run.conf['signed_url'] }}", prompt="signed subject"
    )
    # What Airflow hears of one look, 5 s after it or later, it takes for the end of the next if that has begun.
    MpsImageTaskSensor(task_id="wait", mps_task_id=submit.output, mode="reschedule", poke_interval=15, timeout=300)
