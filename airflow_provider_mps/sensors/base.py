"""What the sensors that wait for a picture task have in common."""

from __future__ import annotations

import time
from abc import abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.providers.common.compat.sdk import (
    AirflowException,
    AirflowSensorTimeout,
    AirflowSkipException,
    AirflowTaskTimeout,
    BaseSensorOperator,
    PokeReturnValue,
)

from airflow_provider_mps.compat import DEFERRABLE, first_reschedule, rescheduling_context
from airflow_provider_mps.core import arguments
from airflow_provider_mps.core.errors import ServiceError, describe_look
from airflow_provider_mps.core.polling import (
    EMPTY_LOOKS,
    EMPTY_SECONDS,
    Deadline,
    LookAgain,
    PollDecision,
    WaitOutcome,
    count_empty,
    next_step,
)
from airflow_provider_mps.core.services import ServiceProfile
from airflow_provider_mps.core.tasks import TaskState
from airflow_provider_mps.core.vocabulary import DEFAULT_POLL_INTERVAL, DEFAULT_TIMEOUT
from airflow_provider_mps.error_table import task_errors
from airflow_provider_mps.exceptions import (
    TaskExecutionTimeoutError,
    TaskTimeoutError,
    invalid_arguments_fail,
    not_done,
)
from airflow_provider_mps.failures import failures_in_short
from airflow_provider_mps.lineage.reporting import ReportsLineage, reports_lineage
from airflow_provider_mps.links.gallery import RESULT_LINKS, note_result
from airflow_provider_mps.polling.waiting import (
    TaskReader,
    deadline_of_try,
    result_of_event,
    result_or_raise,
    try_began,
)
from airflow_provider_mps.rendering import TemplatedFields
from airflow_provider_mps.resuming import BeginsAnew

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

    # Imported where it is used: a DAG file has no need of it.
    from airflow_provider_mps.triggers.base import PictureTaskTrigger


class PictureTaskSensor(ReportsLineage, TemplatedFields, BeginsAnew, BaseSensorOperator):
    """Wait until a picture task is done, in ``poke``, ``reschedule`` or deferrable mode, and return its result.

    :param deferrable: wait in the triggerer (bool); default: ``[operators] default_deferrable``
    :param poke_interval: seconds between looks (float or timedelta), default 10
    :param timeout: seconds after which waiting ends (float or timedelta), default 600
    """

    service: ClassVar[ServiceProfile]
    operator_extra_links = RESULT_LINKS
    ui_color = "#e0f0ff"

    def __init__(
        self,
        *,
        deferrable: bool = DEFERRABLE,
        poke_interval: float | timedelta = DEFAULT_POLL_INTERVAL,
        timeout: float | timedelta = DEFAULT_TIMEOUT,
        **kwargs: Any,
    ) -> None:
        with invalid_arguments_fail():
            poke_interval = arguments.seconds("poke_interval", poke_interval)
            timeout = arguments.seconds("timeout", timeout)
        super().__init__(poke_interval=poke_interval, timeout=timeout, **kwargs)
        self.deferrable = deferrable
        self._empty_looks = 0
        self._began_at: float | None = None

    @abstractmethod
    def make_hook(self) -> TaskReader:
        """Return a hook for the rendered connection."""

    @abstractmethod
    def make_trigger(self, deadline: Deadline, since: float | None) -> PictureTaskTrigger:
        """Return the trigger that waits.

        :param since: when the service accepted the task, seconds since the epoch; None if that is not known
        """

    @cached_property
    def hook(self) -> TaskReader:
        """The hook, kept from one look to the next."""
        return self.make_hook()

    @failures_in_short
    @reports_lineage
    def execute(self, context: Context) -> Any:
        """Wait in the chosen mode; return the result."""
        with self._skip_instead_of_fail():
            self.check_found()
        if self.deferrable:
            return self._wait_in_triggerer(context)
        try:
            return super().execute(rescheduling_context(context) if self.reschedule else context)
        except AirflowSensorTimeout:
            # Airflow's own words do not say which task, nor that it still costs.
            with self._skip_instead_of_fail():
                raise self._timeout_error("not done at the last look") from None
        except AirflowTaskTimeout:
            ended = task_errors(self.service.name).execution_timeout
            raise ended(self._service_task_id, "not done at the last look", "A retry waits for it again.") from None

    def poke(self, context: Context) -> PokeReturnValue:
        """Look once."""
        with self._skip_instead_of_fail():
            _, step = self._look(context, Deadline(float("inf")))
            if isinstance(step, LookAgain):
                return PokeReturnValue(is_done=False)
            return PokeReturnValue(is_done=True, xcom_value=self._result(step))

    def resume_execution(self, next_method: str, next_kwargs: dict[str, Any] | None, context: Context) -> Any:
        """Take up the task again after a deferral; Airflow's own end of a trigger does not say which task it was."""
        try:
            return super().resume_execution(next_method, next_kwargs, context)
        except AirflowException as error:
            # A sensor's own timeout or, on Airflow 2, a bare error.
            if "Trigger timeout" not in str(error) or isinstance(error, AirflowSkipException):
                raise
            with self._skip_instead_of_fail():
                raise self._timeout_error("the triggerer did not answer in time") from None

    @failures_in_short
    @reports_lineage
    def execute_complete(self, context: Context, event: Any = None) -> dict[str, Any]:
        """Take up the task again with the trigger's event; return the result."""
        with self._skip_instead_of_fail():
            try:
                result = result_of_event(event, self.timeout, self.service)
            except TaskTimeoutError as error:
                raise self._timeout_error(error.last_seen) from None
            except TaskExecutionTimeoutError as error:
                raise type(error)(error.task_id, error.last_seen, "A retry waits for it again.") from None
        self.log.info("%s task %s: %s", self.service, self._service_task_id, result["Status"])
        note_result(self, result)
        return result

    def _wait_in_triggerer(self, context: Context) -> dict[str, Any]:
        deadline = deadline_of_try(self, context, time.time(), self.timeout)
        with self._skip_instead_of_fail():
            look, step = self._look(context, deadline)
        if isinstance(step, LookAgain):
            from airflow_provider_mps.triggers.base import defer_to

            # A task that is not known yet was accepted just now, if at all.
            since = look.created if isinstance(look, TaskState) else self._began(context)
            defer_to(self, self.make_trigger(deadline, since), "execute_complete")
        with self._skip_instead_of_fail():
            return self._result(step)

    def _result(self, step: WaitOutcome) -> dict[str, Any]:
        result = result_or_raise(self._service_task_id, step, self.timeout, self.service)
        note_result(self, result)
        return result

    @property
    def _service_task_id(self) -> str:
        name = self.service.task_id_key
        with invalid_arguments_fail():
            return arguments.text(name, getattr(self, name))

    def _look(self, context: Context, deadline: Deadline) -> tuple[TaskState | ServiceError, PollDecision]:
        began = self._began(context)
        look, now = self.hook.look(self._service_task_id), time.time()
        self.log.info("%s task %s: %s", self.service, self._service_task_id, describe_look(look))
        self._empty_looks = count_empty(look, self._empty_looks)
        if self.reschedule and isinstance(look, TaskState) and now >= (look.empty_since or now) + EMPTY_SECONDS:
            # Each look is a process of its own, which counts from nothing. Aidge does not say when a task finished, so
            # that a sensor which reschedules goes on until its timeout.
            self._empty_looks = EMPTY_LOOKS
        step = next_step(
            look,
            service=self.service.name,
            now=now,
            deadline=deadline,
            interval=self.poke_interval,
            since=began,
            empty_looks=self._empty_looks,
        )
        return look, step

    def _began(self, context: Context) -> float:
        """Return when this sensor began to wait, seconds since the epoch: its task may have been new then."""
        if self._began_at is None:
            began = first_reschedule(context, self.retries or 0) if self.reschedule and "ti" in context else None
            self._began_at = began.timestamp() if began else try_began(context) if "ti" in context else time.time()
        return self._began_at

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
        # No retry, and nothing that this task could submit: the words of the operators' error would be wrong.
        said = not_done(self.service.name, self._service_task_id, f"timeout={self.timeout:g} s", last_seen)
        return AirflowSensorTimeout(
            f"{said} Airflow does not retry a sensor that is out of time: clear it, and it waits again."
        )
