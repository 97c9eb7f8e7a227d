"""Wheel and source distribution: the same bytes from any checkout, and in them what belongs there."""

from __future__ import annotations

import configparser
import os
import re
import subprocess
import sys
import tomllib
import zipfile
from itertools import pairwise
from pathlib import Path

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.version import Version

import airflow_provider_mps
from airflow_provider_mps.get_provider_info import get_provider_info
from tests.system.release.archives import ROOT, Archives, sources
from tests.system.release.changelog import releases

PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
PROJECT = PYPROJECT["project"]
DIST_INFO = f"airflow_provider_mps-{airflow_provider_mps.__version__}.dist-info"


def test_any_checkout_gives_the_same_bytes(built: tuple[Archives, Archives]) -> None:
    first, second = built
    assert first.sdist.name == second.sdist.name
    assert first.sdist.read_bytes() == second.sdist.read_bytes()


def test_the_source_distribution_gives_the_same_wheel_as_the_checkout(built: tuple[Archives, Archives]) -> None:
    first, second = built
    assert first.wheel.name == second.wheel.name
    assert first.wheel.read_bytes() == second.wheel.read_bytes()


def test_the_source_distribution_is_what_is_under_version_control(archives: Archives) -> None:
    assert archives.sdist_files() == sources() | {"PKG-INFO"}


def test_the_wheel_is_the_package_with_the_examples(archives: Archives) -> None:
    package = {name for name in sources() if name.startswith("airflow_provider_mps/")}
    examples = {f"airflow_provider_mps/example_{name}" for name in sources() if name.startswith("dags/")}
    about = {"METADATA", "RECORD", "WHEEL", "entry_points.txt", "licenses/LICENSE", "licenses/NOTICE"}
    assert set(archives.wheel_files()) == package | examples | {f"{DIST_INFO}/{name}" for name in about}
    # What is no code, and easily left out.
    assert {Path(name).suffix for name in package} >= {".css", ".html", ".js", ".png", ".typed"}


def test_files_are_as_in_the_checkout(archives: Archives) -> None:
    for name, text in archives.wheel_files().items():
        source = ROOT / re.sub("^airflow_provider_mps/example_dags/", "dags/", name)
        if not name.startswith(DIST_INFO):
            assert text == source.read_bytes(), name
        elif "/licenses/" in name:
            assert text == (ROOT / Path(name).name).read_bytes()


def test_metadata_says_what_the_project_says(archives: Archives) -> None:
    metadata = archives.metadata()
    assert metadata["Name"] == PROJECT["name"]
    assert metadata["Version"] == airflow_provider_mps.__version__
    assert metadata["Summary"] == PROJECT["description"]
    assert SpecifierSet(metadata["Requires-Python"]) == SpecifierSet(PROJECT["requires-python"])
    assert metadata["License-Expression"] == PROJECT["license"]
    assert metadata.get_all("License-File") == PROJECT["license-files"]
    assert metadata.get_all("Classifier") == PROJECT["classifiers"]
    urls = dict(line.split(", ") for line in metadata.get_all("Project-URL", []))
    assert urls == PROJECT["urls"]
    assert {"Changelog", "Documentation", "Issues", "Source"} <= set(urls)
    assert all(url.startswith("https://") for url in urls.values())


def test_metadata_has_the_dependencies_and_the_extras(archives: Archives) -> None:
    extras = PROJECT["optional-dependencies"]
    wanted = {Requirement(line) for line in PROJECT["dependencies"]}
    wanted |= {Requirement(f"{line}; extra == '{extra}'") for extra, lines in extras.items() for line in lines}
    metadata = archives.metadata()
    assert {Requirement(line) for line in metadata.get_all("Requires-Dist", [])} == wanted
    assert set(metadata.get_all("Provides-Extra", [])) == set(extras)


def test_the_source_distribution_has_the_same_metadata(archives: Archives) -> None:
    assert archives.sdist_metadata().as_string() == archives.metadata().as_string()


def test_entry_points_are_those_of_the_project(archives: Archives) -> None:
    found = configparser.ConfigParser(delimiters="=")
    found.read_string(archives.wheel_files()[f"{DIST_INFO}/entry_points.txt"].decode())
    assert {group: dict(found[group]) for group in found.sections()} == PROJECT["entry-points"]


def test_no_link_of_the_page_leads_into_a_checkout(archives: Archives) -> None:
    text = archives.metadata().get_payload()
    assert isinstance(text, str)
    assert text.startswith("# airflow-provider-mps\n")
    prose = re.sub(r"^ *```.*?^ *```$|`[^`\n]*`", "", text, flags=re.DOTALL | re.MULTILINE)
    links = re.findall(r"\]\(([^)\s]+)", prose) + re.findall(r"^\[[^\]]+\]: (\S+)", prose, re.MULTILINE)
    links += re.findall(r"(?:src|href)=\"([^\"]+)\"", prose)
    assert [link for link in links if not link.startswith(("https://", "#", "mailto:"))] == []
    tag = re.compile(rf"{re.escape(PROJECT['urls']['Source'])}/(?:raw|blob)/v([^/]+)/([^#]+)")
    ours = [match.groups() for link in links if (match := tag.match(link)) is not None]
    assert {version for version, _ in ours} <= {airflow_provider_mps.__version__}
    assert [name for _, name in ours if not (ROOT / name).exists()] == []


def test_version_and_changelog_agree() -> None:
    newest, *older = releases((ROOT / "CHANGELOG.md").read_text())
    assert newest.version == Version(airflow_provider_mps.__version__)
    assert str(newest.version) == airflow_provider_mps.__version__
    assert get_provider_info()["versions"] == [airflow_provider_mps.__version__]
    assert all(release.day is not None for release in older)
    for later, earlier in pairwise([newest, *older]):
        assert later.version > earlier.version
        assert later.day is None or earlier.day is None or later.day >= earlier.day


def test_the_demo_finds_the_examples_without_a_checkout(archives: Archives, tmp_path: Path) -> None:
    zipfile.ZipFile(archives.wheel).extractall(tmp_path / "site")
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "airflow_provider_mps.local.demo", "--dag", "nothing"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path / "site")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    examples = sorted(path.stem for path in (ROOT / "dags").glob("*.py"))
    assert f"DAGs here: {', '.join(examples)}" in done.stderr
