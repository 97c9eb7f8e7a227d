"""Texts of requests: what the journal masks of addresses, and texts that are not Unicode."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException

from airflow_provider_mps.local.serving.texts import masked, unreadable

HASH = "0123456789abcdef0123456789abcdef"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://c.example/a.jpg?auth_key=1795000000-0-0-" + HASH, "https://c.example/a.jpg?auth_key=***"),
        (f"https://c.example/a.jpg?wsSecret={HASH}&wsTime=6a", "https://c.example/a.jpg?wsSecret=***&wsTime=6a"),
        (f"https://c.example/a.jpg?txSecret={HASH}&txTime=6a", "https://c.example/a.jpg?txSecret=***&txTime=6a"),
        ("https://c.example/a.jpg?v=1&Signature=a%2Bb&w=2", "https://c.example/a.jpg?v=1&Signature=***&w=2"),
        ("https://c.example/a.jpg?X-Amz-Credential=me&e=5", "https://c.example/a.jpg?X-Amz-Credential=***&e=5"),
        ("https://c.example/a.jpg?sv=2024-01-01&sig=abc", "https://c.example/a.jpg?sv=2024-01-01&sig=***"),
        ("https://c.example/a.jpg?temp_url_sig=abc&ssig=d", "https://c.example/a.jpg?temp_url_sig=***&ssig=***"),
        ("https://c.example/a.jpg?authorization=bce-auth-v1/a", "https://c.example/a.jpg?authorization=***"),
        ("https://c.example/a.jpg#token=abc", "https://c.example/a.jpg#token=***"),
        ("https://c.example/a.jpg?hdnts=exp=1~hmac=abc", "https://c.example/a.jpg?hdnts=***"),
        ("https://c.example/exp=1~hmac=abc/a.jpg", "https://c.example/exp=1~hmac=***/a.jpg"),
        ("https://c.example/token=abc/a.jpg", "https://c.example/token=***/a.jpg"),
        (f"https://c.example/202611271200/{HASH}/a.jpg", "https://c.example/202611271200/***/a.jpg"),
        (f"https://c.example/{HASH}/6a2b3c4d/a.jpg", "https://c.example/***/6a2b3c4d/a.jpg"),
        ("https://me:s3cr3t@c.example/a.jpg", "https://***@c.example/a.jpg"),
        ("https://ghp0123@c.example/a@2x.jpg", "https://***@c.example/a@2x.jpg"),
        (r'{"a": "https:\/\/me:s3cr3t@c.example\/a.jpg"}', r'{"a": "https:\/\/***@c.example\/a.jpg"}'),
        ('{"a": "https://c.example/a.jpg?sign=b", "c": 1}', '{"a": "https://c.example/a.jpg?sign=***", "c": 1}'),
    ],
)
def test_secrets_of_addresses_are_masked(text: str, shown: str) -> None:
    assert masked(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "https://c.example/a@2x.jpg?v=1&mail=a@example.com",
        "https://c.example/design=flat/a.jpg?design=flat&key=cup.png&author=me&X-Amz-SignedHeaders=host",
        f"https://c.example/{HASH}/a.jpg",
        f"a/202611271200/{HASH}/a.jpg",
        "a cup, signed by its maker: sign = yes",
        "cos://bucket-1/a.jpg",
    ],
)
def test_nothing_else_is_masked(text: str) -> None:
    assert masked(text) == text


@pytest.mark.parametrize("piece", ["a", "?token", "a:", "https://", "~hmac=", "?sign" * 3, "@"])
def test_a_long_text_is_no_more_work_than_many_short_ones(piece: str) -> None:
    # Were it the square of that, the test would run into its time limit.
    assert masked(f"?{piece * 200_000} /a").endswith(" /a")


def test_the_journal_keeps_no_signature_and_no_user(clients: Any, aidge: Any, service: Any) -> None:
    address = "http://me:s3cr3t@127.0.0.1:1/a.jpg?auth_key=1795000000-0-0-abcdef&wsSecret=fedcba&v=7"
    clients.submit(InputInfo={"Type": "URL", "UrlInputInfo": {"Url": address}})
    aidge.submit(imageFileUrl=address, imgBase64=None)
    shown = httpx.get(f"{service.url}/_local/journal").text
    assert shown.count("http://***@127.0.0.1:1/a.jpg?auth_key=***&wsSecret=***&v=7") == 2
    for secret in ("s3cr3t", "abcdef", "fedcba"):
        assert secret not in shown


# --- what is not Unicode

HALF = "\ud83d"


@pytest.mark.parametrize(
    ("value", "path"),
    [
        ({"a": [1, {"b": f"x{HALF}"}]}, "a.1.b"),
        ({"a": {HALF: 1}}, "a"),
        ({HALF: 1}, ""),
        ({"a": "\U0001f375", "b": None, "c": 2.5, "d": [True]}, None),
    ],
)
def test_where_a_text_is_unreadable(value: Any, path: str | None) -> None:
    assert unreadable(value) == path


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"AddOnParameter": {"ExtPrompt": [{"Prompt": f"a cup {HALF}"}]}}, "AddOnParameter.ExtPrompt.0.Prompt"),
        ({"OutputPath": f"/a{HALF}.jpeg"}, "OutputPath"),
        ({"InputInfo": {"Type": "URL", "UrlInputInfo": {"Url": f"http://127.0.0.1/{HALF}"}}}, "InputInfo.UrlInputInfo"),
        ({"ImageTask": {"x": {HALF: 1}}}, "ImageTask.x"),
    ],
)
def test_mps_refuses_what_is_not_unicode(clients: Any, fields: dict[str, Any], path: str) -> None:
    with pytest.raises(TencentCloudSDKException) as caught:
        clients.submit(**fields)
    assert caught.value.code == "InvalidParameterValue"
    assert f"`{path}" in caught.value.message
    assert clients.service.accepted("ProcessImage") == []


def test_a_whole_pair_is_a_prompt(clients: Any) -> None:
    detail = clients.run(AddOnParameter={"ExtPrompt": [{"Prompt": "tea \U0001f375"}]})
    assert detail["ErrMsg"] == ""


@pytest.mark.parametrize("name", ["productTitle", "imageFileUrl", "modelNum"])
def test_aidge_refuses_what_is_not_unicode(aidge: Any, name: str) -> None:
    fields = {"needLayout": "true", "productTitle": "Cup", "imageFileUrl": "http://127.0.0.1:1/a.jpg", "modelNum": "3"}
    answer = aidge.post(**{**fields, name: fields[name] + HALF, "imgBase64": None})
    assert answer["resCode"] == 700
    assert f"{name} has to be Unicode" in answer["resMessage"]
    assert aidge.service.accepted(aidge.SUBMIT) == []
