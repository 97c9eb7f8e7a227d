"""The hook against the local service; every call on the sync and on the async path."""

from __future__ import annotations

import asyncio
import json
import logging
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import trustme
from airflow.providers.common.compat.sdk import AirflowFailException, AirflowNotFoundException

from airflow_provider_mps.clients import aidge as aidge_client
from airflow_provider_mps.core.calls import ATTEMPTS
from airflow_provider_mps.core.errors import ServiceError
from airflow_provider_mps.core.outcomes import Outcome
from airflow_provider_mps.core.pace import Pace
from airflow_provider_mps.core.tasks import TaskState
from airflow_provider_mps.exceptions import (
    AidgeError,
    AidgePermanentError,
    AidgeTaskFailedError,
    InvalidArgumentError,
)
from airflow_provider_mps.hooks.aidge import AidgeHook
from airflow_provider_mps.local.service import LocalService
from airflow_provider_mps.services.aidge.requests import Generation, GenerationRequest, SceneSearch
from airflow_provider_mps.services.aidge.words import AidgeAction
from tests.hooks.proxy import counting_proxy

SUBMIT, QUERY, SCENES = AidgeAction.GENERATE.value, AidgeAction.QUERY.value, AidgeAction.SCENES.value


class Caller:
    """The sync and the async calls of the hook behind one face."""

    def __init__(self, kind: str) -> None:
        self.kind = kind

    def submit(self, hook: AidgeHook, request: GenerationRequest) -> str:
        return str(self._run(hook, hook.submit, hook.asubmit, request))

    def look(self, hook: AidgeHook, task_id: str) -> Any:
        return self._run(hook, hook.look, hook.alook, task_id)

    def scenes(self, hook: AidgeHook, body: bytes) -> Any:
        return self._run(hook, hook.search_scenes, hook.asearch_scenes, body)

    def _run(self, hook: AidgeHook, sync: Any, asynchronous: Any, *arguments: Any) -> Any:
        if self.kind == "sync":
            return sync(*arguments)

        async def call() -> Any:
            async with hook:
                return await asynchronous(*arguments)

        return asyncio.run(call())


@pytest.fixture(params=["sync", "async"])
def caller(request: pytest.FixtureRequest) -> Caller:
    return Caller(request.param)


@pytest.fixture
def request_(service: LocalService) -> GenerationRequest:
    url = f"{service.url}/_local/samples/coffee-large.jpg?v=1&sign=hunter22hunter"
    return Generation(image_url=url, scene_id=3).request(lambda name, value: b"")


@pytest.fixture
def connect_aidge(service: LocalService, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Make a connection to the local service with changes."""

    def make(service: LocalService = service, **changes: Any) -> str:
        connection = service.aidge_connection()
        extra = {**connection["extra"], **changes.pop("extra", {})}
        monkeypatch.setenv("AIRFLOW_CONN_CHANGED", json.dumps({**connection, **changes, "extra": extra}))
        return "changed"

    return make


def finished(caller: Caller, hook: AidgeHook, task_id: str) -> TaskState:
    for _ in range(200):
        state = caller.look(hook, task_id)
        if isinstance(state, TaskState) and state.done:
            return state
        time.sleep(0.05)
    raise AssertionError("the task does not finish")


def failed(call: Callable[[], Any]) -> AidgeError | AidgePermanentError:
    with pytest.raises((AidgeError, AidgePermanentError)) as caught:
        call()
    return caught.value


def test_submit_look_and_fetch(
    caller: Caller, service: LocalService, aidge_conn_id: str, request_: GenerationRequest, tmp_path: Path
) -> None:
    hook = AidgeHook(aidge_conn_id)
    task_id = caller.submit(hook, request_)
    (record,) = service.calls(SUBMIT)
    [element] = record.body["requestParams"]
    assert {**element, "imageFileUrl": request_.element["imageFileUrl"]} == request_.element
    assert (record.task_id, record.code, record.trial) == (task_id, "", False)
    state = finished(caller, hook, task_id)
    assert state.result is not None
    assert (state.result["TaskId"], state.result["Status"]) == (task_id, "finished")
    assert len(state.result["Images"]) == 4
    assert all("?" not in image["url"] and image["scene"] == "3" for image in state.result["Images"])
    addresses = hook.get_addresses(task_id)
    assert len(addresses) == 4
    assert all("Signature=" in address.url for address in addresses)
    file = hook.fetch(addresses[0].url, tmp_path, "one")
    assert file.name == "one.jpg"
    assert file.read_bytes().startswith(b"\xff\xd8\xff")


def test_scenes(caller: Caller, service: LocalService, aidge_conn_id: str) -> None:
    found = caller.scenes(AidgeHook(aidge_conn_id), SceneSearch(scene_type="Outdoor", count=3).body())
    assert 0 < len(found) <= 3
    assert all(set(scene) == {"id", "name", "cover", "tags"} and scene["id"] and scene["tags"] for scene in found)
    assert service.calls(SCENES)[0].body == {"sceneType": "2", "count": "3"}


@pytest.mark.parametrize("code", ["500", "501", "801", "1001", "1002"])
def test_what_passes_is_sent_again(
    code: str, caller: Caller, service: LocalService, aidge_conn_id: str, request_: GenerationRequest
) -> None:
    service.add_fault(kind="error", action=SUBMIT, code=code, message="later", times=2)
    caller.submit(AidgeHook(aidge_conn_id), request_)
    assert [record.code for record in service.calls(SUBMIT)] == [code, code, ""]
    assert len(service.accepted(SUBMIT)) == 1


@pytest.mark.parametrize("code", ["500", "501", "801", "1001", "1002"])
def test_what_does_not_pass_in_time_is_retried_by_airflow(
    code: str, caller: Caller, service: LocalService, aidge_conn_id: str, request_: GenerationRequest
) -> None:
    service.add_fault(kind="error", action=SUBMIT, code=code, message="later")
    error = failed(lambda: caller.submit(AidgeHook(aidge_conn_id), request_))
    assert not isinstance(error, AirflowFailException)
    assert (error.code, error.message, bool(error.request_id)) == (code, "later", True)
    assert len(service.calls(SUBMIT)) == ATTEMPTS


@pytest.mark.parametrize(
    "code", ["700", "1000", "IncompleteSignature", "InvalidAppKey", "IllegalTimestamp", "InsufficientPermission"]
)
def test_what_will_not_pass_ends_the_task_at_once(
    code: str, caller: Caller, service: LocalService, aidge_conn_id: str, request_: GenerationRequest
) -> None:
    service.add_fault(kind="error", action=SUBMIT, code=code, message="no")
    error = failed(lambda: caller.submit(AidgeHook(aidge_conn_id), request_))
    assert isinstance(error, AirflowFailException)
    assert (error.code, error.message) == (code, "no")
    assert error.request_id in str(error)
    assert "/_local/samples/coffee-large.jpg" in str(error)
    assert "hunter22hunter" not in str(error)
    assert len(service.calls(SUBMIT)) == 1


def test_a_limit_slows_the_pace(service: LocalService, connect_aidge: Callable[..., str]) -> None:
    hook = AidgeHook(connect_aidge(extra={"requests_per_second": 77}))
    service.add_fault(kind="error", action=SCENES, code="501", times=1)
    hook.search_scenes(SceneSearch().body())
    assert hook.pacer(SCENES).rate < 77
    assert hook.pacer(QUERY).rate == Pace(77).rate_at(0.0)


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ({"kind": "lost_answer"}, "NoAnswer"),
        ({"kind": "reset"}, "NoAnswer"),
        ({"kind": "garbage", "executed": True}, "GarbledAnswer"),
        ({"kind": "garbage", "executed": True, "body": "<html>gateway</html>"}, "GarbledAnswer"),
        ({"kind": "garbage", "executed": True, "body": '{"resCode": 200, "success": true}'}, "GarbledAnswer"),
        ({"kind": "garbage", "executed": True, "body": '{"resCode": 200, "success": false}'}, "success=false"),
        ({"kind": "http", "status": 502, "body": "bad gateway"}, "HTTP 502"),
        ({"kind": "error", "code": "NeverHeardOf"}, "NeverHeardOf"),
        ({"kind": "http", "status": 200, "body": '{"code": 500, "message": "upstream timed out"}'}, "Gateway500"),
        ({"kind": "http", "status": 504, "body": '{"code": 500, "message": "upstream timed out"}'}, "HTTP 504"),
    ],
)
def test_a_submission_that_may_have_been_executed_is_never_sent_again(
    fault: dict[str, Any],
    code: str,
    caller: Caller,
    service: LocalService,
    aidge_conn_id: str,
    request_: GenerationRequest,
) -> None:
    service.add_fault(action=SUBMIT, **fault)
    error = failed(lambda: caller.submit(AidgeHook(aidge_conn_id), request_))
    assert (error.code, error.outcome) == (code, Outcome.UNKNOWN)
    assert "may have been executed" in str(error)
    assert len(service.calls(SUBMIT)) == 1


@pytest.mark.parametrize(
    ("status", "word", "outcome", "calls"),
    [
        (429, "Throttling", Outcome.NOT_EXECUTED, ATTEMPTS),
        (403, "Forbidden", Outcome.REFUSED, 1),
        (500, "Whatever", Outcome.UNKNOWN, 1),
        (200, "Whatever", Outcome.UNKNOWN, 1),
        (200, "SignatureDoesNotMatch", Outcome.REFUSED, 1),
        (200, "InvalidTimestampFormat", Outcome.REFUSED, 1),
    ],
)
def test_words_of_a_gateway_that_are_in_no_table(
    status: int,
    word: str,
    outcome: Outcome,
    calls: int,
    caller: Caller,
    service: LocalService,
    aidge_conn_id: str,
    request_: GenerationRequest,
) -> None:
    body = json.dumps({"code": word, "message": "no", "request_id": "r1"})
    service.add_fault(kind="http", action=SUBMIT, status=status, body=body)
    error = failed(lambda: caller.submit(AidgeHook(aidge_conn_id), request_))
    assert error.outcome is outcome
    assert word in str(error)
    assert "r1" in str(error)
    assert len(service.calls(SUBMIT)) == calls


def test_a_look_may_be_repeated_whatever_became_of_it(
    caller: Caller, service: LocalService, aidge_conn_id: str, request_: GenerationRequest
) -> None:
    hook = AidgeHook(aidge_conn_id)
    task_id = caller.submit(hook, request_)
    for fault, code in (({"kind": "lost_answer"}, "NoAnswer"), ({"kind": "http", "status": 503}, "HTTP 503")):
        service.add_fault(action=QUERY, times=1, **fault)
        # Who waits looks again by itself.
        look = caller.look(hook, task_id)
        assert isinstance(look, ServiceError)
        assert look.code == code
        service.add_fault(action=QUERY, times=3, **fault)
        assert hook.get_task_state(task_id).task_id == task_id


@pytest.mark.parametrize("code", ["500", "501", "801", "1001", "1002"])
def test_what_passes_in_a_query_is_no_verdict_on_the_task(
    code: str,
    caller: Caller,
    service: LocalService,
    aidge_conn_id: str,
    request_: GenerationRequest,
) -> None:
    hook = AidgeHook(aidge_conn_id)
    task_id = caller.submit(hook, request_)
    service.add_fault(kind="error", action=QUERY, code=code, message="later", times=1)
    look = caller.look(hook, task_id)
    assert isinstance(look, ServiceError)
    assert (look.code, look.outcome) == (code, Outcome.NOT_EXECUTED)
    assert finished(caller, hook, task_id).result is not None


def test_content_that_is_refused_is_the_end_of_the_task(
    caller: Caller, service: LocalService, aidge_conn_id: str, request_: GenerationRequest
) -> None:
    hook = AidgeHook(aidge_conn_id)
    task_id = caller.submit(hook, request_)
    service.add_fault(kind="error", action=QUERY, code="1000", message="no picture")
    for state in (caller.look(hook, task_id), hook.get_task_state(task_id)):
        assert state.failure is not None
        assert (state.failure.code, state.failure.message, state.failure.is_final) == ("1000", "no picture", True)
    assert len(service.calls(QUERY)) == 2


def test_an_unknown_task(caller: Caller, service: LocalService, aidge_conn_id: str) -> None:
    look = caller.look(AidgeHook(aidge_conn_id), "no-such-task")
    assert isinstance(look, ServiceError)
    assert (look.code, look.outcome) == ("700", Outcome.REFUSED)
    assert "Aidge does not know this task for these keys" in str(look)
    assert len(service.calls(QUERY)) == 1


def test_an_unknown_status_is_told_once(
    caller: Caller,
    service: LocalService,
    aidge_conn_id: str,
    request_: GenerationRequest,
    lines: Callable[[], str],
) -> None:
    hook = AidgeHook(aidge_conn_id)
    task_id = caller.submit(hook, request_)
    service.add_fault(kind="status", action=QUERY, status="on_the_moon", times=3)
    looks = [caller.look(hook, task_id) for _ in range(3)]
    assert [str(look) for look in looks] == ["on_the_moon"] * 3
    assert not any(look.done for look in looks)
    assert finished(caller, hook, task_id).result is not None
    assert lines().count("the status 'on_the_moon' is not known here and decides nothing") == 1


def test_wrong_keys(caller: Caller, connect_aidge: Callable[..., str], request_: GenerationRequest) -> None:
    for change, code in (({"password": "not-the-secret"}, "IncompleteSignature"), ({"login": "1"}, "InvalidAppKey")):
        hook = AidgeHook(connect_aidge(**change))
        error = failed(lambda hook=hook: caller.submit(hook, request_))
        assert isinstance(error, AirflowFailException)
        assert error.code == code
        assert "Check login (API key name), password (secret) and host" in str(error)
        assert "not-the-secret" not in str(error)


def test_quotas(caller: Caller, connect_aidge: Callable[..., str]) -> None:
    with LocalService(rate_limit=0, small_pictures=True, aidge_paid_quota=0, aidge_trial_quota=1) as service:
        generation = Generation(image_url=f"{service.url}/_local/samples/coffee-large.jpg", scene_id=3)
        request = generation.request(lambda name, value: b"")
        error = failed(lambda: caller.submit(AidgeHook(connect_aidge(service)), request))
        assert (error.code, isinstance(error, AirflowFailException)) == ("QuotaExhausted", True)
        assert "resources have been exhausted" in str(error)
        assert "set trial in the connection" in str(error)
        trial = AidgeHook(connect_aidge(service, extra={"trial": True}))
        caller.submit(trial, request)
        assert service.calls(SUBMIT)[-1].trial is True
        assert failed(lambda: caller.submit(trial, request)).code == "QuotaExhausted"


def test_no_such_connection(caller: Caller, request_: GenerationRequest) -> None:
    with pytest.raises(AirflowNotFoundException, match="nowhere"):
        caller.submit(AidgeHook("nowhere"), request_)


def test_a_bad_connection_is_named(
    caller: Caller, connect_aidge: Callable[..., str], request_: GenerationRequest
) -> None:
    with pytest.raises(InvalidArgumentError, match=r"connection extra trial: .* \(connection changed\)"):
        caller.submit(AidgeHook(connect_aidge(extra={"trial": "perhaps"})), request_)


def test_the_connection_as_an_address(
    service: LocalService, monkeypatch: pytest.MonkeyPatch, request_: GenerationRequest
) -> None:
    keys = f"{service.aidge_key_name}:{service.aidge_secret}"
    address = f"aidge://{keys}@{service.netloc}/?trial=true&protocol=http"
    monkeypatch.setenv("AIRFLOW_CONN_BY_ADDRESS", address)
    AidgeHook("by_address").submit(request_)
    assert service.calls(SUBMIT)[0].trial is True


def test_nobody_listens(caller: Caller, connect_aidge: Callable[..., str], request_: GenerationRequest) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    error = failed(lambda: caller.submit(AidgeHook(connect_aidge(port=port)), request_))
    assert (error.code, error.outcome) == ("NotConnected", Outcome.NOT_EXECUTED)
    assert not isinstance(error, AirflowFailException)


def test_an_answer_too_late(
    caller: Caller, service: LocalService, connect_aidge: Callable[..., str], request_: GenerationRequest
) -> None:
    service.add_fault(kind="delay", action=SUBMIT, seconds=2, when="after")
    hook = AidgeHook(connect_aidge(extra={"request_timeout": 0.2}))
    assert failed(lambda: caller.submit(hook, request_)).outcome is Outcome.UNKNOWN


def test_proxy(caller: Caller, connect_aidge: Callable[..., str], request_: GenerationRequest) -> None:
    with counting_proxy() as proxy:
        caller.submit(AidgeHook(connect_aidge(extra={"proxy": f"http://user:secretpw@{proxy.netloc}"})), request_)
        assert len(proxy.requests) == 1


def test_tls(
    caller: Caller, tls_service: LocalService, connect_aidge: Callable[..., str], authority: trustme.CA, tmp_path: Path
) -> None:
    generation = Generation(image_url="https://img.example/a.jpg", scene_id=3)
    request = generation.request(lambda name, value: b"")
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    trusting = AidgeHook(connect_aidge(tls_service, extra={"ca_bundle": str(tmp_path / "ca.pem")}))
    assert caller.submit(trusting, request)
    for bundle in (None, str(tmp_path / "missing.pem")):
        error = failed(
            lambda bundle=bundle: caller.submit(
                AidgeHook(connect_aidge(tls_service, extra={"ca_bundle": bundle})), request
            )
        )
        assert (error.code, isinstance(error, AirflowFailException)) == ("BadCertificate", True)


def test_the_test_button_changes_nothing(service: LocalService, connect_aidge: Callable[..., str]) -> None:
    ok, said = AidgeHook(connect_aidge()).test_connection()
    assert ok, said
    assert service.netloc in said
    assert [record.action for record in service.journal] == [QUERY]
    ok, said = AidgeHook(connect_aidge(password="wrong")).test_connection()
    assert not ok
    assert "IncompleteSignature" in said
    ok, said = AidgeHook("nowhere").test_connection()
    assert not ok
    assert "nowhere" in said


def test_get_conn_signs_any_call(service: LocalService, aidge_conn_id: str) -> None:
    response = AidgeHook(aidge_conn_id).get_conn().post(QUERY, json={"taskId": "x"})
    assert response.json()["resCode"] == 700


def test_errors_of_the_client_show_no_signature(service: LocalService, aidge_conn_id: str) -> None:
    client = AidgeHook(aidge_conn_id).get_conn()
    for kind, fault in (("http", {"status": 403}), ("reset", {})):
        service.add_fault(kind=kind, action=QUERY, times=1, **fault)
        with pytest.raises(httpx.HTTPError) as caught:
            client.post(QUERY, json={"taskId": "x"}, params={"page": "2"}).raise_for_status()
        for text in (str(caught.value), str(caught.value.request.url)):
            assert "sign=" not in text
        assert caught.value.request.url.params["page"] == "2"


def test_get_conn_keeps_what_the_caller_asks_for(aidge_conn_id: str) -> None:
    request = AidgeHook(aidge_conn_id).get_conn().build_request("GET", "/ai/x", params={"page": "2", "q": "a&b"})
    flow = AidgeHook(aidge_conn_id).get_conn().auth.auth_flow(request)
    signed = next(flow)
    assert signed.url.params.get_list("page") + signed.url.params.get_list("q") == ["2", "a&b"]
    assert signed.url.params["partner_id"] == "aidge"


def test_a_request_that_cannot_be_made_was_not_sent(
    caller: Caller,
    service: LocalService,
    aidge_conn_id: str,
    request_: GenerationRequest,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(settings: Any) -> Any:
        raise ImportError("no module for this kind of proxy")

    for name in ("sync_client", "async_client"):
        monkeypatch.setattr(aidge_client, name, broken)
    error = failed(lambda: caller.submit(AidgeHook(aidge_conn_id), request_))
    assert (error.code, error.outcome) == ("NotSent", Outcome.NOT_EXECUTED)
    assert "no module for this kind of proxy" in str(error)
    assert not service.journal


def test_addresses_of_a_task_that_is_not_done_or_has_failed(
    service: LocalService, aidge_conn_id: str, request_: GenerationRequest
) -> None:
    hook = AidgeHook(aidge_conn_id)
    service.add_fault(kind="task_seconds", action=SUBMIT, seconds=3600, times=1)
    error = failed(lambda: hook.get_addresses(hook.submit(request_)))
    assert (error.code, isinstance(error, AirflowFailException)) == ("PicturesNotThere", False)
    service.add_fault(kind="task_fail", action=SUBMIT, message="too dark", times=1)
    dark = hook.submit(request_)
    finished(Caller("sync"), hook, dark)
    with pytest.raises(AidgeTaskFailedError, match="too dark"):
        hook.get_addresses(dark)
    service.add_fault(kind="error", action=QUERY, code="1000", message="sensitive", times=1)
    assert failed(lambda: hook.get_addresses(dark)).code == "1000"


def test_fewer_addresses_than_the_result_had(
    service: LocalService, aidge_conn_id: str, request_: GenerationRequest
) -> None:
    hook = AidgeHook(aidge_conn_id)
    task_id = hook.submit(request_)
    finished(Caller("sync"), hook, task_id)
    assert len(hook.get_addresses(task_id, 4)) == 4
    error = failed(lambda: hook.get_addresses(task_id, 5))
    assert "4 of 5 pictures have an address" in str(error)
    assert not isinstance(error, AirflowFailException)


def test_no_signature_reaches_a_log(
    caller: Caller,
    service: LocalService,
    aidge_conn_id: str,
    request_: GenerationRequest,
    caplog: pytest.LogCaptureFixture,
    tmp_path: Path,
) -> None:
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.DEBUG, "httpx")
    hook = AidgeHook(aidge_conn_id)
    task_id = caller.submit(hook, request_)
    finished(caller, hook, task_id)
    address = hook.get_addresses(task_id)[0].url
    hook.fetch(address, tmp_path, "x")
    assert "HTTP Request: POST" in caplog.text
    for secret in (service.aidge_secret, "sign=", "Signature=", address.rpartition("=")[2], "app_key="):
        assert secret not in caplog.text


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ({"kind": "truncate", "n": 100}, "NoAnswer"),
        ({"kind": "reset"}, "NoAnswer"),
        ({"kind": "http", "status": 503}, "HTTP 503"),
        ({"kind": "http", "status": 404}, "HTTP 404"),
        ({"kind": "error", "status": 403, "code": "AccessDenied"}, "HTTP 403"),
    ],
)
def test_a_picture_arrives_whole_or_not_at_all(
    fault: dict[str, Any],
    code: str,
    service: LocalService,
    aidge_conn_id: str,
    request_: GenerationRequest,
    tmp_path: Path,
) -> None:
    hook = AidgeHook(aidge_conn_id)
    task_id = hook.submit(request_)
    finished(Caller("sync"), hook, task_id)
    address = hook.get_addresses(task_id)[0].url
    service.add_fault(action="GetResult", times=2, **fault)
    assert hook.fetch(address, tmp_path, "ok").stat().st_size > 100
    assert len(service.calls("GetResult")) == 3
    service.add_fault(action="GetResult", **fault)
    error = failed(lambda: hook.fetch(address, tmp_path, "bad"))
    assert error.code == code
    assert not isinstance(error, AirflowFailException)
    assert "Signature" not in str(error)
    assert f"/aidge-results/{task_id}/" in str(error)


@pytest.fixture
def cloud() -> Iterator[LocalService]:
    """Aidge that answers in the shape of Alibaba Cloud's documents."""
    with LocalService(task_seconds=0.2, rate_limit=0, small_pictures=True, aidge_replies="cloud") as running:
        yield running


def request_to(service: LocalService) -> GenerationRequest:
    generation = Generation(image_url=f"{service.url}/_local/samples/coffee-large.jpg", scene_id=3)
    return generation.request(lambda name, value: b"")


def test_the_whole_life_in_the_shape_of_the_cloud(
    caller: Caller, cloud: LocalService, connect_aidge: Callable[..., str], tmp_path: Path
) -> None:
    hook = AidgeHook(connect_aidge(cloud))
    task_id = caller.submit(hook, request_to(cloud))
    state = finished(caller, hook, task_id)
    assert state.result is not None
    assert [image["scene"] for image in state.result["Images"]] == ["3"] * 4
    assert hook.fetch(hook.get_addresses(task_id, 4)[0].url, tmp_path, "one").stat().st_size > 100
    assert [set(scene) for scene in caller.scenes(hook, SceneSearch(count=2).body())] == [
        {"id", "name", "cover", "tags"}
    ] * 2
    assert hook.test_connection()[0]
    look = caller.look(hook, "no-such-task")
    assert isinstance(look, ServiceError)
    assert (look.code, look.outcome) == ("InvalidParameter", Outcome.REFUSED)
    cloud.add_fault(kind="task_fail", action=SUBMIT, message="too dark", times=1)
    failure = finished(caller, hook, caller.submit(hook, request_to(cloud))).failure
    assert failure is not None
    assert failure.message == "too dark"


@pytest.mark.parametrize(
    ("code", "said", "calls", "words"),
    [
        ("FreeQuotaExhausted", "FreeQuotaExhausted", 1, "Buy a package"),
        ("InputContentBlocked", "InputContentBlocked", 1, "content check"),
        ("1000", "InputContentBlocked", 1, "content check"),
        ("ServiceNotOpened", "ServiceNotOpened", 1, "Activate this API"),
        ("SignatureDoesNotMatch", "SignatureDoesNotMatch", 1, "login (API key name)"),
        ("Throttling.User", "Throttling.User", ATTEMPTS, "lower requests_per_second"),
        ("501", "Throttling.User", ATTEMPTS, "lower requests_per_second"),
        ("DownstreamUnavailable", "DownstreamUnavailable", ATTEMPTS, "may be retried safely"),
    ],
)
def test_named_errors_are_judged_by_their_names(
    code: str,
    said: str,
    calls: int,
    words: str,
    caller: Caller,
    cloud: LocalService,
    connect_aidge: Callable[..., str],
) -> None:
    cloud.add_fault(kind="error", action=SUBMIT, code=code, message="no")
    error = failed(lambda: caller.submit(AidgeHook(connect_aidge(cloud)), request_to(cloud)))
    assert (error.code, isinstance(error, AirflowFailException)) == (said, calls == 1)
    assert error.request_id
    assert words in str(error)
    assert "may have been executed" not in str(error)
    assert len(cloud.calls(SUBMIT)) == calls


def test_content_that_is_blocked_is_the_end_of_the_task(
    caller: Caller, cloud: LocalService, connect_aidge: Callable[..., str]
) -> None:
    hook = AidgeHook(connect_aidge(cloud))
    task_id = caller.submit(hook, request_to(cloud))
    cloud.add_fault(kind="error", action=QUERY, code="OutputContentBlocked", message="no picture")
    state = caller.look(hook, task_id)
    assert (state.failure.code, state.failure.is_final) == ("OutputContentBlocked", True)


def test_an_http_429_says_what_to_do(
    caller: Caller, service: LocalService, aidge_conn_id: str, request_: GenerationRequest
) -> None:
    service.add_fault(kind="http", action=SUBMIT, status=429, body="slow down")
    hook = AidgeHook(aidge_conn_id)
    error = failed(lambda: caller.submit(hook, request_))
    assert (error.code, isinstance(error, AirflowFailException)) == ("HTTP 429", False)
    assert "requests_per_second" in str(error)
    assert hook.pacer(SUBMIT).rate < 1e6
    assert len(service.calls(SUBMIT)) == ATTEMPTS


def test_the_default_pace(connect_aidge: Callable[..., str]) -> None:
    hook = AidgeHook(connect_aidge(host="pace.example", extra={"requests_per_second": None}))
    assert [hook.pacer(action).rate for action in (SUBMIT, SCENES, QUERY)] == [2.0, 2.0, 5.0]
    hook = AidgeHook(connect_aidge(host="pace.example", extra={"requests_per_second": 1}))
    assert [hook.pacer(action).rate for action in (SUBMIT, SCENES, QUERY)] == [1.0, 1.0, 1.0]


def test_an_extra_that_is_no_json_is_not_taken_for_none(monkeypatch: pytest.MonkeyPatch) -> None:
    connection = {"conn_type": "aidge", "login": "512345", "password": "local-secret", "extra": "{trial: true}"}
    monkeypatch.setenv("AIRFLOW_CONN_CHANGED", json.dumps(connection))
    with pytest.raises(InvalidArgumentError, match=r"connection extra: expected a JSON object .*connection changed"):
        _ = AidgeHook("changed").settings
