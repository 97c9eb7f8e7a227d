"""Choose a scene for a product, have pictures of it made, and copy them to COS before their addresses expire.

Needs the connections ``aidge_default`` and, for the product picture and the copies, ``tencentcloud_default`` with a
``cos_bucket``; ``cos:///folder/`` stands for that bucket.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from airflow.providers.common.compat.sdk import DAG, AirflowFailException, Param, task

from airflow_provider_mps.operators.aidge import AidgeBackgroundGenerationOperator, AidgeSceneSearchOperator
from airflow_provider_mps.transfers.aidge_to_object_storage import AidgeToObjectStorageOperator

with DAG(
    dag_id="aidge_scene_background",
    description="Product picture -> a scene that goes with it -> new pictures in COS",
    schedule=None,
    start_date=datetime(2026, 1, 1),
    catchup=False,
    default_args={"retries": 2, "retry_delay": timedelta(minutes=1)},
    params={
        "image_path": Param(
            "cos:///samples/coffee-large.jpg",
            type="string",
            title="Product picture",
            description="A file that is read: cos:///key in the bucket of the connection, another storage, or the disk",
            examples=["cos:///samples/coffee-large.jpg", "cos:///samples/vase.png", "cos:///samples/bottle.png"],
        ),
        "product_title": Param(
            "Coffee cup", type="string", title="Title", description="What the product is, in Chinese or English"
        ),
        "scene_type": Param(
            "Indoor",
            enum=["Indoor", "Outdoor", "Atmosphere", "Promotion"],
            title="Scene",
            description="Kind of scene to choose from",
        ),
        "image_num": Param(3, type="integer", minimum=2, maximum=10, title="Pictures", description="How many to make"),
        "dest": Param(
            "cos:///aidge/",
            type="string",
            title="Folder",
            description="Where the copies go",
        ),
    },
    tags=["aidge", "example"],
    doc_md=__doc__,
) as dag:
    search = AidgeSceneSearchOperator(
        task_id="search",
        product_title="{{ params.product_title }}",
        scene_type="{{ params.scene_type }}",
        count=5,
    )

    @task
    def choose(scenes: Any) -> str:
        """Return the id of a scene: the first, which goes best with the product; yours may look at tags and covers."""
        if not scenes:
            raise AirflowFailException("Aidge has no scene of this type for the product: try another scene_type")
        return str(scenes[0]["id"])

    generate = AidgeBackgroundGenerationOperator(
        task_id="generate",
        image_path="{{ params.image_path }}",
        scene_id=choose(search.output),
        need_layout=True,
        product_title="{{ params.product_title }}",
        image_num="{{ params.image_num }}",
        wait_for_completion=True,
        deferrable=True,
        poll_interval=5,
    )

    copy = AidgeToObjectStorageOperator(task_id="copy", images=generate.output, dest="{{ params.dest }}")
