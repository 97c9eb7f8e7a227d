"""Answers of COS that say little: redirects, and errors without a body."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_mps.clients import cos
from airflow_provider_mps.exceptions import TencentCloudError, TencentCloudPermanentError
from airflow_provider_mps.hooks.cos import CosHook
from airflow_provider_mps.local.service import LocalService
from airflow_provider_mps.services.tencentcloud.connection import read_settings

ELSEWHERE = "https://b-1250000000.cos.ap-shanghai.myqcloud.com/a.png?sign=q-signature-of-somebody"


@pytest.fixture
def redirecting(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[list[str]]:
    status, asked = request.param, []

    class Handler(http.server.BaseHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            pass

        def answer(self) -> None:
            asked.append(self.command)
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            body = b"<Error><Code>PermanentRedirect</Code><Message>elsewhere</Message></Error>"
            self.send_response(status)
            self.send_header("Location", ELSEWHERE)
            self.send_header("x-cos-request-id", "NjA=")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        do_GET = do_PUT = do_HEAD = do_DELETE = answer

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    extra = {"cos_endpoint": f"127.0.0.1:{server.server_port}", "protocol": "http", "cos_bucket": "b-1250000000"}
    connection = {"conn_type": "tencentcloud", "login": "AKIDx" * 4, "password": "secret" * 4, "extra": extra}
    monkeypatch.setenv("AIRFLOW_CONN_TENCENTCLOUD_DEFAULT", json.dumps(connection))
    yield asked
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.parametrize("redirecting", [301, 302, 307], indirect=True)
@pytest.mark.parametrize("call", ["download", "read", "upload", "write", "head", "stat", "list", "copy", "delete"])
def test_a_redirect_is_said(call: str, redirecting: list[str], tmp_path: Path) -> None:
    hook, file = CosHook(), tmp_path / "a.png"
    file.write_bytes(b"picture")
    calls = {
        "download": lambda: hook.download_file("/a.png", tmp_path / "b.png"),
        "read": lambda: hook.read_object("/a.png"),
        "upload": lambda: hook.upload_file(file, "/a.png"),
        "write": lambda: hook.write_object("/a.png", b"{}", "application/json"),
        "head": lambda: hook.head_object("/a.png"),
        "stat": lambda: hook.stat_object("/a.png"),
        "list": lambda: hook.list_page("/"),
        "copy": lambda: hook.copy_object("cos:///a.png", "/b.png"),
        "delete": lambda: hook.delete_object("/a.png"),
    }
    with pytest.raises(TencentCloudPermanentError) as caught:
        calls[call]()
    said = str(caught.value)
    assert "Redirected: COS redirects to b-1250000000.cos.ap-shanghai.myqcloud.com" in said
    assert "(RequestId NjA=). Set cos_region" in said
    assert "somebody" not in said
    assert len(redirecting) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [(403, "AccessDenied", TencentCloudPermanentError), (503, "HTTP 503", TencentCloudError)],
)
def test_a_head_that_fails_says_code_and_request_id(
    status: int, code: str, kind: type[Exception], service: LocalService, conn_id: str
) -> None:
    service.put_object(service.bucket, "/a.png", b"picture")
    service.add_fault(kind="http", action="HeadObject", status=status)
    with pytest.raises(kind) as caught:
        CosHook(conn_id).head_object("/a.png")
    error: Any = caught.value
    assert error.code == code
    assert f"HTTP {status}, without words of COS" in str(error)
    assert "Date" not in str(error)


@pytest.mark.parametrize(
    ("endpoint", "host"),
    [
        ("cos.accelerate.myqcloud.com", "b-1250000000.cos.accelerate.myqcloud.com"),
        ("cos.accelerate-overseas.myqcloud.com", "b-1250000000.cos.accelerate-overseas.myqcloud.com"),
        (None, "b-1250000000.cos.ap-guangzhou.myqcloud.com"),
    ],
)
def test_the_endpoint_of_acceleration_has_the_bucket_before_it(endpoint: str | None, host: str) -> None:
    class Keys:
        secret_id, secret_key, token = "AKIDx", "secret", None

    extra = {"cos_endpoint": endpoint} if endpoint else {}
    client = cos.client(read_settings("AKIDx", "secret", extra, {}), Keys, "ap-guangzhou")
    assert client._conf.uri(bucket="b-1250000000", path="a.png") == f"https://{host}/a.png"
