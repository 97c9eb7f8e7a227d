"""How the record is written, and what is no file of it."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_mps.catalogue.record.events import Event, ItemPlanned
from airflow_provider_mps.catalogue.record.fold import CatalogueRecord, Entry
from airflow_provider_mps.catalogue.record.format import read_entry, read_snapshot, write_entry, write_snapshot
from airflow_provider_mps.catalogue.record.state import Writer
from airflow_provider_mps.catalogue.record.values import RecordFormatError, read_time, write_time
from tests.catalogue.records import event_lists, made, moments, runs

WRITER = Writer("shop", "monday", "plan")
ENTRY = write_entry(Entry(7, WRITER, 100.0, [ItemPlanned("cup", "a.b.c"), made("bowl")]), "5e2f")


def with_seal(header: dict[str, Any], *lines: dict[str, Any]) -> bytes:
    """Return a file as another program would write it, whose SHA-256 is right."""
    first = json.dumps(header, separators=(",", ":"))[:-1].encode()
    body = b"".join(json.dumps(line).encode() + b"\n" for line in lines)
    return first + b',"sha256":"%b"}\n' % hashlib.sha256(first + body).hexdigest().encode() + body


HEADER = {
    "version": 1,
    "number": 7,
    "id": "5e2f",
    "run": WRITER._asdict(),
    "at": "2026-01-01T01:02:03.456Z",
    "count": 1,
}


@given(moments)
def test_a_moment_is_read_as_it_was_written(at: float) -> None:
    written = write_time(at)
    assert abs(read_time(written) - at) < 0.001
    assert write_time(read_time(written)) == written


@given(event_lists, runs, moments)
def test_a_file_of_the_log_is_read_as_it_was_written(said: list[Event], run: str, at: float) -> None:
    at = read_time(write_time(at))
    data = write_entry(Entry(3, Writer("shop", run, "plan"), at, said), "5e2f")
    found = read_entry(data, 3)
    assert (found.number, found.run, found.at) == (3, Writer("shop", run, "plan"), at)
    # Addresses of a picture follow from the rest.
    again = write_entry(Entry(3, found.run, found.at, list(found.events)), "5e2f")
    assert again == data
    assert len(data.splitlines(keepends=True)) >= len(said) + 1
    assert data.count(b"\n") == len(said) + 1


@given(st.lists(st.tuples(event_lists, runs), max_size=5))
def test_a_snapshot_is_read_as_it_was_written(files: list[tuple[list[Event], str]]) -> None:
    entries = [Entry(n, Writer("shop", run, "plan"), 100.25 + n, said) for n, (said, run) in enumerate(files, 1)]
    known = CatalogueRecord().after(entries)
    data = write_snapshot(known)
    found = read_snapshot(data, known.seq)
    assert found == known
    assert write_snapshot(found) == data


def test_a_person_can_read_it() -> None:
    first, planned, picture = map(json.loads, ENTRY.splitlines())
    assert first.pop("sha256")
    assert first == {**HEADER, "at": "1970-01-01T00:01:40.000Z", "count": 2}
    assert planned == {"item": "cup", "event": "planned", "fingerprint": "a.b.c", "forced": False}
    where = {"bucket": "shop-1250000000", "region": "ap-guangzhou", "path": "/output/cup.jpeg"}
    assert picture == {"item": "bowl", "event": "made", "fingerprint": "a.b.c", "picture": where, "task_id": "task-1"}


def test_words_in_any_writing_stay_as_they_are() -> None:
    data = write_entry(Entry(1, WRITER, 0.0, [ItemPlanned("碗/白", "a.b.c")]), "5e2f")
    assert "碗/白".encode() in data


@given(st.data())
def test_a_byte_that_was_changed_shows(data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(ENTRY) - 1))
    other = data.draw(st.integers(0, 255).filter(lambda byte: byte != ENTRY[at]))
    changed = ENTRY[:at] + bytes([other]) + ENTRY[at + 1 :]
    with pytest.raises(RecordFormatError):
        list(read_entry(changed, 7).events)


@given(st.integers(0, len(ENTRY) - 1))
def test_a_file_that_was_cut_shows(length: int) -> None:
    with pytest.raises(RecordFormatError):
        list(read_entry(ENTRY[:length], 7).events)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "line 1: not JSON"),
        (b"not a record\n", "line 1: not JSON"),
        (b"[" * 100_000, "line 1: not JSON"),
        (b"[]\n", "line 1: not an object"),
        (b"\xff\xfe\n", "line 1: not JSON"),
        (with_seal({**HEADER, "version": 2}), "its version is 2, and this release of the package reads up to 1"),
        (with_seal({**HEADER, "version": True}), "it has no version"),
        (with_seal({**HEADER, "version": 1.0}), "it has no version"),
        (with_seal({**HEADER, "number": 8, "count": 0}), "number 8 by its first line"),
        (with_seal({**HEADER, "count": 2}, {"item": "cup", "event": "waiting"}), "2 lines were written after"),
        (with_seal({**HEADER, "count": 0}, {"item": "cup", "event": "waiting"}), "0 lines were written after"),
        (with_seal({**HEADER, "count": -1}), "count cannot be used: -1"),
        (with_seal({**HEADER, "at": "yesterday"}), "at cannot be used: 'yesterday'"),
        (with_seal({**HEADER, "at": "2026-01-01T01:02:03"}), "at cannot be used"),
        (with_seal({**HEADER, "run": {"dag_id": "shop"}}), "run cannot be used: expected the fields dag_id"),
        (with_seal({**HEADER, "more": 1}), "expected the fields"),
        (with_seal(HEADER, {"item": "cup", "event": "melted"}), "line 2: an event that this release does not know"),
        (with_seal(HEADER, {"item": "cup", "event": ["made"]}), "line 2: an event that this release does not know"),
        (with_seal(HEADER, {"item": 7, "event": "waiting"}), "line 2: item cannot be used: 7"),
        (with_seal(HEADER, {"item": "cup", "event": "planned"}), "line 2: expected the fields item, fingerprint"),
        (
            with_seal(HEADER, {"item": "cup", "event": "planned", "fingerprint": None, "forced": False}),
            "fingerprint cannot be used",
        ),
        (
            with_seal(
                HEADER,
                {"item": "c", "event": "published", "fingerprint": "a", "final": "f", "etag": "e", "size": True},
            ),
            "line 2: size cannot be used: True",
        ),
        (
            with_seal(HEADER, {"item": "c", "event": "made", "fingerprint": "a", "picture": "p", "task_id": None}),
            "line 2: picture cannot be used: expected the fields bucket, region, path, got 'p'",
        ),
        (ENTRY.replace(b'"cup"', b'"cap"'), "it was changed after it was written"),
        (ENTRY.replace(b'"sha256"', b'"sha512"'), "line 1: expected the fields"),
        (ENTRY + b"\n", "2 lines were written after the first, and 3 whole ones"),
        (ENTRY + b"{}", "it was cut or changed"),
    ],
)
def test_what_is_no_file_of_the_log(data: bytes, said: str) -> None:
    with pytest.raises(RecordFormatError) as caught:
        list(read_entry(data, 7).events)
    assert said in str(caught.value)
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (with_seal({"version": 1, "snapshot": 19, "count": 0}), "it is of 19 by its first line"),
        (with_seal({"version": 2, "snapshot": 20, "count": 0}), "its version is 2"),
        (with_seal({"version": 1, "snapshot": 20, "count": 2}, {"item": "c"}, {"item": "c"}), "an item is in it twice"),
        (with_seal({"version": 1, "snapshot": 20, "count": 1}, {"item": "c", "made": 1}), "line 2: made cannot be"),
        (with_seal({"version": 1, "snapshot": 20, "count": 1}, {"item": "c", "since": 5}), "line 2: since cannot be"),
        (
            with_seal({"version": 1, "snapshot": 20, "count": 1}, {"item": "c", "sold": 5}),
            "line 2: expected the fields",
        ),
        (ENTRY, "line 1: expected the fields snapshot"),
    ],
)
def test_what_is_no_snapshot(data: bytes, said: str) -> None:
    with pytest.raises(RecordFormatError) as caught:
        read_snapshot(data, 20)
    assert said in str(caught.value)
