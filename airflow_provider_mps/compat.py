"""What depends on the version of Airflow, and of what comes with it.

A release of Airflow is installed with the providers of its day: 2.11.1 to 3.3.1 bring common-compat 1.13 to 1.18, and
whoever keeps to the constraints of a release keeps these. So no other module imports a name that is newer than the
floor in ``pyproject.toml``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import mask_secret
else:
    try:
        # common-compat 1.22 and newer
        from airflow.providers.common.compat.sdk import mask_secret
    except ImportError:
        try:
            # Airflow 3.1 and newer
            from airflow.sdk.log import mask_secret
        except ImportError:
            try:
                # Airflow 3.0
                from airflow.sdk.execution_time.secrets_masker import mask_secret
            except ImportError:
                # Airflow 2
                from airflow.utils.log.secrets_masker import mask_secret

__all__ = ["first_reschedule", "mask_secret"]


def first_reschedule(context: Any, retries: int) -> Any:
    """Return when a sensor that reschedules itself first looked in this try (datetime); None if this is the first look.

    Airflow 2 asks its database, and tells a task no start of its own then.

    :param retries: ``retries`` of the sensor
    """
    ti = context["ti"]
    if hasattr(ti, "get_first_reschedule_date"):
        return ti.get_first_reschedule_date(context)
    try:
        from airflow.sensors.base import _orig_start_date  # type: ignore[import-not-found]
    except ImportError:
        return None
    first_try = (ti.max_tries or 0) - retries + 1
    return _orig_start_date(ti.dag_id, ti.task_id, ti.run_id, ti.map_index, first_try)
