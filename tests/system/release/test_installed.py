"""The wheel in empty environments: everything can be imported, and Airflow shows all that the provider declares."""

from __future__ import annotations

import re
import tomllib
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

import airflow_provider_mps
from tests.system.release.archives import ROOT
from tests.system.release.environments import LISTS, NAMES, WHOLE, Environment, Seen, look

pytestmark = [pytest.mark.release, pytest.mark.timeout(900)]

# Of these Airflow shows nothing but in ``airflow providers get --full``.
ONLY_TOLD = {"package-name", "name", "description", "versions", "integrations", "operators", "sensors", "hooks"}
ONLY_TOLD |= {"transfers"}
# By what an entry of a key is known, beside the names of modules, classes and functions.
KNOWN_BY = {"asset-uris": "schemes", "dataset-uris": "schemes", "dialects": "dialect-type"}
KNOWN_BY |= {"plugins": "name", "task-decorators": "name"}


@pytest.fixture(scope="module", params=NAMES)
def seen(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Seen:
    return look(Environment(request.param, tmp_path_factory.mktemp(request.param)))


def texts(value: Any) -> Any:
    """Return a value as Airflow's commands give it: whatever is no list and no mapping as text."""
    if isinstance(value, dict):
        return {key: texts(part) for key, part in value.items()}
    if isinstance(value, list):
        return [texts(part) for part in value]
    return value if value is None else str(value)


def own_names(value: Any) -> set[str]:
    """Return the names of the package's modules, classes and functions in a value."""
    if isinstance(value, dict):
        return {name for part in value.values() for name in own_names(part)}
    if isinstance(value, list):
        return {name for part in value for name in own_names(part)}
    return {value} if isinstance(value, str) and value.startswith("airflow_provider_mps.") else set()


def declared(info: dict[str, Any], key: str) -> set[str]:
    """Return what is to be shown of a key."""
    names = own_names(info[key])
    if key == "config":
        names |= set(info[key])
    for entry in info[key] if key in KNOWN_BY else ():
        known_by = entry[KNOWN_BY[key]]
        names |= {known_by} if isinstance(known_by, str) else set(known_by)
    assert names, f"say by what an entry of {key} is known"
    return names


def make_variable(name: str) -> str:
    found = re.search(rf"^{name} \??:?= *(\S+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert found is not None
    return found[1]


def test_it_is_the_wheel_that_is_there(seen: Seen) -> None:
    assert seen.probe["file"].startswith(seen.probe["prefix"])
    assert seen.probe["prefix"] == str(seen.environment.bin.parent)
    assert seen.probe["version"] == airflow_provider_mps.__version__


def test_it_is_the_airflow_that_is_meant(seen: Seen) -> None:
    requires = [Requirement(line) for line in seen.probe["requires"]]
    (lowest,) = (spec.version for line in requires if line.name == "apache-airflow" for spec in line.specifier)
    newest = make_variable("AIRFLOW")
    wanted = {"newest": newest, "whole": newest, "oldest": make_variable("RELEASE"), "lowest": lowest}
    assert seen.probe["airflow"] == wanted[seen.environment.name]


def test_every_module_can_be_imported(seen: Seen) -> None:
    lacking = {name: package for name, package in seen.probe["modules"].items() if package is not None}
    if Version(seen.probe["airflow"]) < Version("3.1"):
        # The API server of newer Airflows brings it, and nothing else imports the app of the gallery.
        lacking = {
            name: package for name, package in lacking.items() if package != "fastapi" or ".gallery." not in name
        }
    if seen.environment.name not in WHOLE:
        # Airflow 2 brings not all that the local service needs, which an extra does.
        lacking = {name: package for name, package in lacking.items() if ".local." not in name}
    assert lacking == {}
    assert len(seen.probe["modules"]) > 100


def test_all_extras_are_there_or_none(seen: Seen) -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    wanted = {Requirement(line).name for lines in extras.values() for line in lines}
    if seen.environment.name in WHOLE:
        assert wanted <= set(seen.probe["packages"])
    else:
        # Others come with Airflow.
        assert not {"c2pa-python", "opencv-python-headless"} & set(seen.probe["packages"])


def test_every_name_leads_somewhere(seen: Seen) -> None:
    assert seen.probe["not_there"] == []
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["entry-points"]
    points = {(group, name, value) for group, entries in groups.items() for name, value in entries.items()}
    assert {tuple(point) for point in seen.probe["entry_points"]} == points
    assert {name for group, name, _ in points if group == "airflow.plugins"} <= set(seen.plugins)


def test_airflow_knows_the_provider(seen: Seen) -> None:
    listed, full = seen.provider
    assert listed["version"] == airflow_provider_mps.__version__
    info = texts(seen.probe["info"])
    urls = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["urls"]
    # Newer Airflows add it, from the metadata.
    assert full.pop("documentation-url", urls["Documentation"]) == urls["Documentation"]
    # Airflow takes a dot from the end of it.
    assert full.pop("description") == info.pop("description").rstrip(".") == listed["description"]
    assert full == info


def test_airflow_shows_all_that_is_declared(seen: Seen) -> None:
    info = seen.probe["info"]
    shown = {key: own_words(seen.lists[name]) for key, name in LISTS.items() if name in seen.lists}
    shown |= {key: set(names) for key, names in seen.probe["kept"].items() if names is not None}
    unknown = set(info) - ONLY_TOLD - set(LISTS) - set(seen.probe["kept"])
    assert unknown == set(), "say where Airflow shows these"
    missing = {key: declared(info, key) - shown[key] for key in set(info) - ONLY_TOLD if key in shown}
    assert {key: names for key, names in missing.items() if names} == {}
    assert {"connection-types", "extra-links", "filesystems", "triggers"} <= set(missing)


def own_words(rows: list[dict[str, Any]]) -> set[str]:
    return {str(value) for row in rows for value in row.values()}


def test_airflow_shows_the_connections_with_their_forms(seen: Seen) -> None:
    package = seen.probe["info"]["package-name"]
    types = {entry["connection-type"]: entry for entry in seen.probe["info"]["connection-types"]}
    hooks = {row["connection_type"]: row for row in seen.lists["hooks"] if row["package_name"] == package}
    assert {name: row["class"] for name, row in hooks.items()} == {
        name: entry["hook-class-name"] for name, entry in types.items()
    }
    fields = {f"extra__{name}__{field}" for name, entry in types.items() for field in entry["conn-fields"]}
    widgets = {row["connection_parameter_name"] for row in seen.lists["widgets"] if row["package_name"] == package}
    assert widgets == fields
    assert set(types) <= {row["field_behaviours"] for row in seen.lists["behaviours"]}


def test_commands_of_its_own_are_commands_of_airflow(seen: Seen) -> None:
    for name in seen.probe["cli"] if seen.probe["kept"]["cli"] is not None else ():
        done = seen.environment.run("airflow", name, "--help")
        assert (done.returncode, "Usage: airflow " + name in done.stdout) == (0, True), done.stderr


def test_the_examples_can_be_read(seen: Seen) -> None:
    dags = seen.probe["dags"]
    assert dags["errors"] == {}
    assert set(dags["dags"].values()) == set(dags["files"])


def test_the_demo_runs_where_its_packages_are(seen: Seen) -> None:
    if seen.environment.name not in WHOLE:
        pytest.skip("without the extra there is no local service")
    done = seen.environment.run("python", "-W", "ignore", "-m", "airflow_provider_mps.local.demo")
    assert done.returncode == 0, done.stdout + done.stderr
    pictures = {path.suffix for path in (seen.environment.folder / "demo-output").rglob("*")}
    assert ".jpg" in pictures
