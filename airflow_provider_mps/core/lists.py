"""Lists as tasks return them: those of a mapped task are in one more list."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from airflow_provider_mps.core import arguments
from airflow_provider_mps.core.arguments import ArgumentError


def check_no_task(name: str, value: Any) -> None:
    """Check that a value is no Airflow task, where what the task returns is meant.

    :param name: the argument, for messages
    :raises ArgumentError: it is one
    """
    if hasattr(value, "task_id") and hasattr(value, "output"):
        raise ArgumentError(
            f"{name}: give what task {value.task_id!r:.60} returns, task.output, and not the task itself"
        )


def check_list(name: str, value: Any, expected: str) -> None:
    """Check that elements are in an order of their own.

    :param name: the argument, for messages
    :param expected: what it has to be, for messages
    :raises ArgumentError: they are not
    """
    check_no_task(name, value)
    # What has no order, or ends with its first reading, would be something else in a retry.
    if isinstance(value, str | bytes | Mapping) or not isinstance(value, Sequence):
        arguments.fail(name, value, expected)


def flat_list(name: str, value: Any, expected: str) -> list[Any]:
    """Return the elements of a list; lists in it are taken as one with it.

    :param name: the argument, for messages
    :param expected: what it has to be, for messages
    :raises ArgumentError: it is no list, or one that holds itself
    """
    check_list(name, value, expected)
    try:
        return _spread(value)
    except RecursionError:
        raise ArgumentError(f"{name}: a list in it holds itself") from None


def _spread(elements: Iterable[Any]) -> list[Any]:
    found: list[Any] = []
    for element in elements:
        is_list = isinstance(element, Sequence) and not isinstance(element, str | bytes)
        found.extend(_spread(element) if is_list else [element])
    return found
