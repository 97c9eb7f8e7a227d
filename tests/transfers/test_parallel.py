"""Several files at once: all of them, in order, no more than are needed, and nothing is left behind."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_mps.storage import parallel
from airflow_provider_mps.storage.parallel import in_parallel


def quiet(line: str) -> None:
    pass


def run(carry, items, total=0, max_workers=2, log_line=quiet):  # type: ignore[no-untyped-def]
    return in_parallel(carry, items, total=total, max_workers=max_workers, done="Stored", log_line=log_line)


@given(items=st.lists(st.integers(), max_size=40), max_workers=st.integers(1, 8))
def test_all_in_order(items: list[int], max_workers: int) -> None:
    def carry(number: int) -> int:
        time.sleep(number % 3 / 5000)
        return -number

    assert run(carry, items, max_workers=max_workers) == [-number for number in items]


def test_as_many_at_once_as_were_asked_for() -> None:
    together = threading.Barrier(3)
    # Each waits for two others, and would wait for ever if it were alone.
    assert run(lambda _: together.wait(30) >= 0, range(6), max_workers=3) == [True] * 6


def test_items_are_taken_as_they_are_needed() -> None:
    taken: list[int] = []
    ahead: list[int] = []
    done = 0
    lock = threading.Lock()

    def items() -> Iterator[int]:
        for number in range(50):
            taken.append(number)
            yield number

    def carry(number: int) -> None:
        nonlocal done
        with lock:
            ahead.append(len(taken) - done)
            done += 1

    run(carry, items(), max_workers=2)
    assert done == 50
    assert max(ahead) <= 5


@given(count=st.integers(1, 30), bad=st.integers(0, 29), max_workers=st.integers(1, 4))
def test_after_an_error_nothing_more_is_begun(count: int, bad: int, max_workers: int) -> None:
    bad %= count
    begun: list[int] = []
    ended: list[int] = []
    fails = threading.Event()

    def carry(number: int) -> None:
        begun.append(number)
        if number > bad:
            # Not so fast that one is through with several before the bad one has raised its error.
            fails.wait(30)
            time.sleep(0.02)
        if number == bad:
            fails.set()
            raise ValueError(f"number {number}")
        ended.append(number)

    with pytest.raises(ValueError, match=f"number {bad}"):
        run(carry, range(count), max_workers=max_workers)
    assert sorted([*ended, bad]) == sorted(begun)
    # The others may have been at theirs.
    assert len(begun) <= bad + max_workers


def test_an_error_among_the_items() -> None:
    ended: list[int] = []

    def items() -> Iterator[int]:
        yield 1
        raise ValueError("no address")

    with pytest.raises(ValueError, match="no address"):
        run(ended.append, items())
    # What had begun is ended by now, or never will be.
    had = list(ended)
    time.sleep(0.05)
    assert ended == had


def test_what_was_not_begun_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float | None] = []
    waited = parallel.wait

    def spy(futures: object, timeout: float | None = None, *args: object) -> object:
        found = waited(futures, timeout, *args)  # type: ignore[arg-type]
        assert not found.not_done or len(args) == 1, "waited until the time was up"
        waits.append(timeout)
        return found

    def fail(number: int) -> None:
        time.sleep(0.05)
        raise ValueError(f"number {number}")

    monkeypatch.setattr(parallel, "GRACE_SECONDS", 0.5)
    monkeypatch.setattr(parallel, "wait", spy)
    with pytest.raises(ValueError, match="number 0"):
        run(fail, range(10), max_workers=1)
    assert waits[-1] == 0.5


def test_who_is_ended_waits_for_what_is_under_way(monkeypatch: pytest.MonkeyPatch) -> None:
    started, ended = threading.Event(), threading.Event()

    def carry(number: int) -> None:
        started.set()
        time.sleep(0.2)
        ended.set()

    def end(*_: object) -> None:
        started.wait(30)
        raise KeyboardInterrupt

    waited = parallel.wait
    monkeypatch.setattr(parallel, "wait", lambda *args: end() if len(args) == 3 else waited(*args))
    with pytest.raises(KeyboardInterrupt):
        run(carry, range(5), max_workers=1)
    assert ended.is_set()


def test_it_tells_how_far_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parallel, "REPORT_SECONDS", 0.02)
    lines: list[str] = []
    run(lambda _: time.sleep(0.05), range(1200), total=1200, max_workers=32, log_line=lines.append)
    assert lines[-1].startswith("Stored 1,")
    assert all(" of 1,200 files; " in line and "stored per second" in line for line in lines)
