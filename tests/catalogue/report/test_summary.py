from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_mps.catalogue.report.headline import headline_of
from airflow_provider_mps.catalogue.report.items import End, read_line
from airflow_provider_mps.catalogue.report.summary import Step, StepName, StepState, Timing, price_of, timing_of
from tests.catalogue.report_lines import BEGAN, entry, failed, made, plan_line, published, report

LINES = [
    published("a/w"),
    published("b/w"),
    made("c/w", at=54, why="subject changed"),
    plan_line("d/w", entry=failed("70000 InternalError")),
    plan_line("e/w", entry=failed("InvalidParameter.ViolationContent")),
    plan_line("f/w", entry=failed("InvalidParameter.ViolationContent")),
    plan_line("g/w", entry=failed("PicturesPerDayReached")),
    plan_line("h/w", entry=failed("Timeout")),
    {**published("i/w"), "action": "publish", "why": "made before, not published"},
    {**plan_line("j/w", action="unpublish", why="removed"), "published": {"final": "cos://b-1/j"}},
    plan_line("k/w"),
]

LEFT = plan_line("b/w", entry=failed("PicturesPerDayReached"))


def steps(**states: StepState) -> list[Step]:
    return [Step(name, states.get(name.value, StepState.READ)) for name in StepName]


def test_everything_is_counted_once() -> None:
    told = report(LINES, steps=[Step(StepName.PLAN, StepState.READ, counts={"unchanged": 9976, "waiting": 12})])
    assert told.counts == {
        "items": 11,
        "to_make": 9,
        "made_before": 1,
        "to_unpublish": 1,
        "made": 3,
        "remade": 0,
        "pictures_paid": 3,
        "pictures_perhaps_paid": 1,
        "published": 3,
        "made_not_published": 1,
        "publication_failed": 0,
        "failed": 4,
        "rejected": 0,
        "not_approved": 0,
        "left_for_later": 1,
        "no_result": 1,
        "unpublished": 1,
        "unchanged": 9976,
        "waiting": 12,
    }
    assert [(reason.why, reason.count) for reason in told.reasons] == [
        ("new", 8),
        ("made before, not published", 1),
        ("removed", 1),
        ("subject changed", 1),
    ]


def test_failures_are_by_code_with_what_can_be_done() -> None:
    groups = report(LINES).failures
    assert [(group.code, len(group.items), group.is_final) for group in groups] == [
        ("InvalidParameter.ViolationContent", 2, True),
        ("70000 InternalError", 1, False),
        ("Timeout", 1, False),
    ]
    assert groups[0].hint == "The content check of the service refused the picture or the words."
    assert [item.item for item in groups[0].items] == ["e/w", "f/w"]


def test_time_goes_from_the_first_submission_to_the_last_finish_of_this_run() -> None:
    before = {**published("z/w"), "action": "publish", "entry": entry(at=-90_000)}
    found = timing_of([read_line(line) for line in [*LINES, before]])
    assert found is not None
    assert (found.first, found.last, found.made) == (BEGAN, BEGAN + 60, 3)
    assert found.per_minute == 3.0
    assert found.bins(6) == [2, 0, 0, 0, 0, 1]
    assert timing_of([]) is None
    assert timing_of([read_line(plan_line())]) is None
    assert Timing(5.0, 5.0, 3, (5.0,) * 3).per_minute is None
    assert Timing(5.0, 5.0, 3, (5.0,) * 3).bins(4) == [3, 0, 0, 0]


def test_a_price_is_of_what_this_run_paid() -> None:
    prices = {"": Decimal("0.20"), "4K": Decimal("0.35")}
    large, unknown = ({"image_size": size} for size in ("4K", "9K"))
    lines = [*LINES, made("l/w", request=large), made("m/w", service="aidge"), made("n/w", request=unknown)]
    found = price_of([read_line(line) for line in lines], prices.get, "CNY")
    assert found == (Decimal("0.95"), "CNY", 4)
    assert price_of([read_line(plan_line())], prices.get, "CNY") is None


@pytest.mark.parametrize(
    ("lines", "tone", "words"),
    [
        ([], "good", "Nothing has changed: no picture was made, and nothing was paid"),
        ([published()], "good", "The one item is published"),
        ([published("a/w"), published("b/w")], "good", "All 2 items done: 2 published"),
        ([published("a/w"), made("b/w")], "good", "All 2 items done: 1 published, 1 made"),
        (LINES, "bad", "4 of 11 items failed, 1 left for later"),
        ([published("a/w"), plan_line("b/w")], "wait", "Of 1 of 2 items no result is known"),
        ([published("a/w"), LEFT], "wait", "1 item done, 1 left for later"),
    ],
)
def test_the_first_line_says_whether_someone_has_to_look(lines: list[dict[str, Any]], tone: str, words: str) -> None:
    assert headline_of(report(lines))[:2] == (tone, words)


def test_a_step_that_is_missing_is_said() -> None:
    found = headline_of(report([], steps=steps(plan=StepState.MISSING, published=StepState.NOT_ASKED)))
    assert found.tone == "bad"
    assert found.words == "Nothing is known of this run"
    [note] = found.notes
    assert note.startswith("The plan step is missing, its task failed or was skipped")
    found = headline_of(report([made()], steps=steps(published=StepState.MISSING)))
    assert (found.tone, found.words) == ("wait", "The one item is made")
    assert found.notes == (
        "The publication step is missing, its task failed or was skipped: what was published is not known.",
    )
    for state, words in ((StepState.UNREADABLE, "cannot be read"), (StepState.PARTLY, "in part only")):
        assert words in headline_of(report([made()], steps=steps(pictures=state))).notes[0]


def test_a_dry_run_says_that_nothing_was_submitted() -> None:
    found = headline_of(report([plan_line("a/w"), plan_line("b/w")], is_dry=True))
    assert found.words == "Dry run: 2 pictures would be made, nothing was submitted"


@given(st.lists(st.sampled_from(LINES), max_size=30))
def test_the_parts_add_up(lines: list[dict[str, Any]]) -> None:
    told = report(lines)
    ends = ("published", "made_not_published", "publication_failed", "failed", "left_for_later", "no_result")
    assert sum(told.counts[word] for word in (*ends, "unpublished")) == told.counts["items"] == len(lines)
    assert sum(reason.count for reason in told.reasons) == len(lines)
    assert sum(len(group.items) for group in told.failures) == told.counts["failed"]
    assert sum(reason.ends[End.FAILED] for reason in told.reasons) == told.counts["failed"]
    assert headline_of(told).words
