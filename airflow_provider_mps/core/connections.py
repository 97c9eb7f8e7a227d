"""The fields that connections of all services have: by which way requests go, and how long and how often they may."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, TypedDict

from airflow_provider_mps.core import addresses, arguments

DEFAULT_REQUEST_TIMEOUT = 30.0
# What no key has in it.
SPACE = re.compile(r"[\s\x00-\x1f\x7f]")


class TransportFields(TypedDict):
    """What the settings of each service say of its requests; for the meaning see there."""

    protocol: str
    proxy: str | None
    ca_bundle: str | None
    request_timeout: float
    requests_per_second: float


def extra_field(extra: Mapping[str, Any], name: str) -> Any:
    """Return a field of a connection's extra, or None: a saved form holds every field, so an empty one is not given."""
    value = extra.get(name)
    return value.strip() or None if isinstance(value, str) else value


def transport_fields(extra: Mapping[str, Any], *, requests_per_second: float) -> TransportFields:
    """Read the fields of a connection's extra that say how requests travel.

    :param requests_per_second: how many there may be in a second if the connection does not say
    :raises ArgumentError: a field cannot be used; the message names it
    """
    proxy, ca_bundle = extra_field(extra, "proxy"), extra_field(extra, "ca_bundle")
    return {
        "protocol": addresses.protocol("connection extra protocol", extra_field(extra, "protocol") or "https"),
        "proxy": arguments.url("connection extra proxy", proxy) if proxy else None,
        "ca_bundle": arguments.text("connection extra ca_bundle", ca_bundle) if ca_bundle else None,
        "request_timeout": arguments.above_zero(
            "connection extra request_timeout",
            "seconds",
            extra_field(extra, "request_timeout"),
            DEFAULT_REQUEST_TIMEOUT,
        ),
        "requests_per_second": arguments.above_zero(
            "connection extra requests_per_second",
            "requests",
            extra_field(extra, "requests_per_second"),
            requests_per_second,
        ),
    }
