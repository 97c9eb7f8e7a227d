"""What a batch takes from the record of a catalogue before it submits, and what it puts there at its end. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from airflow_provider_mps.batch.items import ItemFailure, ItemOutcome
from airflow_provider_mps.catalogue.lines import entry_of
from airflow_provider_mps.catalogue.plan.verdicts import is_reserved
from airflow_provider_mps.catalogue.record.events import Event, ItemFailed, ItemMade, ItemPlanned, ItemReleased
from airflow_provider_mps.catalogue.record.fold import CatalogueRecord
from airflow_provider_mps.catalogue.record.state import Failure, ItemState, Made
from airflow_provider_mps.catalogue.words import Why
from airflow_provider_mps.core.airflow_task import TaskKey
from airflow_provider_mps.core.vocabulary import PICTURE_GONE

# A batch that goes on says so before others may think that it has given up.
RENEW_SECONDS = 12 * 3600.0
OTHER_RUN = "InAnotherRun"
"""Code of an item that another run has reserved meanwhile, so that this one does not pay for it."""

# The picture that is on record for these is the one that the plan does not want.
_MADE_ANEW = frozenset((Why.FORCED, Why.NOT_THERE, Why.REMADE))


class Wanted(NamedTuple):
    """A line of a plan, as far as the record is concerned.

    :param item: name of the item
    :param fingerprint: of what it is made from
    :param why: why it is in the plan
    """

    item: str
    fingerprint: str
    why: str


class Ended(NamedTuple):
    """What came of an item.

    :param wanted: the line of the plan
    :param end: its end
    :param accepted: when the service accepted its task, seconds since the epoch; None where it accepted none
    """

    wanted: Wanted
    end: ItemOutcome
    accepted: float | None


def taken_up(
    record: CatalogueRecord, run: TaskKey, wanted: Iterable[Wanted], joined: Mapping[str, str | None], now: float
) -> tuple[dict[str, ItemOutcome], list[Event]]:
    """Return the items that are not to be submitted, with their end, and what is to be put on record for the others.

    A batch that tries again, or is cleared, may find that another run has made an item meanwhile, or is about to: of
    what this one has submitted before, too, as that one goes on with it, and submits it anew where it has failed.

    :param record: what is known of the catalogue
    :param run: the task of the batch
    :param wanted: the items of the plan
    :param joined: items that this task has submitted before, and joins, with the service's id of the task if known
    :param now: seconds since the epoch
    """
    ends: dict[str, ItemOutcome] = {}
    events: list[Event] = []
    for item, fingerprint, why in wanted:
        state, is_made = record.state(item), _is_made(record.state(item), fingerprint)
        is_ours = is_made and item in joined and state.made is not None and state.made.task_id == joined[item]
        end = None if is_ours else _known_end(state, run, fingerprint, why, now)
        if end is not None:
            ends[item] = end
        # Nobody has to be kept from what is on record as made.
        elif not (is_made and item in joined) and not _is_held(state, run, fingerprint, now):
            events.append(ItemPlanned(item, fingerprint, why == Why.FORCED))
    return ends, events


def is_gone(state: ItemState, run: TaskKey, wanted: Wanted, task_id: str) -> bool:
    """Tell whether the picture that a task has made is known not to be there any more, and so is made again.

    :param state: what is known of the item
    :param run: the task of the batch
    :param wanted: the line of the plan
    :param task_id: the service's id of the task
    """
    made, failed, held = state.made, state.failed, state.planned
    if failed is not None and (failed.code, failed.task_id) == (PICTURE_GONE, task_id):
        return failed.fingerprint == wanted.fingerprint
    if wanted.why != Why.NOT_THERE or made is None or made.task_id != task_id:
        return False
    # Planned since: what was made after that is there.
    return held is not None and held.run.is_same_run(run) and held.at >= made.at


def events_of(record: CatalogueRecord, run: TaskKey, ends: Iterable[Ended], left: Collection[str]) -> Iterator[Event]:
    """Give what is to be put on record of the ends of a batch: nothing that is there already.

    Where a task may still run, or may have been accepted, the item stays reserved: a retry joins it.

    :param record: what is known of the catalogue
    :param run: the task of the batch
    :param ends: the items with their ends
    :param left: codes of ends that are no failure of the item: it has not been submitted, and stays to be made
    """
    for ended in ends:
        event = _event_of(record.state(ended.wanted.item), run, ended, left)
        if event is not None:
            yield event


def _is_made(state: ItemState, fingerprint: str) -> bool:
    return state.made is not None and state.made.fingerprint == fingerprint


def _is_held(state: ItemState, run: TaskKey, fingerprint: str, now: float) -> bool:
    """Tell whether the run has reserved an item, and not so long ago that others may soon think it has given up."""
    held = state.planned
    is_own = held is not None and held.run.is_same_run(run) and held.fingerprint == fingerprint
    return is_own and held is not None and now - held.at < RENEW_SECONDS


def _known_end(state: ItemState, run: TaskKey, fingerprint: str, why: str, now: float) -> ItemOutcome | None:
    made, reserved = state.made, state.planned
    if made is not None and _is_made(state, fingerprint) and why not in _MADE_ANEW:
        return entry_of(made.task_id, made.picture)
    if reserved is not None and is_reserved(state, run, now):
        return ItemFailure(OTHER_RUN, f"the run {reserved.run.run_id} of {reserved.run.dag_id} makes it now")
    return None


def _event_of(state: ItemState, run: TaskKey, ended: Ended, left: Collection[str]) -> Event | None:
    (item, fingerprint, _), end, _ = ended
    is_held = state.planned is not None and state.planned.run.is_same_run(run)
    given_back = ItemReleased(item) if is_held else None
    if isinstance(end, ItemFailure):
        if end.is_open:
            return None
        if end.code in left or end.is_unsubmitted or _is_outdated(state, ended):
            return given_back
        failed = ItemFailed(item, fingerprint, end.code, end.message, end.request_id, end.task_id, end.is_final)
        return None if not is_held and _says_the_same(state.failed, failed) else failed
    if _is_outdated(state, ended):
        return given_back
    made = ItemMade(item, fingerprint, _picture(end), end.get("TaskId"))
    return given_back if _is_told(state.made, made) else made


def _is_outdated(state: ItemState, ended: Ended) -> bool:
    """Tell whether a later run has made the item from something else: whoever clears an old run changes nothing."""
    made, accepted = state.made, ended.accepted
    return (
        made is not None
        and accepted is not None
        and made.fingerprint != ended.wanted.fingerprint
        and made.at > accepted
    )


def _says_the_same(known: Failure | None, failed: ItemFailed) -> bool:
    parts = ("fingerprint", "code", "request_id", "task_id")
    return known is not None and all(getattr(known, part) == getattr(failed, part) for part in parts)


def _is_told(known: Made | None, made: ItemMade) -> bool:
    return known is not None and (known.fingerprint, known.task_id, known.path) == (
        made.fingerprint,
        made.task_id,
        made.picture["path"],
    )


def _picture(end: Mapping[str, Any]) -> Mapping[str, Any]:
    picture: Mapping[str, Any] = end["Outputs"][0]
    return picture
