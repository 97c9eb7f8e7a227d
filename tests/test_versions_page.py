"""The page on versions says what the code does, and what ``make test-matrix`` runs."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from itertools import dropwhile, takewhile
from pathlib import Path

import pytest

from airflow_provider_mps import compat

pytestmark = pytest.mark.source

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs/versions.md").read_text()
# By the first words of a row.
ROWS = {
    "Durable record": "KEEPS_TASK_STATE",
    "[Gallery]": "SHOWS_PAGES",
    "[Approval]": "ASKS_PEOPLE",
    "Form of a connection": "READS_CONNECTION_FORMS",
    "[Commands]": "HAS_COMMANDS",
    "Partitions": "HAS_PARTITIONS",
    "Loops": "HAS_LOOPS",
}


def lines(name: str) -> list[list[str]]:
    text = (ROOT / ".ci" / name).read_text().splitlines()
    return [line.split() for line in text if line and not line.startswith("#")]


def rows_below(heading: str) -> Iterator[list[str]]:
    """Yield the cells of the first table below a heading, its head first."""
    after = PAGE.partition(f"## {heading}\n")[2].splitlines()
    table = takewhile(lambda line: line.startswith("|"), dropwhile(lambda line: not line.startswith("|"), after))
    for line in table:
        cells = [cell.strip().strip("`") for cell in line[1:-1].split("|")]
        if not set("".join(cells)) <= {"-"}:
            yield cells


def test_the_table_says_what_the_adapter_knows() -> None:
    head, *rows = rows_below("What works where")
    versions = [tuple(map(int, re.match(r"\d+\.\d+", cell)[0].split("."))) for cell in head[1:]]  # type: ignore[index]
    assert versions == sorted(versions)
    assert set(compat.SINCE.values()) <= set(versions)
    assert set(ROWS.values()) == set(compat.SINCE)
    found = {name: cells[1:] for cells in rows for name in ROWS if cells[0].startswith(name)}
    assert found == {
        name: ["yes" if version >= compat.SINCE[flag] else "no" for version in versions] for name, flag in ROWS.items()
    }


def test_the_table_of_dependencies_is_the_matrix() -> None:
    _, *rows = rows_below("What is tested")
    days = {"-": ".ci/constraints"}
    expected = []
    for airflow, python, day, *newer in lines("matrix"):
        others = [
            f"{name.rpartition('-providers-')[2]} of {since}" for name, since in (one.split("=") for one in newer)
        ]
        expected.append([airflow, python, ", ".join([days.get(day, f"of {day}"), *others])])
    assert rows == expected


def test_the_matrix_has_what_is_supported() -> None:
    matrix = lines("matrix")
    makefile = (ROOT / "Makefile").read_text()
    assert f"AIRFLOW ?= {matrix[-1][0]}\n" in makefile
    assert f"RELEASE := {matrix[0][0]}\n" in makefile
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    pythons = {line.rpartition(" ")[2] for line in project["classifiers"] if re.search(r"Python :: 3\.\d+$", line)}
    assert {python for airflow, python, *_ in matrix if airflow == matrix[-1][0]} == pythons
    assert all(
        (ROOT / f".ci/constraints/airflow-{airflow}.txt").exists() for airflow, _, day, *_ in matrix if day == "-"
    )


def test_the_tests_of_the_matrix_are_there() -> None:
    tests = lines("airflow-tests")
    assert {kind for kind, _ in tests} == {"least", "small", "whole"}
    assert all((ROOT / path.partition("::")[0]).exists() for _, path in tests)
