"""What Airflow says to a trigger of its task, and of the triggerer that has it."""

from __future__ import annotations

from typing import Any

from airflow.providers.common.compat.sdk import conf


def priority_of(trigger: Any) -> float:
    """Return the ``priority_weight`` of the task that waits for a trigger; 1 where Airflow does not say."""
    weight = getattr(getattr(trigger, "task_instance", None), "priority_weight", None)
    return float(weight) if isinstance(weight, int | float) else 1.0


def health_check_threshold() -> float:
    """Return after how many seconds without a sign of life another triggerer takes over what a triggerer had."""
    return float(conf.getfloat("triggerer", "triggerer_health_check_threshold", fallback=30.0))


def supervisor_answers() -> None:
    """Ask the supervisor of this triggerer something that it has to ask Airflow's database; blocks.

    :raises Exception: it does not answer
    """
    from airflow.sdk.execution_time.task_runner import RuntimeTaskInstance

    RuntimeTaskInstance.get_dr_count(dag_id="none")
