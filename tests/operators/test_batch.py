from __future__ import annotations

import asyncio
import json
import re
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from airflow.models.trigger import Trigger
from airflow.providers.common.compat.sdk import AirflowException, AirflowFailException, TaskDeferred

from airflow_provider_mps.batch import record as batch_record
from airflow_provider_mps.batch import run as batch_run
from airflow_provider_mps.batch import writer as batch_writer
from airflow_provider_mps.clients.pacing import Pacer
from airflow_provider_mps.exceptions import (
    InvalidArgumentError,
    MpsBatchFailedError,
    MpsBatchRecordError,
    MpsBatchRefusedError,
    MpsBatchTakenOverError,
    TencentCloudError,
    TencentCloudPermanentError,
    TriggerEventError,
)
from airflow_provider_mps.local.service import LocalService
from airflow_provider_mps.operators.mps import MpsImageBgFusionBatchOperator
from airflow_provider_mps.services.tencentcloud import lookup
from airflow_provider_mps.triggers.mps_batch import MpsImageBatchTrigger
from tests.task_context import execute, make_context

SUBMIT = "ProcessImage"
DETAIL = "DescribeImageTaskDetail"
IN_FLIGHT = 4
PREFIX = "airflow-mps/dag/task/"


@pytest.fixture(autouse=True)
def _quick(_no_waits: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch_writer, "TAKE_OVER_SECONDS", 0.2)
    monkeypatch.setattr(batch_writer, "START_SECONDS", 0.02)
    monkeypatch.setattr(batch_writer, "CHECK_SECONDS", 0.05)
    monkeypatch.setattr(batch_writer, "GATHER_SECONDS", 0.005)
    monkeypatch.setattr(batch_run, "IN_FLIGHT", IN_FLIGHT)
    monkeypatch.setattr(batch_record, "PAGE_ITEMS", 10)


class Batch:
    """One Airflow task with many pictures, and its tries."""

    def __init__(self, service: LocalService) -> None:
        self.service = service

    def operator(self, requests: Any, **arguments: Any) -> MpsImageBgFusionBatchOperator:
        given = {"deferrable": False, "poll_interval": 0.2, "retries": 2, "defaults": {"image_size": "1K"}}
        return MpsImageBgFusionBatchOperator(task_id="task", requests=requests, **{**given, **arguments})

    def run(
        self, requests: Any, try_number: int = 1, max_tries: int = 2, *, ti_id: str | None = None, **arguments: Any
    ) -> Any:
        context = make_context(try_number=try_number, max_tries=max_tries, id=ti_id)
        return execute(self.operator(requests, **arguments), context)

    @property
    def accepted(self) -> int:
        return len(self.service.accepted(SUBMIT))

    @property
    def pages(self) -> dict[str, bytes]:
        """The header, and the pages that count."""
        listing = self.service.backend.store.list(self.service.bucket, prefix=PREFIX, limit=1000)
        found = {item.key: self.service.get_object(self.service.bucket, item.key) for item in listing.objects}
        header = next((data for key, data in found.items() if key.endswith("batch.json")), b"{}")
        base = json.loads(header).get("base")
        return {key: data for key, data in found.items() if f"/{base}/" in key or key.endswith("batch.json")}


@pytest.fixture
def batch(service: LocalService, conn_id: str) -> Batch:
    return Batch(service)


def pictures(count: int, start: int = 0) -> list[dict[str, Any]]:
    # With a background the words do not change the picture, so the service makes it once.
    same = {"subject_cos_key": "/samples/coffee.png", "bg_cos_key": "/samples/brick.png"}
    return [{**same, "prompt": f"marble {n}"} for n in range(start, start + count)]


def wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.time() + 60
    while not holds():
        assert time.time() < deadline
        time.sleep(0.02)


def path_of(entry: dict[str, Any]) -> str:
    return str(entry["Outputs"][0]["path"])


def test_an_entry_for_each_request_in_order(batch: Batch) -> None:
    requests = [{**picture, "output_path": f"/o/{n}.jpeg"} for n, picture in enumerate(pictures(40))]
    found = batch.run(requests)
    assert [path_of(entry) for entry in found] == [f"/o/{n}.jpeg" for n in range(40)]
    assert all(batch.service.object_exists(batch.service.bucket, path_of(entry)) for entry in found)
    assert set(found[0]) == {"key", "subject", "TaskId", "Status", "CreateTime", "FinishTime", "Outputs"}
    assert [entry["key"] for entry in found] == list(range(40))
    assert {entry["subject"] for entry in found} == {f"cos://{batch.service.bucket}/samples/coffee.png"}
    assert batch.accepted == 40


def test_the_same_request_twice_is_two_pictures(batch: Batch) -> None:
    found = batch.run(pictures(1) * 3)
    assert len({path_of(entry) for entry in found}) == len({entry["TaskId"] for entry in found}) == 3
    assert batch.run(pictures(1) * 3, try_number=2) == found
    assert batch.accepted == 3


def test_a_request_has_the_arguments_of_the_single_operator_and_defaults_fill_in(batch: Batch) -> None:
    requests = [
        {"subject_cos_key": "/samples/coffee.png", "bg_cos_key": "/samples/brick.png", "format": "JPEG"},
        {"subject_url": f"{batch.service.url}/_local/samples/coffee.png", "prompt": ["a", "b"], "random_seed": "42"},
    ]
    batch.run(requests, defaults={"format": "PNG", "image_size": "1K", "output_dir": "/spring"})
    first, second = sorted(
        (call.body for call in batch.service.calls(SUBMIT)), key=lambda body: len(body["OutputPath"])
    )
    assert {body["AddOnParameter"]["OutputConfig"]["Format"] for body in (first, second)} == {"PNG", "JPEG"}
    assert all(body["OutputPath"].startswith("/spring/") for body in (first, second))
    seeded = next(body for body in (first, second) if "StdExtInfo" in body)
    assert seeded["AddOnParameter"]["ExtPrompt"] == [{"Prompt": "a"}, {"Prompt": "b"}]


def test_what_fails_has_an_entry_with_its_code(batch: Batch) -> None:
    batch.service.add_fault(kind="task_fail", match="marble 2", err_msg="InternalError", message="try later")
    batch.service.add_fault(kind="error", action=SUBMIT, match="marble 5", code="InvalidParameterValue", message="no")
    found = batch.run(pictures(8), max_failed="2")
    assert [bool(entry["Outputs"]) for entry in found] == [n not in (2, 5) for n in range(8)]
    assert found[2]["Error"]["Code"].endswith("InternalError")
    assert found[2]["Error"]["Message"] == "try later"
    assert found[2]["TaskId"] == batch.service.tasks[2].task_id or found[2]["TaskId"]
    assert found[5]["Error"]["Code"] == "InvalidParameterValue"
    assert found[5]["Error"]["RequestId"]
    assert found[5]["TaskId"] is None


def test_a_retry_submits_only_what_has_no_good_result(batch: Batch) -> None:
    batch.service.add_fault(kind="task_fail", match="marble 3", err_msg="InternalError", times=1)
    with pytest.raises(MpsBatchFailedError, match=r"1 of 6 pictures failed \(max_failed=0\).*requests\[3\] .*Internal"):
        batch.run(pictures(6))
    assert batch.accepted == 6
    found = batch.run(pictures(6), try_number=2)
    assert batch.accepted == 7
    assert all(entry["Outputs"] for entry in found)


def test_what_would_fail_the_same_way_is_not_paid_again(batch: Batch) -> None:
    batch.service.add_fault(kind="task_fail", match="marble 1", err_msg="InvalidInput")
    with pytest.raises(MpsBatchRefusedError) as caught:
        batch.run(pictures(3))
    assert isinstance(caught.value, AirflowFailException)
    # Beside one that may pass, Airflow retries, and only that one goes out again.
    batch.service.add_fault(kind="task_fail", match="marble 3", err_msg="InternalError", times=1)
    with pytest.raises(MpsBatchFailedError) as failed:
        batch.run(pictures(4), try_number=2)
    assert not isinstance(failed.value, AirflowFailException)
    assert batch.accepted == 4
    with pytest.raises(MpsBatchRefusedError):
        batch.run(pictures(4), try_number=3)
    assert batch.accepted == 5
    # A person who clears the task wants it tried; what succeeded is kept, as nobody got it yet.
    batch.service.clear_faults()
    assert all(entry["Outputs"] for entry in batch.run(pictures(4), try_number=4, max_tries=5))
    assert batch.accepted == 6


def test_a_clear_of_a_batch_that_returned_its_result_makes_all_anew(batch: Batch) -> None:
    first = batch.run(pictures(5))
    second = batch.run(pictures(5), try_number=2, max_tries=3)
    assert batch.accepted == 10
    assert not {entry["TaskId"] for entry in first} & {entry["TaskId"] for entry in second}
    # The new try is as safe as the first.
    assert batch.run(pictures(5), try_number=3, max_tries=3) == second
    assert batch.accepted == 10


def test_a_list_that_has_changed_since(batch: Batch) -> None:
    batch.service.add_fault(kind="task_fail", match="marble 0", err_msg="InternalError", times=1)
    with pytest.raises(MpsBatchFailedError):
        batch.run(pictures(24))
    # Shorter for once, then longer and in another order: what was paid for is known by what it is.
    batch.run(pictures(8, start=18), try_number=2)
    assert batch.accepted == 26
    found = batch.run(pictures(28)[::-1], try_number=3)
    assert batch.accepted == 26 + 1 + 2
    assert len({entry["TaskId"] for entry in found}) == 28


def defer(batch: Batch, requests: Any, **arguments: Any) -> dict[str, Any]:
    with pytest.raises(TaskDeferred) as caught:
        batch.run(requests, deferrable=True, **arguments)
    assert caught.value.method_name == "execute_complete"
    assert caught.value.timeout is not None
    # Airflow's own limit comes after the last look.
    assert caught.value.timeout > timedelta(seconds=arguments.get("timeout", 600) + 100)
    return dict(caught.value.trigger.serialize()[1])


def fire(kwargs: dict[str, Any]) -> dict[str, Any]:
    async def collect() -> list[Any]:
        return [event.payload async for event in MpsImageBatchTrigger(**kwargs).run()]

    (event,) = asyncio.run(collect())
    return dict(event)


def complete(batch: Batch, requests: Any, event: Any, **arguments: Any) -> Any:
    # Without nesting: Airflow 2 would refuse an execute inside of another call.
    operator = batch.operator(requests, deferrable=True, allow_nested_operators=False, **arguments)
    return operator.execute_complete(make_context(), event)


def test_deferred_once_for_all_with_small_messages(batch: Batch) -> None:
    batch.service.backend.settings.task_seconds = 3.0
    requests = pictures(25)
    kwargs = defer(batch, requests)
    assert len(json.dumps(kwargs)) < 600
    row = Trigger.from_object(MpsImageBatchTrigger(**kwargs))
    assert MpsImageBatchTrigger(**row.kwargs).serialize()[1] == kwargs
    event = fire(kwargs)
    assert len(json.dumps(event)) < 200
    calls = Counter(call.action for call in batch.service.journal)
    found = complete(batch, requests, event)
    assert [entry["Outputs"] != [] for entry in found] == [True] * 25
    assert batch.accepted == 25
    after = Counter(call.action for call in batch.service.journal)
    assert after[DETAIL] == calls[DETAIL] <= 35
    # Three pages, each of a size that may be written for every few submissions.
    assert len([key for key in batch.pages if "/records-" in key]) == 3
    assert max(map(len, batch.pages.values())) < 10_000


def test_the_record_holds_no_secret(batch: Batch) -> None:
    signed = f"{batch.service.url}/_local/samples/coffee.png?q-signature=0123456789abcdef"
    batch.run([{"subject_url": signed, "prompt": "x"}])
    stored = b"".join(batch.pages.values()).decode()
    assert batch.service.tasks[0].task_id in stored
    for secret in (batch.service.secret_key, batch.service.secret_id, "0123456789abcdef", "SignedUrl", "q-sign"):
        assert secret not in stored


def test_a_triggerer_that_dies_is_taken_over_by_another(batch: Batch) -> None:
    batch.service.add_fault(kind="task_seconds", match="marble 1", seconds=3600)
    requests = pictures(12)
    kwargs = defer(batch, requests)
    slow = [task for task in batch.service.tasks if task.seconds > 100]

    async def killed() -> None:
        async def run() -> None:
            async for _ in MpsImageBatchTrigger(**kwargs).run():
                raise AssertionError("it fired")

        task = asyncio.create_task(run())
        fast = {task.task_id for task in batch.service.tasks if task not in slow}
        looked = lambda: {call.task_id for call in batch.service.accepted(DETAIL)}  # noqa: E731
        await asyncio.to_thread(wait_until, lambda: fast <= looked())
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(killed())
    seen = Counter(call.task_id for call in batch.service.calls(DETAIL))
    for task in slow:
        task.seconds = 0.0
    found = complete(batch, requests, fire(kwargs))
    assert all(entry["Outputs"] for entry in found)
    assert batch.accepted == 12
    # What the first one has seen is in the record; of some the answer was under way.
    again = Counter(call.task_id for call in batch.service.calls(DETAIL)) - seen
    assert {task.task_id for task in batch.service.tasks} - set(again)


def test_the_triggerer_cannot_reach_the_record(batch: Batch) -> None:
    kwargs = defer(batch, pictures(2))
    batch.service.add_fault(kind="error", action="GetObject", code="AccessDenied", status=403)
    event = fire(kwargs)
    with pytest.raises(TencentCloudPermanentError, match="AccessDenied"):
        complete(batch, pictures(2), event)
    for unreadable in (None, {}, {"status": "odd"}, {"status": "error", "error": 1}):
        with pytest.raises(TriggerEventError):
            complete(batch, pictures(2), unreadable)


def test_too_late_and_a_retry_joins(batch: Batch) -> None:
    batch.service.add_fault(kind="task_seconds", match="marble 1", seconds=3600)
    for deferrable in (False, True):
        requests = pictures(3, start=3 * deferrable)
        if deferrable:
            batch.service.add_fault(kind="task_seconds", match="marble 4", seconds=3600)
            event = fire(defer(batch, requests, timeout=5))
            with pytest.raises(MpsBatchFailedError, match=r"1 x Timeout.*requests\[1\].*not done within timeout=5 s"):
                complete(batch, requests, event, timeout=5)
        else:
            with pytest.raises(MpsBatchFailedError, match=r"1 x Timeout"):
                batch.run(requests, timeout=5)
    for task in batch.service.tasks:
        task.seconds = 0.0
    assert all(entry["Outputs"] for entry in batch.run(pictures(3), try_number=2, timeout=5))
    assert batch.accepted == 6


def test_execution_timeout_holds_while_deferred(batch: Batch) -> None:
    batch.service.add_fault(kind="task_seconds", seconds=3600)
    limited = {"execution_timeout": timedelta(seconds=3)}
    context = make_context()
    with pytest.raises(TaskDeferred) as deferred:
        execute(batch.operator(pictures(2), deferrable=True, **limited), context)
    event = fire(dict(deferred.value.trigger.serialize()[1]))
    with pytest.raises(MpsBatchFailedError, match=r"not done within execution_timeout \(last seen"):
        batch.operator(pictures(2), deferrable=True, **limited).execute_complete(context, event)


def test_lost_answers_are_looked_up_and_paid_once(batch: Batch) -> None:
    batch.service.add_fault(kind="lost_answer", action=SUBMIT, probability=0.3)
    for action, times in {SUBMIT: 3, DETAIL: 5, "DescribeImageTasks": 3, "PutObject": 3}.items():
        batch.service.add_fault(kind="http", action=action, status=502, times=times, after=2)
    found = batch.run(pictures(40))
    assert len({path_of(entry) for entry in found}) == 40
    assert batch.accepted == 40
    # All who look ask for one list together.
    assert len(batch.service.calls("DescribeImageTasks")) < 100


def test_what_is_on_record_for_other_pictures_of_the_batch_is_not_looked_at(
    batch: Batch, monkeypatch: pytest.MonkeyPatch
) -> None:
    # All have one subject, so a list alone does not tell which is whose.
    monkeypatch.setattr(lookup, "MAX_LOOKS", IN_FLIGHT)
    batch.service.add_fault(kind="reset", action=SUBMIT, times=1, after=20)
    found = batch.run(pictures(30))
    assert len({path_of(entry) for entry in found}) == 30
    assert batch.accepted == 30


@pytest.mark.parametrize(
    ("requests", "defaults", "said"),
    [
        ("x", None, "requests: expected a whole address"),
        ([{}], None, r"requests\[0\]: subject_url or subject_cos_key is required"),
        ([{"subject_cos_key": "/a.png"}], None, r"requests\[0\]: prompt is required"),
        ([*pictures(1), {"subject": "x"}], None, r"requests\[1\]: subject: no such argument; there are subject_url"),
        (["x"], None, r"requests\[0\]: request: expected a dict"),
        (pictures(1), [], "defaults: expected a dict"),
        (pictures(1), {"bg_url": None}, "bg_url: was given as None"),
        (pictures(2), {"quality": 101}, r"requests\[0\]: quality: expected .* 100, got 101; requests\[1\]: quality"),
        ([{**pictures(1)[0], "bg_url": None}], None, r"requests\[0\]: bg_url: was given as None"),
    ],
)
def test_bad_requests_are_named_before_anything_is_sent(requests: Any, defaults: Any, said: str, batch: Batch) -> None:
    if isinstance(requests, list) and requests:
        with pytest.raises(ValueError, match=said):
            batch.operator(requests, defaults=defaults)
    operator = batch.operator(pictures(1))
    operator.requests, operator.defaults = requests, defaults
    with pytest.raises(InvalidArgumentError, match=said):
        execute(operator, make_context())
    assert not batch.service.journal


def test_other_bad_arguments(batch: Batch) -> None:
    for bad in ({"max_failed": -1}, {"max_failed": "few"}, {"record_bucket": "x"}, {"record_dir": ""}, {"timeout": 0}):
        with pytest.raises(ValueError, match=next(iter(bad))):
            batch.operator(pictures(1), **bad)


def test_a_refusal_that_all_would_meet_ends_the_batch(batch: Batch) -> None:
    batch.service.add_fault(kind="error", action=SUBMIT, code="AuthFailure.SignatureFailure", after=3)
    with pytest.raises(TencentCloudPermanentError, match="SignatureFailure"):
        batch.run(pictures(30))
    assert len(batch.service.calls(SUBMIT)) <= 3 + IN_FLIGHT
    batch.service.clear_faults()
    assert all(entry["Outputs"] for entry in batch.run(pictures(30), try_number=2, max_tries=3))
    assert batch.accepted == 30


def test_an_outage_ends_the_try(batch: Batch) -> None:
    batch.service.add_fault(kind="error", action=SUBMIT, code="ResourceInsufficient", after=3)
    with pytest.raises(TencentCloudError, match="ResourceInsufficient") as caught:
        batch.run(pictures(30))
    assert not isinstance(caught.value, AirflowFailException)
    assert len(batch.service.calls(SUBMIT)) <= 3 + 2 * IN_FLIGHT * 6
    batch.service.clear_faults()
    assert all(entry["Outputs"] for entry in batch.run(pictures(30), try_number=2))
    assert batch.accepted == 30


def test_without_a_record_nothing_is_submitted(batch: Batch) -> None:
    batch.service.add_fault(kind="error", action="PutObject", code="AccessDenied", status=403)
    with pytest.raises(TencentCloudPermanentError, match=r"PutObject .*AccessDenied"):
        batch.run(pictures(5))
    assert batch.accepted == 0


def test_a_record_that_stops_being_kept_stops_the_batch(batch: Batch) -> None:
    batch.service.add_fault(kind="http", action="PutObject", status=503, after=4)
    with pytest.raises(TencentCloudError, match="PutObject"):
        batch.run(pictures(30))
    paid = batch.accepted
    assert paid < 30
    batch.service.clear_faults()
    assert all(entry["Outputs"] for entry in batch.run(pictures(30), try_number=2))
    assert batch.accepted == 30


@pytest.mark.parametrize("page", ["batch.json", "records-00000.json", "ends-00000.json"])
def test_a_record_that_cannot_be_read(page: str, batch: Batch) -> None:
    batch.run(pictures(2))
    key = next(key for key in batch.pages if key.endswith(page))
    for garbage in (b"{", b'{"version":99}', b"[]"):
        batch.service.put_object(batch.service.bucket, key, garbage)
        with pytest.raises(MpsBatchRecordError, match=r"cannot be read.*Nothing was submitted") as caught:
            batch.run(pictures(2), try_number=2)
        assert isinstance(caught.value, AirflowFailException)
    assert batch.accepted == 2


def test_a_page_that_is_lost_is_not_taken_for_nothing_submitted(batch: Batch) -> None:
    batch.run(pictures(2))
    batch.service.backend.store.delete(batch.service.bucket, next(key for key in batch.pages if "records" in key))
    with pytest.raises(MpsBatchRecordError, match=r"records-00000\.json is missing"):
        batch.run(pictures(2), try_number=2)
    assert batch.accepted == 2


def test_without_the_record_of_earlier_tries_their_tasks_are_looked_for(batch: Batch, lines: Callable[[], str]) -> None:
    first = batch.run(pictures(12))
    for key in batch.pages:
        batch.service.backend.store.delete(batch.service.bucket, key)
    assert batch.run(pictures(15), try_number=2)[:12] == first
    assert batch.accepted == 15
    assert "Earlier tries have left nothing there" in lines()


def test_a_run_that_was_deleted_and_made_again_makes_all_anew(batch: Batch) -> None:
    first = batch.run(pictures(3), ti_id="0198-a")
    second = batch.run(pictures(3), ti_id="0198-b")
    assert not {entry["TaskId"] for entry in first} & {entry["TaskId"] for entry in second}
    assert batch.run(pictures(3), try_number=2, ti_id="0198-c") == second


def test_a_late_request_of_a_process_that_lost_its_batch_harms_nobody(batch: Batch) -> None:
    """Its page reaches COS when another try has long written its own."""
    batch.service.add_fault(kind="error", action=SUBMIT, code="InternalError", match="marble 1")
    with pytest.raises(MpsBatchFailedError):
        batch.run(pictures(12), timeout=60)
    old = {key: data for key, data in batch.pages.items() if "records" in key}
    batch.service.clear_faults()
    found = batch.run(pictures(12), try_number=2)
    for key, data in old.items():
        batch.service.put_object(batch.service.bucket, key, data)
    assert batch.run(pictures(12), try_number=3) == found
    assert batch.accepted == 12


def test_a_failure_that_would_come_again_is_known_by_a_look_too(batch: Batch) -> None:
    batch.service.add_fault(kind="task_fail", match="marble 1", err_msg="InvalidInput")
    batch.service.add_fault(kind="task_seconds", match="marble 0", seconds=3600)
    defer(batch, pictures(2))
    assert not any(b"InvalidInput" in data for data in batch.pages.values())
    for task in batch.service.tasks:
        task.seconds = 0.0
    with pytest.raises(MpsBatchRefusedError, match="InvalidInput"):
        batch.run(pictures(2), try_number=2)
    assert batch.accepted == 2


def test_a_look_that_fails_is_no_verdict(batch: Batch) -> None:
    batch.service.backend.settings.task_seconds = 2.0
    defer(batch, pictures(3))
    batch.service.add_fault(kind="http", action=DETAIL, status=502, times=18)
    assert all(entry["Outputs"] for entry in batch.run(pictures(3), try_number=2))
    assert batch.accepted == 3


def test_ending_the_task_stops_the_submissions(batch: Batch) -> None:
    batch.service.add_fault(kind="delay", action=SUBMIT, seconds=0.1)
    operator = batch.operator(pictures(40))

    def kill() -> None:
        wait_until(lambda: batch.accepted >= 10)
        operator.on_kill()

    with ThreadPoolExecutor() as pool:
        killed = pool.submit(kill)
        with pytest.raises(AirflowException, match="The batch was stopped"):
            execute(operator, make_context())
        killed.result()
    wait_until(lambda: not batch.service.backend.journal.under_way)
    paid = batch.accepted
    assert paid < 40
    time.sleep(0.5)
    assert batch.accepted == paid
    assert all(entry["Outputs"] for entry in batch.run(pictures(40), try_number=2))
    assert batch.accepted == 40


def test_a_process_that_wakes_late_sends_nothing(batch: Batch, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its intents are on record and its requests wait for their turn, when another try takes the batch."""
    monkeypatch.setattr(batch_writer, "CHECK_SECONDS", 0.0)
    asleep, awake = threading.Event(), threading.Event()
    turn = Pacer.await_turn

    async def sleepy(pacer: Pacer) -> None:
        await turn(pacer)
        if not awake.is_set() and batch.accepted >= 10:
            asleep.set()
            await asyncio.to_thread(awake.wait)

    monkeypatch.setattr(Pacer, "await_turn", sleepy)
    with ThreadPoolExecutor() as pool:
        first = pool.submit(batch.run, pictures(40))
        asleep.wait()
        monkeypatch.setattr(Pacer, "await_turn", turn)
        found = batch.run(pictures(40), try_number=2)
        awake.set()
        with pytest.raises(MpsBatchTakenOverError):
            first.result()
    assert len(found) == batch.accepted == 40


def test_a_process_that_lost_its_batch_stops(batch: Batch) -> None:
    batch.service.add_fault(kind="delay", action=SUBMIT, seconds=0.05)

    def steal() -> None:
        wait_until(lambda: batch.accepted >= 20)
        [key] = [key for key in batch.pages if key.endswith("batch.json")]
        header = batch_record.read_header(batch.pages[key])
        batch.service.put_object(batch.service.bucket, key, batch_record.write_header(replace(header, writer="other")))

    with ThreadPoolExecutor() as pool:
        stolen = pool.submit(steal)
        with pytest.raises(MpsBatchTakenOverError, match="Another try of this task works on the batch"):
            batch.run(pictures(40))
        stolen.result()
    assert batch.accepted < 40
    batch.service.clear_faults()
    assert all(entry["Outputs"] for entry in batch.run(pictures(40), try_number=2))
    assert batch.accepted == 40


def test_progress_is_told(batch: Batch, lines: Callable[[], str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch_run, "REPORT_SECONDS", 0.1)
    monkeypatch.setattr("airflow_provider_mps.triggers.batch.REPORT_SECONDS", 0.1)
    batch.service.add_fault(kind="task_fail", match="marble 7", err_msg="InternalError")
    batch.run(pictures(30), max_failed=1)
    told = lines()
    assert re.search(
        r"Submitted \d+ of 30, finished \d+, failed \d; \d+\.\d submitted per second, about \d+ s left", told
    )
    assert "29 of 30 pictures are there, 1 failed" in told
    assert "requests[7] (cos://" in told
    batch.service.backend.settings.task_seconds = 1.0
    fire(defer(batch, pictures(5, start=100)))
    assert re.search(r"Submitted 5 of 5, finished \d, failed 0; ", lines())


def test_signed_addresses_stay_out_of_the_log(batch: Batch, lines: Callable[[], str]) -> None:
    signed = f"{batch.service.url}/nowhere.png?q-signature=0123456789abcdef"
    with pytest.raises(MpsBatchFailedError) as caught:
        batch.run([{"subject_url": signed, "prompt": "x"}])
    assert "nowhere.png" in str(caught.value)
    assert "0123456789abcdef" not in str(caught.value) + lines()
