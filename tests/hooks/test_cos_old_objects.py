"""Objects that COS keeps no CRC64 of, and content types."""

from __future__ import annotations

import hashlib
import mimetypes
from collections.abc import Callable
from pathlib import Path

import pytest
from tenacity import wait_none

from airflow_provider_mps.core import calls
from airflow_provider_mps.core.calls import ATTEMPTS
from airflow_provider_mps.exceptions import TencentCloudError, TencentCloudPermanentError
from airflow_provider_mps.hooks.cos import CosHook
from airflow_provider_mps.local.service import LocalService
from tests.hooks.raw_server import RawServer, raw_server

DATA = b"an old picture" * 1000
KNOWN_FILES = mimetypes.knownfiles
MD5 = hashlib.md5(DATA, usedforsecurity=False).hexdigest()


@pytest.fixture(autouse=True)
def _no_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "WAIT", wait_none())


def answer(*headers: str, body: bytes = DATA) -> bytes:
    lines = ["HTTP/1.1 200 OK", f"Content-Length: {len(body)}", *headers, "Connection: close", "", ""]
    return "\r\n".join(lines).encode() + body


def hook_of(server: RawServer, connect: Callable[..., str]) -> CosHook:
    return CosHook(connect(cos_endpoint=server.url.removeprefix("http://")))


@pytest.mark.parametrize(
    ("etag", "said"), [(MD5, "MD5 of its ETag"), (f"{MD5}-2", "its size alone"), ("none", "its size alone")]
)
def test_without_crc64(
    etag: str, said: str, connect: Callable[..., str], tmp_path: Path, lines: Callable[[], str]
) -> None:
    with raw_server(answer(f'ETag: "{etag}"')) as server:
        hook = hook_of(server, connect)
        assert hook.download_file("old.png", tmp_path / "old.png").read_bytes() == DATA
        assert said in lines()
        assert hook.read_object("old.png") == DATA
        assert said in lines()
    assert len(server.requests) == 2


def test_another_md5_is_another_content(connect: Callable[..., str], tmp_path: Path) -> None:
    with (
        raw_server(answer(f'ETag: "{MD5}"', body=DATA[:-1] + b"x")) as server,
        pytest.raises(TencentCloudError, match=rf"NotWhole: MD5 \w+ here, ETag {MD5} in COS"),
    ):
        hook_of(server, connect).download_file("old.png", tmp_path / "old.png")
    assert len(server.requests) == ATTEMPTS
    assert not list(tmp_path.iterdir())


def test_what_nothing_is_said_of_is_asked_for_once(connect: Callable[..., str], tmp_path: Path) -> None:
    bare = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nold\r\n0\r\n\r\n"
    with raw_server(bare) as server, pytest.raises(TencentCloudPermanentError, match="NotVerifiable") as caught:
        hook_of(server, connect).download_file("old.png", tmp_path / "old.png")
    assert len(server.requests) == 1
    assert "This may pass" not in str(caught.value)
    assert "Check the proxy or gateway" in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_the_page_of_a_proxy_is_no_object(connect: Callable[..., str], tmp_path: Path) -> None:
    page = answer("Content-Type: text/html", body=b"<html>Please log in</html>")
    with raw_server(page) as server, pytest.raises(TencentCloudPermanentError, match="NotVerifiable") as caught:
        hook_of(server, connect).download_file("old.png", tmp_path / "old.png")
    assert "Check the proxy or gateway" in str(caught.value)
    with raw_server(page) as server, pytest.raises(TencentCloudPermanentError, match="NotVerifiable"):
        hook_of(server, connect).read_object("old.png")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("headers", [[f'ETag: "{MD5}-2"'], ["x-cos-request-id: NjA=", "ETag: none"]])
@pytest.mark.parametrize("status", ["204 No Content", "206 Partial Content", "203 Non-Authoritative Information"])
def test_another_success_is_no_object(
    status: str, headers: list[str], connect: Callable[..., str], tmp_path: Path
) -> None:
    said = answer(*headers, body=b"" if status.startswith("204") else DATA[:100]).replace(b"200 OK", status.encode(), 1)
    with raw_server(said) as server, pytest.raises(TencentCloudError, match=f"HTTP {status[:3]} where the whole"):
        hook_of(server, connect).download_file("old.png", tmp_path / "old.png")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("status", ["301 Moved Permanently", "302 Found", "304 Not Modified"])
def test_a_redirect_that_does_not_say_where_is_no_object(
    status: str, connect: Callable[..., str], tmp_path: Path
) -> None:
    said = answer("x-cos-request-id: NjA=", body=b"").replace(b"200 OK", status.encode(), 1)
    with (
        raw_server(said) as server,
        pytest.raises(TencentCloudPermanentError, match="Redirected: COS redirects to anot"),
    ):
        hook_of(server, connect).download_file("old.png", tmp_path / "old.png")
    assert len(server.requests) == 1
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("etag", "requests"), [(MD5, ["PUT"]), (f"{MD5}-2", ["PUT", "HEAD"])])
def test_an_upload_without_crc64(
    etag: str, requests: list[str], connect: Callable[..., str], tmp_path: Path, lines: Callable[[], str]
) -> None:
    (tmp_path / "a.png").write_bytes(DATA)
    # The same answer to both, so to the first it is too long: the connection is closed after it.
    with raw_server(answer(f'ETag: "{etag}"')) as server:
        hook_of(server, connect).upload_file(tmp_path / "a.png", "a.png")
    assert [line.split()[0] for line in server.requests] == requests
    assert "verified by" in lines()


@pytest.mark.parametrize(
    ("name", "key", "expected"),
    [
        ("a.webp", "a.webp", "image/webp"),
        ("a.JFIF", "a", "image/jpeg"),
        ("a", "b/c.avif", "image/avif"),
        ("a.heic", "a.png", "image/heic"),
        # It is packed, so it is no such picture.
        ("a.svg.gz", "a.svg.gz", None),
        ("a", "a", None),
    ],
)
def test_content_types_do_not_depend_on_the_machine(
    name: str,
    key: str,
    expected: str | None,
    service: LocalService,
    conn_id: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(mimetypes, "knownfiles", [])
    mimetypes.init([])
    try:
        (tmp_path / name).write_bytes(b"x")
        hook = CosHook(conn_id)
        hook.upload_file(tmp_path / name, key)
        found = hook.get_conn().head_object(Bucket=service.bucket, Key=key).get("Content-Type")
    finally:
        monkeypatch.setattr(mimetypes, "knownfiles", KNOWN_FILES)
        mimetypes.init()
    assert found == (expected or "application/octet-stream")
