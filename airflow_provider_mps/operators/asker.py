"""A batch inside of another task: what asks the service about pictures that the check has found nothing wrong with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from airflow_provider_mps.core.progress import counted
from airflow_provider_mps.operators.remaker import InnerBatch

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_mps.batch.asked import Asked
    from airflow_provider_mps.batch.forms import Form
    from airflow_provider_mps.batch.items import Item, ItemOutcome
    from airflow_provider_mps.core.airflow_task import TaskKey
    from airflow_provider_mps.hooks.mps import MpsHook


class Asker(InnerBatch):
    """Asks what is in a file; what it hands over is an answer for each item."""

    def _form(self, context: Context, task: TaskKey) -> Form:
        from airflow_provider_mps.catalogue.checking.form import OpinionForm
        from airflow_provider_mps.storage.files import Files

        files = Files(tencentcloud_conn_id=self.tencentcloud_conn_id)
        return OpinionForm(files, self.requests["path"], self.requests["catalogue"], task)

    def read_items(self, hook: MpsHook, task: TaskKey, asked: list[Asked]) -> list[Item]:
        """Return the questions."""
        from airflow_provider_mps.batch.asked import items_of
        from airflow_provider_mps.catalogue.checking.form import picture_of_question
        from airflow_provider_mps.core.fingerprint import fingerprint_of

        settings = hook.settings
        where = {"endpoint": settings.endpoint, "region": settings.region, "account": hook.account}
        return items_of(asked, picture_of_question, lambda identity: fingerprint_of(task, identity, **where))

    def _judge(
        self, context: Context, form: Form, items: list[Item], ends: Mapping[int, ItemOutcome], max_failed: int
    ) -> None:
        from airflow_provider_mps.batch.items import ItemFailure, summary

        failed = [(item, end) for item in items if isinstance(end := ends[item.index], ItemFailure)]
        there = f"{len(items) - len(failed):,}"
        self.log.info("The service has answered about %s of %s", there, counted(len(items), "picture"))
        if failed:
            self.log.warning("%s without an opinion of the service: %s", f"{len(failed):,}", summary(failed))
