"""The section about what a DAG file and a task process pay: imports, and submitting one request."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from airflow_provider_mps.local.demo.airflow_home import environment
from airflow_provider_mps.local.service import LocalService

ROUNDS = 7
ROOT = Path(__file__).parents[1]

OURS = "this package"
IMPORTS: dict[str, list[str]] = {
    OURS: [
        "airflow_provider_mps.operators.aidge",
        "airflow_provider_mps.operators.mps",
        "airflow_provider_mps.sensors.aidge",
        "airflow_provider_mps.sensors.mps",
        "airflow_provider_mps.transfers.aidge_to_object_storage",
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


def section() -> list[str]:
    """Measure, and return the lines of the section."""
    with (
        LocalService(task_seconds=0, rate_limit=0, small_pictures=True) as service,
        tempfile.TemporaryDirectory() as home,
    ):
        env = environment(Path(home), ROOT / "dags", service.connection())
        # As on a worker: bytecode is kept from one process to the next.
        env.pop("PYTHONDONTWRITEBYTECODE", None)
        return [*_imports(env), "", *_submission(env), "", f"Median of {ROUNDS} processes each, by turns."]


def _imports(env: dict[str, str]) -> list[str]:
    medians = _rounds(env, {name: ["imports", *modules] for name, modules in IMPORTS.items()})
    note = "All that a DAG file needs, after `from airflow.sdk import DAG, task`. Asked: at most 100 ms and 5 MB."
    return _table("Import", note, medians)


def _submission(env: dict[str, str]) -> list[str]:
    probes = {OURS: ["submit_with_operator"], "the vendor's typed client": ["submit_with_typed_client"]}
    note = "What submitting one request adds to a task process. Asked: at most 40 MB."
    return _table("Submission", note, _rounds(env, probes))


def _rounds(env: dict[str, str], probes: Mapping[str, Sequence[str]]) -> dict[str, tuple[float, float] | None]:
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


def _probe(env: dict[str, str], *arguments: str) -> dict[str, float] | None:
    command = [sys.executable, "-m", "benchmarks.probe", *arguments]
    done = subprocess.run(command, env=env, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        print(f"{' '.join(arguments)}: {done.stderr.strip().splitlines()[-1]}", file=sys.stderr)
        return None
    return dict(json.loads(done.stdout.splitlines()[-1]))


def _table(title: str, note: str, medians: dict[str, tuple[float, float] | None]) -> list[str]:
    ours = medians[OURS]
    lines = [f"## {title}", "", note, "", "| | ms | MB | times ours (ms) |", "|---|---:|---:|---:|"]
    for name, median in medians.items():
        if median is None or ours is None:
            lines.append(f"| {name} | not measured | | |")
        else:
            lines.append(f"| {name} | {median[0]:.0f} | {median[1]:.1f} | {median[0] / ours[0]:.1f} |")
    return lines
