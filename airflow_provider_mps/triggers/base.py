"""What the triggers that wait for a picture task have in common."""

from __future__ import annotations

import time
from abc import abstractmethod
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

from airflow.triggers.base import BaseTrigger, TriggerEvent

from airflow_provider_mps.core.errors import describe_look
from airflow_provider_mps.core.events import to_event
from airflow_provider_mps.core.polling import Deadline, trigger_lifetime
from airflow_provider_mps.core.services import ServiceProfile
from airflow_provider_mps.core.vocabulary import LimitKind
from airflow_provider_mps.polling.shared import PollTarget, wait_for_task

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import BaseOperator


class PictureTaskTrigger(BaseTrigger):
    """Waits until a picture task is done or the deadline has passed, then fires one event.

    All triggers of one triggerer that ask the same target share a poller (``polling.poller``): one HTTP client, one
    pace.
    The event is plain JSON with ``status`` one of ``success``, ``failed``, ``timeout`` and ``error``.

    :param poll_interval: seconds between looks (float); a new task is looked at sooner
    :param deadline: seconds since the epoch (float); it is absolute, so a restarted triggerer does not begin anew
    :param limit: the argument that the deadline comes from: ``timeout`` (str, default) or ``execution_timeout``
    :param since: when the service accepted the task, seconds since the epoch (float); default: not known
    """

    service: ClassVar[ServiceProfile]

    def __init__(
        self,
        poll_interval: float,
        deadline: float,
        limit: str = LimitKind.TIMEOUT.value,
        since: float | None = None,
    ) -> None:
        super().__init__()
        self.poll_interval = poll_interval
        self.deadline = deadline
        self.limit = limit
        self.since = since

    @property
    @abstractmethod
    def target(self) -> PollTarget:
        """Whom to ask about the task."""

    @property
    def task_id_of_service(self) -> str:
        """The service's id of the task."""
        return str(getattr(self, self.service.task_id_key))

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return the class path and the arguments."""
        return (
            f"{type(self).__module__}.{type(self).__qualname__}",
            {
                "poll_interval": self.poll_interval,
                "deadline": self.deadline,
                "limit": self.limit,
                "since": self.since,
            },
        )

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Wait, together with all other triggers of the same source, then yield one event."""
        task_id = self.task_id_of_service
        end = await wait_for_task(
            task_id,
            self.target,
            deadline=Deadline(self.deadline, LimitKind(self.limit)),
            interval=self.poll_interval,
            since=self.since,
            on_look=lambda look: self.log.info("%s task %s: %s", self.service, task_id, describe_look(look)),
        )
        yield TriggerEvent(to_event(task_id, end, self.service))


def defer_to(operator: BaseOperator, trigger: PictureTaskTrigger, method_name: str) -> NoReturn:
    """Defer ``operator`` until a picture task is done or too late.

    :param method_name: the operator's method that takes the event
    """
    lifetime = trigger_lifetime(now=time.time(), deadline=trigger.deadline)
    operator.defer(trigger=trigger, method_name=method_name, timeout=timedelta(seconds=lifetime))
    raise AssertionError("defer() does not return")
