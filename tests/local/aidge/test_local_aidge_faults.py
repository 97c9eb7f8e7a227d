"""Aidge: every kind of fault."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from airflow_provider_mps.local.backend import FAULTS
from airflow_provider_mps.local.serving.faults import Faults

SUBMIT, QUERY = "/ai/image/background/generation/scenario", "/ai/image/background/generation/query"


def test_a_number_is_an_error_of_the_service(aidge: Any, service: Any) -> None:
    service.add_fault(kind="error", action=SUBMIT, code="501", message="slow down", times=1)
    answer = aidge.post()
    assert (answer["resCode"], answer["resMessage"], answer["success"], answer["data"]) == (
        501,
        "slow down",
        False,
        None,
    )
    assert answer["code"] == "0"
    assert aidge.post()["resCode"] == 200
    assert [(one.code, one.fault, one.executed) for one in service.journal] == [
        ("501", "error", False),
        ("", "", True),
    ]


def test_a_word_is_an_error_of_the_gateway(aidge: Any, service: Any) -> None:
    service.add_fault(kind="error", action=QUERY, code="ApiCallLimit", message="too fast", times=1)
    answer = aidge.call(QUERY, {"taskId": "x"})
    assert (answer["type"], answer["code"], answer["message"]) == ("ISV", "ApiCallLimit", "too fast")
    assert service.journal[0].code == "ApiCallLimit"


def test_http(aidge: Any, service: Any) -> None:
    service.add_fault(kind="http", action=SUBMIT, status=503, body="busy", times=1)
    answer = aidge.send(SUBMIT, {})
    assert (answer.status_code, answer.text) == (503, "busy")
    assert (service.journal[0].http_status, service.journal[0].fault) == (503, "http")


@pytest.mark.parametrize(("kind", "executed"), [("reset", False), ("lost_answer", True)])
def test_reset_and_lost_answer(aidge: Any, service: Any, kind: str, executed: bool) -> None:
    before = len(service.aidge_tasks)
    service.add_fault(kind=kind, action=SUBMIT, times=1)
    with pytest.raises(httpx.ReadError):
        aidge.post()
    [record] = service.journal
    assert (record.executed, record.fault, record.http_status) == (executed, kind, 0)
    assert len(service.aidge_tasks) - before == int(executed)
    assert bool(record.task_id) is executed


@pytest.mark.parametrize("executed", [False, True])
def test_garbage(aidge: Any, service: Any, executed: bool) -> None:
    service.add_fault(kind="garbage", action=SUBMIT, body="<html>", executed=executed, times=1)
    before = len(service.aidge_tasks)
    assert aidge.send(SUBMIT, {"requestParams": '[{"imageFileUrl": "http://x", "modelNum": "1"}]'}).text == "<html>"
    assert service.journal[0].executed is executed
    assert len(service.aidge_tasks) - before == int(executed)


@pytest.mark.parametrize("when", ["before", "after"])
def test_delay(aidge: Any, service: Any, when: str) -> None:
    service.add_fault(kind="delay", action=QUERY, seconds=2, when=when, times=1)
    with pytest.raises(httpx.ReadTimeout):
        httpx.post(
            f"{service.url}/rest{QUERY}", params=aidge.query_string(), json={"taskId": aidge.submit()}, timeout=0.2
        )


def test_task_fail(aidge: Any, service: Any) -> None:
    service.add_fault(kind="task_fail", action=SUBMIT, message="model failed", times=1)
    data = aidge.run(imageNum="3")
    assert (data["taskStatus"], data["taskMessage"]) == ("failed", "model failed")
    assert [(one["taskStatus"], one["taskMessage"], one["imageUrlList"]) for one in data["taskResult"]] == [
        ("failed", "model failed", [])
    ] * 3
    assert aidge.run()["taskStatus"] == "finished"


def test_task_fail_of_the_last_picture(aidge: Any, service: Any) -> None:
    service.add_fault(kind="task_fail", action=SUBMIT, message="sensitive content", inner=True, times=1)
    data = aidge.run(imageNum="3")
    assert (data["taskStatus"], data["taskMessage"]) == ("finished", "")
    assert [one["taskStatus"] for one in data["taskResult"]] == ["finished", "finished", "failed"]
    assert [len(one["imageUrlList"]) for one in data["taskResult"]] == [1, 1, 0]
    assert data["taskResult"][2]["taskMessage"] == "sensitive content"
    assert [aidge.get(url).status_code for url in aidge.urls(data)] == [200, 200]


def test_what_is_really_wrong_is_said_instead_of_the_fault_of_one_picture(aidge: Any, service: Any) -> None:
    service.add_fault(kind="task_fail", action=SUBMIT, message="planned", inner=True, times=1)
    data = aidge.run(imageFileUrl="http://127.0.0.1:1/a.jpg")
    assert data["taskStatus"] == "failed"
    assert "planned" not in data["taskMessage"]


def test_task_seconds(aidge: Any, service: Any) -> None:
    service.add_fault(kind="task_seconds", action=SUBMIT, seconds=1000, times=1)
    task_id = aidge.submit()
    assert service.aidge_tasks[-1].seconds == 1000
    assert aidge.query(task_id)["taskStatus"] == "waiting"
    assert aidge.ended(task_id)["taskStatus"] == "finished"


def test_status(aidge: Any, service: Any) -> None:
    task_id = aidge.submit()
    aidge.ended(task_id)
    service.add_fault(kind="status", status="queuing", times=2)
    answers = [aidge.query(task_id) for _ in range(3)]
    assert [(one["taskStatus"], len(one["taskResult"])) for one in answers] == [
        ("queuing", 0),
        ("queuing", 0),
        ("finished", 2),
    ]
    assert [one.fault for one in service.calls(QUERY)][-3:] == ["status", "status", ""]


def test_a_rule_may_look_at_the_body(aidge: Any, service: Any) -> None:
    one, other = aidge.submit(), aidge.submit()
    service.add_fault(kind="error", action=QUERY, code="500", match=one)
    assert aidge.call(QUERY, {"taskId": one})["resCode"] == 500
    assert aidge.call(QUERY, {"taskId": other})["resCode"] == 200


# --- downloads


def test_faults_of_downloads(aidge: Any, service: Any) -> None:
    [url, other] = aidge.urls(aidge.run())
    whole = aidge.get(url).content
    service.add_fault(kind="short_length", action="GetResult", n=10, times=1)
    short = aidge.get(url)
    assert short.content == whole[:-10]
    assert short.headers["content-length"] == str(len(whole) - 10)
    service.add_fault(kind="truncate", action="GetResult", n=100, times=1)
    with pytest.raises(httpx.RemoteProtocolError):
        aidge.get(url)
    service.add_fault(kind="http", action="GetResult", times=1)
    assert aidge.get(url).status_code == 502
    service.add_fault(kind="error", action="GetResult", status=500, code="InternalError", message="oh", times=1)
    answer = aidge.get(url)
    assert answer.status_code == 500
    assert "<Code>InternalError</Code><Message>oh</Message>" in answer.text
    service.add_fault(kind="reset", action="GetResult", times=1)
    with pytest.raises(httpx.ReadError):
        aidge.get(url)
    service.add_fault(kind="error", action="GetResult", match="/2.jpg")
    assert [aidge.get(one).status_code for one in (url, other)] == [200, 503]
    service.clear_faults()
    assert aidge.get(url).content == whole
    records = service.calls("GetResult")
    assert [one.fault for one in records] == ["", "short_length", "truncate", "http", "error", "reset", "", "error", ""]
    assert [one.http_status for one in records] == [200, 200, 200, 502, 500, 0, 200, 503, 200]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"kind": "status"}, "status must be"),
        ({"kind": "status", "status": 5}, "status must be"),
        ({"kind": "status", "status": "x", "action": SUBMIT}, "applies to"),
        ({"kind": "task_fail", "action": SUBMIT, "err_code": 5}, "has no option err_code"),
        ({"kind": "task_seconds", "action": QUERY}, "applies to"),
        ({"kind": "wrong_byte", "action": "GetResult"}, "applies to"),
        ({"kind": "http", "status": 700}, "HTTP status"),
        ({"kind": "http", "status": "busy"}, "HTTP status"),
        ({"kind": "error", "status": -1}, "HTTP status"),
    ],
)
def test_rules_that_make_no_sense(fields: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Faults(scopes=FAULTS).add(**fields)


def test_rules_over_http(aidge: Any, service: Any) -> None:
    rule = httpx.post(f"{service.url}/_local/faults", json={"kind": "status", "status": "running", "times": 1}).json()
    assert rule["status"] == "running"
    assert aidge.query(aidge.submit())["taskStatus"] == "running"
