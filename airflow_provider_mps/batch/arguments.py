"""The arguments of one picture of a batch: what its request says, and what the defaults say where it says nothing."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from airflow_provider_mps.core import arguments
from airflow_provider_mps.core.arguments import ArgumentError
from airflow_provider_mps.services.tencentcloud.payloads import BG_FUSION_ARGUMENTS, PICTURES


def read_defaults(
    defaults: Any, names: Collection[str] = BG_FUSION_ARGUMENTS, operator: str = "MpsImageBgFusionOperator"
) -> Mapping[str, Any]:
    """Return the rendered defaults of a batch, or none.

    :param names: of the arguments of a picture
    :param operator: that makes a single one, for messages
    :raises ArgumentError: they are no dict with arguments of a picture
    """
    if defaults is not None and not isinstance(defaults, Mapping):
        arguments.fail("defaults", defaults, f"a dict with arguments of {operator}")
    if "key" in (defaults or {}):
        raise ArgumentError("defaults: key belongs to a single request: give it there")
    for name in defaults or {}:
        if name not in names:
            raise ArgumentError(f"defaults: {name!r}: no such argument; there are {', '.join(names)}")
    check_no_none("defaults: ", defaults or {})
    return defaults or {}


def merged(given: Mapping[str, Any], request: Any) -> dict[str, Any]:
    """Return the arguments of one picture.

    :param given: the defaults of the batch
    :param request: its request; its ``key`` is no argument
    :raises ArgumentError: the request is no dict, or gives None for what no default gives
    """
    if not isinstance(request, Mapping):
        arguments.fail("request", request, "a dict with arguments of MpsImageBgFusionOperator")
    request = {name: value for name, value in request.items() if name != "key"}
    unknown = [str(name) for name in request if not isinstance(name, str)]
    if unknown:
        raise ArgumentError(f"{unknown[0]}: no such argument; there are {', '.join(BG_FUSION_ARGUMENTS)}")
    # What a request says of a picture replaces all that the defaults say of it; None takes a default away.
    named = {prefix for prefix in PICTURES for name in request if name.startswith(f"{prefix}_")}
    kept = {name: value for name, value in given.items() if not _gives_way(name, request, named)}
    check_no_none("", {name: value for name, value in request.items() if name not in given})
    return {**kept, **{name: value for name, value in request.items() if value is not None}}


def _gives_way(name: str, request: Mapping[str, Any], named: Collection[str]) -> bool:
    """Tell whether a default must not meet what a request says."""
    prefix, _, part = name.partition("_")
    if name in request or prefix not in named:
        return name in request
    given = {other.partition("_")[2] for other in request if other.startswith(f"{prefix}_")}
    if part in ("url", "cos_key"):
        return bool(given & {"url", "cos_key"})
    return "url" in given or request.get(f"{prefix}_cos_key", "") is None


def check_no_none(where: str, given: Mapping[str, Any]) -> None:
    """Check that no argument was given as None.

    :param where: begins the message
    :raises ArgumentError: one was
    """
    # As for a single picture: a background that renders to nothing would turn a fusion into a generation.
    for name, value in given.items():
        if value is None:
            raise ArgumentError(f"{where}{name}: was given as None; leave it out")
