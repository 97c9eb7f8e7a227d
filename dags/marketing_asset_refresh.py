"""A catalogue that is refreshed every night: only what has changed is made, and what is made is published whole.

``plan`` compares the manifest, and what its pictures are now, with the record of the catalogue; ``make`` has made what
is new; ``check`` looks whether each picture is right, and has one that is not made once more; ``publish`` puts what is
right where the shop reads it; ``report`` writes a page with before and after. Nothing has changed: nothing is
submitted, and nothing is paid.

Needs the connection ``tencentcloud_default`` with a ``cos_bucket``; ``cos:///folder/`` stands for that bucket.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from airflow.providers.common.compat.sdk import DAG, Param

from airflow_provider_mps.operators.catalogue import (
    CataloguePlanOperator,
    CataloguePublishOperator,
    CatalogueReportOperator,
)
from airflow_provider_mps.operators.mps import MpsImageBgFusionBatchOperator
from airflow_provider_mps.operators.pictures import PictureCheckOperator

with DAG(
    dag_id="marketing_asset_refresh",
    description="Manifest -> what has changed -> pictures in two looks -> a check -> the shop -> a report",
    schedule="@daily",
    start_date=datetime(2026, 1, 1),
    catchup=False,
    max_active_runs=1,
    default_args={"retries": 3, "retry_delay": timedelta(minutes=1)},
    params={
        "manifest": Param(
            "cos:///samples/catalogue/products.csv",
            type="string",
            title="Manifest",
            description="CSV, TSV, JSON or JSON Lines with a product a row: sku, subject_cos_key or subject_url, ...",
        ),
        "catalogue": Param(
            "cos:///catalogues/shop/",
            type="string",
            title="Catalogue",
            description="Folder of the record of what was made, and of the files between the tasks",
        ),
        "max_pictures": Param(
            1000, type="integer", minimum=0, title="At most", description="How many pictures a run may pay for"
        ),
        "dry_run": Param(False, type="boolean", title="Dry run", description="Say what would be made, and stop there"),
    },
    tags=["mps", "example"],
    doc_md=__doc__,
) as dag:
    plan = CataloguePlanOperator(
        task_id="plan",
        manifest="{{ params.manifest }}",
        catalogue="{{ params.catalogue }}",
        looks={
            "brick": {"bg_cos_key": "/samples/brick.png"},
            "lawn": {"prompt": "{title} outdoors on a lawn, bright sunshine"},
        },
        defaults={"image_size": "1K"},
        publish_to="/shop/{sku}/{look}.{ext}",
        max_pictures="{{ params.max_pictures }}",
        dry_run="{{ params.dry_run }}",
    )

    make = MpsImageBgFusionBatchOperator(task_id="make", requests=plan.output, poll_interval=5)

    check = PictureCheckOperator(task_id="check", pictures=make.output, on_reject="remake", poll_interval=5)

    publish = CataloguePublishOperator(
        task_id="publish",
        pictures=check.output,
        keep_previous="/shop-before/",
        cache_control="max-age=3600",
    )

    report = CatalogueReportOperator(
        task_id="report",
        plan=plan.output,
        pictures=check.output,
        published=publish.output,
        dest="{{ params.catalogue }}reports/",
    )
    # The night that went wrong needs a report most, and is no success because it has one.
    report.as_teardown()
