"""A result is fetched as a picture, whole, from where Aidge said, or it is not fetched."""

from __future__ import annotations

import base64
import gzip
import hashlib
import logging
from pathlib import Path

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException
from fastcrc.crc64 import xz as crc64
from PIL import Image

from airflow_provider_mps.clients import aidge_download
from airflow_provider_mps.core.calls import ATTEMPTS
from airflow_provider_mps.exceptions import AidgeError
from airflow_provider_mps.hooks.aidge import AidgeHook
from airflow_provider_mps.local.pictures.sample_pictures import LARGE_SAMPLE, read_sample
from tests.hooks.raw_server import raw_server
from tests.pictures import picture, png_header

PICTURE = read_sample(LARGE_SAMPLE)


def answer(body: bytes, *headers: str, status: str = "200 OK", length: int | None = -1) -> bytes:
    lines = [f"HTTP/1.1 {status}", *headers, "Connection: close"]
    if length is not None:
        lines.append(f"Content-Length: {len(body) if length < 0 else length}")
    return "\r\n".join([*lines, "", ""]).encode() + body


def chunks(body: bytes, end: bytes = b"0\r\n\r\n") -> bytes:
    head, tail = body[:1000], body[1000:]
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in (head, tail)) + end


CHUNKED = "Transfer-Encoding: chunked"


def test_the_name_says_what_it_is(aidge_conn_id: str, tmp_path: Path) -> None:
    second = {"save_all": True, "append_images": [Image.new("RGB", (60, 70))]}
    kinds = {"JPEG": ".jpg", "MPO": ".jpg", "PNG": ".png", "WEBP": ".webp", "BMP": ".bmp"}
    for kind, extension in kinds.items():
        with raw_server(answer(picture(kind=kind, **(second if kind == "MPO" else {})))) as server:
            assert AidgeHook(aidge_conn_id).fetch(f"{server.url}/a.xyz", tmp_path, kind).name == f"{kind}{extension}"


@pytest.mark.parametrize(
    "raw",
    [answer(PICTURE), answer(chunks(PICTURE), CHUNKED, length=None), answer(PICTURE, "Content-Type: text/plain")],
    ids=["length", "chunks", "another type"],
)
def test_a_whole_picture(raw: bytes, aidge_conn_id: str, tmp_path: Path) -> None:
    with raw_server(raw) as server:
        file = AidgeHook(aidge_conn_id).fetch(f"{server.url}/a", tmp_path, "one")
    assert (file.name, file.read_bytes()) == ("one.jpg", PICTURE)


@pytest.mark.parametrize(
    ("raw", "code", "said"),
    [
        (answer(b""), "NotWhole", "0 bytes arrived"),
        (answer(b"<html>gone</html>", "Content-Type: text/html"), "NotWhole", r"17 bytes arrived \(text/html\), which"),
        (answer(gzip.compress(PICTURE), "Content-Encoding: gzip"), "NotWhole", "which are no picture"),
        (answer(png_header(50_000, 50_000)), "NotWhole", "which are no picture of a size and a format"),
        (answer(PICTURE, length=None), "NotWhole", "neither the length of the picture nor its end was announced"),
        (answer(PICTURE, length=len(PICTURE) + 1), "NoAnswer", "NoAnswer"),
        (answer(chunks(PICTURE, end=b""), CHUNKED, length=None), "NoAnswer", "NoAnswer"),
        (answer(b"gone", status="404 Not Found"), "HTTP 404", "gone"),
        (answer(b"", status="204 No Content", length=None), "HTTP 204", "HTTP 204"),
        (answer(PICTURE[:2000], status="206 Partial Content"), "HTTP 206", "HTTP 206"),
    ],
    ids=["empty", "html", "gzip", "huge", "no length", "short", "cut chunks", "404", "204", "206"],
)
def test_what_is_no_whole_picture_is_refused(
    raw: bytes, code: str, said: str, aidge_conn_id: str, tmp_path: Path
) -> None:
    with raw_server(raw) as server, pytest.raises(AidgeError, match=said) as caught:
        AidgeHook(aidge_conn_id).fetch(f"{server.url}/a?Signature=hunter22hunter", tmp_path, "one")
    assert caught.value.code == code
    assert not isinstance(caught.value, AirflowFailException)
    assert f"GetResult for {server.url}/a" in str(caught.value)
    assert "hunter22hunter" not in str(caught.value)
    assert not (tmp_path / "one.jpg").exists()
    assert len(server.requests) == ATTEMPTS


MD5 = base64.b64encode(hashlib.md5(PICTURE, usedforsecurity=False).digest()).decode()
ETAG = hashlib.md5(PICTURE, usedforsecurity=False).hexdigest()
CRC64 = str(crc64(PICTURE))
WRONG = PICTURE[:9000] + bytes([PICTURE[9000] ^ 1]) + PICTURE[9001:]


@pytest.mark.parametrize(
    "headers",
    [
        [f"x-oss-hash-crc64ecma: {CRC64}"],
        [f"Content-MD5: {MD5}"],
        [f'ETag: "{ETAG.upper()}"'],
        [f"x-oss-hash-crc64ecma: {CRC64}", 'ETag: "0123456789ABCDEF0123456789ABCDEF"'],
    ],
    ids=["crc64", "md5", "etag", "crc64 before etag"],
)
def test_checksums_that_are_sent(headers: list[str], aidge_conn_id: str, tmp_path: Path) -> None:
    with raw_server(answer(PICTURE, *headers)) as server:
        assert AidgeHook(aidge_conn_id).fetch(f"{server.url}/a", tmp_path, "one").read_bytes() == PICTURE
    with raw_server(answer(WRONG, *headers)) as server, pytest.raises(AidgeError, match=r"NotWhole: (CRC64|MD5)"):
        AidgeHook(aidge_conn_id).fetch(f"{server.url}/a", tmp_path, "two")
    assert len(server.requests) == ATTEMPTS
    assert [path.name for path in tmp_path.glob("*.jpg")] == ["one.jpg"]


@pytest.mark.parametrize(
    "header",
    [f'ETag: "{ETAG}-2"', f'ETag: W/"{ETAG}x"', "Content-MD5: no base64", "x-oss-hash-crc64ecma: none"],
)
def test_what_is_no_checksum_decides_nothing(header: str, aidge_conn_id: str, tmp_path: Path) -> None:
    with raw_server(answer(WRONG, header)) as server:
        assert AidgeHook(aidge_conn_id).fetch(f"{server.url}/a", tmp_path, "one").read_bytes() == WRONG


@pytest.mark.parametrize("header", ["x-oss-object-type: Multipart", "x-oss-server-side-encryption: KMS"])
def test_an_etag_that_is_no_md5_decides_nothing(header: str, aidge_conn_id: str, tmp_path: Path) -> None:
    with raw_server(answer(WRONG, f'ETag: "{ETAG}"', header)) as server:
        AidgeHook(aidge_conn_id).fetch(f"{server.url}/a", tmp_path, "one")


@pytest.mark.parametrize(
    "broken",
    [
        PICTURE[: len(PICTURE) // 2].ljust(len(PICTURE), b"\0"),
        PICTURE[:-2],
        PICTURE + b"x",
        picture()[:-12],
        picture(kind="WEBP") + b"xxxx",
        picture(kind="BMP")[:-5],
    ],
)
def test_a_broken_picture_is_asked_for_a_few_times(broken: bytes, aidge_conn_id: str, tmp_path: Path) -> None:
    with raw_server(answer(broken)) as server, pytest.raises(AidgeError, match="BrokenPicture: ") as caught:
        AidgeHook(aidge_conn_id).fetch(f"{server.url}/a", tmp_path, "one")
    assert caught.value.code == "BrokenPicture"
    assert "have it made anew" in str(caught.value)
    assert len(server.requests) == 3
    assert not list(tmp_path.glob("one.[!p]*"))


def test_what_is_too_large_is_not_read_to_its_end(
    aidge_conn_id: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(aidge_download, "MAX_RESULT_BYTES", len(PICTURE) - 1)
    with raw_server(answer(PICTURE)) as server, pytest.raises(AidgeError, match="the picture is larger than") as caught:
        AidgeHook(aidge_conn_id).fetch(f"{server.url}/a", tmp_path, "one")
    assert caught.value.code == "NotWhole"


def test_nothing_is_fetched_from_anywhere_else(aidge_conn_id: str, tmp_path: Path) -> None:
    with raw_server(answer(PICTURE)) as other:
        moved = answer(b"", f"Location: {other.url}/a?Signature=hunter22hunter", status="302 Found")
        with raw_server(moved) as server, pytest.raises(AidgeError) as caught:
            AidgeHook(aidge_conn_id).fetch(f"{server.url}/a", tmp_path, "one")
        assert caught.value.code == "HTTP 302"
        assert not other.requests


def test_a_fetch_carries_no_signature_of_the_gateway(aidge_conn_id: str, tmp_path: Path) -> None:
    with raw_server(answer(PICTURE)) as server:
        AidgeHook(aidge_conn_id).fetch(f"{server.url}/a?v=1", tmp_path, "one")
    assert server.requests == ["GET /a?v=1 HTTP/1.1"]


def test_an_error_of_the_disk_is_not_one_of_the_service(aidge_conn_id: str, tmp_path: Path) -> None:
    with raw_server(answer(PICTURE)) as server, pytest.raises(FileNotFoundError):
        AidgeHook(aidge_conn_id).fetch(f"{server.url}/a", tmp_path / "nowhere", "one")
    assert len(server.requests) == 1


def test_the_headers_of_an_answer_reach_no_log(
    aidge_conn_id: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.DEBUG, "httpx")
    signed = answer(PICTURE, "Content-Location: /a?Signature=hunter22hunter")
    with raw_server(signed) as server:
        AidgeHook(aidge_conn_id).fetch(f"{server.url}/a", tmp_path, "one")
    assert f"GET {server.url}/a" in caplog.text
    assert "hunter22hunter" not in caplog.text
