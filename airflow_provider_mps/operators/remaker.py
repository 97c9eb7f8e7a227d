"""A batch inside of another task: what makes rejected pictures once more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_mps.operators.mps_batch import MpsImageBgFusionBatchOperator

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

# What fails in it leaves its item as it was, and is no failure of the task.
_ANY_FAILED = 1_000_000_000


class InnerBatch(MpsImageBgFusionBatchOperator):
    """A batch as a part of another task, whose record, tries and deferral it has.

    :param of: the operator of that task
    :param requests: what is paid for: ``{"path", "catalogue"}``
    """

    def __init__(self, *, of: Any, requests: dict[str, Any], **kwargs: Any) -> None:
        super().__init__(
            requests=requests,
            max_failed=_ANY_FAILED,
            record_dir=of.record_dir,
            region=of.region,
            tencentcloud_conn_id=of.tencentcloud_conn_id,
            deferrable=of.deferrable,
            poll_interval=of.poll_interval,
            timeout=of.timeout,
            retries=of.retries,
            execution_timeout=of.execution_timeout,
            do_xcom_push=False,
            **kwargs,
        )

    def go_on(self, context: Context, *, begins: bool) -> Any:
        """Do what there is to do, and return the output of the batch.

        :param begins: whether it begins; else it comes from a deferral
        :raises TaskDeferred: it is waited for in the triggerer
        """
        return self._work(context, begins=begins)


class Remaker(InnerBatch):
    """Makes the lines of a plan."""
