from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme
from tenacity import wait_none

from airflow_provider_mps.core import calls
from airflow_provider_mps.core.tasks import TaskState
from airflow_provider_mps.hooks.mps import MpsHook
from airflow_provider_mps.local.service import LocalService


@pytest.fixture(autouse=True)
def _no_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "WAIT", wait_none())


class Caller:
    """The sync and the async calls of the hook behind one face, so that every test runs on both."""

    def __init__(self, kind: str) -> None:
        self.kind = kind

    def submit(self, hook: MpsHook, payload: dict[str, Any]) -> str:
        return self._run(hook, hook.process_image, hook.aprocess_image, payload)

    def state(self, hook: MpsHook, task_id: str) -> TaskState:
        return self._run(hook, hook.get_task_state, hook.aget_task_state, task_id)

    def look(self, hook: MpsHook, task_id: str) -> Any:
        return self._run(hook, hook.look, hook.alook, task_id)

    def list(self, hook: MpsHook, *arguments: Any) -> Any:
        return self._run(hook, hook.list_image_tasks, hook.alist_image_tasks, *arguments)

    def _run(self, hook: MpsHook, sync: Any, asynchronous: Any, *arguments: Any) -> Any:
        if self.kind == "sync":
            return sync(*arguments)

        async def call() -> Any:
            async with hook:
                return await asynchronous(*arguments)

        return asyncio.run(call())


@pytest.fixture(params=["sync", "async"])
def caller(request: pytest.FixtureRequest) -> Caller:
    return Caller(request.param)


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def tls_service(authority: trustme.CA, tmp_path: Path) -> Iterator[LocalService]:
    certificate = authority.issue_cert("127.0.0.1", "localhost")
    certificate.cert_chain_pems[0].write_to_path(str(tmp_path / "cert.pem"))
    certificate.private_key_pem.write_to_path(str(tmp_path / "key.pem"))
    files = (str(tmp_path / "cert.pem"), str(tmp_path / "key.pem"))
    with LocalService(rate_limit=0, small_pictures=True, tls=files) as running:
        yield running
