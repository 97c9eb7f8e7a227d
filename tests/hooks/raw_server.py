"""A server that answers every request with the same bytes and hangs up: what no well-behaved service would say."""

from __future__ import annotations

import socketserver
from collections.abc import Iterator
from contextlib import contextmanager

from tests.serving import serving


class _Handler(socketserver.StreamRequestHandler):
    server: RawServer

    def handle(self) -> None:
        line = self.rfile.readline().decode()
        while self.rfile.readline() not in (b"\r\n", b""):
            pass
        self.server.requests.append(line.strip())
        self.wfile.write(self.server.answer)


class RawServer(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, answer: bytes) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answer = answer
        self.requests: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


@contextmanager
def raw_server(answer: bytes) -> Iterator[RawServer]:
    with serving(RawServer(answer)) as server:
        yield server
