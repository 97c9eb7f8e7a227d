"""Keeps the record of a catalogue: an ordered log of immutable files, and a snapshot now and then.

Each file has the number after that of the last one, and is made only if there is none of its name: of two who write at
once one is first, and the other reads what that one has said and decides again. Nothing is ever changed or removed.
Delta Lake keeps its log in the same way (https://github.com/delta-io/delta/blob/master/PROTOCOL.md).
"""

from __future__ import annotations

import logging
import re
import uuid
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import NoReturn, Protocol

from tenacity import RetryError, Retrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from airflow_provider_mps.catalogue.addresses import record_folder
from airflow_provider_mps.catalogue.errors import CatalogueBusyError, RecordUnreadableError
from airflow_provider_mps.catalogue.record.events import Event
from airflow_provider_mps.catalogue.record.fold import CatalogueRecord, Entry
from airflow_provider_mps.catalogue.record.format import read_entry, read_snapshot, write_entry, write_snapshot
from airflow_provider_mps.catalogue.record.state import Writer
from airflow_provider_mps.catalogue.record.values import RecordFormatError, read_time, write_time
from airflow_provider_mps.core.airflow_task import TaskKey
from airflow_provider_mps.core.arguments import beneath
from airflow_provider_mps.storage.parallel import threads

# Files of the log after which a snapshot is written: so many, and the snapshot, have to be read.
SNAPSHOT_EVERY = 20
# Files that are read at the same time.
AT_ONCE = 8
# How often a task tries to write, where others do too.
ATTEMPTS = 100
# Those who write at once must not meet again at once.
WAIT = wait_random_exponential(multiplier=0.05, max=2)

_NAME = re.compile(r"(snapshot-)?([0-9]{8})\.jsonl")
_CONTENT_TYPE = "application/jsonl; charset=utf-8"
_log = logging.getLogger(__name__)


class RecordFiles(Protocol):
    """What the record needs of a storage; ``storage.files.Files`` has it."""

    def names(self, folder: str) -> list[str]:
        """Return the names of the files directly in a folder."""

    def read(self, address: str) -> bytes:
        """Return a whole file.

        :raises FileNotFoundError: there is none
        """

    def write_new(self, address: str, data: bytes, content_type: str | None = None) -> bool:
        """Write a whole file if there is none of its name; return whether that is so."""


class RecordMovedError(Exception):
    """Another run was faster: what this one knows is not the newest any more, and nothing was written."""


class RecordStore:
    """Reads and writes the record of a catalogue.

    What the storage raises when it does not answer goes through.

    :param files: reaches the storage
    :param catalogue: address of the catalogue's folder
    """

    def __init__(self, files: RecordFiles, catalogue: str) -> None:
        self._files = files
        self.folder = record_folder(catalogue)

    def read(self) -> CatalogueRecord:
        """Return what is known: what the newest snapshot says, and the files of the log after it.

        A snapshot that cannot be read is left out with a warning, as the log has all that it says; should the log have
        been cleared away since, that is an error.

        :raises RecordUnreadableError: a file is missing or cannot be read
        """
        numbers, snapshots = self._listed()
        known, broken = self._snapshot(snapshots)
        last = max(numbers, default=0)
        if broken is not None and not set(range(known.seq + 1, max(last, broken[0]) + 1)) <= numbers:
            raise RecordUnreadableError(self._address(broken[0], "snapshot-"), broken[1])
        # A listing may not have what was written a moment ago.
        return self._newest(self._read_on(known, last))

    def newest(self, count: int) -> Iterator[Entry]:
        """Yield the last files of the log, the newest first; they are read as they are asked for.

        :param count: how many at the most
        :raises RecordUnreadableError: a file is missing or cannot be read
        """
        numbers = sorted(self._listed()[0], reverse=True)[:count]
        with threads(AT_ONCE, "catalogue-record") as pool:
            for first in range(0, len(numbers), AT_ONCE):
                some = numbers[first : first + AT_ONCE]
                for number, data in zip(some, pool.map(self._data, some), strict=True):
                    yield self._entry(number, data)

    def append(self, record: CatalogueRecord, run: TaskKey, events: Iterable[Event], now: float) -> CatalogueRecord:
        """Write a file of the log, and a snapshot where it is time for one; return what is known then.

        :param record: what is known, and is the newest if nobody else writes
        :param run: the Airflow task that writes
        :param events: what it says
        :param now: seconds since the epoch
        :raises RecordMovedError: another run has written since; nothing was written
        """
        entry = Entry(
            record.seq + 1,
            Writer(run.dag_id, run.run_id, run.task_id),
            # As whoever reads it will find it.
            read_time(write_time(now)),
            tuple(events),
        )
        address, data = self._address(entry.number), write_entry(entry, uuid.uuid4().hex)
        if not self._files.write_new(address, data, _CONTENT_TYPE) and self._files.read(address) != data:
            raise RecordMovedError(address)
        return self._with_snapshot(record.after([entry]))

    def update(
        self,
        run: TaskKey,
        decide: Callable[[CatalogueRecord], list[Event]],
        now: float,
        known: CatalogueRecord | None = None,
    ) -> CatalogueRecord:
        """Decide by what is known, and write what was decided if it still is: so no two runs ever take the same item.

        :param run: the Airflow task that writes
        :param decide: returns what is to be written, from what is known; it is asked again whenever another run was
            faster. Where it returns nothing, nothing is written
        :param now: seconds since the epoch
        :param known: what was read before, so that only what has come since is read; default: all is
        :return: what is known then, with what was written
        :raises RecordUnreadableError: a file is missing or cannot be read
        :raises CatalogueBusyError: other runs were faster all the time
        """
        known = self.read() if known is None else self._newest(known)
        try:
            for attempt in Retrying(
                retry=retry_if_exception_type(RecordMovedError), wait=WAIT, stop=stop_after_attempt(ATTEMPTS)
            ):
                with attempt:
                    if attempt.retry_state.attempt_number > 1:
                        known = self._newest(known)
                    events = decide(known)
                    if events:
                        known = self.append(known, run, events, now)
        except RetryError:
            raise CatalogueBusyError(self.folder, ATTEMPTS) from None
        return known

    def _listed(self) -> tuple[set[int], list[int]]:
        """Return the numbers of the log's files, and those of the snapshots, the newest first."""
        numbers: set[int] = set()
        snapshots: list[int] = []
        for name in self._files.names(self.folder):
            found = _NAME.fullmatch(name)
            if found is not None:
                (snapshots.append if found[1] else numbers.add)(int(found[2]))
            elif name.endswith(".jsonl") and not name.startswith("."):
                raise RecordUnreadableError(beneath(self.folder, name), "no file of a record has such a name")
        return numbers, sorted(snapshots, reverse=True)

    def _snapshot(self, snapshots: list[int]) -> tuple[CatalogueRecord, tuple[int, str] | None]:
        """Return what the newest snapshot that can be read says, and which newer one cannot, and why."""
        broken: tuple[int, str] | None = None
        for number in snapshots:
            address = self._address(number, "snapshot-")
            try:
                return read_snapshot(self._files.read(address), number), broken
            except RecordFormatError as error:
                broken = broken or (number, str(error))
                _log.warning("The log is read in place of the snapshot %s, which cannot be: %s", address, error)
        return CatalogueRecord(), broken

    def _read_on(self, known: CatalogueRecord, last: int) -> CatalogueRecord:
        """Return what is known after the log's files up to a number."""
        with threads(AT_ONCE, "catalogue-record") as pool:
            return known.after(self._entries(pool, known.seq + 1, last))

    def _entries(self, pool: ThreadPoolExecutor, first: int, last: int) -> Iterator[Entry]:
        ahead: deque[Future[bytes]] = deque()
        begun = 0
        for number in range(first, last + 1):
            # No more than that: a file may have all of a large catalogue in it.
            while begun < last - first + 1 and len(ahead) < AT_ONCE:
                ahead.append(pool.submit(self._data, first + begun))
                begun += 1
            yield self._entry(number, ahead.popleft().result())

    def _newest(self, known: CatalogueRecord) -> CatalogueRecord:
        """Return what is known after all files of the log that have come since."""
        entries: list[Entry] = []
        while True:
            number = known.seq + len(entries) + 1
            try:
                data = self._files.read(self._address(number))
            except FileNotFoundError:
                return known.after(entries)
            entries.append(self._entry(number, data))

    def _data(self, number: int) -> bytes:
        try:
            return self._files.read(self._address(number))
        except FileNotFoundError:
            self._unreadable(number, "it is missing, and later ones are there")

    def _entry(self, number: int, data: bytes) -> Entry:
        try:
            entry = read_entry(data, number)
            return Entry(number, entry.run, entry.at, self._events(entry))
        except RecordFormatError as error:
            self._unreadable(number, str(error))

    def _events(self, entry: Entry) -> Iterator[Event]:
        try:
            yield from entry.events
        except RecordFormatError as error:
            self._unreadable(entry.number, str(error))

    def _with_snapshot(self, known: CatalogueRecord) -> CatalogueRecord:
        if known.seq - known.snapshot < SNAPSHOT_EVERY:
            return known
        address = self._address(known.seq, "snapshot-")
        try:
            # Whoever was faster has written the same.
            self._files.write_new(address, write_snapshot(known), _CONTENT_TYPE)
        except Exception as error:
            # The next one who writes makes one of what is known then.
            _log.warning("The snapshot %s could not be written; reading takes longer until one is: %s", address, error)
            return known
        return CatalogueRecord(known.items, known.seq, known.seq)

    def _unreadable(self, number: int, reason: str) -> NoReturn:
        raise RecordUnreadableError(self._address(number), reason) from None

    def _address(self, number: int, kind: str = "") -> str:
        return beneath(self.folder, f"{kind}{number:08d}.jsonl")
