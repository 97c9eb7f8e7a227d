"""What an earlier version has written is read, and nothing is written otherwise without a new version."""

from __future__ import annotations

import dataclasses
import inspect
import json
import re
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_mps.batch.record import BatchHeader
from airflow_provider_mps.core.airflow_task import Instance
from airflow_provider_mps.core.submission import Record
from airflow_provider_mps.get_provider_info import get_provider_info

from .cases import CASES, HEADER, HERE, RECORD, Golden, comparable

FILES = sorted([*HERE.glob("*.json"), *HERE.glob("*.jsonl")])
BY_NAME = {case.name: case for case in CASES}


def split(path: Path) -> tuple[str, int]:
    """Return the format and the version of a file."""
    found = re.fullmatch(r"(.+)\.v(\d+)\.jsonl?", path.name)
    assert found, path.name
    return found[1], int(found[2])


def parsed(path: Path, data: bytes) -> list[Any]:
    """Return what is in a file: one value, or one on each line."""
    return [json.loads(part) for part in (data.splitlines() if path.suffix == ".jsonl" else [data])]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_what_is_written_is_what_the_file_of_its_version_has(case: Golden) -> None:
    assert case.path.is_file(), "a new version: python -m tests.golden.cases writes its file; keep the old ones"
    written = case.path.read_bytes()
    if isinstance(case.write(case.meaning), bytes):
        assert case.written() == written
    assert parsed(case.path, case.written()) == parsed(case.path, written)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_each_file_is_read_and_means_the_same(path: Path) -> None:
    name, version = split(path)
    case = BY_NAME[name]
    assert version <= case.version
    read: Any = case.meaning_of(path)
    assert comparable(read) == comparable(case.meaning)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_the_version_in_a_file_is_that_of_its_name(path: Path) -> None:
    content = parsed(path, path.read_bytes())[0]
    assert content.get("version", split(path)[1]) == split(path)[1]


def test_the_versions_of_a_format_are_all_there() -> None:
    found: dict[str, list[int]] = {}
    for path in FILES:
        name, version = split(path)
        found.setdefault(name, []).append(version)
    assert {name: sorted(versions) for name, versions in found.items()} == {
        case.name: list(range(1, case.version + 1)) for case in CASES
    }


@pytest.mark.parametrize(("whole", "kind"), [(RECORD, Record), (HEADER, BatchHeader), (HEADER.delivered_to, Instance)])
def test_the_examples_have_all_parts(whole: Any, kind: Any) -> None:
    # A part that is left at its default would not show that its form has changed.
    for part in dataclasses.fields(kind):
        assert getattr(whole, part.name) != part.default, part.name


def test_each_trigger_has_an_example_with_all_arguments() -> None:
    modules = {module for entry in get_provider_info()["triggers"] for module in entry["python-modules"]}
    kept = {case.meaning[0]: case.meaning[1] for case in CASES if case.name.startswith("trigger-")}
    assert {kind.__module__ for kind in kept} == modules
    for kind, arguments in kept.items():
        ours = [base for base in kind.__mro__ if base.__module__.startswith("airflow_provider_mps.")]
        named = set().union(*map(_named, ours))
        assert set(arguments) == named
        assert all(value is not None for value in arguments.values())


def _named(kind: type) -> set[str]:
    """Return the arguments that the constructor of a class names; others go on to its base."""
    given = inspect.signature(kind).parameters.values()
    return {parameter.name for parameter in given if parameter.kind is not inspect.Parameter.VAR_KEYWORD}
