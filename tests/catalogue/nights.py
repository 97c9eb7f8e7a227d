"""Nights of a catalogue's refresh, some of which come to a bad end."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import TaskDeferred

from airflow_provider_mps.local.service import LocalService
from airflow_provider_mps.operators import catalogue_plan
from airflow_provider_mps.operators.catalogue import CataloguePlanOperator, CataloguePublishOperator
from airflow_provider_mps.operators.mps import MpsImageBgFusionBatchOperator
from tests.task_context import StateStore, execute, make_context

CATALOGUE = "cos:///catalogues/shop"
SKUS = ["vase-amber", "jar-plum", "tin-tea"]
MANIFEST = [{"sku": sku, "subject_cos_key": f"/samples/catalogue/{sku}.png"} for sku in SKUS]
LOOKS = {"brick": {"bg_cos_key": "/samples/brick.png"}}


class Nights:
    """Runs of the refresh, as Airflow would start them; what Airflow says of a run that has ended is given."""

    def __init__(self, service: LocalService, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.service, self.folder = service, folder
        self.over: set[str] = set()
        monkeypatch.setattr(catalogue_plan, "is_run_over", lambda ti, dag_id, run_id: run_id in self.over)

    def context(self, run: str, task: str, **ti: Any) -> Any:
        store = StateStore(self.folder / f"{run}-{task}")
        return make_context(store, dag_id="shop", run_id=run, task_id=task, **ti)

    def plan(self, run: str, **arguments: Any) -> dict[str, Any]:
        given = {"manifest": MANIFEST, "looks": LOOKS, "catalogue": CATALOGUE, "publish_to": "/shop/{sku}.{ext}"}
        operator = CataloguePlanOperator(task_id="plan", **{**given, **arguments})
        return dict(execute(operator, self.context(run, "plan")))

    def make(self, run: str, plan: dict[str, Any], **arguments: Any) -> Any:
        arguments = {"deferrable": False, "poll_interval": 0.1, **arguments}
        operator = MpsImageBgFusionBatchOperator(task_id="make", requests=plan, **arguments)
        return execute(operator, self.context(run, "make"))

    def begin(self, run: str, **arguments: Any) -> dict[str, Any]:
        """Submit all that a run makes, and never come back."""
        plan = self.plan(run, **arguments)
        with pytest.raises(TaskDeferred):
            self.make(run, plan, deferrable=True)
        return plan

    def end_tasks(self) -> None:
        """Let all tasks come to their end."""
        for task in self.service.tasks:
            task.seconds = 0.0

    def publish(self, run: str, pictures: dict[str, Any]) -> dict[str, Any]:
        operator = CataloguePublishOperator(task_id="publish", pictures=pictures, unchecked=True)
        return dict(execute(operator, self.context(run, "publish")))

    def lines(self, output: dict[str, Any]) -> list[dict[str, Any]]:
        key = output["path"].removeprefix("cos://")
        return [json.loads(line) for line in self.service.get_object(self.service.bucket, key).splitlines()]
