"""Pictures of a single task, of mapped ones and of a batch, and sheets of all of them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from airflow.providers.common.compat.sdk import DAG

from airflow_provider_mps.operators.mps import MpsImageBgFusionBatchOperator, MpsImageBgFusionOperator
from airflow_provider_mps.operators.pictures import ContactSheetOperator
from airflow_provider_mps.sensors.mps import MpsImageTaskSensor

SUBJECT = {"subject_cos_key": "/samples/coffee.png", "prompt": "marble"}
HERE: dict[str, Any] = {"deferrable": False, "poll_interval": 0.2}

with DAG(
    "sheets",
    schedule=None,
    start_date=datetime(2026, 1, 1),
    params={"local_dir": "", "columns": 4},
):
    single = MpsImageBgFusionOperator(
        task_id="single", **SUBJECT, wait_for_completion=True, output_path="/o/single.jpeg", **HERE
    )
    deferred = MpsImageBgFusionOperator(
        task_id="deferred",
        **SUBJECT,
        wait_for_completion=True,
        output_path="/o/d.jpeg",
        deferrable=True,
        poll_interval=0.2,
    )
    submitted = MpsImageBgFusionOperator(task_id="submitted", **SUBJECT, output_path="/o/waited.jpeg")
    MpsImageTaskSensor(task_id="sensor", mps_task_id=submitted.output, deferrable=True, poke_interval=0.2)
    MpsImageBgFusionOperator(
        task_id="failed", subject_cos_key="/samples/nowhere.png", prompt="x", wait_for_completion=True, **HERE
    )
    mapped = MpsImageBgFusionOperator.partial(task_id="mapped", **SUBJECT, wait_for_completion=True, **HERE).expand(
        output_path=["/o/mapped-0.jpeg", "/o/mapped-1.jpeg"]
    )
    batch = MpsImageBgFusionBatchOperator(
        task_id="batch",
        requests=[{**SUBJECT, "key": "cup/white"}, {"subject_cos_key": "/samples/nowhere.png", "prompt": "x"}],
        max_failed=1,
        **HERE,
    )
    ContactSheetOperator(
        task_id="sheet",
        pictures=[single.output, mapped.output, batch.output],
        dest="cos:///sheets/{{ dag.dag_id }}.jpg",
        columns="{{ params.columns }}",
        title="Pictures of {{ dag.dag_id }}",
        per_sheet=3,
        side=64,
    )
    ContactSheetOperator(
        task_id="sheet_on_disk", pictures=batch.output, dest="{{ params.local_dir }}", show=["result"], format="PNG"
    )
    ContactSheetOperator(task_id="nothing", pictures=[], dest="cos:///sheets/")
