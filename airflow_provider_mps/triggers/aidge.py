"""Wait in the triggerer for a picture task of Aidge."""

from __future__ import annotations

from typing import Any

from airflow_provider_mps.core.vocabulary import LimitKind
from airflow_provider_mps.hooks.aidge import AidgeHook
from airflow_provider_mps.polling.shared import PollTarget
from airflow_provider_mps.services.profiles import AIDGE
from airflow_provider_mps.triggers.base import PictureTaskTrigger


class AidgeImageTaskTrigger(PictureTaskTrigger):
    """Waits for a task of Aidge.

    :param aidge_task_id: the task id (str)
    :param aidge_conn_id: Airflow connection of type ``aidge`` (str)
    :param poll_interval: seconds between looks (float); a new task is looked at sooner
    :param deadline: seconds since the epoch (float); it is absolute, so a restarted triggerer does not begin anew
    :param limit: the argument that the deadline comes from: ``timeout`` (str, default) or ``execution_timeout``
    :param since: when Aidge accepted the task, seconds since the epoch (float); default: not known
    """

    service = AIDGE

    def __init__(
        self,
        aidge_task_id: str,
        aidge_conn_id: str,
        poll_interval: float,
        deadline: float,
        limit: str = LimitKind.TIMEOUT.value,
        since: float | None = None,
    ) -> None:
        super().__init__(poll_interval, deadline, limit, since)
        self.aidge_task_id = aidge_task_id
        self.aidge_conn_id = aidge_conn_id

    @property
    def target(self) -> PollTarget:
        """Whom to ask about the task."""
        return PollTarget(AidgeHook, (self.aidge_conn_id,))

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return the class path and the arguments."""
        path, arguments = super().serialize()
        return path, {"aidge_task_id": self.aidge_task_id, "aidge_conn_id": self.aidge_conn_id, **arguments}
