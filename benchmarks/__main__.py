"""``make bench``: print the figures and write them to ``benchmarks/RESULTS.md``."""

from __future__ import annotations

import json
import os
import platform
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from airflow_provider_mps.local.demo.airflow_home import environment
from airflow_provider_mps.local.service import LocalService

ROUNDS = 7
ROOT = Path(__file__).parents[1]

OURS = "this package"
IMPORTS: dict[str, list[str]] = {
    OURS: [
        "airflow_provider_mps.operators.mps",
        "airflow_provider_mps.sensors.mps",
        "airflow_provider_mps.transfers.cos_to_local",
        "airflow_provider_mps.transfers.local_to_cos",
    ],
    "dbt Cloud provider": ["airflow.providers.dbt.cloud.operators.dbt", "airflow.providers.dbt.cloud.sensors.dbt"],
    "Amazon provider, Bedrock": [
        "airflow.providers.amazon.aws.operators.bedrock",
        "airflow.providers.amazon.aws.sensors.bedrock",
    ],
    "Databricks provider": [
        "airflow.providers.databricks.operators.databricks",
        "airflow.providers.databricks.sensors.databricks",
    ],
    "the vendor SDKs alone": ["tencentcloud.mps.v20190612.mps_client", "qcloud_cos"],
}
PACKAGES = (
    "apache-airflow",
    "apache-airflow-providers-dbt-cloud",
    "apache-airflow-providers-amazon",
    "apache-airflow-providers-databricks",
    "tencentcloud-sdk-python-mps",
    "cos-python-sdk-v5",
)


def main() -> None:
    """Measure, print, write."""
    lines = ["# Figures", "", *_machine(), ""]
    with (
        LocalService(task_seconds=0, rate_limit=0, small_pictures=True) as service,
        tempfile.TemporaryDirectory() as home,
    ):
        env = environment(Path(home), ROOT / "dags", service.connection())
        lines += _imports(env) + _submission(env)
    lines += _demo()
    text = "\n".join(lines) + "\n"
    (Path(__file__).parent / "RESULTS.md").write_text(text)
    print(text)


def _machine() -> list[str]:
    model = re.search(r"model name\s*: (.+)", Path("/proc/cpuinfo").read_text())
    versions = []
    for name in PACKAGES:
        try:
            versions.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            versions.append(f"{name} not installed")
    return [
        f"Measured on {datetime.now():%Y-%m-%d} with Python {platform.python_version()}, {os.cpu_count()} cores"
        f" ({model.group(1).strip() if model else platform.machine()}); median of {ROUNDS} processes each, by turns.",
        "",
        ", ".join(versions) + ".",
    ]


def _probe(env: dict[str, str], *arguments: str) -> dict[str, float] | None:
    # As on a worker: bytecode is kept from one process to the next.
    env = {name: value for name, value in env.items() if name != "PYTHONDONTWRITEBYTECODE"}
    command = [sys.executable, "-m", "benchmarks.probe", *arguments]
    done = subprocess.run(command, env=env, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        print(f"{' '.join(arguments)}: {done.stderr.strip().splitlines()[-1]}", file=sys.stderr)
        return None
    return dict(json.loads(done.stdout.splitlines()[-1]))


def _rounds(env: dict[str, str], probes: dict[str, Sequence[str]]) -> dict[str, tuple[float, float] | None]:
    """Run each probe once in turn, several times over, so that a busy moment hits all of them alike."""
    found: dict[str, list[dict[str, float]]] = {name: [] for name in probes}
    for _ in range(ROUNDS):
        for name, arguments in probes.items():
            if (result := _probe(env, *arguments)) is not None:
                found[name].append(result)
    return {
        name: (statistics.median(r["ms"] for r in results), statistics.median(r["mb"] for r in results))
        if results
        else None
        for name, results in found.items()
    }


def _table(title: str, note: str, medians: dict[str, tuple[float, float] | None]) -> list[str]:
    ours = medians[OURS]
    lines = [f"## {title}", "", note, "", "| | ms | MB | times ours (ms) |", "|---|---:|---:|---:|"]
    for name, median in medians.items():
        if median is None or ours is None:
            lines.append(f"| {name} | not measured | | |")
        else:
            lines.append(f"| {name} | {median[0]:.0f} | {median[1]:.1f} | {median[0] / ours[0]:.1f} |")
    return [*lines, ""]


def _imports(env: dict[str, str]) -> list[str]:
    medians = _rounds(env, {name: ["imports", *modules] for name, modules in IMPORTS.items()})
    note = "All that a DAG file needs, after `from airflow.sdk import DAG, task`. Asked: at most 100 ms and 5 MB."
    return _table("Import", note, medians)


def _submission(env: dict[str, str]) -> list[str]:
    probes = {OURS: ["submit_with_operator"], "the vendor's typed client": ["submit_with_typed_client"]}
    note = "What submitting one request adds to a task process. Asked: at most 40 MB."
    return _table("Submission", note, _rounds(env, probes))


def _demo() -> list[str]:
    rows = []
    # A new home, so that the first run makes Airflow's database.
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "airflow_provider_mps.local.demo"]
        command += ["--home", f"{folder}/home", "--output", f"{folder}/output"]
        for _ in range(3):
            started = time.perf_counter()
            done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
            wall = time.perf_counter() - started
            result = json.loads(done.stdout[done.stdout.index("{") : done.stdout.rindex("}") + 1])
            created, finished = (datetime.fromisoformat(result[key]) for key in ("CreateTime", "FinishTime"))
            rows.append((wall, (finished - created).total_seconds()))
    wall, service = min(rows[1:])
    return [
        "## `make demo`, once installed",
        "",
        "| | s |",
        "|---|---:|",
        f"| wall time, whole command | {wall:.1f} |",
        f"| of it, the service working on the picture | {service:.1f} |",
        f"| wall time of the first run, which makes Airflow's database | {rows[0][0]:.1f} |",
    ]


if __name__ == "__main__":
    main()
