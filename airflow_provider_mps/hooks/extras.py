"""The extra of a connection, as far as it is one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from airflow_provider_mps.core.arguments import ArgumentError


def extra_of(connection: Any) -> Mapping[str, Any]:
    """Return the extra of an Airflow connection.

    Airflow takes one that is no JSON for none, and a task would go by defaults: to another region, another bucket.

    :raises ArgumentError: it is no JSON object; nothing of it is said, as it may hold a secret
    """
    found: Mapping[str, Any] = connection.extra_dejson
    if found or not (text := connection.extra) or not isinstance(text, str):
        return found
    try:
        read = json.loads(text) if text.strip() else {}
    except (ValueError, RecursionError):
        read = text
    if read is not None and not isinstance(read, Mapping):
        raise ArgumentError('connection extra: expected a JSON object such as {"cos_region": "ap-guangzhou"}')
    return found
