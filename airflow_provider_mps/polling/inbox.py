"""How one who waits hears from the poller."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from airflow_provider_mps.core.errors import ServiceError
from airflow_provider_mps.core.polling import WaitOutcome
from airflow_provider_mps.core.tasks import TaskState

LookListener = Callable[[TaskState | ServiceError], None]


class Inbox:
    """Where the poller puts what looks at a task showed, until the one who waits reads it."""

    __slots__ = ("_look", "_news", "_outcome")

    def __init__(self) -> None:
        self._look: TaskState | ServiceError | None = None
        self._outcome: WaitOutcome | Exception | None = None
        self._news = asyncio.get_running_loop().create_future()

    def put_look(self, look: TaskState | ServiceError) -> None:
        """Wake the one who waits, if a look showed something new."""
        is_new = str(look) != str(self._look)
        self._look = look
        if is_new:
            self._wake()

    def put_outcome(self, outcome: WaitOutcome | Exception) -> None:
        """Wake the one who waits, for good."""
        self._outcome = outcome
        self._wake()

    async def outcome(self, on_look: LookListener | None = None) -> WaitOutcome:
        """Wait for the outcome.

        :param on_look: called in the context of the caller when a look showed something new
        :raises Exception: whatever was put instead of an outcome
        """
        while True:
            await self._news
            if isinstance(self._outcome, Exception):
                raise self._outcome
            if self._outcome is not None:
                return self._outcome
            self._news = asyncio.get_running_loop().create_future()
            if on_look is not None and self._look is not None:
                on_look(self._look)

    def _wake(self) -> None:
        if not self._news.done():
            self._news.set_result(None)
