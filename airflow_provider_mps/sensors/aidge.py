"""Wait for a picture task of Alibaba Aidge."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow_provider_mps.compat import DEFERRABLE
from airflow_provider_mps.core import arguments
from airflow_provider_mps.core.arguments import ArgumentError
from airflow_provider_mps.core.polling import Deadline
from airflow_provider_mps.core.vocabulary import DEFAULT_POLL_INTERVAL, DEFAULT_TIMEOUT
from airflow_provider_mps.exceptions import invalid_arguments_fail
from airflow_provider_mps.sensors.base import PictureTaskSensor
from airflow_provider_mps.services.aidge.words import DEFAULT_AIDGE_CONN_ID
from airflow_provider_mps.services.profiles import AIDGE

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import XComArg

    # Imported where they are used: a DAG file has no need of them.
    from airflow_provider_mps.hooks.aidge import AidgeHook
    from airflow_provider_mps.triggers.aidge import AidgeImageTaskTrigger


class AidgeImageTaskSensor(PictureTaskSensor):
    """Wait until a task of Aidge is done, and return its result.

    Modes: ``poke`` holds a worker slot, ``reschedule`` frees it between looks, ``deferrable=True`` waits in the
    triggerer. Reads ``/ai/image/background/generation/query``; an error that may pass is no verdict, and neither is a
    status that is not known here: waiting goes on until ``timeout``.

    The result is a plain dict: ``{"TaskId", "Status", "Images": [{"url", "scene", "message"}]}``. A picture that Aidge
    could not make has None for its ``url``, and why in ``message``. The addresses are temporary; a signature that one
    carries is left out here, and ``AidgeToObjectStorageOperator`` asks for a new one.

    Templated: ``aidge_task_id``, ``aidge_conn_id``.

    :param aidge_task_id: the task id (str), such as the output of a submitting operator
    :param aidge_conn_id: Airflow connection (str), default ``aidge_default``
    :param deferrable: wait in the triggerer (bool); default: ``[operators] default_deferrable``
    :param poke_interval: seconds between looks (float or timedelta), default 10
    :param timeout: seconds after which waiting ends (float or timedelta), default 600
    :param soft_fail: skip the task instead of failing it, for whatever reason and in every mode (bool), default False;
        ``never_fail`` does the same
    :raises AidgeTaskFailedError: the task finished without a picture
    :raises AidgeTaskRefusedError: the same request would fail again; Airflow does not retry
    :raises AirflowSensorTimeout: the task was not done in time; Airflow does not retry the sensor
    :raises AidgeExecutionTimeoutError: it was not done within ``execution_timeout``, which holds while deferred too
    :raises AidgePermanentError: Aidge refuses to answer (unknown task id, credentials); Airflow does not retry
    """

    service = AIDGE
    template_fields: Sequence[str] = ("aidge_task_id", "aidge_conn_id")

    def __init__(
        self,
        *,
        aidge_task_id: str | XComArg,
        aidge_conn_id: str = DEFAULT_AIDGE_CONN_ID,
        deferrable: bool = DEFERRABLE,
        poke_interval: float | timedelta = DEFAULT_POLL_INTERVAL,
        timeout: float | timedelta = DEFAULT_TIMEOUT,
        **kwargs: Any,
    ) -> None:
        with invalid_arguments_fail():
            if aidge_task_id is None:
                raise ArgumentError("aidge_task_id is required: the task id to wait for")
            arguments.check_literals({"aidge_task_id": aidge_task_id}, {"aidge_task_id": arguments.text})
        super().__init__(deferrable=deferrable, poke_interval=poke_interval, timeout=timeout, **kwargs)
        self.aidge_task_id: Any = aidge_task_id
        self.aidge_conn_id = aidge_conn_id

    def make_hook(self) -> AidgeHook:
        """Return a hook for the rendered connection."""
        from airflow_provider_mps.hooks.aidge import AidgeHook

        return AidgeHook(self.aidge_conn_id)

    def make_trigger(self, deadline: Deadline, since: float | None) -> AidgeImageTaskTrigger:
        """Return the trigger that waits."""
        from airflow_provider_mps.triggers.aidge import AidgeImageTaskTrigger

        waits = self.poke_interval, deadline.at, deadline.kind.value, since
        return AidgeImageTaskTrigger(self.aidge_task_id, self.aidge_conn_id, *waits)
