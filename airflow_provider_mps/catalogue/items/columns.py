"""Which column of a manifest says what."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from airflow_provider_mps.catalogue.items.looks import Look
from airflow_provider_mps.catalogue.items.requests import ARGUMENTS, LOOK_ARGUMENTS, SUBJECT
from airflow_provider_mps.catalogue.rows import shown
from airflow_provider_mps.catalogue.words import LineService
from airflow_provider_mps.core import arguments
from airflow_provider_mps.core.arguments import ArgumentError

SKU = "sku"
RESERVED = frozenset((SKU, "look", "ext"))
"""Placeholders that are no columns."""
_PICTURE = ("subject_url", "subject_cos_key")
_BETWEEN_WORDS = re.compile(r"[\s_.-]+")
# So that promt is near prompt and subject_key near subject_cos_key, and format_id and weight are columns of their own.
_NEAR = 0.86
_SHOWN = 20


class Fault(NamedTuple):
    """What is wrong with the columns.

    :param column: the one that is missing, or means nothing
    :param why: what is wrong
    """

    column: str
    why: str


@dataclass(frozen=True, slots=True)
class ColumnPlan:
    """What is read from which column.

    :param sku: the column of the SKU
    :param subject: arguments that name the product's picture, each with its column
    :param rest: other arguments by service, each with its column
    :param faults: what is wrong
    """

    sku: str
    subject: tuple[tuple[str, str], ...]
    rest: Mapping[LineService, tuple[tuple[str, str], ...]]
    faults: tuple[Fault, ...]

    def column_of(self, argument: str) -> str | None:
        """Return the column that an argument is read from; None if there is none."""
        pairs = (*self.subject, *(pair for pairs in self.rest.values() for pair in pairs))
        return next((column for name, column in pairs if name == argument), None)


def check_columns(columns: Any) -> None:
    """Check ``columns``: the manifest's names for the columns that it calls otherwise than the arguments.

    None for an argument says that the column of its name is no argument.

    :raises ArgumentError: it is no such dict
    """
    if columns is None or (arguments.is_template(columns) and not isinstance(columns, Mapping)):
        return
    if not isinstance(columns, Mapping):
        arguments.fail("columns", columns, "a dict such as {'sku': 'article_no', 'subject_cos_key': 'photo'}")
    for argument, column in columns.items():
        if argument != SKU and argument not in ARGUMENTS:
            if column == SKU or (isinstance(column, str) and column in ARGUMENTS):
                raise ArgumentError(
                    f"columns: it is the other way round, {{{column!r}: {argument!r:.60}}}: an argument, and its column"
                )
            known = ", ".join((SKU, *sorted(ARGUMENTS)))
            raise ArgumentError(f"columns: {argument!r:.60}: no such argument; there are {known}")
        if column is not None or argument == SKU:
            arguments.text(f"columns[{argument!r}]", column)


def plan_columns(
    names: Sequence[str],
    columns: Mapping[str, str | None],
    looks: Collection[Look],
    used: Collection[str],
    is_table: bool,
) -> ColumnPlan:
    """Say what is read from which column.

    :param names: of the columns
    :param columns: checked, see :func:`check_columns`
    :param used: the names of all placeholders
    :param is_table: whether a header names the columns of all rows; else a row need not have what another one has
    """
    there = set(names)
    services = {look.service for look in looks}

    def pairs(wanted: Collection[str]) -> tuple[tuple[str, str], ...]:
        found = ((argument, columns.get(argument, argument)) for argument in wanted)
        return tuple((argument, column) for argument, column in found if column in there and column is not None)

    sku = columns.get(SKU) or SKU
    plan = ColumnPlan(sku, pairs(SUBJECT), {service: pairs(LOOK_ARGUMENTS[service]) for service in services}, ())
    read = {sku, *(column for _, column in plan.subject)}
    read |= {column for found in plan.rest.values() for _, column in found}
    unread = [name for name in names if name not in read and name not in used]
    wanted = {*SUBJECT, *(name for service in services for name in LOOK_ARGUMENTS[service])} - there - columns.keys()
    faults = [*_near_misses(unread, wanted)]
    if sku not in there:
        faults.insert(0, Fault(sku, f"no column has the SKU{_suggested(sku, unread)}{_listed(names)}"))
    if is_table:
        faults += _missing(names, columns, used, plan, any(name in look.subject for look in looks for name in _PICTURE))
    return ColumnPlan(plan.sku, plan.subject, plan.rest, tuple(faults))


def _missing(
    names: Sequence[str],
    columns: Mapping[str, str | None],
    used: Collection[str],
    plan: ColumnPlan,
    has_default_picture: bool,
) -> Iterator[Fault]:
    there = set(names)
    for argument, column in columns.items():
        if argument != SKU and column is not None and column not in there:
            yield Fault(column, f"no such column, and columns names it for {argument}{_listed(names)}")
    has_picture = has_default_picture or any(argument in _PICTURE for argument, _ in plan.subject)
    # One that columns names has been said.
    if not has_picture and not any(columns.get(argument) for argument in _PICTURE):
        yield Fault("subject_cos_key", f"no column has the product's picture, nor has subject_url{_listed(names)}")
    for name in sorted(set(used) - there - RESERVED):
        yield Fault(name, f"no such column, and a look, defaults or publish_to has {{{name}}}{_listed(names)}")


def _near_misses(unread: Sequence[str], wanted: Collection[str]) -> Iterator[Fault]:
    for name in unread:
        if found := _near(name, wanted):
            yield Fault(
                name,
                f"no argument of a picture, and nearly {found}; if it is none, say so with columns={{'{found}': None}}",
            )


def _suggested(sku: str, names: Sequence[str]) -> str:
    found = _near(sku, names)
    return (
        f"; is it {shown(found)}? then give columns={{'sku': {shown(found)}}}"
        if found
        else "; columns={'sku': ...} names it"
    )


def _near(name: str, others: Collection[str]) -> str | None:
    from difflib import get_close_matches

    plain = {_BETWEEN_WORDS.sub("", other).casefold(): other for other in sorted(others)}
    found = get_close_matches(_BETWEEN_WORDS.sub("", name).casefold(), plain, 1, _NEAR)
    return plain[found[0]] if found else None


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f". The columns are {', '.join(map(shown, names[:_SHOWN]))}{more}"
