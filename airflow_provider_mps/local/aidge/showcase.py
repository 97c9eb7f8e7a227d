"""What Aidge shows in the interface of the local service."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from airflow_provider_mps.local.aidge.scenes import SCENES
from airflow_provider_mps.local.aidge.state import AidgeState
from airflow_provider_mps.local.aidge.tasks import AidgeTask
from airflow_provider_mps.local.serving.page import ShownPicture, TaskRow, path_of
from airflow_provider_mps.local.serving.showcase import SANDBOX, Folder, NotShown, Showcase, ShownTask, task_facts
from airflow_provider_mps.local.serving.wire import HttpReply


class AidgeShowcase(Showcase):
    """The tasks of Aidge, their results and the covers of the scenes.

    :param state: holds them.
    """

    def __init__(self, state: AidgeState) -> None:
        self._state = state

    def tasks(self) -> Sequence[ShownTask]:
        """Return the tasks, oldest first."""
        return [_ShownAidgeTask(task) for task in self._state.tasks.all()]

    def health(self) -> dict[str, Any]:
        """Count the tasks."""
        return {"aidge_tasks": len(self._state.tasks.all())}

    def folders(self) -> Mapping[str, Folder]:
        """Return what shows results and covers."""
        return {"results": self._result, "scenes": self._cover}

    async def _result(self, rest: str) -> HttpReply:
        task_id, _, file = rest.partition("/")
        number = file.removesuffix(".jpg")
        task = self._state.tasks.get(task_id)
        if task is None or not (number.isascii() and number.isdigit()):
            raise NotShown(404, "no such result")
        path = self._state.files.file(task.task_id, int(number))
        if not path.is_file():
            raise NotShown(404, "no such result")
        return HttpReply(200, [("Content-Type", "image/jpeg"), *SANDBOX], await asyncio.to_thread(path.read_bytes))

    async def _cover(self, file: str) -> HttpReply:
        scene = SCENES.get(file.removesuffix(".jpg"))
        if scene is None or not file.endswith(".jpg"):
            raise NotShown(404, "no such scene")
        # Drawing one takes long enough to hold up other requests.
        data = await asyncio.to_thread(self._state.pictures.cover, scene.number, scene.backdrop)
        return HttpReply(200, [("Content-Type", "image/jpeg")], data)


@dataclass(frozen=True, slots=True)
class _ShownAidgeTask:
    task: AidgeTask

    @property
    def created(self) -> float:
        return self.task.created

    def facts(self, now: float) -> dict[str, Any]:
        return {
            **task_facts("aidge", self.task, now),
            "scene": self.task.job.scene.number,
            "pictures": self.task.job.count,
            "failure": self.task.failure,
        }

    def row(self, now: float) -> TaskRow:
        task, job = self.task, self.task.job
        ended = task.status(now) in ("finished", "failed")
        seconds = max(task.seconds, (task.done or 0.0) - task.created) if ended else None
        what, failure = f"{job.count} in the scene {job.scene.name}", task.failure if ended else ""
        return TaskRow("Aidge", task.task_id, task.status(now), task.created, seconds, what, failure)

    def pictures(self, now: float) -> list[ShownPicture]:
        task = self.task
        if task.status(now) != "finished":
            return []
        numbers = [number for number in range(1, task.job.count + 1) if not task.failed(number - 1)]
        addresses = [path_of("results", task.task_id, f"{number}.jpg") for number in numbers]
        return [ShownPicture(address, address, task.job.scene.name) for address in addresses]
