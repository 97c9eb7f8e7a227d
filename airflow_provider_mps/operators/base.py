"""The life of a submitting operator: check, submit, and wait if asked to."""

from __future__ import annotations

import time
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import BaseOperator, conf, mask_secret

from airflow_provider_mps.core import arguments
from airflow_provider_mps.core.payloads import StorageDefaults, describe_input
from airflow_provider_mps.core.polling import LookAgain, next_step, trigger_lifetime
from airflow_provider_mps.core.redact import url_secrets
from airflow_provider_mps.core.vocabulary import (
    DEFAULT_CONN_ID,
    DEFAULT_POLL_INTERVAL,
    DEFAULT_TIMEOUT,
    XCOM_TASK_ID,
)
from airflow_provider_mps.exceptions import invalid_arguments_fail
from airflow_provider_mps.hooks.mps import MpsHook
from airflow_provider_mps.verdict import result_of_event, result_or_raise

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context


class MpsSubmitOperator(BaseOperator):
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
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.region = region
        self.tencentcloud_conn_id = tencentcloud_conn_id
        self.wait_for_completion = wait_for_completion
        self.deferrable = deferrable
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

    def _do_render_template_fields(self, parent: Any, *args: Any, **kwargs: Any) -> None:
        # Not render_template_fields: a mapped operator never calls that of its class. What a signed address carries is
        # masked here, before Airflow stores the rendered fields.
        super()._do_render_template_fields(parent, *args, **kwargs)
        for name in self.template_fields:
            for text in _texts(getattr(parent, name, None)):
                for secret in url_secrets(text):
                    mask_secret(secret)

    def execute(self, context: Context) -> Any:
        """Submit, and wait if asked to.

        :return: the TaskId, or with waiting the result
        """
        hook = self.hook
        with invalid_arguments_fail():
            payload = self.build_payload(hook.settings.storage)
        self.log.info("Submitting ProcessImage for %s", describe_input(payload))
        task_id = hook.process_image(payload)
        deadline = time.time() + self.timeout
        self.log.info("MPS accepted the task: TaskId %s", task_id)
        context["ti"].xcom_push(key=XCOM_TASK_ID, value=task_id)
        if not self.wait_for_completion:
            return task_id
        if self.deferrable:
            self._defer(task_id, deadline)
        return self._wait(hook, task_id, deadline)

    def execute_complete(self, context: Context, event: Any = None) -> dict[str, Any]:
        """Take up the task again with the trigger's event; return the result."""
        result = result_of_event(event, self.timeout)
        self._log_result(result)
        return result

    def _defer(self, task_id: str, deadline: float) -> None:
        from airflow_provider_mps.triggers.mps import MpsImageTaskTrigger

        self.defer(
            trigger=MpsImageTaskTrigger(task_id, self.tencentcloud_conn_id, self.region, self.poll_interval, deadline),
            method_name="execute_complete",
            timeout=timedelta(seconds=trigger_lifetime(now=time.time(), deadline=deadline)),
        )

    def _wait(self, hook: MpsHook, task_id: str, deadline: float) -> dict[str, Any]:
        while True:
            look = hook.look(task_id)
            step = next_step(look, now=time.time(), deadline=deadline, interval=self.poll_interval)
            if not isinstance(step, LookAgain):
                break
            self.log.info("MPS task %s: %s; next look in %.0f s", task_id, look, step.seconds)
            time.sleep(step.seconds)
        result = result_or_raise(task_id, step, self.timeout)
        self._log_result(result)
        return result

    def _log_result(self, result: Mapping[str, Any]) -> None:
        paths = ", ".join(str(output["cos_uri"]) for output in result["Outputs"])
        self.log.info("MPS task %s finished: %s", result["TaskId"], paths)


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, Mapping):
        return [text for item in value.values() for text in _texts(item)]
    if isinstance(value, list | tuple):
        return [text for item in value for text in _texts(item)]
    return []
