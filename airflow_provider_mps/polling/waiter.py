"""One who waits for one task, and what is known about that task."""

from __future__ import annotations

from dataclasses import dataclass

from airflow_provider_mps.core.errors import ServiceError
from airflow_provider_mps.core.polling import Deadline, PollDecision, count_empty, next_step
from airflow_provider_mps.core.tasks import TaskState

NEVER = float("inf")


@dataclass(eq=False, slots=True)
class Waiter:
    """One who waits for one task. All times are seconds since the epoch.

    :param task_id: the service's id of the task
    :param deadline: when waiting ends
    :param interval: seconds between looks
    :param since: when the service accepted the task; None if that is not known
    :param seen: when the task was last known to run
    :param due: when to look at it; ``NEVER`` while a look is under way, and before and after waiting
    :param empty_looks: how many looks in a row have shown a finished task without a result
    :param is_found: whether a list has shown the task as finished
    """

    task_id: str
    deadline: Deadline
    interval: float
    since: float | None
    seen: float
    due: float = NEVER
    empty_looks: int = 0
    is_found: bool = False

    def take(self, look: TaskState | ServiceError, now: float, service: str) -> PollDecision:
        """Take in what a look showed, or why it showed nothing; return what follows.

        :param service: the name of the service whose task it is
        """
        if isinstance(look, TaskState):
            self.seen = now
            # On the clock that the list goes by.
            self.since = look.created or self.since
        self.empty_looks = count_empty(look, self.empty_looks)
        return next_step(
            look,
            service=service,
            now=now,
            deadline=self.deadline,
            interval=self.interval,
            since=self.since,
            empty_looks=self.empty_looks,
        )
