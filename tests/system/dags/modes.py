"""Every way to wait, for tasks that end well."""

from __future__ import annotations

from datetime import datetime

from airflow.providers.common.compat.sdk import DAG

from airflow_provider_mps.operators.mps import MpsImageBgFusionOperator, MpsProcessImageOperator
from airflow_provider_mps.sensors.mps import MpsImageTaskSensor
from airflow_provider_mps.transfers.cos_to_local import CosToLocalFilesystemOperator
from airflow_provider_mps.transfers.local_to_cos import LocalFilesystemToCosOperator

with DAG("modes", schedule=None, start_date=datetime(2026, 1, 1), params={"local_dir": "", "signed_url": ""}):
    submit = MpsImageBgFusionOperator(
        task_id="submit",
        subject_url="{{ params.signed_url }}",
        bg_cos_key="/samples/gravel.png",
        output_path="/o/submit.jpeg",
    )
    # A mapped operator is rendered another way, which has to mask signed addresses too.
    MpsImageBgFusionOperator.partial(
        task_id="mapped", bg_cos_key="/samples/gravel.png", output_path="/o/mapped-{{ ti.map_index }}.jpeg"
    ).expand(subject_url=["{{ params.signed_url }}", "{{ params.signed_url | upper | replace('.PNG', '.png') }}"])
    modes = {"poke": {"mode": "poke"}, "reschedule": {"mode": "reschedule"}, "deferrable": {"deferrable": True}}
    for name, mode in modes.items():
        submit_for = MpsImageBgFusionOperator(
            task_id=f"submit_for_{name}",
            subject_cos_key="/samples/coffee.png",
            bg_cos_key="/samples/gravel.png",
            output_path=f"/o/{name}.jpeg",
        )
        MpsImageTaskSensor(task_id=f"sensor_{name}", mps_task_id=submit_for.output, poke_interval=0.3, **mode)
    for name, deferrable in {"worker": False, "triggerer": True}.items():
        MpsImageBgFusionOperator(
            task_id=f"wait_in_{name}",
            subject_cos_key="/samples/coffee.png",
            prompt=["Outdoor lawn", "sunny day"],
            random_seed="{{ 40 + 2 }}",
            format="PNG",
            image_size="1K",
            output_path=f"/o/wait_{name}.png",
            wait_for_completion=True,
            deferrable=deferrable,
            poll_interval=0.3,
        )
    storage = {"Bucket": "mps-local-1250000000", "Region": "ap-guangzhou"}
    process = MpsProcessImageOperator(
        task_id="process",
        payload={
            "InputInfo": {"Type": "COS", "CosInputInfo": {**storage, "Object": "/samples/{{ 'coffee' }}.png"}},
            "OutputStorage": {"Type": "COS", "CosOutputStorage": storage},
            "OutputPath": "/o/process.jpg",
            "ImageTask": {"EncodeConfig": {"Format": "JPG", "Quality": 80}},
        },
        wait_for_completion=True,
        deferrable=True,
        poll_interval=0.3,
    )
    fetch = CosToLocalFilesystemOperator(task_id="fetch", outputs=process.output, local_dir="{{ params.local_dir }}")
    fetch_one = CosToLocalFilesystemOperator(
        task_id="fetch_one", cos_key="/samples/brick.png", local_path="{{ params.local_dir }}/one/b.png"
    )
    store = LocalFilesystemToCosOperator(
        task_id="store", local_path="{{ params.local_dir }}/one/b.png", cos_key="/in/{{ 'stored' }}.png"
    )
    fetch_one >> store
