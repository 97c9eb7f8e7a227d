"""The questions of a check as the requests of a batch, and its answers as what that hands over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from airflow_provider_mps.batch.asked import Asked, Picture
from airflow_provider_mps.batch.forms import Form, OpenStore, ReadItems
from airflow_provider_mps.batch.items import Item, ItemOutcome
from airflow_provider_mps.batch.record import BatchRecord
from airflow_provider_mps.catalogue.addresses import run_folder
from airflow_provider_mps.catalogue.batch.left_behind import Begun, LeftBehind, announce
from airflow_provider_mps.catalogue.checking.opinions import Answer, answer_of
from airflow_provider_mps.core.airflow_task import TaskKey
from airflow_provider_mps.services.profiles import MPS
from airflow_provider_mps.services.tencentcloud.codes import PICTURES_PER_DAY_REACHED
from airflow_provider_mps.services.tencentcloud.payloads import describe_input
from airflow_provider_mps.services.tencentcloud.quality import quality_payload
from airflow_provider_mps.services.tencentcloud.words import QualityAttribute
from airflow_provider_mps.storage.files import Files
from airflow_provider_mps.storage.lines import read_lines


class OpinionForm(Form):
    """Questions in a file, a line each.

    :param files: reaches the storage
    :param path: address of the file
    :param catalogue: address of the catalogue's folder
    :param task: the Airflow task
    """

    joins_after_return = True
    no_failures = frozenset((PICTURES_PER_DAY_REACHED,))

    def __init__(self, files: Files, path: str, catalogue: str, task: TaskKey) -> None:
        self._files = files
        self._catalogue = catalogue
        self._task = task
        self._questions = list(read_lines(files, path))
        self._record: BatchRecord | None = None

    def asked(self) -> list[Asked]:
        """Return a request for each question, which tells pictures of one path from each other."""
        return [
            Asked({**one, "key": one["item"]}, one["item"], f"{one['item']}\n{one['picture']}", one["item"])
            for one in self._questions
        ]

    def check(self, record: str) -> None:
        """Tell later runs of the catalogue which batch asks."""
        announce(self._files, run_folder(self._catalogue, self._task), Begun(self._task, record), MPS)

    def taken_over(
        self, items: list[Item], asked: list[Asked], record: BatchRecord, read_items: ReadItems, open_store: OpenStore
    ) -> list[Item]:
        """Go on with what runs have asked that were killed for good."""
        before = {
            one["item"]: [TaskKey(run["dag_id"], "", run["run_id"], -1) for run in one["before"]]
            for one in self._questions
            if one["before"]
        }
        if not before:
            return items
        left = LeftBehind(self._catalogue, self._files, MPS, read_items=read_items, open_store=open_store)
        return left.taken_over(items, asked, before, record)

    def take_up(self, items: Sequence[Item], record: BatchRecord) -> dict[int, ItemOutcome]:
        """Have all asked; who has reserved a question has done so before."""
        self._record = record
        return {}

    def hands_over_after(self, error: BaseException) -> bool:
        """Hand nothing over: a retry finds what was answered."""
        return False

    def hand_over(self, items: Sequence[Item], ends: Mapping[int, ItemOutcome]) -> dict[str, Answer]:
        """Return what came of each question, by item."""
        return {str(item.key): self._answer(item, ends[item.index]) for item in items}

    def _answer(self, item: Item, end: ItemOutcome) -> Answer:
        known = self._record.record(item.token) if self._record else None
        attributes = self._questions[item.index]["attributes"]
        return answer_of(end, [QualityAttribute(one) for one in attributes], known.request_id if known else "")


def picture_of_question(request: Mapping[str, Any]) -> Picture:
    """Return the request body of a question."""
    attributes = [QualityAttribute(one) for one in request["attributes"]]
    payload = quality_payload(request["bucket"], request["region"], request["path"], attributes)
    return Picture(payload, payload, describe_input(payload))
