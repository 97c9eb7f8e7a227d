"""A batch whose requests or entries are in files, and that tells the record of a catalogue what it has paid for."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

from airflow_provider_mps.batch.asked import Asked
from airflow_provider_mps.batch.forms import Form, OpenStore, ReadItems
from airflow_provider_mps.batch.items import Item, ItemFailure, ItemOutcome
from airflow_provider_mps.batch.record import BatchRecord
from airflow_provider_mps.batch.words import whole_address
from airflow_provider_mps.catalogue.addresses import new_name, read_output, run_folder
from airflow_provider_mps.catalogue.batch.events import OTHER_RUN, Ended, Wanted, events_of, is_gone, taken_up
from airflow_provider_mps.catalogue.batch.left_behind import Begun, LeftBehind, announce, write_begun
from airflow_provider_mps.catalogue.batch.request_file import RequestFile, RequestLine, RequestList
from airflow_provider_mps.catalogue.record.events import Event
from airflow_provider_mps.catalogue.record.fold import CatalogueRecord
from airflow_provider_mps.catalogue.record.store import RecordStore
from airflow_provider_mps.catalogue.sealing import Seals
from airflow_provider_mps.catalogue.words import Action, Kind, LineService
from airflow_provider_mps.core.airflow_task import TaskKey
from airflow_provider_mps.core.arguments import beneath
from airflow_provider_mps.core.identity import map_addresses, unsigned_url
from airflow_provider_mps.core.polling import Finished
from airflow_provider_mps.core.services import ServiceProfile
from airflow_provider_mps.core.submission import given_up
from airflow_provider_mps.exceptions import MpsBatchTakenOverError
from airflow_provider_mps.hooks.cos import CosHook
from airflow_provider_mps.services.tencentcloud.codes import PICTURES_PER_DAY_REACHED
from airflow_provider_mps.storage.files import Files, parent
from airflow_provider_mps.storage.lines import write_lines


class RequestSource(Protocol):
    """Where the requests of a batch come from."""

    address: str

    def lines(self) -> Iterator[RequestLine]:
        """Give the lines that go into the file with the entries."""

    def asked(self) -> list[Asked]:
        """Return the requests, in the order of the lines that are made."""


class FileForm(Form):
    """Entries in a file.

    :param source: where the requests come from
    :param results: address of the folder for the file
    :param catalogue: address of the catalogue's folder; None without one
    :param files: reaches the storage
    :param service: who makes the pictures
    :param task: the Airflow task of the batch
    :param try_number: its try
    """

    def __init__(
        self,
        source: RequestSource,
        results: str,
        *,
        catalogue: str | None,
        files: Files,
        service: ServiceProfile,
        task: TaskKey,
        try_number: int,
    ) -> None:
        self._source = source
        self._results = results
        self._catalogue = catalogue
        self._files = files
        self._service = service
        self._task = task
        self._try_number = try_number
        self._known: set[int] = set()
        self._submitted: BatchRecord | None = None
        # Who has no catalogue to say what is still to be made would take a green task for all pictures.
        self.no_failures = frozenset((PICTURES_PER_DAY_REACHED, OTHER_RUN)) if catalogue else frozenset()
        self.joins_after_return = catalogue is not None

    def asked(self) -> list[Asked]:
        """Return the requests that the batch makes."""
        return self._source.asked()

    @property
    def is_empty(self) -> bool:
        """Whether the batch has no line to hand on either."""
        return next(self._source.lines(), None) is None

    def check(self, record: str) -> None:
        """Write a small file to the folder, which says that the try has begun; and tell later runs of the catalogue."""
        more = {
            "try_number": self._try_number,
            "requests": self._source.address,
            "began": round(time.time(), 3),
        }
        begun = Begun(self._task, record)
        data = write_begun(begun, self._service, **more)
        self._files.write(self._new_address("begun.json"), data, "application/json")
        if self._catalogue is not None:
            announce(self._files, run_folder(self._catalogue, self._task), begun, self._service, **more)

    def taken_over(
        self, items: list[Item], asked: list[Asked], record: BatchRecord, read_items: ReadItems, open_store: OpenStore
    ) -> list[Item]:
        """Go on with what batches have submitted that were killed for good, in runs that were to make the same."""
        if self._catalogue is None:
            return items
        before = {
            request.line["item"]: [TaskKey(run["dag_id"], "", run["run_id"], -1) for run in request.line["before"]]
            for request in self._source.lines()
            if request.is_made and request.line.get("before")
        }
        if not before:
            return items
        left = LeftBehind(self._catalogue, self._files, self._service, read_items=read_items, open_store=open_store)
        return left.taken_over(items, asked, before, record)

    def take_up(self, items: Sequence[Item], record: BatchRecord) -> dict[int, ItemOutcome]:
        """Return what another run has made, or makes, and reserve the rest again where a try before gave it back."""
        if self._catalogue is None:
            return {}
        self._submitted = record
        ends: dict[str, ItemOutcome] = {}

        def decide(known: CatalogueRecord) -> list[Event]:
            nonlocal ends
            self._give_up_gone(items, known, record)
            joined = {str(item.key): _task_id(record, item) for item in items if _is_joined(record, item)}
            ends, events = taken_up(known, self._task, self._wanted(), joined, time.time())
            return events

        RecordStore(self._files, self._catalogue).update(self._task, decide, time.time())
        found = {item.index: ends[str(item.key)] for item in items if item.key in ends}
        self._known = set(found)
        return found

    def _give_up_gone(self, items: Sequence[Item], known: CatalogueRecord, record: BatchRecord) -> None:
        """Have what this task has made, and is not there any more, made again."""
        for item, wanted in zip(items, self._wanted(), strict=True):
            mine = record.records.get(item.token)
            if mine is None or mine.task_id is None:
                continue
            if is_gone(known.state(wanted.item), self._task, wanted, mine.task_id):
                record.put(item.token, given_up(mine))

    def hands_over_after(self, error: BaseException) -> bool:
        """Hand over also when Airflow ends the task; who has taken the batch over hands over what came of it."""
        return not isinstance(error, MpsBatchTakenOverError)

    def hand_over(self, items: Sequence[Item], ends: Mapping[int, ItemOutcome]) -> dict[str, Any]:
        """Write the file, then the record; return where the file is, and the counts."""
        try:
            address = self._new_address("jsonl")
            write_lines(self._files, address, self._lines(ends))
        finally:
            # What was paid for is known, whatever becomes of the file.
            self._put_on_record(items, ends)
        output = {"path": address, "counts": self._counts(ends)}
        return output if self._catalogue is None else {**output, "catalogue": self._catalogue}

    def _lines(self, ends: Mapping[int, ItemOutcome]) -> Iterator[Mapping[str, Any]]:
        index = 0
        for request in self._source.lines():
            line = dict(request.line)
            if not request.is_made:
                yield line
                continue
            entry = _entry(ends[index])
            if request.is_planned:
                # A signature is a credential, and this file is read by whoever looks at pictures.
                yield {**line, "request": map_addresses(line["request"], unsigned_url), "entry": entry}
            else:
                yield {"key": index, **map_addresses(line, unsigned_url), "entry": entry}
            index += 1

    def _wanted(self) -> Iterator[Wanted]:
        for request in self._source.lines():
            if request.is_made:
                yield Wanted(request.line["item"], request.line["fingerprint"], request.line["why"])

    def _put_on_record(self, items: Sequence[Item], ends: Mapping[int, ItemOutcome]) -> None:
        if self._catalogue is None or not items:
            return

        def decide(known: CatalogueRecord) -> list[Event]:
            return list(events_of(known, self._task, self._ended(items, ends), self.no_failures))

        RecordStore(self._files, self._catalogue).update(self._task, decide, time.time())

    def _ended(self, items: Sequence[Item], ends: Mapping[int, ItemOutcome]) -> Iterator[Ended]:
        for item, wanted in zip(items, self._wanted(), strict=True):
            if item.index not in self._known:
                submitted = self._submitted.record(item.token) if self._submitted else None
                yield Ended(wanted, ends[item.index], submitted.accepted if submitted else None)

    def _counts(self, ends: Mapping[int, ItemOutcome]) -> dict[str, int]:
        words = {PICTURES_PER_DAY_REACHED: "left for later", OTHER_RUN: "in another run"} if self.no_failures else {}
        counts = Counter({"made": 0, "failed": 0})
        for index, end in ends.items():
            if isinstance(end, ItemFailure):
                counts[words.get(end.code, "failed")] += 1
            else:
                counts["made before" if index in self._known else "made"] += 1
        for request in self._source.lines():
            if not request.is_made:
                counts["removed" if request.line["action"] == Action.UNPUBLISH else "made before"] += 1
        return dict(counts)

    def _new_address(self, ending: str) -> str:
        return beneath(self._results, new_name(Kind.PICTURES, self._task, self._try_number, ending=ending))


def file_form(
    requests: Any,
    results: Any,
    *,
    conn_id: str | None,
    service: ServiceProfile,
    task: TaskKey,
    try_number: int,
) -> FileForm:
    """Return the form of a batch that has its requests, its entries or both in files.

    :param requests: a list; what a plan returned, or the address of a file
    :param results: address of the folder for the entries; None for that of the requests
    :param conn_id: Airflow connection for COS
    :param service: who makes the pictures
    :param task: the Airflow task of the batch
    :param try_number: its try
    :raises ArgumentError: an argument cannot be used
    """
    files, catalogue = Files(tencentcloud_conn_id=conn_id), None
    source: RequestSource
    if isinstance(requests, str | Mapping):
        [output] = read_output("requests", requests)
        path, catalogue = whole_address("requests", output.path), output.catalogue
        files.check("requests", path)
        source = RequestFile(files, path, LineService(service.name.lower()), Seals(lambda: CosHook(conn_id).settings))
        folder = parent(path) if results is None else whole_address("results", results)
    else:
        source, folder = RequestList(requests), whole_address("results", results)
    files.check("results", beneath(folder, "pictures"))
    return FileForm(source, folder, catalogue=catalogue, files=files, service=service, task=task, try_number=try_number)


def _entry(end: ItemOutcome) -> dict[str, Any]:
    if not isinstance(end, ItemFailure):
        return end
    # Half of a surrogate pair, in the words of a service, is nothing that a file can hold.
    return replace(end, message=end.message.encode(errors="backslashreplace").decode()).entry()


def _task_id(record: BatchRecord, item: Item) -> str | None:
    known = record.record(item.token)
    return known.task_id if known else None


def _is_joined(record: BatchRecord, item: Item) -> bool:
    """Tell whether there is a submission of this task's own that a new try takes up."""
    known = record.record(item.token)
    if known is None or known.task_id is None:
        return known is not None and known.intent is not None
    end = record.ends.get(known.task_id)
    return not (isinstance(end, Finished) and end.state.failure is not None)
