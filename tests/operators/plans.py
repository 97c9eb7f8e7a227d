"""Plans, and the batches that make them, for tests."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path
from typing import Any

from airflow_provider_mps.catalogue.record.events import Event, ItemPlanned
from airflow_provider_mps.catalogue.record.fold import CatalogueRecord
from airflow_provider_mps.catalogue.record.store import RecordStore
from airflow_provider_mps.core.airflow_task import TaskKey
from airflow_provider_mps.storage.files import Files


def fingerprint(*parts: object) -> str:
    """Return a fingerprint of the form that lines have."""
    subject, request = (sha256(f"{part}".encode()).hexdigest()[:16] for part in (parts, "request"))
    return f"{subject}.-.{request}"


def line(number: int, **more: Any) -> dict[str, Any]:
    """Return a line to make; those of other numbers differ."""
    same = {"subject_cos_key": "/samples/coffee.png", "bg_cos_key": "/samples/brick.png"}
    found = {
        "item": f"cup-{number}/white",
        "sku": f"cup-{number}",
        "look": "white",
        "service": "mps",
        "action": "make",
        "request": {**same, "prompt": f"marble {number}."},
        "fingerprint": fingerprint(number),
        "publish_to": f"cos://shop-1250000000/shop/cup-{number}/white.jpeg",
        "why": "new",
        "was": None,
    }
    return {**found, **more}


def entry(number: int) -> dict[str, Any]:
    """Return the result of an earlier run."""
    picture = {"bucket": "shop-1250000000", "region": "ap-guangzhou", "path": f"/made/{number}.jpeg"}
    return {"TaskId": f"earlier-{number}", "Status": "FINISH", "Outputs": [picture]}


class Catalogue:
    """A catalogue on the disk, with a plan as the plan's task leaves it."""

    def __init__(self, folder: Path) -> None:
        self.address = str(folder)
        self.folder = folder
        self.store = RecordStore(Files(), self.address)

    def plan(self, lines: Iterable[dict[str, Any]], name: str = "plan-1-aa.jsonl", run: str = "run") -> dict[str, Any]:
        """Write a plan, reserve what it makes, and return what the task returns."""
        lines = list(lines)
        path = self.folder / "runs" / run / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(f"{json.dumps(one)}\n" for one in lines))
        makes = [ItemPlanned(one["item"], one["fingerprint"]) for one in lines if one.get("action") == "make"]
        self.tell(makes, run)
        return {"path": str(path), "catalogue": self.address, "counts": {"new": len(lines)}}

    def tell(self, events: Iterable[Event], run: str = "run", *, now: float | None = None) -> None:
        """Put something on record, as a task of a run."""
        events = list(events)
        self.store.update(TaskKey("dag", "plan", run, -1), lambda _: events, time.time() if now is None else now)

    @property
    def record(self) -> CatalogueRecord:
        return self.store.read()

    @property
    def log(self) -> list[dict[str, Any]]:
        """All events that were put on record, in order."""
        found = []
        for path in sorted((self.folder / "record").glob("0*.jsonl")):
            found += [json.loads(text) for text in path.read_text().splitlines()[1:]]
        return found


def read(output: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the lines of the file that a task has returned."""
    return [json.loads(text) for text in Path(output["path"]).read_text().splitlines()]
