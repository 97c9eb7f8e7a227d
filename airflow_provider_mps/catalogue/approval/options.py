"""The options of a question, and what a chosen one means.

Airflow hands over the options that were chosen as they are written, and nothing else: not which question it was, and
not what else could have been chosen. So each has at its end which pictures its question is about, and what tells them,
and its own, from others. An option of an earlier round, or of a picture that was made anew since, is found nowhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from itertools import chain
from typing import NamedTuple

from airflow_provider_mps.catalogue.approval.candidates import MARK_LENGTH, Candidate, digest
from airflow_provider_mps.catalogue.words import MAX_PER_PAGE
from airflow_provider_mps.core.texts import clean

LONGEST_NAME = 60
_PAGE_LENGTH = 6
_TAIL = re.compile(
    rf"\[(?P<numbers>[0-9,-]{{1,1000}}) (?P<page>[0-9a-f]{{{_PAGE_LENGTH}}})(?: (?P<mark>[0-9a-f]{{{MARK_LENGTH}}}))?\]"
)
_NUMBER = re.compile(r"([0-9]{1,9})\. ")


class Words(StrEnum):
    """What an option that is none of a single picture begins with."""

    ALL = "All of these"
    NONE = "None of these"
    NOT_THIS = "Not this one"


class Option(NamedTuple):
    """An option as it is written.

    :param word: of one that is none of a single picture
    :param number: of the picture, from 1; 0 without one
    :param numbers: of all pictures of the question
    :param page: what tells these from others
    :param mark: what tells the picture from others; empty without one
    """

    word: Words | None
    number: int
    numbers: tuple[int, ...]
    page: str
    mark: str


class Meant(NamedTuple):
    """What an option means, by places in the list of pictures, from 0.

    :param chosen: what it says yes to
    :param asked: all that its question is about; only ``chosen`` where that list is another by now
    """

    chosen: frozenset[int]
    asked: frozenset[int]


class Options:
    """The options about a list of pictures.

    :param candidates: the pictures
    """

    def __init__(self, candidates: Sequence[Candidate]) -> None:
        self._candidates = candidates
        self._by_mark: dict[str, list[int]] = {}
        for place, one in enumerate(candidates):
            self._by_mark.setdefault(one.mark, []).append(place)

    def write(self, numbers: Sequence[int], *, offers_all: bool) -> list[str]:
        """Return the options of a question: one for each picture, one for all where that is offered, and for none.

        :param numbers: of the pictures that it is about, from 1
        """
        page = f"{_ranges(numbers)} {self._page(number - 1 for number in numbers)}"
        each = [
            f"{number}. {clean(one.name, LONGEST_NAME)} [{page} {one.mark}]"
            for number in numbers
            for one in (self._candidates[number - 1],)
        ]
        none = Words.NONE if len(numbers) > 1 else Words.NOT_THIS
        return [*([f"{Words.ALL} [{page}]"] if offers_all else []), *each, f"{none} [{page}]"]

    def find(self, option: Option) -> Meant | None:
        """Return what a chosen option means; None if it is about no picture of the list."""
        if option.word is None:
            found = self._by_mark.get(option.mark, [])
            place = option.number - 1 if option.number - 1 in found else found[0] if len(found) == 1 else None
            if place is None:
                return None
            asked = self._shifted(option.numbers, place + 1 - option.number)
            one = frozenset((place,))
            return Meant(one, asked if self._page(sorted(asked)) == option.page else one)
        page = self._page_of(option)
        if page is None:
            return None
        return Meant(page if option.word is Words.ALL else frozenset(), page)

    def _page_of(self, option: Option) -> frozenset[int] | None:
        """Return the pictures of a page, wherever in the list they are."""
        # Where the list has pictures before them that another question is about, all are further behind.
        shifts = range(1 - min(option.numbers), len(self._candidates) - max(option.numbers) + 1)
        for shift in chain((0,) if 0 in shifts else (), shifts):
            asked = self._shifted(option.numbers, shift)
            if self._page(sorted(asked)) == option.page:
                return asked
        return None

    def _shifted(self, numbers: Iterable[int], shift: int) -> frozenset[int]:
        places = (number - 1 + shift for number in numbers)
        return frozenset(place for place in places if 0 <= place < len(self._candidates))

    def _page(self, places: Iterable[int]) -> str:
        return digest("".join(self._candidates[place].mark for place in places), _PAGE_LENGTH)


def read_option(text: str) -> Option | None:
    """Return what is written in an option; None if it is none of :meth:`Options.write`."""
    tail = _TAIL.fullmatch(text[text.rfind("[") :]) if "[" in text else None
    numbers = _numbers(tail["numbers"]) if tail else None
    if tail is None or numbers is None:
        return None
    head, mark = text[: text.rfind("[")].rstrip(), tail["mark"] or ""
    number = _NUMBER.match(head)
    if mark and number and int(number[1]) in numbers:
        return Option(None, int(number[1]), numbers, tail["page"], mark)
    words: Mapping[str, Words] = {word.value: word for word in Words}
    return Option(words[head], 0, numbers, tail["page"], "") if head in words and not mark else None


def _ranges(numbers: Sequence[int]) -> str:
    """Return numbers in short, such as ``1-3,7``."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return ",".join(f"{first}-{last}" if last > first else f"{first}" for first, last in runs)


def _numbers(text: str) -> tuple[int, ...] | None:
    found: list[int] = []
    for run in text.split(","):
        first, _, last = run.partition("-")
        if not first.isdecimal() or len(first) > 9 or (last and (not last.isdecimal() or len(last) > 9)):
            return None
        begin, end = int(first), int(last or first)
        if not 1 <= begin <= end or end - begin >= MAX_PER_PAGE or len(found) >= MAX_PER_PAGE:
            return None
        found += range(begin, end + 1)
    return tuple(found) if found == sorted(set(found)) and len(found) <= MAX_PER_PAGE else None
