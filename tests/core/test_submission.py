from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_mps.core.airflow_task import AirflowTry, TaskKey
from airflow_provider_mps.core.errors import ServiceError, says_no_such_task
from airflow_provider_mps.core.fingerprint import Fingerprint, fingerprint_of
from airflow_provider_mps.core.outcomes import Outcome
from airflow_provider_mps.core.submission import (
    MAX_REPLACED,
    Join,
    Joined,
    LookUp,
    Record,
    Submit,
    accepted,
    after_look,
    delivered,
    intend,
    joined,
    not_sent,
    plan,
)
from airflow_provider_mps.core.tasks import TaskFailure, TaskState

RUNNING = TaskState("t", "PROCESSING")
GOOD = TaskState("t", "FINISH", result={"Outputs": []})
BAD = TaskState("t", "FINISH", failure=TaskFailure("InternalError", "x", "MPS"))
UNKNOWN_TASK = ServiceError("MPS", "a", "t", "InvalidParameterValue.TaskId", "m", "r", Outcome.REFUSED)
NO_ANSWER = ServiceError("MPS", "a", "t", "NoAnswer", "m", "", Outcome.UNKNOWN)

texts = st.text(max_size=12)
times = st.floats(0, 4e9)
requests = st.builds(Fingerprint, texts, texts, texts, texts)
intents = st.builds(
    Record,
    texts,
    texts,
    texts,
    st.integers(0, 50),
    intent=st.none() | times,
    delivered=st.booleans(),
    replaced=st.lists(texts, max_size=3).map(tuple),
    loose=texts,
)
records = intents | st.builds(accepted, intents, st.text(min_size=1), times)
attempts = st.builds(
    AirflowTry,
    st.integers(1, 9),
    st.integers(0, 9),
    st.integers(0, 5),
    times,
    times,
    st.none() | times,
    st.booleans(),
    st.booleans(),
)


def attempt(try_number: int = 2, max_tries: int = 2, *, keeps_records: bool = True) -> AirflowTry:
    return AirflowTry(
        try_number, max_tries, 2, began=100.0, now=120.0, run_began=50.0, keeps_records=keeps_records, service="MPS"
    )


REQUEST = Fingerprint("key", "body", "account")
INTENT = Record("key", "body", "account", 2, intent=90.0)
KNOWN = accepted(INTENT, "t", 91.0)


@given(records)
def test_a_record_comes_back_as_it_went(record: Record) -> None:
    assert Record.from_json(json.loads(json.dumps(record.to_json()))) == record


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | texts,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    )
)
def test_anything_else_is_no_record(value: Any) -> None:
    assert Record.from_json(value) is None
    assert Record.from_json({**KNOWN.to_json(), "task_id": ["x"]}) is None
    assert Record.from_json({**KNOWN.to_json(), "accepted": None}) is None
    assert Record.from_json({**KNOWN.to_json(), "something": value}) is None


@given(records, attempts)
def test_a_retry_never_submits_while_a_task_may_be_there(record: Record, attempt: AirflowTry) -> None:
    """For the same request: whatever the numbers say, a TaskId is looked at and an intent is found out about."""
    step = plan(record, record.fingerprint, attempt)
    if record.task_id is not None:
        assert isinstance(step, Join)
    elif record.intent is not None:
        assert isinstance(step, LookUp)
        assert step.since == record.intent
        assert step.finished_count
    else:
        assert isinstance(step, Submit)


@given(attempts, requests)
def test_without_a_record_only_certainty_submits(attempt: AirflowTry, request: Fingerprint) -> None:
    step = plan(None, request, attempt)
    certain = not attempt.has_submitted and (attempt.keeps_records or attempt.try_number == 1)
    assert isinstance(step, Submit) <= certain
    if isinstance(step, LookUp) and not step.finished_count:
        assert attempt.is_cleared
        assert step.since is None


@given(st.integers(0, 5), st.lists(st.booleans(), max_size=8))
def test_a_clear_is_told_from_a_retry_by_the_numbers(retries: int, history: list[bool]) -> None:
    """Play Airflow: a clear sets max_tries to the tries so far plus retries, a retry changes nothing."""
    try_number, max_tries = 1, retries
    for is_clear in history:
        if is_clear:
            max_tries = try_number + retries
        elif try_number > max_tries:
            return
        try_number += 1
        assert AirflowTry(try_number, max_tries, retries, 0, 0, None, False, service="MPS").is_cleared is is_clear


def test_a_first_try_submits() -> None:
    for keeps_records in (True, False):
        assert plan(None, REQUEST, attempt(1, keeps_records=keeps_records)) == Submit("first try")


def test_a_changed_request_says_so() -> None:
    step = plan(KNOWN, replace(REQUEST, body="other"), attempt())
    assert step == Submit("what is asked for has changed since MPS task t, which does not count any more")
    step = plan(INTENT, replace(REQUEST, body="other"), attempt())
    assert isinstance(step, Submit)
    assert "the submission of the earlier try" in step.why
    step = plan(not_sent(INTENT), replace(REQUEST, body="other"), attempt())
    assert step == Submit("the request of the earlier try was certainly not executed")


def test_a_request_that_was_not_executed_is_sent() -> None:
    assert isinstance(plan(not_sent(INTENT), REQUEST, attempt()), Submit)


def test_without_a_record_a_retry_looks_since_the_run_began_and_a_clear_for_what_runs() -> None:
    retry = plan(None, REQUEST, attempt(2, 2, keeps_records=False))
    assert isinstance(retry, LookUp)
    assert (retry.since, retry.until, retry.sent_before, retry.newest_wins) == (50.0, 120.0, 100.0, True)
    # A clear of the whole run has set its beginning anew.
    after_a_clear = plan(None, REQUEST, attempt(4, 3, keeps_records=False))
    assert isinstance(after_a_clear, LookUp)
    assert after_a_clear.since is None
    assert after_a_clear.finished_count
    clear = plan(None, REQUEST, attempt(2, 3, keeps_records=False))
    assert isinstance(clear, LookUp)
    assert (clear.since, clear.finished_count) == (None, False)


@pytest.mark.parametrize(
    ("look", "is_cleared", "was_delivered", "submits"),
    [
        (RUNNING, False, False, False),
        (RUNNING, True, True, False),
        (GOOD, False, False, False),
        (GOOD, False, True, False),
        (GOOD, True, False, False),
        (GOOD, True, True, True),
        (BAD, False, False, True),
        (BAD, True, True, True),
        (UNKNOWN_TASK, True, False, True),
    ],
)
def test_what_a_look_decides(look: Any, is_cleared: bool, was_delivered: bool, submits: bool) -> None:
    record = delivered(KNOWN) if was_delivered else KNOWN
    step = plan(record, REQUEST, attempt(2, 3 if is_cleared else 2))
    assert isinstance(step, Join)
    decided = after_look(step, look)
    assert isinstance(decided, Submit if submits else Joined)


@pytest.mark.parametrize("error", [UNKNOWN_TASK, NO_ANSWER])
def test_a_look_without_an_answer_decides_nothing_for_a_retry(error: ServiceError) -> None:
    step = plan(KNOWN, REQUEST, attempt())
    assert isinstance(step, Join)
    assert after_look(step, error) is error


def test_other_credentials_ask_before_they_pay() -> None:
    step = plan(KNOWN, replace(REQUEST, account="other"), attempt())
    assert isinstance(step, Join)
    assert isinstance(after_look(step, RUNNING), Joined)
    assert after_look(step, NO_ANSWER) is NO_ANSWER
    decided = after_look(step, UNKNOWN_TASK)
    assert isinstance(decided, Submit)
    assert "the account does not know MPS task t" in decided.why
    assert says_no_such_task(UNKNOWN_TASK)


@given(records, requests, st.integers(0, 9), times)
def test_a_new_intent_remembers_what_it_replaces(record: Record, request: Fingerprint, tries: int, now: float) -> None:
    fresh = intend(record, request, max_tries=tries, now=now)
    assert (fresh.task_id, fresh.accepted, fresh.delivered, fresh.intent) == (None, None, False, now)
    assert fresh.fingerprint == request
    assert (record.task_id in fresh.replaced) or record.task_id is None
    assert len(fresh.replaced) <= max(MAX_REPLACED, len(record.replaced))


def test_a_joined_task_is_new_to_a_person_who_cleared_it() -> None:
    record = joined(delivered(KNOWN), max_tries=5, now=900.0)
    assert (record.max_tries, record.delivered, record.task_id) == (5, False, "t")


def test_a_clear_lets_a_task_wait_anew_and_a_retry_does_not() -> None:
    assert KNOWN.waits_from == KNOWN.accepted
    retried = joined(KNOWN, max_tries=KNOWN.max_tries, now=900.0)
    assert (retried.accepted, retried.waits_from) == (KNOWN.accepted, KNOWN.accepted)
    cleared = joined(retried, max_tries=5, now=900.0)
    assert (cleared.accepted, cleared.waits_from) == (KNOWN.accepted, 900.0)
    assert joined(cleared, max_tries=5, now=950.0) == cleared
    assert joined(cleared, max_tries=8, now=990.0).waits_from == 990.0
    # What is submitted anew has a time of its own.
    again = accepted(intend(cleared, KNOWN.fingerprint, max_tries=5, now=999.0), "new", 1000.0)
    assert again.waits_from == 1000.0


TASK = TaskKey("dag", "task", "run", -1)
PLACE = {"endpoint": "mps.tencentcloudapi.com", "region": "ap-guangzhou", "account": "AKID"}


def payload(url: str = "https://e.com/a.jpg?v=1", prompt: str = "x") -> dict[str, Any]:
    return {
        "InputInfo": {"Type": "URL", "UrlInputInfo": {"Url": url}},
        "AddOnParameter": {"ExtPrompt": [{"Prompt": prompt}]},
    }


@pytest.mark.parametrize(
    "other",
    [
        fingerprint_of(TaskKey("dag", "task", "run", 0), payload(), **PLACE),
        fingerprint_of(TaskKey("dag", "task", "run2", -1), payload(), **PLACE),
        fingerprint_of(TASK, payload(prompt="y"), **PLACE),
        fingerprint_of(TASK, payload("https://e.com/a.jpg?v=2"), **PLACE),
        fingerprint_of(TASK, payload("https://e.com/b.jpg?v=1"), **PLACE),
        fingerprint_of(TASK, payload(), **{**PLACE, "endpoint": "mps.intl.tencentcloudapi.com"}),
        fingerprint_of(TASK, payload(), **{**PLACE, "region": "ap-shanghai"}),
    ],
)
def test_everything_that_is_paid_for_is_in_the_fingerprint(other: Fingerprint) -> None:
    request = fingerprint_of(TASK, payload(), **PLACE)
    assert other != request
    assert other.token != request.token
    assert len(request.token) == 16


@pytest.mark.parametrize(
    "signed",
    [
        "https://e.com/a.jpg?v=1&q-sign-algorithm=sha1&q-ak=AKID&q-sign-time=1;2&q-signature=0123",
        "https://e.com/a.jpg?X-Amz-Signature=0123&v=1&X-Amz-Date=20260101T000000Z",
        "https://user:word@e.com/a.jpg?v=1&Expires=99&OSSAccessKeyId=x&Signature=0123#top",
    ],
)
def test_a_signature_is_not_in_the_fingerprint(signed: str) -> None:
    assert fingerprint_of(TASK, payload(signed), **PLACE) == fingerprint_of(TASK, payload(), **PLACE)


def test_the_account_is_in_the_fingerprint_and_not_in_the_path() -> None:
    """New keys of the same account: the path is what a try recognises its picture by."""
    request, other = (fingerprint_of(TASK, payload(), **{**PLACE, "account": name}) for name in ("AKID", "AKID2"))
    assert request != other
    assert request.token == other.token


@pytest.mark.parametrize("name", ["key-pair-id", "t", "expires", "policy", "se"])
def test_without_a_signature_every_parameter_counts(name: str) -> None:
    one, other = (fingerprint_of(TASK, payload(f"https://e.com/a?{name}={value}"), **PLACE) for value in "xy")
    assert one != other
    # Nor does a word that may be the name of the picture make it one.
    one, other = (fingerprint_of(TASK, payload(f"https://e.com/a?{name}=1&sign={v}"), **PLACE) for v in "xy")
    assert one != other


def test_the_order_of_the_body_is_not_in_the_fingerprint() -> None:
    turned = dict(reversed(payload().items()))
    assert fingerprint_of(TASK, turned, **PLACE) == fingerprint_of(TASK, payload(), **PLACE)


def signed(value: str, *, name: str = "token", prompt: str = "x") -> Fingerprint:
    return fingerprint_of(TASK, payload(f"https://e.com/a.jpg?{name}={value}", prompt), **PLACE)


def on_record(request: Fingerprint, max_tries: int = 2) -> Record:
    return accepted(intend(None, request, max_tries=max_tries, now=90.0), "t", 91.0)


def test_a_retry_joins_where_only_what_may_be_a_signature_has_changed() -> None:
    record = on_record(signed("aaaa"))
    step = plan(record, signed("bbbb"), attempt())
    assert isinstance(step, Join)
    assert step.why == "which an earlier try has submitted; the address differs in what may be a signature only"
    assert step.record == record
    # The same after a try that was lost, under the token that it had.
    doubt = plan(replace(record, task_id=None, accepted=None), signed("bbbb"), attempt())
    assert isinstance(doubt, LookUp)
    assert doubt.tokens == signed("aaaa").token


@pytest.mark.parametrize(
    "other",
    [signed("bbbb", prompt="y"), signed("bbbb", name="id"), replace(signed("bbbb"), loose=""), REQUEST],
    ids=["prompt", "id", "not known", "another task"],
)
def test_a_retry_submits_where_anything_else_has_changed(other: Fingerprint) -> None:
    assert not isinstance(plan(on_record(signed("aaaa")), other, attempt()), Join)


def test_a_person_who_clears_the_task_may_have_put_another_picture_there() -> None:
    record = on_record(signed("aaaa"))
    step = plan(record, signed("bbbb"), attempt(3, 4))
    assert step == Submit(
        "what is asked for has changed since MPS task t, which does not count any more; "
        "the address differs in what may be a signature only, but the task was cleared since"
    )
    # And the retries of that try join what it has submitted.
    again = accepted(intend(record, signed("bbbb"), max_tries=4, now=95.0), "u", 96.0)
    joined_again = plan(again, signed("cccc"), attempt(4, 4))
    assert isinstance(joined_again, Join)
    assert joined_again.task_id == "u"


def test_a_record_of_before_knows_nothing_of_signatures() -> None:
    value = on_record(signed("aaaa")).to_json()
    del value["loose"]
    record = Record.from_json(value)
    assert record is not None
    assert isinstance(plan(record, signed("aaaa"), attempt()), Join)
    assert isinstance(plan(record, signed("bbbb"), attempt()), Submit)


def test_without_a_record_the_path_tells_of_a_new_signature() -> None:
    one, other = signed("aaaa"), signed("bbbb")
    step = plan(None, other, attempt(2, 2, keeps_records=False))
    assert isinstance(step, LookUp)
    assert re.fullmatch(step.tokens, one.token)
    assert not re.fullmatch(step.tokens, signed("aaaa", prompt="y").token)
    for cleared in (attempt(2, 3, keeps_records=False), attempt(4, 3, keeps_records=False)):
        step = plan(None, other, cleared)
        assert isinstance(step, LookUp)
        assert step.tokens == other.token
