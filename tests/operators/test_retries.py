"""What a try of a submitting task does about what earlier tries did."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowException, AirflowFailException, TaskDeferred

from airflow_provider_mps.core import submission
from airflow_provider_mps.core.tasks import Accepted
from airflow_provider_mps.exceptions import (
    MpsInDoubtError,
    MpsTaskFailedError,
    MpsTaskRefusedError,
    MpsTimeoutError,
    TencentCloudError,
    TencentCloudPermanentError,
)
from airflow_provider_mps.local.service import LocalService
from airflow_provider_mps.operators.mps import MpsProcessImageOperator
from airflow_provider_mps.services.profiles import MPS
from airflow_provider_mps.services.tencentcloud import lookup
from tests.operators.conftest import Task
from tests.task_context import execute, make_context

pytestmark = pytest.mark.usefixtures("_no_waits")

WAITS = {"wait_for_completion": True}
SUBMIT, LIST = "ProcessImage", "DescribeImageTasks"


def finish(task: Task) -> str:
    """Wait until the last accepted task is done at MPS; return its id."""
    task_id = task.accepted[-1]
    deadline = time.time() + 20
    while task.service.backend.tasks.find("2600000000", task_id).status(time.time()) != "FINISH":  # type: ignore[union-attr]
        assert time.time() < deadline
        time.sleep(0.02)
    return task_id


def test_the_intent_is_on_record_before_the_request_and_the_task_id_after_it(
    task: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    from airflow_provider_mps.hooks.mps import MpsHook

    seen = []
    submit = MpsHook.submit_task

    def spy(hook: MpsHook, payload: Any) -> Accepted:
        seen.append(task.record)
        return submit(hook, payload)

    monkeypatch.setattr(MpsHook, "submit_task", spy)
    before = time.time()
    task_id = task.run()
    (intent,) = seen
    assert before <= intent["intent"] <= time.time()
    assert intent["task_id"] is None
    assert task.record["task_id"] == task_id
    assert task.record["delivered"] is True
    # A hash, not the thing itself.
    assert task.service.secret_id not in json.dumps(task.record)
    assert "marble" not in json.dumps(task.record)


def test_the_output_path_tells_two_products_of_one_name_apart(task: Task) -> None:
    for key in ("/a/main.jpg", "/b/main.jpg"):
        task.service.put_object(task.service.bucket, key, b"no picture")
        task.run(subject_cos_key=key, output_dir="out", format="PNG")
    paths = [call.body["OutputPath"] for call in task.service.accepted(SUBMIT)]
    assert all(re.fullmatch(r"/out/main-[0-9a-f]{16}\.png", path) for path in paths)
    assert len(set(paths)) == 2


def test_an_output_path_that_the_user_gives_is_used_as_given(task: Task) -> None:
    task.run(output_path="mine.jpeg")
    assert task.service.accepted(SUBMIT)[0].body["OutputPath"] == "mine.jpeg"


@pytest.mark.parametrize("waits", [False, True])
def test_a_task_that_runs_is_joined(waits: bool, task: Task) -> None:
    task.service.add_fault(kind="task_seconds", seconds=0.8)
    task_id = task.run()
    result = task.run(2, wait_for_completion=waits)
    assert (result["TaskId"] if waits else result) == task_id
    assert task.accepted == [task_id]
    assert task.last["ti"].xcoms == {"mps_task_id": task_id}


@pytest.mark.parametrize("deferrable", [False, True])
def test_a_task_that_is_done_is_returned_without_waiting(deferrable: bool, task: Task) -> None:
    task.run()
    task_id = finish(task)
    assert task.run(2, deferrable=deferrable, **WAITS)["TaskId"] == task_id
    assert task.accepted == [task_id]


def test_a_task_that_failed_is_submitted_again(task: Task, lines: Callable[[], str]) -> None:
    task.service.add_fault(kind="task_fail", err_msg="InternalError", message="out of luck", times=1)
    with pytest.raises(MpsTaskFailedError, match="out of luck") as caught:
        task.run(**WAITS)
    assert not isinstance(caught.value, AirflowFailException)
    first = task.accepted[0]
    assert task.run(2, **WAITS)["TaskId"] == task.accepted[1] != first
    assert f"MPS task {first} failed (40000 InternalError: out of luck)" in lines()
    assert task.record["replaced"] == [first]


@pytest.mark.parametrize(
    "code", ["InvalidInput", "SourceFileError.ContentMalformed", "InvalidParameter.ViolationContent"]
)
def test_a_task_that_would_fail_again_is_not_retried(code: str, task: Task) -> None:
    task.service.add_fault(kind="task_fail", err_msg=code, inner=True)
    with pytest.raises(MpsTaskRefusedError, match="the task fails without retries") as caught:
        task.run(**WAITS)
    assert isinstance(caught.value, AirflowFailException)


def test_other_arguments_are_another_picture(task: Task, lines: Callable[[], str]) -> None:
    task.service.add_fault(kind="task_seconds", seconds=60, times=1)
    first = task.run()
    second = task.run(2, prompt="slate")
    assert task.accepted == [first, second]
    assert f"what is asked for has changed since MPS task {first}" in lines()


def test_another_signature_of_the_subject_is_the_same_picture(task: Task) -> None:
    url = f"{task.service.url}/_local/samples/coffee.png"
    first = task.run(subject_cos_key=None, subject_url=f"{url}?q-sign-time=1;2&q-signature=aaaa")
    assert task.run(2, subject_cos_key=None, subject_url=f"{url}?q-sign-time=3;4&q-signature=bbbb") == first
    assert task.run(3, subject_cos_key=None, subject_url=f"{url}?version=2") != first


@pytest.mark.parametrize("store", [True, False])
@pytest.mark.parametrize("waits", [False, True])
@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "lost_answer"},
        {"kind": "garbage", "executed": True},
        {"kind": "garbage", "executed": True, "body": '{"Response": {"RequestId": "r"}}'},
    ],
)
def test_a_lost_answer_is_looked_for_at_once(
    fault: dict[str, Any], waits: bool, store: bool, make_task: Callable[..., Task]
) -> None:
    task = make_task(store=store)
    task.service.add_fault(action=SUBMIT, times=1, **fault)
    result = task.run(wait_for_completion=waits)
    assert task.accepted == [result["TaskId"] if waits else result]
    if store:
        assert task.record["task_id"] == task.accepted[0]


@pytest.mark.parametrize(
    "fault", [{"kind": "reset"}, {"kind": "http", "status": 502}, {"kind": "error", "code": "InternalError"}]
)
def test_what_was_lost_on_the_way_is_sent_again_once_that_is_certain(fault: dict[str, Any], task: Task) -> None:
    task.service.add_fault(action=SUBMIT, times=2, **fault)
    task_id = task.run()
    assert task.accepted == [task_id]
    assert len(task.service.calls(SUBMIT)) == 3


def test_a_try_does_not_go_on_for_ever(task: Task) -> None:
    task.service.add_fault(action=SUBMIT, kind="http", status=502)
    with pytest.raises(TencentCloudError, match="HTTP 502"):
        task.run()
    assert len(task.service.calls(SUBMIT)) == 3


def test_every_look_asks_for_every_state(task: Task) -> None:
    task.service.add_fault(action=SUBMIT, times=2, kind="reset")
    task.run()
    # After each loss a look, or two if the first came before nothing could be under way any more; for every state.
    asked = [call.body["Status"] for call in task.service.calls(LIST)]
    assert len(asked) >= 6
    assert asked == ["WAITING", "PROCESSING", "FINISH"] * (len(asked) // 3)


def test_a_request_that_was_still_under_way_at_the_first_look_is_found(
    task: Task, connect: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lookup, "SETTLE_SECONDS", 2.0)
    # The service takes a second over it, the client gives up after half of one.
    task.service.add_fault(kind="delay", action=SUBMIT, seconds=1.0, times=1)
    connect(task.service.secret_id, task.service.secret_key, request_timeout=0.5)
    task_id = task.run()
    assert task.accepted == [task_id]


@pytest.mark.parametrize("store", [True, False])
@pytest.mark.parametrize(
    "fault", [{"kind": "http", "status": 503}, {"kind": "error", "code": "UnauthorizedOperation.CamNoAuth"}]
)
def test_without_an_answer_to_the_doubt_nothing_is_submitted(
    fault: dict[str, Any], store: bool, make_task: Callable[..., Task]
) -> None:
    task = make_task(store=store)
    task.service.add_fault(kind="lost_answer", action=SUBMIT, times=1)
    task.service.add_fault(action=LIST, **fault)
    for number in (1, 2):
        with pytest.raises(MpsInDoubtError, match="Nothing was submitted again") as caught:
            task.run(number)
        assert isinstance(caught.value, AirflowException)
        assert not isinstance(caught.value, AirflowFailException)
        assert fault.get("code", "HTTP 503") in str(caught.value)
        assert "cos://mps-local-1250000000/samples/coffee.png" in str(caught.value)
    assert len(task.service.calls(SUBMIT)) == 1
    task.service.clear_faults()
    assert task.run(3) == task.accepted[0]
    assert len(task.accepted) == 1


def test_a_failure_of_one_look_at_a_candidate_is_no_answer_either(task: Task) -> None:
    task.service.add_fault(kind="lost_answer", action=SUBMIT, times=1)
    task.service.add_fault(kind="http", action="DescribeImageTaskDetail")
    with pytest.raises(MpsInDoubtError, match="DescribeImageTaskDetail"):
        task.run()
    assert len(task.accepted) == 1


def test_ours_is_found_behind_several_pages_of_others(make_task: Callable[..., Task]) -> None:
    task = make_task()
    task.service.add_fault(kind="lost_answer", action=SUBMIT, times=1)
    task.service.add_fault(kind="http", action=LIST, times=6)
    with pytest.raises(MpsInDoubtError):
        task.run()
    # Others that end without a picture cost the service nothing; the list is newest first, so ours comes last.
    task.service.add_fault(kind="task_fail", match="another")
    other = make_task(name="other")
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: execute(other.operator(prompt="another"), make_context(map_index=n)), range(230)))
    # All in one list: those that still ran would be in another.
    deadline = time.monotonic() + 60
    while any(one.status(time.time()) != "FINISH" for one in task.service.tasks):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert task.run(2) == task.accepted[0]
    pages = [call for call in task.service.calls(LIST) if call.executed]
    assert len([call for call in pages if call.body.get("ScrollToken")]) >= 2


def test_five_in_doubt_with_one_subject_find_each_its_own(make_task: Callable[..., Task]) -> None:
    service = make_task().service
    tasks = [make_task(name=f"state-{n}") for n in range(5)]
    service.add_fault(kind="lost_answer", action=SUBMIT, times=5)
    # All five are accepted before the first of them looks.
    together = threading.Barrier(5)

    def one(n: int) -> tuple[str, str]:
        context = make_context(tasks[n].store, map_index=n)
        operator = tasks[n].operator(prompt=f"marble {n}", **WAITS)
        together.wait(timeout=20)
        result = execute(operator, context)
        return f"marble {n}", str(result["TaskId"])

    with ThreadPoolExecutor(5) as pool:
        found = dict(pool.map(one, range(5)))
    accepted = {
        call.body["AddOnParameter"]["ExtPrompt"][0]["Prompt"]: call.task_id for call in service.accepted(SUBMIT)
    }
    assert found == accepted
    assert len(service.accepted(SUBMIT)) == 5


def test_what_was_certainly_not_executed_leaves_no_doubt(task: Task) -> None:
    task.service.add_fault(kind="error", code="RequestLimitExceeded", action=SUBMIT)
    with pytest.raises(TencentCloudError, match="RequestLimitExceeded"):
        task.run()
    assert len(task.service.calls(SUBMIT)) == 6
    task.service.clear_faults()
    task.run(2)
    assert len(task.accepted) == 1
    assert not task.service.calls(LIST)


def test_a_refused_submission_ends_the_task(task: Task) -> None:
    task.service.add_fault(kind="error", code="InvalidParameter.ViolationContent", action=SUBMIT)
    with pytest.raises(TencentCloudPermanentError, match="The content check of the service refused"):
        task.run()
    assert len(task.service.calls(SUBMIT)) == 1


@pytest.mark.parametrize("waits", [False, True])
def test_a_clear_of_a_finished_task_makes_a_new_picture(waits: bool, task: Task) -> None:
    task.run(wait_for_completion=waits)
    first = finish(task)
    # A clear sets max_tries to the tries so far plus retries.
    result = task.run(2, 3, wait_for_completion=waits)
    assert (result["TaskId"] if waits else result) != first
    assert len(task.accepted) == 2
    # And an automatic retry of that one joins it.
    task.run(3, 3, wait_for_completion=waits)
    assert len(task.accepted) == 2


@pytest.mark.parametrize("store", [True, False])
@pytest.mark.parametrize("waits", [False, True])
def test_a_clear_of_a_task_that_still_runs_joins_it(waits: bool, store: bool, make_task: Callable[..., Task]) -> None:
    task = make_task(store=store)
    task.service.add_fault(kind="task_seconds", seconds=1.0, times=1)
    first = task.run()
    result = task.run(2, 3, wait_for_completion=waits)
    assert (result["TaskId"] if waits else result) == first
    assert task.accepted == [first]


def test_without_a_store_a_clear_of_a_finished_task_makes_a_new_picture(make_task: Callable[..., Task]) -> None:
    task = make_task(store=False)
    task.run()
    first = finish(task)
    assert task.run(2, 3) == task.accepted[1] != first
    finish(task)
    # A retry after that takes the newer one, although both have the same path.
    assert task.run(3, 3) == task.accepted[1]
    assert len(task.accepted) == 2


def test_a_picture_that_nobody_got_is_returned_after_a_clear(task: Task) -> None:
    task.service.add_fault(kind="task_seconds", seconds=0.6, times=1)
    with pytest.raises(MpsTimeoutError):
        task.run(timeout=0.2, **WAITS)
    first = finish(task)
    assert task.run(2, 3, **WAITS)["TaskId"] == first
    assert task.accepted == [first]
    # Now that it was returned, another clear asks for a new one.
    assert task.run(3, 5, **WAITS)["TaskId"] != first


@pytest.mark.parametrize("given", [None, "/mine/cup.jpeg"])
def test_a_replaced_picture_is_not_taken_for_the_new_one(given: str | None, task: Task) -> None:
    task.run(output_path=given)
    first = finish(task)
    task.service.add_fault(kind="reset", action=SUBMIT, times=1)
    # Cleared, and the request is lost on the way: the first picture has the same subject, path and window.
    second = task.run(2, 3, output_path=given)
    assert task.accepted == [first, second]


def test_a_given_path_has_a_narrow_window(task: Task) -> None:
    task.service.add_fault(kind="lost_answer", action=SUBMIT, times=2)
    for path, seconds in (("/mine/cup.jpeg", 5), (None, 300)):
        task.service.backend.journal.clear()
        before = datetime.now(UTC)
        task.run(output_path=path)
        began = datetime.fromisoformat(task.service.calls(LIST)[0].body["StartTime"])
        assert timedelta(seconds=-2) <= before - began - timedelta(seconds=seconds) <= timedelta(seconds=1)


def test_a_given_path_decides_with_subject_and_time(make_task: Callable[..., Task]) -> None:
    first, second = make_task(name="first"), make_task(name="second")
    service = first.service
    service.add_fault(kind="lost_answer", action=SUBMIT, times=2)
    results = {}
    for task, path in ((first, "/mine/cup.jpeg"), (second, "/mine/cup.{format}")):
        results[path] = task.run(output_path=path, format="JPEG" if task is first else "PNG")
    wanted = {call.body["OutputPath"]: call.task_id for call in service.accepted(SUBMIT)}
    assert results == wanted
    assert len(wanted) == 2


def test_new_keys_of_the_same_account_join(task: Task, connect: Callable[..., None]) -> None:
    accounts = task.service.backend.accounts
    first = task.run()
    pair = accounts.issue(accounts.default, 3600)
    connect(pair.secret_id, pair.secret_key, token=pair.token)
    assert task.run(2) == first
    assert task.accepted == [first]


def test_another_account_pays_for_its_own(lines: Callable[[], str], tmp_path: Any, monkeypatch: Any) -> None:
    from tests.task_context import StateStore

    pairs = [("AKIDone", "secret-one"), ("AKIDtwo", "secret-two")]
    with LocalService(task_seconds=0.1, rate_limit=0, small_pictures=True, accounts=pairs) as service:
        task = Task(service, StateStore(tmp_path / "state.json"))
        results = []
        for number, (login, password) in enumerate(pairs, start=1):
            connection = {**service.connection(), "login": login, "password": password}
            monkeypatch.setenv("AIRFLOW_CONN_TENCENTCLOUD_DEFAULT", json.dumps(connection))
            results.append(task.run(number))
        assert task.accepted == results
        assert f"the account does not know MPS task {results[0]}" in lines()


def test_a_task_that_mps_has_forgotten_is_not_submitted_again_by_a_retry(task: Task) -> None:
    first = task.run()
    gone = {**task.record, "task_id": first[:-4] + "0000", "accepted": time.time() - 3600}
    task.store.set(MPS.record_key, gone)  # type: ignore[union-attr]
    with pytest.raises(TencentCloudPermanentError, match="MPS keeps tasks for 7 days"):
        task.run(2)
    assert task.accepted == [first]
    # A person who clears it wants a picture.
    assert task.run(3, 5) == task.accepted[1]


@pytest.mark.parametrize("garbage", ["x", {"version": 99}, {"version": 1}, [1]])
def test_a_record_that_cannot_be_read_is_no_licence_to_submit(garbage: Any, task: Task) -> None:
    first = task.run()
    finish(task)
    task.store.set(MPS.record_key, garbage)  # type: ignore[union-attr]
    assert task.run(2) == first
    assert task.record["task_id"] == first


def test_a_try_that_cannot_write_its_intent_submits_nothing(task: Task, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError("the API server is away")

    monkeypatch.setattr(task.store, "set", fail)
    with pytest.raises(RuntimeError, match="the API server is away"):
        task.run()
    assert not task.service.calls(SUBMIT)


def test_a_task_id_that_cannot_be_written_is_found_by_the_retry(
    task: Task, monkeypatch: pytest.MonkeyPatch, lines: Callable[[], str]
) -> None:
    write, count = task.store.set, iter(range(100))  # type: ignore[union-attr]

    def fail_after_the_first(*args: Any, **kwargs: Any) -> None:
        if next(count):
            raise RuntimeError("the API server is away")
        write(*args, **kwargs)

    monkeypatch.setattr(task.store, "set", fail_after_the_first)
    first = task.run()
    assert "The submission record could not be written (the API server is away)" in lines()
    monkeypatch.setattr(task.store, "set", write)
    assert task.record["task_id"] is None
    assert task.run(2) == first
    assert task.accepted == [first]


def test_without_a_record_the_retry_looks_from_the_start_of_the_run(make_task: Callable[..., Task]) -> None:
    task = make_task(store=False)
    first = task.run()
    assert task.run(2, **WAITS)["TaskId"] == first
    assert task.accepted == [first]
    began = datetime.fromisoformat(task.service.calls(LIST)[0].body["StartTime"])
    # Five minutes earlier, by which the clocks may differ.
    assert timedelta(seconds=300) <= task.run_began - began <= timedelta(seconds=301)


def test_a_first_try_that_airflow_starts_again_joins(make_task: Callable[..., Task]) -> None:
    task = make_task(store=False)
    first = task.run()
    # What Airflow 3 tells the task when it clears the XComs of the run before.
    again = {"_ti_context_from_server": SimpleNamespace(xcom_keys_to_clear=["mps_task_id"])}
    assert task.run(1, task=again) == first
    assert task.accepted == [first]


@pytest.mark.parametrize("key", ["/in/50%25off.png", "/in/a%20b c.png", "/in/100%+.png"])
def test_a_key_that_looks_encoded_is_found_again(key: str, task: Task) -> None:
    photo = task.service.get_object(task.service.bucket, "/samples/coffee.png")
    task.service.put_object(task.service.bucket, key, photo)
    task.service.add_fault(kind="lost_answer", action=SUBMIT, times=1)
    assert task.run(subject_cos_key=key) == task.accepted[0]
    assert len(task.accepted) == 1


def test_without_a_store_new_keys_of_the_same_account_join(
    make_task: Callable[..., Task], connect: Callable[..., None]
) -> None:
    task = make_task(store=False)
    first = task.run()
    accounts = task.service.backend.accounts
    pair = accounts.issue(accounts.default, 3600)
    connect(pair.secret_id, pair.secret_key, token=pair.token)
    assert task.run(2) == first
    assert task.accepted == [first]


def test_a_first_try_without_a_store_and_a_second_with_one(make_task: Callable[..., Task]) -> None:
    """Airflow is upgraded in between; what tells of the first try is the XCom that it left."""
    first = make_task(store=False).run()
    task = make_task()
    left = {"_ti_context_from_server": SimpleNamespace(xcom_keys_to_clear=["mps_task_id"])}
    assert task.run(2, task=left) == first
    assert task.accepted == [first]


@pytest.mark.parametrize("code", ["ResourceNotFound.TaskNotFound", "RequestLimitExceeded"])
def test_a_listed_task_that_cannot_be_looked_at_yet_is_looked_at_again(code: str, task: Task) -> None:
    task.service.add_fault(kind="lost_answer", action=SUBMIT, times=1)
    task.service.add_fault(kind="error", action="DescribeImageTaskDetail", code=code, times=8)
    assert task.run() == task.accepted[0]
    assert len(task.accepted) == 1


@pytest.mark.parametrize("deferrable", [False, True])
def test_mps_may_not_know_a_task_yet_that_it_has_just_accepted(deferrable: bool, task: Task) -> None:
    unknown = {"kind": "error", "action": "DescribeImageTaskDetail", "code": "InvalidParameterValue.TaskId"}
    if deferrable:
        with pytest.raises(TaskDeferred) as deferred:
            task.run_here()
        assert deferred.value.trigger.serialize()[1]["since"] == task.record["accepted"]
    else:
        task.service.add_fault(times=2, **unknown)
        assert task.run(**WAITS)["TaskId"] == task.accepted[0]
    task.service.add_fault(times=1, **unknown)
    assert task.run(2, **WAITS)["TaskId"] == task.accepted[0]
    assert len(task.accepted) == 1


def test_a_request_under_way_while_the_task_was_deferred_is_found(
    make_task: Callable[..., Task], connect: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A neighbour with the same subject runs, so the doubt is deferred; ours arrives after the neighbour has ended."""
    monkeypatch.setattr(lookup, "SETTLE_SECONDS", 4.0)
    task, neighbour = make_task(), make_task(name="neighbour")
    task.service.add_fault(kind="task_seconds", seconds=3600, times=1)
    neighbour.run(prompt="other", task={"map_index": 7})
    task.service.add_fault(kind="delay", action=SUBMIT, seconds=3.0, times=1)
    connect(task.service.secret_id, task.service.secret_key, request_timeout=1)
    began = {"start_date": datetime.now(UTC) - timedelta(minutes=1)}
    with pytest.raises(TaskDeferred):
        task.run(deferrable=True, task=began, **WAITS)
    assert len(task.service.tasks) == 1
    task.service.tasks[0].seconds = 0.0
    event = {"mps_task_id": "t", "status": "success", "result": {"TaskId": "t", "Outputs": []}}
    result = task.operator(**WAITS).resume_in_doubt(task.last, event)
    assert result["TaskId"] == task.service.tasks[1].task_id
    assert len(task.service.tasks) == 2


def test_a_triggerer_without_permission_ends_the_doubt(task: Task) -> None:
    names = ("service", "action", "target", "code", "message", "request_id", "outcome")
    values = ("MPS", "DescribeImageTaskDetail", "t", "AuthFailure", "m", "r", "refused")
    error = dict(zip(names, values, strict=True))
    with pytest.raises(TencentCloudPermanentError, match="AuthFailure"):
        task.operator().resume_in_doubt(make_context(), {"mps_task_id": "t", "status": "error", "error": error})


def test_newcomers_with_the_same_subject_do_not_keep_a_doubt_open(
    make_task: Callable[..., Task], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lookup, "MAX_CLOCK_SKEW_SECONDS", 1.0)
    monkeypatch.setattr(submission, "SENDING_SECONDS", 0.0)
    task, neighbour = make_task(), make_task(name="neighbour")
    task.service.add_fault(kind="http", action=SUBMIT, times=1)
    task.service.add_fault(kind="http", action=LIST, times=6)
    with pytest.raises(MpsInDoubtError):
        task.run()
    time.sleep(3)
    task.service.add_fault(kind="task_seconds", seconds=3600, times=1)
    neighbour.run(prompt="other", task={"map_index": 7})
    began = {"start_date": datetime.now(UTC) - timedelta(seconds=10)}
    assert task.run(2, task=began) == task.accepted[1]


def test_without_a_store_a_lost_answer_after_a_clear_is_not_the_old_picture(make_task: Callable[..., Task]) -> None:
    task = make_task(store=False)
    task.run()
    first = finish(task)
    task.service.add_fault(kind="lost_answer", action=SUBMIT, times=1)
    assert task.run(2, 3) == task.accepted[1] != first
    assert len(task.accepted) == 2


def test_first_tries_look_for_nothing(make_task: Callable[..., Task]) -> None:
    for store in (True, False):
        make_task(store=store, name=f"{store}").run(**WAITS)
    assert not make_task().service.calls(LIST)


def test_not_durable_submits_on_every_try(task: Task) -> None:
    first = task.run(durable=False)
    assert task.run(2, durable=False) != first
    task.service.add_fault(kind="lost_answer", action=SUBMIT, times=1)
    with pytest.raises(TencentCloudError, match="may have been executed"):
        task.run(3, durable=False)
    assert not task.service.calls(LIST)
    assert task.store.get(MPS.record_key) is None  # type: ignore[union-attr]


def test_in_doubt_a_deferrable_task_waits_in_the_triggerer(task: Task) -> None:
    task.service.add_fault(kind="lost_answer", action=SUBMIT, times=1)
    task.service.backend.settings.task_seconds = 3600
    with pytest.raises(TaskDeferred) as deferred:
        task.run_here()
    _, kwargs = deferred.value.trigger.serialize()
    assert kwargs["mps_task_id"] == task.accepted[0]
    assert deferred.value.method_name == "resume_in_doubt"
    (submitted,) = task.service.tasks
    submitted.seconds = 0
    finish(task)
    result = task.operator(deferrable=True, **WAITS).resume_in_doubt(
        task.last, {"mps_task_id": "t", "status": "timeout", "last_seen": "x"}
    )
    assert result["TaskId"] == task.accepted[0]
    assert len(task.accepted) == 1


def test_without_a_store_a_doubt_of_the_first_try_stays_in_its_process(make_task: Callable[..., Task]) -> None:
    task = make_task(store=False)
    task.service.add_fault(kind="lost_answer", action=SUBMIT, times=1)
    task.service.add_fault(kind="task_seconds", seconds=0.6)
    assert task.run(deferrable=True, **WAITS)["TaskId"] == task.accepted[0]
    assert len(task.accepted) == 1


@pytest.mark.parametrize("deferrable", [False, True])
def test_a_doubt_that_outlasts_the_timeout_submits_nothing(deferrable: bool, task: Task) -> None:
    task.service.add_fault(kind="lost_answer", action=SUBMIT, times=1)
    task.service.backend.settings.task_seconds = 3600
    if deferrable:
        with pytest.raises(TaskDeferred):
            task.run_here()
    with pytest.raises(MpsInDoubtError, match="which may be it, was not done within timeout"):
        task.run(1, timeout=0.01, deferrable=deferrable, **WAITS)
    assert len(task.accepted) == 1


def test_one_deadline_from_the_submission_through_all_tries(task: Task) -> None:
    task.service.add_fault(kind="task_seconds", seconds=3600)
    with pytest.raises(MpsTimeoutError, match="A retry only looks once more") as caught:
        task.run(timeout=0.5, **WAITS)
    assert task.accepted[0] in str(caught.value)
    looks = len(task.service.calls("DescribeImageTaskDetail"))
    with pytest.raises(MpsTimeoutError):
        task.run(2, timeout=0.5, **WAITS)
    # The time is over since the first try: one look to join, none to wait.
    assert len(task.service.calls("DescribeImageTaskDetail")) == looks + 1
    with pytest.raises(TaskDeferred) as deferred:
        task.run(3, timeout=100, deferrable=True, **WAITS)
    _, kwargs = deferred.value.trigger.serialize()
    assert kwargs["deadline"] == pytest.approx(task.record["accepted"] + 100)


def test_execution_timeout_bounds_the_wait_in_the_triggerer(task: Task) -> None:
    task.service.add_fault(kind="task_seconds", seconds=3600)
    with pytest.raises(TaskDeferred) as deferred:
        task.run_here(execution_timeout=timedelta(seconds=30))
    _, kwargs = deferred.value.trigger.serialize()
    assert kwargs["deadline"] == pytest.approx(task.last["ti"].start_date.timestamp() + 30)
    assert kwargs["limit"] == "execution_timeout"


def test_the_clock_of_the_worker_may_be_ahead(task: Task, monkeypatch: pytest.MonkeyPatch) -> None:
    # By as much as the service lets a request pass with.
    task.service.add_fault(kind="lost_answer", action=SUBMIT, times=1)
    task.service.add_fault(kind="http", action=LIST, times=6)
    with pytest.raises(MpsInDoubtError):
        task.run()
    ahead = {**task.record, "intent": task.record["intent"] + 299}
    task.store.set(MPS.record_key, ahead)  # type: ignore[union-attr]
    assert task.run(2) == task.accepted[0]
    assert len(task.accepted) == 1


@pytest.mark.parametrize("payload_path", [None, "/mine/{inputName}_x.{format}"])
def test_any_other_schedule_is_found_again_too(payload_path: str | None, task: Task) -> None:
    storage = {"Bucket": task.service.bucket, "Region": task.service.region}
    payload: dict[str, Any] = {
        "InputInfo": {"Type": "COS", "CosInputInfo": {**storage, "Object": "/samples/coffee.png"}},
        "OutputStorage": {"Type": "COS", "CosOutputStorage": storage},
        "ImageTask": {"EncodeConfig": {"Format": "JPG", "Quality": 80}},
    }
    if payload_path:
        payload["OutputPath"] = payload_path
    task.service.add_fault(kind="lost_answer", action=SUBMIT, times=1)
    operator = MpsProcessImageOperator(task_id="task", payload=payload, wait_for_completion=True, poll_interval=0.1)
    result = operator.execute(make_context(task.store, began=datetime.now(UTC)))
    assert task.accepted == [result["TaskId"]]
    path = result["Outputs"][0]["path"]
    assert re.fullmatch(r"/mine/coffee_x\.jpeg" if payload_path else r".*/coffee-[0-9a-f]{16}\.jpeg", path)
