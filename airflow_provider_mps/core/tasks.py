"""A task of a service: accepted, looked at, listed, failed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

from airflow_provider_mps.core.outcomes import CodeRule, Outcome
from airflow_provider_mps.core.services import profile_of


class Accepted(NamedTuple):
    """A submission that a service has accepted.

    :param task_id: the service's id of the task
    :param request_id: its id of the request, which its support asks for; empty where it gave none
    """

    task_id: str
    request_id: str = ""

    def __str__(self) -> str:
        return f"{self.task_id} (RequestId {self.request_id})" if self.request_id else self.task_id


class TaskStatus(StrEnum):
    """``Status`` of DescribeImageTaskDetail. The API may also answer null, which means "not yet".

    DescribeImageTasks knows PROCESSING and FINISH only.
    """

    WAITING = "WAITING"
    PROCESSING = "PROCESSING"
    FINISH = "FINISH"


@dataclass(frozen=True)
class ListedTask:
    """A line of a service's list of tasks.

    :param task_id: the service's id of it
    :param input: the input file, as the service describes it
    :param created: when the service accepted the task, seconds since the epoch; None where it did not say
    """

    task_id: str
    input: str
    created: float | None = None


@dataclass(frozen=True)
class TaskFailure:
    """Why a finished task has no good result.

    :param code: ``ErrCode`` and ``ErrMsg`` as the service gave them, such as ``70000 InternalError``
    :param message: the service's ``Message``
    :param service: whose words these are
    """

    code: str
    message: str
    service: str

    @property
    def is_final(self) -> bool:
        """Whether the same request, submitted again, would end the same way."""
        return any(rule.outcome is Outcome.REFUSED for rule in self._rules())

    @property
    def hint(self) -> str:
        """What the person on call can do about it; empty where nothing is known."""
        return next((rule.hint for rule in self._rules() if rule.hint), "")

    def __str__(self) -> str:
        return f"{self.code}: {self.message}" if self.message else self.code

    def _rules(self) -> Sequence[CodeRule]:
        return profile_of(self.service).task_rules(self.code)


@dataclass(frozen=True)
class TaskState:
    """What one look at a task showed.

    ``result`` and ``failure`` are both None while the task is not done.

    :param task_id: the service's id of it
    :param status: ``Status`` as answered; empty for null
    :param progress: lowest ``Progress`` of the entries, 0 to 100; None while there are none
    :param result: the result as it goes into XCom
    :param failure: why the task failed
    :param created: when the service accepted the task, seconds since the epoch; None where it did not say
    :param is_empty: whether the task has finished and shows neither a result nor an error; one may still come
    :param empty_since: when such a task finished, seconds since the epoch; None where the service did not say
    :param asked: what the task was asked, as the service says, where no output tells; else empty
    """

    task_id: str
    status: str
    progress: int | None = None
    result: dict[str, Any] | None = None
    failure: TaskFailure | None = None
    created: float | None = None
    is_empty: bool = False
    empty_since: float | None = None
    asked: str = ""

    @property
    def done(self) -> bool:
        """Whether nothing more will change."""
        return self.result is not None or self.failure is not None

    def __str__(self) -> str:
        progress = f", {self.progress}%" if self.progress is not None else ""
        return f"{self.status or 'no status yet'}{progress}"
