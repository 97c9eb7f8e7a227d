"""Tasks that read and write, and one that fails."""

from __future__ import annotations

from datetime import datetime

from airflow import __version__
from airflow.providers.common.compat.sdk import DAG, AssetAlias, task

from airflow_provider_mps.operators.mps import MpsImageBgFusionOperator
from airflow_provider_mps.transfers.cos_to_local import CosToLocalFilesystemOperator


@task
def own(path: str) -> None:
    from airflow_provider_mps.hooks.cos import CosHook

    CosHook().upload_file(path, "/kept/cup.png")


with DAG(
    "lineage", schedule=None, start_date=datetime(2026, 1, 1), params={"picture": "", "local_dir": "", "signed_url": ""}
):
    made = MpsImageBgFusionOperator(
        task_id="made",
        subject_url="{{ params.signed_url }}",
        bg_cos_key="/samples/gravel.png",
        output_path="/o/made.jpeg",
        wait_for_completion=True,
        deferrable=True,
        poll_interval=0.2,
        # A run without a scheduler knows no aliases on Airflow 2, and fails with their first event.
        outlets=[] if __version__.startswith("2.") else [AssetAlias("made")],
    )
    missing = CosToLocalFilesystemOperator(
        task_id="missing", cos_key="/nothing.png", local_path="{{ params.local_dir }}/nothing.png"
    )
    made >> own("{{ params.picture }}") >> missing
