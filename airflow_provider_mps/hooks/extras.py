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
    found, text = connection.extra_dejson, connection.extra
    if not found and isinstance(text, str) and text.strip():
        try:
            found = json.loads(text)
        except (ValueError, RecursionError):
            found = text
    if found is not None and not isinstance(found, Mapping):
        raise ArgumentError('connection extra: expected a JSON object such as {"cos_region": "ap-guangzhou"}')
    return found or {}
