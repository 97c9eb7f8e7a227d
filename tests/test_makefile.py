"""What ``make`` does before there is an environment."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MAKE = shutil.which("make")

pytestmark = pytest.mark.skipif(MAKE is None, reason="no make")


@pytest.mark.parametrize("target", ["demo", "airflow", "tests"])
@pytest.mark.parametrize("env", [{}, {"PATH": "/usr/local/bin:/usr/bin:/bin"}], ids=["no environment", "a path"])
def test_an_environment_without_a_path_has_a_python(target: str, env: dict[str, str]) -> None:
    assert MAKE is not None
    # With -n nothing is done but to look for a Python; the changed file makes the environment out of date.
    command = [MAKE, "-n", "-W", "pyproject.toml", target]
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert 'make-venv "python3' in done.stdout
