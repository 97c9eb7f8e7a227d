"""Texts with ``{column}`` in them, which each product fills with what its row says.

A placeholder is the name of a column and nothing else: no attribute, index, conversion or format, so that a text
cannot reach into objects or grow without bounds. ``{{`` and ``}}`` stand for braces, as in Python.
"""

from __future__ import annotations

import math
import string
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from airflow_provider_mps.core import arguments

MAX_FILLED = 65_536
"""How many characters a text may have when it is filled."""
_NO_NAME = frozenset(".[]!:")


class UnfilledError(ValueError):
    """A column has nothing that a placeholder can be filled with.

    :param column: its name
    :param value: what it has; None for nothing
    :param why: what is wrong with it
    """

    def __init__(self, column: str, value: Any, why: str) -> None:
        super().__init__(column, value, why)
        self.column = column
        self.value = value
        self.why = why


@dataclass(frozen=True, slots=True)
class Template:
    """A text with placeholders.

    :param parts: what stands between the placeholders, and their names, in turn
    """

    parts: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the placeholders, in their order."""
        return self.parts[1::2]

    def fill(self, value_of: Callable[[str], str]) -> str:
        """Return the text.

        :param value_of: returns what a placeholder of this name stands for
        :raises UnfilledError: a column has nothing for it, or the text is too long
        """
        parts = list(self.parts)
        parts[1::2] = [value_of(name) for name in self.names]
        text = "".join(parts)
        if len(text) > MAX_FILLED:
            raise UnfilledError(self.names[0], None, f"makes a text of more than {MAX_FILLED:,} characters")
        return text


def read_template(name: str, text: str) -> Template:
    """Take a text apart.

    :param name: of the argument, for messages
    :raises ArgumentError: there is something else than a name between braces
    """
    parts = [""]
    try:
        for literal, field, form, conversion in string.Formatter().parse(text):
            parts[-1] += literal
            if field is not None:
                if not field.strip() or field.isdigit() or form or conversion or _NO_NAME & set(field):
                    arguments.fail(name, text, "only names of columns in braces, such as {sku}")
                parts += [field, ""]
    except arguments.ArgumentError:
        raise
    except ValueError:
        arguments.fail(name, text, "names of columns in braces, such as {sku}, and {{ or }} for a brace itself")
    return Template(tuple(parts))


def filling(column: str, value: Any) -> str:
    """Return what a row says in a column as the text that fills a placeholder.

    :raises UnfilledError: it says nothing, or something that has no one way to be written
    """
    if isinstance(value, str) and value:
        return value
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if is_number and math.isfinite(value):
        return str(value)
    if value is None or isinstance(value, str):
        raise UnfilledError(column, None, f"is empty, and a text with {{{column}}} needs it")
    raise UnfilledError(column, value, f"expected a text or a number to fill {{{column}}}")
