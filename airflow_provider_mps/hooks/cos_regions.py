"""Hooks for COS that threads share: one for each region."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from airflow_provider_mps.hooks.cos import CosHook

_Region = TypeVar("_Region", bound=str | None)


def hooks_of(regions: Iterable[_Region], hook_for: Callable[[_Region], CosHook]) -> dict[_Region, CosHook]:
    """Return a hook for each region, which has read its connection, and assumed a role: once, and not in the threads.

    :param regions: each counts once
    :param hook_for: makes the hook for a region
    """
    hooks = {region: hook_for(region) for region in regions}
    for hook in hooks.values():
        hook.snapshot_credential()
    return hooks
