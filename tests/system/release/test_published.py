"""What ``make release-check`` leaves in ``dist/``: it is what the checkout gives, and it could be uploaded."""

from __future__ import annotations

import subprocess

import pytest
from packaging.version import Version

import airflow_provider_mps
from tests.system.release.archives import ROOT, Archives, git
from tests.system.release.changelog import releases

pytestmark = pytest.mark.release

DIST = ROOT / "dist"


def test_there_is_nothing_else(archives: Archives) -> None:
    bill = f"airflow_provider_mps-{airflow_provider_mps.__version__}.cdx.json"
    assert {path.name for path in DIST.iterdir()} == {archives.wheel.name, archives.sdist.name, bill}


def test_the_archives_are_the_bytes_of_any_checkout(archives: Archives) -> None:
    published = Archives.of(DIST)
    assert published.wheel.read_bytes() == archives.wheel.read_bytes()
    assert published.sdist.read_bytes() == archives.sdist.read_bytes()


def test_metadata_and_page_would_be_taken(archives: Archives) -> None:
    twine = [str(ROOT / ".venv" / "release" / "bin" / "twine"), "check", "--strict"]
    done = subprocess.run([*twine, *map(str, (archives.wheel, archives.sdist))], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("PASSED") == 2


def test_all_of_it_is_committed() -> None:
    assert git("status", "--porcelain") == ""


def test_the_tag_is_that_of_a_dated_version() -> None:
    newest = releases((ROOT / "CHANGELOG.md").read_text())[0]
    tags = [tag for tag in git("tag", "--points-at", "HEAD").split() if tag.startswith("v")]
    assert {Version(tag) for tag in tags} <= {newest.version}
    if newest.day is None:
        assert tags == []
        pytest.skip(f"CHANGELOG.md has no day for {newest.version} yet: what is in dist/ is for a trial only")
