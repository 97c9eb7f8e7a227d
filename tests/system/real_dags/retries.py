"""Tasks that die on their first try, each at another moment; and tasks for a person to clear."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta
from typing import Any

from airflow.providers.common.compat.sdk import DAG

from airflow_provider_mps.hooks.mps import MpsHook
from airflow_provider_mps.operators.mps import MpsImageBgFusionOperator
from tests.operators.crash_child import DEATHS, die, patch

SUBMIT: dict[str, bool] = {}
WAIT = {"wait_for_completion": True}
DEFER = {"wait_for_completion": True, "deferrable": True}
# Each moment with a mode, and the mode for the same without Airflow's state store.
ROWS = {
    "before the intent": (SUBMIT, WAIT),
    "after the intent": (WAIT, DEFER),
    "after the request left": (WAIT, SUBMIT),
    "after the answer": (WAIT, DEFER),
    "after the record": (SUBMIT, WAIT),
    "while polling": (WAIT, WAIT),
    "after FINISH before return": (DEFER, DEFER),
}


class DyingOperator(MpsImageBgFusionOperator):
    """Dies once."""

    def __init__(self, *, death: str, with_store: bool, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.death = death
        self.with_store = with_store

    def execute(self, context: Any) -> Any:
        self._get_ready(context)
        return super().execute(context)

    def execute_complete(self, context: Any, event: Any = None) -> Any:
        self._get_ready(context)
        return super().execute_complete(context, event)

    def resume_handed_over(self, context: Any, event: Any = None) -> Any:
        self._get_ready(context)
        return super().resume_handed_over(context, event)

    def resume_in_doubt(self, context: Any, event: Any = None) -> Any:
        self._get_ready(context)
        return super().resume_in_doubt(context, event)

    def _get_ready(self, context: Any) -> None:
        if not self.with_store:
            context.pop("task_state_store", None)
        if context["ti"].try_number > 1:
            return
        DEATHS[self.death]()
        if self.death == "after the request left":
            # The service holds its answer back for longer than that.
            patch(MpsHook, "submit_task", _die_soon)


def _die_soon(submit: Any) -> Any:
    def submit_and_die(*args: Any) -> Any:
        threading.Timer(1.5, die).start()
        return submit(*args)

    return submit_and_die


# A scheduler that is behind takes the end of one try for a failure of the next, and so uses tries up: hence the delay
# and some tries to spare.
ARGUMENTS: dict[str, Any] = {
    "subject_cos_key": "/samples/coffee.png",
    "poll_interval": 0.5,
    "retries": 6,
    "retry_delay": timedelta(seconds=4),
}

with DAG("crashes", schedule=None, start_date=datetime(2026, 1, 1), catchup=False):
    for death, modes in ROWS.items():
        for with_store, mode in zip((True, False), modes, strict=True):
            name = death.replace(" ", "_") + ("" if with_store else "_no_store")
            DyingOperator(task_id=name, prompt=name, death=death, with_store=with_store, **ARGUMENTS, **mode)

with DAG("clears", schedule=None, start_date=datetime(2026, 1, 1), catchup=False):
    MpsImageBgFusionOperator(task_id="finished", prompt="finished", **ARGUMENTS, **WAIT)
    # A subject of its own: without a record, a clear waits for every task with the same one.
    MpsImageBgFusionOperator(
        task_id="running", prompt="running", **{**ARGUMENTS, "subject_cos_key": "/samples/brick.png"}, **DEFER
    )

with DAG("limits", schedule=None, start_date=datetime(2026, 1, 1), catchup=False):
    MpsImageBgFusionOperator(
        task_id="limited",
        prompt="limited",
        # Long enough to come to the deferral on a machine that is busy.
        execution_timeout=timedelta(seconds=8),
        **ARGUMENTS,
        **DEFER,
    )
