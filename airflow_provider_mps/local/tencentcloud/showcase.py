"""What MPS shows in the interface of the local service."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from airflow_provider_mps.local.cos.store import ObjectStore
from airflow_provider_mps.local.pictures.download import without_query
from airflow_provider_mps.local.serving.page import ShownPicture, TaskRow, path_of
from airflow_provider_mps.local.serving.showcase import Showcase, ShownTask, task_facts
from airflow_provider_mps.local.tencentcloud.state import TencentCloudState
from airflow_provider_mps.local.tencentcloud.tasks import Task


class MpsShowcase(Showcase):
    """The tasks of MPS.

    :param state: holds them.
    """

    def __init__(self, state: TencentCloudState) -> None:
        self._state = state

    def tasks(self) -> Sequence[ShownTask]:
        """Return the tasks, oldest first."""
        return [_ShownMpsTask(task, self._state.store) for task in self._state.tasks.all()]

    def health(self) -> dict[str, Any]:
        """Count the tasks."""
        return {"tasks": len(self._state.tasks.all())}


@dataclass(frozen=True, slots=True)
class _ShownMpsTask:
    task: Task
    store: ObjectStore

    @property
    def created(self) -> float:
        return self.task.created

    def facts(self, now: float) -> dict[str, Any]:
        job, failure = self.task.job, self.task.failure
        return {
            **task_facts("mps", self.task, now),
            "bucket": job.bucket,
            "path": job.path,
            "failure": failure.err_msg if failure else "",
        }

    def row(self, now: float) -> TaskRow:
        task, job, failure = self.task, self.task.job, self.task.failure
        ended = task.status(now) == "FINISH"
        # The query of an address may be a signature.
        subject = without_query(job.subject.url) if job.subject.url else str(job.subject)
        what = f"{subject} → {job.path or task.text}" + (f" ({job.prompt})" if job.prompt else "")
        said = f"{failure.err_msg}: {failure.message}" if ended and failure else ""
        seconds = task.finish - task.created if ended else None
        return TaskRow("MPS", task.task_id, task.status(now), task.created, seconds, what, said)

    def pictures(self, now: float) -> list[ShownPicture]:
        bucket, path = self.task.job.bucket, self.task.job.path
        key = path[1:]
        if self.task.status(now) != "FINISH" or self.task.failure or not key or self.store.find(bucket, key) is None:
            return []
        return [ShownPicture(path_of("thumbnails", bucket, key), path_of("objects", bucket, key), path)]
