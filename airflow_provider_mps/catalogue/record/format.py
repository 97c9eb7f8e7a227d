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
from datetime import UTC, datetime
from functools import lru_cache, partial
from hashlib import sha256
from io import BytesIO
from sys import intern
from typing import Any, TypeVar

from airflow_provider_mps.catalogue.record import events
from airflow_provider_mps.catalogue.record.events import Event
from airflow_provider_mps.catalogue.record.fold import CatalogueRecord, Entry
from airflow_provider_mps.catalogue.record.state import (
    Announcement,
    Failure,
    ItemState,
    Made,
    Publication,
    Rejection,
    Reservation,
    Writer,
)

VERSION = 1
# What the first line of a file ends with.
_SEAL = b',"sha256":"%b"}\n'

_Part = TypeVar("_Part")
_Check = Callable[[Any], Any]


class RecordFormatError(ValueError):
    """A file of the record that this version cannot read; the message says why."""


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
    header, lines = _opened(data, {"number": _count, "id": _text, "run": _writer, "at": _time})
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
    header, lines = _opened(data, {"snapshot": _count})
    if header["snapshot"] != number:
        raise RecordFormatError(f"it is of {header['snapshot']} by its first line, and of another by its name")
    items = dict(_each(lines, _item_state, 1))
    if len(items) != header["count"]:
        raise RecordFormatError("an item is in it twice")
    return CatalogueRecord(items, number, number)


def write_time(at: float) -> str:
    """Return a moment as it is written: ISO 8601, UTC, to the millisecond."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@lru_cache(maxsize=4096)
def read_time(text: str) -> float:
    """Return a moment in seconds since the epoch.

    :raises ValueError: it is none
    """
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError(f"no time zone: {text!r}")
    return found.timestamp()


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


def _opened(data: bytes, fields: Mapping[str, _Check]) -> tuple[dict[str, Any], BytesIO]:
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


def _header(checks: Mapping[str, _Check], fields: dict[str, Any]) -> dict[str, Any]:
    version = fields.pop("version", None)
    if type(version) is not int or version < 1:
        raise RecordFormatError("it is no file of a record, as it has no version")
    if version > VERSION:
        said = f"its version is {version}, and this release of the package reads up to {VERSION}"
        raise RecordFormatError(f"{said}: install the release that wrote it")
    fields.pop("sha256", None)
    return _fields(fields, {**checks, "count": _count})


def _event_fields(event: Event) -> dict[str, Any]:
    fields = {name: getattr(event, name) for name in _EVENTS[event.name][1]}
    if "picture" in fields:
        # Its addresses follow from these.
        fields["picture"] = {name: fields["picture"][name] for name in _PICTURE}
    return fields


def _event(fields: dict[str, Any]) -> Event:
    name = fields.pop("event", None)
    known = _EVENTS.get(name) if isinstance(name, str) else None
    if known is None:
        raise RecordFormatError(f"an event that this release does not know: {name!r:.60}")
    return known[0](**_fields(fields, {"item": _text, **known[1]}))


def _state_fields(state: ItemState) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if state.since is not None:
        found["since"] = write_time(state.since)
    for name, (_, checks) in _STATES.items():
        if (part := getattr(state, name)) is not None:
            found[name] = {field: getattr(part, field) for field in checks}
            found[name]["at"] = write_time(part.at)
            if name == "planned":
                found[name]["run"] = part.run._asdict()
                found[name]["former"] = [former._asdict() for former in part.former]
    return found


def _item_state(fields: dict[str, Any]) -> tuple[str, ItemState]:
    checks: dict[str, _Check] = {"item": _text}
    if "since" in fields:
        checks["since"] = _time
    for name, (kind, parts) in _STATES.items():
        if name in fields:
            checks[name] = partial(_part, kind, parts)
    found = _fields(fields, checks)
    return found.pop("item"), ItemState(**found)


def _part(kind: type, parts: Mapping[str, _Check], value: Any) -> Any:
    return kind(**_fields(value, parts))


def _fields(fields: Any, checks: Mapping[str, _Check]) -> dict[str, Any]:
    """Return the fields of a line, each of its type, none missing, none too many."""
    if not isinstance(fields, dict) or fields.keys() != checks.keys():
        has = sorted(fields) if isinstance(fields, dict) else fields
        raise RecordFormatError(f"expected the fields {', '.join(checks)}, got {has!r:.200}")
    found = {}
    for name, check in checks.items():
        try:
            found[name] = check(fields[name])
        except (TypeError, ValueError) as error:
            said = str(error) if isinstance(error, RecordFormatError) else f"{fields[name]!r:.60}"
            raise RecordFormatError(f"{name} cannot be used: {said}") from None
    return found


def _text(value: Any) -> str:
    if type(value) is not str or not value:
        raise TypeError
    return value


def _shared(value: Any) -> str:
    # Kept once, however many items have it.
    return intern(_text(value))


def _words(value: Any) -> str:
    if type(value) is not str:
        raise TypeError
    return value


def _text_or_none(value: Any) -> str | None:
    return None if value is None else _text(value)


def _flag(value: Any) -> bool:
    if type(value) is not bool:
        raise TypeError
    return value


def _count(value: Any) -> int:
    if type(value) is not int or value < 0:
        raise TypeError
    return value


def _time(value: Any) -> float:
    return read_time(_text(value))


def _writer(value: Any) -> Writer:
    return Writer(**_fields(value, {"dag_id": _shared, "run_id": _shared, "task_id": _shared}))


def _texts(value: Any) -> tuple[str, ...]:
    if type(value) is not list:
        raise TypeError
    return tuple(map(_shared, value))


def _writers(value: Any) -> tuple[Writer, ...]:
    if type(value) is not list:
        raise TypeError
    return tuple(map(_writer, value))


_PICTURE: dict[str, _Check] = {"bucket": _shared, "region": _shared, "path": _text}
_PUBLICATION: dict[str, _Check] = {"fingerprint": _text, "final": _text, "etag": _text, "size": _count}
_FAILURE: dict[str, _Check] = {
    "fingerprint": _text,
    "code": _shared,
    "message": _words,
    "request_id": _words,
    "task_id": _text_or_none,
    "is_final": _flag,
}
_REJECTION: dict[str, _Check] = {"fingerprint": _text, "picture_id": _text, "codes": _texts}
# What each kind of event has beside the item.
_EVENT_FIELDS: tuple[tuple[type[Event], dict[str, _Check]], ...] = (
    (events.ItemPlanned, {"fingerprint": _text, "forced": _flag}),
    (events.ItemWaiting, {}),
    (events.ItemMade, {"fingerprint": _text, "picture": partial(_part, dict, _PICTURE), "task_id": _text_or_none}),
    (events.ItemFailed, _FAILURE),
    (events.ItemRejected, _REJECTION),
    (events.ItemReleased, {}),
    (events.ItemPublishing, {"final": _text}),
    (events.ItemPublished, _PUBLICATION),
    (events.ItemUnpublished, {}),
)
_EVENTS = {kind.name.value: (kind, checks) for kind, checks in _EVENT_FIELDS}
# The parts of what is known of an item.
_STATES: dict[str, tuple[type, dict[str, _Check]]] = {
    "planned": (Reservation, {"fingerprint": _text, "run": _writer, "at": _time, "forced": _flag, "former": _writers}),
    "made": (Made, {"fingerprint": _text, **_PICTURE, "task_id": _text_or_none, "at": _time}),
    "failed": (Failure, {**_FAILURE, "at": _time}),
    "rejected": (Rejection, {"fingerprint": _text, "pictures": _texts, "codes": _texts, "at": _time}),
    "publishing": (Announcement, {"final": _text, "at": _time}),
    "published": (Publication, {**_PUBLICATION, "at": _time}),
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
