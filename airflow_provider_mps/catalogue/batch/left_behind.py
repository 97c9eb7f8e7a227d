"""What runs that have ended left behind: submissions that were paid for, and of which the record never heard.

A batch that was killed for good has told the catalogue nothing, but its own record has all that it sent. The next run
that makes the same item of the same picture goes on from there, as a retry of the dead batch would have.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from airflow_provider_mps.batch.asked import Asked
from airflow_provider_mps.batch.forms import OpenStore, ReadItems
from airflow_provider_mps.batch.items import Item
from airflow_provider_mps.batch.record import BatchRecord
from airflow_provider_mps.catalogue.addresses import run_folder
from airflow_provider_mps.catalogue.words import Kind
from airflow_provider_mps.core.airflow_task import TaskKey
from airflow_provider_mps.core.arguments import beneath
from airflow_provider_mps.core.polling import Finished
from airflow_provider_mps.core.services import ServiceProfile
from airflow_provider_mps.storage.errors import UnreadableLinesError
from airflow_provider_mps.storage.files import Files

ENDING = "begun.json"
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
    said = {**begun.task._asdict(), "service": service.name, "record": begun.record, **more}
    return json.dumps(said, ensure_ascii=False).encode(errors="replace") + b"\n"


def begun_in(files: Files, folder: str, service: ServiceProfile) -> list[Begun]:
    """Return the batches of a service that have begun in a run.

    :param folder: address of the run's folder
    :raises UnreadableLinesError: what one said cannot be read
    """
    found: dict[Begun, None] = {}
    for name in files.names(folder):
        if name.startswith(f"{Kind.PICTURES}-") and name.endswith(f".{ENDING}"):
            address = beneath(folder, name)
            said = _read(address, files.read(address))
            if said["service"] == service.name:
                task = TaskKey(*(said[part] for part in TaskKey._fields))
                found[Begun(task, said["record"])] = None
    return list(found)


def taken_over(
    items: Sequence[Item],
    asked: Sequence[Asked],
    before: Mapping[str, Sequence[TaskKey]],
    record: BatchRecord,
    *,
    catalogue: str,
    files: Files,
    service: ServiceProfile,
    read_items: ReadItems,
    open_store: OpenStore,
) -> list[Item]:
    """Return the pictures of a batch, those that a dead one has submitted under the request that is on record for them.

    :param items: the pictures
    :param asked: their requests
    :param before: a task of each run that was to make an item before, the newest first, by the name of the item
    :param record: what this batch knows; what is taken over is added to it
    :param catalogue: address of the catalogue's folder
    :param files: reaches the storage
    :param service: who makes the pictures
    :param read_items: see :data:`ReadItems`
    :param open_store: see :data:`OpenStore`
    :raises UnreadablePageError: the record of a dead batch cannot be read, so what it has paid for is not known
    :raises UnreadableLinesError: what one said when it began cannot be read
    """
    of_run: dict[TaskKey, list[int]] = defaultdict(list)
    for item in items:
        if not _is_sent(record, item.token):
            for run in before.get(str(item.key), ()):
                of_run[run].append(item.index)
    found: dict[int, Item] = {}
    for run, indices in of_run.items():
        for begun in begun_in(files, run_folder(catalogue, run), service):
            store = open_store(begun.record)
            if (header := store.read_header()) is None:
                continue
            known = store.read(header)
            left = [index for index in indices if index not in found]
            theirs = read_items(begun.task, [asked[index] for index in left])
            for index, item in _submitted(left, theirs, known, record):
                found[index] = replace(items[index], fingerprint=item.fingerprint)
    return [found.get(item.index, item) for item in items]


def _submitted(
    indices: Iterable[int], theirs: Iterable[Item], known: BatchRecord, record: BatchRecord
) -> Iterator[tuple[int, Item]]:
    """Add what a dead batch has submitted to what is known; yield it, with the index of the picture here."""
    for index, item in zip(indices, theirs, strict=True):
        submission = known.record(item.token)
        if submission is None or submission.delivered or not _is_sent(known, item.token):
            continue
        if item.token not in record.records:
            record.records[item.token] = replace(submission, max_tries=_OF_ANOTHER_RUN)
            end = known.ends.get(submission.task_id or "")
            if submission.task_id is not None and isinstance(end, Finished):
                record.ends[submission.task_id] = end
        yield index, item


def _is_sent(record: BatchRecord, token: str) -> bool:
    known = record.record(token)
    return known is not None and (known.task_id is not None or known.intent is not None)


def _read(address: str, data: bytes) -> Mapping[str, Any]:
    try:
        said = json.loads(data)
    except ValueError as error:
        raise UnreadableLinesError(address, 1, f"it is not JSON: {error}") from None
    texts: Collection[str] = ("dag_id", "task_id", "run_id", "service", "record")
    if not isinstance(said, dict) or not all(isinstance(said.get(name), str) for name in texts):
        raise UnreadableLinesError(address, 1, "it does not say which batch has begun")
    if isinstance(said.get("map_index"), bool) or not isinstance(said.get("map_index"), int):
        raise UnreadableLinesError(address, 1, "it does not say which batch has begun")
    return said
