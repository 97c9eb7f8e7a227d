"""What ``make`` does before there is an environment."""

from __future__ import annotations

import re
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


def test_the_hooks_of_a_commit_are_those_of_lint_and_types() -> None:
    yaml = pytest.importorskip("yaml")
    assert MAKE is not None
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())
    assert [repo["repo"] for repo in config["repos"]] == ["local"]
    hooks = config["repos"][0]["hooks"]
    assert {hook["language"] for hook in hooks} == {"system"}
    # Without the variables of an outer make, which may have chosen another Airflow.
    command = [MAKE, "-n", "lint", "types"]
    env = {"PATH": "/usr/local/bin:/usr/bin:/bin"}
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=True)
    tools = [re.match(r"\.venv/\S+/bin/(?:ruff \w+|\S+)", line) for line in done.stdout.splitlines()]
    commands = {tool[0] for tool in tools if tool is not None and "/bin/uv" not in tool[0]}
    assert {" ".join(hook["entry"].split()[: 2 if "/ruff " in hook["entry"] else 1]) for hook in hooks} == commands
