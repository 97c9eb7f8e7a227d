"""The record as several runs write and read it at once, in a storage that puts a file only if there is none."""

from __future__ import annotations

import pickle
import threading
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tenacity import wait_none

from airflow_provider_mps.catalogue.errors import CatalogueBusyError, RecordUnreadableError
from airflow_provider_mps.catalogue.record import store as record_store
from airflow_provider_mps.catalogue.record.events import Event, ItemPlanned, ItemWaiting
from airflow_provider_mps.catalogue.record.fold import CatalogueRecord, fold
from airflow_provider_mps.catalogue.record.format import read_entry, read_snapshot, write_snapshot
from airflow_provider_mps.catalogue.record.store import SNAPSHOT_EVERY, RecordMovedError, RecordStore
from airflow_provider_mps.failures import short_line
from tests.catalogue.memory import MemoryFiles
from tests.catalogue.records import CATALOGUE, FOLDER, event_lists, made, runs, task_of_run
from tests.whole import examples

NOW = 1767229371.456789


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(record_store, "WAIT", wait_none())


def write(files: MemoryFiles, count: int, start: int = 0) -> CatalogueRecord:
    """Write some files of the log, each about an item of its own."""
    store, known = RecordStore(files, CATALOGUE), CatalogueRecord()
    for number in range(start, start + count):
        known = store.update(task_of_run("monday"), lambda _, item=f"cup-{number}": [made(item)], NOW)
    return known


def whole_log(files: MemoryFiles) -> dict[str, Any]:
    """Fold every file of the log, without a snapshot."""
    found: dict[str, Any] = {}
    logs = sorted(address for address in files.files if "snapshot" not in address)
    assert logs == [f"{FOLDER}/{number:08d}.jsonl" for number in range(1, len(logs) + 1)]
    for number, address in enumerate(logs, 1):
        fold(found, read_entry(files.files[address], number))
    return found


def test_nothing_is_known_of_a_new_catalogue() -> None:
    files = MemoryFiles()
    assert RecordStore(files, CATALOGUE).read() == CatalogueRecord()
    assert files.files == {}


def test_what_was_written_is_what_is_read() -> None:
    files = MemoryFiles()
    store = RecordStore(files, f"{CATALOGUE}/")
    known = store.update(task_of_run("monday"), lambda _: [ItemPlanned("cup", "a.b.c"), ItemWaiting("bowl")], NOW)
    assert list(files.files) == [f"{FOLDER}/00000001.jsonl"]
    assert store.read() == known
    assert known.items["cup"].planned is not None
    assert known.items["cup"].planned.run.is_same_run(task_of_run("monday", "make"))
    assert known.items["bowl"].since == 1767229371.456


def test_where_nothing_was_decided_nothing_is_written() -> None:
    files = MemoryFiles()
    assert RecordStore(files, CATALOGUE).update(task_of_run("monday"), lambda _: [], NOW).seq == 0
    assert files.files == {}


def test_who_knows_less_than_there_is_writes_nothing() -> None:
    files = MemoryFiles()
    store = RecordStore(files, CATALOGUE)
    write(files, 1)
    before = dict(files.files)
    with pytest.raises(RecordMovedError):
        store.append(CatalogueRecord(), task_of_run("tuesday"), [made("cup")], NOW)
    assert files.files == before


def test_a_run_that_was_slower_decides_again_by_what_is_known_then() -> None:
    files, seen = MemoryFiles(), []

    def decide(known: CatalogueRecord) -> list[Event]:
        seen.append(sorted(known.items))
        if len(seen) == 1:
            write(files, 2)
        return [made("bowl")]

    known = RecordStore(files, CATALOGUE).update(task_of_run("tuesday"), decide, NOW)
    assert seen == [[], ["cup-0", "cup-1"]]
    assert (known.seq, sorted(known.items)) == (3, ["bowl", "cup-0", "cup-1"])


def test_an_answer_that_was_lost_is_known_again() -> None:
    class Lossy(MemoryFiles):
        def write_new(self, address: str, data: bytes, content_type: str | None = None) -> bool:
            super().write_new(address, data)
            return False

    files = Lossy()
    store, asked = RecordStore(files, CATALOGUE), []
    known = store.update(task_of_run("monday"), lambda known: asked.append(known) or [made("cup")], NOW)
    assert (known.seq, len(asked), len(files.files)) == (1, 1, 1)


def test_two_who_write_the_same_are_told_apart() -> None:
    files, store = MemoryFiles(), RecordStore(MemoryFiles(), CATALOGUE)
    store = RecordStore(files, CATALOGUE)
    first = store.append(CatalogueRecord(), task_of_run("monday"), [made("cup")], NOW)
    with pytest.raises(RecordMovedError):
        store.append(CatalogueRecord(), task_of_run("monday"), [made("cup")], NOW)
    assert store.read() == first


def test_who_never_comes_to_write_says_so() -> None:
    files = MemoryFiles()

    def decide(known: CatalogueRecord) -> list[Event]:
        write(files, 1, known.seq)
        return [made("bowl")]

    with pytest.raises(CatalogueBusyError) as caught:
        RecordStore(files, CATALOGUE).update(task_of_run("tuesday"), decide, NOW)
    assert str(caught.value).startswith("CatalogueBusy: ")
    assert pickle.loads(pickle.dumps(caught.value)).attempts == record_store.ATTEMPTS


def test_a_snapshot_comes_now_and_then_and_reading_asks_for_little() -> None:
    files = MemoryFiles()
    known = write(files, 3 * SNAPSHOT_EVERY + 7)
    snapshots = [address for address in files.files if "snapshot" in address]
    assert snapshots == [f"{FOLDER}/snapshot-{number:08d}.jsonl" for number in (20, 40, 60)]
    files.reads, files.listings = [], 0
    assert RecordStore(files, CATALOGUE).read() == known
    assert files.listings == 1
    assert sorted(files.reads) == [f"{FOLDER}/{number:08d}.jsonl" for number in range(61, 68)] + snapshots[-1:]


@pytest.mark.parametrize("unlisted", [1, 5, 24])
def test_what_a_listing_does_not_have_yet_is_read_all_the_same(unlisted: int) -> None:
    files = MemoryFiles()
    known = write(files, 23)
    files.unlisted = unlisted
    assert RecordStore(files, CATALOGUE).read() == known


def test_a_snapshot_that_could_not_be_written_is_made_up_for(lines: Callable[[], str]) -> None:
    class NoSnapshots(MemoryFiles):
        def write_new(self, address: str, data: bytes, content_type: str | None = None) -> bool:
            if "snapshot" in address:
                raise OSError("no space left")
            return super().write_new(address, data)

    files = NoSnapshots()
    write(files, 21)
    assert "snapshot-00000020.jsonl could not be written" in lines()
    whole = MemoryFiles()
    whole.files = files.files
    known = write(whole, 1, 21)
    assert [address for address in whole.files if "snapshot" in address] == [f"{FOLDER}/snapshot-00000022.jsonl"]
    assert RecordStore(whole, CATALOGUE).read() == known
    assert len(known.items) == 22


def test_a_snapshot_that_cannot_be_read_is_left_out_with_a_warning(lines: Callable[[], str]) -> None:
    files = MemoryFiles()
    known = write(files, 42)
    address = f"{FOLDER}/snapshot-00000040.jsonl"
    files.files[address] = files.files[address].replace(b"cup-7", b"cup-8", 1)
    assert RecordStore(files, CATALOGUE).read() == known
    said = lines()
    assert address in said
    assert "changed after it was written" in said
    # The next one who writes makes a new one.
    write(files, 1, 42)
    files.reads = []
    assert len(RecordStore(files, CATALOGUE).read().items) == 43
    assert files.reads == [f"{FOLDER}/snapshot-00000043.jsonl"]


def test_a_snapshot_that_cannot_be_read_is_an_error_where_the_log_was_cleared_away() -> None:
    files = MemoryFiles()
    write(files, 22)
    for number in range(1, 11):
        del files.files[f"{FOLDER}/{number:08d}.jsonl"]
    # What was cleared away is in the snapshot.
    assert len(RecordStore(files, CATALOGUE).read().items) == 22
    files.files[f"{FOLDER}/snapshot-00000020.jsonl"] = b"{}\n"
    with pytest.raises(RecordUnreadableError) as caught:
        RecordStore(files, CATALOGUE).read()
    assert caught.value.address == f"{FOLDER}/snapshot-00000020.jsonl"


def remove(files: MemoryFiles, name: str) -> None:
    del files.files[f"{FOLDER}/{name}"]


def change(files: MemoryFiles, name: str, old: bytes, new: bytes) -> None:
    data = files.files[f"{FOLDER}/{name}"]
    assert old in data
    files.files[f"{FOLDER}/{name}"] = data.replace(old, new, 1)


def rename(files: MemoryFiles, name: str, to: str) -> None:
    files.files[f"{FOLDER}/{to}"] = files.files.pop(f"{FOLDER}/{name}")


@pytest.mark.parametrize(
    ("harm", "name", "said"),
    [
        (lambda files: remove(files, "00000002.jsonl"), "00000002.jsonl", "missing"),
        (lambda files: remove(files, "00000001.jsonl"), "00000001.jsonl", "missing"),
        (lambda files: change(files, "00000003.jsonl", b'"count":1', b'"count":2'), "00000003.jsonl", "2 lines"),
        (lambda files: change(files, "00000003.jsonl", b'"number":3', b'"number":4'), "00000003.jsonl", "changed"),
        (lambda files: change(files, "00000004.jsonl", b'"version":1', b'"version":9'), "00000004.jsonl", "is 9"),
        (lambda files: change(files, "00000004.jsonl", b'"task-1"}\n', b'"tas'), "00000004.jsonl", "cut"),
        (lambda files: change(files, "00000004.jsonl", b"task-1", b"task-2"), "00000004.jsonl", "changed"),
        (lambda files: rename(files, "00000004.jsonl", "00000005.jsonl"), "00000004.jsonl", "missing"),
        (lambda files: rename(files, "00000004.jsonl", "4.jsonl"), "4.jsonl", "no file of a record"),
        (lambda files: rename(files, "00000004.jsonl", "snapshot-4.jsonl"), "snapshot-4.jsonl", "no file of a record"),
        (lambda files: files.files.update({f"{FOLDER}/00000001.jsonl": b""}), "00000001.jsonl", "not JSON"),
    ],
)
def test_a_file_that_cannot_be_read_is_an_error_that_names_it(
    harm: Callable[[MemoryFiles], object], name: str, said: str
) -> None:
    files = MemoryFiles()
    write(files, 4)
    harm(files)
    with pytest.raises(RecordUnreadableError) as caught:
        RecordStore(files, CATALOGUE).read()
    error = caught.value
    assert error.address == f"{FOLDER}/{name}"
    assert said in error.reason
    assert str(error).startswith("RecordUnreadable: cos://")
    assert short_line(error, "shop") == f"RecordUnreadable (shop): restore {name}, see below"
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again), vars(again)) == (type(error), str(error), vars(error))


def test_what_a_person_puts_beside_the_record_does_not_matter() -> None:
    files = MemoryFiles()
    known = write(files, 2)
    files.files |= {f"{FOLDER}/README.txt": b"hands off", f"{FOLDER}/.00000003.jsonl.part": b"half"}
    assert RecordStore(files, CATALOGUE).read() == known


class Worker:
    """One of several that write, a step at a time: reads, and then writes by what it has read."""

    def __init__(self, files: MemoryFiles, run: str) -> None:
        self.store, self.run = RecordStore(files, CATALOGUE), run
        self.known: CatalogueRecord | None = None

    def step(self, said: list[Event], written: list[list[Event]]) -> None:
        if self.known is None:
            self.known = self.store.read()
            return
        try:
            known = self.store.append(self.known, task_of_run(self.run), said, NOW)
        except RecordMovedError:
            self.known = None
            return
        written.append(said)
        # As a task does: some go on by what they know, others read again.
        self.known = known if len(said) % 2 else None


@settings(max_examples=examples(60))
@given(st.lists(st.tuples(st.integers(0, 2), event_lists), min_size=30, max_size=120))
def test_however_several_write_at_once_nothing_is_lost(steps: list[tuple[int, list[Event]]]) -> None:
    files: Any = MemoryFiles()
    workers, written = [Worker(files, run) for run in ("monday", "tuesday", "wednesday")], []
    for number, said in steps:
        workers[number].step(said, written)
    log = whole_log(files)
    known = RecordStore(files, CATALOGUE).read()
    assert known.seq == len(written)
    assert known.items == log
    logged = [read_entry(files.files[f"{FOLDER}/{number:08d}.jsonl"], number) for number in range(1, known.seq + 1)]
    assert [[event.item for event in entry.events] for entry in logged] == [
        [event.item for event in said] for said in written
    ]
    for address in files.files:
        if "snapshot-" in address:
            number = int(address[-14:-6])
            expected: dict[str, Any] = {}
            for entry in range(1, number + 1):
                fold(expected, read_entry(files.files[f"{FOLDER}/{entry:08d}.jsonl"], entry))
            assert read_snapshot(files.files[address], number).items == expected
            assert files.files[address] == write_snapshot(CatalogueRecord(expected, number))


@given(runs, st.lists(event_lists, max_size=45))
def test_who_was_there_all_the_time_knows_what_a_reader_knows(run: str, said: list[list[Event]]) -> None:
    files = MemoryFiles()
    store, known = RecordStore(files, CATALOGUE), CatalogueRecord()
    for events in said:
        known = store.append(known, task_of_run(run), events, NOW)
        assert known == store.read()


def test_threads_that_plan_at_once_never_take_the_same_item() -> None:
    files, items = MemoryFiles(), [f"cup-{number}" for number in range(40)]
    taken: dict[str, list[str]] = {}

    def plan(run: str) -> None:
        mine: list[str] = []

        def decide(known: CatalogueRecord) -> list[Event]:
            mine[:] = [item for item in items if known.state(item).planned is None][:3]
            return [ItemPlanned(item, "a.b.c") for item in mine]

        store = RecordStore(files, CATALOGUE)
        for _ in range(4):
            store.update(task_of_run(run), decide, NOW)
            taken.setdefault(run, []).extend(mine)

    threads = [threading.Thread(target=plan, args=(f"run-{number}",)) for number in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    everything = [item for mine in taken.values() for item in mine]
    assert len(everything) == len(items)
    assert set(everything) == set(items)
    known = RecordStore(files, CATALOGUE).read()
    for run, mine in taken.items():
        planned = [known.state(item).planned for item in mine]
        assert all(one is not None and one.run.is_same_run(task_of_run(run)) for one in planned)
