"""Rows of a table: CSV as RFC 4180 and Excel write it, with commas, semicolons, tabs or bars; TSV."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from itertools import chain

from airflow_provider_mps.catalogue.errors import unusable
from airflow_provider_mps.catalogue.rows import Row, bad_row, shown
from airflow_provider_mps.core.progress import counted

_DELIMITERS = (",", ";", "\t", "|")
_HEADER_LINES = 100
_QUOTED = re.compile(r'"[^"]*"')
# Excel's own line before the header.
_SEPARATOR_LINE = re.compile(r'"?sep=(.)"?\s*', re.IGNORECASE)


def table_rows(lines: Iterator[str], name: str, delimiter: str | None = None) -> Iterator[Row]:
    """Read a table whose first line that is not empty names the columns.

    Cells lose the white space around them. Empty lines, and lines of empty cells only, are left out.

    :param lines: the physical lines, each with its end
    :param name: of the manifest, for messages
    :param delimiter: what stands between cells; default: what does in the header
    :raises ManifestError: it is no table, or there is no row below its header; in the iteration
    """
    skipped, first = _first_line(lines, name)
    if found := _SEPARATOR_LINE.fullmatch(first):
        more, first = _first_line(lines, name)
        skipped, delimiter = skipped + 1 + more, found[1]
    head = [first]
    # The name of a column may have line breaks in quotes.
    while "".join(head).count('"') % 2 and len(head) < _HEADER_LINES and (line := next(lines, "")):
        head.append(line)
    return _Table(chain(head, lines), delimiter or _delimiter("".join(head)), skipped, name).rows()


class _Table:
    """Knows at which line of the file a row begins, which the reader of CSV does not say."""

    def __init__(self, lines: Iterator[str], delimiter: str, skipped: int, name: str) -> None:
        self._reader = csv.reader(lines, delimiter=delimiter, strict=True, skipinitialspace=True)
        self._delimiter = delimiter
        self._skipped = skipped
        self._name = name

    def rows(self) -> Iterator[Row]:
        header_line, header = self._header()
        width, is_empty = len(header), True
        for line, cells in self._cells():
            if isinstance(cells, str):
                yield bad_row(line, "", cells)
            elif len(cells) < width:
                why = f"{counted(len(cells), 'cell')}, and the header has {width}"
                yield bad_row(line, shown(header[len(cells)])[1:-1], why)
            # Excel ends lines with empty cells where a column was cleared.
            elif any(cells[width:]):
                why = f"{counted(len(cells), 'cell')}, and the header has {width}"
                yield bad_row(line, f"cell {width + 1}", f"{why}; a cell with {self._delimiter!r} in it is quoted")
            else:
                yield Row(line, dict(zip(header, cells, strict=False)), header=header_line)
            is_empty = False
        if is_empty:
            raise unusable(self._name, header_line, "", "there is a header and no product below it")

    def _header(self) -> tuple[int, list[str]]:
        line, header = next(self._cells(), (1, []))
        if not header:
            raise unusable(self._name, line, "", "the header names no column, and nothing is below it")
        if isinstance(header, str):
            raise unusable(self._name, line, "", f"the header: {header}")
        while not header[-1]:
            header.pop()
        for number, column in enumerate(header, start=1):
            if not column:
                raise unusable(self._name, line, f"cell {number}", "a column without a name")
            if column in header[: number - 1]:
                why = f"two columns have this name, the first is cell {header.index(column) + 1}"
                raise unusable(self._name, line, f"cell {number}", why, shown(column))
        return line, header

    def _cells(self) -> Iterator[tuple[int, list[str] | str]]:
        """Return each row that is not empty with its first line; for what is no row, why."""
        while True:
            line = self._reader.line_num + self._skipped + 1
            try:
                cells = [cell.strip() for cell in next(self._reader)]
            except StopIteration:
                return
            except csv.Error as error:
                yield line, self._reason(line, error)
                continue
            if any(cells):
                yield line, cells

    def _reason(self, line: int, error: csv.Error) -> str:
        count = self._reader.line_num + self._skipped - line + 1
        if count > 1 or "limit" in str(error) or "end of data" in str(error):
            # How many products have gone into this row is not known: it must not be left out like a bad row.
            why = "a quoted cell begins in this row and does not end as it should; a quote inside of quotes is doubled"
            raise unusable(self._name, line, "", f"{why} ({error})")
        return f"quotes are not as in CSV, where a quote inside of quotes is doubled ({error})"


def _first_line(lines: Iterator[str], name: str) -> tuple[int, str]:
    """Return the first line that is not empty, and how many were before it."""
    for skipped, line in enumerate(lines):
        if line.strip():
            return skipped, line
    raise unusable(name, 1, "", "the file is empty")


def _delimiter(header: str) -> str:
    plain = _QUOTED.sub("", header)
    # Of those that are there equally often the first: most are commas.
    return max(_DELIMITERS, key=plain.count)
