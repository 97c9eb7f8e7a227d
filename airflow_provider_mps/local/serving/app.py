"""Brings each request to its service: by ``Host``, by path, or else to API 3.0."""

from __future__ import annotations

import logging
from email.utils import formatdate

from airflow_provider_mps.local.aidge.endpoint import Aidge
from airflow_provider_mps.local.aidge.results import AidgeResults
from airflow_provider_mps.local.backend import Backend
from airflow_provider_mps.local.cos.endpoint import Cos
from airflow_provider_mps.local.serving import wire
from airflow_provider_mps.local.serving.admin import Admin
from airflow_provider_mps.local.serving.wire import DropConnection, Reply, Request, json_reply
from airflow_provider_mps.local.tencentcloud.api3 import Api3

log = logging.getLogger(__name__)


class LocalApp:
    """The ASGI application of the local service.

    :param backend: the service's state.
    """

    def __init__(self, backend: Backend) -> None:
        self._admin = Admin(backend)
        self._cos = Cos(backend)
        self._aidge = Aidge(backend)
        self._aidge_results = AidgeResults(backend)
        self._api3 = Api3(backend)
        self._backend = backend

    async def __call__(self, scope: wire.Scope, receive: wire.Receive, send: wire.Send) -> None:
        """Answer one request."""
        request = Request(scope, receive)
        try:
            reply = await self._route(request)
        except DropConnection:
            await wire.reset(scope, receive)
            return
        except Exception:
            log.exception("The local service failed to answer %s %s", request.method, scope["path"])
            reply = json_reply({"error": "internal error of the local service; see its log"}, 500)
        # All that answers over HTTP says what time it is there, and clients may go by that.
        reply.headers.append(("Date", formatdate(self._backend.clock(), usegmt=True)))
        await wire.send_reply(reply, scope, receive, send)

    async def _route(self, request: Request) -> Reply:
        for service in (self._cos, self._admin, self._aidge, self._aidge_results):
            if service.serves(request):
                return await service.handle(request)
        if request.method == "POST" and request.scope["raw_path"] == b"/":
            return await self._api3.handle(request)
        await request.drain()
        return json_reply({"error": "nothing here; /_local/ shows what the service holds"}, 404)
