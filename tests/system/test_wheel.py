"""The wheel by itself: without the checkout, in an empty folder."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.system.conftest import ROOT


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    uv = shutil.which("uv", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}")
    assert uv is not None
    folder = tmp_path_factory.mktemp("wheel")
    env = {"UV_SYSTEM_CERTS": "true", **os.environ}
    subprocess.run([uv, "build", "--quiet", "--wheel", "--out-dir", str(folder), str(ROOT)], check=True, env=env)
    (wheel,) = folder.glob("*.whl")
    zipfile.ZipFile(wheel).extractall(folder / "site")
    return folder / "site"


def test_the_examples_come_with_it_and_the_demo_finds_them(unpacked: Path, tmp_path: Path) -> None:
    examples = {path.stem for path in (ROOT / "dags").glob("*.py")}
    assert {path.stem for path in (unpacked / "airflow_provider_mps" / "example_dags").glob("*.py")} == examples
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "airflow_provider_mps.local.demo", "--dag", "nothing"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(unpacked)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert f"DAGs here: {', '.join(sorted(examples))}" in done.stderr


def test_nothing_of_the_checkout_is_in_it(unpacked: Path) -> None:
    assert {path.name for path in unpacked.iterdir() if not path.name.endswith(".dist-info")} == {
        "airflow_provider_mps"
    }


def test_what_is_no_code_is_in_it_too(unpacked: Path) -> None:
    package = unpacked / "airflow_provider_mps"
    assert (package / "py.typed").is_file()
    assert (package / "catalogue" / "report" / "page.html").is_file()
