"""The section about labels: what one takes, and what publishing with and without them takes."""

from __future__ import annotations

import io
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PIL import Image

from airflow_provider_mps.local.demo.airflow_home import environment
from airflow_provider_mps.local.service import LocalService
from airflow_provider_mps.pictures.labels import Label, label, mark, read_label
from airflow_provider_mps.storage.files import Files
from airflow_provider_mps.storage.lines import write_lines

PICTURES, SIDE = 200, 2048
CATALOGUE = "cos:///catalogues/shop"
ROOT = Path(__file__).parents[1]
LABEL = Label(producer="Tencent Cloud MPS", produce_id="1250000000-ImageTask-1")
NOTES = f"""\
One picture of {SIDE} x {SIDE} pixels, median of 9 on one core; beside it Pillow, which decodes a picture and encodes it
again. Then {PICTURES} JPEG pictures of that size, published by a process of its own, 8 at once, against the local
service in another. There is no network in between: with a label each picture crosses it twice, and without never."""


def section() -> list[str]:
    """Measure, and return the lines of the section."""
    ones = [_one(kind) for kind in ("JPEG", "PNG")]
    head = ("picture", "MB", "label, ms", "read, ms", "mark, ms", "Pillow, ms")
    runs = ("published", "pictures/s", "times copies", "requests each", "CPU ms each")
    return [
        "## Labels",
        "",
        NOTES,
        "",
        *(f"| {' | '.join(row)} |" for row in (head, ("---", *["---:"] * 5), *ones)),
        "",
        *(f"| {' | '.join(row)} |" for row in (runs, ("---", *["---:"] * 4), *_published())),
    ]


def _picture(kind: str, seed: int = 0) -> bytes:
    buffer = io.BytesIO()
    ground = Image.linear_gradient("L").resize((SIDE, SIDE)).rotate(seed)
    grain = Image.effect_noise((SIDE, SIDE), 12)
    Image.merge("RGB", (ground, Image.blend(ground, grain, 0.3), grain)).save(buffer, kind, quality=90)
    return buffer.getvalue()


def _one(kind: str) -> tuple[str, ...]:
    data = _picture(kind)
    labelled = label(data, LABEL)

    def again() -> bytes:
        buffer = io.BytesIO()
        Image.open(io.BytesIO(data)).save(buffer, kind)
        return buffer.getvalue()

    acts: tuple[Callable[[], Any], ...] = (
        lambda: label(data, LABEL),
        lambda: read_label(labelled),
        lambda: mark(data, "AI generated"),
        again,
    )
    return (f"2K {kind}", f"{len(data) / 1e6:.1f}", *(f"{_median(act):.1f}" for act in acts))


def _median(act: Callable[[], Any]) -> float:
    took = []
    for _ in range(9):
        began = time.perf_counter()
        act()
        took.append(1000 * (time.perf_counter() - began))
    return statistics.median(took)


def _published() -> list[tuple[str, ...]]:
    """Publish copies, then with labels, then what is there, each with 8 workers; then with labels and one worker."""
    rows, rates = [], []
    with LocalService(task_seconds=0, rate_limit=0) as service, tempfile.TemporaryDirectory() as home:
        env = environment(Path(home), ROOT / "dags", service.connection())
        os.environ["AIRFLOW_CONN_TENCENTCLOUD_DEFAULT"] = json.dumps(service.connection())
        data = _picture("JPEG")
        for name, folder, more in (
            ("copies, `label=None`", "copies", {"label": None}),
            ('new, `label="metadata"`', "new", {}),
            ("the same again, unchanged", "new", {}),
            ("new, one worker", "slow", {"max_workers": 1}),
        ):
            pictures = _lines(service, data, folder)
            before = len(service.journal)
            found = _probe(env, {"pictures": pictures, "catalogue": CATALOGUE, **more})
            assert (
                sum(found["counts"].values()) == PICTURES == found["counts"]["published"] + found["counts"]["unchanged"]
            )
            rates.append(PICTURES / found["seconds"])
            each = (len(service.journal) - before) / PICTURES
            shown = (f"{rates[-1]:.0f}", f"{rates[-1] / rates[0]:.2f}", f"{each:.1f}")
            rows.append((name, *shown, f"{1000 * found['cpu'] / PICTURES:.0f}"))
    return rows


def _lines(service: LocalService, data: bytes, folder: str) -> str:
    """Store pictures, and the file of lines of the batch that has made them; return its address."""
    lines = []
    for number in range(PICTURES):
        item, key = f"{folder}-{number:04}/white", f"/output/{folder}/{number:04}.jpeg"
        # Each is a picture of its own behind its end.
        service.put_object(service.bucket, key, data + b"%d" % number)
        output = {"bucket": service.bucket, "region": service.region, "path": key}
        lines.append(
            {
                "item": item,
                "sku": item.partition("/")[0],
                "look": "white",
                "service": "mps",
                "action": "make",
                "why": "new",
                "request": {},
                "fingerprint": f"{number:016x}.-.0123456789abcdef",
                "publish_to": f"cos://{service.bucket}/shop/{item}.jpeg",
                "was": None,
                "entry": {"TaskId": f"1-ImageTask-{number}", "Status": "FINISH", "Outputs": [output]},
            }
        )
    address = f"{CATALOGUE}/runs/run/{folder}.jsonl"
    write_lines(Files(), address, lines)
    return address


def _probe(env: dict[str, str], spec: dict[str, Any]) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.publish_probe", json.dumps(spec)]
    done = subprocess.run(command, env=env, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found
