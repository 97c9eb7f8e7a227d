"""Whom to ask about which picture, and what an answer means: decided by the line and the record alone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_mps.batch.asked import Asked, items_of
from airflow_provider_mps.batch.items import ItemFailure
from airflow_provider_mps.catalogue.checking.bounds import read_least
from airflow_provider_mps.catalogue.checking.form import picture_of_question
from airflow_provider_mps.catalogue.checking.opinions import (
    Answer,
    answer_of,
    findings_of,
    has_score,
    is_open,
    known_answer,
    other_asking,
    picture_of,
    runs_before,
    unanswered,
    with_findings,
    with_known,
)
from airflow_provider_mps.catalogue.lines import PictureLine
from airflow_provider_mps.catalogue.plan.verdicts import RESERVED_SECONDS
from airflow_provider_mps.catalogue.record.events import Event, ItemAnswered, ItemAsked
from airflow_provider_mps.catalogue.record.state import MAX_FORMER, NOTHING, ItemState, Writer
from airflow_provider_mps.core.airflow_task import TaskKey
from airflow_provider_mps.core.fingerprint import fingerprint_of
from airflow_provider_mps.services.tencentcloud.words import QualityAttribute
from tests.operators.plans import entry, line

IQA, SHARPNESS = QualityAttribute.IQA, QualityAttribute.SHARPNESS
ITEM, PICTURE, BOTH = "cup-1/white", "task-1 /out/1.jpeg", ("IQA", "Sharpness")
TASK = TaskKey("shop", "check", "tuesday", -1)
MONDAY, TUESDAY = Writer("shop", "monday", "check"), Writer("shop", "tuesday", "check")
QUESTION = (PICTURE, BOTH)


def checked(verdict: str = "ok", *findings: dict[str, Any], **more: Any) -> PictureLine:
    check = {"verdict": verdict, "findings": [{"code": "Blank", "verdict": verdict}, *findings]}
    return cast(PictureLine, {**line(1), "entry": entry(1), "check": check, **more})


def after(*told: tuple[Writer, Event], at: float = 0.0) -> ItemState:
    state = NOTHING
    for run, event in told:
        state = event.change(state, run, at)
    return state


def test_what_is_open() -> None:
    assert is_open(checked())
    assert is_open(checked("not checked"))
    assert not is_open(checked("rejected"))
    assert not is_open(checked("ok", {"code": "ServiceQuality", "verdict": "not checked"}))
    assert not is_open(checked("not checked", {"code": "PictureGone", "verdict": "not checked"}))
    assert not is_open(checked(entry={"Outputs": [], "Error": {"Code": "x"}}))
    assert not is_open(cast(PictureLine, {**line(1), "entry": entry(1)}))


def test_pictures_of_one_path_are_told_apart() -> None:
    one, other = checked(), checked(entry={**entry(1), "TaskId": "another"})
    assert picture_of(one) != picture_of(other)

    def token(of: PictureLine) -> str:
        place = {**of["entry"]["Outputs"][0], "attributes": ["IQA"], "key": ITEM}
        asked = Asked(place, ITEM, f"{ITEM}\n{picture_of(of)}", ITEM)
        where = {"endpoint": "", "region": "", "account": ""}
        [item] = items_of([asked], picture_of_question, lambda identity: fingerprint_of(TASK, identity, **where))
        return item.token

    assert token(one) == token(one)
    assert token(one) != token(other)


def test_an_answer_is_known_as_far_as_it_was_asked_for() -> None:
    asked = (MONDAY, ItemAsked(ITEM, PICTURE, BOTH))
    assert known_answer(after(asked).opinion, PICTURE, BOTH) is None
    opinion = after(asked, (MONDAY, ItemAnswered(ITEM, PICTURE, BOTH, {"IQA": 61.0}, "so"))).opinion
    answer = Answer({"IQA": 61.0}, "so")
    assert known_answer(opinion, PICTURE, BOTH) == known_answer(opinion, PICTURE, ["Sharpness"]) == answer
    assert known_answer(opinion, PICTURE, ["Contrast"]) is None
    assert known_answer(opinion, "task-2 /out/2.jpeg", BOTH) is None
    assert known_answer(None, PICTURE, BOTH) is None


def test_each_attribute_is_answered_once() -> None:
    iqa = (ItemAsked(ITEM, PICTURE, ("IQA",)), ItemAnswered(ITEM, PICTURE, ("IQA",), {}, "so"))
    contrast = (
        ItemAsked(ITEM, PICTURE, ("Contrast",)),
        ItemAnswered(ITEM, PICTURE, ("Contrast",), {"Contrast": 2.0}, ""),
    )
    # One after the other, and both at once.
    for told in ((*iqa, *contrast), (iqa[0], contrast[0], iqa[1], contrast[1])):
        opinion = after(*((MONDAY, event) for event in told)).opinion
        assert opinion is not None
        assert opinion.runs == ()
        assert known_answer(opinion, PICTURE, ("IQA", "Contrast")) == Answer({"Contrast": 2.0}, "so")
        assert unanswered(opinion, PICTURE, ("Contrast", "IQA", "Sharpness")) == ("Sharpness",)
        assert unanswered(opinion, "task-2 /out/2.jpeg", ("IQA",)) == ("IQA",)
        failed = Answer({"Sharpness": 1.0}, failed="no")
        assert with_known(failed, opinion, PICTURE).scores == {"Contrast": 2.0, "Sharpness": 1.0}
    early = after((MONDAY, iqa[0]), (TUESDAY, contrast[0]), (MONDAY, iqa[1])).opinion
    assert early is not None
    assert early.runs == (TUESDAY,)


def test_a_late_answer_does_not_undo_what_was_asked_since() -> None:
    since = ItemAsked(ITEM, "task-2 /out/2.jpeg", BOTH)
    state = after((MONDAY, ItemAsked(ITEM, PICTURE, BOTH)), (TUESDAY, since))
    assert ItemAnswered(ITEM, PICTURE, BOTH, {"IQA": 1.0}, "").change(state, MONDAY, 1.0) == state
    assert state.opinion is not None
    assert state.opinion.runs == (TUESDAY,)


def test_two_do_not_ask_the_same() -> None:
    state = after((MONDAY, ItemAsked(ITEM, PICTURE, BOTH)), at=1000.0)
    asking = lambda now, over=False, of=QUESTION, task=TASK: other_asking(state, of, task, lambda run: over, now)  # noqa: E731
    assert asking(1001.0) == MONDAY
    assert asking(1000.0 + RESERVED_SECONDS) is None
    assert asking(1001.0, over=True) is None
    assert asking(1001.0, of=(PICTURE, ("IQA",))) is None
    # Its own retry asks, and another task of the run does not, whatever the time.
    own = TASK._replace(run_id="monday")
    assert asking(1001.0, task=own) is None
    assert asking(1e9, task=own._replace(task_id="other")) == MONDAY
    answered = ItemAnswered(ITEM, PICTURE, BOTH, {}, "").change(state, MONDAY, 1001.0)
    assert other_asking(answered, QUESTION, TASK, lambda run: False, 1002.0) is None
    assert other_asking(NOTHING, QUESTION, TASK, lambda run: False, 1002.0) is None


def test_all_who_asked_in_vain_are_remembered() -> None:
    runs = [Writer("shop", f"run {number}", "check") for number in range(MAX_FORMER + 3)]
    state = after(*((run, ItemAsked(ITEM, PICTURE, BOTH)) for run in runs), (TUESDAY, ItemAsked(ITEM, PICTURE, BOTH)))
    assert [one["run_id"] for one in runs_before(state, QUESTION, TASK)] == [
        run.run_id for run in reversed(runs[-MAX_FORMER + 1 :])
    ]
    assert runs_before(state, (PICTURE, ("IQA",)), TASK) == []
    assert runs_before(NOTHING, QUESTION, TASK) == []


def result(*texts: Any) -> dict[str, Any]:
    return {"Outputs": [{"bucket": "", "path": "", "content": text} for text in texts]}


def test_what_an_end_means() -> None:
    assert answer_of(result('{"IQA": 61}'), [IQA], "") == Answer({"IQA": 61.0})
    assert answer_of(result('{"IQA": 61}', 7), [IQA, SHARPNESS], "") == Answer({"IQA": 61.0}, '{"IQA": 61}')
    assert answer_of({"Outputs": []}, [IQA], "") == Answer({})
    failure = ItemFailure("40000 SourceFileError", "x" * 900, "task-9")
    said = answer_of(failure, [IQA], "5e2f").failed
    assert said.startswith("40000 SourceFileError: xxx")
    assert said.endswith("(task task-9, RequestId 5e2f)")
    assert len(said) < 250
    assert answer_of(replace(failure, request_id="6f30"), [IQA], "5e2f").failed.endswith("RequestId 6f30)")
    assert answer_of(ItemFailure("Stopped", ""), [IQA], "").failed == "Stopped"


def test_only_what_was_read_is_ok() -> None:
    least = {IQA: 40.0, SHARPNESS: 0.0}
    found = findings_of(Answer({"IQA": 40.0}), least)
    assert [one.verdict for one in found] == ["ok", "not checked"]
    assert [one.verdict for one in findings_of(Answer({"IQA": 39.9999}), least)] == ["rejected", "not checked"]
    assert {one.verdict for one in findings_of(Answer({}, failed="no"), least)} == {"not checked"}


numbers = st.floats(0, 1e6)
by_attribute = st.dictionaries(st.sampled_from(list(QualityAttribute)), numbers, min_size=1)


@given(by_attribute, by_attribute, st.sampled_from(["ok", "not checked"]))
def test_the_verdict_follows_from_the_findings(scores: Any, least: Any, verdict: str) -> None:
    before = checked(verdict)
    found = with_findings(before["check"], findings_of(Answer({str(name): one for name, one in scores.items()}), least))
    is_low = any(scores[name] < bound for name, bound in least.items() if name in scores)
    assert (found["verdict"] == "rejected") is is_low
    if not is_low:
        # Who has not looked at a picture does not call it right for what another one says.
        assert found["verdict"] == verdict
    after_it = cast(PictureLine, {**before, "check": found})
    assert not is_open(after_it)
    assert has_score(after_it) is bool(scores.keys() & least.keys())
    assert len(found["findings"]) == 1 + len(least)


@given(by_attribute)
def test_a_least_of_0_rejects_nothing(scores: Any) -> None:
    answer = Answer({str(name): one for name, one in scores.items()})
    assert all(one.verdict != "rejected" for one in findings_of(answer, dict.fromkeys(QualityAttribute, 0.0)))


@pytest.mark.parametrize("given_as", [40, 40.0, "40", "4e1"])
def test_a_least_may_be_a_text(given_as: Any) -> None:
    assert read_least("least", {"IQA": given_as}) == {IQA: 40.0}
