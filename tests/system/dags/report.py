"""A refresh of which one step fails, another one is skipped, and a third one is never begun."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from airflow.providers.common.compat.sdk import DAG, AirflowSkipException

try:
    from airflow.sdk import task
except ImportError:
    # Airflow 2
    from airflow.decorators import task  # type: ignore[no-redef]

from airflow_provider_mps.operators.catalogue import CatalogueReportOperator
from airflow_provider_mps.operators.mps import MpsImageBgFusionBatchOperator


def write(folder: str, name: str, lines: list[dict[str, Any]]) -> dict[str, Any]:
    path = Path(folder, name)
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    return {"path": str(path), "catalogue": f"{folder}/shop", "counts": {"unchanged": 7}}


@task
def plan(params: dict[str, Any]) -> dict[str, Any]:
    return write(params["folder"], "plan.jsonl", json.loads(params["lines"]))


@task
def skip() -> None:
    raise AirflowSkipException("nothing to do for this service")


@task
def publish(pictures: dict[str, Any]) -> dict[str, Any]:
    return pictures


@task(trigger_rule="all_done")
def links(ti: Any = None) -> list[str]:
    """What the button of a task opens; Airflow 2 asks the link in its server, and Airflow 3 here."""
    from airflow_provider_mps.links.report import CatalogueReportLink

    ids = {"dag_id": ti.dag_id, "run_id": ti.run_id, "map_index": -1}
    link = CatalogueReportLink()
    tasks = ("report", "plan")
    return [link.get_link(None, ti_key=SimpleNamespace(task_id=name, **ids)) for name in tasks]


with DAG(
    "report",
    schedule=None,
    start_date=datetime(2026, 1, 1),
    params={"folder": "", "lines": "[]"},
):
    planned = plan()
    make = MpsImageBgFusionBatchOperator(task_id="make", requests=planned, deferrable=False, poll_interval=0.2)
    skipped = skip()
    published = publish(make.output)
    planned >> skipped
    report = CatalogueReportOperator(
        task_id="report",
        plan=planned,
        pictures=[make.output, skipped],
        published=published,
        dest="{{ params.folder }}/reports",
        title="Refresh of {{ dag.dag_id }}",
        link_base="https://reports.example/{{ dag.dag_id }}",
        trigger_rule="all_done",
    )
    report >> links()
    CatalogueReportOperator(
        task_id="report_templates",
        plan="{{ ti.xcom_pull(task_ids='plan')['path'] }}",
        pictures="{{ ti.xcom_pull(task_ids='skip') }}",
        dest="cos:///reports",
        trigger_rule="all_done",
    ).set_upstream([make, skipped])
