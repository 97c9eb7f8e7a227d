"""Who is due when: numbers only, whatever comes in whatever order."""

from __future__ import annotations

import ast
import math
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, precondition, rule

from airflow_provider_mps.core.errors import ServiceError
from airflow_provider_mps.core.outcomes import Outcome
from airflow_provider_mps.core.polling import (
    FIRST_LOOK_SECONDS,
    MARGIN_SECONDS,
    UNSEEN_SECONDS,
    Deadline,
    Finished,
    LookAgain,
    Refused,
    TooLate,
    WaitingTasks,
    choose_polling,
)
from airflow_provider_mps.core.tasks import ListedTask, TaskState
from airflow_provider_mps.polling import clock_steps, look_queue, schedule, waiter
from airflow_provider_mps.polling.look_queue import LookQueue
from airflow_provider_mps.polling.schedule import Listing, Schedule
from airflow_provider_mps.polling.waiter import NEVER, Waiter
from airflow_provider_mps.services.profiles import MPS
from tests.whole import examples

NOW = 100_000.0
FAR = Deadline(NOW + 1e6)


def waiting(number: int = 0, *, since: float | None = NOW - 50, at: float = FAR.at, interval: float = 10.0) -> Waiter:
    return Waiter(f"task {number}", Deadline(at), interval, since, NOW)


def schedule_of(waiters: Iterable[Waiter], chance: Callable[[], float] = lambda: 0.0, **options: Any) -> Schedule:
    made = Schedule(chance)
    for one in waiters:
        made.add(one, NOW)
    made.decide(NOW, **{"rate": 16.0, "can_list": True, **options})
    return made


def taken(plan: Schedule, now: float) -> list[Waiter]:
    return list(iter(lambda: plan.take_due(now), None))


def shown(*waiters: Waiter) -> list[ListedTask]:
    return [ListedTask(one.task_id, "", one.since) for one in waiters]


@pytest.mark.parametrize("module", [schedule, look_queue, waiter, clock_steps])
def test_the_plan_needs_neither_a_clock_nor_a_loop_nor_a_hook(module: Any) -> None:
    named = set()
    for node in ast.walk(ast.parse(Path(module.__file__).read_text())):
        if isinstance(node, ast.Import):
            named |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            named.add(node.module or "")
    assert not named & {"asyncio", "time", "datetime", "random", "threading", "logging"}
    ours = {name for name in named if name.startswith("airflow")}
    plan = {f"airflow_provider_mps.polling.{name}" for name in ("look_queue", "waiter")}
    assert all(name.startswith("airflow_provider_mps.core.") or name in plan for name in ours)


def test_a_new_task_is_looked_at_after_a_second_and_an_old_one_at_once() -> None:
    new, old, unknown = waiting(0, since=NOW), waiting(1), waiting(2, since=None)
    plan = schedule_of([new, old, unknown], can_list=False)
    assert taken(plan, NOW) == [old, unknown]
    assert plan.next_moment() == NOW + FIRST_LOOK_SECONDS
    assert taken(plan, NOW + FIRST_LOOK_SECONDS) == [new]


def test_the_last_look_falls_on_the_deadline() -> None:
    one = waiting(at=NOW + 4)
    plan = schedule_of([one])
    assert taken(plan, NOW) == [one]
    plan.plan(one, NOW)
    assert one.due == NOW + 4


def test_those_that_are_listed_are_due_at_their_deadline_and_the_list_is_due_first() -> None:
    waiters = [waiting(number) for number in range(20)]
    plan = schedule_of(waiters)
    assert {one.due for one in waiters} == {FAR.at}
    listing = plan.take_list(NOW)
    assert listing is not None
    assert (listing.start, listing.left, listing.asks_running) == (NOW - 50 - MARGIN_SECONDS, 20, False)
    # One at a time.
    assert plan.take_list(NOW + 1e5) is None
    assert plan.next_moment() == NOW + 1.0
    assert plan.show_finished(listing, shown(*waiters[:3]), NOW + 1)
    assert taken(plan, NOW + 1) == waiters[:3]
    assert not plan.show_finished(listing, shown(*waiters[3:]), NOW + 1)
    plan.keep_list(listing)
    plan.end_list(listing)
    assert taken(plan, NOW + 1) == waiters[3:]
    plan.decide(NOW + 2, rate=16.0, can_list=True)
    assert plan.take_list(NOW + 2) is None
    assert plan.take_list(NOW + 8) is not None


@pytest.mark.parametrize("is_shown", [True, False])
def test_those_that_were_not_seen_for_a_while_are_asked_for_and_then_looked_at(is_shown: bool) -> None:
    waiters = [waiting(number) for number in range(20)]
    plan, later = schedule_of(waiters), NOW + UNSEEN_SECONDS + 1
    plan.decide(later, rate=16.0, can_list=True)
    listing = plan.take_list(later)
    assert listing is not None
    assert listing.asks_running
    plan.show_running(listing, shown(*waiters[1:], *waiters[:is_shown]))
    plan.end_list(listing)
    assert taken(plan, later) == ([] if is_shown else waiters[:1])


def test_where_lists_are_refused_a_look_tells_each() -> None:
    waiters = [waiting(number) for number in range(20)]
    plan = schedule_of(waiters)
    listing = plan.take_list(NOW)
    assert listing is not None
    plan.end_list(listing, is_refused=True)
    assert taken(plan, NOW) == waiters


def test_where_lists_end_the_looks_are_spread_over_a_round() -> None:
    waiters, numbers = [waiting(number) for number in range(100)], iter([n / 100 for n in range(100)] * 9)
    plan = schedule_of(waiters, lambda: next(numbers), rate=2.0)
    plan.decide_soon()
    plan.decide(NOW + 0.5, rate=2.0, can_list=False)
    dues = sorted(one.due for one in waiters)
    assert dues[0] >= NOW + 0.5
    assert dues[-1] <= NOW + 0.5 + 100 / 2.0
    assert len(set(dues)) == 100


def test_many_more_are_reason_to_choose_before_the_second_is_over() -> None:
    plan = schedule_of([waiting(0)])
    for number in range(1, 20):
        plan.add(waiting(number), NOW)
    plan.decide(NOW + 0.1, rate=16.0, can_list=True)
    assert plan.take_list(NOW + 0.1) is not None


def test_entries_that_are_out_of_date_are_cleared_away() -> None:
    queue, waiters = LookQueue(), [waiting(number) for number in range(3)]
    for moment in range(1000):
        for one in waiters:
            queue.put(one, NOW + moment)
        queue.tidy(len(waiters))
    assert len(queue._entries) <= 2 * 3 + 16 + 3
    assert [queue.take(NOW + 2000) for _ in range(4)] == [*waiters, None]


def test_a_look_that_ends_after_its_waiter_has_left_plans_nothing() -> None:
    one = waiting()
    plan = schedule_of([one])
    assert taken(plan, NOW) == [one]
    plan.remove(one)
    plan.plan(one, NOW)
    assert taken(plan, FAR.at) == []


def test_one_that_is_looked_at_when_a_list_shows_it_is_not_looked_at_twice() -> None:
    waiters = [waiting(number) for number in range(20)]
    plan = Schedule(lambda: 0.0)
    plan.add(waiters[0], NOW)
    assert taken(plan, NOW) == waiters[:1]
    for one in waiters[1:]:
        plan.add(one, NOW)
    plan.decide(NOW, rate=16.0, can_list=True)
    listing = plan.take_list(NOW)
    assert listing is not None
    plan.show_finished(listing, shown(waiters[0]), NOW)
    assert taken(plan, NOW) == []
    # Should its look have come too early, lists tell no more of it.
    plan.plan(waiters[0], NOW)
    assert waiters[0].due == NOW + 10


def test_where_each_is_looked_at_one_has_its_turn_again_after_a_round() -> None:
    waiters = [waiting(number, interval=5.0) for number in range(100)]
    plan = schedule_of(waiters, rate=2.0, can_list=False)
    plan.plan(waiters[0], NOW)
    assert waiters[0].due == NOW + 100 / 2.0


@pytest.mark.parametrize("step", [-3600.0, 3600.0])
def test_lists_go_on_as_planned_when_the_clock_is_set(step: float) -> None:
    plan = schedule_of([waiting(number) for number in range(20)])
    listing = plan.take_list(NOW)
    assert listing is not None
    plan.end_list(listing)
    plan.move(step, NOW + 1 + step)
    plan.decide(NOW + 1 + step, rate=16.0, can_list=True)
    assert plan.take_list(NOW + 2 + step) is None
    assert plan.take_list(NOW + 10 + step) is not None


def test_what_was_listed_before_is_still_there_where_a_list_ends_early(monkeypatch: pytest.MonkeyPatch) -> None:
    finished: list[list[float]] = []

    def choose(waiting: WaitingTasks, now: float) -> Any:
        finished.append(list(waiting.finished))
        return choose_polling(waiting, now)

    monkeypatch.setattr(schedule, "choose_polling", choose)
    waiters = [waiting(number, since=NOW - 50 + number) for number in range(20)]
    plan = schedule_of(waiters)
    for begun, page in ((NOW, waiters[:4]), (NOW + 10, waiters[2:6])):
        listing = plan.take_list(begun)
        assert listing is not None
        plan.show_finished(listing, reversed(shown(*page)), begun)
        plan.keep_list(listing)
        plan.end_list(listing)
        plan.decide(begun + 5, rate=16.0, can_list=True)
    assert finished == [[], [NOW - 50 + n for n in range(4)], [NOW - 50 + n for n in range(6)]]


looks = st.sampled_from(
    [
        TaskState("task", "PROCESSING", 40, created=NOW - 70),
        TaskState("task", "FINISH", is_empty=True),
        TaskState("task", "FINISH", 100, result={"TaskId": "task"}),
        *(
            ServiceError(MPS.name, "DescribeImageTaskDetail", "t", "Code", "words", "req", outcome)
            for outcome in Outcome
        ),
    ]
)


@given(st.lists(st.tuples(looks, st.floats(0, 100)), min_size=1))
def test_what_looks_showed_decides(seen: list[tuple[Any, float]]) -> None:
    one, now, empty = waiting(at=NOW + 500), NOW, 0
    for look, seconds in seen:
        now += seconds
        decision = one.take(look, now, MPS.name)
        if isinstance(look, TaskState):
            assert one.seen == now
            assert one.since == (look.created or one.since)
            empty = empty + 1 if look.is_empty else 0
        assert one.empty_looks == empty
        if isinstance(look, ServiceError):
            assert isinstance(decision, Refused) == (look.outcome is Outcome.REFUSED)
        assert isinstance(decision, Finished) == (isinstance(look, TaskState) and (look.done or empty >= 4))
        if isinstance(decision, TooLate):
            assert now >= NOW + 500
        elif isinstance(decision, LookAgain):
            assert now + decision.seconds <= NOW + 500 or math.isclose(now + decision.seconds, NOW + 500)


class Machine(RuleBasedStateMachine):
    """A schedule to which anything happens in any order, and what has to be true of it all the while."""

    waiters: Bundle[Waiter] = Bundle("waiters")

    def __init__(self) -> None:
        super().__init__()
        self.now = NOW
        self.numbers = iter([number / 7 % 1 for number in range(100_000)])
        self.plan = Schedule(lambda: next(self.numbers))
        self.all: dict[Waiter, float] = {}
        """Who waits, and when its look was set at the earliest: none is due later than its deadline, or than then."""
        self.under_way: set[Waiter] = set()
        self.listing: Listing | None = None
        self.rate, self.can_list = 16.0, True

    def touch(self) -> None:
        for one in self.all:
            self.all[one] = max(self.all[one], self.now)

    @rule(
        target=waiters,
        age=st.none() | st.floats(-20, 5000),
        left=st.floats(-100, 1000),
        interval=st.floats(0.1, 600),
        same=st.booleans(),
    )
    def add(self, age: float | None, left: float, interval: float, same: bool) -> Waiter:
        since = None if age is None else self.now - age
        number = 0 if same else len(self.all) + 1
        one = Waiter(f"task {number}", Deadline(self.now + left), interval, since, self.now)
        self.all[one] = self.now
        self.plan.add(one, self.now)
        return one

    @rule(count=st.integers(5, 40), age=st.floats(0, 500))
    def add_many(self, count: int, age: float) -> None:
        for number in range(count):
            self.add(age + number / 10, 800.0, 10.0, False)

    @rule(one=consumes(waiters))
    def remove(self, one: Waiter) -> None:
        self.plan.remove(one)
        del self.all[one]
        self.under_way.discard(one)

    @rule(seconds=st.floats(0, 3) | st.floats(0, 300))
    def pass_time(self, seconds: float) -> None:
        self.now += seconds

    @rule()
    def decide(self) -> None:
        self.plan.decide(self.now, rate=self.rate, can_list=self.can_list)
        self.touch()

    @rule(rate=st.floats(0.5, 50), can_list=st.booleans())
    def change(self, rate: float, can_list: bool) -> None:
        self.rate, self.can_list = rate, can_list
        self.plan.decide_soon()

    @rule(most=st.integers(1, 50))
    def take(self, most: int) -> None:
        before = -math.inf
        for _ in range(most):
            dues = {one: one.due for one in self.all}
            found = self.plan.take_due(self.now)
            if found is None:
                # Whoever is due is taken, and only those.
                assert all(due > self.now for due in dues.values())
                return
            assert found in self.all
            assert found not in self.under_way
            assert dues[found] == min(dues.values())
            assert before <= dues[found] <= self.now
            before = dues[found]
            self.under_way.add(found)

    @precondition(lambda self: self.under_way)
    @rule(data=st.data(), is_seen=st.booleans())
    def look(self, data: st.DataObject, is_seen: bool) -> None:
        order = list(self.all)
        one = data.draw(st.sampled_from(sorted(self.under_way, key=order.index)))
        if is_seen:
            one.seen = self.now
        self.under_way.discard(one)
        self.plan.plan(one, self.now)
        self.all[one] = self.now

    @rule()
    def begin_list(self) -> None:
        listing = self.plan.take_list(self.now)
        if listing is not None:
            assert self.listing is None
            self.listing = listing
        assert self.plan.take_list(self.now) is None

    @precondition(lambda self: self.listing)
    @rule(data=st.data(), is_finished=st.booleans())
    def show(self, data: st.DataObject, is_finished: bool) -> None:
        assert self.listing is not None
        some = data.draw(st.lists(st.sampled_from(list(self.all)), max_size=10)) if self.all else []
        page = [*shown(*some), ListedTask("somebody else's", "", self.now)]
        if is_finished:
            self.plan.show_finished(self.listing, page, self.now)
            self.touch()
        else:
            self.plan.show_running(self.listing, page)

    @precondition(lambda self: self.listing)
    @rule(is_whole=st.booleans(), is_refused=st.booleans())
    def end_list(self, is_whole: bool, is_refused: bool) -> None:
        assert self.listing is not None
        if is_whole:
            self.plan.keep_list(self.listing)
        self.plan.end_list(self.listing, is_refused=is_refused and not is_whole)
        self.listing = None
        self.touch()

    @rule(seconds=st.sampled_from([-3600.0, -30.0, 30.0, 3600.0]))
    def set_clock(self, seconds: float) -> None:
        left = {one: one.due - self.now for one in self.all if one.due != NEVER}
        listing_for = None if self.listing is None else self.now - self.listing.begun
        self.now += seconds
        self.plan.move(seconds, self.now)
        for one in self.all:
            if one not in left:
                assert one.due == NEVER
                continue
            # The look comes after as many seconds as before, or on the deadline, which is a time of day.
            soonest = max(self.now, one.deadline.at)
            assert math.isclose(one.due, min(self.now + left[one], soonest), abs_tol=1e-6)
            self.all[one] = self.now
        if self.listing is not None and listing_for is not None:
            assert math.isclose(self.now - self.listing.begun, listing_for, abs_tol=1e-6)

    @invariant()
    def every_one_is_due_by_its_deadline_at_the_latest(self) -> None:
        for one, planned in self.all.items():
            assert (one.due == NEVER) == (one in self.under_way)
            if one.due != NEVER:
                assert one.due <= max(one.deadline.at, planned)

    @invariant()
    def nobody_sleeps_past_the_next_look(self) -> None:
        assert len(self.plan) == len(self.all)
        soonest = min((one.due for one in self.all), default=NEVER)
        assert self.plan.next_moment() <= soonest
        assert self.plan.next_moment(may_look=False) < NEVER


TestWhateverHappens = Machine.TestCase
TestWhateverHappens.settings = settings(max_examples=examples(60), stateful_step_count=40)
