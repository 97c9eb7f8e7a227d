"""What is approved is what somebody has said yes to, and nothing else."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_mps.catalogue.approval.answers import Approval, decide, read_answers
from airflow_provider_mps.catalogue.approval.options import LONGEST_NAME, read_option
from airflow_provider_mps.catalogue.words import AskPer
from airflow_provider_mps.core.arguments import ArgumentError

from .asked import HOSTILE, answer, candidates, entry, questions

NAMES = st.lists(st.text(st.characters(), max_size=90) | st.sampled_from(HOSTILE), min_size=1, max_size=60)


def approved(found: Any, answers: Any) -> list[int]:
    """Return the places of what is approved."""
    return [at for at, one in enumerate(decide(found, read_answers("answers", answers)).approvals) if one.approved]


@given(NAMES, st.sampled_from(AskPer), st.integers(1, 50), st.randoms(use_true_random=False))
def test_exactly_what_was_chosen_is_approved(names: list[str], per: AskPer, per_page: int, rand: random.Random) -> None:
    found = candidates(entry(number, key=name) for number, name in enumerate(names))
    asked = questions(found, per, per_page)
    # Airflow takes options that differ alone, and tells of a chosen one by its text.
    assert all(len(set(options)) == len(options) for options in asked)
    assert all(len(option) < LONGEST_NAME + 500 and "\n" not in option for options in asked for option in options)
    wanted = {at for at in range(len(found)) if rand.random() < 0.5}
    answers = []
    for options in asked:
        each = [(option, read_option(option)) for option in options]
        chosen = [text for text, one in each if one is not None and one.number - 1 in wanted]
        answers.append(answer(chosen or options[-1:]))
    rand.shuffle(answers)
    decided = decide(found, read_answers("answers", answers))
    assert {at for at, one in enumerate(decided.approvals) if one.approved} == wanted
    # Also of those that were not chosen it is known who has looked at them.
    assert {one.by and one.by["id"] for one in decided.approvals} == {"3"}
    assert decided.strays == 0


@given(NAMES, st.integers(1, 50), st.data())
def test_all_and_none_are_those_of_the_page(names: list[str], per_page: int, data: st.DataObject) -> None:
    found = candidates(entry(number, key=name) for number, name in enumerate(names))
    asked = questions(found, per_page=per_page)
    takes = data.draw(st.lists(st.booleans(), min_size=len(asked), max_size=len(asked)))
    answers = [answer([options[0] if take else options[-1]]) for options, take in zip(asked, takes, strict=True)]
    assert approved(found, answers) == [at for at in range(len(found)) if takes[at // per_page]]


@given(st.integers(1, 30), st.integers(1, 10), st.integers(0, 9))
def test_an_answer_of_an_earlier_round_approves_nothing(count: int, per_page: int, which: int) -> None:
    first, second = (candidates(entry(number, round_) for number in range(count)) for round_ in (1, 2))
    asked = questions(first, per_page=per_page)
    for option in asked[which % len(asked)]:
        decided = decide(second, read_answers("answers", answer([option])))
        assert decided.strays == 1
        assert set(decided.approvals) == {Approval()}


def test_a_renamed_item_is_another_picture() -> None:
    (options,) = questions(candidates([entry(1), entry(2)]))
    found = candidates([entry(1, key="cup-1-new"), entry(2)])
    assert approved(found, answer(options[1:3])) == [1]
    # All was said of other pictures.
    assert approved(found, answer(options[:1])) == []


def test_pages_are_found_again_behind_pictures_of_another_question() -> None:
    one, other = [entry(number) for number in range(7)], [entry(number) for number in range(7, 20)]
    asked = questions(candidates(other), per_page=5)
    answers = [answer([asked[0][1]]), answer([asked[1][0]]), answer([asked[2][-1]])]
    decided = decide(candidates([*one, *other]), read_answers("answers", answers))
    assert [at for at, one in enumerate(decided.approvals) if one.approved] == [7, 12, 13, 14, 15, 16]
    assert [one.at is None for one in decided.approvals] == [True] * 7 + [False] * 13


def test_what_is_named_counts_beside_none_and_all_does_not() -> None:
    found = candidates(entry(number) for number in range(3))
    (options,) = questions(found)
    every, first, *_, none = options
    assert approved(found, answer([none, first])) == [0]
    assert approved(found, answer([none, every])) == []
    assert approved(found, answer([every])) == [0, 1, 2]


def test_without_an_answer_nothing_is_approved() -> None:
    found = candidates([entry(1)])
    for nothing in (None, "", [], [None], [[], None], answer([])):
        assert decide(found, read_answers("answers", nothing)).approvals == (Approval(),)


def test_the_last_answer_about_a_picture_counts() -> None:
    found = candidates([entry(1), entry(2)])
    (options,) = questions(found)
    yes = answer([options[0]], at=datetime(2026, 11, 30, 12, 0, tzinfo=UTC))
    no = answer([options[-1]], at="2026-11-30T14:00:00+01:00")
    later = answer([options[-1]], at="2026-11-30T14:00:00+00:00")
    assert approved(found, [no, yes]) == []
    assert approved(found, [later, yes]) == []
    assert approved(found, [answer([options[1]], at="2026-11-30T15:00:00Z"), later]) == [0]


def test_a_default_at_the_end_of_the_time_is_told_as_such() -> None:
    found = candidates([entry(1), entry(2)])
    (options,) = questions(found)
    (one, _) = decide(found, read_answers("answers", answer(options[-1:], by=None))).approvals
    assert one.as_dict() == {"approved": False, "by": None, "at": "2026-11-30T12:00:00.000Z"}
    assert not one.is_rejected
    (one, _) = decide(found, read_answers("answers", answer(options[:1], by=None))).approvals
    assert (one.approved, one.by) == (True, None)


def test_who_has_answered_is_told_on_one_line() -> None:
    found = candidates([entry(1)])
    (options,) = questions(found)
    given = answer([options[1]], by={"id": "1\n2", "name": "<b>\u202eEve</b>" + "x" * 500})
    (one,) = decide(found, read_answers("answers", given)).approvals
    assert one.by is not None
    assert one.by["id"] == "1 2"
    assert one.by["name"].startswith("<b> Eve</b>")
    assert len(one.by["name"]) == 100


@pytest.mark.parametrize(
    "value",
    [
        "Approve",
        {"path": "cos://bucket/x"},
        {"chosen_options": "x"},
        {"chosen_options": [1]},
        answer(["Approve"]),
        answer(["None of these"]),
        answer(["1. cup-1"]),
        answer(["2. cup-1 [1 abcdef 01234567]"]),
        answer(["1. cup-1 [1-999999999 abcdef 01234567]"]),
        answer(["1. cup-1 [٣ abcdef 01234567]"]),
        answer(["All of these [1-2 abcdef 01234567]"]),
        [[answer(["x"])]],
        7,
    ],
)
def test_what_is_no_answer_of_ours_is_an_error(value: Any) -> None:
    with pytest.raises(ArgumentError, match="answers"):
        read_answers("answers", value)


@given(st.text(max_size=200) | st.from_regex(r"[0-9]{1,12}\. .{0,9}\[[0-9,-]{1,30} [0-9a-f]{6}( [0-9a-f]{8})?\]"))
def test_any_text_is_read_or_is_no_option(text: str) -> None:
    option = read_option(text)
    found = candidates(entry(number) for number in range(3))
    if option is not None:
        decided = decide(found, read_answers("answers", answer([text])))
        assert (decided.strays, set(decided.approvals)) == (1, {Approval()})


def test_pictures_of_one_name_and_one_product_stay_apart() -> None:
    parts = [entry(number, key="cup", TaskId=f"t-{number}") for number in range(3)]
    found = candidates(parts)
    (options,) = questions(found)
    assert len({one.mark for one in found}) == 3
    assert approved(found, answer([options[2]])) == [1]


def test_the_same_picture_twice_is_approved_where_it_was_chosen() -> None:
    found = candidates([entry(1), entry(1), entry(2)])
    (options,) = questions(found)
    assert approved(found, answer([options[2]])) == [1]


def test_failed_rejected_and_removed_ones_are_not_asked_about() -> None:
    line: dict[str, Any] = {"item": "a/x", "sku": "a", "action": "make", "entry": entry(1)}
    parts = [
        entry(1, Error={"Code": "x"}),
        entry(2, pictures=0),
        entry(3, check={"verdict": "rejected", "findings": []}),
        {**line, "action": "unpublish", "entry": {}},
        {**line, "check": {"verdict": "rejected"}},
        {**line, "check": {"verdict": "ok"}},
        entry(4, pictures=3),
        entry(5, pictures=3, check={"verdict": "not checked"}),
        {"item": "b/x", "sku": "b", "action": "make"},
    ]
    found = candidates(parts)
    assert [(one.part, one.output, one.name) for one in found] == [
        (5, 0, "a/x"),
        (6, 0, "cup-4 (1 of 3)"),
        (6, 1, "cup-4 (2 of 3)"),
        (6, 2, "cup-4 (3 of 3)"),
        (7, 0, "cup-5 (1 of 3)"),
    ]


def test_a_picture_that_a_label_has_moved_is_still_the_same() -> None:
    before, after = entry(1), entry(1)
    after["Outputs"][0]["path"] = f"/labelled{after['Outputs'][0]['path']}"
    (options,) = questions(candidates([before]))
    assert approved(candidates([after]), answer([options[1]])) == [0]


def test_a_check_that_puts_another_picture_first_does_not_have_that_one_published() -> None:
    asked_about = entry(1, pictures=3)
    (options,) = questions(candidates([asked_about]))
    first, second, third = asked_about["Outputs"]
    checked = {**asked_about, "Outputs": [third, first, second], "check": {"verdict": "ok", "findings": []}}
    assert approved(candidates([checked]), answer([options[1]])) == []
    assert approved(candidates([checked]), answer([options[3]])) == [0]


def test_pictures_of_one_name_in_several_folders_stay_apart() -> None:
    several = entry(1, pictures=2)
    for output, folder in zip(several["Outputs"], "ab", strict=True):
        output["path"] = f"/{folder}/1.jpeg"
    found = candidates([several, entry(2)])
    assert len({one.mark for one in found}) == 3
    (options,) = questions(found)
    assert approved(found, answer([options[2]])) == [1]


def test_a_thousand_pictures_in_pages() -> None:
    found = candidates(entry(number) for number in range(1000))
    asked = questions(found, per_page=20)
    assert len(asked) == 50
    answers = [answer([options[0]] if number % 2 else options[1:5]) for number, options in enumerate(asked)]
    assert len(approved(found, answers)) == 25 * 20 + 25 * 4
