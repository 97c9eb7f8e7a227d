"""Rows of JSON: a list of objects, an object with one list of them, or an object a line."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from airflow_provider_mps.catalogue.errors import ManifestError, unusable
from airflow_provider_mps.catalogue.rows import Row, Unit, bad_row, object_row, shown

_SPACE = re.compile(r"[ \t\r\n]*")
_TOO_DEEP = "the values are nested too deeply"


class _Decoder:
    """Decodes one value at a time, and notes what JSON does not allow, or what would be lost without a word."""

    def __init__(self) -> None:
        self._fault = ""
        self._decoder = json.JSONDecoder(object_pairs_hook=self._object, parse_constant=self._constant)

    def decode(self, text: str, start: int) -> tuple[Any, int, str]:
        """Return a value, where it ends, and what is wrong with it; empty for nothing.

        :raises JSONDecodeError: it is no JSON
        :raises ValueError: it holds a number that Python does not read
        :raises RecursionError: it is nested too deeply
        """
        self._fault = ""
        value, end = self._decoder.raw_decode(text, start)
        return value, end, self._fault

    def _object(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            names = [name for name, _ in pairs]
            twice = next(name for name in names if names.count(name) > 1)
            self._fault = f"{shown(twice)} is there twice"
        return found

    def _constant(self, word: str) -> None:
        self._fault = f"{word} is no JSON"


def line_rows(lines: Iterator[str], name: str) -> Iterator[Row]:
    """Read JSON Lines: an object a line; empty lines are left out.

    :raises ManifestError: there is no line in it; in the iteration
    """
    decoder, is_empty = _Decoder(), True
    for number, line in enumerate(lines, start=1):
        if text := line.strip():
            is_empty = False
            yield _line_row(decoder, text, number)
    if is_empty:
        raise unusable(name, 1, "", "the file is empty")


def _line_row(decoder: _Decoder, line: str, number: int) -> Row:
    try:
        value, end, fault = decoder.decode(line, 0)
    except json.JSONDecodeError as error:
        hint = "; a list of objects is JSON and no JSON Lines: name the file .json" if line == "[" else ""
        return bad_row(number, f"character {error.pos + 1}", f"no JSON: {error.msg}{hint}")
    except ValueError:
        return bad_row(number, "", "no JSON that can be read: a number is too long")
    except RecursionError:
        return bad_row(number, "", _TOO_DEEP)
    if end < len(line):
        return bad_row(number, f"character {end + 1}", "there is more behind the object of this line")
    return bad_row(number, "", fault) if fault else object_row(number, value, Unit.LINE)


def document_rows(text: str, name: str) -> Iterator[Row]:
    """Read a JSON document: a list of objects, or an object that has one list among its values.

    Where the document has several lines, a row has the line that its object begins at, else its number.

    :raises ManifestError: it is something else, or there is no row in it; in the iteration
    """
    return _Document(text, name).rows()


class _Document:
    def __init__(self, text: str, name: str) -> None:
        self._text = text
        self._name = name
        self._decoder = _Decoder()
        self._fault = ""
        self._position = 0
        # Lines are counted on from where they were counted to.
        self._line, self._counted_to = 1, 0
        self._has_lines = "\n" in text.strip()

    def rows(self) -> Iterator[Row]:
        if self._next() == "[":
            yield from self._list()
        elif self._next() == "{":
            yield from self._object()
        else:
            raise self._unusable("expected a list of objects, or an object with one list")
        if self._next():
            raise self._unusable("there is more behind the end of the document")

    def _object(self) -> Iterator[Row]:
        lists: list[str] = []
        self._position += 1
        while self._next() != "}":
            key = self._value()
            if not isinstance(key, str):
                raise self._unusable("expected the name of a value in quotes")
            self._expect(":")
            if self._next() == "[":
                lists.append(key)
                if len(lists) > 1:
                    raise self._unusable(f"several lists, {' and '.join(map(shown, lists))}: which has the products?")
                yield from self._list()
            else:
                self._value()
            self._separator("}")
        self._position += 1
        if not lists:
            raise self._unusable("the object has no list of products")

    def _list(self) -> Iterator[Row]:
        self._position += 1
        number = 0
        while self._next() != "]":
            number += 1
            line, unit = (self._line_here(), Unit.LINE) if self._has_lines else (number, Unit.ROW)
            value = self._value()
            fault = self._fault
            yield bad_row(line, "", fault, unit) if fault else object_row(line, value, unit)
            self._separator("]")
        self._position += 1
        if not number:
            raise self._unusable("there is no product in the list")

    def _value(self) -> Any:
        try:
            value, self._position, self._fault = self._decoder.decode(self._text, self._position)
        except json.JSONDecodeError as error:
            self._position = error.pos
            raise self._unusable(f"no JSON: {error.msg}") from None
        except ValueError:
            raise self._unusable("no JSON that can be read: a number is too long") from None
        except RecursionError:
            raise self._unusable(_TOO_DEEP) from None
        return value

    def _next(self) -> str:
        """Go to the next character that is no white space, and return it; empty at the end."""
        found = _SPACE.match(self._text, self._position)
        self._position = found.end() if found else self._position
        return self._text[self._position : self._position + 1]

    def _expect(self, character: str) -> None:
        if self._next() != character:
            raise self._unusable(f"no JSON: expected {character!r}")
        self._position += 1

    def _separator(self, end: str) -> None:
        """Go behind a comma, which something has to follow; or to the end of the list or object."""
        if self._next() == end:
            return
        self._expect(",")
        if self._next() == end:
            raise self._unusable(f"no JSON: a comma before {end!r}")

    def _line_here(self) -> int:
        self._line += self._text.count("\n", self._counted_to, self._position)
        self._counted_to = self._position
        return self._line

    def _unusable(self, why: str) -> ManifestError:
        line = 1 + self._text.count("\n", 0, self._position)
        character = self._position - self._text.rfind("\n", 0, self._position)
        return unusable(self._name, line, f"character {character}", why)
