"""What a poller asks of the hook that looks at tasks."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, Protocol

from airflow_provider_mps.core.errors import ServiceError
from airflow_provider_mps.core.services import ServiceProfile
from airflow_provider_mps.core.tasks import ListedTask, TaskState, TaskStatus


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
