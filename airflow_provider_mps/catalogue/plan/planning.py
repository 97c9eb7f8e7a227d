"""What one run makes, publishes and unpublishes, within what it may pay for. Pure: a catalogue's whole decision."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import translate
from typing import Any, NamedTuple

from airflow_provider_mps.catalogue.items.requests import pictures_of
from airflow_provider_mps.catalogue.lines import PlanLine, entry_of
from airflow_provider_mps.catalogue.plan.fingerprints import Parts
from airflow_provider_mps.catalogue.plan.sources import CosSource
from airflow_provider_mps.catalogue.plan.verdicts import Present, Verdict, is_reserved, judge
from airflow_provider_mps.catalogue.record.events import Event, ItemPlanned, ItemWaiting
from airflow_provider_mps.catalogue.record.fold import CatalogueRecord
from airflow_provider_mps.catalogue.record.state import ItemState, Writer
from airflow_provider_mps.catalogue.words import Action, LeftOut, LineService, Why
from airflow_provider_mps.core.airflow_task import TaskKey
from airflow_provider_mps.services.tencentcloud.answers import cos_object


class WantedItem(NamedTuple):
    """An item that the manifest asks for, and what it is made from now.

    :param item: its name
    :param sku: its product
    :param look: its look
    :param service: who makes it
    :param request: arguments of the operator for it
    :param publish_to: where it is to be published, ``cos://bucket/key``
    :param parts: what it is made from
    """

    item: str
    sku: str
    look: str
    service: str
    request: dict[str, Any]
    publish_to: str
    parts: Parts


@dataclass(frozen=True)
class Limits:
    """What a run may do.

    :param max_pictures: how many pictures it may pay for; None for any number
    :param is_forced: tells whether an item, by its name and its sku, is to be made whatever is known of it
    :param may_be_removed: tells whether an item that nobody wants is gone from the manifest for good
    :param unpublishes: whether the pictures of these are taken out of the shop
    :param remover: whose batch hands on the lines of items that nobody makes
    :param is_over: tells whether a run that has reserved an item is known to have ended, and so will not make it
    """

    max_pictures: int | None = None
    is_forced: Callable[[str, str], bool] = lambda item, sku: False
    may_be_removed: Callable[[str], bool] = lambda item: True
    unpublishes: bool = False
    remover: LineService = LineService.MPS
    is_over: Callable[[Writer], bool] = lambda run: False


@dataclass(frozen=True)
class Plan:
    """What one run does.

    :param lines: a line for each item about which something is done
    :param left_out: why nothing is done about each of the other items, but for those that are unchanged
    :param events: what the record has to say of it before anything is done
    :param counts: how many items there are of each kind
    :param published: how many items are published now, wanted or not
    """

    lines: list[PlanLine] = field(default_factory=list)
    left_out: list[dict[str, Any]] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    counts: dict[str, Any] = field(default_factory=dict)
    published: int = 0

    @property
    def to_make(self) -> Iterator[PlanLine]:
        """The lines that are paid for."""
        return (line for line in self.lines if line["action"] == Action.MAKE)


def plan(
    wanted: Sequence[WantedItem],
    record: CatalogueRecord,
    limits: Limits,
    *,
    present: Present,
    run: TaskKey,
    now: float,
) -> Plan:
    """Decide what a run does.

    Those that have waited longest are made first. An item that another run is about to make is left out.

    :param wanted: what the manifest asks for; each item is there once
    :param record: what is known of the catalogue
    :param limits: what the run may do
    :param present: which objects are there; where it misses some afterwards, they have to be asked, and this again
    :param run: the task that plans
    :param now: seconds since the epoch
    """
    verdicts = [
        judge(
            one.parts,
            one.publish_to,
            record.state(one.item),
            is_forced=limits.is_forced(one.item, one.sku),
            is_reserved=_is_taken(record.state(one.item), limits, run, now),
            present=present,
        )
        for one in wanted
    ]
    published = sum(state.final is not None for state in record.items.values())
    found = Plan(published=published)
    chosen = _chosen(wanted, verdicts, record, limits, run)
    for one, verdict in zip(wanted, verdicts, strict=True):
        if one.item not in chosen:
            _add(found, one, verdict, record.state(one.item))
    for index in chosen.values():
        one, verdict = wanted[index], verdicts[index]
        line = _line(one, verdict, record.state(one.item))
        # Who wants it anew does not take what was made before.
        if not limits.is_forced(one.item, one.sku) and (before := before_of(record.state(one.item), run)):
            line["before"] = before
        found.lines.append(line)
        found.events.append(ItemPlanned(one.item, str(verdict.fingerprint), verdict.why is Why.FORCED))
    _remove(found, {one.item for one in wanted}, record, limits, run, now)
    unchanged = sum(verdict.why is LeftOut.UNCHANGED for verdict in verdicts)
    found.counts.update(_counts(found, len(wanted), unchanged))
    return found


def _add(found: Plan, one: WantedItem, verdict: Verdict, state: ItemState) -> None:
    """Add an item that is not paid for."""
    if verdict.action is Action.PUBLISH:
        found.lines.append(_line(one, verdict, state))
    elif verdict.action is Action.MAKE:
        found.left_out.append({"item": one.item, "left_out": LeftOut.WAITING.value, "why": verdict.why.value})
        if state.since is None:
            found.events.append(ItemWaiting(one.item))
    elif verdict.why is not LeftOut.UNCHANGED:
        found.left_out.append({"item": one.item, "left_out": verdict.why.value, **_failure(verdict, state)})


def _chosen(
    wanted: Sequence[WantedItem],
    verdicts: Sequence[Verdict],
    record: CatalogueRecord,
    limits: Limits,
    run: TaskKey,
) -> Mapping[str, int]:
    """Return which items are paid for, with their index: those of an earlier try first, then who waits longest."""

    def turn(index: int) -> tuple[bool, float, int]:
        state = record.state(wanted[index].item)
        is_own = state.planned is not None and state.planned.run.is_same_run(run)
        return not is_own, float("inf") if state.since is None else state.since, index

    candidates = sorted((index for index, it in enumerate(verdicts) if it.action is Action.MAKE), key=turn)
    chosen: dict[str, int] = {}
    pictures = 0
    for index in candidates:
        pictures += pictures_of(wanted[index].request, wanted[index].service)
        # Nor one of fewer pictures that comes later: who waits longest would wait for ever.
        if limits.max_pictures is not None and pictures > limits.max_pictures:
            break
        chosen[wanted[index].item] = index
    return chosen


def _line(one: WantedItem, verdict: Verdict, state: ItemState) -> PlanLine:
    line: PlanLine = {
        "item": one.item,
        "sku": one.sku,
        "look": one.look,
        "service": one.service,
        "action": str(verdict.action),
        "request": one.request,
        "fingerprint": str(verdict.fingerprint),
        "publish_to": one.publish_to,
        "why": verdict.why.value,
        "was": state.published.final if state.published is not None else None,
    }
    if verdict.picture is not None:
        line["entry"] = _entry(verdict.picture, state)
    return line


def _is_taken(state: ItemState, limits: Limits, run: TaskKey, now: float) -> bool:
    """Tell whether another run is about to make an item."""
    return state.planned is not None and is_reserved(state, run, now) and not limits.is_over(state.planned.run)


def before_of(state: ItemState, run: TaskKey) -> list[dict[str, str]]:
    """Return other runs that were to make the item, and may have paid for this picture before they came to their end.

    Whether it was this one, which may have been wanted before another and is again, is known by what they sent.
    """
    planned = state.planned
    if planned is None:
        return []
    runs = {(it.dag_id, it.run_id): None for it in (planned.run, *planned.former) if not it.is_same_run(run)}
    return [{"dag_id": dag_id, "run_id": run_id} for dag_id, run_id in runs]


def _entry(picture: CosSource, state: ItemState) -> dict[str, Any]:
    """Return the result of the operator for a picture that was made before."""
    made = state.made
    is_made = made is not None and (made.bucket, made.region, made.path) == picture
    task_id = made.task_id if made is not None and is_made else None
    return entry_of(task_id, cos_object(picture.bucket, picture.region, picture.key))


def _failure(verdict: Verdict, state: ItemState) -> dict[str, str]:
    failed = state.failed
    if verdict.why is not LeftOut.REFUSED or failed is None:
        return {}
    return {"code": failed.code, "message": failed.message, "request_id": failed.request_id}


def _remove(
    found: Plan, wanted: Collection[str], record: CatalogueRecord, limits: Limits, run: TaskKey, now: float
) -> None:
    for item, state in record.items.items():
        if item in wanted or state.final is None or not limits.may_be_removed(item):
            continue
        if limits.unpublishes and _is_taken(state, limits, run, now):
            found.left_out.append({"item": item, "left_out": LeftOut.IN_ANOTHER_RUN.value})
        elif limits.unpublishes:
            found.lines.append(_line_without(item, state.final, limits.remover))
        else:
            found.left_out.append({"item": item, "left_out": LeftOut.REMOVED.value, "final": state.final})


def _line_without(item: str, final: str, service: LineService) -> PlanLine:
    sku, _, look = item.rpartition("/")
    return {
        "item": item,
        "sku": sku,
        "look": look,
        "service": service.value,
        "action": Action.UNPUBLISH.value,
        "why": Why.REMOVED.value,
        "was": final,
    }


def _counts(found: Plan, items: int, unchanged: int) -> dict[str, Any]:
    actions = Counter(line["action"] for line in found.lines)
    left = Counter(line["left_out"] for line in found.left_out)
    left[LeftOut.UNCHANGED.value] = unchanged
    reasons = Counter(line["why"] for line in found.lines)
    return {
        "items": items,
        **{action.value: actions[action.value] for action in Action},
        **{why.value: left[why.value] for why in LeftOut},
        "why": {why.value: reasons[why.value] for why in Why if reasons[why.value]},
    }


def forced(force: bool | str | Iterable[str] | None) -> Callable[[str, str], bool]:
    """Return what tells whether an item is to be made whatever is known of it.

    :param force: True for all; or skus, items, or patterns of either with ``*``, ``?`` and ``[]``
    """
    if isinstance(force, bool) or force is None:
        return lambda item, sku: bool(force)
    patterns = [force] if isinstance(force, str) else list(force)
    if not patterns:
        return lambda item, sku: False
    plain = {one for one in patterns if not re.search(r"[*?\[]", one)}
    globs = re.compile("|".join(translate(one) for one in patterns if one not in plain) or r"(?!)")
    return lambda item, sku: item in plain or sku in plain or bool(globs.fullmatch(item) or globs.fullmatch(sku))
