"""What has to be done to publish a picture: decisions alone, so that a try which was killed anywhere is taken up again.

A final key has a whole picture at any time, as COS puts a copy in the place of an object in one go. So all there is to
decide is which steps are left, from what is there now: the picture before is kept, the new one copied, and neither of
both again once the new one is there, lest the new one were kept as the one before. A picture with a label is another
object than its source; a note that is stored with it says of which source it is, and in which form.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

from airflow_provider_mps.catalogue.lines import PictureLine, is_rejected
from airflow_provider_mps.catalogue.record.events import (
    Event,
    ItemFailed,
    ItemMade,
    ItemPublished,
    ItemPublishing,
    ItemUnpublished,
)
from airflow_provider_mps.catalogue.record.fold import CatalogueRecord
from airflow_provider_mps.catalogue.record.state import ItemState, Publication
from airflow_provider_mps.catalogue.words import Action, LineService
from airflow_provider_mps.core.airflow_task import TaskKey
from airflow_provider_mps.core.arguments import ArgumentError, beneath, cos_key
from airflow_provider_mps.core.contenttypes import picture_type
from airflow_provider_mps.core.cos_address import CosAddress, object_address
from airflow_provider_mps.core.vocabulary import PICTURE_GONE
from airflow_provider_mps.pictures.labels.note import content_tag, read_note
from airflow_provider_mps.services.tencentcloud.objects import ObjectStat


class Step(StrEnum):
    """What there is to do about a final key."""

    NONE = "none"
    """The picture is there."""
    COPY = "copy"
    """Another picture is there, or none."""
    MEND = "mend"
    """The picture is there, with another label or none, or under another content type or ``Cache-Control``."""
    LABEL = "label"
    """The picture is there without a label, and no more where it was made: it is labelled where it is."""
    GONE = "gone"
    """The picture that was made is not there any more."""


class Place(NamedTuple):
    """An object: its bucket, and its key with a leading slash."""

    bucket: str
    key: str

    def __str__(self) -> str:
        return f"cos://{self.bucket}{self.key}"


class Headers(NamedTuple):
    """What is stored with a picture, or is to be; None for whatever there is."""

    content_type: str | None = None
    cache_control: str | None = None

    @property
    def stored(self) -> dict[str, str]:
        """Those that are to be others than what there is, as a request names them."""
        named = {"Content-Type": self.content_type, "Cache-Control": self.cache_control}
        return {name: text for name, text in named.items() if text is not None}


@dataclass(frozen=True, slots=True)
class Job:
    """A picture to publish, or to take from the shop.

    :param item: name of the item
    :param sku: of the product
    :param final: final key
    :param kept: where the picture before is to be kept; None where it is not
    :param fingerprint: of what the picture was made from
    :param source: where it was made; None for one to take from the shop
    :param region: region of ``source``
    :param task_id: the service's id of the task that made it; None where it is not known
    :param service: who made it
    """

    item: str
    sku: str
    final: Place
    kept: Place | None
    fingerprint: str = ""
    source: Place | None = None
    region: str = ""
    task_id: str | None = None
    service: LineService = LineService.MPS

    @property
    def picture(self) -> dict[str, str]:
        """The picture as the record has it."""
        source = self.source or self.final
        return {"bucket": source.bucket, "region": self.region, "path": source.key}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a job.

    :param stat: what is under the final key; None where nothing is
    :param kept: where the picture before is; None where none was kept
    :param error: why it failed: ``{"Code", "Message", "RequestId"}``
    :param remedy: what COS was asked for when it failed, and what can be done about it
    :param is_final: whether another try would fail in the same way
    """

    stat: ObjectStat | None = None
    kept: Place | None = None
    error: Mapping[str, str] | None = None
    remedy: str = ""
    is_final: bool = False


def job_of(line: PictureLine, keep_previous: CosAddress | None) -> Job | None:
    """Return what there is to do about a line; None if no picture was made, or if its check has rejected it.

    :param keep_previous: folder for the pictures before
    :raises ArgumentError: the line cannot be used
    """
    item = line["item"]
    if line["action"] == Action.UNPUBLISH:
        final = _place(f"was of {item}", line["was"])
        return Job(item, line["sku"], final, kept_place(final, keep_previous))
    entry = line["entry"]
    if entry.get("Error") or not entry["Outputs"] or is_rejected(line):
        return None
    final, output = _place(f"publish_to of {item}", line["publish_to"]), entry["Outputs"][0]
    try:
        source = Place(str(output["bucket"]), cos_key(f"entry of {item}", output["path"]))
        region = str(output["region"])
    except (KeyError, TypeError):
        raise ArgumentError(f"entry of {item}: its output has no bucket, region and path") from None
    task_id, service = entry.get("TaskId"), LineService(line["service"])
    kept, known = kept_place(final, keep_previous), str(task_id) if task_id else None
    return Job(item, line["sku"], final, kept, line["fingerprint"], source, region, known, service)


def kept_place(final: Place, folder: CosAddress | None) -> Place | None:
    """Return where the picture before is kept: below the folder, under the path of its final key.

    :raises ArgumentError: no object can have such a key
    """
    if folder is None:
        return None
    key = cos_key("keep_previous", beneath(folder.path.rstrip("/"), final.key.removeprefix("/")))
    return Place(folder.bucket or final.bucket, key)


def check_finals(jobs: Iterable[Job], own: Mapping[str, CosAddress]) -> int:
    """Check, before anything is copied, that no two pictures want one key, and that none wants one of ours.

    :param jobs: what there is to do
    :param own: folders that pictures must not be published in, by what they are
    :return: how many jobs there are
    :raises ArgumentError: a picture cannot be published where it wants to be
    """
    taken: dict[Place, str] = {}
    count = 0
    for job in jobs:
        count += 1
        if job.source is None:
            continue
        for place in (job.final, job.kept):
            if place in taken:
                said = f"{taken[place]} and {job.item} would both be {place}; nothing was published"
                raise ArgumentError(f"publish_to: {said}")
            if place is not None:
                taken[place] = job.item
        for what, folder in own.items():
            if folder.bucket in (None, job.final.bucket) and _is_within(job.final.key, folder.path):
                said = f"{job.final} of {job.item} is in {what}, {folder}; nothing was published"
                raise ArgumentError(f"publish_to: {said}")
    return count


def step_for(
    job: Job,
    source: ObjectStat | None,
    final: ObjectStat | None,
    published: Publication | None,
    headers: Headers,
    form: str | None = None,
) -> Step:
    """Say what is left to do.

    :param job: the picture
    :param source: what is where it was made; None if nothing is
    :param final: what is under its final key; None if nothing is
    :param published: what the record says of that
    :param headers: that it is to have
    :param form: of the label that it is to have; None for none
    """
    note = None if final is None else read_note(final)
    if source is None:
        if final is None or not is_published(job, final, published):
            return Step.GONE
        # A label that is there stays as it is: without the source, no other can be made.
        return Step.LABEL if form is not None and note is None else Step.NONE
    if final is None:
        return Step.COPY
    is_source = same_content(source, final)
    is_labelled = note is not None and note.source == content_tag(source)
    if not is_source and not is_labelled:
        return Step.COPY
    if not (is_source if form is None else is_labelled and note is not None and note.form == form):
        return Step.MEND
    has = Headers(final.content_type, final.cache_control)
    return Step.NONE if all(want in (None, found) for want, found in zip(headers, has, strict=True)) else Step.MEND


def same_content(one: ObjectStat, other: ObjectStat) -> bool:
    """Tell whether two objects have the same content: by size and CRC64, or by the ETag where COS keeps no CRC64."""
    if one.size != other.size:
        return False
    if one.crc64 is not None and other.crc64 is not None:
        return one.crc64 == other.crc64
    return one.etag == other.etag


def is_published(job: Job, final: ObjectStat, published: Publication | None) -> bool:
    """Tell whether the record has it that what is under a final key is this picture."""
    return published is not None and (published.fingerprint, published.final, published.etag, published.size) == (
        job.fingerprint,
        str(job.final),
        final.etag,
        final.size,
    )


def is_outdated(job: Job, state: ItemState, run: TaskKey) -> bool:
    """Tell whether another run has made a newer picture of the item: an older one must not take its place.

    A run whose own picture is not on record has its reservation all the same.
    """
    made, planned = state.made, state.planned
    if job.source is None or made is None or _is_known(job, state):
        return False
    return planned is None or not planned.run.is_same_run(run) or planned.fingerprint != job.fingerprint


def finals_in_use(record: CatalogueRecord) -> Counter[str]:
    """Return how many items are published under each final key, or may be."""
    return Counter(state.final for state in record.items.values() if state.final is not None)


def is_of_another(job: Job, in_use: Mapping[str, int], wanted: Container[Place]) -> bool:
    """Tell whether another item is published under the final key of one that is to go, or is going to be.

    :param in_use: how many items are published under each final key
    :param wanted: the final keys of what is published now
    """
    return job.final in wanted or in_use.get(str(job.final), 0) > 1


def headers_for(job: Job, cache_control: str | None) -> Headers:
    """Return the headers that a published picture is to have; its content type by its name, or its source's name."""
    source = job.source.key if job.source is not None else ""
    return Headers(picture_type(job.final.key) or picture_type(source), cache_control)


def events_of(job: Job, outcome: Outcome, state: ItemState) -> list[Event]:
    """Return what comes on record of a job; nothing that is there already.

    :param state: what is known of the item
    """
    if outcome.error is not None:
        return _events_of_error(job, outcome.error, state)
    if job.source is None:
        return [ItemUnpublished(job.item)] if state.final is not None else []
    if outcome.stat is None or is_published(job, outcome.stat, state.published):
        return []
    found: list[Event] = []
    if not _is_known(job, state):
        found.append(ItemMade(job.item, job.fingerprint, job.picture, job.task_id))
    stat = outcome.stat
    return [*found, ItemPublished(job.item, job.fingerprint, str(job.final), stat.etag, stat.size)]


def announced(job: Job, state: ItemState, run: TaskKey) -> Event | None:
    """Return what comes on record before a picture is put under a final key; None where the record knows of it.

    :param state: what is known of the item
    :param run: the task that publishes
    """
    final = str(job.final)
    known = {part.final for part in (state.published, state.publishing) if part is not None}
    if job.source is None or final in known or is_outdated(job, state, run):
        return None
    return ItemPublishing(job.item, final)


def has_changed(job: Job, outcome: Outcome, state: ItemState, run_began: float | None) -> bool:
    """Tell whether this run has changed what is in the shop, in whichever try.

    :param state: what was known before this try
    :param run_began: when the DAG run began, seconds since the epoch
    """
    if outcome.error is not None:
        return False
    published = state.published
    if job.source is None or outcome.stat is None or published is None:
        return True
    is_of_this_run = run_began is not None and published.at >= run_began
    return is_of_this_run or not is_published(job, outcome.stat, published)


def _is_known(job: Job, state: ItemState) -> bool:
    """Tell whether the picture of a job is the last that was made of the item, or the one that is published."""
    return job.fingerprint in {part.fingerprint for part in (state.made, state.published) if part is not None}


def _events_of_error(job: Job, error: Mapping[str, str], state: ItemState) -> list[Event]:
    failed = state.failed
    is_known = failed is not None and (failed.code, failed.fingerprint) == (PICTURE_GONE, job.fingerprint)
    if error["Code"] != PICTURE_GONE or (is_known and state.made is None):
        return []
    said: dict[str, Any] = {"code": PICTURE_GONE, "message": error["Message"], "request_id": error["RequestId"]}
    return [ItemFailed(job.item, job.fingerprint, **said, task_id=job.task_id, is_final=False)]


def _place(name: str, address: str | None) -> Place:
    found = object_address(name, address)
    if found.bucket is None or found.conn_id is not None:
        raise ArgumentError(f"{name}: expected cos://bucket/key, got {found}")
    return Place(found.bucket, found.path)


def _is_within(key: str, folder: str) -> bool:
    return key.startswith(f"{folder.rstrip('/')}/")
