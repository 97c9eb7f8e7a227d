"""What a connection, an address or a page that says a request back may show of a credential."""

from __future__ import annotations

import http.server
import json
import logging
import threading
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from airflow.providers.common.compat.sdk import AirflowException

from airflow_provider_mps.clients.http_log import without_queries
from airflow_provider_mps.core.redaction import SHORTEST_MASK
from airflow_provider_mps.hooks.aidge import AidgeHook
from airflow_provider_mps.hooks.cos import CosHook
from airflow_provider_mps.hooks.mps import MpsHook
from airflow_provider_mps.local.service import LocalService
from airflow_provider_mps.operators.aidge import AidgeBackgroundGenerationOperator
from airflow_provider_mps.operators.mps import MpsImageBgFusionBatchOperator, MpsImageBgFusionOperator
from airflow_provider_mps.operators.pictures import PictureLabelOperator
from airflow_provider_mps.storage import masking
from airflow_provider_mps.transfers.cos_to_local import CosToLocalFilesystemOperator
from airflow_provider_mps.transfers.local_to_cos import LocalFilesystemToCosOperator

SECRETS = {"password": "S3cretKeyValue99", "token": "T0kenValue1234567890abcdefXYZ=="}


def as_text(lines: dict[str, str]) -> str:
    return "\r\n".join(f"{name}: {value}" for name, value in lines.items())


PAGES: dict[str, Callable[[dict[str, str]], str]] = {
    "text": as_text,
    "HTML": lambda lines: f"<html><body><h1>502</h1><pre>{as_text(lines)}</pre></body></html>",
    "JSON": lambda lines: json.dumps({"error": "denied", "headers": lines}),
    "XML of COS": lambda lines: f"<Error><Code>AccessDenied</Code><Message>{as_text(lines)}</Message></Error>",
    "JSON of API 3.0": lambda lines: json.dumps(
        {"Response": {"Error": {"Code": "InternalError", "Message": as_text(lines)}, "RequestId": "r"}}
    ),
    "table": lambda lines: "".join(f"<tr><td>{name}</td><td>{value}</td></tr>" for name, value in lines.items()),
}


@pytest.fixture
def echo() -> Iterator[Any]:
    """A server that says each request back, in the form that ``echo.page`` makes of its lines."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode("latin1")
            # Those that matter first, as a message is cut at its end.
            lines = {
                "Path": self.path,
                **dict(sorted(self.headers.items(), key=lambda line: len(line[1]))),
                "Body": body,
            }
            page = self.server.page(lines).encode()  # type: ignore[attr-defined]
            self.send_response(self.server.status)  # type: ignore[attr-defined]
            self.send_header("Content-Length", str(len(page)))
            self.end_headers()
            self.wfile.write(page)

        do_GET = do_PUT = do_POST = answer

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.status = 403  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("status", [403, 502])
@pytest.mark.parametrize("page", PAGES.values(), ids=list(PAGES))
def test_a_page_that_says_the_request_back_shows_no_credential(
    page: Callable[[dict[str, str]], str],
    status: int,
    echo: Any,
    monkeypatch: pytest.MonkeyPatch,
    lines: Callable[[], str],
) -> None:
    echo.page, echo.status, host = page, status, f"127.0.0.1:{echo.server_port}"
    extra = {"token": SECRETS["token"], "endpoint": host, "cos_endpoint": host, "protocol": "http"}
    place = {"cos_bucket": "b-125", "cos_region": "ap-guangzhou"}
    tencent = {"conn_type": "tencentcloud", "login": "AKIDxyz", "password": SECRETS["password"]}
    aidge = {"conn_type": "aidge", "login": "5", "password": SECRETS["password"], "host": f"http://{host}"}
    monkeypatch.setenv("AIRFLOW_CONN_ECHO", json.dumps({**tencent, "extra": {**extra, **place}}))
    monkeypatch.setenv("AIRFLOW_CONN_AIDGE", json.dumps({**aidge, "host": host, "extra": {"protocol": "http"}}))
    sent = []
    for call in (
        lambda: CosHook("echo").read_object("/in/cup.png"),
        lambda: CosHook("echo").write_object("/in/cup.json", b"{}", "application/json"),
        lambda: MpsHook("echo").get_task_state("t"),
        lambda: AidgeHook("aidge").get_task_state("t"),
    ):
        with pytest.raises(AirflowException) as caught:
            call()
        sent += [str(caught.value), repr(caught.value)]
    # What is said to the log is masked by Airflow besides; here nothing is, as in the output of other processes.
    for text in (*sent, lines()):
        assert not [name for name, secret in SECRETS.items() if secret in text]
        assert "q-signature=" not in text.replace("q-signature=***", "")


def test_the_local_connections_have_nothing_that_airflow_would_warn_of(service: LocalService) -> None:
    """It masks what a connection's extras hold, and warns of each that is too short, whatever it is."""
    for connection in (service.connection(), service.aidge_connection()):
        texts = [value for value in connection["extra"].values() if isinstance(value, str)]
        assert all(len(text) >= SHORTEST_MASK for text in [connection["password"], *texts])


def test_a_task_with_a_local_connection_logs_no_warning(
    conn_id: str, aidge_conn_id: str, lines: Callable[[], str]
) -> None:
    lines()
    assert MpsHook(conn_id).settings.protocol == "http"
    assert AidgeHook(aidge_conn_id).settings.protocol == "http"
    assert "too short" not in lines()


def test_httpx_logs_no_credential_of_an_address() -> None:
    digest = "0123456789abcdef0123456789abcdef"
    url = httpx.URL(f"https://me:hunter22@h.example/202611271200/{digest}/cup.png?Signature=q8Zt0LwX3vRb5NcY")
    record = logging.LogRecord("httpx", logging.INFO, __file__, 1, 'HTTP Request: %s %s "%d"', ("GET", url, 200), None)
    assert without_queries(record)
    assert record.getMessage() == 'HTTP Request: GET https://h.example/***/cup.png "200"'


ADDRESS = "ftp://me:hunter22@files.example/cup.png"
OPERATORS = {
    "fusion": lambda: MpsImageBgFusionOperator(task_id="t", subject_cos_key="{{ a }}", prompt="x"),
    "aidge": lambda: AidgeBackgroundGenerationOperator(task_id="t", image_path="{{ a }}", scene_id=3),
    "batch": lambda: MpsImageBgFusionBatchOperator(task_id="t", requests=[{"subject_url": "{{ a }}", "prompt": "x"}]),
    "download": lambda: CosToLocalFilesystemOperator(task_id="t", cos_key="{{ a }}", local_path="/tmp/x"),
    "upload": lambda: LocalFilesystemToCosOperator(task_id="t", cos_key="/x", local_path="{{ a }}"),
}


@pytest.mark.parametrize("make", OPERATORS.values(), ids=list(OPERATORS))
@pytest.mark.parametrize(
    ("address", "expected"),
    [
        (ADDRESS, {"me:hunter22", "hunter22"}),
        (
            "https://h.example/202611271200/0123456789abcdef0123456789abcdef/a.png?v=20261127",
            {"202611271200/0123456789abcdef0123456789abcdef"},
        ),
        ("https://h.example/cup.png?20261127", set()),
        ("https://h.example/cup.png?w=800&h=800", set()),
    ],
)
def test_what_a_rendered_address_carries_is_masked(
    make: Callable[[], Any], address: str, expected: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    masked: list[str] = []
    monkeypatch.setattr(masking, "mask_secret", masked.append)
    make().render_template_fields({"a": address})
    assert set(masked) == expected


def test_a_private_key_in_a_rendered_label_is_masked(monkeypatch: pytest.MonkeyPatch) -> None:
    masked: list[str] = []
    monkeypatch.setattr(masking, "mask_secret", masked.append)
    key = "-----BEGIN EC PRIVATE KEY-----\nMHcCAQEEIIrOBu1sYg\nAwEHoUQDQgAEFzT4hQ==\n-----END EC PRIVATE KEY-----\n"
    label = {"c2pa": {"certificate": "/etc/chain.pem", "key": "{{ a }}"}}
    PictureLabelOperator(task_id="t", pictures=[], label=label).render_template_fields({"a": key})
    assert masked == ["MHcCAQEEIIrOBu1sYg", "AwEHoUQDQgAEFzT4hQ=="]
