"""``RESULTS.md``: a part for each section, each with when and on what it was measured."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

RESULTS = Path(__file__).parent / "RESULTS.md"
PACKAGES = (
    "apache-airflow",
    "apache-airflow-providers-dbt-cloud",
    "apache-airflow-providers-amazon",
    "apache-airflow-providers-databricks",
    "tencentcloud-sdk-python-mps",
    "cos-python-sdk-v5",
    "httpx",
)
_MARK = re.compile(r"^<!-- section: (.+) -->\n", re.MULTILINE)


def update(parts: Mapping[str, str], order: Iterable[str]) -> None:
    """Write parts, and keep the others as they are.

    :param parts: text by section
    :param order: all sections
    """
    before = _MARK.split(RESULTS.read_text())[1:] if RESULTS.exists() else []
    known = {name: text.strip() for name, text in zip(before[::2], before[1::2], strict=True)} | dict(parts)
    shown = [f"<!-- section: {name} -->\n{known[name]}" for name in order if name in known]
    RESULTS.write_text("\n\n".join(["# Figures", *shown]) + "\n")


def measured() -> str:
    """Say when and on what a section was measured."""
    model = re.search(r"model name\s*: (.+)", Path("/proc/cpuinfo").read_text())
    return (
        f"Measured on {datetime.now():%Y-%m-%d} with Python {platform.python_version()}, {os.cpu_count()} cores"
        f" ({model.group(1).strip() if model else platform.machine()}): {', '.join(_versions())}."
    )


def _versions() -> Iterable[str]:
    for name in PACKAGES:
        try:
            yield f"{name} {version(name)}"
        except PackageNotFoundError:
            continue
