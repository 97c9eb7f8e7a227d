"""The profile of Aidge."""

from __future__ import annotations

from airflow_provider_mps.core.services import ServiceProfile, register
from airflow_provider_mps.services.aidge import codes
from airflow_provider_mps.services.aidge.words import AIDGE_NAME, DOWNLOAD, XCOM_AIDGE_TASK_ID, AidgeAction

AIDGE = register(
    ServiceProfile(
        name=AIDGE_NAME,
        conn_id_field="aidge_conn_id",
        free_actions=frozenset({AidgeAction.QUERY, AidgeAction.SCENES, DOWNLOAD}),
        code_rule=codes.rule_for,
        no_such_task=codes.says_no_such_task,
        task_rules=codes.task_rules,
        task_id_key=XCOM_AIDGE_TASK_ID,
        record_key="aidge_submission",
        pictures_key="Images",
        late_advice=(
            "Raise timeout, or clear the task: where Airflow keeps the state of tasks (3.3 and newer) a clear joins it "
            "and waits anew, and a retry only looks once more, as nothing of timeout is left; elsewhere a clear "
            "submits again, and on_doubt decides about a retry. If it never ends, set on_doubt='resubmit' and clear "
            "the task: that submits again."
        ),
        ended_advice=(
            "Where Airflow keeps the state of tasks (3.3 and newer) a retry joins it for what is left of timeout, and "
            "a clear joins it and waits anew; elsewhere a clear submits again, and on_doubt decides about a retry."
        ),
        unknown_task_hint=(
            "Aidge does not know this task for these keys: check the task id, and login of the connection."
        ),
    )
)
