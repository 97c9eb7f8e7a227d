"""Events of aliases: Airflow makes none for an alias among the outlets unless the task names an asset."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any

from airflow_provider_mps.compat import ASCII_ASSETS
from airflow_provider_mps.core.dataset_bounds import BoundedDatasets, Reported

MOST = 20
"""How many assets a task names: each stays in Airflow's database for good."""


def fill_aliases(context: Any, outlets: Iterable[Any], made: Iterable[Reported], result: Any) -> None:
    """Name what a task has made to the aliases among its outlets.

    :param context: of the task
    :param outlets: of the task
    :param made: what it has made; of more than 20 their folders
    :param result: what it returns; its TaskId goes along
    """
    from airflow.providers.common.compat.sdk import Asset, AssetAlias

    aliases = [outlet for outlet in outlets if isinstance(outlet, AssetAlias)]
    if not aliases:
        return
    few = BoundedDatasets(MOST)
    for one in made:
        few.add(one.dataset)
    extra = {"TaskId": str(result["TaskId"])} if isinstance(result, Mapping) and result.get("TaskId") else {}
    for one in few:
        uri = one.dataset.ascii_uri if ASCII_ASSETS else one.dataset.uri
        # Airflow takes it for no asset: it is longer than 1,500 characters, 3,000 on Airflow 2.
        with suppress(ValueError):
            asset = Asset(uri)
            for alias in aliases:
                context["outlet_events"][alias].add(asset, extra=dict(extra))
