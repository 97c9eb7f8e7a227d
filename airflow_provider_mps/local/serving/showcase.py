"""What a service shows of itself in the interface of the local service."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Protocol

from airflow_provider_mps.local.serving.page import BucketTable, ShownPicture, TaskRow
from airflow_provider_mps.local.serving.wire import HttpReply

# Answers a path below the name of a folder.
Folder = Callable[[str], Awaitable[HttpReply]]
# Carries out a request with a JSON object for its body.
Route = Callable[[dict[str, Any]], Any]

# What is shown may be anything, a page with scripts too.
SANDBOX = [
    ("Content-Security-Policy", "sandbox; default-src 'none'; img-src 'self'; style-src 'unsafe-inline'"),
    ("X-Content-Type-Options", "nosniff"),
    ("Cache-Control", "no-store"),
]


class NotShown(Exception):
    """There is nothing to show; the text says why.

    :param status: the HTTP status that says it too.
    :param message: a sentence for people.
    """

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class BadRequest(Exception):
    """A request to the interface makes no sense; its text says why."""


class ShownTask(Protocol):
    """A task of a service, as it is shown."""

    @property
    def created(self) -> float:
        """When it was accepted, seconds since the epoch."""
        ...

    def facts(self, now: float) -> dict[str, Any]:
        """Return what the list of tasks as JSON says of it."""
        ...

    def row(self, now: float) -> TaskRow:
        """Return its row on the page."""
        ...

    def pictures(self, now: float) -> list[ShownPicture]:
        """Return the pictures that it has made."""
        ...


class Showcase:
    """What a service shows; of each kind nothing, unless it says otherwise."""

    def tasks(self) -> Sequence[ShownTask]:
        """Return its tasks, oldest first."""
        return ()

    def buckets(self) -> Sequence[BucketTable]:
        """Return its buckets."""
        return ()

    def health(self) -> Mapping[str, Any]:
        """Return what the answer about the service's health says of it."""
        return {}

    def folders(self) -> Mapping[str, Folder]:
        """Return what may be looked at below the interface, by the first part of its path."""
        return {}

    def routes(self) -> Mapping[tuple[str, str], Route]:
        """Return further requests to the interface, by method and path."""
        return {}


class _TimedTask(Protocol):
    task_id: str
    created: float
    seconds: float
    done: float | None

    def status(self, now: float) -> str: ...


def task_facts(service: str, task: _TimedTask, now: float) -> dict[str, Any]:
    """Return what the list of tasks says of a task of any service."""
    return {
        "service": service,
        "task_id": task.task_id,
        "status": task.status(now),
        "created": task.created,
        "seconds": task.seconds,
        "done": task.done,
    }
