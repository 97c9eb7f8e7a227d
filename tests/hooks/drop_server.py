"""A server that begins each answer and goes on drop by drop, without an end."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from tests.serving import serving


class _Handler(socketserver.StreamRequestHandler):
    server: DropServer

    def handle(self) -> None:
        while self.rfile.readline() not in (b"\r\n", b""):
            pass
        self.server.requests += 1
        try:
            self.wfile.write(self.server.beginning)
            while not self.server.over.wait(0.05):
                self.wfile.write(b" ")
        except OSError:
            pass


class DropServer(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def __init__(self, beginning: bytes) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.beginning = beginning
        self.requests = 0
        self.over = threading.Event()

    @property
    def netloc(self) -> str:
        return f"127.0.0.1:{self.server_address[1]}"


@contextmanager
def drop_server(beginning: bytes) -> Iterator[DropServer]:
    server = DropServer(beginning)
    with serving(server, before_end=server.over.set):
        yield server
