"""A Redis server of one's own, in a temporary folder and on a free port, gone afterwards."""

from __future__ import annotations

import contextlib
import shutil
import socket
import subprocess
import time
from pathlib import Path

import pytest

from airflow_provider_mps.local.demo.airflow_home import free_port

_START_SECONDS = 30.0


class Redis:
    """Context manager: the server runs inside of it.

    What it has accepted is on disk before it says so, so that a restart loses nothing.

    :param folder: of its data and its log
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        """As Celery writes it."""
        return f"redis://127.0.0.1:{self._port}/0"

    def __enter__(self) -> Redis:
        if shutil.which("redis-server") is None:
            pytest.skip("no Redis server on this machine (Debian: apt-get install redis-server)")
        self._start()
        return self

    def __exit__(self, *_: object) -> None:
        self._kill()

    def restart(self) -> None:
        """Kill the server, and start it again with what it had on disk."""
        self._kill()
        self._start()

    def _kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def _start(self) -> None:
        command = ["redis-server", "--bind", "127.0.0.1", "--port", str(self._port), "--dir", str(self._folder)]
        command += ["--appendonly", "yes", "--appendfsync", "always", "--save", "", "--daemonize", "no"]
        log = self._folder / "redis.log"
        with log.open("ab") as said:
            self._process = subprocess.Popen(command, stdout=said, stderr=said, start_new_session=True)
        deadline = time.monotonic() + _START_SECONDS
        while not self._answers():
            assert self._process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.05)

    def _answers(self) -> bool:
        # It takes connections while it still reads its data, and says so.
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self._port), timeout=5) as wire:
            wire.sendall(b"PING\r\n")
            return wire.recv(64).startswith(b"+PONG")
        return False
