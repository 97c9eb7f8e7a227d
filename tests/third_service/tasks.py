"""What a DAG names: operator, sensor, triggers and batch of Pix."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from airflow_provider_mps.batch.asked import Asked
from airflow_provider_mps.batch.items import Item
from airflow_provider_mps.core.airflow_task import TaskKey
from airflow_provider_mps.core.fingerprint import Fingerprint, fingerprint_of
from airflow_provider_mps.core.polling import Deadline
from airflow_provider_mps.core.steps import Log
from airflow_provider_mps.durable.terms import TermsWithoutList
from airflow_provider_mps.operators.base import PictureSubmitOperator
from airflow_provider_mps.operators.batch import PictureBatchOperator
from airflow_provider_mps.polling.shared import PollTarget
from airflow_provider_mps.sensors.base import PictureTaskSensor
from airflow_provider_mps.triggers.base import PictureTaskTrigger
from airflow_provider_mps.triggers.batch import PictureBatchTrigger
from tests.third_service.hook import PixHook
from tests.third_service.service import PIX


class PixTerms(TermsWithoutList):
    """What Pix adds to the life of a submission."""

    service = PIX

    def __init__(self, picture: str) -> None:
        super().__init__(f"job for {picture}")
        self._picture = picture

    def body(self, request: Fingerprint) -> str:
        return self._picture


def fingerprint(task: TaskKey, picture: str, hook: PixHook) -> Fingerprint:
    return fingerprint_of(task, {"picture": picture}, endpoint=hook.settings.address, region="", account="")


class PixTrigger(PictureTaskTrigger):
    service = PIX

    def __init__(self, pix_job: str, pix_conn_id: str, **waits: Any) -> None:
        super().__init__(**waits)
        self.pix_job = pix_job
        self.pix_conn_id = pix_conn_id

    @property
    def target(self) -> PollTarget:
        return PollTarget(PixHook, (self.pix_conn_id,))

    def serialize(self) -> tuple[str, dict[str, Any]]:
        path, arguments = super().serialize()
        return path, {"pix_job": self.pix_job, "pix_conn_id": self.pix_conn_id, **arguments}


class PixOperator(PictureSubmitOperator):
    service = PIX
    template_fields: Sequence[str] = ("picture", "pix_conn_id")

    def __init__(self, *, picture: str, pix_conn_id: str = "pix_default", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.picture = picture
        self.pix_conn_id = pix_conn_id

    def execute(self, context: Any) -> Any:
        hook = PixHook(self.pix_conn_id)
        terms = PixTerms(self.picture)
        submitted = self._submit_durably(context, hook, terms, lambda task: fingerprint(task, self.picture, hook))
        return self._go_on(context, hook, submitted)

    def make_trigger(self, task_id: str, deadline: Deadline, since: float | None) -> PixTrigger:
        waits = {"poll_interval": self.poll_interval, "deadline": deadline.at, "limit": deadline.kind.value}
        return PixTrigger(task_id, self.pix_conn_id, **waits, since=since)


class PixSensor(PictureTaskSensor):
    service = PIX
    template_fields: Sequence[str] = ("pix_job", "pix_conn_id")

    def __init__(self, *, pix_job: str, pix_conn_id: str = "pix_default", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.pix_job = pix_job
        self.pix_conn_id = pix_conn_id

    def make_hook(self) -> PixHook:
        return PixHook(self.pix_conn_id)

    def make_trigger(self, deadline: Deadline, since: float | None) -> PixTrigger:
        waits = {"poll_interval": self.poke_interval, "deadline": deadline.at, "limit": deadline.kind.value}
        return PixTrigger(self.pix_job, self.pix_conn_id, **waits, since=since)


class PixBatchTrigger(PictureBatchTrigger):
    service = PIX

    @property
    def target(self) -> PollTarget:
        return PollTarget(PixHook, ("pix_default",))


class PixBatchOperator(PictureBatchOperator):
    service = PIX
    template_fields: Sequence[str] = ("requests",)

    def make_hook(self) -> PixHook:
        return PixHook()

    def read_items(self, hook: PixHook, task: TaskKey, asked: list[Asked]) -> list[Item]:
        pictures = [one.request["picture"] for one in asked]
        return [
            Item(index, {"picture": picture}, fingerprint(task, picture, hook), index, picture)
            for index, picture in enumerate(pictures)
        ]

    def make_terms(self, hook: PixHook, item: Item, log: Log) -> PixTerms:
        return PixTerms(item.payload["picture"])

    def make_trigger(self, prefix: str, until: float | None, total: int) -> PixBatchTrigger:
        return PixBatchTrigger(
            record_prefix=prefix,
            record_bucket=None,
            record_region=None,
            tencentcloud_conn_id=self.tencentcloud_conn_id,
            poll_interval=self.poll_interval,
            timeout=self.timeout,
            until=until,
            total=total,
        )
