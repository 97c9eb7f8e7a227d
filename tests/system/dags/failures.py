"""Every way to end badly."""

from __future__ import annotations

from datetime import datetime, timedelta

from airflow.providers.common.compat.sdk import DAG

from airflow_provider_mps.core import polling
from airflow_provider_mps.operators.mps import MpsImageBgFusionOperator
from airflow_provider_mps.sensors.mps import MpsImageTaskSensor
from airflow_provider_mps.transfers.cos_to_local import CosToLocalFilesystemOperator

MODES = {"poke": {"mode": "poke"}, "reschedule": {"mode": "reschedule"}, "deferrable": {"deferrable": True}}

# An unknown task may be new for a minute; here it may be for a moment.
polling.NEW_TASK_SECONDS = 0.0

with DAG(
    "failures",
    schedule=None,
    start_date=datetime(2026, 1, 1),
    params={"outer": "", "inner": "", "slow": "", "local_dir": ""},
):
    for name, mode in MODES.items():
        for kind in ("outer", "inner"):
            MpsImageTaskSensor(
                task_id=f"{kind}_{name}", mps_task_id=f"{{{{ params.{kind} }}}}", poke_interval=0.2, **mode
            )
        MpsImageTaskSensor(
            task_id=f"late_{name}", mps_task_id="{{ params.slow }}", poke_interval=0.2, timeout=0.5, **mode
        )
        # A retry would show as a second try: unknown tasks are permanent.
        MpsImageTaskSensor(
            task_id=f"unknown_{name}",
            mps_task_id="2600000000-WorkflowTask-00000000000000000000000000000000",
            poke_interval=0.2,
            retries=2,
            retry_delay=timedelta(0),
            **mode,
        )
        MpsImageTaskSensor(
            task_id=f"soft_{name}",
            mps_task_id="{{ params.slow }}",
            poke_interval=0.2,
            timeout=0.5,
            soft_fail=True,
            **mode,
        )
    MpsImageBgFusionOperator(
        task_id="wait_late",
        subject_cos_key="/samples/coffee.png",
        prompt="slow",
        wait_for_completion=True,
        poll_interval=0.2,
        timeout=0.5,
    )
    MpsImageBgFusionOperator(
        task_id="bad_value",
        subject_cos_key="/samples/coffee.png",
        prompt="{{ '' }}",
        retries=2,
        retry_delay=timedelta(0),
    )
    MpsImageBgFusionOperator.partial(
        task_id="mapped_bad_value",
        subject_cos_key="/samples/coffee.png",
        prompt="x",
        retries=2,
        retry_delay=timedelta(0),
    ).expand(format=["GIF"])
    CosToLocalFilesystemOperator(
        task_id="outside",
        outputs=[{"bucket": "mps-local-1250000000", "region": "ap-guangzhou", "path": "/samples/../../coffee.png"}],
        local_dir="{{ params.local_dir }}",
    )
