"""What is known of a task, as it was found in one place or the other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from airflow_provider_mps.catalogue.record.events import ItemFailed, ItemMade
from airflow_provider_mps.catalogue.record.state import ItemState, Writer
from airflow_provider_mps.cli.services import Answer
from airflow_provider_mps.compat_makers import Maker
from airflow_provider_mps.core.polling import WaitOutcome
from airflow_provider_mps.core.services import ServiceProfile
from airflow_provider_mps.core.submission import Record
from airflow_provider_mps.services.tencentcloud.prices import Prices

LONGEST_ADDRESS = 1000
"""Of the record of a batch: COS takes no key of more than 850 bytes. One that is cut cannot be asked about."""


class Kept(NamedTuple):
    """The record of a submission, in Airflow's state store.

    :param dag_id: the DAG of the task that keeps it
    :param run_id: its run
    :param task_id: its id
    :param map_index: -1 where it is not mapped
    :param record: what it says
    """

    dag_id: str
    run_id: str
    task_id: str
    map_index: int
    record: Record


class InBatch(NamedTuple):
    """A picture of a batch.

    :param address: of the batch's record
    :param record: of its submission
    :param end: how waiting for it ended; None where it has not
    """

    address: str
    record: Record
    end: WaitOutcome | None

    @property
    def folders(self) -> tuple[str, str] | None:
        """DAG and task, as the folders of the record are named; None where it does not lie in such folders."""
        # cos://{bucket}/{record_dir}/{dag}/{task}/{digest of run and map index}/
        parts = self.address.rstrip("/").split("/")
        return (parts[-3], parts[-2]) if len(parts) > 5 else None

    def submitted_at(self, task_id: str) -> float | None:
        """Return when a task was submitted, seconds since the epoch; None where that is not on record any more."""
        return self.record.intent if self.record.task_id == task_id else None


class InCatalogue(NamedTuple):
    """An item of a catalogue.

    :param catalogue: address of the catalogue
    :param event: what was put on record of the task
    :param run: who did
    :param at: when, seconds since the epoch
    :param state: what is known of the item now
    """

    catalogue: str
    event: ItemMade | ItemFailed
    run: Writer
    at: float
    state: ItemState


@dataclass
class Evidence:
    """All that was found of a task.

    :ivar answer: what the service says now; None where it was not asked, or did not answer
    :ivar refusal: why there is no answer, in lines
    :ivar remedy: what can be done about that; empty where nothing is known
    :ivar is_unknown: whether the service says that it knows no such task
    :ivar makers: Airflow tasks that have told of it, the last one first
    :ivar kept: records of submissions in which it stands
    :ivar batch: what a batch has on record of it
    :ivar item: what a catalogue has on record of it
    :ivar prices: of the connection
    :ivar conn_id: the connection that was used; empty where it could not be read
    :ivar missing: where was looked in vain, and why
    """

    service: ServiceProfile
    task_id: str
    answer: Answer | None = None
    refusal: list[str] = field(default_factory=list)
    remedy: str = ""
    is_unknown: bool = False
    makers: list[Maker] = field(default_factory=list)
    kept: list[Kept] = field(default_factory=list)
    batch: InBatch | None = None
    item: InCatalogue | None = None
    prices: Prices | None = None
    conn_id: str = ""
    missing: list[str] = field(default_factory=list)

    @property
    def is_known(self) -> bool:
        """Whether there is anything to tell."""
        return any((self.answer, self.makers, self.kept, self.batch, self.item))

    @property
    def fields(self) -> Mapping[str, Any]:
        """The rendered fields of the Airflow task that has submitted it; empty where they are not known."""
        return next((one.fields for one in self.makers if one.fields), {})

    @property
    def record(self) -> Record | None:
        """The record of the submission; None where there is none."""
        found = next((one.record for one in self.kept), None)
        return found or (self.batch.record if self.batch else None)
