"""Which rejected pictures are made once more: decided by the record alone, so that no try and no night asks twice."""

from __future__ import annotations

from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_mps.catalogue.checking.remakes import caught_up, rejection, remake_of, seed_of
from airflow_provider_mps.catalogue.lines import PictureLine, plan_lines
from airflow_provider_mps.catalogue.record.events import Event, ItemMade, ItemPlanned, ItemPublished, ItemRejected
from airflow_provider_mps.catalogue.record.state import NOTHING, ItemState, Writer
from airflow_provider_mps.core.airflow_task import TaskKey
from tests.operators.plans import entry, fingerprint, line

RUN = TaskKey("shop", "check", "tuesday", -1)
BEFORE = Writer("shop", "monday", "check")
ITEM, OF = "cup-1/white", fingerprint(1)


def rejected_line(number: int = 1, **more: Any) -> PictureLine:
    check = {"verdict": "rejected", "findings": [{"code": "ProductMirrored", "verdict": "rejected"}]}
    return cast(PictureLine, {**line(1, **more), "entry": entry(number), "check": check})


def after(*events: Event, run: Writer = BEFORE, state: ItemState = NOTHING) -> ItemState:
    for at, event in enumerate(events):
        state = event.change(state, run, float(at))
    return state


def told(*numbers: int) -> ItemState:
    return after(*(ItemRejected(ITEM, OF, f"earlier-{number}", ("ProductMirrored",)) for number in numbers))


def test_a_rejected_picture_comes_on_record_once() -> None:
    event = rejection(rejected_line(), ["ProductMirrored", "Blank", "Blank"], NOTHING)
    assert event == ItemRejected(ITEM, OF, "earlier-1", ("Blank", "ProductMirrored"))
    assert rejection(rejected_line(), ["Blank"], after(event)) is None
    assert rejection(rejected_line(2), ["Blank"], after(event)) is not None
    assert rejection(rejected_line(fingerprint=fingerprint(2)), ["Blank"], after(event)) is not None


def test_it_is_made_once_more_with_another_seed() -> None:
    made = remake_of(rejected_line(), told(1), RUN, 1)
    assert made is not None
    assert list(plan_lines([made], "remake")) == [made]
    assert made["action"] == "make"
    assert made["why"] == "rejected by the check"
    assert made["request"] == {**line(1)["request"], "random_seed": seed_of(ITEM, OF, 1)}
    assert "entry" not in made
    assert "check" not in made


def test_whoever_comes_to_it_again_asks_for_the_same() -> None:
    assert remake_of(rejected_line(1), told(1), RUN, 2) == remake_of(rejected_line(1), told(1, 2), RUN, 2)
    assert remake_of(rejected_line(1), told(1), RUN, 2) != remake_of(rejected_line(2), told(1, 2), RUN, 2)


@pytest.mark.parametrize(
    ("rejected", "number", "max_remakes", "is_made"),
    [((1,), 1, 1, True), ((1, 2), 2, 1, False), ((1, 2), 2, 2, True), ((1, 2, 3), 3, 2, False), ((), 1, 1, False)],
)
def test_no_more_often_than_allowed(rejected: tuple[int, ...], number: int, max_remakes: int, is_made: bool) -> None:
    assert (remake_of(rejected_line(number), told(*rejected), RUN, max_remakes) is not None) is is_made


@pytest.mark.parametrize(
    ("given", "rejected", "made", "found"),
    [
        # Made anew, and not rejected, or rejected too.
        (1, (1,), 2, 2),
        (1, (1, 2), 2, 2),
        (2, (1, 2), 3, 3),
        # Itself, an older one, and one that nobody has rejected.
        (2, (1, 2), 2, 2),
        (2, (1, 2), 1, 2),
        (1, (), 2, 1),
        (3, (1,), 2, 3),
    ],
)
def test_a_retry_goes_on_from_the_newest(given: int, rejected: tuple[int, ...], made: int, found: int) -> None:
    picture = entry(made)["Outputs"][0]
    state = after(ItemMade(ITEM, OF, picture, f"earlier-{made}"), state=told(*rejected))
    line_of = caught_up(rejected_line(given), state)
    assert line_of["entry"]["TaskId"] == f"earlier-{found}"
    assert line_of["entry"]["Outputs"][0]["path"] == f"/made/{found}.jpeg"
    if found != given:
        assert line_of["check"] == {"remakes": len([one for one in rejected if one < found])}
    other = ItemMade(ITEM, fingerprint(2), picture, f"earlier-{made}")
    assert caught_up(rejected_line(given), after(other, state=told(*rejected))) == rejected_line(given)
    assert caught_up(rejected_line(given), NOTHING) == rejected_line(given)


def test_of_another_picture_nothing_counts() -> None:
    assert remake_of(rejected_line(fingerprint=fingerprint(2)), told(1), RUN, 1) is None
    assert remake_of(rejected_line(service="aidge", request={"scene_id": "3"}), told(1), RUN, 1) is None


def test_a_run_that_died_over_it_is_named() -> None:
    state = after(ItemPlanned(ITEM, OF), state=told(1))
    made = remake_of(rejected_line(), state, RUN, 1)
    assert made is not None
    assert made["before"] == [{"dag_id": "shop", "run_id": "monday"}]


def test_what_was_rejected_is_forgotten_when_it_is_right_or_wanted_anew() -> None:
    picture = {"bucket": "b", "region": "r", "path": "/p"}
    kept = after(ItemMade(ITEM, OF, picture, "t"), ItemPlanned(ITEM, OF), state=told(1, 2))
    assert kept.rejected is not None
    assert kept.rejected.pictures == ("earlier-1", "earlier-2")
    assert after(ItemPlanned(ITEM, OF, forced=True), state=kept).rejected is None
    assert after(ItemPublished(ITEM, OF, "cos://b/p", "e", 1), state=kept).rejected is None
    assert after(ItemPublished(ITEM, fingerprint(2), "cos://b/p", "e", 1), state=kept).rejected is not None
    other = after(ItemRejected(ITEM, fingerprint(2), "x", ()), state=kept)
    assert other.rejected is not None
    assert other.rejected.pictures == ("x",)


@given(st.text(), st.text(), st.integers(1, 10))
def test_a_seed_is_one_of_31_bits(item: str, of: str, number: int) -> None:
    assert 0 <= seed_of(item, of, number) < 2**31
    assert seed_of(item, of, number) == seed_of(item, of, number)
    assert seed_of(item, of, number) != seed_of(item, of, number + 1)
