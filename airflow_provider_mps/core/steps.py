"""What the life of a submission asks for, step by step, and what it comes to."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from airflow_provider_mps.core.submission import Record
from airflow_provider_mps.core.tasks import Accepted, ListedTask, TaskState, TaskStatus

_T = TypeVar("_T")


class Port(Protocol):
    """What carries out the steps of a flow; that of an event loop returns awaitables of the same."""

    def read(self) -> Record | None:
        """Return the record of earlier tries.

        :raises UnreadableRecordError: there is one that cannot be read
        """

    def keep(self, record: Record) -> None:
        """Write the record."""

    def look(self, task_id: str) -> TaskState:
        """Look at a task.

        :raises ServiceError: the service does not say
        """

    def list_tasks(self, status: TaskStatus, since: float | None) -> list[ListedTask]:
        """List the account's tasks.

        :raises ServiceError: the service does not say
        """

    def ask_clock(self) -> float | None:
        """Return how far the service's clock is ahead, in seconds; ask if that is not known yet."""

    def send(self, body: Any) -> Accepted:
        """Submit.

        :raises ServiceError: the service has not accepted it, or did not say
        """

    def hand_over(self, record: Record) -> None:
        """Have somebody else submit; does not return.

        :param record: the intent, which is on record
        """

    def pause(self, seconds: float) -> None:
        """Wait."""

    def wait(self, doubt: InDoubt) -> None:
        """Wait until a task that may be ours is done, or for a while.

        :raises Exception: there is no time left
        """


@dataclass(frozen=True)
class Read:
    """Asks for the record of earlier tries."""

    def on(self, port: Any) -> Any:
        """Have it done."""
        return port.read()


@dataclass(frozen=True)
class Keep:
    """Has the record written."""

    record: Record

    def on(self, port: Any) -> Any:
        """Have it done."""
        return port.keep(self.record)


@dataclass(frozen=True)
class Look:
    """Asks for the state of a task."""

    task_id: str

    def on(self, port: Any) -> Any:
        """Have it done."""
        return port.look(self.task_id)


@dataclass(frozen=True)
class ListTasks:
    """Asks for the tasks of the account.

    :param since: those that began after this, seconds since the epoch; None for all
    """

    status: TaskStatus
    since: float | None

    def on(self, port: Any) -> Any:
        """Have it done."""
        return port.list_tasks(self.status, self.since)


@dataclass(frozen=True)
class AskClock:
    """Asks how far the clock of the service is ahead, in seconds."""

    def on(self, port: Any) -> Any:
        """Have it done."""
        return port.ask_clock()


@dataclass(frozen=True)
class Send:
    """Has a request submitted; the one step that is paid for."""

    body: Any

    def on(self, port: Any) -> Any:
        """Have it done."""
        return port.send(self.body)


@dataclass(frozen=True)
class HandOver:
    """Has somebody else submit, with whom the life of the submission goes on; there is no answer.

    :param record: the intent, which is on record
    """

    record: Record

    def on(self, port: Any) -> Any:
        """Have it done."""
        return port.hand_over(self.record)


@dataclass(frozen=True)
class Pause:
    """Has some seconds pass."""

    seconds: float

    def on(self, port: Any) -> Any:
        """Have it done."""
        return port.pause(self.seconds)


class PossibleTask(Protocol):
    """A task that may be ours, which only its result will show."""

    @property
    def task_id(self) -> str:
        """The service's id of it."""

    def not_done(self, limit: str) -> str:
        """Say that it was waited for in vain.

        :param limit: the argument that ended the waiting
        """


@dataclass(frozen=True)
class InDoubt:
    """Asks to be sent on when a task that may be ours is done, or after a while.

    :param runs: one of the tasks that may be ours, and how many they are
    :param counts_from: when the time to wait began, seconds since the epoch
    :param can_be_resumed: whether another process would come to the same question
    :param why: for the error, if time runs out
    """

    runs: PossibleTask
    counts_from: float
    can_be_resumed: bool
    why: str

    def on(self, port: Any) -> Any:
        """Have it done."""
        return port.wait(self)


Step = Read | Keep | Look | ListTasks | AskClock | Send | HandOver | Pause | InDoubt
Flow = Generator[Step, Any, _T]


@dataclass(frozen=True)
class Submitted:
    """A task that a service has accepted, now or in an earlier try.

    :param task_id: the service's id of it
    :param since: when it was accepted, seconds since the epoch
    :param state: what the last look at it showed; None if nobody has looked yet
    :param waits_from: when waiting for it counts from, seconds since the epoch; None counts from ``since``
    """

    task_id: str
    since: float
    state: TaskState | None = None
    waits_from: float | None = None

    @property
    def counts_from(self) -> float:
        """When waiting counts from, seconds since the epoch."""
        return self.since if self.waits_from is None else self.waits_from


class Log(Protocol):
    """Takes lines for the task log."""

    def info(self, message: Any, /, *arguments: Any) -> Any:
        """Take a line about what goes as it should."""

    def warning(self, message: Any, /, *arguments: Any) -> Any:
        """Take a line about what does not."""
