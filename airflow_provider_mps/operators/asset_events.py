"""Tell Airflow what a task has changed, so that a DAG that is scheduled on it runs for that."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from typing import Any

from airflow_provider_mps.compat import HAS_PARTITIONS, alias_extra
from airflow_provider_mps.core.arguments import ArgumentError

# What the column in Airflow's database takes.
MAX_PARTITION_KEY = 250
_log = logging.getLogger(__name__)


def check_partitions(name: str) -> None:
    """Check that this Airflow has partitions of assets whose keys a task finds.

    :raises ArgumentError: it is older than 3.3
    """
    if not HAS_PARTITIONS:
        raise ArgumentError(f"{name}: needs Airflow 3.3, whose assets have partitions")


def tell_of_changes(
    context: Any,
    outlets: Iterable[Any],
    uri: str,
    extra: dict[str, Any],
    partitions: Sequence[str] | None,
    *,
    has_changed: bool,
) -> None:
    """Note what Airflow makes events of once the task has succeeded.

    An alias gets an event if something has changed. An asset gets one in any case, as Airflow has it: one for each
    partition where there are some.

    :param context: of the task
    :param outlets: of the task
    :param uri: of the asset that an alias tells of
    :param extra: of the events: texts, numbers, lists of texts
    :param partitions: keys; None where assets have none
    :param has_changed: whether anything has
    """
    from airflow.providers.common.compat.sdk import Asset, AssetAlias

    keys = [key for key in partitions or () if len(key) <= MAX_PARTITION_KEY]
    if left := len(partitions or ()) - len(keys):
        _log.warning("%d have no event: the key of a partition has at most %d characters", left, MAX_PARTITION_KEY)
    for outlet in outlets:
        if isinstance(outlet, AssetAlias) and has_changed:
            context["outlet_events"][outlet].add(Asset(uri), extra=alias_extra(extra))
        elif isinstance(outlet, Asset):
            events = context["outlet_events"][outlet]
            events.extra.update(extra)
            if keys:
                events.add_partitions(keys)
