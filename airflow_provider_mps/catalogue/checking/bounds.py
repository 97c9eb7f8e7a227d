"""The bounds of a check, and the least scores of the service, as a user gives them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from airflow_provider_mps.core import arguments
from airflow_provider_mps.pictures.check import Bounds
from airflow_provider_mps.services.tencentcloud.words import QualityAttribute


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
        found[bound] = _at_least_0(f"{name}[{bound!r}]", given)
    return found


def read_least(name: str, value: Any) -> dict[QualityAttribute, float]:
    """Return the least score of each attribute that the service is to be asked for.

    :raises ArgumentError: it names no attribute, or another, or no number of at least 0
    """
    if not isinstance(value, Mapping) or not value:
        arguments.fail(name, value, f"a dict with the least score of at least one of {', '.join(QualityAttribute)}")
    found = {}
    for attribute, given in value.items():
        if attribute not in list(QualityAttribute):
            arguments.fail(name, attribute, f"attributes are {', '.join(QualityAttribute)}")
        found[QualityAttribute(attribute)] = _at_least_0(f"{name}[{attribute!r}]", given)
    return found


def _at_least_0(name: str, given: Any) -> float:
    try:
        # What a template makes of a number is a text.
        number = float(given) if isinstance(given, str | int | float) and not isinstance(given, bool) else -1.0
    except (ValueError, OverflowError):
        number = -1.0
    if not 0 <= number < float("inf"):
        arguments.fail(name, given, "a number of at least 0")
    return number
