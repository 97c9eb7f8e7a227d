"""The line that is read first."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from airflow_provider_mps.exceptions import (
    AidgeInDoubtError,
    AidgePermanentError,
    AidgeTimeoutError,
    MpsBatchFailedError,
    MpsExecutionTimeoutError,
    MpsInDoubtError,
    MpsTaskRefusedError,
    TencentCloudError,
    TencentCloudPermanentError,
)
from airflow_provider_mps.failures import short_line
from airflow_provider_mps.local.service import LocalService
from airflow_provider_mps.operators.mps import MpsImageBgFusionOperator
from airflow_provider_mps.sensors.mps import MpsImageTaskSensor
from airflow_provider_mps.transfers.cos_to_local import CosToLocalFilesystemOperator
from tests.task_context import make_context


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
        (TencentCloudError("MPS", "ProcessImage", "t", "NewCode", "m", "r"), "NewCode (shop): see the error below"),
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


def test_the_environment_is_named_where_there_is_no_connection() -> None:
    error = TencentCloudError("MPS", "ProcessImage", "t", "InternalError", "m", "r")
    assert str(short_line(error, None)).startswith("InternalError (environment)")


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
