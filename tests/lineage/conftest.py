from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from airflow_provider_mps.hooks import lineage as hooks_lineage
from airflow_provider_mps.lineage import reporting

Names = list[str]


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Airflow's own collector, as it is there with a plugin that reads it."""
    try:
        from airflow.sdk.lineage import HookLineageCollector
    except ImportError:
        from airflow.lineage.hook import HookLineageCollector
    made = HookLineageCollector()
    for module in (reporting, hooks_lineage):
        monkeypatch.setattr(module, "hook_lineage", lambda: made)
    return made


@pytest.fixture
def collected(collector: Any) -> Callable[[], tuple[Names, Names]]:
    """The addresses that were read and written, in their order."""

    def read() -> tuple[Names, Names]:
        found = getattr(collector, "collected_assets", None) or collector.collected_datasets

        def uris(infos: Any) -> Names:
            return [(info.asset if hasattr(info, "asset") else info.dataset).uri for info in infos]

        return uris(found.inputs), uris(found.outputs)

    return read
