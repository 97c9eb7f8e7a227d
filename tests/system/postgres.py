"""A PostgreSQL server of one's own: a new cluster in a temporary folder, gone afterwards."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg2
import pytest

# Nothing here has to outlive a crash of the machine, and the queries are small.
SETTINGS = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "jit=off", "max_connections=200")


def programs() -> Path | None:
    """Return the folder of the server's programs: on the PATH, or where Debian puts them."""
    if (found := shutil.which("postgres")) and Path(found).with_name("initdb").exists():
        return Path(found).parent
    debian = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/postgres")]
    return max(debian, key=lambda path: float(re.sub(r"[^\d.]", "", path.parent.name) or 0), default=None)


@contextlib.contextmanager
def postgres(folder: Path) -> Iterator[str]:
    """Run a server that is reached through a socket in ``folder`` alone; yield its address as SQLAlchemy writes it.

    :param folder: an existing empty folder with a short path (the name of a socket has at most 107 bytes), which the
        user ``postgres`` can reach when this process is root: the server refuses to run as root
    """
    bin_folder = programs()
    if bin_folder is None:
        pytest.skip("no PostgreSQL server on this machine (Debian: apt-get install postgresql)")
    as_user: dict[str, Any] = {"cwd": folder, "env": {"PATH": os.defpath, "LC_ALL": "C"}}
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres", "postgres")
        as_user |= {"user": "postgres", "group": "postgres", "extra_groups": []}
    initdb = [bin_folder / "initdb", "--pgdata", folder / "data", "--username", "airflow", "--auth", "trust"]
    initdb += ["--encoding", "UTF8", "--locale", "C", "--no-sync"]
    done = subprocess.run(initdb, **as_user, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    assert done.returncode == 0, done.stdout
    command = [bin_folder / "postgres", "-D", folder / "data", "-k", folder, "-c", "listen_addresses="]
    command += [word for setting in SETTINGS for word in ("-c", setting)]
    log = folder / "postgres.log"
    with log.open("wb") as file:
        server = subprocess.Popen(command, **as_user, stdout=file, stderr=file, start_new_session=True)
    try:
        _wait_until_up(server, folder, log)
        yield f"postgresql+psycopg2://airflow@/postgres?host={folder}"
    finally:
        # Immediate shutdown: asks no client to leave, but takes the shared memory along, which SIGKILL would not.
        server.send_signal(signal.SIGQUIT)
        server.wait(30)


def _wait_until_up(server: subprocess.Popen[bytes], folder: Path, log: Path) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            psycopg2.connect(host=str(folder), user="airflow", dbname="postgres").close()
            return
        except psycopg2.OperationalError:
            if server.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"PostgreSQL did not start:\n{log.read_text()}") from None
            time.sleep(0.05)
