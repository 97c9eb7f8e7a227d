"""The pace of requests, on a clock of the test's own."""

from __future__ import annotations

import heapq
from bisect import bisect_left
from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_mps.core.pace import (
    CATCH_UP_SECONDS,
    LATE_SECONDS,
    PAUSE_SECONDS,
    RECOVERY_SECONDS,
    SLOWER,
    SLOWEST,
    Pace,
    Slot,
)

ROUNDING = 1e-6

rates = st.floats(0.5, 200)
# Who asks when: often at once, sometimes after a while.
gaps = st.lists(st.just(0.0) | st.floats(0, 0.1) | st.floats(0, 3), min_size=1, max_size=150)


def most_in_a_second(moments: list[float]) -> int:
    moments = sorted(moments)
    return max(index + 1 - bisect_left(moments, at - 1.0 + ROUNDING) for index, at in enumerate(moments))


def run(pace: Pace, gaps: list[float], now: float = 100.0) -> list[Slot]:
    slots = []
    for gap in gaps:
        now += gap
        slots.append(pace.reserve(now))
        assert slots[-1].at >= now
    return slots


def keep_busy(
    pace: Pace, workers: int, seconds: float, *, late: float = 0.0, refusals: Sequence[float] = ()
) -> list[float]:
    """Return when requests went out while so many always want the next one; every other one wakes up ``late``."""
    sent: list[float] = []
    # Each waits for the slot that it holds; the refusals come in between.
    coming: list[tuple[float, int, Slot | None]] = [(moment, -1, None) for moment in refusals]
    coming += [(0.0, number, None) for number in range(workers)]
    heapq.heapify(coming)
    while coming and coming[0][0] < seconds:
        now, number, slot = heapq.heappop(coming)
        if number < 0:
            pace.refused(now)
            continue
        if slot is not None and pace.is_valid(slot, now):
            sent.append(now)
        slot = pace.reserve(now)
        heapq.heappush(coming, (slot.at + late * (number % 2), number, slot))
    return sent


@given(rates, gaps)
def test_no_second_has_more_slots_than_the_rate_and_what_may_be_caught_up(rate: float, gaps: list[float]) -> None:
    slots = run(Pace(rate), gaps)
    assert most_in_a_second([slot.at for slot in slots]) <= (1 + CATCH_UP_SECONDS) * rate + 1


@given(rates, st.integers(1, 40), st.floats(0, LATE_SECONDS))
def test_no_second_has_more_requests_when_slots_are_taken_late(rate: float, workers: int, late: float) -> None:
    sent = keep_busy(Pace(rate), workers, 4.0, late=late)
    assert most_in_a_second(sent) <= (1 + CATCH_UP_SECONDS + LATE_SECONDS) * rate + 1


@given(rates, gaps)
def test_nobody_waits_without_need(rate: float, gaps: list[float]) -> None:
    pace, now, last = Pace(rate), 100.0, float("-inf")
    for gap in gaps:
        now += gap
        slot = pace.reserve(now)
        assert slot.at <= max(now, last + 1 / rate) + ROUNDING
        last = slot.at


@given(rates, st.integers(1, 40))
def test_the_rate_is_reached_where_always_someone_waits(rate: float, workers: int) -> None:
    seconds = 20 / rate
    sent = keep_busy(Pace(rate), workers, seconds)
    assert len(sent) >= rate * seconds - 1


def test_a_standstill_is_not_caught_up() -> None:
    pace = Pace(10)
    for _ in range(10):
        pace.reserve(100.0)
    after = [pace.reserve(200.0).at for _ in range(12)]
    assert sum(at < 200.9 for at in after) <= 10


def test_a_slot_counts_until_a_little_after_its_time() -> None:
    pace = Pace(10)
    slot = pace.reserve(100.0)
    assert pace.is_valid(slot, slot.at)
    assert pace.is_valid(slot, slot.at + LATE_SECONDS - ROUNDING)
    assert not pace.is_valid(slot, slot.at + LATE_SECONDS + ROUNDING)


def test_a_refusal_voids_all_slots_and_stops_all_for_a_second() -> None:
    pace = Pace(10)
    reserved = [pace.reserve(100.0) for _ in range(5)]
    pace.refused(100.05)
    assert not any(pace.is_valid(slot, slot.at) for slot in reserved)
    again = [pace.reserve(100.06) for _ in range(5)]
    assert again[0].at == pytest.approx(100.05 + PAUSE_SECONDS)
    assert all(pace.is_valid(slot, slot.at) for slot in again)
    steps = [later.at - earlier.at for earlier, later in pairwise(again)]
    assert min(steps) > 1 / 10
    assert pace.rate_at(100.05) == pytest.approx(10 * SLOWER)


def test_refusals_of_the_same_second_count_once() -> None:
    pace, once = Pace(10), Pace(10)
    once.refused(100.0)
    for number in range(10):
        pace.refused(100.0 + number * PAUSE_SECONDS / 10)
    assert pace.rate_at(101.0) == once.rate_at(101.0)
    assert pace.reserve(100.95) == once.reserve(100.95)
    pace.refused(100.0 + PAUSE_SECONDS)
    assert pace.rate_at(101.0) < once.rate_at(101.0)


@given(rates, st.lists(st.floats(0, 100), min_size=1, max_size=60))
def test_never_below_the_slowest_and_back_at_the_full_rate_in_time(rate: float, waits: list[float]) -> None:
    pace, now = Pace(rate), 100.0
    for wait in waits:
        now += wait
        before = pace.rate_at(now)
        pace.refused(now)
        assert SLOWEST * rate * (1 - ROUNDING) <= pace.rate_at(now) <= before
    assert pace.rate_at(now) < rate
    seen = [pace.rate_at(now + second) for second in range(int(RECOVERY_SECONDS) + 1)]
    assert seen == sorted(seen)
    assert seen[-1] == rate


def test_however_often_it_is_refused_it_goes_on() -> None:
    pace = Pace(20)
    for second in range(100):
        pace.refused(100.0 + second * PAUSE_SECONDS)
    assert pace.rate_at(199.0) == pytest.approx(20 * SLOWEST)
    first, second_slot = pace.reserve(199.0), pace.reserve(199.0)
    assert first.at == pytest.approx(199 + PAUSE_SECONDS)
    assert second_slot.at - first.at <= 1 / (20 * SLOWEST)


@given(st.floats(5, 50), st.lists(st.floats(0, 8), max_size=8), st.integers(1, 30))
def test_refusals_never_let_more_through(rate: float, refusals: list[float], workers: int) -> None:
    sent = keep_busy(Pace(rate), workers, 10.0, refusals=refusals)
    assert most_in_a_second(sent) <= (1 + CATCH_UP_SECONDS) * rate + 1
    counted: list[float] = []
    for moment in sorted(refusals):
        if not counted or moment >= counted[-1] + PAUSE_SECONDS:
            counted.append(moment)
    for moment in counted:
        assert not [at for at in sent if moment <= at < moment + PAUSE_SECONDS - ROUNDING]


def test_of_what_is_sent_at_too_fast_a_pace_little_is_refused() -> None:
    """A limit far below the rate that was asked for, as when others use the account, too."""
    pace, now, end = Pace(100.0), 0.0, 600.0
    passed = refused = 0
    window, count = -1, 0
    while now < end:
        slot = pace.reserve(now)
        now = slot.at
        if not pace.is_valid(slot, now):
            continue
        window, count = (window, count + 1) if int(now) == window else (int(now), 1)
        if count > 20:
            refused += 1
            pace.refused(now)
        else:
            passed += 1
    assert refused / (passed + refused) < 0.05
    assert passed > 0.4 * 20 * end
