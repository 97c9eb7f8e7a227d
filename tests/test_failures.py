"""The line that is read first."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowException, AirflowSensorTimeout

from airflow_provider_mps.exceptions import (
    AidgeInDoubtError,
    AidgePermanentError,
    AidgeTimeoutError,
    MpsBatchFailedError,
    MpsExecutionTimeoutError,
    MpsInDoubtError,
    MpsTaskFailedError,
    MpsTaskRefusedError,
    TencentCloudError,
    TencentCloudPermanentError,
)
from airflow_provider_mps.failures import failures_in_short, short_line
from airflow_provider_mps.local.pictures.sample_pictures import read_sample
from airflow_provider_mps.local.service import LocalService
from airflow_provider_mps.operators.aidge import AidgeBackgroundGenerationOperator
from airflow_provider_mps.operators.mps import MpsImageBgFusionBatchOperator, MpsImageBgFusionOperator
from airflow_provider_mps.sensors.mps import MpsImageTaskSensor
from airflow_provider_mps.services.aidge.words import AidgeAction
from airflow_provider_mps.transfers.aidge_to_object_storage import AidgeToObjectStorageOperator
from airflow_provider_mps.transfers.cos_to_local import CosToLocalFilesystemOperator
from tests.task_context import execute, make_context


@pytest.mark.parametrize(
    ("error", "begins"),
    [
        (
            TencentCloudPermanentError("MPS", "ProcessImage", "t", "AuthFailure.SignatureFailure", "m", "r"),
            "AuthFailure.SignatureFailure (shop): Check login (SecretId) and password",
        ),
        (
            TencentCloudError("MPS", "ProcessImage", "t", "RequestLimitExceeded", "m", "r"),
            "RequestLimitExceeded (shop): Lower requests_per_second of the connection",
        ),
        (
            TencentCloudPermanentError("COS", "GetObject", "t", "NoSuchBucket", "m", "r"),
            "NoSuchBucket (shop): Check bucket and region.",
        ),
        (
            MpsTaskRefusedError("t", "40000 SourceFileError.NoSuchKey", "m"),
            "40000 SourceFileError.NoSuchKey (shop): MPS could not read a picture: check its",
        ),
        (AidgePermanentError("Aidge", "/a", "t", "FreeQuotaExhausted", "m", "r"), "FreeQuotaExhausted (shop): Buy a"),
        (TencentCloudError("MPS", "ProcessImage", "t", "NewCode", "so it is", "r"), "NewCode (shop): so it is"),
        (TencentCloudError("MPS", "ProcessImage", "t", "NewCode", "", "r"), "NewCode (shop): see the error below"),
        (
            TencentCloudPermanentError("MPS", "ProcessImage", "t", "InvalidParameterValue", "Quality is 0", "r"),
            "InvalidParameterValue (shop): Quality is 0",
        ),
        (MpsTaskFailedError("t", "40000 NewWord", "no more room"), "40000 NewWord (shop): no more room"),
        (AirflowSensorTimeout("MPS task t-1 was not done"), "Not done in time (shop): clear the sensor, and it waits"),
        (AidgeTimeoutError("t-1", 600, "waiting"), "Not done in 600 s (shop): raise timeout, or clear the task (t-1)"),
        (MpsExecutionTimeoutError("t-1", "waiting"), "Not done in execution_timeout (shop): raise it, or let"),
        (MpsInDoubtError("t", "d", "r"), "In doubt, nothing submitted (shop): a retry asks again; it needs mps:"),
        (AidgeInDoubtError("t", "d"), "In doubt, nothing submitted (shop): look into Aidge's console, or set"),
        (MpsBatchFailedError(3, 40, 0, "3 x InvalidInput"), "3 of 40 failed, max_failed=0 (shop): 3 x InvalidInput"),
    ],
)
def test_code_and_remedy_come_first(error: Exception, begins: str) -> None:
    line = short_line(error, "shop")
    assert line is not None
    assert line.startswith(begins)
    assert len(line) <= 160


def test_other_errors_have_no_short_line() -> None:
    assert short_line(RuntimeError("x"), "shop") is None


class OtherError(Exception):
    """As libraries have them: what it calls a service is none of ours."""

    service = "s3"


def test_an_error_of_another_kind_is_raised_as_it_is() -> None:
    class Task:
        @failures_in_short
        def execute(self) -> None:
            raise OtherError("no such bucket")

    with pytest.raises(OtherError, match="no such bucket"):
        Task().execute()


def test_the_environment_is_named_where_there_is_no_connection() -> None:
    error = TencentCloudError("MPS", "ProcessImage", "t", "InternalError", "m", "r")
    assert str(short_line(error, None)).startswith("InternalError (environment)")


@pytest.mark.parametrize(
    ("fault", "begins"),
    [
        ({"action": "PutObject", "code": "AccessDenied", "status": 403}, "AccessDenied (shop_cos): Grant"),
        ({"action": AidgeAction.QUERY, "code": "ServiceNotOpened"}, "ServiceNotOpened (shop_aidge): "),
    ],
)
def test_of_two_connections_the_one_that_failed_is_named(
    fault: dict[str, Any], begins: str, service: LocalService, lines: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_SHOP_COS", json.dumps(service.connection()))
    monkeypatch.setenv("AIRFLOW_CONN_SHOP_AIDGE", json.dumps(service.aidge_connection()))
    connections = {"aidge_conn_id": "shop_aidge", "tencentcloud_conn_id": "shop_cos"}
    generate = AidgeBackgroundGenerationOperator(
        task_id="g",
        image_path="cos:///samples/coffee-large.jpg",
        scene_id="2",
        image_num=2,
        wait_for_completion=True,
        poll_interval=1,
        **connections,
    )
    made = execute(generate, make_context())
    service.add_fault(kind="error", message="no", **fault)
    copy = AidgeToObjectStorageOperator(task_id="c", images=made, dest="cos:///aidge/", **connections)
    with pytest.raises((TencentCloudPermanentError, AidgePermanentError)):
        copy.execute(make_context())
    assert begins in lines()


def test_operators_sensors_and_transfers_log_it(
    service: LocalService, conn_id: str, lines: Callable[[], str], tmp_path: object
) -> None:
    context = make_context()
    service.add_fault(kind="error", action="ProcessImage", code="UnauthorizedOperation", message="no")
    service.add_fault(kind="error", action="DescribeImageTaskDetail", code="FailedOperation.UserArrears", message="no")
    service.add_fault(kind="error", action="GetObject", code="AccessDenied", message="no", status=403)
    tasks = [
        MpsImageBgFusionOperator(task_id="t", subject_cos_key="/samples/coffee.png", prompt="x"),
        MpsImageTaskSensor(task_id="s", mps_task_id="1-WorkflowTask-a"),
        CosToLocalFilesystemOperator(task_id="d", cos_key="/samples/coffee.png", local_path=f"{tmp_path}/a.png"),
    ]
    for task in tasks:
        with pytest.raises(TencentCloudPermanentError):
            task.execute(context)
    said = lines()
    assert "UnauthorizedOperation (tencentcloud_default): Grant the account this action in CAM" in said
    assert "FailedOperation.UserArrears (tencentcloud_default): The account is in arrears." in said
    assert "AccessDenied (tencentcloud_default): Grant the account this action on the bucket in CAM." in said


def warnings_of(said: str) -> list[str]:
    """The first 80 characters of what was warned of, as Airflow's log page shows them."""
    found = re.findall(r"\[(?:warning|error) *\] (.*)|(?:WARNING|ERROR) +\S+:\S+:\d+ (.*)", said)
    return [(new or old)[:80] for new, old in found if " cannot be called outside" not in (new or old)]


LONG = "/a/folder/with/a/long/name/and/another/one/as/people/have/them/coffee-cup-with-saucer.png"


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ({"kind": "error", "action": "ProcessImage", "code": "InvalidParameterValue"}, "InvalidParameterValue"),
        ({"kind": "error", "action": "ProcessImage", "code": "RequestLimitExceeded"}, "RequestLimitExceeded"),
        ({"kind": "http", "action": "ProcessImage", "status": 502, "times": 1}, "HTTP 502"),
        ({"kind": "task_fail", "err_msg": "SourceFileError.NoSuchKey"}, "SourceFileError"),
        (
            {"kind": "error", "action": "DescribeImageTaskDetail", "code": "InternalError"},
            "InternalError|Timeout|Not done in",
        ),
    ],
)
@pytest.mark.parametrize("many", [False, True], ids=["one", "batch"])
def test_every_line_says_the_code_first(
    fault: dict[str, Any], code: str, many: bool, service: LocalService, conn_id: str, lines: Callable[[], str]
) -> None:
    service.put_object(service.bucket, LONG, read_sample("coffee.png"))
    service.add_fault(**fault)
    request = {"subject_cos_key": LONG, "prompt": "x"}
    waits = {"deferrable": False, "poll_interval": 0.2, "timeout": 5}
    task: Any = (
        MpsImageBgFusionBatchOperator(task_id="t", requests=[request], **waits)
        if many
        else MpsImageBgFusionOperator(task_id="t", wait_for_completion=True, **request, **waits)
    )
    with contextlib.suppress(AirflowException):
        task.execute(make_context())
    said = warnings_of(lines())
    assert said
    assert [line for line in said if not re.search(code, line)] == []
