"""Where the record of a submission is kept from one try of an Airflow task to the next."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Protocol

from airflow_provider_mps.compat import task_state_store
from airflow_provider_mps.core.redaction import excerpt
from airflow_provider_mps.core.services import ServiceProfile
from airflow_provider_mps.core.submission import Record, UnreadableRecordError

# MPS remembers a task for 7 days, and Aidge does not say; a record that outlives it by one says nothing any more.
RETENTION = timedelta(days=8)


class SubmissionStore(Protocol):
    """Keeps one record for one Airflow task instance.

    :ivar keeps_records: whether what is written is there in the next try
    """

    keeps_records: bool

    def read(self) -> Record | None:
        """Return the record; None if there is none.

        :raises UnreadableRecordError: there is one that cannot be read
        """

    def write(self, record: Record) -> None:
        """Keep the record in place of any earlier one."""


class TaskStateStore:
    """Airflow's own store for the state of a task (3.3 and newer); it survives retries and clears.

    :param accessor: ``context["task_state_store"]``
    :param key: name of the record
    """

    keeps_records = True

    def __init__(self, accessor: Any, key: str) -> None:
        self._accessor = accessor
        self._key = key

    def read(self) -> Record | None:
        """Return the record; None if there is none."""
        value = self._accessor.get(self._key)
        if value is None:
            return None
        record = Record.from_json(value)
        if record is None:
            raise UnreadableRecordError(
                f"{self._key} in the task's state store is not a record: {excerpt(repr(value))}"
            )
        return record

    def write(self, record: Record) -> None:
        """Keep the record."""
        self._accessor.set(self._key, record.to_json(), retention=RETENTION)


class ThisTryOnly:
    """Keeps the record for as long as the try lasts: all there is before Airflow 3.3."""

    keeps_records = False

    def __init__(self) -> None:
        self._record: Record | None = None

    def read(self) -> Record | None:
        """Return the record of this try; None if there is none."""
        return self._record

    def write(self, record: Record) -> None:
        """Keep the record for this try."""
        self._record = record


def store_of(context: Mapping[str, Any], service: ServiceProfile) -> SubmissionStore:
    """Return the store that this Airflow gives the task.

    :param service: whose submissions are kept in it
    """
    accessor = task_state_store(context)
    return ThisTryOnly() if accessor is None else TaskStateStore(accessor, service.record_key)
