"""Who waits for which task, and what a poller asks of the hook that looks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any, Protocol

from airflow_provider_mps.core.errors import ServiceError
from airflow_provider_mps.core.polling import Deadline, WaitOutcome
from airflow_provider_mps.core.services import ServiceProfile
from airflow_provider_mps.core.tasks import ListedTask, TaskState, TaskStatus

Tell = Callable[[TaskState | ServiceError], None]

NEVER = float("inf")


class PolledHook(Protocol):
    """What a poller asks of a hook.

    :ivar can_list: whether the service has a list of tasks; without one, ``alist_pages`` is not called
    """

    can_list: bool

    @property
    def service(self) -> ServiceProfile:
        """Whose tasks it looks at."""

    @property
    def settings(self) -> Any:
        """The connection; two are the same if these are equal."""

    @property
    def identity(self) -> tuple[str, ...]:
        """What the service counts requests by."""

    @property
    def look_rate(self) -> float:
        """Looks per second, as of now."""

    async def aload_settings(self) -> Any:
        """Read the connection without blocking the event loop."""

    async def alook(self, task_id: str) -> TaskState | ServiceError:
        """Look at a task once."""

    def alist_pages(self, status: TaskStatus, since: float | None = None) -> AsyncIterator[list[ListedTask]]:
        """List the account's tasks page by page."""

    async def aclose(self) -> None:
        """Close what is open."""


class Waiter:
    """One who waits for one task."""

    __slots__ = (
        "deadline",
        "due",
        "empty_looks",
        "end",
        "found",
        "interval",
        "look",
        "news",
        "seen",
        "since",
        "task_id",
    )

    def __init__(self, task_id: str, deadline: Deadline, interval: float, since: float | None, now: float) -> None:
        self.task_id = task_id
        self.deadline = deadline
        self.interval = interval
        self.since = since
        self.seen = now
        """When the task was last known to run, seconds since the epoch."""
        self.due = NEVER
        """When to look at it, seconds since the epoch; never while that is under way."""
        self.empty_looks = 0
        self.found = False
        """Whether a list has shown it as finished."""
        self.look: TaskState | ServiceError | None = None
        self.end: WaitOutcome | BaseException | None = None
        self.news = asyncio.get_running_loop().create_future()

    def tell(self, look: TaskState | ServiceError) -> None:
        """Wake the one who waits, if a look showed something new."""
        changed = str(look) != str(self.look)
        self.look = look
        if changed and not self.news.done():
            self.news.set_result(None)

    def finish(self, end: WaitOutcome | BaseException) -> None:
        """Wake the one who waits, for good."""
        self.end = end
        if not self.news.done():
            self.news.set_result(None)
