"""Wait in the triggerer for all picture tasks of a batch of Aidge."""

from __future__ import annotations

from typing import Any

from airflow_provider_mps.hooks.aidge import AidgeHook
from airflow_provider_mps.polling.shared import PollTarget
from airflow_provider_mps.services.profiles import AIDGE
from airflow_provider_mps.triggers.batch import PictureBatchTrigger


class AidgeImageBatchTrigger(PictureBatchTrigger):
    """Waits for all tasks of a batch of Aidge; the worker copies their pictures then.

    See :class:`~airflow_provider_mps.triggers.batch.PictureBatchTrigger` for the other arguments.

    :param aidge_conn_id: Airflow connection of type ``aidge`` (str)
    """

    service = AIDGE

    def __init__(self, *, aidge_conn_id: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.aidge_conn_id = aidge_conn_id

    @property
    def target(self) -> PollTarget:
        """Whom to ask about the tasks."""
        return PollTarget(AidgeHook, (self.aidge_conn_id,))

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return the class path and the arguments."""
        path, arguments = super().serialize()
        return path, {"aidge_conn_id": self.aidge_conn_id, **arguments}
