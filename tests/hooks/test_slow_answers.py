"""An answer that comes drop by drop must not keep a look from its end."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_mps.clients.transport import answered
from airflow_provider_mps.core import calls
from airflow_provider_mps.core.digests import Digest
from airflow_provider_mps.core.errors import ServiceError
from airflow_provider_mps.core.outcomes import Outcome
from airflow_provider_mps.core.polling import Deadline, TooLate
from airflow_provider_mps.exceptions import AidgeError, TencentCloudError
from airflow_provider_mps.hooks.aidge import AidgeHook
from airflow_provider_mps.hooks.cos import CosHook
from airflow_provider_mps.hooks.mps import MpsHook
from airflow_provider_mps.local.service import LocalService
from airflow_provider_mps.polling.shared import PollTarget, wait_for_task
from tests.hooks.drop_server import drop_server

BEGINNINGS = {
    "head": b"HTTP/1.1 200 OK\r\nX-Slow: ",
    "body": b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n{",
}


@pytest.fixture(params=BEGINNINGS)
def address(request: pytest.FixtureRequest) -> Iterator[str]:
    with drop_server(BEGINNINGS[request.param]) as server:
        yield server.netloc


@pytest.fixture
def sources(address: str, service: LocalService, monkeypatch: pytest.MonkeyPatch) -> dict[str, PollTarget]:
    mps, aidge = service.connection(), service.aidge_connection()
    mps["extra"] |= {"endpoint": address, "request_timeout": 0.5}
    aidge["extra"] |= {"request_timeout": 0.5}
    aidge["host"], _, port = address.partition(":")
    aidge["port"] = int(port)
    mps["extra"] |= {"cos_endpoint": address}
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


def _ended(call: Callable[[], Any]) -> Any:
    """Return what a blocking call comes to; it may be one without end."""
    found: list[Any] = []

    def run() -> None:
        try:
            found.append(call())
        except Exception as error:
            found.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(60)
    return found[0] if found else "no end"


@pytest.mark.parametrize("hook_class", [MpsHook, AidgeHook])
def test_a_look_of_a_worker_ends(hook_class: type[Any], sources: dict[str, PollTarget]) -> None:
    hook = MpsHook("slow_mps") if hook_class is MpsHook else AidgeHook("slow_aidge")
    look = _ended(lambda: hook.look("1-WorkflowTask-a"))
    assert isinstance(look, ServiceError), look
    assert (look.code, look.outcome) == ("NoAnswer", Outcome.UNKNOWN)
    assert "no whole answer in 2 s" in str(look)


def test_a_question_to_cos_ends(sources: dict[str, PollTarget], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "ATTEMPTS", 2)
    monkeypatch.setattr("airflow_provider_mps.core.stopping.LEAST_RATE_SECONDS", 1.0)
    for call in (CosHook("slow_mps").head_object, CosHook("slow_mps").read_object):
        error = _ended(lambda call=call: call("/a.png"))
        # That of a HEAD ends with its head.
        assert isinstance(error, TencentCloudError | Digest), error


def test_the_picture_of_aidge_ends(
    address: str, sources: dict[str, PollTarget], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(calls, "ATTEMPTS", 2)
    monkeypatch.setattr("airflow_provider_mps.core.stopping.LEAST_RATE_SECONDS", 1.0)
    error = _ended(lambda: AidgeHook("slow_aidge").fetch(f"http://{address}/a.png", tmp_path, "a"))
    assert isinstance(error, AidgeError), error
    assert error.code in ("NoAnswer", "TooSlow")


def test_keys_of_a_role_end(address: str, service: LocalService, monkeypatch: pytest.MonkeyPatch) -> None:
    connection = service.connection()
    connection["extra"] |= {"endpoint": address, "request_timeout": 0.5, "role_arn": "qcs::cam::uin/1:roleName/x"}
    monkeypatch.setenv("AIRFLOW_CONN_SLOW_ROLE", json.dumps(connection))
    look = _ended(lambda: MpsHook("slow_role").look("1-WorkflowTask-a"))
    assert isinstance(look, ServiceError), look
    assert "no whole answer in 2 s" in str(look)


def test_what_comes_too_late_is_handed_over() -> None:
    late, over = [], threading.Event()

    def slow() -> str:
        over.wait(30)
        return "answer"

    with pytest.raises(TimeoutError, match="no whole answer in"):
        answered(0.01, slow, late.append)
    over.set()
    for _ in range(100):
        if late:
            break
        time.sleep(0.05)
    assert late == ["answer"]


def test_an_error_of_the_call_is_that_of_the_call() -> None:
    def fail() -> None:
        raise TimeoutError("of its own")

    with pytest.raises(TimeoutError, match="of its own"):
        answered(10, fail)


def test_a_submission_is_in_doubt(sources: dict[str, PollTarget], payload: dict[str, Any]) -> None:
    async def submit() -> str:
        async with MpsHook("slow_mps") as hook:
            return await hook.aprocess_image(payload)

    with pytest.raises(TencentCloudError, match=r"NoAnswer: .*no whole answer in .*may have been executed"):
        asyncio.run(submit())
