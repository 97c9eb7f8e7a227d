"""The record in COS and on the disk, written by several processes at once, some of which are killed."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path

import pytest

from airflow_provider_mps.catalogue.record.events import Event, ItemPlanned
from airflow_provider_mps.catalogue.record.fold import CatalogueRecord
from airflow_provider_mps.catalogue.record.format import read_entry
from airflow_provider_mps.catalogue.record.store import RecordStore
from airflow_provider_mps.core.airflow_task import TaskKey
from airflow_provider_mps.local.service import LocalService
from airflow_provider_mps.storage.files import Files
from tests.operators.forks import FORKS

ROUNDS = 12


def write(connection: str, catalogue: str, run: str) -> None:
    """Take an item in each round that nobody has, as a plan does."""
    os.environ["AIRFLOW_CONN_TENCENTCLOUD_DEFAULT"] = connection
    store = RecordStore(Files(), catalogue)
    for _ in range(ROUNDS):

        def decide(known: CatalogueRecord) -> list[Event]:
            return [ItemPlanned(f"item-{len(known.items)}", "a.b.c")]

        store.update(TaskKey("shop", "plan", run, -1), decide, time.time())


@pytest.mark.parametrize("where", ["cos", "disk"])
def test_several_processes_write_and_some_are_killed(
    service: LocalService, conn_id: str, tmp_path: Path, where: str
) -> None:
    catalogue = f"cos://{service.bucket}/catalogues/shop" if where == "cos" else str(tmp_path / "shop")
    given = (json.dumps(service.connection()), catalogue)
    processes = [FORKS.Process(target=write, args=(*given, f"run-{number}")) for number in range(4)]
    store, files = RecordStore(Files(), catalogue), Files()
    try:
        for process in processes:
            process.start()
        for process in processes[:2]:
            seq = store.read().seq
            deadline = time.monotonic() + 60
            while store.read().seq < seq + 4 and time.monotonic() < deadline:
                time.sleep(0.01)
            process.kill()
        for process in processes:
            process.join(90)
        assert {process.exitcode for process in processes[2:]} == {0}
        assert {process.exitcode for process in processes[:2]} <= {0, -signal.SIGKILL}
    finally:
        for process in processes:
            process.kill()
    known = store.read()
    assert known.seq >= 2 * ROUNDS
    # Each took another one, whoever wrote in between.
    assert set(known.items) == {f"item-{number}" for number in range(known.seq)}
    names = [name for name in files.names(store.folder) if not name.startswith("snapshot-")]
    assert names == [f"{number:08d}.jsonl" for number in range(1, known.seq + 1)]
    runs = [read_entry(files.read(f"{store.folder}/{name}"), number).run.run_id for number, name in enumerate(names, 1)]
    assert {runs.count(f"run-{number}") for number in (2, 3)} == {ROUNDS}
    assert any(name.startswith("snapshot-") for name in files.names(store.folder))
