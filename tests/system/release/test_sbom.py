"""The bill of materials in ``dist/``: whole, of the right wheel, and without a word about where it was made."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import tomllib
from datetime import datetime
from typing import Any

import pytest
from packaging.utils import canonicalize_name

from tests.system.release.archives import ROOT, Archives, commit_time

pytestmark = pytest.mark.release

DIST = ROOT / "dist"
_INSTALLED = """
import json
from importlib.metadata import distributions
print(json.dumps([[one.metadata["Name"], one.version] for one in distributions()]))
"""


@pytest.fixture(scope="module")
def text() -> str:
    (file,) = DIST.glob("*.cdx.json")
    return file.read_text()


@pytest.fixture(scope="module")
def bill(text: str) -> Any:
    return json.loads(text)


def test_it_fits_the_schema(text: str) -> None:
    code = (
        "import sys\nfrom cyclonedx.schema import SchemaVersion\n"
        "from cyclonedx.validation.json import JsonStrictValidator\n"
        "error = JsonStrictValidator(SchemaVersion.V1_6).validate_str(sys.stdin.read())\n"
        "print(error)\nsys.exit(error is not None)"
    )
    python = str(ROOT / ".venv" / "release" / "bin" / "python")
    done = subprocess.run([python, "-c", code], input=text, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (json.loads(text)["bomFormat"], json.loads(text)["specVersion"]) == ("CycloneDX", "1.6")


def test_it_is_of_this_wheel(bill: Any) -> None:
    package, wheel = bill["metadata"]["component"], Archives.of(DIST)
    assert package["hashes"] == [{"alg": "SHA-256", "content": hashlib.sha256(wheel.wheel.read_bytes()).hexdigest()}]
    assert (package["name"], package["version"]) == ("airflow-provider-mps", wheel.metadata()["Version"])
    assert package["licenses"][0]["license"]["id"] == "Apache-2.0"
    urls = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["urls"]
    assert {link["url"] for link in package["externalReferences"]} == set(urls.values())


def test_it_has_all_that_is_installed(bill: Any) -> None:
    python = ROOT / ".venv" / "wheel-newest" / "bin" / "python"
    done = subprocess.run([str(python), "-I", "-c", _INSTALLED], check=True, capture_output=True, text=True)
    installed = {(canonicalize_name(name), version) for name, version in json.loads(done.stdout)}
    components = [*bill["components"], bill["metadata"]["component"]]
    assert {(canonicalize_name(part["name"]), part["version"]) for part in components} == installed
    assert all(part["purl"].endswith(f"@{part['version']}".replace("+", "%2B")) for part in components)


def test_the_package_needs_all_of_it(bill: Any) -> None:
    needs = {entry["ref"]: entry.get("dependsOn", []) for entry in bill["dependencies"]}
    reached, left = set(), [bill["metadata"]["component"]["bom-ref"]]
    while left:
        ref = left.pop()
        if ref not in reached:
            reached.add(ref)
            left += needs[ref]
    assert reached == set(needs)


def test_it_says_nothing_of_where_it_was_made(bill: Any, text: str) -> None:
    urls = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["urls"]
    hosts = {re.split("[/:]", url.removeprefix("https://"))[0] for url in urls.values()}
    # That of the schema's name.
    assert set(re.findall(r"\w+://([^/\"\s]*)", text)) <= hosts | {"cyclonedx.org"}
    assert re.findall(r'"(?:/|[A-Za-z]:\\)[^"]*"', text) == []
    assert str(ROOT) not in text
    assert datetime.fromisoformat(bill["metadata"]["timestamp"]).timestamp() == int(commit_time())
