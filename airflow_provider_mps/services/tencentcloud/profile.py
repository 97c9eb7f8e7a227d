"""The profiles of MPS, COS and STS."""

from __future__ import annotations

from airflow_provider_mps.core.services import ServiceProfile, register
from airflow_provider_mps.services.tencentcloud import codes
from airflow_provider_mps.services.tencentcloud.words import XCOM_TASK_ID, Action, Service

MPS = register(
    ServiceProfile(
        name=Service.MPS.value,
        conn_id_field="tencentcloud_conn_id",
        free_actions=frozenset({Action.DESCRIBE_IMAGE_TASK_DETAIL, Action.DESCRIBE_IMAGE_TASKS}),
        code_rule=codes.rule_for,
        no_such_task=codes.says_no_such_task,
        task_rules=codes.task_rules,
        task_id_key=XCOM_TASK_ID,
        task_id_word="TaskId",
        record_key="mps_submission",
        pictures_key="Outputs",
        late_advice=(
            "Raise timeout, or clear the task: unless durable=False a clear joins it and waits anew. A retry only "
            "looks once more, as nothing of timeout is left."
        ),
        ended_advice=(
            "Unless durable=False a retry joins it for what is left of timeout, and a clear joins it and waits anew."
        ),
    )
)

COS = register(
    ServiceProfile(
        name=Service.COS.value,
        conn_id_field="tencentcloud_conn_id",
        # What is stored, copied or removed again ends the same.
        free_actions=frozenset(
            {"GetObject", "HeadObject", "PutObject", "CopyObject", "DeleteObject", "HeadBucket", "GetBucket"}
        ),
        code_rule=codes.rule_for,
    )
)

STS = register(
    ServiceProfile(
        name=Service.STS.value,
        conn_id_field="tencentcloud_conn_id",
        free_actions=frozenset({"AssumeRole", "credentials"}),
        code_rule=codes.rule_for,
    )
)

CREDENTIALS = register(
    ServiceProfile(
        name=Service.CREDENTIALS.value,
        conn_id_field="tencentcloud_conn_id",
        free_actions=frozenset({"credentials"}),
        code_rule=codes.rule_for,
    )
)
