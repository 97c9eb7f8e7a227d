"""What is known of a catalogue: what each event means to an item. Pure; how it is written is in ``record_format``.

The record is a log of events, and what is known of an item follows from them alone, whoever reads them, and when.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, NamedTuple

from airflow_provider_mps.catalogue.words import EventName
from airflow_provider_mps.core.airflow_task import TaskKey
from airflow_provider_mps.services.tencentcloud.answers import cos_object

# The code of the failure of a picture that was made, and is not there any more: it has to be made again.
PICTURE_GONE = "PictureGone"
# Runs that an item is remembered to have been planned by in vain.
MAX_FORMER = 10


class Writer(NamedTuple):
    """The Airflow task that has written to the record."""

    dag_id: str
    run_id: str
    task_id: str

    def is_same_run(self, other: Writer | TaskKey) -> bool:
        """Tell whether both are tasks of one DAG run."""
        return (self.dag_id, self.run_id) == (other.dag_id, other.run_id)


@dataclass(frozen=True, slots=True)
class Reservation:
    """A run is going to make an item, so that no other one does meanwhile.

    :param fingerprint: of what it is made from
    :param run: who reserved it
    :param at: when, seconds since the epoch
    :param former: who had reserved it before to make the same, and never said what came of it; the newest first
    """

    fingerprint: str
    run: Writer
    at: float
    former: tuple[Writer, ...] = ()

    def after(self, event: ItemPlanned, run: Writer, at: float) -> Reservation:
        """Return the reservation of whoever plans it next.

        :param event: what that run says
        :param run: that run
        :param at: when, seconds since the epoch
        """
        if event.fingerprint != self.fingerprint:
            return Reservation(event.fingerprint, run, at)
        all_former = (self.run, *self.former)
        former = tuple(other for other in all_former if not other.is_same_run(run))
        return Reservation(event.fingerprint, run, at, former[:MAX_FORMER])


@dataclass(frozen=True, slots=True)
class Made:
    """The last picture that was made of an item, and paid for.

    :param fingerprint: of what it was made from
    :param bucket: bucket of the picture
    :param region: its region
    :param path: its key, with a leading ``/``
    :param task_id: the service's id of the task that made it; None where it is not known
    :param at: when that came on record, seconds since the epoch
    """

    fingerprint: str
    bucket: str
    region: str
    path: str
    task_id: str | None
    at: float

    @property
    def picture(self) -> dict[str, Any]:
        """The picture as results have it: ``{"bucket", "region", "path", "cos_uri", "url"}``."""
        return cos_object(self.bucket, self.region, self.path)


@dataclass(frozen=True, slots=True)
class Failure:
    """Why the last try to make an item has failed.

    :param fingerprint: of what it was to be made from
    :param code: code of the error
    :param message: the service's words
    :param request_id: id of the request that was refused; empty where there is none
    :param task_id: the service's id of the task; None where none was accepted
    :param is_final: whether the same request would fail again
    :param at: when that came on record, seconds since the epoch
    """

    fingerprint: str
    code: str
    message: str
    request_id: str
    task_id: str | None
    is_final: bool
    at: float


@dataclass(frozen=True, slots=True)
class Publication:
    """What is under the final key of an item.

    :param fingerprint: of what the picture was made from
    :param final: where it is, ``cos://bucket/key``
    :param etag: its ETag
    :param size: its size in bytes
    :param at: when that came on record, seconds since the epoch
    """

    fingerprint: str
    final: str
    etag: str
    size: int
    at: float


@dataclass(frozen=True, slots=True)
class ItemState:
    """What is known of an item.

    :param since: since when it has been wanted without being made, as no run was allowed to pay for it, seconds since
        the epoch; None if it is not waiting
    :param planned: who is going to make it
    :param made: its last picture
    :param failed: why there is no newer one
    :param published: what is published of it
    """

    since: float | None = None
    planned: Reservation | None = None
    made: Made | None = None
    failed: Failure | None = None
    published: Publication | None = None


NOTHING = ItemState()


@dataclass(frozen=True, slots=True)
class Event:
    """Something that has happened to an item.

    :param item: name of the item
    """

    name: ClassVar[EventName]
    item: str

    def change(self, state: ItemState, run: Writer, at: float) -> ItemState:
        """Return what is known of the item after this.

        :param state: what was known before
        :param run: who says so
        :param at: when, seconds since the epoch
        """
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class ItemPlanned(Event):
    """A run is going to make the item: no other run takes it meanwhile."""

    name: ClassVar[EventName] = EventName.PLANNED
    fingerprint: str

    def change(self, state: ItemState, run: Writer, at: float) -> ItemState:
        """Whoever plans it last has it."""
        if state.planned is None:
            return replace(state, planned=Reservation(self.fingerprint, run, at))
        return replace(state, planned=state.planned.after(self, run, at))


@dataclass(frozen=True, slots=True)
class ItemWaiting(Event):
    """The item is wanted, and the run may not pay for it: it goes first in one of the next."""

    name: ClassVar[EventName] = EventName.WAITING

    def change(self, state: ItemState, run: Writer, at: float) -> ItemState:
        """It waits since it was said first."""
        return state if state.since is not None else replace(state, since=at)


@dataclass(frozen=True, slots=True)
class ItemMade(Event):
    """There is a picture, which is paid for."""

    name: ClassVar[EventName] = EventName.MADE
    fingerprint: str
    picture: Mapping[str, Any] = field(hash=False)
    task_id: str | None

    def change(self, state: ItemState, run: Writer, at: float) -> ItemState:
        """Nobody has to wait for it, and no failure counts any more; another run may still be at it."""
        made = Made(
            self.fingerprint, self.picture["bucket"], self.picture["region"], self.picture["path"], self.task_id, at
        )
        return replace(state, made=made, failed=None, since=None, planned=_planned_after(state, run))


@dataclass(frozen=True, slots=True)
class ItemFailed(Event):
    """There is no picture, or with the code :data:`PICTURE_GONE` none any more."""

    name: ClassVar[EventName] = EventName.FAILED
    fingerprint: str
    code: str
    message: str
    request_id: str
    task_id: str | None
    is_final: bool

    def change(self, state: ItemState, run: Writer, at: float) -> ItemState:
        """The run has done with it. A picture that is gone counts as never made."""
        failed = Failure(self.fingerprint, self.code, self.message, self.request_id, self.task_id, self.is_final, at)
        is_gone = self.code == PICTURE_GONE and state.made is not None and state.made.fingerprint == self.fingerprint
        made = None if is_gone else state.made
        return replace(state, failed=failed, made=made, planned=_planned_after(state, run))


@dataclass(frozen=True, slots=True)
class ItemReleased(Event):
    """The item was planned, and has certainly not been submitted."""

    name: ClassVar[EventName] = EventName.RELEASED

    def change(self, state: ItemState, run: Writer, at: float) -> ItemState:
        """Any run may take it."""
        return replace(state, planned=_planned_after(state, run))


@dataclass(frozen=True, slots=True)
class ItemPublished(Event):
    """A picture is under its final key."""

    name: ClassVar[EventName] = EventName.PUBLISHED
    fingerprint: str
    final: str
    etag: str
    size: int

    def change(self, state: ItemState, run: Writer, at: float) -> ItemState:
        """What was there before does not count any more."""
        return replace(state, published=Publication(self.fingerprint, self.final, self.etag, self.size, at))


@dataclass(frozen=True, slots=True)
class ItemUnpublished(Event):
    """There is nothing under the final key any more."""

    name: ClassVar[EventName] = EventName.UNPUBLISHED

    def change(self, state: ItemState, run: Writer, at: float) -> ItemState:
        """The picture stays where it was made: should the product come back, it need not be paid for again."""
        return replace(state, published=None)


def _planned_after(state: ItemState, run: Writer) -> Reservation | None:
    """Return the reservation that is left when a run has done with an item: that of another run stays."""
    return None if state.planned is None or state.planned.run.is_same_run(run) else state.planned


@dataclass(frozen=True, slots=True)
class Entry:
    """A file of the log.

    :param number: of the file, from 1
    :param run: who wrote it
    :param at: when, seconds since the epoch
    :param events: what it says
    """

    number: int
    run: Writer
    at: float
    events: Iterable[Event]


def fold(items: dict[str, ItemState], entry: Entry) -> None:
    """Change what is known by what a file of the log says; an item of which nothing is known is left out."""
    for event in entry.events:
        state = event.change(items.get(event.item, NOTHING), entry.run, entry.at)
        if state == NOTHING:
            items.pop(event.item, None)
        else:
            items[event.item] = state


@dataclass(frozen=True, slots=True)
class CatalogueRecord:
    """What is known of a catalogue.

    :param items: what is known of each item, by its name
    :param seq: number of the last file of the log that this has in it; 0 before there is one
    :param snapshot: number of the last file that the newest snapshot has in it; 0 before there is one
    """

    items: Mapping[str, ItemState] = field(default_factory=dict)
    seq: int = 0
    snapshot: int = field(default=0, compare=False)

    def after(self, entries: Iterable[Entry]) -> CatalogueRecord:
        """Return what is known after more files of the log."""
        items, seq = dict(self.items), self.seq
        for entry in entries:
            fold(items, entry)
            seq = entry.number
        return CatalogueRecord(items, seq, self.snapshot)

    def state(self, item: str) -> ItemState:
        """Return what is known of an item, be it nothing."""
        return self.items.get(item, NOTHING)
