"""Requests and replies as the services see them, over bare ASGI.

A framework's response class lowers header names, and COS clients look some of them up by their exact case; so the
few things needed from a framework are here instead.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl, unquote

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class DropConnection(Exception):
    """Ends the exchange with a TCP reset instead of an answer."""


class BodyTooLarge(Exception):
    """The request body is larger than the reader allows."""


class Request:
    """One HTTP request.

    :param scope: the ASGI scope of the request.
    :param receive: the ASGI channel that gives the body.
    """

    def __init__(self, scope: Scope, receive: Receive) -> None:
        self.scope = scope
        self.method: str = scope["method"]
        self.headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        self._receive = receive
        self._ended = False

    @cached_property
    def path(self) -> str:
        """The decoded path; raises ``UnicodeDecodeError`` when it is not UTF-8."""
        raw: bytes = self.scope["raw_path"]
        return unquote(raw.decode("ascii"), errors="strict")

    @cached_property
    def query_string(self) -> str:
        """The query as it travels, without the question mark."""
        raw: bytes = self.scope["query_string"]
        return raw.decode("latin-1")

    @cached_property
    def query(self) -> dict[str, str]:
        """The decoded query; a name without a value has an empty one, and of equal names the last counts."""
        return dict(parse_qsl(self.query_string, keep_blank_values=True))

    @cached_property
    def id(self) -> str:
        """An id for its answer: 32 hex digits."""
        return secrets.token_hex(16)

    @property
    def origin(self) -> str:
        """The address of the service as the client dialled it, such as ``http://127.0.0.1:8700``."""
        return f"{self.scope['scheme']}://{self.headers.get('host', '')}"

    async def stream(self) -> AsyncIterator[bytes]:
        """Give the body in pieces; raises :class:`DropConnection` when the client goes away."""
        while not self._ended:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                self._ended = True
                raise DropConnection
            self._ended = not message.get("more_body", False)
            if piece := message.get("body", b""):
                yield piece

    async def body(self, limit: int) -> bytes:
        """Read the whole body, at most ``limit`` bytes; raises :class:`BodyTooLarge`."""
        pieces = bytearray()
        async for piece in self.stream():
            pieces += piece
            if len(pieces) > limit:
                raise BodyTooLarge
        return bytes(pieces)

    async def drain(self) -> None:
        """Read what is left of the body, so that a refusal reaches a client that is still sending."""
        async for _ in self.stream():
            pass


@dataclass(slots=True)
class HttpReply:
    """One HTTP answer; header names keep their case on the wire.

    :param status: the HTTP status.
    :param headers: names and values, in order. ``Content-Length`` is added for a body of bytes.
    :param body: the bytes, or an iterator over them (then ``headers`` names the length).
    :param cut_after: send only so many bytes of the body and close the connection; ``None`` sends all.
    """

    status: int = 200
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes | AsyncIterator[bytes] = b""
    cut_after: int | None = None


def json_reply(value: Any, status: int = 200) -> HttpReply:
    """Make a JSON answer; the asynchronous SDK wants exactly this content type, without a charset."""
    text = json.dumps(value, ensure_ascii=False)
    # Half a surrogate pair, which a request may well hold, has no UTF-8; written as an escape it is JSON all the same.
    return HttpReply(status, [("Content-Type", "application/json")], text.encode("utf-8", "backslashreplace"))


async def send_reply(reply: HttpReply, scope: Scope, receive: Receive, send: Send) -> None:
    """Send an answer, whole or cut short as it asks."""
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in reply.headers]
    if isinstance(reply.body, bytes) and not any(name.lower() == b"content-length" for name, _ in headers):
        headers.append((b"Content-Length", str(len(reply.body)).encode()))
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    left = reply.cut_after
    if isinstance(reply.body, bytes):
        if left is None:
            await send({"type": "http.response.body", "body": reply.body})
            return
        await send({"type": "http.response.body", "body": reply.body[:left], "more_body": True})
    else:
        async for piece in reply.body:
            if left is not None:
                piece = piece[:left]
                left -= len(piece)
            await send({"type": "http.response.body", "body": piece, "more_body": True})
            if left == 0:
                break
    if reply.cut_after is None:
        await send({"type": "http.response.body", "body": b""})
        return
    scope["state"]["transport"].close()
    await _until_gone(receive)


async def reset(scope: Scope, receive: Receive) -> None:
    """Reset the TCP connection: the client sees ECONNRESET, not an orderly end."""
    transport: asyncio.Transport = scope["state"]["transport"]
    sock: socket.socket | None = transport.get_extra_info("socket")
    if sock is not None:
        # A client that is gone has left no socket, which the one loop takes calmly and the other (uvloop) does not.
        with contextlib.suppress(OSError, ValueError):
            # Linger on with zero seconds turns the close into a reset.
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
    await _until_gone(receive)


async def _until_gone(receive: Receive) -> None:
    # The server logs an error for an application that returns without an answer while the connection still stands.
    while (await receive())["type"] != "http.disconnect":
        pass
