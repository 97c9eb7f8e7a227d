"""The values in the files of a record, each read as what it is; nothing is converted, and nothing made up."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from math import isfinite
from sys import intern
from typing import Any

from airflow_provider_mps.catalogue.record.state import Writer

Check = Callable[[Any], Any]
"""Gives a value as it is read; raises ``TypeError`` or ``ValueError`` for one of another kind."""


class RecordFormatError(ValueError):
    """A file of the record that this version cannot read; the message says why."""


def write_time(at: float) -> str:
    """Return a moment as it is written: ISO 8601, UTC, to the millisecond."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@lru_cache(maxsize=4096)
def read_time(text: str) -> float:
    """Return a moment in seconds since the epoch.

    :raises ValueError: it is none
    """
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError(f"no time zone: {text!r}")
    return found.timestamp()


def read_fields(given: Any, checks: Mapping[str, Check]) -> dict[str, Any]:
    """Return the fields of a line, each of its type, none missing, none too many.

    :raises RecordFormatError: they are others
    """
    if not isinstance(given, dict) or given.keys() != checks.keys():
        has = sorted(given) if isinstance(given, dict) else given
        raise RecordFormatError(f"expected the fields {', '.join(checks)}, got {has!r:.200}")
    found = {}
    for name, check in checks.items():
        try:
            found[name] = check(given[name])
        except (TypeError, ValueError) as error:
            said = str(error) if isinstance(error, RecordFormatError) else f"{given[name]!r:.60}"
            raise RecordFormatError(f"{name} cannot be used: {said}") from None
    return found


def text(value: Any) -> str:
    """Read a text that is not empty."""
    if type(value) is not str or not value:
        raise TypeError
    return value


def shared(value: Any) -> str:
    """Read a text that many items have: it is kept once."""
    return intern(text(value))


def words(value: Any) -> str:
    """Read a text that may be empty."""
    if type(value) is not str:
        raise TypeError
    return value


def text_or_none(value: Any) -> str | None:
    """Read a text, or that there is none."""
    return None if value is None else text(value)


def flag(value: Any) -> bool:
    """Read a truth."""
    if type(value) is not bool:
        raise TypeError
    return value


def count(value: Any) -> int:
    """Read a whole number of at least 0."""
    if type(value) is not int or value < 0:
        raise TypeError
    return value


def time(value: Any) -> float:
    """Read a moment, in seconds since the epoch."""
    return read_time(text(value))


def writer(value: Any) -> Writer:
    """Read which Airflow task it was."""
    return Writer(**read_fields(value, {"dag_id": shared, "run_id": shared, "task_id": shared}))


def writers(value: Any) -> tuple[Writer, ...]:
    """Read a list of Airflow tasks."""
    return tuple(map(writer, _listed(value)))


def texts(value: Any) -> tuple[str, ...]:
    """Read a list of texts."""
    return tuple(map(shared, _listed(value)))


def numbers(value: Any) -> dict[str, float]:
    """Read finite numbers by their names."""
    if type(value) is not dict or not all(type(one) in (int, float) and isfinite(one) for one in value.values()):
        raise TypeError
    return {shared(name): one for name, one in value.items()}


def _listed(value: Any) -> list[Any]:
    if type(value) is not list:
        raise TypeError
    return value
