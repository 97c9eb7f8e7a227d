"""The local service with a crowd of tasks, in a process of its own: what it needs of the machine disturbs nobody.

It reads a line of JSON for each command, and answers with one.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Collection
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from airflow_provider_mps.local.service import LocalService
from airflow_provider_mps.local.tencentcloud.rules import BG_FUSION, BG_FUSION_DIR, Job, Source

# Of the real service, for each action.
REQUESTS_PER_SECOND = 20
LOOKS = ("DescribeImageTaskDetail", "DescribeImageTasks")
_TOO_FAST = "RequestLimitExceeded"


def share_of_cap(accepted: Collection[float]) -> float:
    """Return the share of the cap at which requests were accepted, from the first to the last.

    :param accepted: when each was, in seconds
    """
    return (len(accepted) - 1) / (max(accepted) - min(accepted)) / REQUESTS_PER_SECOND


class CrowdService:
    """Starts the process and talks to it, as a context manager."""

    def __enter__(self) -> Self:
        command = [sys.executable, "-m", __spec__.name]
        root = Path(__file__).parents[1]
        self._process = subprocess.Popen(command, cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.connection: dict[str, Any] = self._read()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._process:
            self._process.terminate()

    def create(self, count: int, first: float, last: float) -> list[tuple[str, float, float]]:
        """Accept tasks that finish one by one, ``first`` to ``last`` seconds from now.

        :return: for each its id, when it was accepted and when it finishes, seconds since the epoch
        """
        return [tuple(task) for task in self._ask({"count": count, "first": first, "last": last})]

    def calls(self) -> dict[str, dict[str, int]]:
        """Return by action how many requests there were, and how many of them were refused as too many."""
        return dict(self._ask({}))

    def _ask(self, command: dict[str, Any]) -> Any:
        assert self._process.stdin
        self._process.stdin.write(json.dumps(command) + "\n")
        self._process.stdin.flush()
        return self._read()

    def _read(self) -> Any:
        assert self._process.stdout
        return json.loads(self._process.stdout.readline())


def _serve() -> None:
    with LocalService(rate_limit=REQUESTS_PER_SECOND, small_pictures=True) as service:
        print(json.dumps(service.connection()), flush=True)
        for line in sys.stdin:
            command = json.loads(line)
            answer: Any = _create(service, **command) if command else _count(service)
            print(json.dumps(answer), flush=True)


def _create(service: LocalService, count: int, first: float, last: float) -> list[tuple[str, float, float]]:
    step = (last - first) / max(1, count - 1)
    durations = [first + n * step for n in range(count)]
    # The order of acceptance says nothing about the order of the ends; the same one each time.
    random.Random(count).shuffle(durations)
    account = service.backend.accounts.default.account
    return [_accept(service, account, seconds) for seconds in durations]


def _accept(service: LocalService, account: str, seconds: float) -> tuple[str, float, float]:
    place = {"bucket": service.bucket, "region": service.region}
    subject = Source(**place, key="samples/coffee.png")
    path = f"{BG_FUSION_DIR}{service.backend.clock():.6f}.jpeg"
    job = Job(
        fusion=True,
        subject=subject,
        background=None,
        prompt="",
        seed=None,
        format="JPEG",
        image_size="2K",
        quality=90,
        path=path,
        paths=(path,),
        text="",
        **place,
    )
    task = service.backend.tasks.create(
        account=account,
        job=job,
        input_info={
            "Type": "COS",
            "CosInputInfo": {"Bucket": service.bucket, "Region": service.region, "Object": "/samples/coffee.png"},
        },
        image_task=None,
        definition=BG_FUSION,
        seconds=seconds,
    )
    # No picture is made; from now on the clock alone decides what is seen of the task.
    task.done = task.created
    return task.task_id, task.created, task.finish


def _count(service: LocalService) -> dict[str, dict[str, int]]:
    records = service.journal
    calls = Counter(record.action for record in records)
    refused = Counter(record.action for record in records if record.code == _TOO_FAST)
    return {action: {"calls": calls[action], "refused": refused[action]} for action in calls}


if __name__ == "__main__":
    _serve()
