"""Environments that ``make release-check`` has installed the wheel into, and what Airflow says there."""

from __future__ import annotations

import json
import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.system.release.archives import ROOT

NAMES = ("newest", "whole", "oldest", "lowest")
# Those with all extras.
WHOLE = ("whole", "lowest")
# What the commands of ``airflow providers`` list, by the key of the provider's info that they list.
LISTS = {
    "auth-managers": "auth-managers",
    "config": "configs",
    "connection-types": "hooks",
    "executors": "executors",
    "extra-links": "links",
    "logging": "logging",
    "notifications": "notifications",
    "queues": "queues",
    "secrets-backends": "secrets",
    "triggers": "triggers",
}
_MORE = ("widgets", "behaviours")


@dataclass(frozen=True)
class Environment:
    """One of them.

    :param name: which
    :param folder: an empty folder in which its processes run, with Airflow's home
    """

    name: str
    folder: Path

    @property
    def bin(self) -> Path:
        return ROOT / ".venv" / f"wheel-{self.name}" / "bin"

    def run(self, *command: str, **env: str) -> subprocess.CompletedProcess[str]:
        """Run a command of the environment, which sees nothing of the checkout."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW_", "PYTHON"))}
        env = inherited | {"AIRFLOW_HOME": str(self.folder / "home"), "AIRFLOW__CORE__LOAD_EXAMPLES": "False"} | env
        # Else lines are broken where a terminal would end.
        env |= {"COLUMNS": "1000", "PATH": f"{self.bin}{os.pathsep}{env.get('PATH', '')}"}
        command = (str(self.bin / command[0]), *command[1:])
        return subprocess.run(command, cwd=self.folder, env=env, capture_output=True, text=True, check=False)

    def rows(self, *command: str) -> list[dict[str, Any]]:
        """Return what a command of Airflow's lists."""
        done = self.run("airflow", *command, "--output", "json")
        assert done.returncode == 0, done.stderr
        rows: list[dict[str, Any]] = json.loads(done.stdout[done.stdout.index("[") :])
        return rows


@dataclass(frozen=True)
class Seen:
    """What was found in an environment.

    :param environment: which
    :param probe: what ``probe.py`` says there
    :param provider: what ``airflow providers list`` and ``airflow providers get --full`` say
    :param lists: the rows of other commands of ``airflow providers``, by their names
    :param plugins: the names of Airflow's plugins
    """

    environment: Environment
    probe: dict[str, Any]
    provider: tuple[dict[str, Any], dict[str, Any]]
    lists: dict[str, list[dict[str, Any]]]
    plugins: list[str]


def look(environment: Environment) -> Seen:
    """Ask the commands of an environment, two at a time."""
    # By its first process, as each would write the configuration.
    done = environment.run("python", "-I", "-W", "ignore", str(Path(__file__).with_name("probe.py")))
    assert done.returncode == 0, done.stderr
    probe = json.loads(done.stdout.splitlines()[-1])
    offered = [name for name in (*LISTS.values(), *_MORE) if name in probe["commands"]]
    with ThreadPoolExecutor(2) as pool:
        lists = {name: pool.submit(environment.rows, "providers", name) for name in offered}
        name = probe["info"]["package-name"]
        full = pool.submit(environment.rows, "providers", "get", name, "--full")
        plugins = pool.submit(environment.rows, "plugins")
        (listed,) = (row for row in environment.rows("providers", "list") if row["package_name"] == name)
        return Seen(
            environment,
            probe,
            (listed, full.result()[0]),
            {name: rows.result() for name, rows in lists.items()},
            [row["name"] for row in plugins.result()],
        )
