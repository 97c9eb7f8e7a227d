"""The numbers of a report: what a run was to do, what came of it, in which time, and at what price."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from airflow_provider_mps.catalogue.report.items import End, Reported
from airflow_provider_mps.catalogue.words import Action, LeftOut
from airflow_provider_mps.services.profiles import MPS
from airflow_provider_mps.services.tencentcloud.answers import format_time

VERSION = 1
"""Of the JSON file."""


class StepName(StrEnum):
    """A step of the refresh, as the argument of the report's operator that takes its output is called."""

    PLAN = "plan"
    PICTURES = "pictures"
    PUBLISHED = "published"


class StepState(StrEnum):
    """What the report got of a step."""

    READ = "read"
    PARTLY = "read in part"
    UNREADABLE = "unreadable"
    MISSING = "missing"
    """Its task failed or was skipped, so that it returned nothing."""
    NOT_ASKED = "not in this DAG"


@dataclass(frozen=True)
class Step:
    """What the report got of a step.

    :param name: which
    :param state: how much of it
    :param paths: the files that were given
    :param problems: why a file, or the rest of one, could not be read
    :param counts: what the step itself counted, as its task returned it
    :param lines: how many lines were read
    """

    name: StepName
    state: StepState
    paths: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)
    lines: int = 0


@dataclass(frozen=True)
class FailureGroup:
    """Failures with one code.

    :param code: the service's, or one of this package
    :param service: whose words these are
    :param hint: what the person on call can do about it; empty where nothing is known
    :param is_final: whether the same requests would fail again
    :param items: which failed so
    """

    code: str
    service: str
    hint: str
    is_final: bool
    items: tuple[Reported, ...]


@dataclass(frozen=True)
class Reason:
    """Why items are in the plan, and what came of these.

    :param why: the reason
    :param ends: how many ended how
    """

    why: str
    ends: Mapping[End, int]

    @property
    def count(self) -> int:
        """How many items have this reason."""
        return sum(self.ends.values())


@dataclass(frozen=True)
class Timing:
    """When pictures were made.

    :param first: when the first was accepted, seconds since the epoch
    :param last: when the last was done
    :param made: how many were done meanwhile
    :param finished: when each was done, in order
    """

    first: float
    last: float
    made: int
    finished: tuple[float, ...] = ()

    @property
    def seconds(self) -> float:
        """How long it took."""
        return self.last - self.first

    @property
    def per_minute(self) -> float | None:
        """Pictures a minute; None where all were done in the same second."""
        return self.made * 60 / self.seconds if self.seconds > 0 else None

    def bins(self, count: int) -> list[int]:
        """Return how many were done in each of ``count`` parts of the time, all of the same length."""
        found = [0] * count
        for moment in self.finished:
            place = int((moment - self.first) / self.seconds * count) if self.seconds else 0
            found[min(max(place, 0), count - 1)] += 1
        return found


class Price(NamedTuple):
    """What pictures cost.

    :param amount: in all
    :param currency: its code
    :param pictures: how many have a price; those of a service without prices have none
    """

    amount: Decimal
    currency: str
    pictures: int


class Approval(NamedTuple):
    """What somebody has said at once.

    :param by: who, for people
    :param at: when, in ISO 8601; empty where nobody has answered
    :param approved: of how many pictures it was a yes
    :param not_approved: of how many a no
    """

    by: str
    at: str
    approved: int
    not_approved: int


@dataclass(frozen=True)
class Report:
    """All that a report tells.

    :param title: what it is headed with
    :param catalogue: address of the catalogue's folder; empty where it is not known
    :param run: ids of the run, by name
    :param made_at: when the report was made, seconds since the epoch
    :param steps: what it got of each step
    :param items: what is told of each item
    :param counts: how many, by word
    :param reasons: by reason, most items first
    :param failures: by code, most items first
    :param timing: None where no picture was made
    :param price: what was paid; None without prices
    :param is_dry: whether the plan was a dry run
    :param approvals: who has said what and when, in order of time
    """

    title: str
    catalogue: str
    run: Mapping[str, str]
    made_at: float
    steps: tuple[Step, ...]
    items: Sequence[Reported]
    counts: Mapping[str, int]
    reasons: tuple[Reason, ...]
    failures: tuple[FailureGroup, ...]
    timing: Timing | None
    price: Price | None = None
    is_dry: bool = False
    approvals: tuple[Approval, ...] = ()

    @property
    def is_whole(self) -> bool:
        """Whether all steps that the DAG has were read."""
        return all(step.state in (StepState.READ, StepState.NOT_ASKED) for step in self.steps)


def counts_of(items: Iterable[Reported], plan: Mapping[str, int]) -> dict[str, int]:
    """Return how many, by word: what the lines say, and beside it what only the plan's task has counted.

    :param items: what is told of each item
    :param plan: what the plan's task returned as ``counts``; empty where that is not known
    """
    ends: Counter[End] = Counter()
    found: Counter[str] = Counter()
    for one in items:
        ends[one.end] += 1
        found["items"] += 1
        found["to_make"] += one.action == Action.MAKE
        found["made_before"] += one.action == Action.PUBLISH
        found["to_unpublish"] += one.action == Action.UNPUBLISH
        found["made"] += one.is_made_now
        found["pictures_paid"] += (one.pictures if one.is_made_now else 0) + one.remakes
        found["pictures_perhaps_paid"] += one.may_be_paid
        found["remade"] += one.remakes
    counts = {word: found[word] for word in _LINE_WORDS}
    counts |= {word: ends[end] for word, end in _END_WORDS.items()}
    # Of what there is nothing to do about, the plan has no line.
    told = {word: plan.get(word) for word in _PLAN_WORDS}
    return counts | {word: count for word, count in told.items() if isinstance(count, int)}


def reasons_of(items: Iterable[Reported]) -> tuple[Reason, ...]:
    """Return what came of the items, by the reason for which they are in the plan; most items first."""
    found: dict[str, Counter[End]] = {}
    for one in items:
        found.setdefault(one.why, Counter())[one.end] += 1
    return tuple(sorted((Reason(why, ends) for why, ends in found.items()), key=lambda one: (-one.count, one.why)))


def failures_of(items: Iterable[Reported]) -> tuple[FailureGroup, ...]:
    """Return the items that failed, by code; most items first."""
    found: dict[tuple[str, str, End], list[Reported]] = {}
    for one in items:
        if one.end.is_failure:
            found.setdefault((one.code, one.service, one.end), []).append(one)
    groups = [
        FailureGroup(
            code or "no code",
            _TOLD_BY.get(end, service),
            failed[0].hint,
            failed[0].is_final,
            tuple(failed),
        )
        for (code, service, end), failed in found.items()
    ]
    return tuple(sorted(groups, key=lambda group: (-len(group.items), group.code)))


def approvals_of(items: Iterable[Reported]) -> tuple[Approval, ...]:
    """Return who has said what and when, in order of time; first what nobody has answered about."""
    found: dict[tuple[str, str], Counter[bool]] = {}
    for one in items:
        if one.said is not None:
            found.setdefault((one.said.at, one.said.by), Counter())[one.said.approved] += 1
    return tuple(Approval(by, at, count[True], count[False]) for (at, by), count in sorted(found.items()))


def timing_of(items: Iterable[Reported]) -> Timing | None:
    """Return when the pictures of this run were made; None where none were, or no service said when."""
    created: list[float] = []
    finished: list[float] = []
    for one in items:
        if one.is_made_now and one.created is not None and one.finished is not None:
            created.append(one.created)
            finished.append(one.finished)
    if not created:
        return None
    finished.sort()
    return Timing(min(created), max(finished[-1], min(created)), len(created), tuple(finished))


def price_of(
    items: Iterable[Reported], price_of_size: Callable[[str], Decimal | None], currency: str, *, is_dry: bool = False
) -> Price | None:
    """Return what the pictures of this run cost, or with ``is_dry`` would; None where none of them has a price.

    :param price_of_size: gives the price of a picture of MPS by its ``image_size``; None if it is not known
    :param currency: its code, such as ``CNY``
    """
    found = [
        price_of_size(one.image_size)
        for one in items
        if one.service == MPS.name
        for _ in range((one.action == Action.MAKE if is_dry else one.is_made_now) + one.remakes)
    ]
    known = [price for price in found if price is not None]
    return Price(sum(known, Decimal(0)), currency, len(known)) if known else None


def told_time(moment: float | None) -> str | None:
    """Return seconds since the epoch as ``2026-11-29T01:02:03Z``; None for None."""
    return None if moment is None else format_time(moment)


def report_of(
    *,
    title: str,
    catalogue: str,
    run: Mapping[str, str],
    steps: Sequence[Step],
    items: Sequence[Reported],
    now: float,
    is_dry: bool = False,
    price: Price | None = None,
) -> Report:
    """Return the report of a run; see :class:`Report` for the arguments.

    :param now: seconds since the epoch
    """
    plan: Mapping[str, int] = next((step.counts for step in steps if step.name is StepName.PLAN), {})
    return Report(
        title=title,
        catalogue=catalogue,
        run=run,
        made_at=now,
        steps=tuple(steps),
        items=items,
        counts=counts_of(items, plan),
        reasons=reasons_of(items),
        failures=failures_of(items),
        timing=timing_of(items),
        price=price,
        is_dry=is_dry,
        approvals=approvals_of(items),
    )


_LINE_WORDS = (
    "items",
    "to_make",
    "made_before",
    "to_unpublish",
    "made",
    "remade",
    "pictures_paid",
    "pictures_perhaps_paid",
)
# Whose words a failure has, where they are not those of the service that made the picture.
_TOLD_BY = {End.NOT_PUBLISHED: "COS", End.REJECTED: "check"}
_END_WORDS = {
    "published": End.PUBLISHED,
    "made_not_published": End.MADE,
    "publication_failed": End.NOT_PUBLISHED,
    "failed": End.FAILED,
    "rejected": End.REJECTED,
    "not_approved": End.NOT_APPROVED,
    "left_for_later": End.LEFT,
    "no_result": End.UNKNOWN,
    "unpublished": End.UNPUBLISHED,
}
_PLAN_WORDS = (*(word.value for word in LeftOut), "bad_rows")
