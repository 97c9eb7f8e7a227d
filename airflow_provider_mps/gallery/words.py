"""What the gallery looks for in a run."""

from __future__ import annotations

from airflow_provider_mps.core.vocabulary import XCOM_ERROR_KEY, XCOM_RETURN_KEY
from airflow_provider_mps.services.profiles import AIDGE, MPS

TASK_ID_KEYS = (MPS.task_id_key, AIDGE.task_id_key)
"""XComs with the id that a service gave to a task."""

KEYS = (XCOM_RETURN_KEY, XCOM_ERROR_KEY, *TASK_ID_KEYS)
"""The XComs that tell of pictures."""

SUBMITTERS = (
    "AidgeBackgroundGenerationBatchOperator",
    "AidgeBackgroundGenerationOperator",
    "MpsImageBgFusionBatchOperator",
    "MpsImageBgFusionOperator",
    "MpsProcessImageOperator",
)
"""Names of the operators that have pictures made."""

WAITERS = ("AidgeImageTaskSensor", "MpsImageTaskSensor")
"""Names of the sensors that wait for them."""
