"""Aidge: gateway, life of a task, quotas, limits, journal."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from airflow_provider_mps.local.service import LocalService

OTHER = ("500001", "other-aidge-secret")


def gateway_error(answer: dict[str, Any]) -> tuple[str, str]:
    assert set(answer) == {"type", "code", "message", "request_id"}
    assert answer["type"] == "ISV"
    return answer["code"], answer["message"]


def service_error(answer: dict[str, Any]) -> tuple[int, str]:
    assert set(answer) == {"code", "request_id", "resCode", "success", "resMessage", "requestId", "data"}
    assert (answer["code"], answer["success"], answer["data"]) == ("0", False, None)
    assert answer["requestId"]
    return answer["resCode"], answer["resMessage"]


# --- the gateway


@pytest.mark.parametrize("name", ["app_key", "timestamp", "sign"])
@pytest.mark.parametrize("value", [None, ""])
def test_a_missing_parameter_is_named(aidge: Any, name: str, value: str | None) -> None:
    code, message = gateway_error(aidge.call(aidge.SCENES, **{name: value}))
    assert code == "MissingParameter"
    assert f"'{name}'" in message


@pytest.mark.parametrize(
    ("changes", "code", "words"),
    [
        ({"app_key": "1"}, "InvalidAppKey", "The specified App Key is invalid"),
        ({"timestamp": "yesterday"}, "IllegalTimestamp", "The timestamp is invalid or malformed"),
        ({"timestamp": "-5"}, "IllegalTimestamp", "The timestamp is invalid or malformed"),
        ({"timestamp": "1" * 16}, "IllegalTimestamp", "The timestamp is invalid or malformed"),
        ({"sign": "0" * 64}, "IncompleteSignature", "The request signature does not conform to platform standards"),
        ({"sign": "ü"}, "IncompleteSignature", "The request signature does not conform to platform standards"),
        ({"sign_method": "md5"}, "UnsupportedMethod", "sign_method"),
        ({"sign_method": None}, "UnsupportedMethod", "sign_method"),
        ({"partner_id": "iop"}, "InvalidParameter", "partner_id"),
        ({"sign_ver": "v1"}, "InvalidParameter", "sign_ver"),
        ({"method": "GET"}, "UnsupportedMethod", "POST"),
        ({"headers": {"Content-Type": "text/plain"}}, "InvalidParameter", "Content-Type"),
        ({"headers": {"x-iop-trial": "perhaps"}}, "InvalidParameter", "x-iop-trial"),
    ],
)
def test_the_gateway_refuses(aidge: Any, service: Any, changes: dict[str, Any], code: str, words: str) -> None:
    found, message = gateway_error(aidge.call(aidge.SCENES, **changes))
    assert found == code
    assert words in message
    [record] = service.journal
    assert (record.code, record.http_status, record.executed, record.secret_id) == (code, 200, False, "")


def test_the_signature_is_of_secret_and_time(aidge: Any) -> None:
    """Not of lower-case digits, nor with another secret or time; the order of the parameters is free."""
    query = aidge.query_string()
    assert aidge.call(aidge.SCENES, sign=query["sign"].lower())["code"] == "IncompleteSignature"
    later = str(int(query["timestamp"]) + 1)
    assert aidge.call(aidge.SCENES, timestamp=later, sign=query["sign"])["code"] == "IncompleteSignature"
    aidge.secret += "x"
    assert aidge.call(aidge.SCENES)["code"] == "IncompleteSignature"
    backwards = dict(reversed(query.items()))
    url = f"{aidge.service.url}/rest{aidge.SCENES}"
    assert httpx.post(url, params=backwards, json={}).json()["resCode"] == 200


@pytest.mark.parametrize(("off", "fine"), [(-7190, True), (7190, True), (-7210, False), (7210, False)])
def test_the_clock_may_be_two_hours_off(aidge: Any, service: Any, off: int, fine: bool) -> None:
    answer = aidge.call(aidge.SCENES, signed_time=int((service.backend.clock() + off) * 1000))
    if fine:
        assert answer["resCode"] == 200
    else:
        code, message = gateway_error(answer)
        assert code == "IllegalTimestamp"
        assert "has expired" in message


@pytest.mark.parametrize("path", ["/ai/image/background/generation", "/nothing", "/", "/ai/image/../query"])
def test_an_unknown_path(aidge: Any, service: Any, path: str) -> None:
    answer = httpx.post(f"{service.url}/rest{path}", json={})
    assert gateway_error(answer.json())[0] == "InvalidApiPath"
    assert [record.code for record in service.journal] == ["InvalidApiPath"]


@pytest.mark.parametrize("body", [b"{", b"[]", b'"x"', b"\xff", b"x" * (10 * 1024 * 1024 + 1)])
def test_a_body_that_is_no_object(aidge: Any, body: bytes) -> None:
    code, message = service_error(aidge.call(aidge.QUERY, body))
    assert code == 700
    assert "body" in message


# --- tasks


def test_the_shape_of_the_answers(aidge: Any) -> None:
    answer = aidge.post(modelNum="3", imageNum="3")
    task_id = answer["data"]["result"].pop("taskId")
    assert answer == {
        "code": "0",
        "request_id": answer["request_id"],
        "resCode": 200,
        "success": True,
        "resMessage": "success",
        "requestId": answer["requestId"],
        "data": {"result": {}},
    }
    data = aidge.ended(task_id)
    assert (data["taskId"], data["taskStatus"], data["taskMessage"]) == (task_id, "finished", "")
    assert len(data["taskResult"]) == 3
    for result in data["taskResult"]:
        assert set(result) == {"imageUrlList", "sceneTemplate", "recordContent", "taskStatus", "taskMessage"}
        assert len(result["imageUrlList"]) == 1
        assert (result["sceneTemplate"], result["taskStatus"], result["taskMessage"]) == ("3", "finished", "")
        assert result["recordContent"]


def test_the_status_over_time(make_service: Any, aidge_for: Any, clock: Any) -> None:
    service = make_service(task_seconds=100, clock=clock)
    aidge = aidge_for(service)
    clock.frozen = float(int(clock()))
    task_id = aidge.submit()
    [task] = service.aidge_tasks
    seen = []
    for step in (0, 19, 2, 78, 0):
        clock.frozen += step
        seen.append((aidge.query(task_id)["taskStatus"], len(aidge.query(task_id)["taskResult"])))
    assert seen == [("waiting", 0), ("waiting", 0), ("processing", 0), ("processing", 0), ("processing", 0)]
    clock.frozen += 1
    assert len(aidge.ended(task_id)["taskResult"]) == 2
    assert (task.task_id, task.failure) == (task_id, "")
    assert task.done is not None


def test_a_task_ends_only_with_its_work(make_service: Any, aidge_for: Any) -> None:
    service = make_service(task_seconds=0)
    task_id = aidge_for(service).submit()
    [task] = service.aidge_tasks
    assert task.status(task.created) in ("processing", "finished")
    aidge_for(service).ended(task_id)
    task.done = None
    assert task.status(task.created + 1000) == "processing"


def test_tasks_belong_to_their_account(aidge: Any, aidge_for: Any, service: Any) -> None:
    task_id = aidge.submit()
    other = aidge_for(service, OTHER)
    for client, wanted in ((other, task_id), (aidge, "0" * 32), (aidge, "")):
        code, message = service_error(client.call(aidge.QUERY, {"taskId": wanted}))
        assert code == 700
        assert "taskId" in message
        assert "does not exist" in message
    assert other.ended(other.submit())["taskStatus"] == "finished"
    assert aidge.query(task_id)["taskStatus"]


def test_tasks_are_listed_oldest_first(aidge: Any, service: Any) -> None:
    ids = [aidge.submit() for _ in range(3)]
    assert [task.task_id for task in service.aidge_tasks][-3:] == ids
    listed = httpx.get(f"{service.url}/_local/tasks").json()
    assert [task["task_id"] for task in listed if task["service"] == "aidge"][-3:] == ids
    assert listed[-1]["scene"] == "1"
    assert listed[-1]["pictures"] == 2
    health = httpx.get(f"{service.url}/_local/health").json()
    assert health["aidge_tasks"] == len(service.aidge_tasks)


# --- quotas and limits


def test_the_two_quotas_count_accepted_submissions(make_service: Any, aidge_for: Any) -> None:
    service = make_service(
        aidge_paid_quota=2, aidge_trial_quota=1, rate_limit=0, aidge_accounts=[("1", "a"), ("2", "b")]
    )
    aidge = aidge_for(service)

    def outcome(trial: bool = False, client: Any = aidge, **fields: Any) -> Any:
        answer = client.post(trial, **fields)
        return answer.get("resCode") or answer["code"]

    assert outcome(modelNum="none such") == 700
    assert [outcome(), outcome(), outcome()] == [200, 200, "InsufficientPermission"]
    # Before the request is looked at, and whatever it says.
    assert outcome(modelNum="none such") == "InsufficientPermission"
    assert [outcome(trial=True), outcome(trial=True)] == [200, "InsufficientPermission"]
    code, message = gateway_error(aidge.post())
    assert code == "InsufficientPermission"
    assert message.startswith("Sorry, your calling resources have been exhausted. Please purchase the API or use the")
    # Queries and searches are free, and another account has quotas of its own.
    assert aidge.query(service.aidge_tasks[0].task_id)
    assert aidge.call(aidge.SCENES)["resCode"] == 200
    assert outcome(client=aidge_for(service, ("2", "b"))) == 200
    submissions = service.calls(aidge.SUBMIT)
    assert [record.trial for record in submissions] == [False] * 5 + [True, True, False, False]
    assert [record.executed for record in submissions].count(True) == len(service.aidge_tasks) == 4


@pytest.mark.parametrize(
    ("header", "trial"), [({}, False), ({"x-iop-trial": "false"}, False), ({"X-Iop-Trial": "True"}, True)]
)
def test_the_trial_header(aidge: Any, service: Any, header: dict[str, str], trial: bool) -> None:
    body = {"requestParams": json.dumps([aidge.element()])}
    assert aidge.call(aidge.SUBMIT, body, headers=header)["resCode"] == 200
    assert service.calls(aidge.SUBMIT)[0].trial is trial


def test_the_limit_is_for_each_account_and_path(make_service: Any, aidge_for: Any, clock: Any) -> None:
    clock.frozen = float(int(clock()))
    service = make_service(rate_limit=2, clock=clock, aidge_accounts=[("1", "a"), ("2", "b")])
    aidge, other = aidge_for(service), aidge_for(service, ("2", "b"))
    assert [aidge.call(aidge.SCENES)["resCode"] for _ in range(2)] == [200, 200]
    code, message = service_error(aidge.call(aidge.SCENES))
    assert code == 501
    assert "rate limit" in message
    assert aidge.call(aidge.QUERY, {"taskId": "x"})["resCode"] == 700
    assert other.call(other.SCENES)["resCode"] == 200
    clock.frozen += 1
    assert aidge.call(aidge.SCENES)["resCode"] == 200
    assert [record.code for record in service.calls(aidge.SCENES)] == ["", "", "501", "", ""]


def test_a_limit_of_one_path(make_service: Any, aidge_for: Any, clock: Any) -> None:
    clock.frozen = float(int(clock()))
    service = make_service(rate_limit={"*": 0, "/ai/image/background/generation/query": 1}, clock=clock)
    aidge = aidge_for(service)
    assert [aidge.call(aidge.QUERY, {"taskId": "x"})["resCode"] for _ in range(2)] == [700, 501]
    assert {aidge.call(aidge.SCENES)["resCode"] for _ in range(30)} == {200}


# --- the journal, the connection


def test_the_journal(aidge: Any, service: Any) -> None:
    task_id = aidge.submit(imageFileUrl="http://127.0.0.1:1/a.jpg?Signature=abc&x=1", productTitle="Cup")
    aidge.query(task_id)
    aidge.post(modelNum="none such", imgBase64="QUJD" * 100)
    aidge.call(aidge.SCENES, {"count": 3})
    submitted, queried, refused, searched = service.journal
    assert submitted.action == "/ai/image/background/generation/scenario"
    assert submitted.body == {
        "requestParams": [aidge.element(imageFileUrl="http://127.0.0.1:1/a.jpg?Signature=***&x=1", productTitle="Cup")]
    }
    assert (submitted.task_id, submitted.executed, submitted.code, submitted.trial) == (task_id, True, "", False)
    assert submitted.secret_id == aidge.key_name
    assert (queried.task_id, queried.body) == (task_id, {"taskId": task_id})
    assert (refused.code, refused.executed, refused.task_id) == ("700", False, "")
    assert refused.body["requestParams"][0]["imgBase64"] == "<400 characters>"
    assert (searched.action, searched.body) == ("/ai/image/background/generation/scene/query", {"count": 3})


@pytest.mark.parametrize(
    "body", [b'{"requestParams": "[{"}', b'{"requestParams": 5}', b'{"requestParams": "[1, null]"}']
)
def test_the_journal_takes_any_body(aidge: Any, service: Any, body: bytes) -> None:
    assert aidge.call(aidge.SUBMIT, body)["resCode"] == 700
    assert "requestParams" in service.journal[0].body


def test_the_journal_keeps_no_long_texts_and_no_secrets(aidge: Any, service: Any) -> None:
    aidge.call(aidge.SUBMIT, {"requestParams": "x" * 5000})
    half = b'{"taskId": "\\ud800"}'
    assert aidge.call(aidge.QUERY, half)["resCode"] == 700
    url = aidge.urls(aidge.run())[0]
    aidge.get(url)
    shown = httpx.get(f"{service.url}/_local/journal").text
    assert "<5000 characters>" in shown
    assert "\\ud800" in shown
    assert aidge.secret not in shown
    assert aidge.query_string(signed_time=1)["sign"] not in shown
    assert url.rpartition("Signature=")[2] not in shown
    assert "sign_ver" not in shown
    assert "Expires" not in shown


def test_the_connection(make_service: Any, service: Any) -> None:
    assert service.aidge_connection() == {
        "conn_type": "aidge",
        "host": "127.0.0.1",
        "port": service.port,
        "login": "500000",
        "password": "local-aidge-secret-not-a-real-one",
        "extra": {"protocol": "http://", "trial": False, "requests_per_second": 1e6},
    }
    limited = make_service(aidge_accounts=[("7", "seven")])
    assert limited.aidge_connection()["extra"] == {"protocol": "http://", "trial": False}
    assert (limited.aidge_key_name, limited.aidge_secret) == ("7", "seven")
    with pytest.raises(ValueError, match="aidge_accounts"):
        LocalService(aidge_accounts=[]).start()
