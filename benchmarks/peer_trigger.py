"""A peer: a trigger with a client and a poll loop of its own, as those of today's providers are."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from typing import Any

from airflow.triggers.base import BaseTrigger, TriggerEvent

from benchmarks.peers import FINISH, INTERVAL, LoopPerTrigger


class LoopTrigger(BaseTrigger):
    """Waits for one task; an error is no verdict.

    :param task_id_of_service: the TaskId
    """

    def __init__(self, task_id_of_service: str) -> None:
        super().__init__()
        self.task_id_of_service = task_id_of_service

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return the class path and the arguments."""
        return f"{__name__}.LoopTrigger", {"task_id_of_service": self.task_id_of_service}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Look each ten seconds, then yield one event."""
        loop = LoopPerTrigger(ignores_errors=True)
        await asyncio.sleep(random.uniform(0.0, INTERVAL))
        client = loop.client()
        try:
            while not await loop.poll(client, self.task_id_of_service):  # noqa: ASYNC110
                await asyncio.sleep(INTERVAL)
        finally:
            await client.close()
        yield TriggerEvent({"status": FINISH})
