"""A page that says a request back, in whatever form, shows no credential of it; and what is masked looks like one."""

from __future__ import annotations

import html
import json
from collections.abc import Callable
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_mps.core.redaction import conceal, excerpt, looks_secret, redact_urls, url_secrets

SECRET = "q8Zt0LwX3vRb5NcY/7uKdA=="
LINES = {
    "Authorization": f"q-sign-algorithm=sha1&q-ak={SECRET}&q-sign-time=1;2&q-signature={SECRET}",
    "authorization": f"TC3-HMAC-SHA256 Credential={SECRET}/2026/mps/tc3_request, SignedHeaders=a, Signature={SECRET}",
    "Proxy-Authorization": f"Basic {SECRET}",
    "Cookie": f"session={SECRET}; x=1",
    "Set-Cookie": f"sid={SECRET}; Path=/",
    "X-TC-Token": SECRET,
    "x-amz-security-token": SECRET,
    "X-Oss-Security-Token": SECRET,
    "x-cos-security-token": SECRET,
    "X-Api-Key": SECRET,
    "TmpSecretKey": SECRET,
    "q-signature": SECRET,
    "token": SECRET,
}
FORMS = {
    "as it was": lambda name, value: f"GET /a HTTP/1.1\r\nHost: h\r\n{name}: {value}\r\nAccept: */*",
    "one line": lambda name, value: f"Host: h {name}: {value}",
    "JSON": lambda name, value: json.dumps({"headers": {"Host": "h", name: value}, "n": 1}),
    "JSON in JSON": lambda name, value: json.dumps(json.dumps({"headers": {name: value}})),
    "Python": lambda name, value: repr({"Host": "h", name: value}),
    "bytes": lambda name, value: repr([(name.encode(), value.encode())]),
    "pairs": lambda name, value: repr([(name, value)]),
    "HAR": lambda name, value: json.dumps([{"name": name, "value": value}]),
    "HTML": lambda name, value: f"<pre>{html.escape(f'{name}: {value}')}</pre>",
    "bold": lambda name, value: f"<li><b>{name}</b>: <code>{value}</code></li>",
    "table": lambda name, value: f"<tr>\n <td>{name}</td>\n <td>{value}</td>\n</tr>",
    "escaped JSON": lambda name, value: html.escape(json.dumps({name: value})),
    "CGI": lambda name, value: f"HTTP_{name.upper().replace('-', '_')}={value}",
    "JSON of lists": lambda name, value: json.dumps({"args": {"n": ["1"], name: [value]}}),
    "spaced JSON of lists": lambda name, value: json.dumps({"args": {"n": ["1"], name: [value]}}, indent=2),
    "JSON of lists in JSON": lambda name, value: json.dumps(json.dumps({name: [value]})),
    "escaped JSON of lists": lambda name, value: html.escape(json.dumps({name: [value]})),
    "Python lists": lambda name, value: repr({"n": ["1"], name: [value]}),
    "tuples": lambda name, value: repr([(name, (value,))]),
    "assigned lists": lambda name, value: f"n=['1'], {name}=['{value}']",
    "Go": lambda name, value: f"map[Host:[h] {name}:[{value}]]",
    "Java": lambda name, value: f"{{Host=[h], {name}=[{value}]}}",
    "YAML": lambda name, value: f"n:\n  - 1\n{name}:\n  - {value}\n",
    "list": lambda name, value: f"Host => h\n{name} => {value}\n",
}


@pytest.mark.parametrize("form", FORMS.values(), ids=list(FORMS))
@pytest.mark.parametrize(("name", "value"), LINES.items(), ids=list(LINES))
def test_a_request_that_is_said_back_shows_no_credential(
    form: Callable[[str, str], str], name: str, value: str
) -> None:
    said = form(name, value)
    for text in (redact_urls(said), excerpt(said, 10_000)):
        for part in (SECRET, html.escape(SECRET), quote(SECRET), SECRET[:16]):
            assert part not in text, text
        assert name.lower().replace("-", "_") in text.lower().replace("-", "_")


@pytest.mark.parametrize(
    "text",
    [
        "https:\\/\\/h.example\\/cup.png?any=S3CRETS3CRET",
        "https%3A%2F%2Fh.example%2Fcup.png%3Fany%3DS3CRETS3CRET%26x%3D1 is no picture",
        "ftp://me:S3CRETS3CRET@h.example/a.png",
        "sftp://me:S3CRETS3CRET@h.example/a.png",
        "tencentcloud://AKID:S3CRETS3CRET@/?region=x",
        "postgresql+psycopg2://me:S3CRETS3CRET@db/airflow",
        "socks5h://me:S3CRETS3CRET@proxy:1080",
    ],
)
def test_addresses_of_any_scheme_and_spelling(text: str) -> None:
    assert "S3CRETS3CRET" not in redact_urls(f"cannot fetch {text}")
    assert "S3CRETS3CRET" not in conceal(text)


def test_a_sentence_stays_readable() -> None:
    for text in (
        "AuthFailure.SignatureFailure: The provided credentials could not be validated.",
        "Invalid signature: check the key",
        "token: expired at 12:00",
        "The request to sign: GET /in/cup.png",
        "no authorization to perform name/cos:GetObject",
        "see https://cloud.tencent.com/document/product/436/7778 (RequestId 5e2f)",
        "cos://shop-125/20261127/cup.png",
    ):
        assert redact_urls(text) == text


def test_long_texts_take_no_time() -> None:
    """Each of these would take hours with a pattern that tries every beginning anew."""
    for text in ("token:" + " " * 100_000, "token:[" + " \n" * 50_000, "token:[- (" * 20_000):
        redact_urls(text)
        url_secrets(text)
    for text in ("a" * 300_000, "token" + "<b>  </b>  " * 20_000, "token: " * 40_000, "://" * 80_000, "x-" * 150_000):
        redact_urls(text)
        url_secrets(text)


@pytest.mark.parametrize(
    "query",
    [
        *("20261127", "v=20261127", "v=3", "800x800", "size=800x800", "w=800&h=600", "t=1700000000", "date=2026-11-27"),
        *("lang=english", "color=red", "thumbnail", "name=white-marble-background", "imageMogr2/thumbnail/300x"),
        *("x-oss-process=image/resize,w_100,h_100", "at=2026-11-27T12:00:00Z", "page=1.5", "q=90&format=webp"),
        *("file=cup-photo-2026.png", "version=1.2.3", ""),
    ],
)
def test_dates_numbers_words_and_sizes_are_not_masked(query: str) -> None:
    assert url_secrets(f"https://img.example.com/cup.png?{query}") == []


@pytest.mark.parametrize(
    ("query", "masked"),
    [
        ("sign=20261127", ["sign=20261127"]),
        ("token=red", ["token=red"]),
        ("token=hunter22", ["token=hunter22", "hunter22"]),
        ("v=3&md5=0a1b2c3d4e5f6071", ["v=3&md5=0a1b2c3d4e5f6071", "0a1b2c3d4e5f6071"]),
        ("0a1b2c3d4e5f6071", ["0a1b2c3d4e5f6071"]),
        ("x=0a1b2c3d4e5f6071", ["x=0a1b2c3d4e5f6071", "0a1b2c3d4e5f6071"]),
        ("Expires=1700000000&OSSAccessKeyId=LTAI5tXyZ&Signature=ab%2Bcd3", None),
    ],
)
def test_what_may_be_a_credential_is_masked(query: str, masked: list[str] | None) -> None:
    found = url_secrets(f"https://img.example.com/cup.png?{query}")
    assert query in found
    assert masked is None or sorted(found) == sorted(masked)
    # Never what may well stand elsewhere.
    assert not {"20261127", "red", "1700000000", "3"} & set(found)


@pytest.mark.parametrize("scheme", ["http", "https", "ftp", "sftp", "s3"])
def test_the_user_part_of_any_address_is_masked(scheme: str) -> None:
    assert url_secrets(f"{scheme}://u:p@h/a.png") == ["//u:p@"]
    assert url_secrets(f"{scheme}://me:hunter22@h/a.png") == ["me:hunter22", "hunter22"]
    assert url_secrets(f"{scheme}://me@h/a.png") == []
    assert url_secrets(f"{scheme}://me:summer@h/a.png") == ["me:summer"]


@given(st.text())
def test_any_text_has_secrets_of_some_length(text: str) -> None:
    assert all(len(secret) >= 5 and secret in text for secret in url_secrets(text))


@given(st.dates() | st.integers() | st.floats(allow_nan=False) | st.sampled_from(["sign", "on", "PNG", "true"]))
def test_what_is_plain_looks_no_secret(value: object) -> None:
    assert not looks_secret(str(value))
