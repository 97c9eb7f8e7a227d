"""One product photo, several backgrounds from words: a mapped task for each prompt, one download for all.

Needs the connection ``tencentcloud_default`` with a ``cos_bucket`` that holds the photo named by the params.
"""

from __future__ import annotations

import tempfile
from datetime import datetime, timedelta
from typing import Any

from airflow.providers.common.compat.sdk import DAG, Param, task

from airflow_provider_mps.operators.mps import MpsImageBgFusionOperator
from airflow_provider_mps.transfers.cos_to_local import CosToLocalFilesystemOperator

with DAG(
    dag_id="mps_bg_generation_mapped",
    description="Product photo + several prompts -> several pictures on the worker's disk",
    schedule=None,
    start_date=datetime(2026, 1, 1),
    catchup=False,
    default_args={"retries": 2, "retry_delay": timedelta(minutes=1)},
    params={
        "subject_cos_key": Param(
            "/samples/coffee.png",
            type="string",
            title="Product photo",
            description="Key of an object in the bucket of the connection",
            examples=["/samples/coffee.png", "/samples/vase.png", "/samples/bottle.png"],
        ),
        "prompts": Param(
            [
                "White marble table top, soft morning light",
                "Outdoor lawn, bright sunshine",
                "Night street with warm bokeh lights",
            ],
            type="array",
            items={"type": "string"},
            title="Prompts",
            description="One background for each line",
        ),
        "local_dir": Param(
            f"{tempfile.gettempdir()}/mps-pictures",
            type="string",
            title="Folder",
            description="Folder on the worker's disk for the pictures",
        ),
    },
    tags=["mps", "example"],
    doc_md=__doc__,
) as dag:

    @task
    def prompts(params: dict[str, Any] | None = None) -> list[str]:
        """Return the prompts of this run: the mapped task has one instance for each."""
        return list((params or {})["prompts"])

    generate = MpsImageBgFusionOperator.partial(
        task_id="generate",
        subject_cos_key="{{ params.subject_cos_key }}",
        random_seed=42,
        wait_for_completion=True,
        deferrable=True,
        poll_interval=5,
        map_index_template="{{ task.prompt }}",
    ).expand(prompt=prompts())

    download = CosToLocalFilesystemOperator(
        task_id="download",
        outputs=generate.output,
        local_dir="{{ params.local_dir }}",
    )
