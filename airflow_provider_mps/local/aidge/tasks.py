"""The tasks of Aidge's stand-in, and the quotas that they draw on."""

from __future__ import annotations

import secrets
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from airflow_provider_mps.local.aidge.errors import AidgeRefusal
from airflow_provider_mps.local.aidge.rules import AidgeJob
from airflow_provider_mps.local.serving.work import WAITING_SHARE


@dataclass(slots=True)
class AidgeTask:
    """One accepted submission.

    The status follows from the clock alone, except that the end also waits for the work to be done.

    :param task_id: its public id.
    :param account: who may ask for it.
    :param key_name: the name of that account's API key.
    :param job: what is to be done; without the bytes of the picture once it is done.
    :param created: seconds since the epoch.
    :param seconds: how long it takes at least; may be changed to end it.
    :param failure: why it failed, once known; empty for success.
    :param failure_inner: whether only the last picture failed.
    :param done: when the work ended, seconds since the epoch; ``None`` before.
    """

    task_id: str
    account: str
    key_name: str
    job: AidgeJob
    created: float
    seconds: float
    failure: str = ""
    failure_inner: bool = False
    done: float | None = None

    def status(self, now: float) -> str:
        """Say what the task is doing: ``waiting``, ``processing``, ``finished`` or ``failed``."""
        if self.done is not None and now >= self.created + self.seconds:
            return "failed" if self.failure and not self.failure_inner else "finished"
        return "waiting" if now < self.created + self.seconds * WAITING_SHARE else "processing"

    def failed(self, number: int) -> bool:
        """Say whether the task has no picture of a number, from 0, once it has ended."""
        return bool(self.failure) and (not self.failure_inner or number == self.job.count - 1)


class AidgeTasks:
    """All tasks, in memory. Safe for use from several threads.

    :param clock: gives the present time in seconds since the epoch.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._by_id: dict[str, AidgeTask] = {}

    def create(self, *, account: str, key_name: str, job: AidgeJob, seconds: float) -> AidgeTask:
        """Make a new task."""
        task = AidgeTask(secrets.token_hex(16), account, key_name, job, self._clock(), seconds)
        with self._lock:
            self._by_id[task.task_id] = task
        return task

    def get(self, task_id: str) -> AidgeTask | None:
        """Look a task up, whosever it is."""
        return self._by_id.get(task_id)

    def find(self, account: str, task_id: str) -> AidgeTask | None:
        """Look a task up, as its account may."""
        task = self._by_id.get(task_id)
        return task if task is not None and task.account == account else None

    def all(self) -> list[AidgeTask]:
        """Return all tasks, oldest first."""
        with self._lock:
            return list(self._by_id.values())


class Quotas:
    """How many submissions each account may still make.

    :param paid: accepted submissions of an account in all, without the trial header; ``None`` for no limit.
    :param trial: the same with the trial header.
    """

    def __init__(self, paid: int | None, trial: int | None) -> None:
        self._limits = {False: paid, True: trial}
        self._used: Counter[tuple[str, bool]] = Counter()

    def check(self, account: str, trial: bool) -> None:
        """Raise :class:`AidgeRefusal` (InsufficientPermission) when a quota is used up."""
        limit = self._limits[trial]
        if limit is not None and self._used[account, trial] >= limit:
            raise AidgeRefusal(
                "InsufficientPermission",
                "Sorry, your calling resources have been exhausted. Please purchase the API or use the trial quota.",
            )

    def count(self, account: str, trial: bool) -> None:
        """Count an accepted submission."""
        self._used[account, trial] += 1
