"""The life of a submitting operator: check, submit, and wait if asked to."""

from __future__ import annotations

import time
from abc import abstractmethod
from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NoReturn

from airflow.providers.common.compat.sdk import AirflowTaskTimeout, BaseOperator, conf

from airflow_provider_mps.core import arguments
from airflow_provider_mps.core.codes import NO_SUCH_TASK
from airflow_provider_mps.core.errors import ServiceError
from airflow_provider_mps.core.payloads import StorageDefaults, describe_input
from airflow_provider_mps.core.polling import Limit, LookAgain, Refused, next_step
from airflow_provider_mps.core.results import TaskState
from airflow_provider_mps.core.vocabulary import (
    DEFAULT_CONN_ID,
    DEFAULT_POLL_INTERVAL,
    DEFAULT_TIMEOUT,
    XCOM_TASK_ID,
)
from airflow_provider_mps.exceptions import (
    MpsExecutionTimeoutError,
    MpsInDoubtError,
    airflow_error,
    invalid_arguments_fail,
)
from airflow_provider_mps.hooks.mps import MpsHook
from airflow_provider_mps.operators.masking import MasksSignedUrls
from airflow_provider_mps.waiting import end_of_event, limit_of_try, result_of_event, result_or_raise

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

    # Imported where it is used: a DAG file has no need of it.
    from airflow_provider_mps.operators.durable import Submitted


class MpsSubmitOperator(MasksSignedUrls, BaseOperator):
    """What every operator that submits a picture task has in common; see the operators in ``operators.mps``."""

    template_fields: Sequence[str] = ("region", "tencentcloud_conn_id")
    ui_color = "#e0f0ff"

    def __init__(
        self,
        *,
        region: str | None = None,
        tencentcloud_conn_id: str | None = DEFAULT_CONN_ID,
        wait_for_completion: bool = False,
        deferrable: bool = conf.getboolean("operators", "default_deferrable", fallback=False),
        poll_interval: float | timedelta = DEFAULT_POLL_INTERVAL,
        timeout: float | timedelta = DEFAULT_TIMEOUT,
        durable: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.region = region
        self.tencentcloud_conn_id = tencentcloud_conn_id
        self.wait_for_completion = wait_for_completion
        self.deferrable = deferrable
        self.durable = durable
        with invalid_arguments_fail():
            self.poll_interval = arguments.seconds("poll_interval", poll_interval)
            self.timeout = arguments.seconds("timeout", timeout)
            arguments.check_literals({"region": region}, {"region": arguments.region})

    @abstractmethod
    def build_payload(self, storage: StorageDefaults) -> dict[str, Any]:
        """Return the request body from the rendered arguments.

        :param storage: bucket and region of the connection
        :raises ArgumentError: a value cannot be used
        """

    @property
    def hook(self) -> MpsHook:
        """The hook for the rendered connection and region."""
        return MpsHook(self.tencentcloud_conn_id, self.region)

    def execute(self, context: Context) -> Any:
        """Submit, or join what an earlier try has submitted, and wait if asked to.

        :return: the TaskId, or with waiting the result
        """
        return self._begin(context)

    def _begin(self, context: Context) -> Any:
        hook = self.hook
        with invalid_arguments_fail():
            payload = self.build_payload(hook.settings.storage)
        submitted = self._submit(context, hook, payload)
        context["ti"].xcom_push(key=XCOM_TASK_ID, value=submitted.task_id)
        if not self.wait_for_completion:
            self._mark_delivered(context, submitted.task_id)
            return submitted.task_id
        limit = limit_of_try(self, context, submitted.since, self.timeout)
        if self.deferrable and not (submitted.state and submitted.state.done):
            self._defer(submitted.task_id, limit, "execute_complete", submitted.since)
        return self._deliver(context, self._wait(hook, submitted, limit))

    def execute_complete(self, context: Context, event: Any = None) -> dict[str, Any]:
        """Take up the task again with the trigger's event; return the result."""
        return self._deliver(context, result_of_event(event, self.timeout))

    def resume_in_doubt(self, context: Context, event: Any = None) -> Any:
        """Look again for the task of this submission, now that one that might be it is done.

        Of the event only this counts: that the triggerer may not ask at all.
        """
        end = end_of_event(event)
        if isinstance(end, Refused) and end.error.code not in NO_SUCH_TASK:
            raise airflow_error(end.error)
        return self._begin(context)

    def _submit(self, context: Context, hook: MpsHook, payload: dict[str, Any]) -> Submitted:
        from airflow_provider_mps.operators.durable import DurableSubmission, InDoubt, Submitted

        if not self.durable:
            self.log.info("Submitting ProcessImage for %s", describe_input(payload))
            submitted = Submitted(hook.process_image(payload), time.time())
            self.log.info("MPS accepted the task: TaskId %s", submitted.task_id)
            return submitted
        submission = DurableSubmission.of_task(hook, payload, context, retries=self.retries or 0, log=self.log)
        while isinstance(found := submission.ensure(), InDoubt):
            limit = limit_of_try(self, context, found.counts_from, self.timeout)
            seconds = min(self.poll_interval, limit.deadline - time.time())
            if seconds <= 0:
                raise MpsInDoubtError(
                    describe_input(payload),
                    found.why,
                    f"{found.runs}, which may be it, was not done within {limit.kind}",
                )
            if self.deferrable and found.can_be_resumed:
                self._defer(found.runs.task_id, limit, "resume_in_doubt")
            try:
                time.sleep(seconds)
            except AirflowTaskTimeout:
                reason = f"{found.runs}, which may be it, was not done within execution_timeout"
                raise MpsInDoubtError(describe_input(payload), found.why, reason) from None
        return found

    def _defer(self, task_id: str, limit: Limit, method_name: str, since: float | None = None) -> NoReturn:
        from airflow_provider_mps.triggers.mps import wait_in_triggerer

        wait_in_triggerer(
            self,
            task_id,
            tencentcloud_conn_id=self.tencentcloud_conn_id,
            region=self.region,
            poll_interval=self.poll_interval,
            limit=limit,
            method_name=method_name,
            since=since,
        )

    def _wait(self, hook: MpsHook, submitted: Submitted, limit: Limit) -> dict[str, Any]:
        task_id = submitted.task_id
        look: TaskState | ServiceError = submitted.state or hook.look(task_id)
        try:
            while True:
                step = next_step(look, now=time.time(), limit=limit, interval=self.poll_interval, since=submitted.since)
                if not isinstance(step, LookAgain):
                    return result_or_raise(task_id, step, self.timeout)
                self.log.info("MPS task %s: %s; next look in %g s", task_id, look, round(step.seconds, 1))
                time.sleep(step.seconds)
                look = hook.look(task_id)
        except AirflowTaskTimeout:
            # Airflow's own words do not say which task, nor that a retry joins it.
            raise MpsExecutionTimeoutError(task_id, str(look)) from None

    def _deliver(self, context: Context, result: dict[str, Any]) -> dict[str, Any]:
        paths = ", ".join(str(output["cos_uri"]) for output in result["Outputs"])
        self.log.info("MPS task %s finished: %s", result["TaskId"], paths)
        self._mark_delivered(context, result["TaskId"])
        return result

    def _mark_delivered(self, context: Context, task_id: str) -> None:
        if self.durable:
            from airflow_provider_mps.operators.durable import mark_delivered

            mark_delivered(context, task_id, self.log)
