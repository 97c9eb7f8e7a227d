"""A night whose pictures the service is asked about, in the triggerer."""

from __future__ import annotations

from datetime import datetime

from airflow.providers.common.compat.sdk import DAG

from airflow_provider_mps.operators.catalogue import CataloguePlanOperator, CataloguePublishOperator
from airflow_provider_mps.operators.mps import MpsImageBgFusionBatchOperator
from airflow_provider_mps.operators.pictures import PictureCheckOperator

with DAG("second_opinion", schedule=None, start_date=datetime(2026, 1, 1), params={"least": {"IQA": 0}}):
    plan = CataloguePlanOperator(
        task_id="plan",
        manifest=[{"sku": sku, "subject_cos_key": f"/samples/catalogue/{sku}.png"} for sku in ("tin-tea", "jar-plum")],
        looks={"brick": {"bg_cos_key": "/samples/brick.png"}},
        catalogue="cos:///catalogues/asked",
        publish_to="/asked/{sku}.{ext}",
    )
    make = MpsImageBgFusionBatchOperator(task_id="make", requests=plan.output, poll_interval=0.2)
    check = PictureCheckOperator(
        task_id="check",
        pictures=make.output,
        # Pictures of the tests are smaller than they were asked for.
        bounds={"size": 1000},
        second_opinion={"IQA": "{{ params.least['IQA'] }}"},
        on_reject="remake",
        poll_interval=0.2,
    )
    CataloguePublishOperator(task_id="publish", pictures=check.output)
