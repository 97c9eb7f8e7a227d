"""When a submission may go out in the triggerer, and for how long a triggerer certainly has what it was given."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_mps.core.handover import FIRST_SECONDS, SEND_AFTER_SECONDS, Continuity, is_first


@dataclass
class Trigger:
    """A trigger that begins, submits as soon as it may if nobody is known to have, and dies at some moment."""

    began: float
    dies: float
    sent: float | None = field(default=None)

    def live(self) -> None:
        if is_first(0.0, self.began) and self.dies > SEND_AFTER_SECONDS:
            self.sent = max(self.began, SEND_AFTER_SECONDS)


@given(
    st.lists(st.tuples(st.floats(0, 4), st.floats(0, 4)), min_size=1, max_size=6),
    st.floats(0, SEND_AFTER_SECONDS - FIRST_SECONDS, exclude_max=True),
)
def test_of_triggers_that_take_each_other_over_one_is_the_first_that_submits(
    lives: list[tuple[float, float]], clock_difference: float
) -> None:
    moment, sent = 0.0, 0
    for number, (begins_after, lives_for) in enumerate(lives):
        # The next one begins when the one before is gone; the clock of each second one is behind.
        began = moment + begins_after
        trigger = Trigger(began - (clock_difference if number % 2 else 0.0), began + lives_for)
        trigger.live()
        sent += trigger.sent is not None
        moment = trigger.dies
    assert sent <= 1


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
