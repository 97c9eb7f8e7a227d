"""An answer that comes drop by drop must not keep a look from its end."""

from __future__ import annotations

import asyncio
import json
import socketserver
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from airflow_provider_mps.core.polling import Deadline, TooLate
from airflow_provider_mps.exceptions import TencentCloudError
from airflow_provider_mps.hooks.aidge import AidgeHook
from airflow_provider_mps.hooks.mps import MpsHook
from airflow_provider_mps.local.service import LocalService
from airflow_provider_mps.polling.shared import PollTarget, wait_for_task

BEGINNINGS = {
    "head": b"HTTP/1.1 200 OK\r\nX-Slow: ",
    "body": b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n{",
}


class _Drops(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        while self.rfile.readline() not in (b"\r\n", b""):
            pass
        try:
            self.wfile.write(self.server.beginning)  # type: ignore[attr-defined]
            while not self.server.over.wait(0.05):  # type: ignore[attr-defined]
                self.wfile.write(b" ")
        except OSError:
            pass


@pytest.fixture(params=BEGINNINGS)
def address(request: pytest.FixtureRequest) -> Iterator[str]:
    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Drops)
    server.daemon_threads = True
    server.beginning, server.over = BEGINNINGS[request.param], threading.Event()  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_address[1]}"
    finally:
        server.over.set()  # type: ignore[attr-defined]
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def sources(address: str, service: LocalService, monkeypatch: pytest.MonkeyPatch) -> dict[str, PollTarget]:
    mps, aidge = service.connection(), service.aidge_connection()
    mps["extra"] |= {"endpoint": address, "request_timeout": 0.5}
    aidge["extra"] |= {"request_timeout": 0.5}
    aidge["host"], _, port = address.partition(":")
    aidge["port"] = int(port)
    monkeypatch.setenv("AIRFLOW_CONN_SLOW_MPS", json.dumps(mps))
    monkeypatch.setenv("AIRFLOW_CONN_SLOW_AIDGE", json.dumps(aidge))
    return {"mps": PollTarget(MpsHook, ("slow_mps", None)), "aidge": PollTarget(AidgeHook, ("slow_aidge",))}


@pytest.mark.parametrize("name", ["mps", "aidge"])
def test_who_waits_gets_an_end_at_the_deadline(name: str, sources: dict[str, PollTarget]) -> None:
    async def wait() -> list[Any]:
        deadline = Deadline(time.time() + 1.0)
        # More than may be looked at in the same moment.
        waits = [
            wait_for_task(f"1-WorkflowTask-{n}", sources[name], deadline=deadline, interval=0.5) for n in range(20)
        ]
        return await asyncio.wait_for(asyncio.gather(*waits), 60)

    ends = asyncio.run(wait())
    assert all(isinstance(end, TooLate) for end in ends), ends
    assert any("no whole answer in" in end.last_seen for end in ends), ends


def test_a_submission_is_in_doubt(sources: dict[str, PollTarget], payload: dict[str, Any]) -> None:
    async def submit() -> str:
        async with MpsHook("slow_mps") as hook:
            return await hook.aprocess_image(payload)

    with pytest.raises(TencentCloudError, match=r"NoAnswer: .*no whole answer in .*may have been executed"):
        asyncio.run(submit())
