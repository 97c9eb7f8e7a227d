"""Brings each request to the endpoint that serves it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from email.utils import formatdate
from typing import Protocol

from airflow_provider_mps.local.serving import wire
from airflow_provider_mps.local.serving.wire import DropConnection, HttpReply, Request, json_reply

log = logging.getLogger(__name__)


class Handler(Protocol):
    """Answers some of the requests."""

    def serves(self, request: Request) -> bool:
        """Say whether a request is for this handler."""
        ...

    async def handle(self, request: Request) -> HttpReply:
        """Answer one request; raises :class:`DropConnection` to reset the connection instead."""
        ...


class LocalApp:
    """The ASGI application of the local service.

    :param handlers: what answers; of several that serve a request the first.
    :param clock: gives the present time in seconds since the epoch.
    """

    def __init__(self, handlers: Sequence[Handler], clock: Callable[[], float]) -> None:
        self._handlers = handlers
        self._clock = clock

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
        reply.headers.append(("Date", formatdate(self._clock(), usegmt=True)))
        await wire.send_reply(reply, scope, receive, send)

    async def _route(self, request: Request) -> HttpReply:
        for handler in self._handlers:
            if handler.serves(request):
                return await handler.handle(request)
        await request.drain()
        return json_reply({"error": "nothing here; /_local/ shows what the service holds"}, 404)
