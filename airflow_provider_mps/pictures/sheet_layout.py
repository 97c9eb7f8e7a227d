"""Where panels stand on a contact sheet, and how many of them there is room for. Pure: numbers alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

MAX_PIXELS = 32_000_000
"""Of a sheet: drawn, it takes three bytes for each."""
MAX_HEIGHT = 30_000
"""Of a sheet, in pixels: a JPEG takes 65,535, and not every program as many."""
LABEL_LINES, TITLE_LINES, MAX_LINES = 2, 2, 4
"""The most lines under a picture, of a panel's title, and of what else is said of it."""
MOST_LINES = LABEL_LINES + TITLE_LINES + MAX_LINES
HEAD_LINES, FOOT_LINES = 4, 3
"""The most lines above the panels and under them."""
MAX_SIDE, MAX_COLUMNS, MAX_CELLS = 720, 12, 12
"""The largest picture in pixels, and the most pictures side by side and in a panel: one panel has always room."""


class Piece(NamedTuple):
    """Cells of a panel that stand side by side; a panel with more than a row has room for goes on in the next one.

    :param panel: which panel
    :param first: its first cell
    :param end: the cell behind its last one
    """

    panel: int
    first: int
    end: int

    @property
    def cells(self) -> int:
        """How many cells it has."""
        return self.end - self.first


class Measures(NamedTuple):
    """The sizes of a sheet in pixels, which all go with that of a picture.

    :param side: the longer side of a picture
    :param text: size of the font
    """

    side: int
    text: int

    @classmethod
    def of(cls, side: int) -> Measures:
        """Return the sizes for pictures of a side."""
        return cls(side, max(11, round(side * 0.056)))

    @property
    def line(self) -> int:
        """Height of a line of text."""
        return round(self.text * 1.35)

    @property
    def gap(self) -> int:
        """What is left between two panels, and around all of them."""
        return max(6, self.side // 18)

    @property
    def pad(self) -> int:
        """What is left within a panel around its pictures, and between these."""
        return max(4, self.side // 30)

    @property
    def least(self) -> int:
        """The least height that is left for the pictures of a row, for words in their place."""
        return max(self.line * 3, round(self.side * 0.4))

    def panel_width(self, cells: int) -> int:
        """Return how wide a panel is."""
        return cells * (self.side + self.pad) + self.pad

    def row_width(self, row: Sequence[Piece]) -> int:
        """Return how wide a row is, with what is left beside it."""
        return self.gap + sum(self.panel_width(piece.cells) + self.gap for piece in row)


def rows_of(cells: Sequence[int], columns: int, *, one_per_row: bool = False) -> list[list[Piece]]:
    """Put panels into rows, in their order.

    :param cells: how many pictures each panel has
    :param columns: how many pictures stand side by side
    :param one_per_row: whether each panel begins a row
    """
    rows: list[list[Piece]] = []
    room = 0
    for panel, count in enumerate(cells):
        for first in range(0, count, columns):
            piece = Piece(panel, first, min(first + columns, count))
            if one_per_row or first or piece.cells > room:
                rows.append([])
                room = columns
            rows[-1].append(piece)
            room -= piece.cells
    return rows


def room_for(cells: Sequence[int], lines: Sequence[int], columns: int, side: int, *, one_per_row: bool = False) -> int:
    """Return how many of the first panels have room on a sheet, whatever their pictures are.

    :param cells: how many pictures each panel has, at most :data:`MAX_CELLS`
    :param lines: how many lines of text are under each at the most
    :param columns: how many pictures stand side by side
    :param side: the longer side of a picture in pixels
    :param one_per_row: whether each panel begins a row
    """
    sizes = Measures.of(side)
    tallest = max(side, sizes.least) + 4 * sizes.pad + sizes.gap
    height, width = sizes.gap + (2 * HEAD_LINES + FOOT_LINES) * sizes.line, 0
    for row in rows_of(cells, columns, one_per_row=one_per_row):
        height += tallest + sizes.line * max(lines[piece.panel] for piece in row)
        width = max(width, sizes.row_width(row))
        if height > MAX_HEIGHT or height * width > MAX_PIXELS:
            # A panel of which only a part has room is left out.
            return row[0].panel
    return len(cells)
