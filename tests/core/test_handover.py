"""When a submission may go out in the triggerer, and for how long a triggerer certainly has what it was given."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_mps.core.handover import (
    FIRST_SECONDS,
    FIRST_TO_MARK_SECONDS,
    MARK_AFTER_SECONDS,
    SEND_AFTER_SECONDS,
    Continuity,
    is_first,
    says_marked,
)


@dataclass
class Submission:
    """What becomes of a submission in triggers of which each next one begins when the one before is gone.

    :param urgent: whether it may go out early, with a mark
    """

    urgent: bool
    marked: bool = False
    sent: int = 0
    looked_up: int = 0

    def taken(self, began: float, dies: float, *, can_mark: bool) -> None:
        """Submit as soon as that is allowed, if nobody is known to have."""
        late = began >= FIRST_TO_MARK_SECONDS
        may_be_marked = self.urgent and (self.marked or not late)
        if not is_first(0.0, began, may_be_marked=may_be_marked):
            self.looked_up += 1
            return
        early = max(began, MARK_AFTER_SECONDS)
        if self.urgent and early < SEND_AFTER_SECONDS and can_mark and dies > early:
            self.marked = True
            self.sent += 1
        elif dies > SEND_AFTER_SECONDS:
            self.sent += 1


@given(
    st.lists(st.tuples(st.floats(0, 4), st.floats(0, 4), st.booleans()), min_size=1, max_size=6),
    st.floats(0, SEND_AFTER_SECONDS - FIRST_SECONDS, exclude_max=True),
    st.booleans(),
)
def test_of_triggers_that_take_each_other_over_one_is_the_first_that_submits(
    lives: list[tuple[float, float, bool]], clock_difference: float, urgent: bool
) -> None:
    moment, submission = 0.0, Submission(urgent)
    for number, (begins_after, lives_for, can_mark) in enumerate(lives):
        # The clock of each second one is behind.
        began, dies = moment + begins_after, moment + begins_after + lives_for
        submission.taken(began - (clock_difference if number % 2 else 0.0), dies, can_mark=can_mark)
        moment = dies
    assert submission.sent <= 1
    assert submission.looked_up or submission.sent or all(lives_for < SEND_AFTER_SECONDS for _, lives_for, _ in lives)


@given(
    st.lists(st.tuples(st.floats(0, 20), st.floats(MARK_AFTER_SECONDS, SEND_AFTER_SECONDS)), min_size=1, max_size=6),
)
def test_a_mark_that_was_overwritten_by_one_of_another_try_is_still_taken_for_one(
    tries: list[tuple[float, float]],
) -> None:
    """Such as by a triggerer that was told late of a clear: it leaves its mark after that of the next try."""
    left = {at: at + takes for at, takes in tries}
    last = max(left, key=lambda at: left[at])
    for handed_over in left:
        assert says_marked(last, handed_over) or left[last] < handed_over


@given(st.floats(SEND_AFTER_SECONDS + 0.001, 1e6))
def test_no_mark_and_one_of_long_before_say_nothing(seconds: float) -> None:
    assert not says_marked(None, 1e9)
    assert not says_marked(1e9 - seconds, 1e9)


@given(st.one_of(st.text(), st.booleans(), st.lists(st.integers()), st.dictionaries(st.text(), st.floats())))
def test_what_is_no_time_may_be_a_mark(value: Any) -> None:
    assert says_marked(value, 1e9)


def test_without_a_proof_nothing_is_covered() -> None:
    assert not Continuity(10).covers(0.0, 0.0)


def test_proofs_soon_after_each_other_cover_all_between_them_and_some_time_after() -> None:
    continuity = Continuity(10)
    for at in (100.0, 109.0, 119.0):
        continuity.prove(at)
    assert continuity.covers(100.0, 129.0)
    assert continuity.covers(119.0, 119.0)
    assert not continuity.covers(100.0, 129.1)
    # Of what came before the first of them nothing is known.
    assert not continuity.covers(99.0, 119.0)
    # Nor of what is not proven yet.
    assert not continuity.covers(119.5, 119.5)


def test_a_gap_covers_what_comes_after_it_only() -> None:
    continuity = Continuity(10)
    for at in (100.0, 110.1):
        continuity.prove(at)
    assert not continuity.covers(100.0, 111.0)
    assert continuity.covers(110.1, 111.0)


@given(st.lists(st.floats(0, 100), min_size=1), st.floats(0, 120), st.floats(0, 120))
def test_what_is_covered_has_no_gap(proofs: list[float], since: float, now: float) -> None:
    continuity = Continuity(10)
    shown = sorted(proofs)
    for at in shown:
        continuity.prove(at)
    if not continuity.covers(since, now):
        return
    chain = [since, *(at for at in shown if at >= since), max(now, since)]
    assert all(after - before <= 10 for before, after in pairwise(chain))


def test_a_late_proof_of_an_earlier_moment_changes_nothing() -> None:
    continuity = Continuity(10)
    for at in (100.0, 105.0, 101.0):
        continuity.prove(at)
    assert continuity.last == 105.0
    assert continuity.covers(100.0, 115.0)
