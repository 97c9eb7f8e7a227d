"""Wait for a picture task of Tencent Cloud MPS."""

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
from airflow_provider_mps.links.console import MpsConsoleLink
from airflow_provider_mps.links.gallery import RESULT_LINKS
from airflow_provider_mps.sensors.base import PictureTaskSensor
from airflow_provider_mps.services.profiles import MPS
from airflow_provider_mps.services.tencentcloud.words import DEFAULT_CONN_ID

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import XComArg

    # Imported where they are used: a DAG file has no need of them.
    from airflow_provider_mps.hooks.mps import MpsHook
    from airflow_provider_mps.triggers.mps import MpsImageTaskTrigger


class MpsImageTaskSensor(PictureTaskSensor):
    """Wait until a picture task is done, and return its result.

    Modes: ``poke`` holds a worker slot, ``reschedule`` frees it between looks, ``deferrable=True`` waits in the
    triggerer. Reads ``DescribeImageTaskDetail`` (https://cloud.tencent.com/document/api/862/118509); an error that may
    pass is no verdict, and waiting goes on until ``timeout``.

    The result is a plain dict: ``{"TaskId", "Status", "CreateTime", "FinishTime", "Outputs": [{"bucket", "region",
    "path", "cos_uri", "url"}]}``.

    Templated: ``mps_task_id``, ``region``, ``tencentcloud_conn_id``.

    :param mps_task_id: the TaskId (str), such as the output of a submitting operator
    :param region: region of the MPS API (str); default: the connection's, ``TENCENTCLOUD_API_REGION``, ``ap-guangzhou``
    :param tencentcloud_conn_id: Airflow connection (str), default ``tencentcloud_default``; None reads the environment
    :param deferrable: wait in the triggerer (bool); default: ``[operators] default_deferrable``
    :param poke_interval: seconds between looks (float or timedelta), default 10
    :param timeout: seconds after which waiting ends (float or timedelta), default 600
    :param soft_fail: skip the task instead of failing it, for whatever reason and in every mode (bool), default False;
        ``never_fail`` does the same
    :raises MpsTaskFailedError: the task finished with an ErrMsg, of its own or of an entry
    :raises MpsTaskRefusedError: the same request would fail again; Airflow does not retry
    :raises AirflowSensorTimeout: the task was not done in time; Airflow does not retry the sensor
    :raises MpsExecutionTimeoutError: it was not done within ``execution_timeout``, which holds while deferred too
    :raises TencentCloudPermanentError: MPS refuses to answer (unknown TaskId, credentials); Airflow does not retry
    """

    service = MPS
    operator_extra_links = (*RESULT_LINKS, MpsConsoleLink())
    template_fields: Sequence[str] = ("mps_task_id", "region", "tencentcloud_conn_id")

    def __init__(
        self,
        *,
        mps_task_id: str | XComArg,
        region: str | None = None,
        tencentcloud_conn_id: str | None = DEFAULT_CONN_ID,
        deferrable: bool = DEFERRABLE,
        poke_interval: float | timedelta = DEFAULT_POLL_INTERVAL,
        timeout: float | timedelta = DEFAULT_TIMEOUT,
        **kwargs: Any,
    ) -> None:
        with invalid_arguments_fail():
            if mps_task_id is None:
                raise ArgumentError("mps_task_id is required: the TaskId to wait for")
            arguments.check_literals(
                {"mps_task_id": mps_task_id, "region": region},
                {"mps_task_id": arguments.text, "region": arguments.region},
            )
        super().__init__(deferrable=deferrable, poke_interval=poke_interval, timeout=timeout, **kwargs)
        self.mps_task_id: Any = mps_task_id
        self.region = region
        self.tencentcloud_conn_id = tencentcloud_conn_id

    def make_hook(self) -> MpsHook:
        """Return a hook for the rendered connection and region."""
        from airflow_provider_mps.hooks.mps import MpsHook

        return MpsHook(self.tencentcloud_conn_id, self.region)

    def make_trigger(self, deadline: Deadline, since: float | None) -> MpsImageTaskTrigger:
        """Return the trigger that waits."""
        from airflow_provider_mps.triggers.mps import MpsImageTaskTrigger

        waits = self.poke_interval, deadline.at, deadline.kind.value, since
        return MpsImageTaskTrigger(self.mps_task_id, self.tencentcloud_conn_id, self.region, *waits)
