"""The bounds of a check, as a user gives them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from airflow_provider_mps.core import arguments
from airflow_provider_mps.pictures.check import Bounds


def read_bounds(name: str, value: Any) -> dict[str, Any]:
    """Return other bounds of the check by their names.

    :raises ArgumentError: there is no such bound, or it is no number that it can be
    """
    if not isinstance(value, Mapping):
        arguments.fail(name, value, "a dict with bounds of the check")
    known = {one.name: one.default for one in fields(Bounds)}
    found: dict[str, Any] = {}
    for bound, given in value.items():
        if bound not in known:
            arguments.fail(name, bound, f"bounds are {', '.join(known)}")
        if isinstance(given, bool) or not isinstance(given, int | float) or not 0 <= given < float("inf"):
            arguments.fail(f"{name}[{bound!r}]", given, "a number of at least 0")
        found[bound] = given
    return found
