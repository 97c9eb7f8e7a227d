"""A proxy that counts: plain requests are passed on, CONNECT tunnels are opened."""

from __future__ import annotations

import select
import socket
import socketserver
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from tests.serving import serving


class _Handler(socketserver.StreamRequestHandler):
    server: CountingProxy

    def handle(self) -> None:
        line = self.rfile.readline().decode()
        headers = []
        while (header := self.rfile.readline()) not in (b"\r\n", b""):
            headers.append(header)
        if not line.strip():
            return
        method, target, version = line.split()
        self.server.requests.append(f"{method} {target}")
        self.server.authorizations.extend(h.decode() for h in headers if h.lower().startswith(b"proxy-authorization"))
        if method == "CONNECT":
            host, _, port = target.rpartition(":")
            with socket.create_connection((host, int(port))) as upstream:
                self.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
                self._pump(upstream)
            return
        parts = urlsplit(target)
        with socket.create_connection((parts.hostname or "", parts.port or 80)) as upstream:
            path = f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}"
            kept = [h for h in headers if not h.lower().startswith((b"proxy-", b"connection"))]
            upstream.sendall(f"{method} {path} {version}\r\n".encode() + b"".join(kept) + b"Connection: close\r\n\r\n")
            length = next((int(h.split(b":")[1]) for h in headers if h.lower().startswith(b"content-length")), 0)
            upstream.sendall(self.rfile.read(length))
            self._pump(upstream)

    def _pump(self, upstream: socket.socket) -> None:
        ends = {self.connection: upstream, upstream: self.connection}
        while True:
            ready, _, _ = select.select(list(ends), [], [], 5)
            if not ready:
                return
            for end in ready:
                data = end.recv(65536)
                if not data:
                    return
                ends[end].sendall(data)


class CountingProxy(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.requests: list[str] = []
        self.authorizations: list[str] = []

    @property
    def netloc(self) -> str:
        return f"127.0.0.1:{self.server_address[1]}"


@contextmanager
def counting_proxy() -> Iterator[CountingProxy]:
    with serving(CountingProxy()) as proxy:
        yield proxy
