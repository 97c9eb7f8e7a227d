"""An Airflow of one's own: home, SQLite database and connection, apart from any other on the machine."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

_INHERITED_AIRFLOW = ("AIRFLOW_", "AIRFLOW__")


def environment(home: Path, dags: Path, connection: Mapping[str, Any] | None = None, **more: str) -> dict[str, str]:
    """Return the environment of Airflow processes that use ``home``.

    :param home: folder of the configuration, the SQLite database and the logs
    :param dags: folder of the DAG files
    :param connection: the connection ``tencentcloud_default``
    :param more: further variables
    """
    env = {name: value for name, value in os.environ.items() if not name.startswith(_INHERITED_AIRFLOW)}
    env |= {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(dags),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home / 'airflow.db'}?timeout=60",
        # Loopback must not go through a proxy of the machine.
        "NO_PROXY": "127.0.0.1,localhost",
        "no_proxy": "127.0.0.1,localhost",
        "PYTHONWARNINGS": "ignore",
        # Scripts of this environment are found without activating it.
        "PATH": os.pathsep.join((str(Path(sys.executable).parent), env.get("PATH", ""))),
    }
    if connection is not None:
        env["AIRFLOW_CONN_TENCENTCLOUD_DEFAULT"] = json.dumps(connection)
    return env | more


def store_connections(env: Mapping[str, str], connections: Mapping[str, Mapping[str, Any]]) -> None:
    """Put connections into the database, where the page of connections shows them.

    :param connections: connections as JSON objects, by their ids
    :raises RuntimeError: ``airflow connections import`` failed; the message ends with what it said
    """
    file = Path(env["AIRFLOW_HOME"]) / "connections.json"
    file.touch(mode=0o600)
    try:
        file.write_text(json.dumps(connections))
        _airflow(env, "connections", "import", "--overwrite", str(file))
    finally:
        file.unlink()


def migrate(env: Mapping[str, str]) -> None:
    """Make the database, or bring it up to date.

    :raises RuntimeError: ``airflow db migrate`` failed; the message ends with what it said
    """
    Path(env["AIRFLOW_HOME"]).mkdir(parents=True, exist_ok=True)
    _airflow(env, "db", "migrate")


def _airflow(env: Mapping[str, str], *words: str) -> None:
    with tempfile.TemporaryFile("w+") as said:
        if code := run([sys.executable, "-m", "airflow", *words], env, said):
            said.seek(0)
            raise RuntimeError(f"airflow {words[0]} {words[1]} failed ({code}):\n{said.read()[-4000:]}")


def run(command: Sequence[str], env: Mapping[str, str], said: IO[str]) -> int:
    """Run a command to its end, and return its exit code; it has ended also when Ctrl-C or an error ends the wait.

    :param said: file for what it prints
    """
    process: subprocess.Popen[bytes] | None = None
    try:
        with _uninterrupted():
            process = subprocess.Popen(command, env=dict(env), stdout=said, stderr=subprocess.STDOUT)  # noqa: S603
        return process.wait()
    except BaseException:
        if process is not None:
            # Killed, but not waited for, it would outlive this process by a moment.
            process.kill()
            process.wait()
        raise


@contextlib.contextmanager
def _uninterrupted() -> Iterator[None]:
    """Let Ctrl-C wait: in the middle of its start nobody knows yet of a process."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _: came.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if came:
        raise KeyboardInterrupt


def free_port() -> int:
    """Return a TCP port of loopback that nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def end_group(leader: subprocess.Popen[bytes], patience: float = 20.0) -> None:
    """End a process that leads a group, and all of the group: ask, wait up to ``patience`` seconds, then kill."""
    deadline = time.monotonic() + patience
    with contextlib.suppress(ProcessLookupError):
        os.killpg(leader.pid, signal.SIGTERM)
        while time.monotonic() < deadline:
            # An ended leader that nobody has waited for would still count as a member.
            leader.poll()
            os.killpg(leader.pid, 0)
            time.sleep(0.1)
        os.killpg(leader.pid, signal.SIGKILL)
    leader.wait()
