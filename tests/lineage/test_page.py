"""The page about lineage: its snippets can be run, and it names whatever reports."""

from __future__ import annotations

import importlib
import re
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import BaseOperator

from airflow_provider_mps.get_provider_info import get_provider_info
from airflow_provider_mps.lineage.reporting import ReportsLineage

PAGE = (Path(__file__).parents[2] / "docs" / "lineage.md").read_text()


def modules() -> list[str]:
    info = get_provider_info()
    kinds = (*info["operators"], *info["sensors"])
    found = [module for kind in kinds for module in kind["python-modules"]]
    return [*found, *(transfer["python-module"] for transfer in info["transfers"])]


@pytest.mark.parametrize("number", range(2))
def test_the_snippets_can_be_run(number: int) -> None:
    snippets = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    assert len(snippets) == 2
    names: dict[str, Any] = {}
    exec(snippets[number], names)
    assert "DAG" in names or "keep" in names


@pytest.mark.parametrize("module", modules())
def test_every_operator_reports_and_is_on_the_page(module: str) -> None:
    classes = [
        found
        for found in vars(importlib.import_module(module)).values()
        if isinstance(found, type) and issubclass(found, BaseOperator) and found.__module__ == module
    ]
    for found in classes:
        assert issubclass(found, ReportsLineage)
        assert f"`{found.__name__}`" in PAGE
