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
    Crowd,
    Each,
    Listed,
    how_to_look,
    pause,
)
from airflow_provider_mps.services.tencentcloud.listing import PAGE_SIZE

NOW = 100_000.0

ages = st.floats(0, 50) | st.floats(0, 20_000)
crowds = st.builds(
    Crowd,
    sinces=st.lists(ages, max_size=60).map(lambda found: sorted(NOW - age for age in found)),
    finished=st.lists(ages, max_size=3000 // 10).map(lambda found: sorted(NOW - age for age in found * 10)),
    interval=st.floats(0.05, 600),
    rate=st.floats(0.5, 100),
)


def pages_from(start: float, finished: Sequence[float]) -> int:
    return 1 + (len(finished) - bisect_left(finished, start)) // PAGE_SIZE


@pytest.mark.parametrize("count", range(WORTH))
def test_few_are_looked_at_each_on_its_own(count: int) -> None:
    assert how_to_look(Crowd([NOW - 50] * count, rate=16), NOW) == Each(count / 16)


def test_many_are_listed() -> None:
    way = how_to_look(Crowd([NOW - 50 + i / 10 for i in range(300)]), NOW)
    assert isinstance(way, Listed)
    assert (way.start, way.single) == (NOW - 50 - MARGIN_SECONDS, 0)


def test_where_lists_are_not_allowed_each_has_its_turn() -> None:
    crowd = Crowd([NOW - 50] * 800, rate=16, can_list=False)
    assert how_to_look(crowd, NOW) == Each(50.0)


def test_one_old_straggler_is_left_to_itself() -> None:
    """A page for each hundred that came between it and the others, at each list, costs more than a look of its own."""
    young = [NOW - 20 + i / 10 for i in range(100)]
    between = [NOW - 3000 + i for i in range(2900)]
    way = how_to_look(Crowd([NOW - 5000, *young], between), NOW)
    assert isinstance(way, Listed)
    assert (way.single, way.start) == (1, young[0] - MARGIN_SECONDS)
    # Where nothing lies between, it costs nothing.
    way = how_to_look(Crowd([NOW - 5000, *young], young[:10]), NOW)
    assert isinstance(way, Listed)
    assert (way.single, way.start) == (0, NOW - 5000 - MARGIN_SECONDS)


@given(crowds)
def test_a_round_never_costs_more_than_a_look_at_each(crowd: Crowd) -> None:
    way = how_to_look(crowd, NOW)
    if isinstance(way, Listed):
        pages = pages_from(way.start, crowd.finished)
        assert (way.single + pages) * WORTH <= len(crowd.sinces)
        # Nor does leaving nobody out, or only the very oldest, cost less.
        for single in (0, 1):
            assert way.single + pages <= single + pages_from(crowd.sinces[single] - MARGIN_SECONDS, crowd.finished)
    else:
        assert way.seconds == pytest.approx(len(crowd.sinces) / crowd.rate)


@settings(max_examples=50)
@given(crowds, st.floats(1, 600))
def test_lists_never_cost_more_than_looks_at_each(crowd: Crowd, interval: float) -> None:
    """All of it counted while nothing finishes and the tasks grow older: lists and looks, against looks alone."""
    crowd = replace(crowd, interval=interval)
    if not isinstance(how_to_look(crowd, NOW), Listed):
        return
    end = NOW + 4 * interval
    each = sum(looks_at(since, crowd.interval, end) for since in crowd.sinces)
    listed, now = 0, NOW
    while now < end:
        way = how_to_look(crowd, now)
        assert isinstance(way, Listed)
        listed += pages_from(way.start, crowd.finished)
        now += way.seconds
    listed += sum(looks_at(since, crowd.interval, end) for since in crowd.sinces[: way.single])
    assert listed <= each


def looks_at(since: float, interval: float, end: float) -> int:
    now, count = max(NOW, since + FIRST_LOOK_SECONDS), 0
    while now < end:
        count += 1
        now += pause(interval, since, now)
    return count


@given(crowds)
def test_the_time_between_lists(crowd: Crowd) -> None:
    way = how_to_look(crowd, NOW)
    if isinstance(way, Listed):
        paced = pages_from(way.start, crowd.finished) / (crowd.rate * PACE_SHARE)
        assert way.seconds >= max(SHORTEST * crowd.interval, paced) * (1 - 1e-9)
        assert way.seconds <= max(LONGEST * crowd.interval, paced) * (1 + 1e-9)


@given(crowds)
def test_no_list_begins_after_a_task_that_it_has_to_show(crowd: Crowd) -> None:
    way = how_to_look(crowd, NOW)
    if isinstance(way, Listed):
        assert 0 <= way.single < len(crowd.sinces)
        assert all(way.start <= since - MARGIN_SECONDS for since in crowd.sinces[way.single :])


@given(crowds, st.floats(0, 1), st.floats(4, 600))
def test_where_some_are_young_lists_come_as_often_as_they_may(crowd: Crowd, share: float, interval: float) -> None:
    young = NOW - share * SHORTEST * interval
    crowd = replace(crowd, interval=interval, sinces=sorted([*crowd.sinces, young]), finished=(), rate=100.0)
    way = how_to_look(crowd, NOW)
    if isinstance(way, Listed) and max(crowd.sinces) == young:
        assert way.seconds == pytest.approx(SHORTEST * interval)


def test_a_small_old_crowd_is_listed_less_often() -> None:
    few, many = ([NOW - 1000 + i / 100 for i in range(count)] for count in (5, 500))
    seldom, often = how_to_look(Crowd(few), NOW), how_to_look(Crowd(many), NOW)
    assert isinstance(seldom, Listed)
    assert isinstance(often, Listed)
    assert seldom.seconds == pytest.approx(LONGEST * 10)
    assert often.seconds == pytest.approx(SHORTEST * 10)


@given(st.lists(st.floats(-100, 100), min_size=3, max_size=30))
def test_clocks_that_disagree(offsets: list[float]) -> None:
    way = how_to_look(Crowd(sorted(NOW + offset for offset in offsets)), NOW)
    assert isinstance(way, Listed)
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
    way: Each | Listed = Each(0.0)
    while coming or waiting:
        now += step
        while coming and begins[coming[0]] <= now:
            task = coming.pop(0)
            waiting.add(task)
            due[task] = begins[task] + FIRST_LOOK_SECONDS
        if now >= decide_at:
            decide_at = now + 1.0
            way = how_to_look(Crowd(sorted(begins[task] for task in waiting), finished, interval), now)
        start = way.start if isinstance(way, Listed) else float("inf")
        if isinstance(way, Listed) and now >= listed_at + way.seconds:
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
