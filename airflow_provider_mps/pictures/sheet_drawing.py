"""Draw panels whose pictures are small copies already."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from typing import TYPE_CHECKING, Any, NamedTuple

from airflow_provider_mps.pictures.captions import fit_lines
from airflow_provider_mps.pictures.fonts import Typeface
from airflow_provider_mps.pictures.sheet_layout import (
    HEAD_LINES,
    LABEL_LINES,
    MAX_LINES,
    TITLE_LINES,
    Measures,
    Piece,
)
from airflow_provider_mps.pictures.thumbnails import Thumbnail

if TYPE_CHECKING:
    from PIL.Image import Image

Colour = tuple[int, int, int]
_PAPER, _CARD, _EMPTY = (243, 243, 240), (255, 255, 255), (246, 246, 244)
_EDGE, _INK, _FAINT, _WRONG = (222, 222, 217), (33, 33, 33), (105, 105, 105), (180, 35, 24)


class ShownCell(NamedTuple):
    """A picture as it is drawn.

    :param small: a copy that is small enough; None where there is none
    :param label: what is written under it
    :param why_not: what is written in its place
    """

    small: Thumbnail | None
    label: str
    why_not: str


class ShownPanel(NamedTuple):
    """A panel as it is drawn: all of its texts can be written.

    :param cells: from left to right
    :param title: what it is
    :param lines: what else is said of it
    :param number: by which people speak of it
    :param is_wrong: whether it is marked in red
    """

    cells: Sequence[ShownCell]
    title: str
    lines: Sequence[str]
    number: int | None
    is_wrong: bool


class _Text(NamedTuple):
    """A line of text.

    :param text: the words
    :param colour: of them
    """

    text: str
    colour: Colour


class _Row(NamedTuple):
    """A row with the texts of its pieces.

    :param pieces: what stands in it
    :param labels: for each piece the lines under each of its pictures
    :param captions: for each piece the lines under all of them
    :param tall: height of its pictures
    :param height: of the whole row, without the gap under it
    """

    pieces: Sequence[Piece]
    labels: Sequence[Sequence[Sequence[_Text]]]
    captions: Sequence[Sequence[_Text]]
    tall: int
    height: int


class Drawing:
    """Draws a sheet.

    :param panels: what is on it
    :param rows: where they stand
    :param sizes: the sizes of the sheet
    :param face: for captions
    :param large: for the heading
    """

    def __init__(
        self,
        panels: Sequence[ShownPanel],
        rows: Sequence[Sequence[Piece]],
        sizes: Measures,
        face: Typeface,
        large: Typeface,
    ) -> None:
        self._panels, self._sizes, self._face, self._large = panels, sizes, face, large
        self._rows = [self._measured(row) for row in rows]
        self._width = max(sizes.row_width(row) for row in rows)

    def draw(self, title: str, note: str, end: str) -> Image:
        """Return the sheet.

        :param title: heading; empty for none
        :param note: under it; empty for none
        :param end: what is said under all panels; empty for nothing
        """
        from PIL import Image, ImageDraw

        sizes = self._sizes
        room = self._width - 2 * sizes.gap
        heading = fit_lines(title, self._large.width, room, HEAD_LINES // 2)
        notes, ends = (fit_lines(text, self._face.width, room, HEAD_LINES // 2) for text in (note, end))
        tall = round(self._large_line * len(heading)) + sizes.line * len(notes)
        head = sizes.gap + (tall + sizes.gap if tall else 0)
        foot = sizes.line * len(ends) + sizes.gap if ends else 0
        height = head + sum(row.height + sizes.gap for row in self._rows) + foot
        canvas = Image.new("RGB", (self._width, height), _PAPER)
        self._pen: Any = ImageDraw.Draw(canvas)
        top = sizes.gap
        for line in heading:
            self._write(line, sizes.gap, top, self._large, self._large_line, _INK)
            top += self._large_line
        self._write_lines([_Text(line, _FAINT) for line in notes], sizes.gap, top)
        top = head
        for row in self._rows:
            self._draw_row(canvas, row, top)
            top += row.height + sizes.gap
        self._write_lines([_Text(line, _INK) for line in ends], sizes.gap, top)
        return canvas

    @property
    def _large_line(self) -> int:
        return round(self._sizes.line * 1.5)

    def _measured(self, pieces: Sequence[Piece]) -> _Row:
        sizes = self._sizes
        labels = [[self._label(cell) for cell in self._cells(piece)] for piece in pieces]
        captions = [self._caption(piece) for piece in pieces]
        small = [cell.small for piece in pieces for cell in self._cells(piece)]
        tall = max(sizes.least, *(one.height for one in small if one is not None), 0)
        label_lines = max(len(lines) for piece in labels for lines in piece)
        lines = label_lines + max(map(len, captions))
        height = sizes.pad + tall + sizes.pad + lines * sizes.line + (sizes.pad if lines else 0)
        return _Row(pieces, labels, captions, tall, height)

    def _cells(self, piece: Piece) -> Sequence[ShownCell]:
        return self._panels[piece.panel].cells[piece.first : piece.end]

    def _label(self, cell: ShownCell) -> list[_Text]:
        return [_Text(line, _FAINT) for line in fit_lines(cell.label, self._face.width, self._sizes.side, LABEL_LINES)]

    def _caption(self, piece: Piece) -> list[_Text]:
        """Return what is said under a piece; under those of a panel that goes on, nothing."""
        panel = self._panels[piece.panel]
        if piece.first:
            return []
        room = self._sizes.panel_width(piece.cells) - 2 * self._sizes.pad
        badge = self._badge_width(panel)
        title = fit_lines(panel.title, self._face.width, room - badge, TITLE_LINES) or ([""] if badge else [])
        found = [_Text(line, _INK) for line in title]
        for text in panel.lines:
            if (left := MAX_LINES + len(title) - len(found)) > 0:
                colour = _WRONG if panel.is_wrong else _FAINT
                found += [_Text(line, colour) for line in fit_lines(text, self._face.width, room, left)]
        return found

    def _badge_width(self, panel: ShownPanel) -> int:
        if panel.number is None:
            return 0
        return round(self._face.width(f"{panel.number}")) + 3 * self._sizes.pad

    def _draw_row(self, canvas: Image, row: _Row, top: int) -> None:
        sizes, left = self._sizes, self._sizes.gap
        for piece, labels, caption in zip(row.pieces, row.labels, row.captions, strict=True):
            panel, width = self._panels[piece.panel], sizes.panel_width(piece.cells)
            edge, thick = (_WRONG, max(2, sizes.side // 120)) if panel.is_wrong else (_EDGE, 1)
            box = (left, top, left + width - 1, top + row.height - 1)
            self._pen.rounded_rectangle(box, sizes.pad // 2, fill=_CARD, outline=edge, width=thick)
            for number, (cell, lines) in enumerate(zip(self._cells(piece), labels, strict=True)):
                at = left + sizes.pad + number * (sizes.side + sizes.pad)
                self._draw_cell(canvas, cell, at, top + sizes.pad, row.tall)
                self._write_lines(lines, at, top + row.tall + 2 * sizes.pad)
            under = top + row.tall + 2 * sizes.pad + sizes.line * max(map(len, labels))
            self._draw_caption(panel, caption, left + sizes.pad, under)
            left += width + sizes.gap

    def _draw_cell(self, canvas: Image, cell: ShownCell, left: int, top: int, tall: int) -> None:
        from PIL import Image

        sizes = self._sizes
        self._pen.rectangle((left, top, left + sizes.side - 1, top + tall - 1), fill=_EMPTY)
        small = cell.small
        if small is None:
            lines = fit_lines(
                cell.why_not, self._face.width, sizes.side - 2 * sizes.pad, max(1, tall // sizes.line - 1)
            )
            down = top + (tall - len(lines) * sizes.line) // 2
            for number, line in enumerate(lines):
                across = left + (sizes.side - round(self._face.width(line))) // 2
                self._write(line, across, down + number * sizes.line, self._face, sizes.line, _FAINT)
            return
        with Image.open(BytesIO(small.jpeg), formats=("JPEG",)) as picture:
            canvas.paste(picture, (left + (sizes.side - small.width) // 2, top + (tall - small.height) // 2))

    def _draw_caption(self, panel: ShownPanel, caption: Sequence[_Text], left: int, top: int) -> None:
        sizes, badge = self._sizes, 0
        if caption and panel.number is not None:
            badge = self._badge_width(panel)
            box = (left, top + 1, left + badge - sizes.pad - 1, top + sizes.line - 2)
            self._pen.rounded_rectangle(box, sizes.pad // 3, fill=_WRONG if panel.is_wrong else _INK)
            self._write(f"{panel.number}", left + sizes.pad, top, self._face, sizes.line, _CARD)
        for number, (text, colour) in enumerate(caption):
            # Only the title stands beside the number.
            aside = badge if colour == _INK else 0
            self._write(text, left + aside, top + number * sizes.line, self._face, sizes.line, colour)

    def _write_lines(self, lines: Sequence[_Text], left: int, top: int) -> None:
        for number, (text, colour) in enumerate(lines):
            self._write(text, left, top + number * self._sizes.line, self._face, self._sizes.line, colour)

    def _write(self, text: str, left: int, top: int, face: Typeface, line: int, colour: Colour) -> None:
        """Write a line of text in the middle of the height of a line."""
        if text:
            self._pen.text((left, top + line / 2), text, fill=colour, font=face.font_for(text), anchor="lm")
