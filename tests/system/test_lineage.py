"""The events of a real DAG run, as the file transport of OpenLineage's provider writes them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_mps.local.service import LocalService
from tests.system.conftest import SCENARIOS, Run

pytest.importorskip("airflow.providers.openlineage")

SIGNATURE = "0123456789abcdef0123456789abcdef01234567"


def names(datasets: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(one["namespace"], one["name"]) for one in datasets]


def test_the_events_of_a_run(run_dag: Callable[..., Run], service: LocalService, tmp_path: Path) -> None:
    file = tmp_path / "events.jsonl"
    signed = f"{service.url}/_local/samples/coffee.png?q-sign-algorithm=sha1&q-signature={SIGNATURE}"
    run = run_dag(
        SCENARIOS / "lineage.py",
        {"local_dir": str(tmp_path), "signed_url": signed},
        AIRFLOW__OPENLINEAGE__TRANSPORT=json.dumps({"type": "file", "log_file_path": str(file), "append": True}),
        # Fields of tasks go along, of which lineage shows no more than it has to.
        AIRFLOW__OPENLINEAGE__INCLUDE_FULL_TASK_INFO="True",
    )
    ends = {"wait": "failed"}
    assert run.states == {**dict.fromkeys(run.states, "success"), **ends}, run.log[-6000:]
    text = file.read_text()
    events = [json.loads(line) for line in text.splitlines()]
    last = {
        event["job"]["name"].rpartition(".")[2]: event for event in events if event["eventType"] in ("COMPLETE", "FAIL")
    }
    shop, host, disk = f"cos://{service.bucket}", service.url, str(tmp_path / "made.jpeg")
    background = (shop, "samples/gravel.png")
    found = {name: (names(last[name]["inputs"]), names(last[name]["outputs"])) for name in run.states}
    # In this run all tasks share a process, and with it what Airflow keeps of hooks; a worker has one for each.
    own = found.pop("own")
    assert ("file", disk) in own[0]
    assert (shop, "kept/made.jpeg") in own[1]
    assert found.pop("wait")
    assert found == {
        "made": ([(host, "/_local/samples/coffee.png"), background], [(shop, "o/made.jpeg")]),
        "fetch": ([(shop, "o/made.jpeg")], [("file", disk)]),
        "batch": ([(shop, "samples/coffee.png"), background], [(shop, "night")]),
        "submit": ([(host, "/_local/samples/nothing.png")], []),
    }
    # Fields that are given have the 51 requests in them; neither these nor results are kept in other ones.
    assert "night/50.jpeg" not in json.dumps({**last["batch"]["run"]["facets"]["airflow"]["task"], "requests": ""})
    [night] = last["batch"]["outputs"]
    assert night["outputFacets"]["outputStatistics"]["fileCount"] == 51
    assert last["wait"]["eventType"] == "FAIL"
    facets = last["wait"]["run"]["facets"]
    assert facets["mps_error"]["code"]
    assert facets["mps_error"]["code"] in facets["errorMessage"]["message"]
    for event in events:
        # What a run is started with goes along as it is; it is no task's.
        event["run"]["facets"].get("airflow", {}).get("dagRun", {}).pop("conf", None)
        event["run"]["facets"].get("airflowDagRun", {}).get("dagRun", {}).pop("conf", None)
    assert SIGNATURE not in json.dumps(events)
    assert SIGNATURE not in run.log
