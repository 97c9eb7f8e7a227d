"""The section about planning a run of a catalogue: what it asks of COS, how long it takes, and what it needs."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from airflow_provider_mps.catalogue.record.events import Event, ItemMade, ItemPublished
from airflow_provider_mps.catalogue.record.store import RecordStore
from airflow_provider_mps.core.airflow_task import TaskKey
from airflow_provider_mps.local.cos.store import ObjectInfo
from airflow_provider_mps.local.demo.airflow_home import environment
from airflow_provider_mps.local.service import LocalService
from airflow_provider_mps.storage.files import Files
from airflow_provider_mps.storage.lines import read_lines
from benchmarks.plan_probe import LOOKS

SIZES = (100, 1_000, 10_000, 100_000)
CHANGED = 37
CATALOGUE = "cos:///catalogues/shop"
ROOT = Path(__file__).parents[1]
NOTES = f"""\
Each product in {len(LOOKS)} looks, so there are twice as many items; subjects, published pictures, the manifest and the
record are in COS. Nothing is submitted here: between the nights, a record says that all was made and published. The
third night follows after {CHANGED} subjects were replaced by other bytes under the same key. Each night is a process of
its own; its memory is the peak above what Airflow had taken before. Asked, for 10,000 products: the second night plans
nothing, asks COS at most 120 times, takes at most 20 s and 100 MB; the third plans exactly the changed ones."""


def section() -> list[str]:
    """Measure, and return the lines of the section."""
    rows = [row for size in SIZES for row in _nights(size)]
    head = ("products", "night", "to make", "requests to COS", "s", "CPU s", "MB")
    return [
        "## Planning a run of a catalogue",
        "",
        NOTES,
        "",
        *(f"| {' | '.join(row)} |" for row in (head, ("---:", "---", *["---:"] * 5), *rows)),
    ]


def _nights(size: int) -> list[tuple[str, ...]]:
    with (
        LocalService(task_seconds=0, rate_limit=0, small_pictures=True) as service,
        tempfile.TemporaryDirectory() as home,
    ):
        env = environment(Path(home), ROOT / "dags", service.connection())
        os.environ["AIRFLOW_CONN_TENCENTCLOUD_DEFAULT"] = json.dumps(service.connection())
        manifest = "sku,subject_cos_key\n" + "".join(f"cup-{n:06},/photos/{n:06}.png\n" for n in range(size))
        service.put_object(service.bucket, "/manifests/shop.csv", manifest.encode())
        service.put_object(service.bucket, "/backgrounds/white.png", b"white")
        for number in range(size):
            _put(service, f"photos/{number:06}.png", b"%d" % number)
        rows = [_night(service, env, size, "first")]
        _publish(service, rows[0][0]["path"])
        rows.append(_night(service, env, size, "second"))
        for number in range(CHANGED):
            _put(service, f"photos/{number:06}.png", b"another")
        rows.append(_night(service, env, size, "third"))
    return [shown for _, shown in rows]


def _night(service: LocalService, env: dict[str, str], size: int, name: str) -> tuple[dict[str, Any], tuple[str, ...]]:
    before = len(service.journal)
    command = [sys.executable, "-m", "benchmarks.plan_probe", CATALOGUE, name]
    done = subprocess.run(command, env=env, cwd=ROOT, capture_output=True, text=True, check=True)
    found = json.loads(done.stdout.splitlines()[-1])
    expected = {"first": size, "second": 0, "third": CHANGED}[name] * len(LOOKS)
    assert found["counts"]["make"] == expected, found["counts"]
    asked = len(service.journal) - before
    shown = (f"{size:,}", name, f"{expected:,}", f"{asked:,}", f"{found['seconds']:.1f}", f"{found['cpu']:.1f}")
    return found, (*shown, f"{found['mb']:.0f}")


def _publish(service: LocalService, path: str) -> None:
    """Let the record say that all of a plan was made and published, and have what is published there."""
    files, events = Files(), list[Event]()
    for line in read_lines(files, path):
        item, final = line["item"], line["publish_to"]
        key = final.partition(service.bucket)[2]
        info = _put(service, key[1:], item.encode())
        picture = {"bucket": service.bucket, "region": service.region, "path": f"/made/{item}.jpeg"}
        events.append(ItemMade(item, line["fingerprint"], picture, "t"))
        events.append(ItemPublished(item, line["fingerprint"], final, info.etag, info.size))
    RecordStore(files, CATALOGUE).update(TaskKey("dag", "publish", "first", -1), lambda record: events, time.time())


def _put(service: LocalService, key: str, data: bytes) -> ObjectInfo:
    """Have the service know an object, whose content nobody reads: many times faster than to store it."""
    md5 = hashlib.md5(data, usedforsecurity=False).hexdigest()
    info = ObjectInfo(service.bucket, key, len(data), md5, None, time.time(), {})
    service.backend.store._index[service.bucket][key] = info
    return info
