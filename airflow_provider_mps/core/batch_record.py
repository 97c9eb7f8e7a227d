"""The record of a batch: what is known of each submission and of its end, in pages small enough to write often.

Two kinds of pages, so that whoever submits and whoever waits never write the same one: records, as for a single
submission, and ends. A header says how many pages there are and whether the batch has returned its result.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from airflow_provider_mps.core.events import EventError, from_event, to_event
from airflow_provider_mps.core.polling import End
from airflow_provider_mps.core.submission import Record

VERSION = 1
# Items in a page. A page is written whole for each change in it.
PAGE_ITEMS = 100


class UnreadablePageError(ValueError):
    """A page of the record that this version cannot read."""


@dataclass(frozen=True)
class Header:
    """What is known of the batch as a whole.

    Each process that writes records has pages of its own: a late request of one that lost its batch harms nobody.

    :param pages: how many pages of each kind there are
    :param base: id of the process whose pages count; None before there are any
    :param writer: id of the process that works on the batch; None once it has ended in an orderly way
    :param delivered_tries: ``max_tries`` of the task instance when the batch returned its result; None before
    """

    pages: int = 0
    base: str | None = None
    writer: str | None = None
    delivered_tries: int | None = None


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
    """

    header: Header
    records: dict[str, Record] = field(default_factory=dict)
    ends: dict[str, End] = field(default_factory=dict)
    page_of: dict[str, int] = field(default_factory=dict)
    left_out: set[str] = field(default_factory=set)
    is_new: bool = False

    def record(self, token: str) -> Record | None:
        """Return the record of an item.

        The batch returns its result as a whole, and says so in one place: a clear raises ``max_tries``, so a record of
        before is known by its own.
        """
        record, tries = self.records.get(token), self.header.delivered_tries
        if record is None or tries is None or record.max_tries > tries:
            return record
        return replace(record, delivered=True)

    def add_page(self, page: int, records: RecordPage, ends: Mapping[str, End]) -> None:
        """Take in what a page says."""
        self.records |= records.records
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


def write_header(header: Header) -> bytes:
    """Return the header as it is stored."""
    return _dump(**asdict(header))


def read_header(data: bytes) -> Header:
    """Read what :func:`write_header` wrote."""
    fields = {name: value for name, value in _load(data).items() if name != "version"}
    try:
        header = Header(**fields)
    except TypeError as error:
        raise UnreadablePageError(f"not a header: {error}") from None
    ids = isinstance(header.base, str | None) and isinstance(header.writer, str | None)
    if not isinstance(header.pages, int) or not isinstance(header.delivered_tries, int | None) or not ids:
        raise UnreadablePageError(f"not a header: {header}")
    return header


def write_records(page: RecordPage) -> bytes:
    """Return a page of records as it is stored."""
    records = {token: record.to_json() for token, record in page.records.items()}
    return _dump(records=records, left_out=sorted(page.left_out))


def read_records(data: bytes) -> RecordPage:
    """Read what :func:`write_records` wrote."""
    fields, found = _load(data), {}
    values, left_out = fields.get("records"), fields.get("left_out")
    if not isinstance(values, Mapping) or not isinstance(left_out, list):
        raise UnreadablePageError("not a page of records")
    for token, value in values.items():
        record = Record.from_json(value)
        if record is None:
            raise UnreadablePageError(f"not a record: {value!r:.200}")
        found[token] = record
    return RecordPage(found, frozenset(left_out))


def write_ends(ends: Mapping[str, End]) -> bytes:
    """Return a page of ends as it is stored."""
    return _dump(ends=[to_event(task_id, end) for task_id, end in ends.items()])


def read_ends(data: bytes) -> dict[str, End]:
    """Read what :func:`write_ends` wrote."""
    events = _load(data).get("ends")
    if not isinstance(events, list):
        raise UnreadablePageError("not a page of ends")
    try:
        return {event["mps_task_id"]: from_event(event) for event in events}
    except (EventError, KeyError, TypeError) as error:
        raise UnreadablePageError(f"not a page of ends: {error}") from None


def _dump(**fields: Any) -> bytes:
    return json.dumps({"version": VERSION, **fields}, separators=(",", ":")).encode()


def _load(data: bytes) -> Mapping[str, Any]:
    try:
        fields = json.loads(data)
    except ValueError as error:
        raise UnreadablePageError(f"not JSON: {error}") from None
    if not isinstance(fields, Mapping) or fields.get("version") != VERSION:
        raise UnreadablePageError(f"another version, or no page of a record: {data[:200]!r}")
    return fields
