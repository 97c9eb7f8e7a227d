"""Two other ways to wait, written for the comparison; each is how it is done elsewhere."""

from __future__ import annotations

import asyncio
import json
import os
import random
import threading
import time
from typing import Any, NamedTuple

from benchmarks.watcher import WaitedTask, Watcher

# Seconds between looks.
INTERVAL = 10.0
ACTION = "DescribeImageTaskDetail"
FINISH = "FINISH"


class _Account(NamedTuple):
    credential: Any
    region: str
    profile: Any


class PollingWorkers:
    """A worker for each task, which polls and sleeps as the vendor's command-line tool does. Any error fails the task.

    A thread stands for the worker.
    """

    def __init__(self) -> None:
        from tencentcloud.mps.v20190612 import models, mps_client

        self._models, self._client_class = models, mps_client.MpsClient
        self._account = _account()

    def wait_for_all(self, tasks: list[WaitedTask], watcher: Watcher, cap: float) -> dict[str, Any]:
        """Wait for all tasks, ``cap`` seconds at the most."""
        ends = time.monotonic() + cap
        threads = [threading.Thread(target=self._work, args=(task, watcher), daemon=True) for task in tasks]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(max(0.0, ends - time.monotonic()))
        return {}

    def poll(self, client: Any, task: WaitedTask) -> bool:
        """Look at a task once."""
        request = self._models.DescribeImageTaskDetailRequest()
        request.TaskId = task.task_id
        return bool(client.DescribeImageTaskDetail(request).Status == FINISH)

    def client(self) -> Any:
        """Return a client as a worker has it."""
        return self._client_class(*self._account)

    def _work(self, task: WaitedTask, watcher: Watcher) -> None:
        time.sleep(_spread())
        try:
            client = self.client()
            while not self.poll(client, task):
                time.sleep(INTERVAL)
            watcher.noticed(task)
        except Exception as error:
            watcher.fail(error)


class LoopPerTrigger:
    """A client and a loop of its own for each trigger, as in today's providers.

    :param ignores_errors: an error is no verdict; look again after the interval. Otherwise it fails the task.
    """

    def __init__(self, *, ignores_errors: bool) -> None:
        # Together they are the SDK's own async client, which as it stands does not work with httpx 0.28.
        import httpx

        from airflow_provider_mps.clients.tencentcloud import AsyncMpsCommonClient

        self._ignores_errors = ignores_errors
        self._http_class, self._client_class = httpx.AsyncClient, AsyncMpsCommonClient
        self._account = _account()

    async def wait(self, task: WaitedTask, watcher: Watcher) -> None:
        """Wait for one task."""
        await asyncio.sleep(_spread())
        client = self.client()
        try:
            while not await self.poll(client, task.task_id):  # noqa: ASYNC110
                await asyncio.sleep(INTERVAL)
            watcher.noticed(task)
        finally:
            await client.close()

    def client(self) -> Any:
        """Return a client as a trigger has it."""
        return self._client_class(*self._account, self._http_class(timeout=30.0))

    async def poll(self, client: Any, task_id: str) -> bool:
        """Look at a task once."""
        try:
            answer = await client.call_and_deserialize(ACTION, {"TaskId": task_id})
            return bool(answer["Response"]["Status"] == FINISH)
        except Exception:
            if self._ignores_errors:
                return False
            raise


def _spread() -> float:
    """Return when to begin, in seconds: evenly over an interval, the best case for those who do not know each other."""
    return random.uniform(0.0, INTERVAL)


def _account() -> _Account:
    from tencentcloud.common.credential import Credential
    from tencentcloud.common.profile.client_profile import ClientProfile
    from tencentcloud.common.profile.http_profile import HttpProfile

    connection = json.loads(os.environ["AIRFLOW_CONN_TENCENTCLOUD_DEFAULT"])
    extra = connection["extra"]
    profile = ClientProfile(
        httpProfile=HttpProfile(protocol=extra["protocol"].removesuffix("://"), endpoint=extra["endpoint"])
    )
    return _Account(Credential(connection["login"], connection["password"]), extra["region"], profile)
