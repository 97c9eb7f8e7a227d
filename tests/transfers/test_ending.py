"""A transfer ends with its task, or when it hardly gets on, and leaves no parts of files."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tenacity import wait_none

from airflow_provider_mps.clients.parts import folder_for_parts, remove_left_behind
from airflow_provider_mps.core import calls
from airflow_provider_mps.core import stopping as watch
from airflow_provider_mps.core.calls import ATTEMPTS
from airflow_provider_mps.exceptions import AidgeError, TencentCloudError, TransferStoppedError
from airflow_provider_mps.hooks.aidge import AidgeHook
from airflow_provider_mps.hooks.cos import CosHook
from airflow_provider_mps.local.service import LocalService
from airflow_provider_mps.transfers.cos_to_local import CosToLocalFilesystemOperator
from tests.hooks.drop_server import DropServer, drop_server
from tests.task_context import execute, make_context


@pytest.fixture
def drops() -> Iterator[DropServer]:
    # Much will come, it says.
    with drop_server(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\nx-cos-hash-crc64ecma: 1\r\n\r\n") as server:
        yield server


@pytest.fixture
def slow_conn_id(drops: DropServer, service: LocalService, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(calls, "WAIT", wait_none())
    connection = service.connection()
    connection["extra"]["cos_endpoint"] = drops.netloc
    monkeypatch.setenv("AIRFLOW_CONN_SLOW", json.dumps(connection))
    return "slow"


def parts(folder: Path) -> list[Path]:
    return list(folder.rglob("*.part"))


def until(condition: Callable[[], object]) -> None:
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


OUTPUTS = [{"bucket": "b-1250000000", "path": f"/o/{number}.png"} for number in range(4)]
FORMS = [{"cos_key": "/o/a.png", "local_path": "a.png"}, {"outputs": OUTPUTS, "local_dir": "."}]


@pytest.mark.parametrize("form", FORMS, ids=["one", "many"])
def test_a_killed_transfer_stops_between_pieces(
    form: dict[str, object], slow_conn_id: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    transfer = CosToLocalFilesystemOperator(task_id="t", tencentcloud_conn_id=slow_conn_id, **form)
    transfer.on_kill()
    killer = threading.Thread(target=lambda: (until(lambda: parts(tmp_path)), transfer.on_kill()))
    killer.start()
    with pytest.raises(TransferStoppedError):
        execute(transfer, make_context())
    killer.join()
    assert not parts(tmp_path)


class _TaskTimeoutError(BaseException):
    pass


def test_after_a_timeout_of_the_task_no_part_is_left(slow_conn_id: str, tmp_path: Path) -> None:
    transfer = CosToLocalFilesystemOperator(
        task_id="t", tencentcloud_conn_id=slow_conn_id, outputs=OUTPUTS, local_dir=str(tmp_path)
    )

    def ring(*_: object) -> None:
        raise _TaskTimeoutError

    before = signal.signal(signal.SIGALRM, ring)
    try:
        signal.setitimer(signal.ITIMER_REAL, 1.5)
        with pytest.raises(_TaskTimeoutError):
            execute(transfer, make_context())
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert not parts(tmp_path)


def test_what_hardly_gets_on_is_broken_off(
    slow_conn_id: str,
    aidge_conn_id: str,
    drops: DropServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(watch, "LEAST_RATE_SECONDS", 0.2)
    with pytest.raises(TencentCloudError, match="TooSlow: ") as caught:
        CosHook(slow_conn_id).download_file("/o/a.png", tmp_path / "a.png")
    assert "may be retried" in str(caught.value)
    with pytest.raises(AidgeError, match="TooSlow: "):
        AidgeHook(aidge_conn_id).fetch(f"http://{drops.netloc}/a", tmp_path, "one")
    assert drops.requests == 2 * ATTEMPTS
    assert not list(tmp_path.glob(".cos-*"))


def test_the_least_rate_counts_anew_after_each_span() -> None:
    rate = watch.LeastRate(0.0)
    rate.add(1, 59.9)
    rate.add(61_440, 60.0)
    rate.add(1, 119.9)
    with pytest.raises(watch.TooSlowError, match="2 bytes in 60 s"):
        rate.add(1, 120.0)


_CHILD = """
import sys, time
from pathlib import Path
from airflow_provider_mps.clients.parts import part_of
with part_of(Path(sys.argv[1]) / "a.png", "cos"):
    time.sleep(600)
"""


def test_parts_of_a_killed_process_are_removed_and_those_of_a_living_one_stay(
    service: LocalService, conn_id: str, tmp_path: Path
) -> None:
    service.put_object(service.bucket, "a.png", b"a picture")
    own = tmp_path / ".cos-mine.part"
    own.touch()
    children = [subprocess.Popen([sys.executable, "-c", _CHILD, str(tmp_path)]) for _ in range(2)]
    try:
        until(lambda: len(parts(tmp_path)) == 3)
        CosHook(conn_id).download_file("a.png", tmp_path / "a.png")
        assert len(parts(tmp_path)) == 3
        children[0].kill()
        children[0].wait()
        CosHook(conn_id).download_file("a.png", tmp_path / "a.png")
        assert len(parts(tmp_path)) == 2
    finally:
        for child in children:
            child.kill()
            child.wait()
    assert remove_left_behind(tmp_path) == 1
    assert parts(tmp_path) == [own]
    assert remove_left_behind(tmp_path / "nowhere") == 0


_CHILD_WITH_A_FOLDER = """
import time
from airflow_provider_mps.clients.parts import folder_for_parts
with folder_for_parts() as folder:
    (folder / "x-1.part").write_bytes(b"a part")
    time.sleep(600)
"""


def test_folders_of_killed_processes_are_removed_and_those_of_living_ones_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    foreign = [tmp_path / "aidge-12345678", tmp_path / "airflow-aidge-mine"]
    for folder in foreign:
        folder.mkdir()
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    children = [subprocess.Popen([sys.executable, "-c", _CHILD_WITH_A_FOLDER], env=environment) for _ in range(2)]
    try:
        until(lambda: len(parts(tmp_path)) == 2)
        with folder_for_parts():
            assert len(parts(tmp_path)) == 2
        children[0].kill()
        children[0].wait()
        with folder_for_parts():
            assert len(parts(tmp_path)) == 1
    finally:
        for child in children:
            child.kill()
            child.wait()
    with folder_for_parts() as own:
        assert sorted(tmp_path.iterdir()) == sorted([*foreign, own])
    assert sorted(tmp_path.iterdir()) == foreign
