"""What every operator that submits a picture has in common, whoever makes it: waiting, and what comes of it."""

from __future__ import annotations

import time
from abc import abstractmethod
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

from airflow.providers.common.compat.sdk import AirflowTaskTimeout, BaseOperator

from airflow_provider_mps.compat import DEFERRABLE
from airflow_provider_mps.core import arguments
from airflow_provider_mps.core.polling import Deadline
from airflow_provider_mps.core.services import ServiceProfile
from airflow_provider_mps.core.vocabulary import DEFAULT_POLL_INTERVAL, DEFAULT_TIMEOUT, LimitKind
from airflow_provider_mps.exceptions import invalid_arguments_fail
from airflow_provider_mps.failures import failures_in_short
from airflow_provider_mps.lineage.reporting import ReportsLineage, reports_lineage
from airflow_provider_mps.links.gallery import RESULT_LINKS, note_result
from airflow_provider_mps.polling.waiting import (
    TaskReader,
    deadline_of_try,
    result_of_event,
    wait_in_worker,
)
from airflow_provider_mps.rendering import TemplatedFields
from airflow_provider_mps.resuming import BeginsAnew

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

    # Imported where they are used: a DAG file has no need of them.
    from airflow_provider_mps.core.airflow_task import TaskKey
    from airflow_provider_mps.core.fingerprint import Fingerprint
    from airflow_provider_mps.core.flow import Terms
    from airflow_provider_mps.core.steps import InDoubt, Submitted
    from airflow_provider_mps.core.submission import Record
    from airflow_provider_mps.triggers.base import PictureTaskTrigger


class PictureSubmitOperator(ReportsLineage, TemplatedFields, BeginsAnew, BaseOperator):
    """Waits for what it has submitted, in the worker or in the triggerer, or does not wait at all.

    :param wait_for_completion: wait for the result (bool), default False
    :param deferrable: wait in the triggerer instead of the worker (bool); default: ``[operators] default_deferrable``
    :param poll_interval: seconds between looks (float or timedelta), default 10
    :param timeout: seconds from submission after which waiting ends (float or timedelta), default 600; it goes on
        through retries, and a person who clears the task lets it begin anew
    """

    service: ClassVar[ServiceProfile]
    template_fields: Sequence[str] = ()
    operator_extra_links = RESULT_LINKS
    ui_color = "#e0f0ff"

    def __init__(
        self,
        *,
        wait_for_completion: bool = False,
        deferrable: bool = DEFERRABLE,
        poll_interval: float | timedelta = DEFAULT_POLL_INTERVAL,
        timeout: float | timedelta = DEFAULT_TIMEOUT,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.wait_for_completion = wait_for_completion
        self.deferrable = deferrable
        with invalid_arguments_fail():
            self.poll_interval = arguments.seconds("poll_interval", poll_interval)
            self.timeout = arguments.seconds("timeout", timeout)

    @abstractmethod
    def make_trigger(self, task_id: str, deadline: Deadline, since: float | None) -> PictureTaskTrigger:
        """Return the trigger that waits.

        :param since: when the service accepted the task, seconds since the epoch; None if that is not known
        """

    def _submit_durably(
        self,
        context: Context,
        hook: Any,
        terms: Terms,
        identify: Callable[[TaskKey], Fingerprint],
        hand_over: Callable[[Record], None] | None = None,
    ) -> Submitted:
        """Return the task that makes the pictures: one that is known, one that is found, or else a new one.

        :param hook: calls the service
        :param terms: those of the service
        :param identify: gives the fingerprint of the request of an Airflow task
        :param hand_over: defers the task, where the triggerer submits; only if the record outlives the try
        """
        from airflow_provider_mps.core.flow import SubmissionFlow
        from airflow_provider_mps.durable.drivers import carry_out
        from airflow_provider_mps.durable.port import HookPort
        from airflow_provider_mps.durable.store import store_of
        from airflow_provider_mps.durable.tries import airflow_try_of, task_of

        store = store_of(context, self.service)
        attempt = airflow_try_of(
            context,
            self.service,
            self.retries or 0,
            keeps_records=store.keeps_records,
            returns_result=self.wait_for_completion,
        )
        flow = SubmissionFlow(
            terms,
            identify(task_of(context)),
            attempt,
            self.log,
            keeps_records=store.keeps_records,
            hands_over=hand_over is not None and store.keeps_records,
        )
        port = HookPort(hook, store, lambda doubt: self._wait_in_doubt(context, terms, doubt), hand_over)
        return carry_out(flow.run(), port)

    def _wait_in_doubt(self, context: Context, terms: Terms, doubt: InDoubt) -> None:
        """Wait for a task that may be ours, here or in the triggerer.

        :raises Exception: there is no time left
        """
        deadline = deadline_of_try(self, context, doubt.counts_from, self.timeout)
        seconds = min(self.poll_interval, deadline.at - time.time())
        if seconds <= 0:
            raise terms.out_of_time(doubt, deadline.kind)
        if self.deferrable and doubt.can_be_resumed:
            self._defer(doubt.runs.task_id, deadline, None, "resume_in_doubt")
        try:
            time.sleep(seconds)
        except AirflowTaskTimeout:
            raise terms.out_of_time(doubt, LimitKind.EXECUTION_TIMEOUT) from None

    @failures_in_short
    @reports_lineage
    def execute_complete(self, context: Context, event: Any = None) -> dict[str, Any]:
        """Take up the task again with the trigger's event; return the result."""
        return self._deliver(context, result_of_event(event, self.timeout, self.service))

    def _go_on(self, context: Context, hook: TaskReader, submitted: Submitted) -> Any:
        """Return the id of the task, or with waiting its result."""
        task_id, since = submitted.task_id, submitted.since
        if self.do_xcom_push:
            context["ti"].xcom_push(key=self.service.task_id_key, value=task_id)
        if not self.wait_for_completion:
            self._mark_delivered(context, task_id)
            return task_id
        deadline = deadline_of_try(self, context, submitted.counts_from, self.timeout)
        if submitted.state is not None and not submitted.state.done:
            self._log_time_left(submitted.counts_from + self.timeout - time.time())
        if self.deferrable and not (submitted.state and submitted.state.done):
            self._defer(task_id, deadline, since, "execute_complete")
        result = wait_in_worker(
            hook,
            task_id,
            submitted.state,
            deadline=deadline,
            interval=self.poll_interval,
            since=since,
            timeout=self.timeout,
            log_line=self.log.info,
            service=self.service,
        )
        return self._deliver(context, result)

    def _log_time_left(self, seconds: float) -> None:
        if seconds > 0:
            self.log.info("%.0f s of timeout=%g s are left, which goes on through retries", seconds, self.timeout)
        else:
            self.log.warning(
                "Nothing of timeout=%g s is left, so this try looks once. Raise timeout, or clear the task: a clear "
                "waits anew",
                self.timeout,
            )

    def _defer(self, task_id: str, deadline: Deadline, since: float | None, method_name: str) -> NoReturn:
        from airflow_provider_mps.triggers.base import defer_to

        defer_to(self, self.make_trigger(task_id, deadline, since), method_name)

    def _deliver(self, context: Context, result: dict[str, Any]) -> dict[str, Any]:
        """Put on record that the Airflow task has its result, and return it."""
        self._mark_delivered(context, result["TaskId"])
        note_result(self, result)
        return result

    def _mark_delivered(self, context: Context, task_id: str) -> None:
        from airflow_provider_mps.durable.tries import mark_delivered

        mark_delivered(context, self.service, task_id, self.log)
