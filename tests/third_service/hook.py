"""The hook of Pix: its clients, how a request goes out, and what an error of a client means."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple

import httpx
from airflow.providers.common.compat.sdk import BaseHook

from airflow_provider_mps.clients.async_client import off_the_loop
from airflow_provider_mps.clients.paced import Call, PacedCalls
from airflow_provider_mps.clients.pacing import Pacer, pacer_of
from airflow_provider_mps.clients.renewal import KeyRenewal
from airflow_provider_mps.clients.transport import no_answer
from airflow_provider_mps.core.errors import ServiceError
from airflow_provider_mps.core.tasks import Accepted, TaskState
from tests.third_service.service import PIX, read_answer, read_state


class PixSettings(NamedTuple):
    address: str


class PixHook(PacedCalls, BaseHook):
    """Calls Pix, sync and async."""

    service = PIX
    can_list = False

    def __init__(self, pix_conn_id: str = "pix_default") -> None:
        super().__init__()
        self.pix_conn_id = pix_conn_id
        self._settings: PixSettings | None = None
        self.renewal = KeyRenewal(lambda: False)

    @property
    def settings(self) -> PixSettings:
        if self._settings is None:
            connection = self.get_connection(self.pix_conn_id)
            self._settings = PixSettings(f"http://{connection.host}:{connection.port}")
        return self._settings

    async def aload_settings(self) -> PixSettings:
        return await off_the_loop(lambda: self.settings)

    @property
    def identity(self) -> tuple[str, ...]:
        return PIX.name, self.settings.address

    @property
    def look_rate(self) -> float:
        return self.pacer("look").rate

    def pacer(self, action: str) -> Pacer:
        return pacer_of(100.0, *self.identity, action)

    def submit_task(self, picture: str) -> Accepted:
        return Accepted(str(self._resend("submit", picture, picture)["job"]))

    async def asubmit_task(self, picture: str, *, guard: Callable[[], Awaitable[None]] | None = None) -> Accepted:
        return Accepted(str((await self._aresend("submit", picture, picture, guard))["job"]))

    def get_task_state(self, job: str) -> TaskState:
        return read_state(job, self._resend("look", job, job))

    async def aget_task_state(self, job: str) -> TaskState:
        return read_state(job, await self._aresend("look", job, job))

    def look(self, job: str) -> TaskState | ServiceError:
        try:
            return read_state(job, self._call("look", job, job))
        except ServiceError as error:
            return error

    async def alook(self, job: str) -> TaskState | ServiceError:
        try:
            return read_state(job, await self._acall("look", job, job))
        except ServiceError as error:
            return error

    def alist_pages(self, *_: Any) -> Any:
        raise NotImplementedError

    async def _close(self, client: httpx.AsyncClient) -> None:
        await client.aclose()

    def _ready_client(self) -> str:
        return self.settings.address

    async def _ready_async_client(self) -> httpx.AsyncClient:
        settings = await self.aload_settings()
        client: httpx.AsyncClient = await self._made(
            lambda: httpx.AsyncClient(base_url=settings.address, trust_env=False)
        )
        return client

    def _exchange(self, client: str, call: Call) -> Mapping[str, Any]:
        with httpx.Client(base_url=client, trust_env=False) as http:
            answer = http.request(*_request(call)[:2], json=_request(call)[2])
        return read_answer(call.action, call.target, answer.json())

    async def _aexchange(self, client: httpx.AsyncClient, call: Call) -> Mapping[str, Any]:
        if call.guard is not None:
            await call.guard()
        method, path, body = _request(call)
        return read_answer(call.action, call.target, (await client.request(method, path, json=body)).json())

    def _translate(self, call: Call, error: Exception, outer: BaseException | None) -> ServiceError:
        return error if isinstance(error, ServiceError) else no_answer(PIX.name, call.action, call.target, error, outer)


def _request(call: Call) -> tuple[str, str, Any]:
    if call.action == "submit":
        return "POST", "/jobs", {"picture": call.body}
    return "GET", f"/jobs/{call.body}", None
