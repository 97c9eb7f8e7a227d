"""The service as a whole: start, stop, TLS, and the command line."""

from __future__ import annotations

import json
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
import trustme

from airflow_provider_mps.local import __main__ as command
from airflow_provider_mps.local.pictures import download
from airflow_provider_mps.local.service import LocalService


def test_nothing_is_left_after_the_end(clients_for: Any) -> None:
    before = set(threading.enumerate())
    with LocalService(small_pictures=True) as service:
        clients = clients_for(service)
        clients.run()
        folder = service._temporary
        assert folder is not None
        assert folder.is_dir()
        url = service.url
    assert set(threading.enumerate()) <= before
    assert not folder.exists()
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{url}/_local/health")
    with pytest.raises(RuntimeError, match="not running"):
        LocalService().secret_id  # noqa: B018


def test_it_starts_again_on_its_port() -> None:
    with LocalService() as first:
        port = first.port
        with pytest.raises(OSError, match="in use"):
            LocalService(port=port).start()
    with LocalService(port=port) as second:
        assert second.port == port
        assert httpx.get(f"{second.url}/_local/health").json()["status"] == "ok"


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.1", "example.org"])
def test_it_binds_to_loopback_only(host: str) -> None:
    with pytest.raises(ValueError, match="host"):
        LocalService(host=host)


def test_the_connection_says_all_that_a_client_needs() -> None:
    with LocalService(buckets={"mine-1250000000": "ap-beijing"}, accounts=[("AKIDx", "key")]) as service:
        assert service.connection() == {
            "conn_type": "tencentcloud",
            "login": "AKIDx",
            "password": "key",
            "extra": {
                "region": "ap-beijing",
                "endpoint": service.netloc,
                "protocol": "http://",
                "cos_bucket": "mine-1250000000",
                "cos_region": "ap-beijing",
                "cos_endpoint": service.netloc,
            },
        }
        assert service.object_exists("mine-1250000000", "/samples/coffee.png")


def test_tls(tmp_path: Path, clients_for: Any) -> None:
    authority = trustme.CA()
    certificate = authority.issue_cert("127.0.0.1")
    files = (tmp_path / "cert.pem", tmp_path / "key.pem", tmp_path / "ca.pem")
    certificate.cert_chain_pems[0].write_to_path(str(files[0]))
    certificate.private_key_pem.write_to_path(str(files[1]))
    authority.cert_pem.write_to_path(str(files[2]))
    with LocalService(tls=(str(files[0]), str(files[1])), small_pictures=True) as service:
        assert service.url.startswith("https://")
        assert service.connection()["extra"]["protocol"] == "https://"
        clients = clients_for(service, str(files[2]))
        assert clients.run()["ErrMsg"] == ""
        assert service.aidge_connection()["extra"]["protocol"] == "https://"
        service.add_fault(kind="reset", action="ProcessImage", times=1)
        with pytest.raises(Exception, match="ClientNetworkError"):
            clients.submit()
        assert clients.submit()


def test_many_tasks_are_no_burden(clients_for: Any) -> None:
    with LocalService(small_pictures=True, rate_limit=0, task_seconds=0) as service:
        clients = clients_for(service)
        for _ in range(50):
            clients.submit()
        for task in service.tasks:
            assert clients.finished(task.task_id)["ErrMsg"] == ""
        assert clients.call("DescribeImageTasks", {"Status": "FINISH", "Limit": 100})["TotalCount"] == 50


def launch(tmp_path: Path, *arguments: str) -> tuple[subprocess.Popen[str], dict[str, Any]]:
    ready = tmp_path / "ready.json"
    scratch = tmp_path / "scratch"
    scratch.mkdir(exist_ok=True)
    process = subprocess.Popen(
        [sys.executable, "-m", "airflow_provider_mps.local", "--port", "0", "--ready-file", str(ready), *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(scratch), "MPS_LOCAL_SECRET_KEY": "from-the-environment"},
    )
    while not ready.exists():
        assert process.poll() is None, process.communicate()
        time.sleep(0.02)
    return process, json.loads(ready.read_text())


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_command(tmp_path: Path, number: signal.Signals, clients_for: Any) -> None:
    process, ready = launch(
        tmp_path,
        "--bucket",
        "one-1250000000",
        "--bucket",
        "two-1250000000",
        "--region",
        "ap-beijing",
        "--rate-limit",
        "7",
    )
    assert ready["pid"] == process.pid
    assert (tmp_path / "ready.json").stat().st_mode & 0o077 == 0
    assert ready["url"] == f"http://{ready['netloc']}"
    assert ready["connection"]["extra"]["cos_bucket"] == "one-1250000000"
    assert ready["connection"]["password"] == "from-the-environment"
    health = httpx.get(f"{ready['url']}/_local/health").json()
    assert health["buckets"] == {"one-1250000000": "ap-beijing", "two-1250000000": "ap-beijing"}
    assert httpx.get(f"{ready['url']}/_local/settings").json() == {"task_seconds": 3.0, "rate_limits": {"*": 7}}
    process.send_signal(number)
    out, err = process.communicate(timeout=20)
    assert process.returncode == 0
    assert err == ""
    assert ready["url"] in out
    assert "/samples/coffee.png" in out
    line = next(line for line in out.splitlines() if "AIRFLOW_CONN_TENCENTCLOUD_DEFAULT" in line)
    assert json.loads(line.split("=", 1)[1].strip("'")) == ready["connection"]
    line = next(line for line in out.splitlines() if "AIRFLOW_CONN_AIDGE_DEFAULT" in line)
    assert json.loads(line.split("=", 1)[1].strip("'")) == ready["aidge_connection"]
    assert ready["aidge_connection"]["extra"] == {"protocol": "http://", "trial": False}
    assert f"{ready['url']}/_local/samples/coffee-large.jpg" in out
    assert list((tmp_path / "scratch").iterdir()) == []
    assert not (tmp_path / "ready.json").exists()


def test_missing_packages_are_named(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    for name in ("serving.server", "service"):
        monkeypatch.delitem(sys.modules, f"airflow_provider_mps.local.{name}")
    assert command.main([]) == 2
    assert "pip install 'airflow-provider-mps[local]'" in capsys.readouterr().err


def test_a_bad_address_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    assert command.main(["--host", "0.0.0.0"]) == 2
    assert "loopback" in capsys.readouterr().err
    assert {number: signal.getsignal(number) for number in before} == before


def test_it_imports_neither_airflow_nor_a_vendor_sdk() -> None:
    code = (
        "import sys; import airflow_provider_mps.local.service;"
        "print([m for m in sys.modules if m.split('.')[0] in ('airflow', 'tencentcloud', 'qcloud_cos', 'requests')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("path", ["/", "/x", "/key", "/rest/ai/image/background/generation/query", "/_local/faults"])
@pytest.mark.parametrize("is_reset", [False, True])
def test_a_client_that_leaves_in_mid_body_is_no_error(
    path: str, is_reset: bool, service: LocalService, caplog: pytest.LogCaptureFixture
) -> None:
    host = f"{service.bucket}.cos.{service.region}.myqcloud.com" if path == "/key" else service.netloc
    head = f"POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\nX-TC-Action: ProcessImage\r\n"
    with socket.create_connection((service.host, service.port)) as client:
        client.sendall(f"{head}Content-Length: 1000\r\n\r\nabc".encode())
        if is_reset:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    # What came before is over once this is answered.
    assert httpx.get(f"{service.url}/_local/health").status_code == 200
    deadline = time.monotonic() + 10
    while service.backend.journal.under_way and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not service.backend.journal.under_way
    assert not [record for record in caplog.records if record.levelname in ("WARNING", "ERROR", "CRITICAL")]


def test_all_downloads_share_a_client(service: LocalService) -> None:
    url = f"{service.url}/_local/samples/brick.png"
    download._client.cache_clear()
    for _ in range(5):
        assert download.download(url, 10_000_000)
    assert download._client.cache_info().misses == 1
