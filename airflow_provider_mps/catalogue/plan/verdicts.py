"""What has to be done about one item, and why: by what it is made from now, and what the record says of it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from airflow_provider_mps.catalogue.plan.fingerprints import Parts, difference
from airflow_provider_mps.catalogue.plan.sources import CosSource
from airflow_provider_mps.catalogue.record.state import ItemState
from airflow_provider_mps.catalogue.words import Action, LeftOut, Why
from airflow_provider_mps.core.airflow_task import TaskKey
from airflow_provider_mps.core.cos_address import split_address

# A day, less what a scheduler may be late: a run of every night takes up what the one before has left.
RESERVED_SECONDS = 23 * 3600


class Verdict(NamedTuple):
    """What has to be done about an item.

    :param action: None where nothing has to be done
    :param why: the reason for it
    :param fingerprint: of what the item is made from now; None where it is not known
    :param picture: where the picture is that only has to be published
    """

    action: Action | None
    why: Why | LeftOut
    fingerprint: str | None = None
    picture: CosSource | None = None


@dataclass(slots=True)
class Present:
    """Which objects are there, as far as that has been asked.

    :param tags: the tag of each object by its place; None where there is none
    :param region: of the bucket in which pictures are published
    """

    tags: Mapping[CosSource, str | None]
    region: str
    missing: set[CosSource]
    """What has to be asked before the verdicts count."""

    def has(self, place: CosSource) -> bool:
        """Tell whether an object is there; one that was not asked for yet is noted, and taken as there."""
        if place not in self.tags:
            self.missing.add(place)
            return True
        return self.tags[place] is not None

    def final(self, address: str) -> CosSource:
        """Return the place of a published picture."""
        _, bucket, key = split_address(address)
        return CosSource(bucket or "", self.region, key)


def is_reserved(state: ItemState, run: TaskKey, now: float) -> bool:
    """Tell whether another run is about to make an item.

    :param state: what is known of the item
    :param run: a task of the run that asks
    :param now: seconds since the epoch
    """
    planned = state.planned
    return planned is not None and not planned.run.is_same_run(run) and now - planned.at < RESERVED_SECONDS


def judge(
    parts: Parts, publish_to: str, state: ItemState, *, is_forced: bool, is_reserved: bool, present: Present
) -> Verdict:
    """Say what has to be done about an item that is wanted.

    :param parts: what it is made from now
    :param publish_to: where it is to be published
    :param state: what is known of it
    :param is_forced: whether it is to be made whatever is known
    :param is_reserved: whether another run is about to make it
    :param present: which objects are there
    """
    fingerprint = parts.filled(_last_tried(state))
    if fingerprint is None:
        return Verdict(None, LeftOut.UNREACHABLE)
    if is_forced or _was_forced(fingerprint, state):
        found = Verdict(Action.MAKE, Why.FORCED, fingerprint)
    else:
        found = _judge(fingerprint, publish_to, state, present)
    if found.action is not None and is_reserved:
        return Verdict(None, LeftOut.IN_ANOTHER_RUN, fingerprint)
    return found


def _was_forced(fingerprint: str, state: ItemState) -> bool:
    """Tell whether a run that died was to make this picture whatever was known, and may have paid for it."""
    return state.planned is not None and state.planned.forced and state.planned.fingerprint == fingerprint


def _judge(fingerprint: str, publish_to: str, state: ItemState, present: Present) -> Verdict:
    published = state.published
    is_published = published is not None and published.fingerprint == fingerprint
    is_gone = False
    if published is not None and is_published and published.final == publish_to:
        is_gone = not present.has(present.final(published.final))
        if not is_gone:
            return Verdict(None, LeftOut.UNCHANGED, fingerprint)
    if (picture := _made(fingerprint, state, present)) is not None:
        return Verdict(Action.PUBLISH, Why.NOT_THERE if is_gone else Why.MADE_BEFORE, fingerprint, picture)
    failed = state.failed
    if failed is not None and failed.fingerprint == fingerprint:
        if failed.is_final:
            return Verdict(None, LeftOut.REFUSED, fingerprint)
        return Verdict(Action.MAKE, Why.FAILED_LAST_TIME, fingerprint)
    before = _last_tried(state)
    if before is None:
        return Verdict(Action.MAKE, Why.NEW, fingerprint)
    # Made of the same, or published: and neither is there any more.
    return Verdict(Action.MAKE, difference(before, fingerprint) or Why.NOT_THERE, fingerprint)


def _made(fingerprint: str, state: ItemState, present: Present) -> CosSource | None:
    """Return where the picture is that was paid for before: where it was made, or where it is published otherwise."""
    made, published = state.made, state.published
    places = []
    if made is not None and made.fingerprint == fingerprint:
        places.append(CosSource(made.bucket, made.region, made.path))
    if published is not None and published.fingerprint == fingerprint:
        places.append(present.final(published.final))
    return next((place for place in places if present.has(place)), None)


def _last_tried(state: ItemState) -> str | None:
    """Return the fingerprint of what was tried last; None if nothing was."""
    tried = [it for it in (state.published, state.made, state.failed) if it is not None]
    return max(tried, key=lambda it: it.at).fingerprint if tried else None
