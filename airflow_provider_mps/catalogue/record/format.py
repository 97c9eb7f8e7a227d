"""How the record of a catalogue is written: JSON Lines that a person can read, and that show when they were changed.

The first line of a file says what it is, its version, how many lines follow, and the SHA-256 of all that::

    {"version":1,"number":7,"id":"5e2f..","run":{"dag_id":..,"run_id":..,"task_id":..},"at":"2026-01-01T..Z","count":1,..}
    {"item":"cup-17/white","event":"made","fingerprint":..,"picture":{"bucket":..,"region":..,"path":..},"task_id":..}

A file of the log has an event on each line, a snapshot what is known of an item. What is written depends on what is
known alone, so that two who write the same snapshot write the same bytes.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from hashlib import sha256
from io import BytesIO
from typing import Any, TypeVar

from airflow_provider_mps.catalogue.record import events, values
from airflow_provider_mps.catalogue.record.events import Event
from airflow_provider_mps.catalogue.record.fold import CatalogueRecord, Entry
from airflow_provider_mps.catalogue.record.state import (
    Announcement,
    Failure,
    ItemState,
    Made,
    Opinion,
    Publication,
    Rejection,
    Reservation,
    Writer,
)
from airflow_provider_mps.catalogue.record.values import Check, RecordFormatError, read_fields, write_time

VERSION = 1
# What the first line of a file ends with.
_SEAL = b',"sha256":"%b"}\n'

_Part = TypeVar("_Part")


def write_entry(entry: Entry, unique_id: str) -> bytes:
    """Return a file of the log as it is stored.

    :param unique_id: what no other file has, by which its writer knows it again
    """
    lines = [{"item": event.item, "event": event.name, **_event_fields(event)} for event in entry.events]
    return _sealed(
        {
            "version": VERSION,
            "number": entry.number,
            "id": unique_id,
            "run": entry.run._asdict(),
            "at": write_time(entry.at),
            "count": len(lines),
        },
        lines,
    )


def read_entry(data: bytes, number: int) -> Entry:
    """Read what :func:`write_entry` wrote; its events are read one by one, as they are asked for.

    :param number: that the name of the file has
    :raises RecordFormatError: it is something else; also while its events are read
    """
    header, lines = _opened(data, {"number": values.count, "id": values.text, "run": values.writer, "at": values.time})
    if header["number"] != number:
        raise RecordFormatError(f"it is number {header['number']} by its first line, and another by its name")
    return Entry(number, header["run"], header["at"], _each(lines, _event, 1))


def write_snapshot(known: CatalogueRecord) -> bytes:
    """Return a snapshot as it is stored."""
    header = {"version": VERSION, "snapshot": known.seq, "count": len(known.items)}
    return _sealed(header, ({"item": item, **_state_fields(known.items[item])} for item in sorted(known.items)))


def read_snapshot(data: bytes, number: int) -> CatalogueRecord:
    """Read what :func:`write_snapshot` wrote.

    :param number: that the name of the file has
    :raises RecordFormatError: it is something else
    """
    header, lines = _opened(data, {"snapshot": values.count})
    if header["snapshot"] != number:
        raise RecordFormatError(f"it is of {header['snapshot']} by its first line, and of another by its name")
    items = dict(_each(lines, _item_state, 1))
    if len(items) != header["count"]:
        raise RecordFormatError("an item is in it twice")
    return CatalogueRecord(items, number, number)


def _sealed(header: Mapping[str, Any], lines: Iterable[Mapping[str, Any]]) -> bytes:
    """Return a file: its first line with the SHA-256 of itself and of all that follows."""
    # The only one of all copies that a large catalogue has room for.
    file = BytesIO()
    first = _dump(header)[:-1]
    file.write(first + _SEAL % (b"0" * 64))
    begins = file.tell()
    for line in lines:
        file.write(_dump(line) + b"\n")
    with file.getbuffer() as written:
        seal = _digest(first, written[begins:])
    file.seek(len(first))
    file.write(_SEAL % seal)
    return file.getvalue()


def _digest(first: bytes, following: memoryview) -> bytes:
    """Return the SHA-256 of a file, without where it stands itself."""
    found = sha256(first)
    found.update(following)
    return found.hexdigest().encode()


def _opened(data: bytes, fields: Mapping[str, Check]) -> tuple[dict[str, Any], BytesIO]:
    """Return the first line of a file, and the rest of it, if it is all that was written."""
    file = BytesIO(data)
    first = file.readline()
    (found,) = _each(BytesIO(first or b"\n"), partial(_header, fields))
    has = data.count(b"\n") - 1
    if has != found["count"] or not data.endswith(b"\n"):
        said = f"{found['count']:,} lines were written after the first, and {max(has, 0):,} whole ones are there"
        raise RecordFormatError(f"{said}: it was cut or changed")
    bare = first[: -len(_SEAL % bytes(64))]
    if first != bare + _SEAL % _digest(bare, memoryview(data)[len(first) :]):
        raise RecordFormatError("it was changed after it was written: its SHA-256 is not that of its first line")
    return found, file


def _each(file: BytesIO, read: Callable[[dict[str, Any]], _Part], before: int = 0) -> Iterator[_Part]:
    number = before
    try:
        for line in file:
            number += 1
            yield read(_load(line))
    except RecordFormatError as error:
        raise RecordFormatError(f"line {number}: {error}") from None


def _header(checks: Mapping[str, Check], fields: dict[str, Any]) -> dict[str, Any]:
    version = fields.pop("version", None)
    if type(version) is not int or version < 1:
        raise RecordFormatError("it is no file of a record, as it has no version")
    if version > VERSION:
        said = f"its version is {version}, and this release of the package reads up to {VERSION}"
        raise RecordFormatError(f"{said}: install the release that wrote it")
    fields.pop("sha256", None)
    return read_fields(fields, {**checks, "count": values.count})


def _event_fields(event: Event) -> dict[str, Any]:
    fields = {name: getattr(event, name) for name in _EVENTS[event.name][1]}
    if isinstance(event, events.ItemMade):
        # Its addresses follow from these.
        fields["picture"] = {name: fields["picture"][name] for name in _PICTURE}
    return fields


def _event(fields: dict[str, Any]) -> Event:
    name = fields.pop("event", None)
    known = _EVENTS.get(name) if isinstance(name, str) else None
    if known is None:
        raise RecordFormatError(f"an event that this release does not know: {name!r:.60}")
    return known[0](**read_fields(fields, {"item": values.text, **known[1]}))


def _state_fields(state: ItemState) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if state.since is not None:
        found["since"] = write_time(state.since)
    for name, (_, checks) in _STATES.items():
        if (part := getattr(state, name)) is not None:
            found[name] = {field: _written(getattr(part, field)) for field in checks}
            found[name]["at"] = write_time(part.at)
    return found


def _written(value: Any) -> Any:
    if isinstance(value, Writer):
        return value._asdict()
    return [_written(one) for one in value] if isinstance(value, tuple) else value


def _item_state(fields: dict[str, Any]) -> tuple[str, ItemState]:
    checks: dict[str, Check] = {"item": values.text}
    if "since" in fields:
        checks["since"] = values.time
    for name, (kind, parts) in _STATES.items():
        if name in fields:
            checks[name] = partial(_part, kind, parts)
    found = read_fields(fields, checks)
    return found.pop("item"), ItemState(**found)


def _part(kind: type, parts: Mapping[str, Check], value: Any) -> Any:
    return kind(**read_fields(value, parts))


_PICTURE: dict[str, Check] = {"bucket": values.shared, "region": values.shared, "path": values.text}
_PUBLICATION: dict[str, Check] = {
    "fingerprint": values.text,
    "final": values.text,
    "etag": values.text,
    "size": values.count,
}
_FAILURE: dict[str, Check] = {
    "fingerprint": values.text,
    "code": values.shared,
    "message": values.words,
    "request_id": values.words,
    "task_id": values.text_or_none,
    "is_final": values.flag,
}
_REJECTION: dict[str, Check] = {"fingerprint": values.text, "picture_id": values.text, "codes": values.texts}
_QUESTION: dict[str, Check] = {"picture": values.text, "attributes": values.texts}
# What each kind of event has beside the item.
_EVENT_FIELDS: tuple[tuple[type[Event], dict[str, Check]], ...] = (
    (events.ItemPlanned, {"fingerprint": values.text, "forced": values.flag}),
    (events.ItemWaiting, {}),
    (
        events.ItemMade,
        {"fingerprint": values.text, "picture": partial(_part, dict, _PICTURE), "task_id": values.text_or_none},
    ),
    (events.ItemFailed, _FAILURE),
    (events.ItemRejected, _REJECTION),
    (events.ItemAsked, _QUESTION),
    (events.ItemAnswered, {**_QUESTION, "scores": values.numbers, "said": values.words}),
    (events.ItemReleased, {}),
    (events.ItemPublishing, {"final": values.text}),
    (events.ItemPublished, _PUBLICATION),
    (events.ItemUnpublished, {}),
)
_EVENTS = {kind.name.value: (kind, checks) for kind, checks in _EVENT_FIELDS}
# The parts of what is known of an item.
_STATES: dict[str, tuple[type, dict[str, Check]]] = {
    "planned": (
        Reservation,
        {
            "fingerprint": values.text,
            "run": values.writer,
            "at": values.time,
            "forced": values.flag,
            "former": values.writers,
        },
    ),
    "made": (Made, {"fingerprint": values.text, **_PICTURE, "task_id": values.text_or_none, "at": values.time}),
    "failed": (Failure, {**_FAILURE, "at": values.time}),
    "rejected": (
        Rejection,
        {"fingerprint": values.text, "pictures": values.texts, "codes": values.texts, "at": values.time},
    ),
    "publishing": (Announcement, {"final": values.text, "at": values.time}),
    "published": (Publication, {**_PUBLICATION, "at": values.time}),
    "opinion": (
        Opinion,
        {
            **_QUESTION,
            "runs": values.writers,
            "answered": values.texts,
            "scores": values.numbers,
            "said": values.words,
            "at": values.time,
        },
    ),
}


def _dump(fields: Mapping[str, Any]) -> bytes:
    # Half of a surrogate pair, in the words of a service, becomes the escape that JSON has for it.
    return json.dumps(fields, separators=(",", ":"), ensure_ascii=False).encode(errors="backslashreplace")


def _load(line: bytes) -> dict[str, Any]:
    try:
        fields = _DECODER.decode(line.decode())
    except (ValueError, RecursionError) as error:
        raise RecordFormatError(f"not JSON ({error})") from None
    if not isinstance(fields, dict):
        raise RecordFormatError(f"not an object: {line[:60]!r}")
    return fields


def _no_number(text: str) -> Any:
    raise ValueError(f"{text} is no number")


_DECODER = json.JSONDecoder(parse_constant=_no_number)
