"""How many tasks are looked at together: properties, and a service that exists in arithmetic only."""

from __future__ import annotations

import random
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from airflow_provider_mps.core.polling import (
    FIRST_LOOK_SECONDS,
    LONGEST,
    MARGIN_SECONDS,
    PACE_SHARE,
    SHORTEST,
    WORTH,
    PollByList,
    PollEach,
    WaitingTasks,
    choose_polling,
    pause,
)
from airflow_provider_mps.services.tencentcloud.listing import PAGE_SIZE
from tests.whole import examples

NOW = 100_000.0

ages = st.floats(0, 50) | st.floats(0, 20_000)
any_waiting = st.builds(
    WaitingTasks,
    sinces=st.lists(ages, max_size=60).map(lambda found: sorted(NOW - age for age in found)),
    finished=st.lists(ages, max_size=3000 // 10).map(lambda found: sorted(NOW - age for age in found * 10)),
    interval=st.floats(0.05, 600),
    rate=st.floats(0.5, 100),
)


def pages_from(start: float, finished: Sequence[float]) -> int:
    return 1 + (len(finished) - bisect_left(finished, start)) // PAGE_SIZE


@pytest.mark.parametrize("count", range(WORTH))
def test_few_are_looked_at_each_on_its_own(count: int) -> None:
    assert choose_polling(WaitingTasks([NOW - 50] * count, rate=16), NOW) == PollEach(count / 16)


def test_many_are_listed() -> None:
    way = choose_polling(WaitingTasks([NOW - 50 + i / 10 for i in range(300)]), NOW)
    assert isinstance(way, PollByList)
    assert (way.start, way.single) == (NOW - 50 - MARGIN_SECONDS, 0)


def test_where_lists_are_not_allowed_each_has_its_turn() -> None:
    waiting = WaitingTasks([NOW - 50] * 800, rate=16, can_list=False)
    assert choose_polling(waiting, NOW) == PollEach(50.0)


def test_one_old_straggler_is_left_to_itself() -> None:
    """A page for each hundred that came between it and the others, at each list, costs more than a look of its own."""
    young = [NOW - 20 + i / 10 for i in range(100)]
    between = [NOW - 3000 + i for i in range(2900)]
    way = choose_polling(WaitingTasks([NOW - 5000, *young], between), NOW)
    assert isinstance(way, PollByList)
    assert (way.single, way.start) == (1, young[0] - MARGIN_SECONDS)
    # Where nothing lies between, it costs nothing.
    way = choose_polling(WaitingTasks([NOW - 5000, *young], young[:10]), NOW)
    assert isinstance(way, PollByList)
    assert (way.single, way.start) == (0, NOW - 5000 - MARGIN_SECONDS)


@given(any_waiting)
def test_a_round_never_costs_more_than_a_look_at_each(waiting: WaitingTasks) -> None:
    way = choose_polling(waiting, NOW)
    if isinstance(way, PollByList):
        pages = pages_from(way.start, waiting.finished)
        assert (way.single + pages) * WORTH <= len(waiting.sinces)
        # Nor does leaving nobody out, or only the very oldest, cost less.
        for single in (0, 1):
            assert way.single + pages <= single + pages_from(waiting.sinces[single] - MARGIN_SECONDS, waiting.finished)
    else:
        assert way.seconds == pytest.approx(len(waiting.sinces) / waiting.rate)


@settings(max_examples=examples(50))
@given(any_waiting, st.floats(1, 600))
def test_lists_never_cost_more_than_looks_at_each(waiting: WaitingTasks, interval: float) -> None:
    """All of it counted while nothing finishes and the tasks grow older: lists and looks, against looks alone."""
    waiting = replace(waiting, interval=interval)
    if not isinstance(choose_polling(waiting, NOW), PollByList):
        return
    end = NOW + 4 * interval
    each = sum(looks_at(since, waiting.interval, end) for since in waiting.sinces)
    listed, now = 0, NOW
    while now < end:
        way = choose_polling(waiting, now)
        assert isinstance(way, PollByList)
        listed += pages_from(way.start, waiting.finished)
        now += way.seconds
    listed += sum(looks_at(since, waiting.interval, end) for since in waiting.sinces[: way.single])
    assert listed <= each


def looks_at(since: float, interval: float, end: float) -> int:
    now, count = max(NOW, since + FIRST_LOOK_SECONDS), 0
    while now < end:
        count += 1
        now += pause(interval, since, now)
    return count


@given(any_waiting)
def test_the_time_between_lists(waiting: WaitingTasks) -> None:
    way = choose_polling(waiting, NOW)
    if isinstance(way, PollByList):
        paced = pages_from(way.start, waiting.finished) / (waiting.rate * PACE_SHARE)
        assert way.seconds >= max(SHORTEST * waiting.interval, paced) * (1 - 1e-9)
        assert way.seconds <= max(LONGEST * waiting.interval, paced) * (1 + 1e-9)


@given(any_waiting)
def test_no_list_begins_after_a_task_that_it_has_to_show(waiting: WaitingTasks) -> None:
    way = choose_polling(waiting, NOW)
    if isinstance(way, PollByList):
        assert 0 <= way.single < len(waiting.sinces)
        assert all(way.start <= since - MARGIN_SECONDS for since in waiting.sinces[way.single :])


@given(any_waiting, st.floats(0, 1), st.floats(4, 600))
def test_where_some_are_young_lists_come_as_often_as_they_may(
    waiting: WaitingTasks, share: float, interval: float
) -> None:
    young = NOW - share * SHORTEST * interval
    waiting = replace(waiting, interval=interval, sinces=sorted([*waiting.sinces, young]), finished=(), rate=100.0)
    way = choose_polling(waiting, NOW)
    if isinstance(way, PollByList) and max(waiting.sinces) == young:
        assert way.seconds == pytest.approx(SHORTEST * interval)


def test_a_few_old_ones_are_listed_less_often() -> None:
    few, many = ([NOW - 1000 + i / 100 for i in range(count)] for count in (5, 500))
    seldom, often = choose_polling(WaitingTasks(few), NOW), choose_polling(WaitingTasks(many), NOW)
    assert isinstance(seldom, PollByList)
    assert isinstance(often, PollByList)
    assert seldom.seconds == pytest.approx(LONGEST * 10)
    assert often.seconds == pytest.approx(SHORTEST * 10)


@given(st.lists(st.floats(-100, 100), min_size=3, max_size=30))
def test_clocks_that_disagree(offsets: list[float]) -> None:
    way = choose_polling(WaitingTasks(sorted(NOW + offset for offset in offsets)), NOW)
    assert isinstance(way, PollByList)
    assert SHORTEST * 10 <= way.seconds <= LONGEST * 10


@dataclass
class Run:
    """What it took to notice the end of all tasks."""

    requests: int = 0
    pages: int = 0
    listed_after: list[float] = field(default_factory=list)
    seen_after: list[float] = field(default_factory=list)


def simulate(begins: Sequence[float], ends: Sequence[float], interval: float = 10.0, step: float = 0.1) -> Run:
    """Wait for tasks the way the poller does: decide each second, list or look at each, look at what a list shows."""
    run, now, decide_at, listed_at = Run(), 0.0, 0.0, float("-inf")
    waiting: set[int] = set()
    coming = sorted(range(len(begins)), key=lambda task: begins[task])
    due: dict[int, float] = {}
    finished: list[float] = []
    way: PollEach | PollByList = PollEach(0.0)
    while coming or waiting:
        now += step
        while coming and begins[coming[0]] <= now:
            task = coming.pop(0)
            waiting.add(task)
            due[task] = begins[task] + FIRST_LOOK_SECONDS
        if now >= decide_at:
            decide_at = now + 1.0
            way = choose_polling(WaitingTasks(sorted(begins[task] for task in waiting), finished, interval), now)
        start = way.start if isinstance(way, PollByList) else float("inf")
        if isinstance(way, PollByList) and now >= listed_at + way.seconds:
            listed_at = now
            finished = sorted(b for b, e in zip(begins, ends, strict=True) if b >= start and e <= now)
            run.pages += pages_from(start, finished)
            for task in [task for task in waiting if begins[task] >= start and ends[task] <= now]:
                run.listed_after.append(now - ends[task])
                due[task] = 0.0
        for task in list(waiting):
            is_shown = due[task] == 0.0
            if now < due[task] or (begins[task] >= start and not is_shown):
                continue
            run.requests += 1
            if ends[task] <= now:
                run.seen_after.append(now - ends[task])
                waiting.remove(task)
            else:
                due[task] = now + pause(interval, begins[task], now)
    run.requests += run.pages
    return run


def test_a_thousand_at_ten_per_second_need_few_requests() -> None:
    chance = random.Random(1)
    begins = [number / 16 for number in range(1000)]
    ends = [begin + 20 + number * (1 / 10 - 1 / 16) for number, begin in enumerate(begins)]
    run = simulate(begins, ends)
    assert run.requests <= 1.3 * len(begins)
    # And when they end in any order.
    mixed = [begin + chance.uniform(20, 60) for begin in begins]
    assert simulate(begins, mixed).requests <= 1.3 * len(begins)


@pytest.mark.parametrize("count", [10, 100, 1000])
@pytest.mark.parametrize("order", ["as they came", "any"])
def test_what_has_finished_is_listed_within_half_an_interval(count: int, order: str) -> None:
    chance, interval = random.Random(count), 10.0
    begins = [number / 16 for number in range(count)]
    ends = [begin + (25 if order == "as they came" else chance.uniform(2, 60)) for begin in begins]
    run = simulate(begins, ends, interval)
    assert len(run.seen_after) == count
    assert len(run.listed_after) > count / 2
    assert max(run.listed_after) <= interval / 2 + 0.2
    # The few that are looked at on their own are seen within an interval.
    assert max(run.seen_after) <= interval + 0.2


def test_short_tasks_are_not_kept_waiting() -> None:
    """Three seconds each, with an interval of ten: looked at on their own they would be seen after four."""
    begins = [number / 10 for number in range(600)]
    run = simulate(begins, [begin + 3 for begin in begins])
    assert sum(run.seen_after) / len(begins) <= SHORTEST * 10 / 2 + 0.5
    assert max(run.seen_after) <= LONGEST * 10 + 0.2
    assert run.requests <= 1.3 * len(begins)
