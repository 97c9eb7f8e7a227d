"""What Airflow says to a trigger of its task, and of the triggerer that has it."""

from __future__ import annotations

from typing import Any

from airflow.providers.common.compat.sdk import conf

from airflow_provider_mps.compat import task_key
from airflow_provider_mps.core.airflow_task import TaskKey


def priority_of(trigger: Any) -> float:
    """Return the ``priority_weight`` of the task that waits for a trigger; 1 where Airflow does not say."""
    weight = getattr(getattr(trigger, "task_instance", None), "priority_weight", None)
    return float(weight) if isinstance(weight, int | float) else 1.0


def health_check_threshold() -> float:
    """Return after how many seconds without a sign of life another triggerer takes over what a triggerer had."""
    return float(conf.getfloat("triggerer", "triggerer_health_check_threshold", fallback=30.0))


class TriggerMark:
    """A mark on the task of a trigger, in an XCom: each triggerer sees what another one has left.

    A call costs the supervisor of the triggerer 38 ms of a core (measured on Airflow 3.3.2), one after the other.

    :param task: whose XCom it is
    :param key: of the XCom
    """

    def __init__(self, task: TaskKey, key: str) -> None:
        self._task = {
            "dag_id": task.dag_id,
            "task_id": task.task_id,
            "run_id": task.run_id,
            "map_index": task.map_index,
        }
        self._key = key

    def read(self) -> Any:
        """Return the mark, None if there is none; blocks.

        :raises Exception: it is not known
        """
        from airflow.sdk.execution_time.xcom import XCom

        return XCom.get_one(key=self._key, **self._task)

    def leave(self, value: Any) -> None:
        """Leave a mark, which each triggerer sees once this returns; blocks.

        :param value: plain JSON
        :raises Exception: it may not be there
        """
        from airflow.sdk.execution_time.xcom import XCom

        XCom.set(self._key, value, **self._task)


def mark_of(trigger: Any, key: str) -> TriggerMark | None:
    """Return the mark of a trigger; None where no trigger of its task can leave one.

    In a loop it would be that of all iterations, and ``dag.test()`` tells a trigger no task.

    :param key: of the XCom
    """
    ti = getattr(trigger, "task_instance", None)
    task = None if ti is None else task_key(ti)
    return None if task is None or task.iteration else TriggerMark(task, key)


def supervisor_answers() -> None:
    """Ask the supervisor of this triggerer something that it has to ask Airflow's database; blocks.

    :raises Exception: it does not answer
    """
    from airflow.sdk.execution_time.task_runner import RuntimeTaskInstance

    RuntimeTaskInstance.get_dr_count(dag_id="none")
