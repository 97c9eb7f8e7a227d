"""Wait in the triggerer for a picture task of MPS."""

from __future__ import annotations

from typing import Any

from airflow_provider_mps.core.vocabulary import LimitKind
from airflow_provider_mps.hooks.mps import MpsHook
from airflow_provider_mps.polling.shared import PollTarget
from airflow_provider_mps.services.profiles import MPS
from airflow_provider_mps.triggers.base import PictureTaskTrigger


class MpsImageTaskTrigger(PictureTaskTrigger):
    """Waits for a task of MPS; where many wait, a list takes the place of single looks.

    :param mps_task_id: the MPS TaskId (str)
    :param tencentcloud_conn_id: Airflow connection of type ``tencentcloud`` (str or None)
    :param region: region of the MPS API (str or None)
    :param poll_interval: seconds between looks (float); a new task is looked at sooner
    :param deadline: seconds since the epoch (float); it is absolute, so a restarted triggerer does not begin anew
    :param limit: the argument that the deadline comes from: ``timeout`` (str, default) or ``execution_timeout``
    :param since: when MPS accepted the task, seconds since the epoch (float); default: not known
    """

    service = MPS

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
        super().__init__(poll_interval, deadline, limit, since)
        self.mps_task_id = mps_task_id
        self.tencentcloud_conn_id = tencentcloud_conn_id
        self.region = region

    @property
    def target(self) -> PollTarget:
        """Whom to ask about the task."""
        return PollTarget(MpsHook, (self.tencentcloud_conn_id, self.region))

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return the class path and the arguments."""
        path, arguments = super().serialize()
        own = {"tencentcloud_conn_id": self.tencentcloud_conn_id, "region": self.region}
        return path, {"mps_task_id": self.mps_task_id, **own, **arguments}
