"""Wait in the triggerer for all picture tasks of a batch of MPS."""

from __future__ import annotations

from typing import Any

from airflow_provider_mps.hooks.mps import MpsHook
from airflow_provider_mps.polling.shared import PollTarget
from airflow_provider_mps.services.profiles import MPS
from airflow_provider_mps.triggers.batch import PictureBatchTrigger


class MpsImageBatchTrigger(PictureBatchTrigger):
    """Waits for all tasks of a batch of MPS.

    See :class:`~airflow_provider_mps.triggers.batch.PictureBatchTrigger` for the other arguments.

    :param region: region of the MPS API (str or None)
    """

    service = MPS

    def __init__(self, *, region: str | None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.region = region

    @property
    def target(self) -> PollTarget:
        """Whom to ask about the tasks."""
        return PollTarget(MpsHook, (self.tencentcloud_conn_id, self.region))

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return the class path and the arguments."""
        path, arguments = super().serialize()
        return path, {"region": self.region, **arguments}
