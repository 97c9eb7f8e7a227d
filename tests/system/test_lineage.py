"""The events of a real DAG run, as the file transport of OpenLineage's provider writes them."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_mps.local.service import LocalService
from tests.system.conftest import SCENARIOS, Run
from tests.task_context import AIRFLOW_2

pytest.importorskip("airflow.providers.openlineage")

ENDS = ("COMPLETE", "FAIL")
SIGNATURE = "0123456789abcdef0123456789abcdef01234567"


def names(datasets: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(one["namespace"], one["name"]) for one in datasets]


def test_the_events_of_a_run(run_dag: Callable[..., Run], service: LocalService, tmp_path: Path, home: Path) -> None:
    file, picture = tmp_path / "events.jsonl", str(tmp_path / "cup.png")
    Path(picture).write_bytes(service.get_object(service.bucket, "/samples/coffee.png"))
    signed = f"{service.url}/_local/samples/coffee.png?q-sign-algorithm=sha1&q-signature={SIGNATURE}"
    run = run_dag(
        SCENARIOS / "lineage.py",
        {"picture": picture, "local_dir": str(tmp_path), "signed_url": signed},
        AIRFLOW__OPENLINEAGE__TRANSPORT=json.dumps({"type": "file", "log_file_path": str(file), "append": True}),
        # Those of the run need a process of their own, and say nothing of pictures.
        AIRFLOW__OPENLINEAGE__EMISSION_POLICY=json.dumps([{"scope": {}, "controls": {"emit_dag_events": False}}]),
        # Fields of tasks go along, of which lineage shows no more than it has to.
        AIRFLOW__OPENLINEAGE__INCLUDE_FULL_TASK_INFO="True",
    )
    assert run.states == {"made": "success", "own": "success", "missing": "failed"}, run.log[-6000:]
    events = [json.loads(line) for line in file.read_text().splitlines()]
    last = {event["job"]["name"].rpartition(".")[2]: event for event in events if event["eventType"] in ENDS}
    found = {name: (names(last[name]["inputs"]), names(last[name]["outputs"])) for name in run.states}
    shop = f"cos://{service.bucket}"
    # In this run all tasks share a process, and with it what Airflow keeps of hooks; a worker has one for each.
    own = found.pop("own")
    assert ("file", picture) in own[0]
    assert (shop, "kept/cup.png") in own[1]
    subject, background = (service.url, "/_local/samples/coffee.png"), (shop, "samples/gravel.png")
    assert found == {"made": ([subject, background], [(shop, "o/made.jpeg")]), "missing": ([(shop, "nothing.png")], [])}
    assert last["missing"]["eventType"] == "FAIL"
    facets = last["missing"]["run"]["facets"]
    assert facets["mps_error"]["code"] == "NoSuchKey"
    assert facets["mps_error"]["requestId"]
    assert all(facets["mps_error"][name] in facets["errorMessage"]["message"] for name in ("code", "requestId"))
    for event in events:
        # What a run is started with goes along as it is; it is no task's.
        event["run"]["facets"].get("airflow", {}).get("dagRun", {}).pop("conf", None)
        event["run"]["facets"].get("airflowDagRun", {}).get("dagRun", {}).pop("conf", None)
    assert SIGNATURE not in json.dumps(events)
    assert SIGNATURE not in run.log
    if not AIRFLOW_2:
        with closing(sqlite3.connect(home / "airflow.db")) as database:
            told = database.execute("SELECT uri FROM asset_event JOIN asset ON asset.id = asset_id").fetchall()
        assert (f"{shop}/o/made.jpeg",) in told
