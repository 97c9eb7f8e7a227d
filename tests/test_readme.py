"""What the README shows can be pasted."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_mps.compat import ASKS_PEOPLE
from airflow_provider_mps.hooks.aidge import AidgeHook
from airflow_provider_mps.hooks.mps import MpsHook

README = (Path(__file__).parent.parent / "README.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"^ *```{language}\n(.*?)^ *```$", README, re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("code", blocks("python"), ids=lambda code: code.split("\n")[0])
def test_python_runs_as_it_is(code: str) -> None:
    if "operators.hitl" in code and not ASKS_PEOPLE:
        pytest.skip("Airflow asks people from 3.1 on")
    names: dict[str, Any] = {}
    exec(compile(code, "README.md", "exec"), names)
    assert "DAG" in names or "service" in names


@pytest.mark.parametrize("text", blocks("json"))
def test_json_is_json(text: str) -> None:
    assert json.loads(text)["TaskId"] is None or "Outputs" in json.loads(text)


def _exports(line: str) -> dict[str, str]:
    """Run what a person would paste into a shell, and return what it exports."""
    script = f"{line}\nenv -0 | grep -z ^AIRFLOW_CONN_"
    done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True)
    return dict(entry.split("=", 1) for entry in done.stdout.split("\0") if entry)


EXPORTS = [one for block in blocks("console") for one in re.split(r"^ *\$ ", block, flags=re.M) if "CONN_" in one]


@pytest.mark.parametrize("line", EXPORTS)
def test_connections_can_be_pasted(line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    [(name, value)] = _exports(line).items()
    monkeypatch.setenv(name, value)
    if name == "AIRFLOW_CONN_AIDGE_DEFAULT":
        assert AidgeHook().settings.key_name == "512345"
        assert AidgeHook().settings.trial
    else:
        assert MpsHook().settings.secret_id == "AKID..."
        assert MpsHook().settings.cos_bucket == "shop-1250000000"
