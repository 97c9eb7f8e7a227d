from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_mps.core.errors import ServiceError
from airflow_provider_mps.core.events import EventError, from_event, to_event
from airflow_provider_mps.core.outcomes import Outcome
from airflow_provider_mps.core.polling import (
    FIRST_LOOK_SECONDS,
    JITTER,
    Deadline,
    Finished,
    LookAgain,
    PollDecision,
    Refused,
    TooLate,
    deadline_of,
    next_step,
    pause,
)
from airflow_provider_mps.core.tasks import TaskFailure, TaskState
from airflow_provider_mps.core.vocabulary import LimitKind
from airflow_provider_mps.services.profiles import MPS

RUNNING = TaskState("t", "PROCESSING", 40)
GOOD = TaskState("t", "FINISH", 100, result={"TaskId": "t", "Outputs": []})
BAD = TaskState("t", "FINISH", 100, failure=TaskFailure("70000 InternalError", "x", "MPS"))


def error(outcome: Outcome) -> ServiceError:
    return ServiceError("MPS", "DescribeImageTaskDetail", "t", "Code", "words", "req", outcome)


looks = st.sampled_from([RUNNING, GOOD, BAD, *(error(outcome) for outcome in Outcome)])
times = st.floats(0, 2e9)


def test_a_task_found_finished_after_the_deadline_is_finished() -> None:
    assert next_step(GOOD, service="MPS", now=100, deadline=Deadline(10), interval=5) == Finished(GOOD)


def test_deadline_already_past_at_the_first_look() -> None:
    assert next_step(RUNNING, service="MPS", now=100, deadline=Deadline(10), interval=5) == TooLate("PROCESSING, 40%")


def test_an_error_that_may_pass_is_no_verdict() -> None:
    assert next_step(error(Outcome.UNKNOWN), service="MPS", now=1, deadline=Deadline(10), interval=5) == LookAgain(5)
    assert isinstance(
        next_step(error(Outcome.UNKNOWN), service="MPS", now=10, deadline=Deadline(10), interval=5), TooLate
    )
    assert isinstance(
        next_step(error(Outcome.REFUSED), service="MPS", now=1, deadline=Deadline(10), interval=5), Refused
    )


def test_a_task_that_was_just_accepted_may_not_be_known_yet() -> None:
    unknown = ServiceError("MPS", "a", "t", "ResourceNotFound.TaskNotFound", "m", "r", Outcome.REFUSED)
    assert next_step(unknown, service="MPS", now=100, deadline=Deadline(500), interval=5, since=50) == LookAgain(5)
    assert next_step(unknown, service="MPS", now=111, deadline=Deadline(500), interval=5, since=50) == Refused(unknown)
    assert next_step(unknown, service="MPS", now=100, deadline=Deadline(500), interval=5) == Refused(unknown)
    refused = error(Outcome.REFUSED)
    assert next_step(refused, service="MPS", now=100, deadline=Deadline(500), interval=5, since=50) == Refused(refused)


@given(looks, times, times, st.floats(0.01, 1e5))
def test_waiting_never_goes_past_the_deadline(look: object, now: float, deadline: float, interval: float) -> None:
    step = next_step(look, service="MPS", now=now, deadline=Deadline(deadline), interval=interval)  # type: ignore[arg-type]
    if isinstance(step, LookAgain):
        assert 0 < step.seconds <= interval
        assert now + step.seconds <= deadline or math.isclose(now + step.seconds, deadline)
    elif isinstance(look, TaskState) and look.done:
        assert step == Finished(look)
    elif isinstance(step, TooLate):
        assert now >= deadline


chances = st.floats(0, 1)


@given(st.floats(0.05, 1e4), st.lists(chances, min_size=1), st.floats(0, 60))
def test_the_end_of_a_new_task_is_seen_soon(interval: float, spread: list[float], took: float) -> None:
    """A task of 3 s before it is 7 s old, whatever the interval; a longer one likewise."""
    now, looks = FIRST_LOOK_SECONDS, 0
    while now < took:
        now += pause(interval, 0.0, now, chance=spread[looks % len(spread)])
        looks += 1
    assert now <= max(FIRST_LOOK_SECONDS, 2 * took) * (1 + 1e-9)
    if took <= 3:
        assert now < 7


@given(st.floats(0.05, 1e4), st.none() | times, times, chances)
def test_no_pause_is_longer_than_the_interval(interval: float, since: float | None, now: float, chance: float) -> None:
    seconds = pause(interval, since, now, chance=chance)
    assert 0 < seconds <= interval
    # Never in a hurry either: not even when the clocks disagree.
    assert seconds >= min(interval, FIRST_LOOK_SECONDS) * (1 - JITTER) * (1 - 1e-9)


def test_pauses_grow_with_the_age_of_a_task() -> None:
    assert [pause(10, 100.0, now) for now in (90.0, 100.0, 101.0, 104.0, 109.0, 110.0, 500.0)] == [
        1,
        1,
        1,
        4,
        9,
        10,
        10,
    ]
    assert pause(10, None, 100.0) == 10
    assert pause(0.5, 100.0, 101.0) == 0.5
    assert pause(10, 0.0, 100.0, chance=0) == 10
    assert pause(10, 0.0, 100.0, chance=1) == pytest.approx(9)


@given(looks, times, st.floats(0.1, 1e4), st.floats(0, 1e4), times)
def test_the_age_of_a_task_never_moves_a_look_past_the_deadline(
    look: object, now: float, interval: float, left: float, since: float
) -> None:
    step = next_step(look, service="MPS", now=now, deadline=Deadline(now + left), interval=interval, since=since)  # type: ignore[arg-type]
    if isinstance(step, LookAgain):
        assert 0 < step.seconds <= min(interval, left) * (1 + 1e-9) or math.isclose(now + step.seconds, now + left)


@given(times, st.floats(0.1, 1e6), times, st.none() | st.floats(0.1, 1e6))
def test_the_earlier_of_two_limits_holds(
    since: float, timeout: float, began: float, execution_timeout: float | None
) -> None:
    deadline = deadline_of(since, timeout, None if execution_timeout is None else began + execution_timeout)
    assert deadline.at <= since + timeout
    if execution_timeout is None or began + execution_timeout >= since + timeout:
        assert deadline == Deadline(since + timeout, LimitKind.TIMEOUT)
    else:
        assert deadline == Deadline(began + execution_timeout, LimitKind.EXECUTION_TIMEOUT)


def test_an_event_of_a_trigger_that_knew_one_limit_only() -> None:
    assert from_event({"mps_task_id": "t", "status": "timeout", "last_seen": "x"}) == TooLate("x", LimitKind.TIMEOUT)


@given(looks, st.booleans(), st.sampled_from(LimitKind))
def test_events_come_back_as_they_went(look: object, late: bool, kind: LimitKind) -> None:
    step: PollDecision = next_step(look, service="MPS", now=5 if late else 1, deadline=Deadline(3, kind), interval=1)  # type: ignore[arg-type]
    if isinstance(step, LookAgain):
        with pytest.raises(EventError, match="has not ended"):
            to_event("t", step, MPS)
        return
    event = json.loads(json.dumps(to_event("t", step, MPS)))
    back = from_event(event)
    if isinstance(step, Finished) and isinstance(back, Finished):
        assert (back.state.result, back.state.failure) == (step.state.result, step.state.failure)
    elif isinstance(step, Refused) and isinstance(back, Refused):
        assert vars(back.error) == vars(step.error)
    else:
        assert back == step


@pytest.mark.parametrize(
    ("event", "words"),
    [
        (None, "no event came from the triggerer, but None"),
        ("success", "no event came"),
        ({}, "names no task"),
        ({"mps_task_id": 5, "status": "success"}, "names no task"),
        ({"mps_task_id": "t"}, "cannot be read"),
        ({"mps_task_id": "t", "status": "done"}, "cannot be read"),
        ({"mps_task_id": "t", "status": "success"}, "cannot be read"),
        ({"mps_task_id": "t", "status": "success", "result": "x"}, "cannot be read"),
        ({"mps_task_id": "t", "status": "failed", "code": "x"}, "cannot be read"),
        ({"mps_task_id": "t", "status": "timeout", "last_seen": "x", "limit": "patience"}, "cannot be read"),
        ({"mps_task_id": "t", "status": "error", "error": ["MPS"]}, "cannot be read"),
        ({"mps_task_id": "t", "status": "error", "error": ["MPS", "a", "t", "c", "m", "r", "maybe"]}, "cannot be read"),
    ],
)
def test_an_event_that_says_nothing_fails_loudly(event: object, words: str) -> None:
    with pytest.raises(EventError, match=words):
        from_event(event)
