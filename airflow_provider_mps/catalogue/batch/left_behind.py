"""What runs that have ended left behind: submissions that were paid for, and of which the record never heard.

A batch that was killed for good has told the catalogue nothing, but its own record has all that it sent. The next run
that makes the same item of the same picture goes on from there, as a retry of the dead batch would have.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import count
from typing import Any, NamedTuple, cast

from airflow_provider_mps.batch.asked import Asked
from airflow_provider_mps.batch.forms import OpenStore, ReadItems
from airflow_provider_mps.batch.items import Item
from airflow_provider_mps.batch.record import BatchRecord
from airflow_provider_mps.batch.writer import read_ended
from airflow_provider_mps.catalogue.addresses import run_folder
from airflow_provider_mps.catalogue.words import Kind
from airflow_provider_mps.core.airflow_task import TaskKey
from airflow_provider_mps.core.arguments import beneath
from airflow_provider_mps.core.polling import Finished
from airflow_provider_mps.core.services import ServiceProfile
from airflow_provider_mps.storage.errors import UnreadableLinesError
from airflow_provider_mps.storage.files import Files

# Of no try: whoever takes a submission over waits for it anew, as after a clear.
_OF_ANOTHER_RUN = -1


class Begun(NamedTuple):
    """A batch that has begun.

    :param task: its Airflow task
    :param record: address of its record
    """

    task: TaskKey
    record: str


def write_begun(begun: Begun, service: ServiceProfile, **more: Any) -> bytes:
    """Return what a batch says when it begins.

    :param begun: the batch
    :param service: who makes its pictures
    :param more: for people
    """
    task = begun.task._asdict()
    # Outside of loops as it always was.
    if not begun.task.iteration:
        del task["iteration"]
    said = {**task, "service": service.name, "record": begun.record, **more}
    return json.dumps(said, ensure_ascii=False).encode(errors="replace") + b"\n"


def announce(files: Files, folder: str, begun: Begun, service: ServiceProfile, **more: Any) -> None:
    """Say in the folder of a run that a batch has begun: under names that who looks for it knows, as a list may lag.

    :param folder: address of the run's folder
    :param begun: the batch
    :param service: who makes its pictures
    :param more: for people
    :raises UnreadableLinesError: what another one said cannot be read
    """
    data = write_begun(begun, service, **more)
    for number in count(1):
        address = _address(folder, service, number)
        if files.write_new(address, data, "application/json") or _begun(address, files.read(address)) == begun:
            return


def begun_in(files: Files, folder: str, service: ServiceProfile) -> list[Begun]:
    """Return the batches of a service that have begun in a run.

    :param folder: address of the run's folder
    :raises UnreadableLinesError: what one said cannot be read
    """
    found: list[Begun] = []
    for number in count(1):
        address = _address(folder, service, number)
        try:
            data = files.read(address)
        except FileNotFoundError:
            break
        found.append(_begun(address, data))
    return found


class LeftBehind:
    """What dead batches have submitted.

    :param catalogue: address of the catalogue's folder
    :param files: reaches the storage
    :param service: who makes the pictures
    :param read_items: see :data:`ReadItems`
    :param open_store: see :data:`OpenStore`
    """

    def __init__(
        self, catalogue: str, files: Files, service: ServiceProfile, *, read_items: ReadItems, open_store: OpenStore
    ) -> None:
        self._catalogue = catalogue
        self._files = files
        self._service = service
        self._read_items = read_items
        self._open_store = open_store

    def taken_over(
        self,
        items: Sequence[Item],
        asked: Sequence[Asked],
        before: Mapping[str, Sequence[TaskKey]],
        record: BatchRecord,
    ) -> list[Item]:
        """Return the pictures of a batch, those that a dead one has submitted under the request on record for them.

        :param items: the pictures
        :param asked: their requests
        :param before: a task of each run that was to make an item before, the newest first, by the name of the item
        :param record: what this batch knows; what is taken over is added to it
        :raises MpsBatchRecordError: the record of a dead batch cannot be read, so what it has paid for is not known
        :raises MpsBatchTakenOverError: a batch that was taken for dead is at work again
        :raises UnreadableLinesError: what one said when it began cannot be read
        """
        unsent = [item for item in items if not _is_sent(record, item.token)]
        names = self._names(unsent, asked, before)
        found: dict[int, Item] = {}
        for index, known_as in names.items():
            # An earlier try of this batch may have taken it over.
            mine = next((item for _, item in known_as if _is_sent(record, item.token)), None)
            if mine is not None:
                found[index] = mine
        open_names = {index: known_as for index, known_as in names.items() if index not in found}
        records = self._records(begun for known_as in open_names.values() for begun, _ in known_as)
        for index, known_as in open_names.items():
            # Who took it over from another may have submitted it anew, under the name that it had there.
            batches = ((records[begun], known_as[number:]) for number, (begun, _) in enumerate(known_as))
            taken = (_submitted((item for _, item in theirs), known, record) for known, theirs in batches)
            if (item := next(filter(None, taken), None)) is not None:
                found[index] = item
        return [
            replace(item, fingerprint=found[item.index].fingerprint) if item.index in found else item for item in items
        ]

    def _names(
        self, items: Sequence[Item], asked: Sequence[Asked], before: Mapping[str, Sequence[TaskKey]]
    ) -> dict[int, list[tuple[Begun, Item]]]:
        """Return which batches may have submitted each picture, the newest first, and as what they know it."""
        of_run: dict[TaskKey, list[int]] = defaultdict(list)
        for item in items:
            for run in before.get(str(item.key), ()):
                of_run[run].append(item.index)
        found: dict[tuple[TaskKey, int], list[tuple[Begun, Item]]] = defaultdict(list)
        for run, indices in of_run.items():
            for begun in begun_in(self._files, run_folder(self._catalogue, run), self._service):
                theirs = self._read_items(begun.task, [asked[index] for index in indices])
                for index, their in zip(indices, theirs, strict=True):
                    found[run, index].append((begun, their))
        return {
            item.index: [one for run in before.get(str(item.key), ()) for one in found.get((run, item.index), ())]
            for item in items
        }

    def _records(self, batches: Iterable[Begun]) -> dict[Begun, BatchRecord]:
        each = list(dict.fromkeys(batches))
        return dict(zip(each, read_ended([self._open_store(begun.record) for begun in each]), strict=True))


def _submitted(names: Iterable[Item], known: BatchRecord, record: BatchRecord) -> Item | None:
    """Add what a dead batch has submitted for a picture to what is known, and return it; None if that is nothing.

    :param names: as what the picture may be known
    :param known: what the dead batch knew
    :param record: what this batch knows
    """
    for item in names:
        # Whether it has handed over a result says nothing of a picture that was in doubt then.
        if not _is_sent(known, item.token):
            continue
        submission = known.records[item.token]
        record.put(item.token, replace(submission, max_tries=_OF_ANOTHER_RUN, delivered=False))
        end = known.ends.get(submission.task_id or "")
        if submission.task_id is not None and isinstance(end, Finished):
            record.ends[submission.task_id] = end
        return item
    return None


def _is_sent(record: BatchRecord, token: str) -> bool:
    known = record.record(token)
    return known is not None and (known.task_id is not None or known.intent is not None)


def _address(folder: str, service: ServiceProfile, number: int) -> str:
    return beneath(folder, f"{Kind.BEGUN}-{service.name.lower()}-{number}.json")


def _begun(address: str, data: bytes) -> Begun:
    said = _read(address, data)
    task = TaskKey(said["dag_id"], said["task_id"], said["run_id"], said["map_index"], said.get("iteration", ""))
    return Begun(task, said["record"])


def _read(address: str, data: bytes) -> Mapping[str, Any]:
    try:
        said = json.loads(data)
    except ValueError as error:
        raise UnreadableLinesError(address, 1, f"it is not JSON: {error}") from None
    texts: Collection[str] = ("dag_id", "task_id", "run_id", "service", "record")
    is_batch = isinstance(said, dict) and all(isinstance(said.get(name), str) for name in texts)
    if not is_batch or type(said.get("map_index")) is not int or not isinstance(said.get("iteration", ""), str):
        raise UnreadableLinesError(address, 1, "it does not say which batch has begun")
    return cast(Mapping[str, Any], said)
