"""Publish pictures, and what runs for those that have changed."""

from __future__ import annotations

from datetime import datetime

from airflow.providers.common.compat.sdk import DAG, Asset, AssetAlias, BaseOperator, Context

from airflow_provider_mps.compat import HAS_PARTITIONS
from airflow_provider_mps.operators.catalogue import CataloguePublishOperator
from tests.task_context import AIRFLOW_2

WHEN = datetime(2026, 1, 1)
ALIAS, SHOP = AssetAlias("shop_pictures"), Asset("cos://mps-local-1250000000/shop")
PICTURES = {"path": "{{ dag_run.conf['path'] }}", "catalogue": "{{ dag_run.conf['catalogue'] }}"}


class TellOperator(BaseOperator):
    """Returns what the run is for."""

    def execute(self, context: Context) -> object:
        found = context["triggering_dataset_events" if AIRFLOW_2 else "triggering_asset_events"]
        # An event is there twice: under its alias, and under its asset.
        extras = {event.extra["path"]: event.extra for events in found.values() for event in events}
        return {"key": context.get("partition_key"), "skus": [extra["skus"] for extra in extras.values()]}


with DAG("publish", schedule=None, start_date=WHEN):
    CataloguePublishOperator(task_id="publish", pictures=PICTURES, unchecked=True, outlets=[ALIAS])

with DAG("for_what_changed", schedule=[ALIAS], start_date=WHEN, catchup=False):
    TellOperator(task_id="tell")

if HAS_PARTITIONS:
    from airflow.sdk import PartitionedAssetTimetable

    with DAG("publish_partitions", schedule=None, start_date=WHEN):
        CataloguePublishOperator(task_id="publish", pictures=PICTURES, unchecked=True, outlets=[SHOP], partitions=True)

    with DAG("for_a_product", schedule=PartitionedAssetTimetable(assets=SHOP), start_date=WHEN, catchup=False):
        TellOperator(task_id="tell")
