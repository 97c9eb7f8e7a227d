"""Under a whole Airflow, a DAG that is scheduled on what is published runs for what has changed, and no more."""

from __future__ import annotations

import json
from typing import Any

import pytest

from airflow_provider_mps.compat import HAS_PARTITIONS
from airflow_provider_mps.local.service import LocalService
from tests.operators.publishing import Shop, labelled
from tests.system.real_airflow import RealAirflow
from tests.task_context import AIRFLOW_3_0

pytestmark = [pytest.mark.alone, pytest.mark.timeout(600)]


@pytest.fixture
def shop(cloud: LocalService, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Shop:
    monkeypatch.setenv("AIRFLOW_CONN_TENCENTCLOUD_DEFAULT", json.dumps(cloud.connection()))
    return Shop(cloud, f"cos://{cloud.bucket}/catalogues/{request.node.name}")


def publish(airflow: RealAirflow, dag_id: str, made: dict[str, Any]) -> dict[str, int]:
    """Publish in a run of its own, and return the counts."""
    run_id = airflow.trigger(dag_id, {name: made[name] for name in ("path", "catalogue")})
    [task] = airflow.wait_finished(dag_id, run_id, 120)
    assert task.state == "success", airflow.task_log(dag_id, run_id, "publish")[-5000:]
    output = airflow.xcom(dag_id, run_id, "publish")
    assert len(json.dumps(output)) < 2048
    return {kind: count for kind, count in output["counts"].items() if count}


def of_an_alias(*skus: str) -> dict[str, Any]:
    """Return what a run says that is scheduled on an alias; Airflow 3.0 starts it, and does not tell it why."""
    return {"key": None, "skus": [] if AIRFLOW_3_0 else [[*skus]]}


def told(airflow: RealAirflow, dag_id: str, count: int) -> list[Any]:
    """Return what the runs of a DAG say that they are for, once there are so many."""
    found = airflow.wait_runs(dag_id, count, 120)
    for run_id in found:
        airflow.wait_finished(dag_id, run_id, 120)
    return [airflow.xcom(dag_id, run_id, "tell") for run_id in found]


def test_an_alias_starts_a_dag_for_what_has_changed(airflow: RealAirflow, shop: Shop) -> None:
    made = shop.make([shop.line("cup/white"), shop.line("cup/wood"), shop.line("bowl/white")])
    assert publish(airflow, "publish", made) == {"published": 3}
    assert told(airflow, "for_what_changed", 1) == [of_an_alias("cup", "bowl")]
    # Nothing has changed: no event, in the very transaction in which the task has succeeded.
    assert publish(airflow, "publish", made) == {"unchanged": 3}
    assert airflow.asset_events() == 1
    lines = [shop.line("cup/white"), shop.line("cup/wood"), shop.line("bowl/white", 2)]
    assert publish(airflow, "publish", shop.make(lines)) == {"published": 1, "unchanged": 2}
    assert told(airflow, "for_what_changed", 2)[1] == of_an_alias("bowl")
    assert airflow.asset_events() == 2
    assert shop.get(shop.final("bowl/white")) == labelled("bowl/white", 2)


@pytest.mark.skipif(not HAS_PARTITIONS, reason="Airflow has partitions from 3.3 on")
def test_a_partition_starts_a_dag_for_each_product_that_has_changed(airflow: RealAirflow, shop: Shop) -> None:
    made = shop.make([shop.line("cup/white"), shop.line("cup/wood"), shop.line("bowl/white")])
    assert publish(airflow, "publish_partitions", made) == {"published": 3}
    found = told(airflow, "for_a_product", 2)
    assert sorted(one["key"] for one in found) == ["bowl", "cup"]
    # The asset has an event as the task has succeeded, of no partition, and no DAG runs for it.
    assert publish(airflow, "publish_partitions", made) == {"unchanged": 3}
    assert publish(airflow, "publish_partitions", shop.make([shop.line("bowl/white", 2)])) == {"published": 1}
    assert [one["key"] for one in told(airflow, "for_a_product", 3)][2] == "bowl"
