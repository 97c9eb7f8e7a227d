"""Every kind of fault, as a real client sees it."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import httpx
import pytest
from qcloud_cos import CosClientError, CosServiceError
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException

from airflow_provider_mps.local.backend import FAULTS
from airflow_provider_mps.local.serving.faults import Faults
from airflow_provider_mps.local.serving.journal import Journal

BUCKET = "mps-local-1250000000"
KEY = "samples/coffee.png"


def failure(call: Any) -> TencentCloudSDKException:
    with pytest.raises(TencentCloudSDKException) as caught:
        call()
    return caught.value


def test_error(clients: Any, service: Any) -> None:
    service.add_fault(kind="error", action="ProcessImage", code="InternalError.Busy", message="come back", times=2)
    for _ in range(2):
        error = failure(clients.submit)
        assert (error.code, error.message) == ("InternalError.Busy", "come back")
    assert clients.submit()
    assert [(record.code, record.fault, record.executed) for record in service.calls("ProcessImage")] == [
        ("InternalError.Busy", "error", False),
        ("InternalError.Busy", "error", False),
        ("", "", True),
    ]


def test_http(clients: Any, service: Any) -> None:
    service.add_fault(kind="http", action="ProcessImage", status=502, times=1)
    assert failure(clients.submit).code == "ServerNetworkError"
    assert service.calls("ProcessImage")[0].http_status == 502
    assert service.tasks == [] or not service.accepted("ProcessImage")


@pytest.mark.parametrize(("kind", "executed"), [("reset", False), ("lost_answer", True)])
def test_reset_and_lost_answer(clients: Any, service: Any, kind: str, executed: bool) -> None:
    before = len(service.tasks)
    service.add_fault(kind=kind, action="ProcessImage", times=1)
    error = failure(clients.submit)
    assert error.code == "ClientNetworkError"
    assert "reset" in error.message.lower()
    [record] = service.calls("ProcessImage")
    assert (record.executed, record.fault, record.http_status) == (executed, kind, 0)
    assert bool(record.task_id) is executed
    assert len(service.tasks) - before == int(executed)
    assert clients.submit()


@pytest.mark.parametrize("executed", [False, True])
def test_garbage(clients: Any, service: Any, executed: bool) -> None:
    service.add_fault(kind="garbage", action="ProcessImage", executed=executed, times=1)
    with pytest.raises(ValueError, match=r"Unterminated string"):
        clients.submit()
    assert service.calls("ProcessImage")[0].executed is executed
    service.add_fault(kind="garbage", action="ProcessImage", body="<html>", times=1)
    with pytest.raises(ValueError, match="Expecting value"):
        clients.submit()


@pytest.mark.parametrize("when", ["before", "after"])
def test_delay(clients: Any, service: Any, when: str) -> None:
    service.add_fault(kind="delay", action="ProcessImage", seconds=2, when=when, times=1)
    profile = clients.profile()
    profile.httpProfile.reqTimeout = 0.3
    client = clients.common()
    client.profile.httpProfile.reqTimeout = 0.3
    client.request.conn.timeout = 0.3
    error = failure(lambda: client.call_json("ProcessImage", clients.payload()))
    assert error.code == "ClientNetworkError"
    assert "timed out" in error.message


def test_a_request_under_way_is_forgotten_with_the_others(service: Any) -> None:
    journal = Journal(service.backend.clock)
    late = journal.open("ProcessImage", {})
    assert journal.under_way == 1
    journal.clear()
    journal.add(late)
    assert (journal.under_way, journal.records()) == (0, [])
    journal.add(journal.open("ProcessImage", {}))
    assert [record.n for record in journal.records()] == [1]


def test_task_fail(clients: Any, service: Any) -> None:
    service.add_fault(kind="task_fail", err_code=40001, err_msg="InvalidParameterValue.SrcFile", message="no", times=1)
    detail = clients.run()
    assert (detail["ErrCode"], detail["ErrMsg"], detail["Message"]) == (40001, "InvalidParameterValue.SrcFile", "no")
    assert detail["ImageProcessTaskResultSet"] is None
    service.add_fault(kind="task_fail", err_msg="InternalError", message="inside", inner=True, times=1)
    detail = clients.run()
    assert (detail["ErrCode"], detail["ErrMsg"], detail["Message"]) == (0, "", "")
    [result] = detail["ImageProcessTaskResultSet"]
    assert (result["Status"], result["ErrMsg"], result["Message"]) == ("FAIL", "InternalError", "inside")
    assert result["Output"] is None
    assert clients.run()["ErrMsg"] == ""


def test_task_seconds(make_service: Any, clients_for: Any, clock: Any) -> None:
    service = make_service(task_seconds=1, rate_limit=0, clock=clock)
    clients = clients_for(service)
    clock.frozen = float(int(clock()))
    service.add_fault(kind="task_seconds", seconds=100, times=1)
    slow, quick = clients.submit(), clients.submit()
    clock.frozen += 50
    clients.finished(quick)
    assert clients.detail(slow)["Status"] == "PROCESSING"
    clock.frozen += 50
    clients.finished(slow)


def test_null_status(clients: Any, service: Any) -> None:
    service.add_fault(kind="null_status", n=2, times=1)
    task_id = clients.submit()
    for _ in range(2):
        detail = clients.detail(task_id)
        assert (detail["Status"], detail["ImageProcessTaskResultSet"], detail["FinishTime"]) == (None, None, None)
    clients.finished(task_id)
    service.add_fault(kind="null_status", action="DescribeImageTaskDetail", times=1)
    assert clients.detail(task_id)["Status"] is None
    assert clients.detail(task_id)["Status"] == "FINISH"


def test_truncate(clients: Any, service: Any, tmp_path: Path) -> None:
    service.add_fault(kind="truncate", n=1000, times=1)
    answer = clients.cos().get_object(BUCKET, KEY)
    assert answer["Content-Length"] == str(len(service.get_object(BUCKET, KEY)))
    with pytest.raises(Exception, match=r"IncompleteRead|Connection broken"):
        answer["Body"].get_stream_to_file(str(tmp_path / "x"))


def test_wrong_byte(clients: Any, service: Any) -> None:
    service.add_fault(kind="wrong_byte", times=1)
    whole = service.get_object(BUCKET, KEY)
    got = clients.cos().get_object(BUCKET, KEY)["Body"].get_raw_stream().read()
    assert len(got) == len(whole)
    assert sum(a != b for a, b in zip(got, whole, strict=True)) == 1
    assert clients.cos().get_object(BUCKET, KEY)["Body"].get_raw_stream().read() == whole


def test_short_length(clients: Any, service: Any) -> None:
    service.add_fault(kind="short_length", n=10, times=1)
    whole = service.get_object(BUCKET, KEY)
    answer = clients.cos().get_object(BUCKET, KEY)
    assert answer["Content-Length"] == str(len(whole) - 10)
    assert answer["Body"].get_raw_stream().read() == whole[:-10]
    assert answer["x-cos-hash-crc64ecma"] == str(service.backend.store.find(BUCKET, KEY).crc64)


def test_no_crc(clients: Any, service: Any) -> None:
    service.add_fault(kind="no_crc", times=1)
    service.add_fault(kind="no_crc", action="HeadObject", times=1)
    assert "x-cos-hash-crc64ecma" not in clients.cos().get_object(BUCKET, KEY)
    assert "x-cos-hash-crc64ecma" not in clients.cos().head_object(BUCKET, KEY)
    assert "x-cos-hash-crc64ecma" in clients.cos().head_object(BUCKET, KEY)


def test_cos_errors_and_resets(clients: Any, service: Any) -> None:
    service.add_fault(kind="error", action="PutObject", code="ServiceUnavailable", message="busy", times=1)
    with pytest.raises(CosServiceError) as caught:
        clients.cos().put_object(BUCKET, b"x" * 3_000_000, "fault.bin")
    assert (caught.value.get_status_code(), caught.value.get_error_code()) == (503, "ServiceUnavailable")
    assert not service.object_exists(BUCKET, "fault.bin")
    service.add_fault(kind="error", action="GetObject", code="AccessDenied", status=403, match="/samples/", times=1)
    with pytest.raises(CosServiceError) as caught:
        clients.cos().get_object(BUCKET, KEY)
    assert caught.value.get_status_code() == 403
    service.add_fault(kind="reset", action="GetObject", times=1)
    with pytest.raises(CosClientError):
        clients.cos().get_object(BUCKET, KEY)
    service.add_fault(kind="lost_answer", action="PutObject", times=1)
    with pytest.raises(CosClientError):
        clients.cos().put_object(BUCKET, b"x", "fault.bin")
    assert service.object_exists(BUCKET, "fault.bin")
    service.add_fault(kind="http", action="HeadObject", status=500, times=1)
    with pytest.raises(CosServiceError):
        clients.cos().head_object(BUCKET, KEY)
    # The SDK sends such a request again by itself when it may.
    service.add_fault(kind="reset", action="GetObject", times=1)
    assert clients.cos(retry=1).get_object(BUCKET, KEY)


def test_refused_requests_meet_no_fault(clients: Any, service: Any) -> None:
    service.add_fault(kind="error", action="ProcessImage", code="X", times=1)
    client = clients.common(clients.credential((service.secret_id, "wrong")))
    error = failure(lambda: client.call_json("ProcessImage", clients.payload()))
    assert error.code == "AuthFailure.SignatureFailure"
    assert failure(clients.submit).code == "X"


def taken(faults: Faults, count: int, action: str = "ProcessImage", text: str = "") -> list[int]:
    return [len(faults.take(action, text)) for _ in range(count)]


def test_where_rules_apply() -> None:
    faults = Faults()
    faults.add(kind="reset", action="ProcessImage", match="cup", after=1, times=2)
    assert taken(faults, 3, text="other") == [0, 0, 0]
    assert taken(faults, 3, action="GetObject", text="a cup") == [0, 0, 0]
    assert taken(faults, 5, text="a cup") == [0, 1, 1, 0, 0]


def test_probability_repeats_with_its_seed() -> None:
    def draw(seed: int) -> list[int]:
        faults = Faults(seed)
        faults.add(kind="reset", probability=0.5)
        return taken(faults, 50)

    assert draw(1) == draw(1) != draw(2)
    assert 10 < sum(draw(1)) < 40


def test_a_deciding_rule_keeps_later_ones_for_later() -> None:
    faults = Faults()
    faults.add(kind="delay", seconds=0)
    faults.add(kind="reset", times=1)
    faults.add(kind="error", times=1)
    kinds = [[rule.kind for rule in faults.take("ProcessImage", "")] for _ in range(3)]
    assert kinds == [["delay", "reset"], ["delay", "error"], ["delay"]]
    faults.clear()
    assert faults.rules() == []


@pytest.mark.parametrize(
    "fields",
    [
        {"kind": "magic"},
        {"kind": "reset", "code": "X"},
        {"kind": "reset", "speed": 1},
        {"kind": "truncate", "action": "PutObject"},
        {"kind": "error", "probability": 2},
        {"kind": "task_seconds", "seconds": math.inf},
        {"kind": "delay", "seconds": math.nan},
        {"kind": "http", "status": 99},
        {"kind": "http", "status": 100},
        {},
    ],
)
def test_rules_that_make_no_sense_are_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="validation error"):
        Faults(scopes=FAULTS).add(**fields)


def test_the_admin_interface(make_service: Any, clients_for: Any) -> None:
    service = make_service(task_seconds=0)
    clients = clients_for(service)
    with httpx.Client(base_url=service.url + "/_local/") as admin:
        health = {"status": "ok", "tasks": 0, "aidge_tasks": 0, "buckets": {service.bucket: service.region}}
        assert admin.get("health").json() == health
        rule = admin.post("faults", json={"kind": "error", "action": "ProcessImage", "code": "X", "times": 1}).json()
        assert (rule["id"], rule["kind"]) == (1, "error")
        assert admin.get("faults").json() == [rule]
        assert failure(clients.submit).code == "X"
        assert admin.delete("faults").json() == {}
        assert admin.get("faults").json() == []
        task_id = clients.submit()
        clients.finished(task_id)
        [task] = admin.get("tasks").json()
        assert (task["service"], task["task_id"], task["status"], task["failure"]) == ("mps", task_id, "FINISH", "")
        journal = admin.get("journal", params={"action": "ProcessImage"}).json()
        assert [record["code"] for record in journal] == ["X", ""]
        assert journal[1]["task_id"] == task_id
        assert journal[1]["body"]["ScheduleId"] == 30060
        assert journal[1]["region"] == "ap-guangzhou"
        admin.delete("journal")
        assert admin.get("journal").json() == []
        assert admin.put("settings", json={"task_seconds": 5, "rate_limits": {"ProcessImage": 1}}).json() == {
            "task_seconds": 5.0,
            "rate_limits": {"*": 20, "ProcessImage": 1},
        }
        assert admin.post("buckets", json={"name": "new-1250000000", "region": "ap-beijing"}).status_code == 200
        assert service.object_exists("new-1250000000", "samples/brick.png")
        assert admin.get("samples/coffee.png").content == service.get_object(service.bucket, "samples/coffee.png")
        for method, path, body in (
            ("POST", "faults", {"kind": "magic"}),
            ("PUT", "settings", {"task_seconds": -1}),
            ("PUT", "settings", {"rate_limits": {"*": "many"}}),
            ("PUT", "settings", {"colour": 1}),
            ("POST", "buckets", {"name": "no-appid", "region": "ap-beijing"}),
            ("POST", "faults", []),
        ):
            assert admin.request(method, path, json=body).status_code == 400
        # What Python takes for JSON would make the answers here none for others.
        for value in ("NaN", "Infinity", "1e999"):
            assert admin.put("settings", content=f'{{"task_seconds": {value}}}').status_code == 400
        assert admin.get("samples/../service.py").status_code == 404
        assert admin.get("nothing").status_code == 404
        assert httpx.get(service.url + "/").status_code == 404
