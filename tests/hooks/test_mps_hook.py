"""The hook against the local service, through the real SDK; every test on the sync and on the async path."""

from __future__ import annotations

import asyncio
import json
import logging
import socket
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import requests
import trustme
from airflow.providers.common.compat.sdk import AirflowException, AirflowFailException, AirflowNotFoundException

from airflow_provider_mps.clients import tencentcloud as mps_clients
from airflow_provider_mps.core.calls import ATTEMPTS
from airflow_provider_mps.core.errors import ServiceError
from airflow_provider_mps.core.outcomes import Outcome
from airflow_provider_mps.core.tasks import TaskStatus
from airflow_provider_mps.exceptions import InvalidArgumentError, TencentCloudError, TencentCloudPermanentError
from airflow_provider_mps.hooks.cos import CosHook
from airflow_provider_mps.hooks.mps import MpsHook
from airflow_provider_mps.local.service import LocalService
from tests.hooks.proxy import counting_proxy

SUBMIT, DETAIL = "ProcessImage", "DescribeImageTaskDetail"


def finished(caller: Any, hook: MpsHook, task_id: str) -> Any:
    for _ in range(200):
        state = caller.state(hook, task_id)
        if state.done:
            return state
        time.sleep(0.05)
    raise AssertionError("the task does not finish")


def test_submit_and_look(caller: Any, service: LocalService, conn_id: str, payload: dict[str, Any]) -> None:
    hook = MpsHook(conn_id)
    task_id = caller.submit(hook, payload)
    (record,) = service.calls(SUBMIT)
    assert (record.body, record.task_id, record.code) == (payload, task_id, "")
    assert (record.region, record.token_present, record.host) == ("ap-guangzhou", False, service.netloc)
    state = finished(caller, hook, task_id)
    assert state.result["Outputs"][0]["cos_uri"] == f"cos://{service.bucket}/output/bgfusion/coffee.jpeg"
    assert service.object_exists(service.bucket, "/output/bgfusion/coffee.jpeg")


def test_region_argument(caller: Any, service: LocalService, conn_id: str, payload: dict[str, Any]) -> None:
    caller.submit(MpsHook(conn_id, region="ap-shanghai"), payload)
    assert service.calls(SUBMIT)[0].region == "ap-shanghai"


def test_region_argument_is_checked(caller: Any, service: LocalService, conn_id: str, payload: dict[str, Any]) -> None:
    with pytest.raises(InvalidArgumentError, match=r"region: expected a region .* got 'x'$"):
        caller.submit(MpsHook(conn_id, region="x"), payload)
    assert not service.journal


def test_no_such_connection(caller: Any, payload: dict[str, Any]) -> None:
    with pytest.raises(AirflowNotFoundException, match="nowhere"):
        caller.submit(MpsHook("nowhere"), payload)


def test_a_request_that_cannot_be_made_was_not_sent(
    caller: Any, service: LocalService, conn_id: str, payload: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*arguments: Any) -> Any:
        raise ImportError("no module for this kind of proxy")

    for name in ("sync_client", "async_client"):
        monkeypatch.setattr(mps_clients, name, broken)
    with pytest.raises(TencentCloudError, match="no module for this kind of proxy") as caught:
        caller.submit(MpsHook(conn_id), payload)
    assert (caught.value.code, caught.value.outcome) == ("NotSent", Outcome.NOT_EXECUTED)
    assert not service.journal


def test_wrong_key(caller: Any, service: LocalService, connect: Callable[..., str], payload: dict[str, Any]) -> None:
    hook = MpsHook(connect(login=service.secret_id, password="not-the-key"))
    with pytest.raises(TencentCloudPermanentError) as caught:
        caller.submit(hook, payload)
    assert isinstance(caught.value, AirflowFailException)
    assert caught.value.code == "AuthFailure.SignatureFailure"
    assert caught.value.request_id
    assert caught.value.request_id in str(caught.value)
    assert f"cos://{service.bucket}/samples/coffee.png" in str(caught.value)
    assert "not-the-key" not in str(caught.value)
    assert len(service.calls(SUBMIT)) == 1


def test_invalid_parameter(caller: Any, service: LocalService, conn_id: str, payload: dict[str, Any]) -> None:
    with pytest.raises(TencentCloudPermanentError, match="UnknownParameter"):
        caller.submit(MpsHook(conn_id), {**payload, "NoSuchField": 1})
    assert len(service.calls(SUBMIT)) == 1


def test_unknown_task(caller: Any, conn_id: str) -> None:
    with pytest.raises(TencentCloudPermanentError, match="MPS keeps tasks for 7 days"):
        caller.state(MpsHook(conn_id), "2600000000-WorkflowTask-00000000000000000000000000000000")


def test_limit_exceeded_is_sent_again(
    caller: Any, service: LocalService, conn_id: str, payload: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    service.add_fault(kind="error", action=SUBMIT, code="RequestLimitExceeded", message="too often", times=2)
    caller.submit(MpsHook(conn_id), payload)
    assert [record.code for record in service.calls(SUBMIT)] == ["RequestLimitExceeded"] * 2 + [""]
    assert len(service.accepted(SUBMIT)) == 1


def test_limit_exceeded_for_good(caller: Any, service: LocalService, conn_id: str, payload: dict[str, Any]) -> None:
    service.add_fault(kind="error", action=SUBMIT, code="RequestLimitExceeded", message="too often")
    with pytest.raises(TencentCloudError, match="not executed; the task may be retried safely") as caught:
        caller.submit(MpsHook(conn_id), payload)
    assert isinstance(caught.value, AirflowException)
    assert not isinstance(caught.value, AirflowFailException)
    assert len(service.calls(SUBMIT)) == ATTEMPTS


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ({"kind": "lost_answer"}, "NoAnswer"),
        ({"kind": "reset"}, "NoAnswer"),
        ({"kind": "garbage", "executed": True}, "GarbledAnswer"),
        ({"kind": "garbage", "executed": True, "body": "<html>gateway</html>"}, "GarbledAnswer"),
        ({"kind": "garbage", "executed": True, "body": "[1, 2]"}, "GarbledAnswer"),
        ({"kind": "garbage", "executed": True, "body": '{"Response": {"RequestId": "r"}}'}, "GarbledAnswer"),
        ({"kind": "http", "status": 502, "body": "bad gateway"}, "HTTP 502"),
        ({"kind": "error", "code": "InternalError"}, "InternalError"),
    ],
)
def test_a_submission_that_may_have_been_executed_is_never_sent_again(
    fault: dict[str, Any], code: str, caller: Any, service: LocalService, conn_id: str, payload: dict[str, Any]
) -> None:
    service.add_fault(action=SUBMIT, **fault)
    with pytest.raises(TencentCloudError) as caught:
        caller.submit(MpsHook(conn_id), payload)
    assert (caught.value.code, caught.value.outcome) == (code, Outcome.UNKNOWN)
    assert "may have been executed" in str(caught.value)
    assert len(service.calls(SUBMIT)) == 1


def test_an_answer_too_late(
    caller: Any, service: LocalService, connect: Callable[..., str], payload: dict[str, Any]
) -> None:
    service.add_fault(kind="delay", action=SUBMIT, seconds=2, when="after")
    with pytest.raises(TencentCloudError) as caught:
        caller.submit(MpsHook(connect(request_timeout=0.2)), payload)
    assert caught.value.outcome is Outcome.UNKNOWN
    assert len(service.tasks) == 1


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "reset"},
        {"kind": "lost_answer"},
        {"kind": "garbage"},
        {"kind": "http", "status": 503},
        {"kind": "error", "code": "InternalError"},
        {"kind": "error", "code": "RequestLimitExceeded"},
    ],
)
def test_a_look_is_taken_again(
    fault: dict[str, Any], caller: Any, service: LocalService, conn_id: str, payload: dict[str, Any]
) -> None:
    hook = MpsHook(conn_id)
    task_id = caller.submit(hook, payload)
    service.add_fault(action=DETAIL, times=2, **fault)
    assert caller.state(hook, task_id).task_id == task_id
    assert len(service.calls(DETAIL)) == 3


def test_a_look_of_a_loop_is_taken_once(
    caller: Any, service: LocalService, conn_id: str, payload: dict[str, Any]
) -> None:
    hook = MpsHook(conn_id)
    task_id = caller.submit(hook, payload)
    service.add_fault(action=DETAIL, kind="http", status=503)
    look = caller.look(hook, task_id)
    assert isinstance(look, ServiceError)
    assert look.outcome is Outcome.UNKNOWN
    assert len(service.calls(DETAIL)) == 1


def test_null_statuses_are_not_yet(caller: Any, service: LocalService, conn_id: str, payload: dict[str, Any]) -> None:
    service.add_fault(kind="null_status", n=2)
    hook = MpsHook(conn_id)
    task_id = caller.submit(hook, payload)
    looks = [caller.state(hook, task_id) for _ in range(2)]
    assert [(look.status, look.done) for look in looks] == [("", False)] * 2


def test_nobody_listens(caller: Any, connect: Callable[..., str], payload: dict[str, Any]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        endpoint = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(TencentCloudError) as caught:
            caller.submit(MpsHook(connect(endpoint=endpoint)), payload)
    assert (caught.value.code, caught.value.outcome) == ("NotConnected", Outcome.NOT_EXECUTED)


def test_no_such_host(caller: Any, connect: Callable[..., str], payload: dict[str, Any]) -> None:
    with pytest.raises(TencentCloudError) as caught:
        caller.submit(MpsHook(connect(endpoint="mps.invalid")), payload)
    assert (caught.value.code, caught.value.outcome) == ("NotConnected", Outcome.NOT_EXECUTED)


def test_session_token_travels(
    caller: Any, service: LocalService, connect: Callable[..., str], payload: dict[str, Any]
) -> None:
    """STS token given in the connection: the service knows a wrong one."""
    with pytest.raises(TencentCloudError, match="AuthFailure"):
        caller.submit(MpsHook(connect(token="not-a-token")), payload)
    assert service.calls(SUBMIT)[0].token_present


def test_role_is_assumed_once(
    caller: Any, service: LocalService, connect: Callable[..., str], payload: dict[str, Any]
) -> None:
    hook = MpsHook(connect(role_arn="qcs::cam::uin/100000000001:roleName/airflow", role_session_name="nightly"))
    task_id = caller.submit(hook, payload)
    finished(caller, hook, task_id)
    (assumed,) = service.calls("AssumeRole")
    assert assumed.body["RoleSessionName"] == "nightly"
    (submitted,) = service.calls(SUBMIT)
    assert submitted.token_present
    assert submitted.secret_id != service.secret_id


def test_role_refused(caller: Any, service: LocalService, connect: Callable[..., str], payload: dict[str, Any]) -> None:
    service.add_fault(kind="error", action="AssumeRole", code="UnauthorizedOperation", message="no such role")
    with pytest.raises(TencentCloudPermanentError, match=r"STS AssumeRole for qcs::cam.*UnauthorizedOperation"):
        caller.submit(MpsHook(connect(role_arn="qcs::cam::uin/1:roleName/x")), payload)
    assert not service.calls(SUBMIT)


def test_sts_down_is_tried_again(
    caller: Any, service: LocalService, connect: Callable[..., str], payload: dict[str, Any]
) -> None:
    service.add_fault(kind="http", action="AssumeRole", status=503, times=2)
    caller.submit(MpsHook(connect(role_arn="qcs::cam::uin/1:roleName/x")), payload)
    assert len(service.calls("AssumeRole")) == 3
    assert len(service.accepted(SUBMIT)) == 1


def test_default_chain_reads_the_environment(
    caller: Any,
    service: LocalService,
    connect: Callable[..., str],
    payload: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TENCENTCLOUD_SECRET_ID", service.secret_id)
    monkeypatch.setenv("TENCENTCLOUD_SECRET_KEY", service.secret_key)
    caller.submit(MpsHook(connect(login=None, password=None)), payload)
    assert service.calls(SUBMIT)[0].secret_id == service.secret_id


def test_default_chain_reads_the_profile(
    caller: Any,
    service: LocalService,
    connect: Callable[..., str],
    payload: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    (tmp_path / ".tencentcloud").mkdir()
    profile = f"[default]\nsecret_id={service.secret_id}\nsecret_key={service.secret_key}\n"
    (tmp_path / ".tencentcloud" / "credentials").write_text(profile)
    monkeypatch.setenv("HOME", str(tmp_path))
    caller.submit(MpsHook(connect(login=None, password=None)), payload)
    assert service.calls(SUBMIT)[0].secret_id == service.secret_id


def test_no_credential_anywhere(
    caller: Any, connect: Callable[..., str], payload: dict[str, Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(
        TencentCloudPermanentError, match="the connection has no login, and neither TENCENTCLOUD_SECRET_ID"
    ):
        caller.submit(MpsHook(connect(login=None, password=None)), payload)


def test_proxy(caller: Any, service: LocalService, connect: Callable[..., str], payload: dict[str, Any]) -> None:
    with counting_proxy() as proxy:
        hook = MpsHook(connect(proxy=f"http://user:secretpw@{proxy.netloc}", role_arn="qcs::cam::uin/1:roleName/x"))
        caller.submit(hook, payload)
        # The role is assumed through the proxy too.
        assert len(proxy.requests) == 2
        assert all(request.startswith(f"POST http://{service.netloc}") for request in proxy.requests)
        assert len(proxy.authorizations) == 2


def test_proxy_down(caller: Any, service: LocalService, connect: Callable[..., str], payload: dict[str, Any]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        hook = MpsHook(connect(proxy=f"http://user:secretpw@127.0.0.1:{taken.getsockname()[1]}"))
        with pytest.raises(TencentCloudError) as caught:
            caller.submit(hook, payload)
    assert caught.value.outcome is Outcome.NOT_EXECUTED
    assert "secretpw" not in str(caught.value)
    assert not service.journal


def test_ca_bundle(
    caller: Any,
    authority: trustme.CA,
    tls_service: LocalService,
    connect: Callable[..., str],
    payload: dict[str, Any],
    tmp_path: Path,
) -> None:
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    conn = connect(service=tls_service, ca_bundle=str(tmp_path / "ca.pem"), role_arn="qcs::cam::uin/1:roleName/x")
    caller.submit(MpsHook(conn), payload)
    assert len(tls_service.accepted(SUBMIT)) == 1
    assert len(tls_service.calls("AssumeRole")) == 1


def test_ca_bundle_through_a_proxy(
    caller: Any,
    authority: trustme.CA,
    tls_service: LocalService,
    connect: Callable[..., str],
    payload: dict[str, Any],
    tmp_path: Path,
) -> None:
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    with counting_proxy() as proxy:
        conn = connect(service=tls_service, ca_bundle=str(tmp_path / "ca.pem"), proxy=f"http://{proxy.netloc}")
        caller.submit(MpsHook(conn), payload)
        assert proxy.requests == [f"CONNECT {tls_service.netloc}"]


def test_untrusted_certificate(
    caller: Any, tls_service: LocalService, connect: Callable[..., str], payload: dict[str, Any]
) -> None:
    with pytest.raises(TencentCloudPermanentError, match=r"BadCertificate.*Check ca_bundle"):
        caller.submit(MpsHook(connect(service=tls_service)), payload)
    assert not tls_service.journal


def test_missing_ca_file(
    caller: Any, tls_service: LocalService, connect: Callable[..., str], payload: dict[str, Any]
) -> None:
    with pytest.raises(TencentCloudPermanentError, match="Check ca_bundle"):
        caller.submit(MpsHook(connect(service=tls_service, ca_bundle="/nowhere/ca.pem")), payload)


def test_the_wire_leaves_no_secret_in_the_log(
    caller: Any, service: LocalService, connect: Callable[..., str], payload: dict[str, Any], caplog: Any, capsys: Any
) -> None:
    caplog.set_level(logging.DEBUG)
    hook = MpsHook(connect(role_arn="qcs::cam::uin/1:roleName/x"))
    task_id = caller.submit(hook, payload)
    finished(caller, hook, task_id)
    assert caplog.records
    captured = capsys.readouterr()
    text = caplog.text + captured.out + captured.err
    assert service.secret_key not in text
    assert "Authorization" not in text
    assert "X-TC-Token" not in text
    assert "q-signature" not in text


def test_one_hook_in_several_event_loops(service: LocalService, conn_id: str, payload: dict[str, Any]) -> None:
    hook = MpsHook(conn_id)
    ids = [asyncio.run(hook.aprocess_image(payload)) for _ in range(3)]
    assert len(set(ids)) == 3
    assert len(service.calls(SUBMIT)) == 3


def test_many_calls_at_once_share_one_client(
    service: LocalService, conn_id: str, payload: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    from airflow_provider_mps.clients import tencentcloud as mps_clients

    task_id = MpsHook(conn_id).process_image(payload)
    made: list[Any] = []
    original = mps_clients.async_client
    monkeypatch.setattr(mps_clients, "async_client", lambda *args: made.append(original(*args)) or made[-1])

    async def gather() -> None:
        async with MpsHook(conn_id) as hook:
            await asyncio.gather(*(hook.aget_task_state(task_id) for _ in range(20)))

    asyncio.run(gather())
    assert len(made) == 1
    assert made[0].http_client.is_closed


@pytest.mark.parametrize(
    "broken",
    [{"InputInfo": {"Type": datetime.now()}}, {}, {"InputInfo": {"UrlInputInfo": {"Url": "http://[bad"}}, "x": {1}}],
)
def test_a_payload_that_cannot_travel_is_not_called_sent(
    broken: dict[str, Any], caller: Any, service: LocalService, conn_id: str
) -> None:
    with pytest.raises(InvalidArgumentError, match="payload"):
        caller.submit(MpsHook(conn_id), broken)
    assert not service.journal


@pytest.mark.parametrize("odd", [{"UrlInputInfo": {"Url": "http://[bad"}}, {"CosInputInfo": "x"}, {"Type": "X"}])
def test_an_odd_input_is_left_to_the_service(
    odd: dict[str, Any], caller: Any, service: LocalService, conn_id: str, payload: dict[str, Any]
) -> None:
    with pytest.raises(TencentCloudPermanentError, match="MPS ProcessImage"):
        caller.submit(MpsHook(conn_id), {**payload, "InputInfo": odd})


def test_test_connection(service: LocalService, conn_id: str, connect: Callable[..., str]) -> None:
    assert MpsHook(conn_id).test_connection() == (
        True,
        f"MPS accepts the credentials (region ap-guangzhou, {service.netloc})",
    )
    assert not service.calls(SUBMIT)
    ok, message = MpsHook(connect(login=service.secret_id, password="wrong")).test_connection()
    assert not ok
    assert "AuthFailure.SignatureFailure" in message


def test_get_conn_is_the_vendors_typed_client(service: LocalService, conn_id: str, payload: dict[str, Any]) -> None:
    from tencentcloud.mps.v20190612 import models

    request = models.ProcessImageRequest()
    request.from_json_string(json.dumps(payload))
    response = MpsHook(conn_id).get_conn().ProcessImage(request)
    assert [task.task_id for task in service.tasks] == [response.TaskId]


def test_without_a_connection(service: LocalService, payload: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TENCENTCLOUD_COS_BUCKET", "env-1250000000")
    monkeypatch.setenv("TENCENTCLOUD_API_REGION", "ap-seoul")
    settings = MpsHook(None).settings
    assert (settings.cos_bucket, settings.region, settings.endpoint) == (
        "env-1250000000",
        "ap-seoul",
        "mps.tencentcloudapi.com",
    )


def test_all_pages_of_a_list(caller: Any, service: LocalService, conn_id: str, payload: dict[str, Any]) -> None:
    service.add_fault(kind="task_fail")
    hook = MpsHook(conn_id)
    made = {hook.process_image(payload) for _ in range(205)}
    listed: list[Any] = []
    for status in (TaskStatus.PROCESSING, TaskStatus.FINISH):
        listed += caller.list(hook, status)
    assert {task.task_id for task in listed} == made
    assert {task.input for task in listed} == {f"cos://{service.bucket}/samples/coffee.png"}
    assert caller.list(hook, TaskStatus.FINISH, time.time() + 5) == []
    tokens = [call.body.get("ScrollToken") for call in service.calls("DescribeImageTasks")]
    assert any(tokens)


@pytest.mark.parametrize("fault", [{"kind": "http", "status": 502}, {"kind": "garbage"}, {"kind": "reset"}])
def test_a_page_that_fails_is_asked_for_again(
    fault: dict[str, Any], caller: Any, service: LocalService, conn_id: str, payload: dict[str, Any]
) -> None:
    hook = MpsHook(conn_id)
    task_id = hook.process_image(payload)
    service.add_fault(action="DescribeImageTasks", times=ATTEMPTS - 1, **fault)
    listed = caller.list(hook, TaskStatus.PROCESSING) + caller.list(hook, TaskStatus.FINISH)
    # In both, if it is done in between.
    assert {task.task_id for task in listed} == {task_id}


def test_a_list_that_is_refused(caller: Any, service: LocalService, conn_id: str) -> None:
    service.add_fault(kind="error", action="DescribeImageTasks", code="UnauthorizedOperation.CamNoAuth")
    with pytest.raises(TencentCloudPermanentError, match="MPS DescribeImageTasks: UnauthorizedOperation"):
        caller.list(MpsHook(conn_id), TaskStatus.FINISH)
    assert len(service.calls("DescribeImageTasks")) == 1


def test_what_the_caller_was_handling_says_nothing_of_the_call(
    caller: Any, service: LocalService, conn_id: str, payload: dict[str, Any]
) -> None:
    """Else an answer that is lost would count as a connection that never was, and be paid for twice."""
    service.add_fault(kind="lost_answer", action=SUBMIT, times=1)
    try:
        raise requests.exceptions.ConnectTimeout("of another call")
    except requests.exceptions.ConnectTimeout:
        with pytest.raises(TencentCloudError, match="NoAnswer"):
            caller.submit(MpsHook(conn_id), payload)
    assert len(service.calls(SUBMIT)) == 1


def test_the_international_site_needs_a_region_of_its_own(
    connect: Callable[..., str], payload: dict[str, Any], lines: Callable[[], str]
) -> None:
    conn = connect(endpoint="mps.intl.tencentcloudapi.com", region=None, requests_per_second=None)
    for words in ("region: required", "ap-singapore", "document/product/1041/33628", "connection changed"):
        with pytest.raises(InvalidArgumentError, match=words):
            MpsHook(conn).process_image(payload)
    ok, said = MpsHook(conn).test_connection()
    assert not ok
    assert "ap-singapore" in said
    hook = MpsHook(conn, region="ap-singapore")
    assert hook.settings.region == "ap-singapore"
    assert hook.look_rate == 80
    # COS does without.
    assert CosHook(conn).settings.cos_region == "ap-guangzhou"
    assert "will be refused" not in lines()
    assert MpsHook(conn, region="ap-guangzhou").settings.region == "ap-guangzhou"
    assert "region ap-guangzhou will be refused, as mps.intl.tencentcloudapi.com serves none" in lines()


@pytest.mark.parametrize("extra", ["{no json", '["cos_bucket"]', "[]", '"words"', "3", "q8Zt0LwX3vRb5NcY9dKf"])
def test_an_extra_that_is_no_json_is_not_taken_for_none(monkeypatch: pytest.MonkeyPatch, extra: str) -> None:
    connection = {"conn_type": "tencentcloud", "login": "AKIDlocal", "password": "local-secret", "extra": extra}
    monkeypatch.setenv("AIRFLOW_CONN_CHANGED", json.dumps(connection))
    with pytest.raises(
        InvalidArgumentError, match=r"connection extra: expected a JSON object .*connection changed"
    ) as e:
        _ = MpsHook("changed").settings
    assert extra not in str(e.value)


@pytest.mark.parametrize("extra", ["", " ", "null", "{}", None])
def test_no_extra_is_none(monkeypatch: pytest.MonkeyPatch, extra: str | None) -> None:
    connection = {"conn_type": "tencentcloud", "login": "AKIDlocal", "password": "local-secret", "extra": extra}
    monkeypatch.setenv("AIRFLOW_CONN_CHANGED", json.dumps(connection))
    assert MpsHook("changed").settings.region == "ap-guangzhou"
