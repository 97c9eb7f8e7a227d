"""What Airflow says of the task that submits: which it is, which run, which try."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple


class TaskKey(NamedTuple):
    """The ids of an Airflow task: what stays the same through retries and clears.

    :param map_index: -1 where the task is not mapped
    :param iteration: which iteration of which loop, as Airflow 3.4 tells them apart; empty outside of loops
    """

    dag_id: str
    task_id: str
    run_id: str
    map_index: int
    iteration: str = ""

    @property
    def ids(self) -> tuple[str, ...]:
        """What names made of a task are made of: outside of loops the same as before there were any."""
        plain = (self.dag_id, self.task_id, self.run_id, str(self.map_index))
        return (*plain, self.iteration) if self.iteration else plain


@dataclass(frozen=True)
class Instance:
    """What Airflow says of a task instance, as far as it tells a run from another one of the same name.

    :param ti_id: id of the task instance; Airflow 3 gives each try a new one, and keeps it through a deferral
    :param run_number: id of the DAG run in Airflow's database; Airflow 2 shows it to tasks
    :param run_began: when the DAG run began, seconds since the epoch; a clear of the whole run sets it anew
    """

    ti_id: str | None = None
    run_number: int | None = None
    run_began: float | None = None

    def is_of_another_run(self, other: Instance) -> bool:
        """Tell whether this is the first try of a run, and the other one was of a run that was deleted before.

        Where Airflow says nothing that tells them apart they count as one: nothing is paid for again.
        """
        if self.ti_id is not None and other.ti_id is not None:
            return self.ti_id != other.ti_id
        if self.run_number is None or other.run_number is None:
            return False
        # SQLite gives the number of a deleted row again, so the beginning counts beside it; not by itself, as a run may
        # begin twice.
        began_alike = self.run_began is None or other.run_began is None or self.run_began == other.run_began
        return self.run_number != other.run_number or not began_alike


@dataclass(frozen=True)
class AirflowTry:
    """The try of the Airflow task that has to decide.

    :param try_number: from 1, also through clears
    :param max_tries: ``max_tries`` of the task instance: the same through automatic retries, another one after a clear
    :param retries: ``retries`` of the operator
    :param began: when this try began, seconds since the epoch; a deferral does not change it
    :param now: when this process took the try up, seconds since the epoch; all before it have ended
    :param run_began: when the DAG run began, seconds since the epoch; None if that is not known
    :param keeps_records: whether this Airflow keeps a record from one try to the next
    :param has_submitted: whether an earlier run of the same try is known to have submitted; Airflow 3 can start a
        deferred task from its beginning again under the number of its first try
    :param has_returned: whether an earlier run is known to have returned its result
    :param service: where it submits
    """

    try_number: int
    max_tries: int
    retries: int
    began: float
    now: float
    run_began: float | None
    keeps_records: bool
    has_submitted: bool = False
    has_returned: bool = False
    service: str = field(kw_only=True)

    @property
    def is_cleared(self) -> bool:
        """Whether this is the first try after a clear, as far as the numbers alone can tell.

        A clear sets ``max_tries`` to the number of tries so far plus ``retries``.
        """
        return self.try_number > 1 and self.try_number == self.max_tries - self.retries + 1
