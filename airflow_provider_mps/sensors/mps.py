"""Wait for a picture task of Tencent Cloud MPS."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, NoReturn

from airflow.providers.common.compat.sdk import (
    AirflowException,
    AirflowSensorTimeout,
    AirflowSkipException,
    BaseSensorOperator,
    PokeReturnValue,
    conf,
)

from airflow_provider_mps.core import arguments
from airflow_provider_mps.core.arguments import ArgumentError
from airflow_provider_mps.core.errors import ServiceError
from airflow_provider_mps.core.polling import Limit, LookAgain, Step, next_step
from airflow_provider_mps.core.results import TaskState
from airflow_provider_mps.core.vocabulary import DEFAULT_CONN_ID, DEFAULT_POLL_INTERVAL, DEFAULT_TIMEOUT
from airflow_provider_mps.exceptions import MpsTimeoutError, invalid_arguments_fail
from airflow_provider_mps.hooks.mps import MpsHook
from airflow_provider_mps.waiting import limit_of_try, result_of_event, result_or_raise

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context, XComArg


class MpsImageTaskSensor(BaseSensorOperator):
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
    :raises MpsTaskRefusedError: so it did, and Airflow does not retry: the request would end the same way again
    :raises AirflowSensorTimeout: the task was not done in time; Airflow does not retry the sensor
    :raises MpsExecutionTimeoutError: it was not done within ``execution_timeout``, which holds while deferred too
    :raises TencentCloudPermanentError: MPS refuses to answer (unknown TaskId, credentials); Airflow does not retry
    """

    template_fields: Sequence[str] = ("mps_task_id", "region", "tencentcloud_conn_id")
    ui_color = "#e0f0ff"

    def __init__(
        self,
        *,
        mps_task_id: str | XComArg,
        region: str | None = None,
        tencentcloud_conn_id: str | None = DEFAULT_CONN_ID,
        deferrable: bool = conf.getboolean("operators", "default_deferrable", fallback=False),
        poke_interval: float | timedelta = DEFAULT_POLL_INTERVAL,
        timeout: float | timedelta = DEFAULT_TIMEOUT,
        **kwargs: Any,
    ) -> None:
        with invalid_arguments_fail():
            poke_interval = arguments.seconds("poke_interval", poke_interval)
            timeout = arguments.seconds("timeout", timeout)
            if mps_task_id is None:
                raise ArgumentError("mps_task_id is required: the TaskId to wait for")
            arguments.check_literals(
                {"mps_task_id": mps_task_id, "region": region},
                {"mps_task_id": arguments.text, "region": arguments.region},
            )
        super().__init__(poke_interval=poke_interval, timeout=timeout, **kwargs)
        self.mps_task_id: Any = mps_task_id
        self.region = region
        self.tencentcloud_conn_id = tencentcloud_conn_id
        self.deferrable = deferrable

    @cached_property
    def hook(self) -> MpsHook:
        """The hook for the rendered connection and region, kept from one look to the next."""
        return MpsHook(self.tencentcloud_conn_id, self.region)

    def execute(self, context: Context) -> Any:
        """Wait in the chosen mode; return the result."""
        if self.deferrable:
            return self._wait_in_triggerer(context)
        try:
            return super().execute(context)
        except AirflowSensorTimeout:
            # Airflow's own words do not say which task, nor that it still costs.
            with self._skip_instead_of_fail():
                raise self._timeout_error("not done at the last look") from None

    def poke(self, context: Context) -> PokeReturnValue:
        """Look once."""
        with self._skip_instead_of_fail():
            _, step = self._look(Limit(float("inf")))
            if isinstance(step, LookAgain):
                return PokeReturnValue(is_done=False)
            return PokeReturnValue(is_done=True, xcom_value=result_or_raise(self.mps_task_id, step, self.timeout))

    def execute_complete(self, context: Context, event: Any = None) -> dict[str, Any]:
        """Take up the task again with the trigger's event; return the result."""
        with self._skip_instead_of_fail():
            try:
                result = result_of_event(event, self.timeout)
            except MpsTimeoutError as error:
                raise self._timeout_error(error.last_seen) from None
        self.log.info("MPS task %s: %s", self.mps_task_id, result["Status"])
        return result

    def _wait_in_triggerer(self, context: Context) -> dict[str, Any]:
        limit = limit_of_try(self, context, time.time(), self.timeout)
        with self._skip_instead_of_fail():
            look, step = self._look(limit)
        if isinstance(step, LookAgain):
            self._defer(limit, look.created if isinstance(look, TaskState) else None)
        with self._skip_instead_of_fail():
            return result_or_raise(self.mps_task_id, step, self.timeout)

    def _defer(self, limit: Limit, since: float | None) -> NoReturn:
        from airflow_provider_mps.triggers.mps import wait_in_triggerer

        wait_in_triggerer(
            self,
            self.mps_task_id,
            tencentcloud_conn_id=self.tencentcloud_conn_id,
            region=self.region,
            poll_interval=self.poke_interval,
            limit=limit,
            method_name="execute_complete",
            since=since,
        )

    def _look(self, limit: Limit) -> tuple[TaskState | ServiceError, Step]:
        with invalid_arguments_fail():
            task_id = arguments.text("mps_task_id", self.mps_task_id)
        look = self.hook.look(task_id)
        self.log.info("MPS task %s: %s", task_id, look)
        return look, next_step(look, now=time.time(), limit=limit, interval=self.poke_interval)

    @contextmanager
    def _skip_instead_of_fail(self) -> Iterator[None]:
        """Make ``soft_fail`` and ``never_fail`` mean the same in every mode; Airflow's own base differs by mode."""
        try:
            yield
        except AirflowException as error:
            if self.soft_fail or getattr(self, "never_fail", False):
                raise AirflowSkipException(str(error)) from error
            raise

    def _timeout_error(self, last_seen: str) -> AirflowSensorTimeout:
        return AirflowSensorTimeout(str(MpsTimeoutError(self.mps_task_id, self.timeout, last_seen)))
