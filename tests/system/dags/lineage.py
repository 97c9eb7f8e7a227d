"""Tasks that read and write, and one that fails."""

from __future__ import annotations

from datetime import datetime

from airflow.providers.common.compat.sdk import DAG, AssetAlias, task

from airflow_provider_mps.operators.mps import MpsImageBgFusionBatchOperator, MpsImageBgFusionOperator
from airflow_provider_mps.sensors.mps import MpsImageTaskSensor
from airflow_provider_mps.transfers.cos_to_local import CosToLocalFilesystemOperator


@task
def own(path: str) -> None:
    from airflow_provider_mps.hooks.cos import CosHook

    CosHook().upload_file(path, "/kept/made.jpeg")


with DAG("lineage", schedule=None, start_date=datetime(2026, 1, 1), params={"local_dir": "", "signed_url": ""}):
    made = MpsImageBgFusionOperator(
        task_id="made",
        subject_url="{{ params.signed_url }}",
        bg_cos_key="/samples/gravel.png",
        output_path="/o/made.jpeg",
        wait_for_completion=True,
        deferrable=True,
        poll_interval=0.2,
        outlets=[AssetAlias("made")],
    )
    fetch = CosToLocalFilesystemOperator(task_id="fetch", outputs=made.output, local_dir="{{ params.local_dir }}")
    fetch >> own("{{ params.local_dir }}/made.jpeg")
    same = {"bg_cos_key": "/samples/gravel.png", "subject_cos_key": "/samples/coffee.png"}
    MpsImageBgFusionBatchOperator(
        task_id="batch",
        requests=[{**same, "output_path": f"/night/{n}.jpeg"} for n in range(51)],
        deferrable=False,
        poll_interval=0.2,
    )
    submit = MpsImageBgFusionOperator(
        task_id="submit",
        subject_url="{{ params.signed_url | replace('coffee', 'nothing') }}",
        prompt="marble",
        output_path="/o/none.jpeg",
    )
    MpsImageTaskSensor(task_id="wait", mps_task_id=submit.output, poke_interval=0.2)
