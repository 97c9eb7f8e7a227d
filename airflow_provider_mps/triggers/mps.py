"""Wait in the triggerer for a picture task of MPS."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NoReturn

from airflow.triggers.base import BaseTrigger, TriggerEvent

from airflow_provider_mps.core.events import to_event
from airflow_provider_mps.core.polling import Limit, trigger_lifetime
from airflow_provider_mps.core.vocabulary import LimitKind
from airflow_provider_mps.hooks.shared_poller import wait_for_task

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import BaseOperator


class MpsImageTaskTrigger(BaseTrigger):
    """Waits until a task is done or the deadline has passed, then fires one event.

    All triggers of one triggerer that use the same connection and region share a poller (``hooks.poller``): one HTTP
    client, one pace, and lists instead of single looks where many wait.

    The event is plain JSON with ``status`` one of ``success``, ``failed``, ``timeout`` and ``error``.

    :param mps_task_id: the MPS TaskId (str)
    :param tencentcloud_conn_id: Airflow connection of type ``tencentcloud`` (str or None)
    :param region: region of the MPS API (str or None)
    :param poll_interval: seconds between looks (float); a new task is looked at sooner
    :param deadline: seconds since the epoch (float); it is absolute, so a restarted triggerer does not begin anew
    :param since: when MPS accepted the task, seconds since the epoch (float); default: not known
    :param limit: the argument that the deadline comes from: ``timeout`` (str, default) or ``execution_timeout``
    """

    def __init__(
        self,
        mps_task_id: str,
        tencentcloud_conn_id: str | None,
        region: str | None,
        poll_interval: float,
        deadline: float,
        limit: str = LimitKind.TIMEOUT.value,
        since: float | None = None,
    ) -> None:
        super().__init__()
        self.mps_task_id = mps_task_id
        self.tencentcloud_conn_id = tencentcloud_conn_id
        self.region = region
        self.poll_interval = poll_interval
        self.deadline = deadline
        self.limit = limit
        self.since = since

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return the class path and the arguments."""
        return (
            f"{type(self).__module__}.{type(self).__qualname__}",
            {
                "mps_task_id": self.mps_task_id,
                "tencentcloud_conn_id": self.tencentcloud_conn_id,
                "region": self.region,
                "poll_interval": self.poll_interval,
                "deadline": self.deadline,
                "limit": self.limit,
                "since": self.since,
            },
        )

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Wait, together with all other triggers of the same connection and region, then yield one event."""
        end = await wait_for_task(
            self.mps_task_id,
            tencentcloud_conn_id=self.tencentcloud_conn_id,
            region=self.region,
            limit=Limit(self.deadline, LimitKind(self.limit)),
            interval=self.poll_interval,
            since=self.since,
            tell=lambda look: self.log.info("MPS task %s: %s", self.mps_task_id, look),
        )
        yield TriggerEvent(to_event(self.mps_task_id, end))


def wait_in_triggerer(
    operator: BaseOperator,
    mps_task_id: str,
    *,
    tencentcloud_conn_id: str | None,
    region: str | None,
    poll_interval: float,
    limit: Limit,
    method_name: str,
    since: float | None = None,
) -> NoReturn:
    """Defer ``operator`` until a picture task is done or too late.

    :param method_name: the operator's method that takes the event
    :param since: when MPS accepted the task, seconds since the epoch; None if that is not known
    """
    operator.defer(
        trigger=MpsImageTaskTrigger(
            mps_task_id, tencentcloud_conn_id, region, poll_interval, limit.deadline, limit.kind.value, since
        ),
        method_name=method_name,
        timeout=timedelta(seconds=trigger_lifetime(now=time.time(), deadline=limit.deadline)),
    )
    raise AssertionError("defer() does not return")
