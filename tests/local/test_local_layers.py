"""How the folders and modules of the local service import each other."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import airflow_provider_mps.local

ROOT = Path(airflow_provider_mps.local.__file__).parent
NAME = airflow_provider_mps.local.__name__

# What a folder may import besides itself. What puts them together stands above them and in none of them.
FOLDERS: Mapping[str, set[str]] = {
    "pictures": set(),
    "serving": set(),
    "cos": {"pictures", "serving"},
    "tencentcloud": {"cos", "pictures", "serving"},
    "aidge": {"cos", "pictures", "serving"},
}


def modules() -> dict[str, Path]:
    """The modules below the local service, by dotted name; a package goes by its own."""
    found = {}
    for path in ROOT.rglob("*.py"):
        parts = path.relative_to(ROOT).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


MODULES = modules()


def imported(path: Path) -> set[str]:
    """The modules that one imports at any place, also for its types alone."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert not node.level
            below = {f"{node.module}.{alias.name}" for alias in node.names}
            known = {name for name in below if name.removeprefix(f"{NAME}.") in MODULES}
            names |= known if known == below else known | {str(node.module)}
    return {name.removeprefix(f"{NAME}.") for name in names if name.startswith(f"{NAME}.")}


IMPORTS = {name: imported(path) - {name} for name, path in MODULES.items()}


def folder(module: str) -> str:
    return module.partition(".")[0]


def test_the_modules_are_known() -> None:
    assert {"serving.wire", "cos.store", "aidge.tasks"} <= IMPORTS["aidge.files"] | IMPORTS["cos.endpoint"]
    assert set().union(*IMPORTS.values()) <= set(MODULES)


def test_no_modules_import_each_other_in_a_circle() -> None:
    try:
        TopologicalSorter(IMPORTS).prepare()
    except CycleError as error:
        pytest.fail(" <- ".join(error.args[1]))


def test_no_folders_import_each_other_in_a_circle() -> None:
    between: dict[str, set[str]] = {}
    for module, names in IMPORTS.items():
        between.setdefault(folder(module), set()).update({folder(name) for name in names} - {folder(module)})
    try:
        TopologicalSorter(between).prepare()
    except CycleError as error:
        pytest.fail(" <- ".join(error.args[1]))


@pytest.mark.parametrize("module", sorted(name for name in MODULES if folder(name) in FOLDERS))
def test_a_folder_imports_only_those_below_it(module: str) -> None:
    assert {folder(name) for name in IMPORTS[module]} <= FOLDERS[folder(module)] | {folder(module)}


def test_every_folder_has_its_place() -> None:
    folders = {path.name for path in ROOT.iterdir() if (path / "__init__.py").is_file()}
    assert folders == {*FOLDERS, "demo"}
