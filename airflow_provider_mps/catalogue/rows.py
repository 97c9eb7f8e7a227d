"""A row of a manifest, whatever it was written in, and what is said of one that cannot be used."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any, NamedTuple

from airflow_provider_mps.core.arguments import ArgumentError
from airflow_provider_mps.core.lists import flat_list
from airflow_provider_mps.core.redaction import conceal, redact_urls

_SHOWN = 60
# Longer than any credential, and short enough for the patterns that look for one.
_LOOKED_AT = 4096


class Unit(StrEnum):
    """What rows are counted by in messages."""

    LINE = "line"
    """Lines of the file, from 1: what an editor shows."""
    ROW = "row"
    """Rows, from 1, where no file has lines for them."""


class BadRow(NamedTuple):
    """Why a row cannot be used. All of it may be shown: no credential is in it.

    :param line: the first physical line of the row, from 1, or its number (``unit``)
    :param column: the column, or where in the line; empty for the row as a whole
    :param value: what stands there, in short, as Python writes it; empty where there is nothing
    :param why: what is wrong with it
    :param unit: what ``line`` counts
    """

    line: int
    column: str
    value: str
    why: str
    unit: Unit = Unit.LINE

    def __str__(self) -> str:
        place = f"{self.unit} {self.line}" + (f", {self.column}" if self.column else "")
        return f"{place} {self.value}: {self.why}" if self.value else f"{place}: {self.why}"


class Row(NamedTuple):
    """A row of a manifest.

    :param line: its first physical line, from 1, or its number (``unit``)
    :param values: what it gives, by column
    :param unit: what ``line`` counts
    :param header: the line of the header that names the columns of all rows; 0 where each row names its own
    :param bad: what is wrong with the row as a whole; its values are of no use then
    """

    line: int
    values: dict[str, Any]
    unit: Unit = Unit.LINE
    header: int = 0
    bad: BadRow | None = None


def shown(value: Any) -> str:
    """Return a value for a message: in short, on one line, and without what may be a credential."""
    try:
        is_text = isinstance(value, str)
        text = repr(conceal(value[:_LOOKED_AT])) if is_text else redact_urls(repr(value)[:_LOOKED_AT])
    except Exception:
        # Python writes no integer of more than 4,300 digits, and a row of another task may hold anything.
        text = f"<{type(value).__name__} that cannot be written>"
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"


def bad(row: Row, column: str, value: Any, why: str) -> BadRow:
    """Say what is wrong with a row.

    :param value: what stands in the column; None where there is nothing to show
    """
    return BadRow(row.line, shown(column)[1:-1], "" if value is None else shown(value), why, row.unit)


def object_row(line: int, found: Any, unit: Unit) -> Row:
    """Return an object that describes a product as a row; texts lose the white space around them.

    Anything else is a bad row.
    """
    if not isinstance(found, Mapping):
        kind = "null" if found is None else type(found).__name__
        return bad_row(line, "", f"expected an object that describes a product, got {kind}", unit)
    for name in found:
        if not isinstance(name, str):
            return bad_row(line, "", f"a column is named {shown(name)}, and only a text names one", unit)
    return Row(line, {name: v.strip() if isinstance(v, str) else v for name, v in found.items()}, unit)


def bad_row(line: int, column: str, why: str, unit: Unit = Unit.LINE) -> Row:
    """Return a row that cannot be used as a whole."""
    return Row(line, {}, unit, bad=BadRow(line, column, "", why, unit))


def given_rows(rows: Any, name: str = "manifest") -> Iterator[Row]:
    """Read the rows that another task returned: a list of dicts; of a mapped task, lists of them.

    :param rows: what the task returned, rendered
    :param name: the argument that it is given by, for messages
    :raises ArgumentError: it is no list, or there is nothing in it
    """
    flat = flat_list(name, rows, "a list of dicts, each with what describes a product")
    if not flat:
        raise ArgumentError(f"{name}: there is no product in it, not one row")
    return (object_row(number, row, Unit.ROW) for number, row in enumerate(flat, start=1))
