"""Catalogues with pictures to publish, in the local service."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from functools import cache
from io import BytesIO
from typing import Any

from PIL import Image

from airflow_provider_mps.catalogue.record import events
from airflow_provider_mps.catalogue.record.events import Event
from airflow_provider_mps.catalogue.record.fold import CatalogueRecord
from airflow_provider_mps.catalogue.record.store import RecordStore
from airflow_provider_mps.core.airflow_task import TaskKey
from airflow_provider_mps.core.vocabulary import LABEL_METADATA
from airflow_provider_mps.local.service import LocalService
from airflow_provider_mps.operators.catalogue import CataloguePublishOperator
from airflow_provider_mps.pictures.labels.settings import read_settings
from airflow_provider_mps.services.profiles import MPS
from airflow_provider_mps.storage.files import Files
from airflow_provider_mps.storage.lines import read_lines, write_lines
from tests.task_context import execute, make_context


def picture(item: str, version: int, size: int = 3000) -> bytes:
    """Return a JPEG, of that item and version by a comment in it."""
    begins = f"{item} {version} ".encode()
    body = (begins * (size // len(begins) + 1))[:size]
    return b"\xff\xd8\xff\xfe" + (len(body) + 2).to_bytes(2, "big") + body + _drawn()[2:]


@cache
def _drawn() -> bytes:
    file = BytesIO()
    Image.linear_gradient("L").resize((64, 48)).save(file, "JPEG")
    return file.getvalue()


def labelled(item: str, version: int, settings: Any = LABEL_METADATA) -> bytes:
    """Return a picture as it is published, by what is tested elsewhere."""
    given = read_settings("label", settings)
    assert given is not None
    return given.apply(picture(item, version), given.label(MPS, f"task-{item}"))


class Shop:
    """A catalogue of the local service, whose batches have made what the tests say.

    :param service: it
    :param catalogue: address of the catalogue's folder
    """

    def __init__(self, service: LocalService, catalogue: str | None = None) -> None:
        self.service = service
        self.catalogue = catalogue or f"cos://{service.bucket}/catalogues/shop"
        self.files = Files()
        self.night = 0
        self.began = datetime.now(UTC)

    @staticmethod
    def fingerprint(version: int) -> str:
        return f"{version:016x}.-.0123456789abcdef"

    def final(self, item: str) -> str:
        return f"/shop/{item}.jpeg"

    def line(self, item: str, version: int = 1, **fields: Any) -> dict[str, Any]:
        """Return the line of a picture that was made."""
        source = f"/output/{item}-{version}.jpeg"
        output = {"bucket": self.service.bucket, "region": self.service.region, "path": source}
        given = {"item": item, "sku": item.partition("/")[0], "look": "white", "service": "mps", "action": "make"}
        given |= {"request": {}, "fingerprint": self.fingerprint(version), "why": "new", "was": None}
        given |= {"publish_to": f"cos://{self.service.bucket}{self.final(item)}"}
        return {**given, "entry": {"TaskId": f"task-{item}", "Status": "FINISH", "Outputs": [output]}, **fields}

    def make(self, lines: Iterable[dict[str, Any]], run: str = "run", *, records: bool = True) -> dict[str, Any]:
        """Do what a batch does: store the pictures, put them on record, write the file; return what it returns."""
        self.night += 1
        lines = list(lines)
        said: list[Event] = []
        for line in lines:
            if line["action"] == "unpublish" or line["entry"].get("Error"):
                continue
            (output,) = line["entry"]["Outputs"]
            version = int(line["fingerprint"].partition(".")[0], 16)
            self.service.put_object(output["bucket"], output["path"], picture(line["item"], version))
            said.append(events.ItemMade(line["item"], line["fingerprint"], output, line["entry"]["TaskId"]))
        if records:
            task = TaskKey("dag", "make", run, -1)
            RecordStore(self.files, self.catalogue).update(task, lambda _: said, 100.0 + self.night)
        path = f"{self.catalogue}/runs/{run}/pictures-{self.night}.jsonl"
        write_lines(self.files, path, lines)
        return {"path": path, "catalogue": self.catalogue, "counts": {}}

    def publish(self, pictures: Any, context: Any = None, **given: Any) -> dict[str, Any]:
        """Publish; without a label, unless one is given."""
        operator = CataloguePublishOperator(
            task_id="publish", pictures=pictures, **{"label": None, "unchecked": True, **given}
        )
        output: dict[str, Any] = execute(operator, context or make_context(task_id="publish", run_began=self.began))
        return output

    def published(self, output: dict[str, Any]) -> dict[str, Any]:
        """Return what came of each item."""
        return {line["item"]: line.get("published") for line in read_lines(self.files, output["path"])}

    def record(self) -> CatalogueRecord:
        return RecordStore(self.files, self.catalogue).read()

    def get(self, key: str) -> bytes | None:
        bucket = self.service.bucket
        return self.service.get_object(bucket, key) if self.service.object_exists(bucket, key) else None


def counts(**found: int) -> dict[str, int]:
    kinds = ("published", "unchanged", "unpublished", "failed", "left", "without_picture", "rejected", "not_approved")
    return {**dict.fromkeys(kinds, 0), **found}
