"""What ``ARCHITECTURE.md`` and the pages beside it name is there."""

from __future__ import annotations

import importlib
import importlib.util
import re
from pathlib import Path
from typing import Any

import pytest

import airflow_provider_mps

# The gallery is imported too, and not every Airflow brings what its pages are served with.
pytestmark = pytest.mark.source

PACKAGE = Path(airflow_provider_mps.__file__).parent
ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "ARCHITECTURE.md").read_text()
PAGES = [
    *(ROOT / name for name in ("ARCHITECTURE.md", "CONTRIBUTING.md", "README.md", "SECURITY.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
]
ROOMS = {path.stem for path in PACKAGE.iterdir() if path.suffix == ".py" or (path / "__init__.py").is_file()}
ROOMS -= {"__init__", "__main__"}


def names(text: str) -> list[str]:
    """Return the dotted names of the package in a text."""
    found = set(re.findall(r"`(\w+(?:\.\w+)+)`", text))
    return sorted(name for name in found if name.split(".")[0] in ROOMS and not name.endswith(".py"))


def find(name: str) -> Any:
    """Return what a dotted name below the package means.

    :raises AttributeError: there is nothing of this name
    """
    found: Any = airflow_provider_mps
    path = airflow_provider_mps.__name__
    for part in name.split("."):
        path = f"{path}.{part}"
        is_module = hasattr(found, "__path__") and importlib.util.find_spec(path) is not None
        found = importlib.import_module(path) if is_module else getattr(found, part)
    return found


def test_the_page_names_enough_to_be_checked() -> None:
    assert len(names(PAGE)) > 40


@pytest.mark.parametrize("name", names(PAGE))
def test_what_the_page_names_is_there(name: str) -> None:
    assert find(name) is not None


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_what_other_pages_name_is_there_too(page: Path) -> None:
    for name in names(page.read_text()):
        assert find(name) is not None, name


def test_a_name_that_is_not_there_is_noticed() -> None:
    for name in ("core.flow.Nothing", "core.nothing", "operators.mps.MpsImageBgFusionOperator.nothing"):
        with pytest.raises(AttributeError):
            find(name)


def test_the_picture_has_every_room() -> None:
    picture = PAGE.split("```text\n", 1)[1].split("```", 1)[0]
    # What Airflow reads of the package is no room.
    assert {room for room in ROOMS if not re.search(rf"\b{room}\b", picture)} == {"get_provider_info"}
