"""Everything can be imported, whatever versions of other packages are there."""

from __future__ import annotations

import importlib.util
import pkgutil
from pathlib import Path

import pytest

import airflow_provider_mps
from airflow_provider_mps.compat import ASKS_PEOPLE, SHOWS_PAGES

MODULES = sorted(
    module.name
    for module in pkgutil.walk_packages(airflow_provider_mps.__path__, f"{airflow_provider_mps.__name__}.")
    # Those run what they are for.
    if not module.name.endswith("__main__")
)
EXAMPLES = sorted((Path(__file__).parent.parent / "dags").glob("*.py"))


@pytest.mark.parametrize("name", MODULES)
def test_every_module_can_be_imported(name: str) -> None:
    try:
        importlib.import_module(name)
    except ModuleNotFoundError as error:
        # The API server of newer Airflows brings it, and nothing else imports the app of the gallery.
        if SHOWS_PAGES or error.name != "fastapi" or ".gallery." not in name:
            raise
        pytest.skip("Airflow shows pages of plugins from 3.1 on")


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_every_example_can_be_read(path: Path) -> None:
    spec = importlib.util.spec_from_file_location(f"example_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    has_dag = any(type(value).__name__ == "DAG" for value in vars(module).values())
    assert has_dag == (ASKS_PEOPLE or "hitl" not in path.read_text())
