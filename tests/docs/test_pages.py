"""What pages say of the package is so."""

from __future__ import annotations

import inspect
import re
from configparser import ConfigParser
from importlib import import_module
from pathlib import Path

import pytest
from airflow.configuration import conf

from airflow_provider_mps.get_provider_info import get_provider_info
from airflow_provider_mps.services.tencentcloud.codes import TASK_CODES
from tests.docs.pages import DOCS, PAGES, ROOT, links, name_of, snippets, tables

INFO = get_provider_info()
MODULES = [module for kind in ("operators", "sensors") for entry in INFO[kind] for module in entry["python-modules"]]
MODULES += [transfer["python-module"] for transfer in INFO["transfers"]]


def public_classes() -> dict[str, str]:
    """Return the operators, sensors and transfers: for each name the module that defines it."""
    found = {}
    for module in map(import_module, MODULES):
        for name, one in vars(module).items():
            if inspect.isclass(one) and one.__module__ == module.__name__ and name.endswith(("Operator", "Sensor")):
                found[name] = one.__module__
    return found


CLASSES = public_classes()
GUIDES = {page: page.read_text() for page in sorted((DOCS / "how-to").glob("*.md")) if page.stem != "index"}


def test_there_are_operators_sensors_and_transfers() -> None:
    assert len(CLASSES) == len(GUIDES) > 15


@pytest.mark.parametrize("name", sorted(CLASSES))
def test_each_has_a_guide_with_code_that_calls_it(name: str) -> None:
    (page,) = [page for page, text in GUIDES.items() if f"`{name}`" in text.partition("\n")[0]]
    shown = "".join(one.text for one in snippets("python", pages=[page]))
    for one in snippets(pages=[page]):
        if one.language.startswith("{literalinclude}"):
            shown += (page.parent / one.language.split()[1]).read_text()
    assert re.search(rf"\b{name}(\.partial)?\(", shown)
    assert re.search(rf"\{{py:class\}}`~airflow_provider_mps\.[\w.]+\.{name}`", GUIDES[page])
    index = links(DOCS / "how-to" / "index.md")
    assert page.name in index


@pytest.mark.parametrize("name", sorted(CLASSES))
def test_each_is_in_the_reference(name: str) -> None:
    text = "".join(page.read_text() for page in (DOCS / "reference").glob("*.md"))
    assert len(re.findall(rf"autoclass:: airflow_provider_mps\.[\w.]+\.{name}$", text, re.M)) == 1


@pytest.mark.parametrize(("conn_type", "heading"), [("tencentcloud", "## Tencent Cloud"), ("aidge", "## Aidge")])
def test_every_extra_of_a_connection_is_explained(conn_type: str, heading: str) -> None:
    (fields,) = [entry["conn-fields"] for entry in INFO["connection-types"] if entry["connection-type"] == conn_type]
    part = (DOCS / "connections.md").read_text().partition(heading)[2].partition("\n## ")[0]
    named = [name for row in re.findall(r"^\| (`.*?) \| ", part, re.M) for name in re.findall(r"`(\w+)`", row)]
    assert sorted(named) == sorted(fields)


def test_the_policy_to_paste_has_what_the_table_asks_for() -> None:
    page = DOCS / "permissions.md"
    (table,) = tables(page)
    (policy,) = snippets("json", pages=[page])

    def actions(text: str) -> set[str]:
        return set(re.findall(r"(?:mps:|name/cos:)\w+", text))

    # One picture, the two transfers and a batch.
    assert actions(policy.text) == set().union(*(actions(" ".join(row)) for row in table[:4]))


def test_the_versions_that_are_tested_are_those_of_make() -> None:
    text = (DOCS / "versions.md").read_text()
    for version in re.findall(r"^(?:AIRFLOW \?=|RELEASE :=) (\S+)$", (ROOT / "Makefile").read_text(), re.M):
        assert version in text


# Airflow's own.
OTHERS = {"ApprovalOperator", "BaseOperator", "FileTransferOperator", "HITLOperator", "PythonOperator"}


@pytest.mark.source
# What ARCHITECTURE.md names is not only what is public, and has a test of its own.
@pytest.mark.parametrize("page", [page for page in PAGES if page.name != "ARCHITECTURE.md"], ids=name_of)
def test_operators_and_sensors_that_are_named_are_there(page: Path) -> None:
    assert set(re.findall(r"\b[A-Z]\w+(?:Operator|Sensor)\b", page.read_text())) <= {*CLASSES, *OTHERS}


@pytest.mark.source
@pytest.mark.parametrize("page", [DOCS / "errors.md", DOCS / "retries.md"], ids=name_of)
def test_errors_that_are_named_are_in_the_reference(page: Path) -> None:
    modules = re.findall(r"automodule:: (\S+)", (DOCS / "reference" / "exceptions.md").read_text())
    known = set().union(*(vars(import_module(module)) for module in modules)) | {"ValueError", *TASK_CODES}
    assert set(re.findall(r"`([A-Z]\w+Error)`", page.read_text())) <= known


def test_every_option_of_airflow_that_is_named_is_one() -> None:
    conf.load_providers_configuration()
    known = {
        f"[{section}] {option}" for section, one in conf.configuration_description.items() for option in one["options"]
    }
    named = 0
    for page in PAGES:
        text = page.read_text()
        parts = [(part, re.findall(r"`(\[\w+\] [a-z_]+)`", part)) for part in re.split(r"\n\n|\n(?=\||- )", text)]
        parts += [(block, _options(block)) for block in re.findall(r"```ini\n(.*?)```", text, re.DOTALL)]
        for part, found in parts:
            named += len(found)
            # Of an option that this Airflow does not have it is said which ones have it.
            unknown = [one for one in found if one not in known and not re.search(r"Airflow [23]|3\.\d", part)]
            # Those of a provider are known where it is installed.
            assert [one for one in unknown if not one.startswith(("[openlineage]", "[celery"))] == []
    assert named > 15


def _options(block: str) -> list[str]:
    parser = ConfigParser(interpolation=None)
    parser.read_string(block)
    return [f"[{section}] {option}" for section in parser.sections() for option in parser[section]]
