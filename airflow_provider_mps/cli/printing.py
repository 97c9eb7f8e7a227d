"""Write an answer: for people in as many columns as the terminal has, for programs as JSON or YAML.

What services, pictures and DAGs are named goes through ``core.texts.clean`` before: a text of others may hold what
a terminal takes for commands.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from textwrap import wrap
from typing import Any, NamedTuple, TextIO

from airflow_provider_mps.cli.words import Output
from airflow_provider_mps.core.texts import clean

NARROW, WIDE = 40, 120
DEFAULT_WIDTH = 80
# Of a text in an answer for programs.
LONGEST_VALUE = 20_000


class Field(NamedTuple):
    """A line for people: what it is, and what it says; empty ones are left out.

    :param name: what it is
    :param value: what it says
    """

    name: str
    value: str


class Step(NamedTuple):
    """What a person can do.

    :param said: in words
    :param command: to be typed; empty where there is none
    """

    said: str
    command: str = ""


def width_of(out: TextIO) -> int:
    """Return how many columns there are: those of the terminal, and 80 where there is none."""
    try:
        columns = os.get_terminal_size(out.fileno()).columns
    except (OSError, ValueError):
        return DEFAULT_WIDTH
    return min(WIDE, max(NARROW, columns or DEFAULT_WIDTH))


def print_fields(out: TextIO, fields: Iterable[Field], output: str, *, indent: str = "") -> None:
    """Write fields for people, names to the left and values to the right.

    :param output: with ``plain`` each field stays on one line
    """
    shown = [field for field in fields if field.value]
    left = max((len(field.name) for field in shown), default=0) + 2
    columns = None if output == Output.PLAIN else width_of(out)
    for name, value in shown:
        print_wrapped(out, value, columns, first=f"{indent}{name:<{left}}", rest=indent + " " * left)


def print_wrapped(out: TextIO, text: str, columns: int | None, *, first: str = "", rest: str = "") -> None:
    """Write a text in lines; what has no space in it stays whole, so that it can be copied.

    :param columns: None for one line
    :param first: what the first line begins with
    :param rest: what the others begin with
    """
    if columns is None:
        lines = [f"{first}{text}"]
    else:
        lines = wrap(
            text,
            columns,
            initial_indent=first,
            subsequent_indent=rest,
            break_long_words=False,
            break_on_hyphens=False,
            drop_whitespace=True,
        )
    for line in lines or [first.rstrip()]:
        out.write(f"{line.rstrip()}\n")


def print_step(out: TextIO, step: Step, output: str) -> None:
    """Write what a person can do; a command that is too long goes on behind a backslash, so that it can be copied."""
    columns = None if output == Output.PLAIN else width_of(out)
    print_wrapped(out, step.said, columns, first="  - ", rest="    ")
    if step.command:
        out.write(f"{in_columns(step.command, columns, '    ')}\n")


def in_columns(command: str, columns: int | None, indent: str) -> str:
    """Return a command in lines that a shell takes for one; words stay whole.

    :param columns: None for one line
    """
    if columns is None:
        return indent + command
    lines = wrap(command, max(columns - len(indent) - 2, 1), break_long_words=False, break_on_hyphens=False)
    return f" \\\n{indent}  ".join([indent + lines[0], *lines[1:]])


def print_data(out: TextIO, data: Any, output: str) -> None:
    """Write an answer for programs, in ASCII: also a terminal that is shown it takes no letter for a command.

    :param data: see :func:`clean_data`
    """
    if output == Output.YAML:
        from airflow.utils import yaml

        out.write(yaml.dump(data, sort_keys=False, allow_unicode=False))
    else:
        out.write(json.dumps(data, indent=2) + "\n")


def clean_data(value: Any) -> Any:
    """Return data whose texts are clean, and that JSON has."""
    if isinstance(value, str):
        return clean(value, LONGEST_VALUE)
    if isinstance(value, Mapping):
        return {clean(name): clean_data(one) for name, one in value.items()}
    if isinstance(value, Sequence):
        return [clean_data(one) for one in value]
    return value if value is None or isinstance(value, bool | int | float) else clean(value)


def printable(path: str) -> str:
    """Return a path as it is; what cannot be seen in it as an escape."""
    return "".join(one if one.isprintable() else ascii(one)[1:-1] for one in path)
