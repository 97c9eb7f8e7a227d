"""A batch of Aidge and its tries, for tests."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

from airflow_provider_mps.local.service import LocalService
from airflow_provider_mps.operators.aidge import AidgeBackgroundGenerationBatchOperator
from airflow_provider_mps.services.aidge.words import AidgeAction
from airflow_provider_mps.triggers.aidge_batch import AidgeImageBatchTrigger
from tests.task_context import execute, make_context

SUBMIT, QUERY, GET = AidgeAction.GENERATE.value, AidgeAction.QUERY.value, "GetResult"


class Batch:
    """One Airflow task with many products, and its tries."""

    def __init__(self, service: LocalService) -> None:
        self.service = service

    def operator(self, requests: Any, **arguments: Any) -> AidgeBackgroundGenerationBatchOperator:
        given = {"deferrable": False, "poll_interval": 0.2, "retries": 2, "defaults": {"scene_id": 3, "image_num": 2}}
        return AidgeBackgroundGenerationBatchOperator(task_id="task", requests=requests, **{**given, **arguments})

    def run(self, requests: Any, try_number: int = 1, max_tries: int = 2, **arguments: Any) -> Any:
        """Run one try; returns what ``execute`` returns."""
        return execute(self.operator(requests, **arguments), make_context(try_number=try_number, max_tries=max_tries))

    def complete(self, requests: Any, event: Any, **arguments: Any) -> Any:
        """Take the batch up after a deferral."""
        # Without nesting: Airflow 2 would refuse an execute inside of another call.
        operator = self.operator(requests, deferrable=True, allow_nested_operators=False, **arguments)
        return operator.execute_complete(make_context(), event)

    def products(self, count: int, start: int = 0) -> list[dict[str, Any]]:
        """Return requests that differ in a part of their address."""
        url = f"{self.service.url}/_local/samples/coffee-large.jpg"
        return [{"image_url": f"{url}?sku=cup-{n}-", "key": f"cup-{n}"} for n in range(start, start + count)]

    def accepted(self) -> int:
        """Return how many requests Aidge has accepted, and so is paid for."""
        return len(self.service.accepted(SUBMIT))

    def end_all(self) -> None:
        """End all tasks that still run."""
        for task in self.service.aidge_tasks:
            task.seconds = 0.0
        wait_until(lambda: all(task.done is not None for task in self.service.aidge_tasks))

    def calls(self) -> Counter[str]:
        """Return how many requests of each action there were."""
        return Counter(call.action for call in self.service.journal)


def fire(arguments: dict[str, Any]) -> dict[str, Any]:
    """Run a trigger; return its event."""

    async def collect() -> list[Any]:
        return [event.payload async for event in AidgeImageBatchTrigger(**arguments).run()]

    (event,) = asyncio.run(collect())
    return dict(event)


def wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.time() + 60
    while not holds():
        assert time.time() < deadline
        time.sleep(0.02)


def codes(entries: list[dict[str, Any]]) -> dict[Any, str]:
    """Return the codes of the entries without pictures, by key."""
    return {entry["key"]: entry["Error"]["Code"] for entry in entries if "Error" in entry}
