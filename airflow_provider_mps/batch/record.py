"""The record of a batch: what is known of each submission and of its end, in pages small enough to write often.

Two kinds of pages, so that whoever submits and whoever waits never write the same one: records, as for a single
submission, and ends. A header says how many pages there are and whether the batch has returned its result.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from airflow_provider_mps.core.airflow_task import Instance
from airflow_provider_mps.core.events import EventError, from_event, task_of_event, to_event
from airflow_provider_mps.core.polling import Finished, WaitOutcome
from airflow_provider_mps.core.services import ServiceProfile
from airflow_provider_mps.core.submission import Record

VERSION = 1
# Of 100 items each; more is no number of pages.
MAX_PAGES = 100_000
# Items in a page. A page is written whole for each change in it.
PAGE_ITEMS = 100


class UnreadablePageError(ValueError):
    """A page of the record that this version cannot read."""


class OtherServiceError(UnreadablePageError):
    """A page about tasks of another service."""


@dataclass(frozen=True)
class BatchHeader:
    """What is known of the batch as a whole.

    Each process that writes records has pages of its own: a late request of one that lost its batch harms nobody.

    :param pages: how many pages of each kind there are
    :param base: id of the process whose pages count; None before there are any
    :param writer: id of the process that works on the batch; None once it has ended in an orderly way
    :param delivered_tries: ``max_tries`` of the task instance when the batch returned its result; None before
    :param delivered_to: the task instance that returned it; None before, or if an older version wrote the header
    """

    pages: int = 0
    base: str | None = None
    writer: str | None = None
    delivered_tries: int | None = None
    delivered_to: Instance | None = None


@dataclass(frozen=True)
class RecordPage:
    """Some records; see :class:`BatchRecord`."""

    records: Mapping[str, Record] = field(default_factory=dict)
    left_out: frozenset[str] = frozenset()


@dataclass
class BatchRecord:
    """All that is known of a batch.

    :param header: what is known of it as a whole
    :param records: records of submissions, by the token of the item
    :param ends: how waiting ended, by TaskId
    :param page_of: the page that has an item, by its token; an item stays where it is, so that it is in one place only
    :param left_out: tokens of items that are not asked for any more; they stay on record, as they may be again
    :param is_new: whether nothing was found of earlier tries
    :param superseded: ids of processes that worked on it before and may not know yet that it is not theirs any more
    """

    header: BatchHeader
    records: dict[str, Record] = field(default_factory=dict)
    ends: dict[str, WaitOutcome] = field(default_factory=dict)
    page_of: dict[str, int] = field(default_factory=dict)
    left_out: set[str] = field(default_factory=set)
    is_new: bool = False
    superseded: frozenset[str] = frozenset()
    _owners: dict[str, str] = field(default_factory=dict)

    def put(self, token: str, record: Record) -> None:
        """Take in the record of an item."""
        self.records[token] = record
        self._owners |= dict.fromkeys(record.task_ids, token)

    def is_of_another(self, task_id: str, token: str) -> bool:
        """Tell whether a task was certainly submitted for another item than that of ``token``."""
        return self._owners.get(task_id, token) != token

    def record(self, token: str) -> Record | None:
        """Return the record of an item.

        The batch returns its result as a whole, and says so in one place: a clear raises ``max_tries``, so a record of
        before is known by its own.
        """
        record, tries = self.records.get(token), self.header.delivered_tries
        if record is None or tries is None or record.max_tries > tries:
            return record
        return replace(record, delivered=True)

    def mark_returned(self, max_tries: int, instance: Instance) -> None:
        """Note that the batch has returned its result.

        :param max_tries: ``max_tries`` of the task instance
        :param instance: the task instance
        """
        self.header = replace(self.header, delivered_tries=max_tries, delivered_to=instance)

    def add_page(self, page: int, records: RecordPage, ends: Mapping[str, WaitOutcome]) -> None:
        """Take in what a page says."""
        for token, record in records.records.items():
            self.put(token, record)
        self.left_out |= records.left_out
        self.ends |= ends
        self.page_of |= dict.fromkeys(records.records, page)

    def ask_for(self, tokens: Sequence[str]) -> None:
        """Give each item that is asked for a page, and note which are not asked for any more."""
        for index, token in enumerate(tokens):
            self.page_of.setdefault(token, index // PAGE_ITEMS)
        pages = max(self.page_of.values(), default=-1) + 1
        self.header = replace(self.header, pages=max(pages, self.header.pages))
        self.left_out = self.records.keys() - set(tokens)

    def asked_for(self) -> dict[str, Record]:
        """Return the records of what is asked for."""
        return {token: record for token, record in self.records.items() if token not in self.left_out}

    def tokens_by_page(self) -> dict[int, list[str]]:
        """Return the items of each page."""
        found: dict[int, list[str]] = {}
        for token, page in self.page_of.items():
            found.setdefault(page, []).append(token)
        return found


def write_header(header: BatchHeader) -> bytes:
    """Return the header as it is stored."""
    fields = asdict(header)
    if header.delivered_to is None:
        # As older versions wrote it: one of them may still wait in the triggerer.
        del fields["delivered_to"]
    return _dump(**fields)


def read_header(data: bytes) -> BatchHeader:
    """Read what :func:`write_header` wrote.

    :raises UnreadablePageError: it is something else, or contradicts itself
    """
    fields = {name: value for name, value in _load(data).items() if name != "version"}
    try:
        if (instance := fields.get("delivered_to")) is not None:
            fields["delivered_to"] = Instance(**instance)
        header = BatchHeader(**fields)
    except TypeError as error:
        raise UnreadablePageError(f"not a header: {error}") from None
    if not _is_sound(header):
        raise UnreadablePageError(f"not a header: {header!r:.300}")
    return header


def write_claim(writer: str | None) -> bytes:
    """Return, as it is stored, who works on the batch; None if nobody does."""
    return _dump(writer=writer)


def read_claim(data: bytes) -> str | None:
    """Read what :func:`write_claim` wrote.

    :raises UnreadablePageError: it is something else
    """
    fields = _load(data)
    if fields.keys() != {"version", "writer"} or not _is_id(fields["writer"]):
        raise UnreadablePageError(f"not a claim: {data[:200]!r}")
    writer: str | None = fields["writer"]
    return writer


def write_records(page: RecordPage) -> bytes:
    """Return a page of records as it is stored."""
    records = {token: record.to_json() for token, record in page.records.items()}
    return _dump(records=records, left_out=sorted(page.left_out))


def read_records(data: bytes) -> RecordPage:
    """Read what :func:`write_records` wrote.

    :raises UnreadablePageError: it is something else
    """
    fields, found = _load(data), {}
    values, left_out = fields.get("records"), fields.get("left_out")
    if fields.keys() != {"version", "records", "left_out"} or not isinstance(values, dict):
        raise UnreadablePageError("not a page of records")
    if not isinstance(left_out, list) or not all(isinstance(token, str) and token in values for token in left_out):
        raise UnreadablePageError(f"not what a page of records has left out: {left_out!r:.200}")
    for token, value in values.items():
        record = Record.from_json(value)
        if record is None:
            raise UnreadablePageError(f"not a record: {value!r:.200}")
        found[token] = record
    return RecordPage(found, frozenset(left_out))


def write_ends(ends: Mapping[str, WaitOutcome], service: ServiceProfile) -> bytes:
    """Return a page of ends as it is stored.

    :param service: whose tasks they are of
    """
    return _dump(ends=[to_event(task_id, end, service) for task_id, end in ends.items()])


def read_ends(data: bytes, service: ServiceProfile) -> dict[str, WaitOutcome]:
    """Read what :func:`write_ends` wrote.

    :param service: whose tasks they are of
    :raises OtherServiceError: they are of tasks of another service
    :raises UnreadablePageError: it is something else
    """
    fields = _load(data)
    events = fields.get("ends")
    if fields.keys() != {"version", "ends"} or not isinstance(events, list):
        raise UnreadablePageError("not a page of ends")
    found: dict[str, WaitOutcome] = {}
    try:
        for event in events:
            (whose, task_id), end = task_of_event(event), from_event(event)
            if whose is not service:
                raise OtherServiceError(f"not an end of a task of {service.name}: {event!r:.200}")
            if task_id in found or not _is_whole(end, service):
                raise UnreadablePageError(f"not an end, or a second one: {event!r:.200}")
            found[task_id] = end
    except (EventError, KeyError, TypeError) as error:
        raise UnreadablePageError(f"not a page of ends: {error!s:.300}") from None
    return found


def _is_sound(header: BatchHeader) -> bool:
    tries, to = header.delivered_tries, header.delivered_to
    return (
        _is_count(header.pages)
        and header.pages <= MAX_PAGES
        # Pages are those of a process, and a process that works on a batch has some.
        and (header.pages > 0) == (header.base is not None)
        and _is_id(header.base)
        and _is_id(header.writer)
        and (tries is None or _is_count(tries))
        and (to is None or (tries is not None and _is_instance(to)))
    )


def _is_instance(instance: Instance) -> bool:
    began = instance.run_began
    return (
        _is_id(instance.ti_id)
        and (instance.run_number is None or _is_count(instance.run_number))
        and (began is None or (isinstance(began, int | float) and not isinstance(began, bool)))
    )


def _is_id(value: Any) -> bool:
    return value is None or (isinstance(value, str) and value != "")


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_whole(end: WaitOutcome, service: ServiceProfile) -> bool:
    # A result is handed over, and looked through, as it is.
    result = end.state.result if isinstance(end, Finished) else None
    return result is None or all(isinstance(output, dict) for output in result[service.pictures_key])


def _dump(**fields: Any) -> bytes:
    return json.dumps({"version": VERSION, **fields}, separators=(",", ":")).encode()


def _load(data: bytes) -> dict[str, Any]:
    try:
        fields = json.loads(data, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise UnreadablePageError(f"not JSON: {error}") from None
    version = fields.get("version") if isinstance(fields, dict) else None
    if type(version) is int and version > VERSION:
        said = f"its version is {version}, and this release of the package reads up to {VERSION}"
        raise UnreadablePageError(f"{said}: install the release that wrote it")
    if type(version) is not int or version != VERSION:
        raise UnreadablePageError(f"no page of a record: {data[:60]!r}")
    return dict(fields)


def _no_number(text: str) -> Any:
    raise ValueError(f"{text} is no number")
