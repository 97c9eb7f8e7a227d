"""Figures can still be measured: what is quick of the benchmarks, with little to do, so that none breaks unseen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from benchmarks import labels, limit, planning
from tests.task_context import AIRFLOW_2

pytestmark = pytest.mark.skipif(AIRFLOW_2, reason="figures are of the newest Airflow")


@pytest.mark.parametrize(
    ("section", "sizes", "shown"),
    [
        (planning.section, {"SIZES": (3,), "CHANGED": 2}, ["3 | first | 6", "3 | second | 0", "3 | third | 4"]),
        (labels.section, {"PICTURES": 2, "SIDE": 64}, ["2K JPEG", "2K PNG", "copies", "new", "the same", "new"]),
        (limit.section, {"ONE_BY_ONE": ((1, 100), (2, 100)), "AT_ONCE": (2,)}, ["1 | 100", "2 | 100", "2"]),
    ],
    ids=["planning", "labels", "limit"],
)
def test_a_section(
    section: Callable[[], list[str]], sizes: dict[str, Any], shown: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_TENCENTCLOUD_DEFAULT", "")
    for name, value in sizes.items():
        monkeypatch.setattr(f"{section.__module__}.{name}", value)
    rows = [line for line in section() if line.startswith("| ") and not line.startswith(("| |", "| --"))]
    found = iter(row.removeprefix("| ") for row in rows)
    assert all(any(row.startswith(one) for row in found) for one in shown), rows
