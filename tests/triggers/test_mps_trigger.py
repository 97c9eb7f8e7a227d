from __future__ import annotations

import asyncio
import json
import time
from datetime import UTC, datetime
from typing import Any

import pytest
from airflow.models.trigger import Trigger
from airflow.providers.common.compat.sdk import (
    AirflowException,
    AirflowSensorTimeout,
    AirflowSkipException,
    AirflowTaskTimeout,
    TaskDeferred,
)

from airflow_provider_mps.core.outcomes import Outcome
from airflow_provider_mps.core.tasks import TaskState
from airflow_provider_mps.exceptions import (
    MpsExecutionTimeoutError,
    MpsTaskFailedError,
    MpsTimeoutError,
    TencentCloudPermanentError,
    TriggerEventError,
)
from airflow_provider_mps.hooks.mps import MpsHook
from airflow_provider_mps.local.service import LocalService
from airflow_provider_mps.operators.mps import MpsImageBgFusionOperator
from airflow_provider_mps.sensors.mps import MpsImageTaskSensor
from airflow_provider_mps.triggers.mps import MpsImageTaskTrigger
from tests.task_context import Ti, make_context

DETAIL = "DescribeImageTaskDetail"
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
UNKNOWN = "2600000000-WorkflowTask-00000000000000000000000000000000"


@pytest.fixture
def task_id(service: LocalService, conn_id: str) -> str:
    return submit(service, conn_id)


def submit(service: LocalService, conn_id: str) -> str:
    storage = {"Bucket": service.bucket, "Region": service.region}
    return MpsHook(conn_id).process_image(
        {
            "InputInfo": {"Type": "COS", "CosInputInfo": {**storage, "Object": "/samples/coffee.png"}},
            "OutputStorage": {"Type": "COS", "CosOutputStorage": storage},
            "ScheduleId": 30060,
            "AddOnParameter": {"ExtPrompt": [{"Prompt": "x"}]},
        }
    )


def fire(trigger: MpsImageTaskTrigger) -> dict[str, Any]:
    """Run a trigger to its end, the way the triggerer does: from its serialized form. There is exactly one event."""
    _, kwargs = trigger.serialize()

    async def collect() -> list[Any]:
        return [event.payload async for event in MpsImageTaskTrigger(**kwargs).run()]

    (payload,) = asyncio.run(collect())
    assert json.loads(json.dumps(payload)) == payload
    return dict(payload)


def make(task_id: str, seconds: float = 30, poll_interval: float = 0.1) -> MpsImageTaskTrigger:
    return MpsImageTaskTrigger(task_id, "tencentcloud_default", None, poll_interval, time.time() + seconds)


def test_round_trip_through_airflows_serializer(service: LocalService, conn_id: str) -> None:
    trigger = MpsImageTaskTrigger("t", conn_id, "ap-shanghai", 2.5, 1234567890.5)
    row = Trigger.from_object(trigger)
    assert row.classpath == "airflow_provider_mps.triggers.mps.MpsImageTaskTrigger"
    assert MpsImageTaskTrigger(**row.kwargs).serialize() == trigger.serialize()
    assert row.kwargs == {
        "mps_task_id": "t",
        "tencentcloud_conn_id": conn_id,
        "region": "ap-shanghai",
        "poll_interval": 2.5,
        "deadline": 1234567890.5,
        "limit": "timeout",
        "since": None,
    }
    assert service.secret_key not in json.dumps(row.kwargs)


def test_success(task_id: str, service: LocalService) -> None:
    event = fire(make(task_id))
    assert event["status"] == "success"
    assert event["result"]["Outputs"][0]["bucket"] == service.bucket
    assert "SignedUrl" not in json.dumps(event)


@pytest.mark.parametrize("inner", [False, True])
def test_an_errmsg_outside_and_inside(inner: bool, service: LocalService, conn_id: str) -> None:
    service.add_fault(kind="task_fail", err_msg="BadInput", message="no such picture", inner=inner)
    event = fire(make(submit(service, conn_id)))
    assert event["status"] == "failed"
    assert event["code"].endswith("BadInput")
    assert event["message"] == "no such picture"


def test_the_deadline_is_already_past_at_the_first_look(service: LocalService, conn_id: str) -> None:
    service.add_fault(kind="task_seconds", seconds=3600)
    event = fire(make(submit(service, conn_id), seconds=-100))
    assert event["status"] == "timeout"
    assert event["last_seen"].startswith(("WAITING", "PROCESSING"))
    assert len(service.calls(DETAIL)) == 1


def test_a_task_found_finished_after_the_deadline_is_a_success(task_id: str, service: LocalService) -> None:
    fire(make(task_id))
    assert fire(make(task_id, seconds=-100))["status"] == "success"


def test_the_last_look_falls_on_the_deadline(service: LocalService, conn_id: str) -> None:
    service.add_fault(kind="task_seconds", seconds=3600)
    task_id, began = submit(service, conn_id), time.time()
    event = fire(make(task_id, seconds=0.9, poll_interval=600))
    assert event["status"] == "timeout"
    # However late a slow machine came to the first one; the clocks of two processes are not quite the same.
    assert service.calls(DETAIL)[-1].time > began + 0.85


def test_an_unknown_task_id(service: LocalService, conn_id: str) -> None:
    event = fire(make(UNKNOWN))
    assert event["status"] == "error"
    assert event["error"]["outcome"] == Outcome.REFUSED
    with pytest.raises(TencentCloudPermanentError, match=UNKNOWN):
        MpsImageTaskSensor(task_id="s", mps_task_id=UNKNOWN).execute_complete({}, event)


@pytest.mark.parametrize(
    "fault", [{"kind": "http", "status": 503}, {"kind": "reset"}, {"kind": "error", "code": "RequestLimitExceeded"}]
)
def test_errors_that_pass_are_waited_out(fault: dict[str, Any], task_id: str, service: LocalService) -> None:
    service.add_fault(action=DETAIL, times=3, **fault)
    assert fire(make(task_id))["status"] == "success"


def test_errors_that_last_until_the_deadline(task_id: str, service: LocalService) -> None:
    service.add_fault(action=DETAIL, kind="http", status=503)
    event = fire(make(task_id, seconds=0.3))
    assert event["status"] == "timeout"
    assert "HTTP 503" in event["last_seen"]


def defer(operator: Any) -> tuple[TaskDeferred, Ti]:
    context = make_context()
    with pytest.raises(TaskDeferred) as caught:
        operator.execute(context)
    return caught.value, context["ti"]


@pytest.mark.parametrize("kind", ["operator", "sensor"])
def test_what_a_task_leaves_behind_when_it_defers(kind: str, service: LocalService, conn_id: str) -> None:
    before = time.time()
    task: Any
    if kind == "operator":
        task = MpsImageBgFusionOperator(
            task_id="t",
            subject_cos_key="/samples/coffee.png",
            prompt="x",
            wait_for_completion=True,
            deferrable=True,
            timeout=60,
            poll_interval=3,
        )
    else:
        service.add_fault(kind="task_seconds", seconds=3600)
        task_id = submit(service, conn_id)
        task = MpsImageTaskSensor(task_id="t", mps_task_id=task_id, deferrable=True, timeout=60, poke_interval=3)
    deferred, ti = defer(task)
    (submitted,) = service.tasks
    _, kwargs = deferred.trigger.serialize()
    assert kwargs["mps_task_id"] == submitted.task_id
    assert before + 60 <= kwargs["deadline"] <= time.time() + 60
    assert kwargs["poll_interval"] == 3
    assert deferred.method_name == "execute_complete"
    # Airflow's own limit comes after the deadline, so that the trigger has the last word.
    assert deferred.timeout is not None
    assert deferred.timeout.total_seconds() > 60
    if kind == "operator":
        assert ti.xcoms == {"mps_task_id": submitted.task_id}
    # The event alone is enough to go on: `airflow dags test` hands over nothing else.
    event = {"mps_task_id": submitted.task_id, "status": "timeout", "last_seen": "PROCESSING"}
    expected: type[Exception] = MpsTimeoutError if kind == "operator" else AirflowSensorTimeout
    with pytest.raises(expected, match=f"MPS task {submitted.task_id} was not done within timeout=60 s"):
        task.execute_complete({}, event)
    event = {"mps_task_id": submitted.task_id, "status": "failed", "code": "X", "message": "y"}
    with pytest.raises(MpsTaskFailedError, match="finished without a result: X: y"):
        task.execute_complete({}, event)
    with pytest.raises(TriggerEventError, match="no event came from the triggerer"):
        task.execute_complete({}, None)


def test_deferrable_takes_effect_only_when_it_waits(service: LocalService, conn_id: str) -> None:
    operator = MpsImageBgFusionOperator(task_id="t", subject_cos_key="/samples/coffee.png", prompt="x", deferrable=True)
    assert operator.execute(make_context()) == service.tasks[0].task_id


def test_a_sensor_does_not_defer_for_a_task_that_is_done(task_id: str, service: LocalService) -> None:
    fire(make(task_id))
    assert MpsImageTaskSensor(task_id="t", mps_task_id=task_id, deferrable=True).execute({})["TaskId"] == task_id  # type: ignore[typeddict-item]


def test_soft_fail_of_a_deferrable_sensor(service: LocalService, conn_id: str) -> None:
    sensor = MpsImageTaskSensor(task_id="t", mps_task_id=UNKNOWN, deferrable=True, soft_fail=True)
    with pytest.raises(AirflowSkipException, match="MPS keeps tasks for 7 days"):
        sensor.execute(make_context(start_date=LONG_AGO))
    sensor = MpsImageTaskSensor(task_id="t", mps_task_id=UNKNOWN, deferrable=True, soft_fail=True)
    event = {"mps_task_id": "t", "status": "failed", "code": "X", "message": "y"}
    with pytest.raises(AirflowException) as caught:
        sensor.resume_execution("execute_complete", {"event": event}, {})
    assert isinstance(caught.value, AirflowSkipException)


ENDS = {
    "failed": {"mps_task_id": "t", "status": "failed", "code": "X", "message": "y"},
    "timeout": {"mps_task_id": "t", "status": "timeout", "last_seen": "PROCESSING"},
    "error": {
        "mps_task_id": "t",
        "status": "error",
        "error": ["MPS", "DescribeImageTaskDetail", "t", "AuthFailure", "m", "r", "refused"],
    },
    "nothing": None,
}


@pytest.mark.parametrize("flag", ["soft_fail", "never_fail"])
@pytest.mark.parametrize("end", ENDS)
def test_skipping_after_deferral_whatever_the_end(end: str, flag: str) -> None:
    sensor = MpsImageTaskSensor(task_id="t", mps_task_id="t", deferrable=True, **{flag: True})
    with pytest.raises(AirflowSkipException):
        sensor.execute_complete({}, ENDS[end])


@pytest.mark.parametrize("flag", ["soft_fail", "never_fail"])
@pytest.mark.parametrize("deferrable", [False, True])
@pytest.mark.parametrize("end", ["failed", "unknown", "late"])
def test_skipping_is_the_same_in_every_mode(
    end: str, deferrable: bool, flag: str, service: LocalService, conn_id: str
) -> None:
    if end == "failed":
        service.add_fault(kind="task_fail", err_msg="BadInput")
    if end == "late":
        service.add_fault(kind="task_seconds", seconds=3600)
    task_id = UNKNOWN if end == "unknown" else submit(service, conn_id)
    if end == "failed":
        fire(make(task_id))
    # Where it is to defer, the first look must be in time on a busy machine too.
    timeout = 3.0 if end == "late" and deferrable else 0.1
    options: dict[str, Any] = {"timeout": timeout, "poke_interval": 0.1, "deferrable": deferrable, flag: True}
    sensor = MpsImageTaskSensor(task_id="t", mps_task_id=task_id, **options)
    if end == "late" and deferrable:
        with pytest.raises(TaskDeferred) as deferred:
            sensor.execute({})
        event = fire(deferred.value.trigger)  # type: ignore[arg-type]
        with pytest.raises(AirflowSkipException, match="was not done within"):
            sensor.execute_complete({}, event)
    else:
        with pytest.raises(AirflowSkipException):
            sensor.execute(make_context(start_date=LONG_AGO))


@pytest.mark.parametrize("deferrable", [False, True])
def test_a_sensor_waits_for_a_task_that_is_not_known_yet(deferrable: bool, task_id: str, service: LocalService) -> None:
    service.add_fault(
        kind="error", action=DETAIL, code="ResourceNotFound.TaskNotFound", message="no such task", times=2
    )
    sensor = MpsImageTaskSensor(task_id="t", mps_task_id=task_id, poke_interval=0.1, deferrable=deferrable)
    if deferrable:
        with pytest.raises(TaskDeferred) as deferred:
            sensor.execute(make_context())
        event = fire(deferred.value.trigger)  # type: ignore[arg-type]
        assert sensor.execute_complete(make_context(), event)["TaskId"] == task_id
    else:
        assert sensor.execute(make_context())["TaskId"] == task_id


@pytest.mark.parametrize("deferrable", [False, True])
def test_a_sensor_fails_for_a_task_that_is_not_known_after_a_while(
    deferrable: bool, service: LocalService, conn_id: str
) -> None:
    sensor = MpsImageTaskSensor(task_id="t", mps_task_id=UNKNOWN, poke_interval=0.1, deferrable=deferrable)
    with pytest.raises(TencentCloudPermanentError, match=UNKNOWN):
        sensor.execute(make_context(start_date=LONG_AGO))


def test_the_end_of_a_trigger_names_the_task(service: LocalService, conn_id: str) -> None:
    sensor = MpsImageTaskSensor(task_id="t", mps_task_id="1-WorkflowTask-a", deferrable=True)
    with pytest.raises(AirflowSensorTimeout, match=r"1-WorkflowTask-a was not done within timeout=600 s"):
        sensor.resume_execution("__fail__", {"error": "Trigger timeout"}, make_context())


def test_execution_timeout_names_the_task(task_id: str, monkeypatch: pytest.MonkeyPatch) -> None:
    sensor = MpsImageTaskSensor(task_id="t", mps_task_id=task_id, poke_interval=0.1)
    monkeypatch.setattr(sensor, "poke", lambda context: (_ for _ in ()).throw(AirflowTaskTimeout("Timeout, PID: 1")))
    with pytest.raises(MpsExecutionTimeoutError, match=rf"{task_id} .* A retry waits for it again"):
        sensor.execute(make_context())


def test_a_finished_task_without_a_result_is_looked_at_a_few_times(
    task_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = []

    def look(self: MpsHook, task_id: str) -> TaskState:
        looks.append(task_id)
        return TaskState(task_id, "FINISH", is_empty=True, empty_since=1767225610.0)

    monkeypatch.setattr(MpsHook, "look", look)
    sensor = MpsImageTaskSensor(task_id="t", mps_task_id=task_id, poke_interval=0.1)
    with pytest.raises(MpsTaskFailedError, match=r"NoResult: .* shows neither a result nor an error") as caught:
        sensor.execute(make_context())
    assert len(looks) == 4
    assert "A retry looks again, and submits nothing." in str(caught.value)


def test_a_poking_sensor_reads_the_connection_once(
    service: LocalService, conn_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection = service.connection()
    connection["extra"]["role_arn"] = "qcs::cam::uin/1:roleName/x"
    monkeypatch.setenv("AIRFLOW_CONN_TENCENTCLOUD_DEFAULT", json.dumps(connection))
    service.add_fault(kind="null_status", n=3)
    task_id = submit(service, conn_id)
    before = len(service.calls("AssumeRole"))
    assert MpsImageTaskSensor(task_id="t", mps_task_id=task_id, poke_interval=0.1).execute({})["TaskId"] == task_id
    assert len(service.calls(DETAIL)) >= 4
    assert len(service.calls("AssumeRole")) == before + 1


def test_no_event_at_all_is_no_success(service: LocalService, conn_id: str) -> None:
    sensor = MpsImageTaskSensor(task_id="t", mps_task_id="t", deferrable=True)
    with pytest.raises(TriggerEventError):
        sensor.execute_complete({}, None)
