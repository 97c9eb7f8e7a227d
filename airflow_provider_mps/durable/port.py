"""Do what a flow asks for with the hook and the store of one Airflow task."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from airflow_provider_mps.core.steps import InDoubt
from airflow_provider_mps.core.submission import Record
from airflow_provider_mps.core.tasks import Accepted, ListedTask, TaskState, TaskStatus
from airflow_provider_mps.durable.store import SubmissionStore


class HookPort:
    """Carries the steps of a flow out in the thread of the task; see :class:`~airflow_provider_mps.core.steps.Port`.

    :param hook: calls the service
    :param store: keeps the record
    :param wait: waits for a task that may be ours, as long as the operator allows
    :param hand_over: defers the task, where the triggerer submits
    """

    def __init__(
        self,
        hook: Any,
        store: SubmissionStore,
        wait: Callable[[InDoubt], None],
        hand_over: Callable[[Record], None] | None = None,
    ) -> None:
        self._hook = hook
        self._store = store
        self._wait = wait
        self._hand_over = hand_over

    def read(self) -> Record | None:
        """Return the record of earlier tries."""
        return self._store.read()

    def keep(self, record: Record) -> None:
        """Write the record."""
        self._store.write(record)

    def look(self, task_id: str) -> TaskState:
        """Look at a task."""
        state: TaskState = self._hook.get_task_state(task_id)
        return state

    def list_tasks(self, status: TaskStatus, since: float | None) -> list[ListedTask]:
        """List the account's tasks."""
        listed: list[ListedTask] = self._hook.list_image_tasks(status, since)
        return listed

    def ask_clock(self) -> float | None:
        """Return how far the service's clock is ahead, in seconds."""
        ahead: float | None = self._hook.ask_clock()
        return ahead

    def send(self, body: Any) -> Accepted:
        """Submit."""
        accepted: Accepted = self._hook.submit_task(body)
        return accepted

    def hand_over(self, record: Record) -> None:
        """Have the triggerer submit; does not return."""
        if self._hand_over is None:
            raise AssertionError("nobody was named who submits")
        self._hand_over(record)

    def pause(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)

    def wait(self, doubt: InDoubt) -> None:
        """Wait for a task that may be ours."""
        self._wait(doubt)
