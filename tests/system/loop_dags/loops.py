"""A loop of three iterations: a task that dies in its first try of the second one, and a mapped task that defers."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from airflow.sdk import DAG, task_group

from airflow_provider_mps.operators.mps import MpsImageBgFusionOperator
from tests.operators.crash_child import DEATHS

ARGUMENTS: dict[str, Any] = {
    "subject_cos_key": "/samples/coffee.png",
    "poll_interval": 0.5,
    "wait_for_completion": True,
    "retries": 6,
    "retry_delay": timedelta(seconds=1),
}


class DyingOperator(MpsImageBgFusionOperator):
    """Dies once, in the second iteration, with an answer that is not on record yet."""

    def execute(self, context: Any) -> Any:
        if context["loop"].index == 1 and context["ti"].try_number == 1:
            DEATHS["after the answer"]()
        return super().execute(context)


with DAG("loops", schedule=None, start_date=datetime(2026, 1, 1), catchup=False):

    @task_group
    def refresh() -> None:
        """Make the same pictures each time."""
        dying = DyingOperator(task_id="dying", prompt="plain", **ARGUMENTS)
        mapped = MpsImageBgFusionOperator.partial(task_id="mapped", deferrable=True, **ARGUMENTS)
        dying >> mapped.expand(prompt=["mapped 0", "mapped 1"])

    refresh.loop(max_iterations=3)
