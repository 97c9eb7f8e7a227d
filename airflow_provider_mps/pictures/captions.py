"""Break a text into lines of a width. Pure: how wide a text is, the caller says."""

from __future__ import annotations

from collections.abc import Callable

ELLIPSIS = "…"

Width = Callable[[str], float]
"""Says how wide a text is."""


def fit_lines(text: str, width_of: Width, width: float, most: int) -> list[str]:
    """Return a text as lines of at most a width, broken at spaces, a word that is longer at any character.

    :param text: without ends of lines; runs of spaces count as one
    :param width_of: says how wide a text is
    :param width: of a line; what is narrower than a single character has that character all the same
    :param most: how many lines; what goes beyond is cut, and ends with an ellipsis
    """
    words, lines = text.split(), list[str]()
    while words and len(lines) < most:
        is_last = len(lines) == most - 1
        line = _taken(words, width_of, width)
        lines.append(_cut(" ".join([line, *words]), width_of, width) if is_last and words else line)
    return lines


def _taken(words: list[str], width_of: Width, width: float) -> str:
    """Take the words of a line; of one that is longer than a line, what there is room for."""
    line = words[0]
    if width_of(line) > width:
        room = _longest(line, width_of, width)
        words[0] = line[room:]
        return line[:room]
    words.pop(0)
    while words and width_of(longer := f"{line} {words[0]}") <= width:
        line = longer
        words.pop(0)
    return line


def _cut(text: str, width_of: Width, width: float) -> str:
    room = _longest(text, lambda part: width_of(f"{part.rstrip()}{ELLIPSIS}"), width)
    return f"{text[:room].rstrip()}{ELLIPSIS}"


def _longest(text: str, width_of: Width, width: float) -> int:
    """Return how many characters of a text have room, at least one."""
    low, high = 1, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if width_of(text[:middle]) <= width else (low, middle - 1)
    return low
