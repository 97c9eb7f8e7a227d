"""The life of an operator that submits to MPS: check, submit or join, and wait if asked to."""

from __future__ import annotations

import time
from abc import abstractmethod
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from airflow_provider_mps.core import arguments
from airflow_provider_mps.core.errors import says_no_such_task
from airflow_provider_mps.core.polling import Deadline, Refused
from airflow_provider_mps.error_table import airflow_error
from airflow_provider_mps.exceptions import invalid_arguments_fail
from airflow_provider_mps.failures import failures_in_short
from airflow_provider_mps.lineage.addresses import payload_addresses
from airflow_provider_mps.lineage.reporting import reports_lineage
from airflow_provider_mps.links.console import MpsConsoleLink
from airflow_provider_mps.links.gallery import RESULT_LINKS
from airflow_provider_mps.operators.base import PictureSubmitOperator
from airflow_provider_mps.operators.handing_over import hand_over, may_be_handed_over, take_back
from airflow_provider_mps.polling.waiting import end_of_event, result_of_event
from airflow_provider_mps.services.profiles import MPS
from airflow_provider_mps.services.tencentcloud.payloads import StorageDefaults, describe_input
from airflow_provider_mps.services.tencentcloud.words import DEFAULT_CONN_ID

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context, XComArg

    from airflow_provider_mps.core.steps import Submitted

    # Imported where they are used: a DAG file has no need of them.
    from airflow_provider_mps.hooks.mps import MpsHook
    from airflow_provider_mps.triggers.mps import MpsImageTaskTrigger


class MpsSubmitOperator(PictureSubmitOperator):
    """What every operator that submits a picture task has in common; see the operators in ``operators.mps``.

    With ``wait_for_completion`` and ``deferrable`` the triggerer submits, on Airflow 3.3 and newer: at one pace for all
    that wait there, those with a higher ``priority_weight`` first. The worker itself does so where an address in the
    request is signed, and with ``durable=False``.
    """

    service = MPS
    operator_extra_links = (*RESULT_LINKS, MpsConsoleLink())
    template_fields: Sequence[str] = ("region", "tencentcloud_conn_id")

    def __init__(
        self,
        *,
        region: str | XComArg | None = None,
        tencentcloud_conn_id: str | None = DEFAULT_CONN_ID,
        durable: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.region: Any = region
        self.tencentcloud_conn_id = tencentcloud_conn_id
        self.durable = durable
        with invalid_arguments_fail():
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
        from airflow_provider_mps.hooks.mps import MpsHook

        return MpsHook(self.tencentcloud_conn_id, self.region)

    @failures_in_short
    @reports_lineage
    def execute(self, context: Context) -> Any:
        """Submit, or join what an earlier try has submitted, and wait if asked to.

        :return: the TaskId, or with waiting the result
        """
        return self._begin(context)

    def lineage_inputs(self) -> Iterable[str]:
        """Give the addresses of the pictures that the request names; who comes from a deferral makes it anew."""
        payload = self.lineage_notes.seen or self.build_payload(self.hook.settings.storage)
        return payload_addresses(payload)

    def _begin(self, context: Context, *, hands_over: bool = True) -> Any:
        self.check_found()
        hook = self.hook
        with invalid_arguments_fail():
            self.lineage_notes.seen = payload = self.build_payload(hook.settings.storage)
        try:
            submitted = self._submit(context, hook, payload, hands_over=hands_over)
        finally:
            # What was refused for its arguments leaves its grant to others.
            hook.give_back()
        return self._go_on(context, hook, submitted)

    @failures_in_short
    @reports_lineage
    def resume_in_doubt(self, context: Context, event: Any = None) -> Any:
        """Look again for the task of this submission, now that one that might be it is done.

        Of the event only this counts: that the triggerer may not ask at all.
        """
        end = end_of_event(event)
        if isinstance(end, Refused) and not says_no_such_task(end.error):
            raise airflow_error(end.error)
        return self._begin(context)

    @failures_in_short
    @reports_lineage
    def resume_handed_over(self, context: Context, event: Any = None) -> dict[str, Any]:
        """Take up the task again with what the triggerer has submitted and waited for; return the result."""
        end = take_back(self, context, event)
        if end.error is not None:
            raise airflow_error(end.error)
        if end.handed_back is not None:
            self.log.info("The triggerer does not go on with this submission, so it goes on here: %s", end.handed_back)
            result: dict[str, Any] = self._begin(context, hands_over=False)
            return result
        if self.do_xcom_push:
            context["ti"].xcom_push(key=self.service.task_id_key, value=end.record.task_id)
        return self._deliver(context, result_of_event(event, self.timeout, self.service))

    def _submit(self, context: Context, hook: MpsHook, payload: dict[str, Any], *, hands_over: bool) -> Submitted:
        from airflow_provider_mps.core.fingerprint import fingerprint_of
        from airflow_provider_mps.core.steps import Submitted
        from airflow_provider_mps.durable.mps import MpsTerms

        if not self.durable:
            self.log.info("Submitting ProcessImage for %s", describe_input(payload))
            accepted = hook.submit_task(payload)
            self.log.info("MPS accepted the task: TaskId %s", accepted)
            return Submitted(accepted.task_id, time.time())
        by_triggerer = hands_over and may_be_handed_over(self, payload)
        account = {"endpoint": hook.settings.endpoint, "region": hook.settings.region, "account": hook.account}
        return self._submit_durably(
            context,
            hook,
            MpsTerms(payload, hook.clock, self.log),
            lambda task: fingerprint_of(task, payload, **account),
            (lambda record: hand_over(self, context, payload, record)) if by_triggerer else None,
        )

    def make_trigger(self, task_id: str, deadline: Deadline, since: float | None) -> MpsImageTaskTrigger:
        """Return the trigger that waits."""
        from airflow_provider_mps.triggers.mps import MpsImageTaskTrigger

        waits = self.poll_interval, deadline.at, deadline.kind.value, since
        return MpsImageTaskTrigger(task_id, self.tencentcloud_conn_id, self.region, *waits)

    def _deliver(self, context: Context, result: dict[str, Any]) -> dict[str, Any]:
        paths = ", ".join(output["cos_uri"] or "a text" for output in result["Outputs"])
        self.log.info("MPS task %s finished: %s", result["TaskId"], paths)
        return super()._deliver(context, result)

    def _mark_delivered(self, context: Context, task_id: str) -> None:
        if self.durable:
            super()._mark_delivered(context, task_id)
