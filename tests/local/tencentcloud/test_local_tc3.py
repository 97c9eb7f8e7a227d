"""TC3 signatures: the real SDK's are accepted, and every way of breaking one has its code."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tencentcloud.common.credential import Credential, STSAssumeRoleCredential
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException

from tests.whole import examples

# Past authentication, an unknown task is what the request asks for.
PASSED = "InvalidParameterValue.TaskId"


def test_the_common_client_is_accepted(clients: Any) -> None:
    assert clients.submit().startswith("2600000000-WorkflowTask-")


def test_the_typed_client_is_accepted(clients: Any) -> None:
    with pytest.raises(TencentCloudSDKException) as caught:
        clients.typed().call_json("DescribeImageTaskDetail", {"TaskId": "x"})
    assert caught.value.code == PASSED
    assert caught.value.requestId


def test_the_asynchronous_client_is_accepted(clients: Any) -> None:
    common_async = pytest.importorskip("tencentcloud.common.common_client_async")

    async def ask() -> None:
        client = common_async.CommonClient(
            "mps", "2019-06-12", clients.credential(), "ap-guangzhou", profile=clients.profile()
        )
        await client.call_and_deserialize("DescribeImageTaskDetail", {"TaskId": "x"})

    with pytest.raises(TencentCloudSDKException) as caught:
        asyncio.run(ask())
    assert caught.value.code == PASSED


def test_an_unsigned_payload_is_accepted(clients: Any) -> None:
    client = clients.common()
    client.profile.unsignedPayload = True
    with pytest.raises(TencentCloudSDKException, match="task id"):
        client.call_json("DescribeImageTaskDetail", {"TaskId": "x"})


def test_more_headers_may_be_signed(tc3: Any) -> None:
    assert tc3(signed="content-type;host;x-tc-action")["Error"]["Code"] == PASSED


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"secret_key": "wrong"}, "AuthFailure.SignatureFailure"),
        ({"secret_id": "AKIDnobody"}, "AuthFailure.SecretIdNotFound"),
        ({"sent_body": b'{"TaskId": "y"}'}, "AuthFailure.SignatureFailure"),
        ({"skew": -400}, "AuthFailure.SignatureExpire"),
        ({"skew": 400}, "AuthFailure.SignatureExpire"),
        ({"date": "2019-01-01"}, "AuthFailure.SignatureFailure"),
        ({"service": "cvm"}, "AuthFailure.SignatureFailure"),
        ({"service": "sts"}, "AuthFailure.SignatureFailure"),
        ({"end": "tc4_request"}, "AuthFailure.InvalidAuthorization"),
        ({"algorithm": "TC3-HMAC-SHA1"}, "AuthFailure.InvalidAuthorization"),
        ({"authorization": ""}, "AuthFailure.InvalidAuthorization"),
        ({"authorization": "Basic abc"}, "AuthFailure.InvalidAuthorization"),
        ({"headers": {"Authorization": None}}, "AuthFailure.InvalidAuthorization"),
        ({"signed": "host"}, "AuthFailure.InvalidAuthorization"),
        ({"signed": "content-type"}, "AuthFailure.InvalidAuthorization"),
        ({"signed": "host;content-type"}, "AuthFailure.InvalidAuthorization"),
        ({"host": "127.0.0.1"}, PASSED),
        ({"headers": {"Host": "127.0.0.1:1"}}, "AuthFailure.SignatureFailure"),
        ({"headers": {"Content-Type": "application/json; charset=utf-8"}}, "AuthFailure.SignatureFailure"),
        ({"headers": {"Content-Type": "text/plain"}}, "UnsupportedProtocol"),
        ({"headers": {"X-TC-Token": "made-up"}}, "AuthFailure.TokenFailure"),
        ({"headers": {"X-TC-Action": "DescribeMagic"}}, "InvalidAction"),
        ({"headers": {"X-TC-Action": None}}, "MissingParameter"),
        ({"headers": {"X-TC-Version": "2017-03-12"}}, "NoSuchVersion"),
        ({"headers": {"X-TC-Version": None}}, "MissingParameter"),
        ({"headers": {"X-TC-Timestamp": None}}, "MissingParameter"),
        ({"headers": {"X-TC-Timestamp": "yesterday"}}, "InvalidParameterValue"),
        ({"sent_skew": -1}, "AuthFailure.SignatureFailure"),
        ({"headers": {"X-TC-Region": "ap-guangzhou"}}, PASSED),
        ({"headers": {"X-TC-Region": "Guangzhou!"}}, "UnsupportedRegion"),
        ({}, PASSED),
    ],
)
def test_each_change_gets_its_code(tc3: Any, changes: dict[str, Any], code: str) -> None:
    # Times are made here: those made when the module is read would be minutes old in a long run.
    now = int(time.time())
    if "skew" in changes:
        changes = {"now": now + changes["skew"]}
    if "sent_skew" in changes:
        changes = {"now": now, "headers": {"X-TC-Timestamp": str(now + changes["sent_skew"])}}
    assert tc3(**changes)["Error"]["Code"] == code


@pytest.mark.parametrize("body", [b"{", b"[]", b"null", b"\xff"])
def test_a_body_that_is_no_json_object_is_refused(tc3: Any, body: bytes) -> None:
    assert tc3(body)["Error"]["Code"] == "InvalidParameter"


@settings(max_examples=examples(40), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(task_id=st.text(max_size=60))
def test_any_text_in_the_body_is_signed_alike_by_sdk_and_service(clients: Any, task_id: str) -> None:
    with pytest.raises(TencentCloudSDKException) as caught:
        clients.call("DescribeImageTaskDetail", {"TaskId": task_id})
    assert caught.value.code == PASSED


@settings(max_examples=examples(60), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.binary(max_size=60), at=st.integers(min_value=0), flip=st.integers(min_value=1, max_value=255))
def test_no_changed_byte_goes_unnoticed(tc3: Any, body: bytes, at: int, flip: int) -> None:
    sent = bytearray(body or b"{}")
    sent[at % len(sent)] ^= flip
    assert tc3(body or b"{}", sent_body=bytes(sent))["Error"]["Code"] == "AuthFailure.SignatureFailure"


def test_temporary_keys_work_with_their_token_only(service: Any, clients: Any) -> None:
    sts = clients.common(service="sts", version="2018-08-13")
    role = {"RoleArn": "qcs::cam::uin/2600000000:roleName/mps", "RoleSessionName": "test", "DurationSeconds": 900}
    answer = sts.call_json("AssumeRole", role)["Response"]
    issued = answer["Credentials"]
    assert set(issued) == {"Token", "TmpSecretId", "TmpSecretKey"}
    assert 890 < answer["ExpiredTime"] - time.time() <= 900
    assert answer["Expiration"].endswith("Z")

    pair = (issued["TmpSecretId"], issued["TmpSecretKey"])
    with_token = clients.common(Credential(*pair, issued["Token"]))
    task = with_token.call_json("ProcessImage", clients.payload())["Response"]["TaskId"]
    # The temporary keys act for the account, so the account sees the task too.
    assert clients.finished(task)["ErrMsg"] == ""
    for token in (None, "wrong", issued["Token"] + "x"):
        with pytest.raises(TencentCloudSDKException) as caught:
            clients.common(Credential(*pair, token)).call_json("ProcessImage", clients.payload())
        assert caught.value.code == "AuthFailure.TokenFailure"
    kept = str(service.journal)
    assert issued["Token"] not in kept
    assert issued["TmpSecretKey"] not in kept
    assert [record.token_present for record in service.accepted("ProcessImage")] == [True]


def test_temporary_keys_expire(make_service: Any, clients_for: Any, clock: Any) -> None:
    service = make_service(clock=clock)
    clients = clients_for(service)
    issued = service.backend.accounts.issue(service.backend.accounts.default, 60)
    client = clients.common(Credential(issued.secret_id, issued.secret_key, issued.token))
    with pytest.raises(TencentCloudSDKException) as caught:
        client.call_json("DescribeImageTaskDetail", {"TaskId": "x"})
    assert caught.value.code == PASSED
    clock.offset = 61
    with pytest.raises(TencentCloudSDKException) as caught:
        client.call_json("DescribeImageTaskDetail", {"TaskId": "x"})
    assert caught.value.code == "AuthFailure.TokenFailure"


def test_the_sdk_assumes_a_role_by_itself(clients: Any, service: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    # The SDK's credential builds a client of its own, always over https.
    from tencentcloud.common.profile import http_profile

    original = http_profile.HttpProfile.__init__

    def over_http(self: Any, *args: Any, **kwargs: Any) -> None:
        original(self, *args, **kwargs)
        self.scheme = "http"

    monkeypatch.setattr(http_profile.HttpProfile, "__init__", over_http)
    assumed = STSAssumeRoleCredential(
        service.secret_id,
        service.secret_key,
        "qcs::cam::uin/2600000000:roleName/mps",
        "session",
        900,
        endpoint=service.netloc,
    )
    answer = clients.common(assumed).call_json("ProcessImage", clients.payload())
    assert answer["Response"]["TaskId"]
    assert [record.action for record in service.journal] == ["AssumeRole", "ProcessImage"]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"RoleArn": "qcs::cam::uin/1:roleName/x"}, "MissingParameter"),
        ({"RoleArn": "not-an-arn", "RoleSessionName": "ab"}, "InvalidParameter.ParamError"),
        (
            {"RoleArn": "qcs::cam::uin/1:roleName/x", "RoleSessionName": "ab", "DurationSeconds": 99999},
            "InvalidParameterValue",
        ),
        ({"RoleArn": "qcs::cam::uin/1:roleName/x", "RoleSessionName": "ab", "Color": 1}, "UnknownParameter"),
    ],
)
def test_bad_role_requests_are_refused(clients: Any, body: dict[str, Any], code: str) -> None:
    with pytest.raises(TencentCloudSDKException) as caught:
        clients.common(service="sts", version="2018-08-13").call_json("AssumeRole", body)
    assert caught.value.code == code


def test_no_secret_enters_the_journal(service: Any, clients: Any) -> None:
    clients.submit(
        InputInfo={"Type": "URL", "UrlInputInfo": {"Url": f"{service.url}/x.png?q-signature=abc123&x=1"}},
    )
    with pytest.raises(TencentCloudSDKException):
        clients.submit(
            InputInfo={
                "Type": "AWS-S3",
                "S3InputInfo": {"S3Bucket": "b", "S3Region": "r", "S3Object": "o", "S3SecretKey": "s3cr3t"},
            }
        )
    kept = str(service.journal)
    assert "abc123" not in kept
    assert "x=1" in kept
    assert "s3cr3t" not in kept
    assert service.secret_key not in kept
    assert "Signature=" not in kept
