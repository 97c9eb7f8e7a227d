"""What may happen to an item of a catalogue, and what is known of it then."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

from airflow_provider_mps.catalogue.record.state import (
    MAX_FORMER,
    Announcement,
    Failure,
    ItemState,
    Made,
    Opinion,
    Publication,
    Rejection,
    Reservation,
    Writer,
)
from airflow_provider_mps.catalogue.words import EventName
from airflow_provider_mps.core.vocabulary import PICTURE_GONE


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
    forced: bool = False

    def change(self, state: ItemState, run: Writer, at: float) -> ItemState:
        """Whoever plans it last has it."""
        planned = Reservation(self.fingerprint, run, at, self.forced)
        # Who wants it anew wants the tries of that anew, too.
        rejected = None if self.forced else state.rejected
        planned = planned if state.planned is None else state.planned.before(planned)
        return replace(state, planned=planned, rejected=rejected)


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
class ItemRejected(Event):
    """The check has rejected a picture."""

    name: ClassVar[EventName] = EventName.REJECTED
    fingerprint: str
    picture_id: str
    codes: tuple[str, ...]

    def change(self, state: ItemState, run: Writer, at: float) -> ItemState:
        """All that were made of the same count."""
        known = state.rejected
        before = known.pictures if known is not None and known.fingerprint == self.fingerprint else ()
        pictures = before if self.picture_id in before else (*before, self.picture_id)
        return replace(state, rejected=Rejection(self.fingerprint, pictures, self.codes, at))


@dataclass(frozen=True, slots=True)
class ItemAsked(Event):
    """A run is going to ask the service about a picture: no other run does meanwhile."""

    name: ClassVar[EventName] = EventName.ASKED
    picture: str
    attributes: tuple[str, ...]

    def change(self, state: ItemState, run: Writer, at: float) -> ItemState:
        """Whoever has asked the same before, and never said what came of it, is remembered, and so is each answer."""
        known = state.opinion
        if known is None or known.picture != self.picture:
            known = Opinion(self.picture, self.attributes, (), (), {}, "", at)
        former = known.runs if known.attributes == self.attributes else ()
        runs = (run, *(other for other in former if other != run))[:MAX_FORMER]
        return replace(state, opinion=replace(known, attributes=self.attributes, runs=runs, at=at))


@dataclass(frozen=True, slots=True)
class ItemAnswered(Event):
    """The service has said what it makes of a picture."""

    name: ClassVar[EventName] = EventName.ANSWERED
    picture: str
    attributes: tuple[str, ...]
    scores: Mapping[str, float] = field(hash=False)
    said: str

    def change(self, state: ItemState, run: Writer, at: float) -> ItemState:
        """What was answered before of the same picture stays, and what was asked since stays to be answered."""
        known = state.opinion
        if known is None:
            known = Opinion(self.picture, self.attributes, (), (), {}, "", at)
        if known.picture != self.picture:
            return state
        answered = tuple(sorted({*known.answered, *self.attributes}))
        scores = {name: one for name, one in known.scores.items() if name not in self.attributes} | dict(self.scores)
        runs = () if known.attributes == self.attributes else known.runs
        said = self.said or known.said
        return replace(state, opinion=replace(known, runs=runs, answered=answered, scores=scores, said=said, at=at))


@dataclass(frozen=True, slots=True)
class ItemReleased(Event):
    """The item was planned, and has certainly not been submitted."""

    name: ClassVar[EventName] = EventName.RELEASED

    def change(self, state: ItemState, run: Writer, at: float) -> ItemState:
        """Any run may take it."""
        return replace(state, planned=_planned_after(state, run))


@dataclass(frozen=True, slots=True)
class ItemPublishing(Event):
    """A picture is about to be put under a final key: should the run die, what is there is known all the same."""

    name: ClassVar[EventName] = EventName.PUBLISHING
    final: str

    def change(self, state: ItemState, run: Writer, at: float) -> ItemState:
        """What is published is so until the picture is there."""
        return replace(state, publishing=Announcement(self.final, at))


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
        published = Publication(self.fingerprint, self.final, self.etag, self.size, at)
        is_right = state.rejected is not None and state.rejected.fingerprint == self.fingerprint
        rejected = None if is_right else state.rejected
        return replace(state, publishing=None, published=published, rejected=rejected)


@dataclass(frozen=True, slots=True)
class ItemUnpublished(Event):
    """There is nothing under the final key any more."""

    name: ClassVar[EventName] = EventName.UNPUBLISHED

    def change(self, state: ItemState, run: Writer, at: float) -> ItemState:
        """The picture stays where it was made: should the product come back, it need not be paid for again."""
        return replace(state, publishing=None, published=None)


def _planned_after(state: ItemState, run: Writer) -> Reservation | None:
    """Return the reservation that is left when a run has done with an item: that of another run stays."""
    return None if state.planned is None or state.planned.run.is_same_run(run) else state.planned
