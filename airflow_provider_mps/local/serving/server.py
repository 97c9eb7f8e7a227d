"""Runs the application on a listening socket, in a thread of its own."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
import time

import uvicorn

from airflow_provider_mps.local.serving.app import LocalApp
from airflow_provider_mps.local.serving.protocol import TransportProtocol

_START_SECONDS = 10.0


def listen(host: str, port: int) -> socket.socket:
    """Return a socket bound to an address; raises ``OSError`` when the port is taken.

    :param host: an IPv4 or IPv6 address.
    :param port: the TCP port; 0 chooses a free one.
    """
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
    except BaseException:
        listener.close()
        raise
    return listener


class _Uvicorn(uvicorn.Server):
    """Ends when it is told to, and not at the next of ten looks a second."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._end = asyncio.Event()

    async def main_loop(self) -> None:
        self._loop = asyncio.get_running_loop()
        while not self.should_exit:
            await self._end.wait()

    def end(self) -> None:
        """End, from any thread."""
        self.should_exit = True
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):
                # The loop has ended by itself.
                self._loop.call_soon_threadsafe(self._end.set)


class Server:
    """An HTTP server in a thread.

    :param app: what answers.
    :param listener: a bound socket; the server closes it.
    :param tls: certificate file and key file, to speak HTTPS.
    """

    def __init__(self, app: LocalApp, listener: socket.socket, tls: tuple[str, str] | None) -> None:
        certificate, key = tls or (None, None)
        self._server = _Uvicorn(
            uvicorn.Config(
                app,
                http=TransportProtocol,
                ws="none",
                lifespan="off",
                access_log=False,
                log_config=None,
                log_level="warning",
                server_header=False,
                # The application writes the date, by the clock that the service goes by.
                date_header=False,
                # Clients pause between polls; a connection that is closed meanwhile would look like a fault.
                timeout_keep_alive=75,
                timeout_graceful_shutdown=1,
                ssl_certfile=certificate,
                ssl_keyfile=key,
            )
        )
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [listener]}, name="mps-local-service", daemon=True
        )

    def start(self) -> None:
        """Start the server and return once it answers; raises ``RuntimeError`` when it does not."""
        self._thread.start()
        deadline = time.monotonic() + _START_SECONDS
        while not self._server.started:
            if not self._thread.is_alive() or time.monotonic() > deadline:
                self.stop()
                raise RuntimeError("the local service did not start; see its log")
            time.sleep(0.005)

    def stop(self) -> None:
        """Stop the server and wait for its end."""
        self._server.end()
        if self._thread.is_alive():
            self._thread.join()
