"""The tasks: what each is doing at a given moment, and how they are listed."""

from __future__ import annotations

import secrets
import threading
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from airflow_provider_mps.local.pictures.wrong_pictures import Wrong
from airflow_provider_mps.local.serving.work import WAITING_SHARE
from airflow_provider_mps.local.tencentcloud.errors import MpsTaskFailure
from airflow_provider_mps.local.tencentcloud.rules import Job

KEEP_SECONDS = 7 * 24 * 3600

Status = Literal["WAITING", "PROCESSING", "FINISH"]


@dataclass(slots=True)
class Task:
    """One accepted ProcessImage request.

    The status follows from the clock alone, except that FINISH also waits for the work to be done.

    :param n: its number, from 0.
    :param task_id: its public id.
    :param account: who may ask for it.
    :param job: what is to be done.
    :param input_info: the request's InputInfo, given back as it came.
    :param image_task: the request's ImageTask, given back as it came.
    :param definition: the request's Definition.
    :param created: seconds since the epoch.
    :param seconds: how long it takes at least.
    :param null_answers: how many detail answers still have a null Status and result set.
    :param failure: why it failed, once known.
    :param failure_inner: whether the failure shows in the result set only.
    :param wrong: what is wrong with its picture; ``None`` for nothing.
    :param text: the text that it answers with; empty for none, or as long as there is none yet.
    :param done: when the work ended, seconds since the epoch; ``None`` before.
    """

    n: int
    task_id: str
    account: str
    job: Job
    input_info: dict[str, Any]
    image_task: dict[str, Any] | None
    definition: int | None
    created: float
    seconds: float
    null_answers: int = 0
    failure: MpsTaskFailure | None = None
    failure_inner: bool = False
    wrong: Wrong | None = None
    text: str = ""
    done: float | None = field(default=None)

    def status(self, now: float) -> Status:
        """Say what the task is doing."""
        if self.done is not None and now >= self.created + self.seconds:
            return "FINISH"
        return "WAITING" if now < self.begin else "PROCESSING"

    @property
    def begin(self) -> float:
        """When its processing begins, seconds since the epoch."""
        return self.created + self.seconds * WAITING_SHARE

    @property
    def finish(self) -> float:
        """When it ends; meaningful once it has the status FINISH."""
        return max(self.created + self.seconds, self.done or 0.0)

    def progress(self, now: float) -> int:
        """How far it is, 0-99; only a finished task is at 100."""
        span = self.seconds * (1 - WAITING_SHARE)
        return min(99, max(0, int(100 * (now - self.begin) / span))) if span else 99


class TaskStore:
    """All tasks of the last seven days, in memory. Safe for use from several threads.

    :param clock: gives the present time in seconds since the epoch.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._by_id: dict[str, Task] = {}
        self._ordered: list[Task] = []

    def create(
        self,
        *,
        account: str,
        job: Job,
        input_info: dict[str, Any],
        image_task: dict[str, Any] | None,
        definition: int | None,
        seconds: float,
    ) -> Task:
        """Make a new task."""
        with self._lock:
            task = Task(
                n=len(self._ordered),
                task_id=f"{account}-WorkflowTask-{secrets.token_hex(16)}",
                account=account,
                job=job,
                input_info=input_info,
                image_task=image_task,
                definition=definition,
                created=self._clock(),
                seconds=seconds,
                text=job.text,
            )
            self._by_id[task.task_id] = task
            self._ordered.append(task)
        return task

    def find(self, account: str, task_id: str) -> Task | None:
        """Look a task up, as its account may."""
        task = self._by_id.get(task_id)
        if task is None or task.account != account or self._clock() - task.created > KEEP_SECONDS:
            return None
        return task

    def all(self) -> list[Task]:
        """Return all tasks, oldest first."""
        with self._lock:
            return list(self._ordered)

    def newest_first(self, account: str, start: float | None, end: float | None) -> Iterator[Task]:
        """Give an account's tasks created between ``start`` and ``end`` (both included), newest first."""
        with self._lock:
            count = len(self._ordered)
        oldest = self._clock() - KEEP_SECONDS
        start = oldest if start is None else max(start, oldest)
        if end is not None:
            # Creation times never fall, so what is too new can be skipped without a look.
            count = bisect_right(self._ordered, end, hi=count, key=lambda task: task.created)
        for position in range(count - 1, -1, -1):
            task = self._ordered[position]
            if task.created < start:
                return
            if task.account == account:
                yield task
