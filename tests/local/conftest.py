"""Fixtures for the tests of the local service: the service itself and the vendors' own clients against it."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest
from qcloud_cos import CosConfig, CosS3Client
from tencentcloud.common.common_client import CommonClient
from tencentcloud.common.credential import Credential
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile
from tencentcloud.mps.v20190612 import mps_client

from airflow_provider_mps.local.aidge.state import DEFAULT_KEY_NAME, DEFAULT_SECRET
from airflow_provider_mps.local.service import LocalService

_HTTP = httpx.Client(trust_env=False)
OTHER_ACCOUNT = ("AKIDother", "other-key")
OTHER_AIDGE = ("500001", "other-aidge-secret")


class Clock:
    """A clock that tests move by hand; it starts at the real time, which the SDKs sign with."""

    def __init__(self) -> None:
        self.offset = 0.0
        self.frozen: float | None = None

    def __call__(self) -> float:
        return self.frozen if self.frozen is not None else time.time() + self.offset


class Clients:
    """Makes the vendors' clients for one service."""

    def __init__(self, service: LocalService, ca_file: str | None = None) -> None:
        self.service = service
        self.ca_file = ca_file
        self._common: CommonClient | None = None

    def profile(self) -> ClientProfile:
        http_profile = HttpProfile(protocol=self.service.protocol, endpoint=self.service.netloc, reqTimeout=10)
        http_profile.certification = self.ca_file
        return ClientProfile(httpProfile=http_profile)

    def credential(self, pair: tuple[str, str] | None = None, token: str | None = None) -> Credential:
        return Credential(*(pair or (self.service.secret_id, self.service.secret_key)), token)

    def common(self, credential: Any = None, service: str = "mps", version: str = "2019-06-12") -> CommonClient:
        return CommonClient(service, version, credential or self.credential(), "ap-guangzhou", self.profile())

    def call(self, action: str, body: dict[str, Any]) -> dict[str, Any]:
        self._common = self._common or self.common()
        answer: dict[str, Any] = self._common.call_json(action, body)["Response"]
        return answer

    def typed(self) -> mps_client.MpsClient:
        return mps_client.MpsClient(self.credential(), "ap-guangzhou", self.profile())

    def cos(
        self, pair: tuple[str, str] | None = None, token: str | None = None, retry: int = 0, **config: Any
    ) -> CosS3Client:
        secret_id, secret_key = pair or (self.service.secret_id, self.service.secret_key)
        return CosS3Client(
            CosConfig(
                Region=self.service.region,
                SecretId=secret_id,
                SecretKey=secret_key,
                Token=token,
                Scheme=self.service.protocol,
                IP=self.service.host,
                Port=self.service.port,
                **config,
            ),
            retry=retry,
        )

    def payload(self, **fields: Any) -> dict[str, Any]:
        """A valid request for a generated background; ``fields`` replace or add."""
        return {
            "InputInfo": self.cos_input("/samples/coffee.png"),
            "OutputStorage": {
                "Type": "COS",
                "CosOutputStorage": {"Bucket": self.service.bucket, "Region": self.service.region},
            },
            "ScheduleId": 30060,
            "AddOnParameter": {
                "ExtPrompt": [{"Prompt": "white marble"}],
                "OutputConfig": {"Format": "JPEG", "ImageSize": "1K", "Quality": 80},
            },
            **fields,
        }

    def cos_input(self, path: str, bucket: str | None = None) -> dict[str, Any]:
        cos = {"Bucket": bucket or self.service.bucket, "Region": self.service.region, "Object": path}
        return {"Type": "COS", "CosInputInfo": cos}

    def submit(self, **fields: Any) -> str:
        task_id: str = self.call("ProcessImage", self.payload(**fields))["TaskId"]
        return task_id

    def detail(self, task_id: str) -> dict[str, Any]:
        return self.call("DescribeImageTaskDetail", {"TaskId": task_id})

    def finished(self, task_id: str) -> dict[str, Any]:
        """Wait for a task's end, without using up the limit of requests, and return its detail."""
        [task] = [one for one in self.service.tasks if one.task_id == task_id]
        for _ in range(2000):
            if task.status(self.service.backend.clock()) == "FINISH":
                return self.detail(task_id)
            time.sleep(0.01)
        raise AssertionError(f"task {task_id} did not finish")

    def run(self, **fields: Any) -> dict[str, Any]:
        """Submit a task and return its detail at the end."""
        return self.finished(self.submit(**fields))

    def result(self, detail: dict[str, Any]) -> bytes:
        path: str = detail["ImageProcessTaskResultSet"][0]["Output"]["Path"]
        return self.service.get_object(self.service.bucket, path)


class AidgeClient:
    """Speaks Aidge's wire by hand, with one account of one service."""

    BASE = "/ai/image/background/generation"
    SUBMIT, QUERY, SCENES = f"{BASE}/scenario", f"{BASE}/query", f"{BASE}/scene/query"

    def __init__(self, service: LocalService, pair: tuple[str, str] | None = None) -> None:
        self.service = service
        self.key_name, self.secret = pair or (service.aidge_key_name, service.aidge_secret)

    def query_string(self, **changes: Any) -> dict[str, str]:
        """The signed query; a change of ``None`` removes a parameter, others replace it after signing."""
        timestamp = str(changes.pop("signed_time", int(self.service.backend.clock() * 1000)))
        sign = hmac.new(self.secret.encode(), (self.secret + timestamp).encode(), "sha256").hexdigest().upper()
        query = {
            "partner_id": "aidge",
            "sign_method": "sha256",
            "sign_ver": "v2",
            "app_key": self.key_name,
            "timestamp": timestamp,
            "sign": sign,
            **changes,
        }
        return {name: value for name, value in query.items() if value is not None}

    def send(self, path: str, body: Any = None, *, headers: Any = None, method: str = "POST", **changes: Any) -> Any:
        """Send a request and return the answer, whatever it is."""
        content = body if isinstance(body, bytes) else json.dumps(body or {}).encode()
        return _HTTP.request(
            method,
            f"{self.service.url}/rest{path}",
            params=self.query_string(**changes),
            content=content,
            headers={"Content-Type": "application/json", **(headers or {})},
        )

    def call(self, path: str, body: Any = None, **options: Any) -> dict[str, Any]:
        """Send a request and return the JSON of an answer of status 200."""
        answer = self.send(path, body, **options)
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "application/json"
        value: dict[str, Any] = answer.json()
        assert value["request_id"]
        return value

    def element(self, **fields: Any) -> dict[str, Any]:
        """A valid element of a submission; ``fields`` replace or add, ``None`` removes."""
        url = f"{self.service.url}/_local/samples/coffee-large.jpg"
        element = {"imageFileUrl": url, "modelNum": "1", "imageNum": "2", **fields}
        return {name: value for name, value in element.items() if value is not None}

    def post(self, trial: bool = False, **fields: Any) -> dict[str, Any]:
        """Submit an element and return the whole answer."""
        body = {"requestParams": json.dumps([self.element(**fields)])}
        return self.call(self.SUBMIT, body, headers={"x-iop-trial": "true"} if trial else {})

    def submit(self, **fields: Any) -> str:
        """Submit an element and return the task's id."""
        answer = self.post(**fields)
        assert answer["resCode"] == 200, answer
        task_id: str = answer["data"]["result"]["taskId"]
        return task_id

    def query(self, task_id: str) -> dict[str, Any]:
        """Return the data of a query."""
        answer = self.call(self.QUERY, {"taskId": task_id})
        assert answer["resCode"] == 200, answer
        data: dict[str, Any] = answer["data"]
        return data

    def ended(self, task_id: str) -> dict[str, Any]:
        """Wait for a task's work, let its time be over, and return the data of a query."""
        [task] = [one for one in self.service.aidge_tasks if one.task_id == task_id]
        for _ in range(2000):
            if task.done is not None:
                task.seconds = 0
                return self.query(task_id)
            time.sleep(0.01)
        raise AssertionError(f"task {task_id} did not end")

    def run(self, **fields: Any) -> dict[str, Any]:
        """Submit a task and return the data of a query at its end."""
        return self.ended(self.submit(**fields))

    def urls(self, data: dict[str, Any]) -> list[str]:
        """Return the addresses in the data of a query."""
        return [url for result in data["taskResult"] for url in result["imageUrlList"]]

    def get(self, url: str) -> httpx.Response:
        """Download a result."""
        return _HTTP.get(url)


def raw_tc3(local: LocalService, body: bytes, **changes: Any) -> dict[str, Any]:
    """Send a request signed by hand, with parts of it changed; returns the ``Response`` of the answer.

    ``changes``: now, date, service, end, algorithm, signed, secret_id, secret_key, sent_body, authorization, host,
    method and headers (added last, ``None`` removes one).
    """
    now = int(changes.get("now", local.backend.clock()))
    date = changes.get("date") or datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%d")
    scope = f"{date}/{changes.get('service', 'mps')}/{changes.get('end', 'tc3_request')}"
    signed = changes.get("signed", "content-type;host")
    host = changes.get("host", local.netloc)
    values = {"content-type": "application/json", "host": host, "x-tc-action": "describeimagetaskdetail"}
    lines = "".join(f"{name}:{values[name]}\n" for name in signed.split(";"))
    canonical = f"POST\n/\n\n{lines}\n{signed}\n{hashlib.sha256(body).hexdigest()}"
    text = f"TC3-HMAC-SHA256\n{now}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    key = ("TC3" + changes.get("secret_key", local.secret_key)).encode()
    for part in scope.split("/"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    signature = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
    secret_id = changes.get("secret_id", local.secret_id)
    headers = {
        "Host": host,
        "Content-Type": "application/json",
        "X-TC-Action": "DescribeImageTaskDetail",
        "X-TC-Version": "2019-06-12",
        "X-TC-Timestamp": str(now),
        "Authorization": changes.get(
            "authorization",
            f"{changes.get('algorithm', 'TC3-HMAC-SHA256')} Credential={secret_id}/{scope}, "
            f"SignedHeaders={signed}, Signature={signature}",
        ),
        **changes.get("headers", {}),
    }
    answer = _HTTP.request(
        changes.get("method", "POST"),
        local.url + "/",
        content=changes.get("sent_body", body),
        headers={name: value for name, value in headers.items() if value is not None},
    )
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    response: dict[str, Any] = json.loads(answer.content)["Response"]
    assert response["RequestId"]
    return response


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="session")
def shared() -> Iterator[LocalService]:
    """One service for all tests that leave no mark but tasks and objects."""
    with LocalService(
        task_seconds=0.05,
        rate_limit=0,
        small_pictures=True,
        accounts=[("AKIDlocaltest", "local-test-key"), OTHER_ACCOUNT],
        aidge_accounts=[(DEFAULT_KEY_NAME, DEFAULT_SECRET), OTHER_AIDGE],
        buckets={"mps-local-1250000000": "ap-guangzhou", "other-1250000000": "ap-beijing"},
    ) as service:
        yield service


@pytest.fixture
def service(shared: LocalService) -> LocalService:
    """The shared service with an empty journal and no faults."""
    shared.clear_faults()
    shared.backend.journal.clear()
    return shared


@pytest.fixture
def clients(service: LocalService) -> Clients:
    return Clients(service)


@pytest.fixture
def aidge(service: LocalService) -> AidgeClient:
    return AidgeClient(service)


@pytest.fixture
def aidge_for() -> Callable[..., AidgeClient]:
    return AidgeClient


@pytest.fixture
def aidge_files() -> Iterator[Callable[[bytes | None], str]]:
    """Serve a file at a URL, from a server of its own; ``None`` for a URL without a file."""
    files: dict[str, bytes] = {}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            data = files.get(self.path.partition("?")[0])
            self.send_response(404 if data is None else 200)
            self.send_header("Content-Length", str(len(data or b"")))
            self.end_headers()
            with contextlib.suppress(ConnectionError):
                self.wfile.write(data or b"")

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()

    def put(data: bytes | None) -> str:
        path = f"/{len(files)}.jpg"
        if data is not None:
            files[path] = data
        return f"http://127.0.0.1:{server.server_port}{path}"

    yield put
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def make_service() -> Iterator[Callable[..., LocalService]]:
    """Start services with options of their own; they stop at the end of the test."""
    running: list[LocalService] = []

    def start(**options: Any) -> LocalService:
        service = LocalService(**{"small_pictures": True, **options})
        service.start()
        running.append(service)
        return service

    yield start
    for service in running:
        service.stop()


@pytest.fixture
def clients_for() -> Callable[..., Clients]:
    return Clients


@pytest.fixture
def tc3(service: LocalService) -> Callable[..., dict[str, Any]]:
    """Send a hand-signed request to the shared service; see :func:`raw_tc3`."""

    def send(body: bytes = b'{"TaskId": "x"}', **changes: Any) -> dict[str, Any]:
        return raw_tc3(service, body, **changes)

    return send
