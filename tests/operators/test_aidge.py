"""The operators for Aidge: what is sent, what comes back, and what a retry does."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from airflow.models.trigger import Trigger
from airflow.providers.common.compat.sdk import (
    AirflowException,
    AirflowFailException,
    AirflowSensorTimeout,
    AirflowTaskTimeout,
    ObjectStoragePath,
    TaskDeferred,
)

from airflow_provider_mps.clients import aidge as aidge_client
from airflow_provider_mps.clients.pacing import Pacer
from airflow_provider_mps.core import calls
from airflow_provider_mps.exceptions import (
    AidgeError,
    AidgeExecutionTimeoutError,
    AidgeInDoubtError,
    AidgePermanentError,
    AidgeTaskFailedError,
    AidgeTaskRefusedError,
    AidgeTimeoutError,
    InvalidArgumentError,
    TriggerEventError,
)
from airflow_provider_mps.local.pictures.sample_pictures import LARGE_SAMPLE, read_sample
from airflow_provider_mps.local.service import LocalService
from airflow_provider_mps.operators.aidge import AidgeBackgroundGenerationOperator, AidgeSceneSearchOperator
from airflow_provider_mps.sensors.aidge import AidgeImageTaskSensor
from airflow_provider_mps.services.aidge.words import AidgeAction
from airflow_provider_mps.services.profiles import AIDGE
from airflow_provider_mps.triggers.aidge import AidgeImageTaskTrigger
from tests.task_context import StateStore, execute, make_context

pytestmark = pytest.mark.usefixtures("_no_waits", "aidge_conn_id")

SUBMIT, QUERY = AidgeAction.GENERATE.value, AidgeAction.QUERY.value
WAITS = {"wait_for_completion": True, "poll_interval": 0.1}


class Task:
    """One Airflow task and its tries."""

    def __init__(self, service: LocalService, store: StateStore | None) -> None:
        self.service = service
        self.store = store
        self.run_began = make_context()["dag_run"].start_date
        self.last: Any = None

    def operator(self, **arguments: Any) -> AidgeBackgroundGenerationOperator:
        given = {"image_url": f"{self.service.url}/_local/samples/coffee-large.jpg", "scene_id": 3, "retries": 2}
        return AidgeBackgroundGenerationOperator(task_id="task", **{**given, **arguments})

    def run(self, try_number: int = 1, max_tries: int = 2, **arguments: Any) -> Any:
        self.last = make_context(self.store, run_began=self.run_began, try_number=try_number, max_tries=max_tries)
        return execute(self.operator(**arguments), self.last)

    @property
    def accepted(self) -> list[str]:
        return [call.task_id for call in self.service.accepted(SUBMIT)]

    def end_all(self) -> None:
        for task in self.service.aidge_tasks:
            task.seconds = 0.0
        deadline = time.monotonic() + 60
        while any(task.done is None for task in self.service.aidge_tasks):
            assert time.monotonic() < deadline
            time.sleep(0.02)


@pytest.fixture
def task(service: LocalService, tmp_path: Path) -> Task:
    return Task(service, StateStore(tmp_path / "state.json"))


@pytest.fixture
def bare_task(service: LocalService) -> Task:
    """On an Airflow that keeps no state of tasks."""
    return Task(service, None)


def test_submit_only(task: Task) -> None:
    task_id = task.run()
    assert task.accepted == [task_id]
    assert task.last["ti"].xcoms == {"aidge_task_id": task_id}
    assert not task.service.calls(QUERY)


def test_wait_in_the_worker(task: Task, lines: Callable[[], str]) -> None:
    result = task.run(image_num="2", **WAITS)
    assert set(result) == {"TaskId", "Status", "Images"}
    assert [set(image) for image in result["Images"]] == [{"url", "scene", "message"}] * 2
    assert all("?" not in image["url"] for image in result["Images"])
    assert json.dumps(result)
    assert f"Aidge task {result['TaskId']} finished with 2 pictures" in lines()


def test_a_file_is_read_and_goes_before_an_address(task: Task, tmp_path: Path, lines: Callable[[], str]) -> None:
    path = tmp_path / "cup.jpg"
    path.write_bytes(read_sample(LARGE_SAMPLE))
    for given in (str(path), f"file://{path}"):
        result = task.run(image_path=given, **WAITS)
        assert len(result["Images"]) == 4
    sent = [call.body["requestParams"][0] for call in task.service.calls(SUBMIT)]
    assert all("imgBase64" in element and "imageFileUrl" not in element for element in sent)
    assert "image_url is left out: image_path is given too" in lines()


def test_a_file_in_cos(task: Task, conn_id: str) -> None:
    service = task.service
    service.put_object(service.bucket, "/in/cup.jpg", read_sample(LARGE_SAMPLE))
    for address in (f"cos://{service.bucket}/in/cup.jpg", "cos:///in/cup.jpg"):
        assert task.run(image_url=None, image_path=address, **WAITS)["Images"]
    service.put_object(service.bucket, "/in/cup", b"another")
    service.put_object(service.bucket, "/in/cup#1.jpg", read_sample(LARGE_SAMPLE))
    assert task.run(image_url=None, image_path="cos:///in/cup#1.jpg", scene_id=8)
    service.put_object(service.bucket, "/in/big.jpg", read_sample(LARGE_SAMPLE) + bytes(4 * 2**20))
    with pytest.raises(
        InvalidArgumentError, match=r"image_path: expected at most 4,194,304 bytes, got .* \(cos:///in/big"
    ):
        task.run(image_path="cos:///in/big.jpg")
    with pytest.raises(AirflowException, match="nowhere") as caught:
        task.run(image_path="cos:///nowhere.jpg")
    assert not isinstance(caught.value, AirflowFailException)


def test_a_file_that_is_not_there(task: Task, tmp_path: Path) -> None:
    for path in (tmp_path / "nowhere.jpg", tmp_path):
        with pytest.raises(InvalidArgumentError, match="image_path: expected a file that exists"):
            task.run(image_url=None, image_path=str(path))
    assert not task.service.journal


def test_paths_of_other_kinds(task: Task, tmp_path: Path) -> None:
    path = tmp_path / "cup.jpg"
    path.write_bytes(read_sample(LARGE_SAMPLE))
    for given in (path, ObjectStoragePath(f"file://{path}")):
        assert task.run(image_url=None, image_path=given, image_num=2, scene_id=9, **WAITS)["Images"]


def test_a_storage_that_airflow_does_not_know(task: Task) -> None:
    with pytest.raises(InvalidArgumentError, match=r"image_path: nowhere://a/b.jpg: .* provider of this storage"):
        task.run(image_url=None, image_path="nowhere://a/b.jpg?sign=hunter22hunter")
    assert not task.service.journal


def test_what_is_no_base64_is_not_shown(task: Task) -> None:
    with pytest.raises(
        InvalidArgumentError, match="image_base64: expected a picture in Base64, got 39 other"
    ) as caught:
        task.run(image_url=None, image_base64="https://a/b.jpg?Signature=hunter22hunte")
    assert "hunter22" not in str(caught.value)


def test_a_path_that_can_be_none(task: Task) -> None:
    for path in ("/9j/" + "4AAQ" * 500, "/tmp/a\x00b.jpg", f"{__file__}/a.jpg"):
        with pytest.raises(InvalidArgumentError, match="image_path: expected") as caught:
            task.run(image_url=None, image_path=path)
        assert len(str(caught.value)) < 300
    assert not task.service.journal


def test_fewer_pictures_than_were_asked_for(task: Task, lines: Callable[[], str]) -> None:
    operator = task.operator(image_num="3", wait_for_completion=True)
    image = {"url": "https://a/b.jpg", "scene": "3", "message": ""}
    event = {"aidge_task_id": "t", "status": "success", "result": {"TaskId": "t", "Status": "x", "Images": [image]}}
    operator.execute_complete(make_context(), event)
    assert "3 pictures were asked for, and Aidge tells of 1" in lines()


def test_base64(task: Task) -> None:
    picture = base64.b64encode(read_sample(LARGE_SAMPLE)).decode()
    assert task.run(image_url=None, image_base64=picture, **WAITS)["Images"]


def test_layout_and_size_travel(task: Task) -> None:
    task.run(need_layout="true", product_title="咖啡杯", width="750", height=1000, image_num=2)
    [element] = task.service.calls(SUBMIT)[0].body["requestParams"]
    assert {name: element[name] for name in ("needLayout", "productTitle", "width", "height", "imageNum")} == {
        "needLayout": "true",
        "productTitle": "咖啡杯",
        "width": "750",
        "height": "1000",
        "imageNum": "2",
    }


def test_a_value_that_renders_to_none_is_not_taken_for_one_that_was_not_given(task: Task) -> None:
    operator = task.operator(image_path="{{ x }}", product_title="{{ x }}")
    operator.image_path = None
    with pytest.raises(InvalidArgumentError, match="image_path: was given, and its template rendered to None"):
        execute(operator, make_context())
    assert not task.service.journal


def test_bad_arguments_show_when_the_dag_is_read(task: Task) -> None:
    for bad in ({"image_num": 1}, {"scene_id": None}, {"on_doubt": "perhaps"}, {"timeout": 0}, {"poll_interval": -1}):
        with pytest.raises(ValueError, match=next(iter(bad))):
            task.operator(**bad)


def test_a_task_that_fails(task: Task) -> None:
    task.service.add_fault(kind="task_fail", action=SUBMIT, message="too dark", times=1)
    with pytest.raises(
        AidgeTaskFailedError, match=r"Aidge task \w+ finished without a result: failed: too dark"
    ) as caught:
        task.run(**WAITS)
    assert not isinstance(caught.value, AirflowFailException)
    # The retry makes another one.
    assert task.run(2, **WAITS)["TaskId"] == task.accepted[1]


def test_a_picture_that_fails(task: Task, lines: Callable[[], str]) -> None:
    task.service.add_fault(kind="task_fail", action=SUBMIT, message="too dark", inner=True)
    result = task.run(image_num=3, **WAITS)
    assert [bool(image["url"]) for image in result["Images"]] == [True, True, False]
    assert result["Images"][2]["message"] == "too dark"
    assert "1 picture could not be made: too dark" in lines()


def test_content_that_is_refused_while_it_runs(task: Task) -> None:
    task.service.add_fault(kind="error", action=QUERY, code="1000", message="sensitive")
    with pytest.raises(
        AidgeTaskRefusedError, match=r"1000: sensitive. The content check .* fails without retries"
    ) as caught:
        task.run(**WAITS)
    assert isinstance(caught.value, AirflowFailException)


def test_a_retry_does_not_pay_again_for_what_is_refused(task: Task) -> None:
    task.service.add_fault(kind="task_seconds", action=SUBMIT, seconds=3600)
    with pytest.raises(AidgeTimeoutError):
        task.run(timeout=0.2, **WAITS)
    task.service.add_fault(kind="error", action=QUERY, code="1000", message="sensitive")
    for waits in (WAITS, {}):
        with pytest.raises(AidgeTaskRefusedError, match="1000: sensitive"):
            task.run(2, timeout=0.2, **waits)
    assert len(task.accepted) == 1
    # A person may want it tried.
    assert task.run(3, 5) == task.accepted[1]


def test_too_late_and_the_retry_joins(task: Task) -> None:
    task.service.add_fault(kind="task_seconds", action=SUBMIT, seconds=3600)
    with pytest.raises(AidgeTimeoutError, match=r"not done within timeout=0.3 s \(last seen: \w+\)"):
        task.run(timeout=0.3, **WAITS)
    task.end_all()
    assert task.run(2, timeout=0.3, **WAITS)["TaskId"] == task.accepted[0]
    assert len(task.accepted) == 1


@pytest.mark.parametrize("kind", ["lost_answer", "reset", "garbage"])
@pytest.mark.parametrize("with_store", [True, False])
def test_in_doubt_the_default_is_to_fail(
    kind: str, with_store: bool, task: Task, bare_task: Task, lines: Callable[[], str]
) -> None:
    task = task if with_store else bare_task
    task.service.add_fault(kind=kind, action=SUBMIT, times=1, **({"executed": True} if kind == "garbage" else {}))
    with pytest.raises(AidgeInDoubtError, match="Aidge has no list of tasks") as caught:
        task.run()
    assert isinstance(caught.value, AirflowFailException)
    assert "coffee-large.jpg: what became of the submission is not known" in str(caught.value)
    assert "set on_doubt='resubmit' and clear the task" in str(caught.value)
    calls = len(task.service.calls(SUBMIT))
    # However it comes to another try: nothing is submitted.
    with pytest.raises(AidgeInDoubtError):
        task.run(2)
    assert len(task.service.calls(SUBMIT)) == calls
    # Until a person decides.
    assert task.run(3, 4, on_doubt="resubmit")
    assert len(task.service.calls(SUBMIT)) == calls + 1


def test_in_doubt_resubmit_pays_rather_than_waits_for_a_person(task: Task, lines: Callable[[], str]) -> None:
    task.service.add_fault(kind="lost_answer", action=SUBMIT, times=1)
    with pytest.raises(AidgeError) as caught:
        task.run(on_doubt="resubmit")
    assert not isinstance(caught.value, AirflowFailException)
    second = task.run(2, on_doubt="resubmit")
    assert task.accepted[1] == second
    assert "a submission is on record without its answer; on_doubt='resubmit' submits in any case" in lines()
    assert task.run(3, on_doubt="resubmit") == second


def test_a_retry_joins_what_an_earlier_try_has_submitted(task: Task, lines: Callable[[], str]) -> None:
    first = task.run()
    assert task.run(2) == first
    assert task.run(3) == first
    assert task.accepted == [first]
    assert f"Joining Aidge task {first}" in lines()


def test_a_clear_makes_new_pictures_unless_nobody_got_the_old_ones(task: Task) -> None:
    task.service.add_fault(kind="task_seconds", action=SUBMIT, seconds=3600)
    with pytest.raises(AidgeTimeoutError):
        task.run(timeout=0.2, **WAITS)
    task.end_all()
    task.service.clear_faults()
    first = task.run(2, 3, **WAITS)
    assert task.accepted == [first["TaskId"]]
    second = task.run(3, 5, **WAITS)
    assert task.accepted == [first["TaskId"], second["TaskId"]]


def test_what_was_certainly_not_executed_is_no_doubt(task: Task) -> None:
    task.service.add_fault(kind="error", action=SUBMIT, code="501", times=6)
    with pytest.raises(AidgeError, match="501"):
        task.run()
    assert task.run(2)
    assert len(task.accepted) == 1


def test_a_try_that_ends_before_anything_was_sent_leaves_no_doubt(task: Task, monkeypatch: pytest.MonkeyPatch) -> None:
    def too_long(*_: Any) -> float:
        raise AirflowTaskTimeout("execution_timeout")

    with monkeypatch.context() as patch:
        patch.setattr(Pacer, "wait", too_long)
        with pytest.raises(AirflowTaskTimeout):
            task.run()
    # In a pause between two requests, the first of which was refused.
    task.service.add_fault(kind="error", action=SUBMIT, code="501", times=1)
    with monkeypatch.context() as patch:
        patch.setattr(calls, "WAIT", too_long)
        with pytest.raises(AirflowTaskTimeout):
            task.run(2)
    assert len(task.service.calls(SUBMIT)) == 1
    assert task.run(3, 2) == task.accepted[0]
    # While the answer is waited for, it is a doubt.
    with monkeypatch.context() as patch:
        patch.setattr(aidge_client, "read_response", too_long)
        with pytest.raises(AirflowTaskTimeout):
            task.run(4, 4, scene_id=9)
    with pytest.raises(AidgeInDoubtError):
        task.run(5, 4, scene_id=9)


def test_a_picture_that_is_gone_and_a_task_that_is_known(task: Task, tmp_path: Path, lines: Callable[[], str]) -> None:
    path = tmp_path / "cup.jpg"
    path.write_bytes(read_sample(LARGE_SAMPLE))
    task.service.add_fault(kind="task_seconds", action=SUBMIT, seconds=3600)
    with pytest.raises(AidgeTimeoutError):
        task.run(image_url=None, image_path=path, timeout=0.2, **WAITS)
    path.unlink()
    with pytest.raises(InvalidArgumentError, match="expected a file that exists"):
        task.run(2, image_url=None, image_path=path, timeout=0.2, **WAITS)
    assert f"An earlier try has submitted Aidge task {task.accepted[0]}, which is paid for" in lines()


def test_changed_arguments_are_another_request(task: Task) -> None:
    first = task.run()
    second = task.run(2, scene_id=4)
    assert task.accepted == [first, second]


def test_without_a_record_a_retry_is_in_doubt_and_a_clear_is_not(bare_task: Task, lines: Callable[[], str]) -> None:
    bare_task.run()
    with pytest.raises(AidgeInDoubtError, match="earlier tries left no record"):
        bare_task.run(2)
    assert bare_task.run(2, on_doubt="resubmit") == bare_task.accepted[1]
    assert bare_task.run(2, 3) == bare_task.accepted[2]
    assert "the task was cleared, and there is no record of its earlier tries" in lines()


def test_a_record_that_cannot_be_read_is_a_doubt(task: Task) -> None:
    assert task.store is not None
    task.run()
    task.store.set(AIDGE.record_key, {"version": 99})
    with pytest.raises(AidgeInDoubtError):
        task.run(2)
    assert len(task.accepted) == 1


def test_a_clear_settles_no_doubt_about_a_record_that_cannot_be_read(task: Task) -> None:
    assert task.store is not None
    task.run()
    task.store.set(AIDGE.record_key, {"version": 99})
    with pytest.raises(AidgeInDoubtError, match="is not a record"):
        task.run(2, 4)
    assert task.run(3, 6, on_doubt="resubmit") == task.accepted[1]


def test_a_record_that_cannot_be_written_ends_the_try_before_anything_is_paid_for(
    task: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = StateStore.set
    for writes in (False, True):
        broken = [1]

        def fail(
            store: StateStore, key: str, value: Any, writes: bool = writes, broken: list[int] = broken, **how: Any
        ):  # type: ignore[no-untyped-def]
            if writes or not broken:
                kept(store, key, value, **how)
            if broken:
                broken.pop()
                raise ConnectionError("the API server went away")

        monkeypatch.setattr(StateStore, "set", fail)
        with pytest.raises(ConnectionError, match="went away"):
            task.run()
        assert not task.service.calls(SUBMIT)
    # Whether it was written or not, the retry is in no doubt.
    assert task.run(2) == task.accepted[0]


def test_what_is_paid_for_survives_a_record_that_cannot_be_written(
    task: Task, monkeypatch: pytest.MonkeyPatch, lines: Callable[[], str]
) -> None:
    kept, written = StateStore.set, []

    def fail(store: StateStore, key: str, value: Any, **how: Any) -> None:
        written.append(value)
        if len(written) > 1:
            raise ConnectionError("the API server went away")
        kept(store, key, value, **how)

    monkeypatch.setattr(StateStore, "set", fail)
    assert task.run() == task.accepted[0]
    assert "The submission record could not be written (the API server went away)" in lines()
    with pytest.raises(AidgeInDoubtError, match="a submission is on record without its answer"):
        task.run(2)


def test_a_person_can_replace_a_task_that_never_ends(task: Task, lines: Callable[[], str]) -> None:
    task.service.add_fault(kind="task_seconds", action=SUBMIT, seconds=3600)
    for try_number in (1, 2):
        with pytest.raises(AidgeTimeoutError):
            task.run(try_number, timeout=0.2, on_doubt="resubmit", **WAITS)
    # A clear alone, and a retry with the argument, go on waiting for it.
    with pytest.raises(AidgeTimeoutError):
        task.run(3, 4, timeout=0.2, **WAITS)
    assert len(task.accepted) == 1
    assert task.run(4, 6, timeout=0.2, on_doubt="resubmit") == task.accepted[1]
    assert "is not done in time, and on_doubt='resubmit'" in lines()


def test_a_person_can_replace_a_task_that_aidge_cannot_tell_of(task: Task) -> None:
    task.run(timeout=0.2)
    time.sleep(0.3)
    task.service.add_fault(kind="error", action=QUERY, code="801")
    for try_number, max_tries, on_doubt in ((2, 2, "resubmit"), (3, 4, "fail")):
        with pytest.raises(AidgeError, match="801"):
            task.run(try_number, max_tries, timeout=0.2, on_doubt=on_doubt)
    assert task.run(4, 6, timeout=0.2, on_doubt="resubmit") == task.accepted[1]


def test_the_record_is_its_own_and_holds_no_secret(task: Task) -> None:
    assert task.store is not None
    signed = f"{task.service.url}/_local/samples/coffee-large.jpg?Signature=0123456789abcdef"
    task.run(image_url=signed)
    stored = task.store.path.read_text()
    assert list(json.loads(stored)) == ["aidge_submission"]
    for secret in (task.service.aidge_secret, task.service.aidge_key_name, "0123456789abcdef"):
        assert secret not in stored


def defer(task: Task, **arguments: Any) -> TaskDeferred:
    with pytest.raises(TaskDeferred) as caught:
        task.run(wait_for_completion=True, deferrable=True, poll_interval=0.2, **arguments)
    return caught.value


def fire(kwargs: dict[str, Any]) -> Any:
    async def collect() -> list[Any]:
        return [event.payload async for event in AidgeImageTaskTrigger(**kwargs).run()]

    (event,) = asyncio.run(collect())
    return event


def complete(task: Task, event: Any, **arguments: Any) -> Any:
    operator = task.operator(wait_for_completion=True, deferrable=True, allow_nested_operators=False, **arguments)
    return operator.execute_complete(task.last, event)


def test_wait_in_the_triggerer(task: Task) -> None:
    deferred = defer(task)
    kwargs = dict(deferred.trigger.serialize()[1])
    assert deferred.timeout is not None
    assert deferred.timeout > timedelta(seconds=600)
    row = Trigger.from_object(AidgeImageTaskTrigger(**kwargs))
    assert AidgeImageTaskTrigger(**row.kwargs).serialize()[1] == kwargs
    event = fire(kwargs)
    assert event["aidge_task_id"] == task.accepted[0]
    result = complete(task, event)
    assert len(result["Images"]) == 4
    # A clear from now on makes new pictures.
    assert task.store is not None
    assert task.store.get(AIDGE.record_key)["delivered"] is True


def test_ends_of_waiting_in_the_triggerer(task: Task) -> None:
    service = task.service
    service.add_fault(kind="task_fail", action=SUBMIT, message="too dark", times=1)
    event = fire(dict(defer(task).trigger.serialize()[1]))
    with pytest.raises(AidgeTaskFailedError, match="failed: too dark"):
        complete(task, event)
    service.add_fault(kind="task_seconds", action=SUBMIT, seconds=3600)
    event = fire(dict(defer(task, scene_id=5, timeout=0.5).trigger.serialize()[1]))
    with pytest.raises(AidgeTimeoutError, match="not done within timeout"):
        complete(task, event, timeout=0.5)
    event = fire(dict(defer(task, scene_id=6, execution_timeout=timedelta(seconds=0.5)).trigger.serialize()[1]))
    with pytest.raises(AidgeExecutionTimeoutError, match="not done within execution_timeout"):
        complete(task, event)
    kwargs = dict(defer(task, scene_id=7).trigger.serialize()[1])
    event = fire({**kwargs, "aidge_task_id": "no-such-task", "since": None})
    with pytest.raises(AidgePermanentError, match="700"):
        complete(task, event)


@pytest.mark.parametrize(
    "change",
    [
        {"result": {}},
        {"result": None},
        {"result": {"TaskId": "another", "Images": []}},
        {"status": "x"},
        {"aidge_task_id": ""},
    ],
)
def test_odd_events_are_named(change: dict[str, Any], task: Task) -> None:
    event = {"aidge_task_id": "t", "status": "success", "result": {"TaskId": "t", "Status": "finished", "Images": []}}
    task.run()
    for odd in (
        {**event, **change},
        None,
        {"mps_task_id": "t", "status": "success", "result": {"TaskId": "t", "Outputs": []}},
    ):
        with pytest.raises(TriggerEventError):
            complete(task, odd)


def test_a_sensor_that_is_out_of_time_says_what_a_sensor_can_do(task: Task) -> None:
    task.service.add_fault(kind="task_seconds", action=SUBMIT, seconds=3600)
    sensor = AidgeImageTaskSensor(task_id="wait", aidge_task_id=task.run(), poke_interval=0.1, timeout=0.2)
    with pytest.raises(AirflowSensorTimeout, match=r"is paid for. Airflow does not retry a sensor") as caught:
        execute(sensor, make_context())
    assert "on_doubt" not in str(caught.value)


def test_many_share_one_client(task: Task, monkeypatch: pytest.MonkeyPatch) -> None:
    made = []
    make = aidge_client.async_client
    monkeypatch.setattr(aidge_client, "async_client", lambda settings: made.append(1) or make(settings))
    kwargs = [dict(defer(task, scene_id=scene).trigger.serialize()[1]) for scene in range(1, 9)]

    async def wait_for(arguments: dict[str, Any]) -> Any:
        return [event.payload async for event in AidgeImageTaskTrigger(**arguments).run()]

    async def gather() -> Any:
        return await asyncio.gather(*map(wait_for, kwargs))

    assert [event["status"] for [event] in asyncio.run(gather())] == ["success"] * 8
    assert len(made) == 1


def test_signed_addresses_are_masked(task: Task, lines: Callable[[], str]) -> None:
    signed = f"{task.service.url}/_local/samples/nowhere.jpg?Signature=0123456789abcdef"
    with pytest.raises(AidgeTaskFailedError) as caught:
        task.run(image_url=signed, **WAITS)
    assert "0123456789abcdef" not in str(caught.value) + lines()


def test_scene_search(service: LocalService, lines: Callable[[], str]) -> None:
    operator = AidgeSceneSearchOperator(task_id="task", product_title="Coffee cup", scene_type="indoor", count="4")
    found = execute(operator, make_context())
    assert 0 < len(found) <= 4
    assert all(set(scene) == {"id", "name", "cover", "tags"} for scene in found)
    assert f"{len(found)} scenes: {found[0]['id']} ({found[0]['name']})" in lines()
    assert service.calls(AidgeAction.SCENES)[0].body == {"productTitle": "Coffee cup", "sceneType": "1", "count": "4"}


def test_a_search_that_renders_to_nothing_is_not_one_for_everything(service: LocalService) -> None:
    operator = AidgeSceneSearchOperator(task_id="task", product_title="{{ x }}")
    operator.product_title = None
    with pytest.raises(InvalidArgumentError, match="product_title: was given, and its template rendered to None"):
        execute(operator, make_context())
    assert not service.journal


def test_bad_scene_searches(service: LocalService) -> None:
    with pytest.raises(ValueError, match="category"):
        AidgeSceneSearchOperator(task_id="task", category=12)
    operator = AidgeSceneSearchOperator(task_id="task", category="{{ x }}")
    operator.category = "shoes"
    with pytest.raises(InvalidArgumentError, match="category: expected a whole number from 1 to 11, got 'shoes'"):
        execute(operator, make_context())
    assert not service.journal


def test_a_finished_task_that_shows_nothing_is_looked_at_a_few_times(task: Task) -> None:
    task.service.add_fault(kind="status", action=QUERY, status="finished")
    with pytest.raises(AidgeTaskFailedError, match="NoResult: the task is finished without a picture") as caught:
        task.run(timeout=20, **WAITS)
    assert len(task.service.calls(QUERY)) == 4
    assert "A retry looks again, and submits nothing." in str(caught.value)
    with pytest.raises(AidgeTaskFailedError, match="NoResult"):
        task.run(2, timeout=20, **WAITS)
    assert len(task.accepted) == 1


def test_a_sensor_and_a_trigger_give_up_likewise(task: Task) -> None:
    task_id = task.run()
    task.service.add_fault(kind="status", action=QUERY, status="finished")
    sensor = AidgeImageTaskSensor(task_id="sensor", aidge_task_id=task_id, poke_interval=0.1, timeout=20)
    with pytest.raises(AidgeTaskFailedError, match="NoResult"):
        sensor.execute(make_context())
    assert len(task.service.calls(QUERY)) == 4

    async def fire() -> list[Any]:
        trigger = AidgeImageTaskTrigger(task_id, "aidge_default", 0.1, time.time() + 20)
        return [event.payload async for event in trigger.run()]

    (event,) = asyncio.run(fire())
    assert (event["status"], event["code"]) == ("failed", "NoResult")
    assert len(task.service.calls(QUERY)) == 8


def test_a_finished_task_whose_picture_comes_late_is_waited_for(task: Task) -> None:
    task.service.add_fault(kind="status", action=QUERY, status="finished", times=3)
    assert task.run(timeout=20, **WAITS)["Images"]
