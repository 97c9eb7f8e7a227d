"""Where the pictures to label are named, and where it is told what came of them."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from airflow_provider_mps.catalogue.addresses import StepOutput, new_name
from airflow_provider_mps.catalogue.record.events import Event, ItemPublished
from airflow_provider_mps.catalogue.record.fold import CatalogueRecord
from airflow_provider_mps.catalogue.record.store import RecordStore
from airflow_provider_mps.catalogue.words import Action, Kind
from airflow_provider_mps.core.airflow_task import TaskKey
from airflow_provider_mps.core.arguments import beneath
from airflow_provider_mps.core.cos_address import CosAddress, object_address
from airflow_provider_mps.pictures.label_jobs import LabelJob, jobs_of, maker_of
from airflow_provider_mps.pictures.labeller import Labelled
from airflow_provider_mps.services.tencentcloud.answers import cos_object
from airflow_provider_mps.storage.files import Files
from airflow_provider_mps.storage.lines import read_lines, write_lines


class Pictures(ABC):
    """Pictures to label.

    :ivar jobs: one for each
    """

    jobs: list[LabelJob]

    @abstractmethod
    def told(self, done: Mapping[int, Labelled]) -> Any:
        """Tell what came of them where that is told, and return what the task returns.

        :param done: what came of each job, by its index
        """


class ResultPictures(Pictures):
    """Pictures of results; the same results come back, with the addresses of the labelled pictures.

    :param results: of tasks, or the entries of a batch
    :param dest: folder for the labelled pictures; None for in place
    """

    def __init__(self, results: Sequence[Mapping[str, Any]], dest: CosAddress | None) -> None:
        self._results = results
        self._parts = [jobs_of(result, dest) for result in results]
        self.jobs = [job for part in self._parts for job in part]

    def told(self, done: Mapping[int, Labelled]) -> list[dict[str, Any]]:
        """Return the results."""
        begin, found = 0, []
        for result, part in zip(self._results, self._parts, strict=True):
            found.append(relabelled(result, [done.get(begin + number) for number in range(len(part))]))
            begin += len(part)
        return found


class LinePictures(Pictures):
    """Pictures of files of lines; a new file has the same lines, with the labelled pictures in their entries.

    :param files: reaches the storage
    :param outputs: the files
    :param dest: folder for the labelled pictures; None for in place
    :param task: the Airflow task
    :param try_number: its try
    """

    def __init__(
        self, files: Files, outputs: Sequence[StepOutput], dest: CosAddress | None, task: TaskKey, try_number: int
    ) -> None:
        self._files, self._outputs, self._task, self._try = files, outputs, task, try_number
        # Where the pictures of each line begin among all jobs.
        self._begins, self.jobs = [0], []
        for line in self._lines():
            self.jobs += self._jobs_of(line, dest)
            self._begins.append(len(self.jobs))

    def told(self, done: Mapping[int, Labelled]) -> dict[str, Any]:
        """Write the file; return its address, and that of the catalogue."""

        def lines() -> Iterator[Mapping[str, Any]]:
            for number, line in enumerate(self._lines()):
                part = [done.get(index) for index in range(*self._begins[number : number + 2])]
                yield {**line, "entry": relabelled(line["entry"], part)} if part else line

        folder = self._outputs[0].path.rpartition("/")[0]
        address = beneath(folder, new_name(Kind.LABELLED, self._task, self._try))
        write_lines(self._files, address, lines())
        catalogues = {output.catalogue for output in self._outputs if output.catalogue is not None}
        return {"path": address, **({"catalogue": catalogues.pop()} if len(catalogues) == 1 else {})}

    def _lines(self) -> Iterator[dict[str, Any]]:
        for output in self._outputs:
            yield from read_lines(self._files, output.path)

    @staticmethod
    def _jobs_of(line: Mapping[str, Any], dest: CosAddress | None) -> list[LabelJob]:
        entry = line.get("entry")
        if line.get("action") == Action.UNPUBLISH or not isinstance(entry, Mapping):
            return []
        return jobs_of(entry, dest)


class PublishedPictures(Pictures):
    """All pictures that are published of a catalogue, labelled where they are, and on record as what they are then.

    :param files: reaches the storage
    :param catalogue: address of the catalogue's folder
    :param region: region of the final keys; None for that of the connection
    :param task: the Airflow task
    """

    def __init__(self, files: Files, catalogue: str, region: str | None, task: TaskKey) -> None:
        self._store, self._catalogue, self._task = RecordStore(files, catalogue), catalogue, task
        self._before = self._store.read()
        self._items = sorted(item for item, state in self._before.items.items() if state.published is not None)
        self.jobs = [self._job(item, region) for item in self._items]

    def told(self, done: Mapping[int, Labelled]) -> dict[str, Any]:
        """Put on record what is under each final key now; return the address of the catalogue."""

        def decide(known: CatalogueRecord) -> list[Event]:
            found: list[Event] = []
            for index, one in sorted(done.items()):
                now, before = (record.state(self._items[index]).published for record in (known, self._before))
                # Another run may have published another picture meanwhile.
                if one.is_changed and one.stat is not None and now is not None and now == before:
                    said = (self._items[index], now.fingerprint, now.final, one.stat.etag, one.stat.size)
                    found.append(ItemPublished(*said))
            return found

        self._store.update(self._task, decide, time.time(), self._before)
        return {"catalogue": self._catalogue}

    def _job(self, item: str, region: str | None) -> LabelJob:
        state = self._before.state(item)
        published, made = state.published, state.made
        assert published is not None  # noqa: S101
        address = object_address(f"final key of {item}", published.final)
        is_known = made is not None and made.fingerprint == published.fingerprint
        task_id = made.task_id or "" if made is not None and is_known else ""
        place = (address.bucket, address.path)
        return LabelJob(
            address.bucket,
            region,
            address.path,
            *place,
            task_id or published.fingerprint,
            maker_of(task_id),
            published.etag,
        )


def relabelled(result: Mapping[str, Any], done: Sequence[Labelled | None]) -> dict[str, Any]:
    """Return a result with its labelled pictures; with an ``Error``, and without pictures, if one was not labelled.

    :param done: what came of each picture in COS, in their order
    """
    error = next((one.error for one in done if one is not None and one.error is not None), None)
    if error is not None:
        return {**result, "Outputs": [], "Error": error}
    left, outputs = list(done), []
    for output in result["Outputs"]:
        one = left.pop(0) if output.get("path") and left else None
        is_there = one is not None and one.stat is not None
        outputs.append({**output, **cos_object(one.bucket, one.region, one.stat.key)} if is_there else output)  # type: ignore[union-attr]
    return {**result, "Outputs": outputs}
