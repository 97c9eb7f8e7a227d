"""One picture from many: a contact sheet, for mail, chat and reports."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from io import BytesIO
from typing import NamedTuple

from airflow_provider_mps.core.progress import counted
from airflow_provider_mps.core.texts import clean
from airflow_provider_mps.pictures.fonts import Typeface
from airflow_provider_mps.pictures.sheet_drawing import Drawing, ShownCell, ShownPanel
from airflow_provider_mps.pictures.sheet_layout import (
    LABEL_LINES,
    MAX_CELLS,
    MAX_COLUMNS,
    MAX_LINES,
    MAX_SIDE,
    TITLE_LINES,
    Measures,
    room_for,
    rows_of,
)
from airflow_provider_mps.pictures.thumbnails import NotDrawnError, Thumbnail, thumbnail

DEFAULT_SIDE, LEAST_SIDE = 360, 64
DEFAULT_COLUMNS = 6
MAX_PANELS = 200
"""The most panels of a sheet, if its pixels allow so many."""
QUALITY = 90
COPY_QUALITY = 95
"""Of small copies, which are encoded once more."""
# No caption is longer: what is cut off is not looked at.
_LONGEST = 300

Picture = bytes | Thumbnail | Callable[[], bytes | Thumbnail]
"""The bytes of a picture (JPEG, PNG, WebP, BMP or GIF), a small copy of it, or what gives one of these when needed."""


class SheetFormat(StrEnum):
    """What a sheet is encoded as."""

    JPEG = "JPEG"
    PNG = "PNG"

    @property
    def ending(self) -> str:
        """The ending of a file's name, without a dot."""
        return self.value.lower()

    @property
    def content_type(self) -> str:
        """The MIME type."""
        return f"image/{self.value.lower()}"


@dataclass(frozen=True, slots=True)
class Cell:
    """A picture in a panel.

    :param picture: the picture; None where there is none
    :param label: what is written under it
    :param why_not: what is written in its place, where there is none
    """

    picture: Picture | None
    label: str = ""
    why_not: str = "no picture"


@dataclass(frozen=True, slots=True)
class Panel:
    """One or several pictures that belong together, and what is said of them.

    :param cells: from left to right; of more than 12 the others are told of
    :param title: what it is, such as a product in a look
    :param lines: what else is to be said, such as what a check has found
    :param number: by which people speak of it; None for none
    :param is_wrong: whether something is wrong with it: it is marked in red then
    """

    cells: Sequence[Cell]
    title: str = ""
    lines: Sequence[str] = ()
    number: int | None = None
    is_wrong: bool = False


class ContactSheet(NamedTuple):
    """A sheet.

    :param data: the picture
    :param width: in pixels
    :param height: in pixels
    :param shown: how many of the panels are on it: the first ones
    :param left_out: how many are not
    :param not_drawn: why a picture could not be drawn, by the index of its panel, one for each such picture
    :param missing: characters that no font here has; boxes stand in their place
    """

    data: bytes
    width: int
    height: int
    shown: int
    left_out: int
    not_drawn: tuple[tuple[int, str], ...]
    missing: str


def contact_sheet(
    panels: Sequence[Panel],
    *,
    columns: int = DEFAULT_COLUMNS,
    side: int = DEFAULT_SIDE,
    title: str = "",
    note: str = "",
    format: SheetFormat | str = SheetFormat.JPEG,
    one_per_row: bool = False,
    font: str | None = None,
) -> ContactSheet:
    """Draw one picture from many, in panels with captions; safe for use from several threads.

    Pictures are decoded one at a time, are upright, never distorted and never enlarged. What cannot be decoded is a
    panel with words. Texts go on one line each, without controls and signatures of addresses, are broken at the width
    of a panel, and cut with an ellipsis. A sheet has at most 200 panels, 32 million pixels and 30,000 lines of them;
    how many panels had no room is written at its end.

    :param panels: what is on it, at least one
    :param columns: how many pictures stand side by side, 1 to 12, default 6; a panel stays together where it can
    :param side: the longer side of a picture in pixels, 64 to 720, default 360
    :param title: heading
    :param note: a line under the heading
    :param format: ``JPEG`` (default) or ``PNG``
    :param one_per_row: whether each panel begins a row, default False
    :param font: path of a font file (TrueType or OpenType) for texts; default that of Pillow, and for what that has
        not, such as Chinese, one that the system has
    :raises ValueError: an argument cannot be used
    """
    if not panels or any(not panel.cells for panel in panels):
        raise ValueError("panels: expected at least one panel, each with at least one cell")
    for name, value, low, high in (("columns", columns, 1, MAX_COLUMNS), ("side", side, LEAST_SIDE, MAX_SIDE)):
        if type(value) is not int or not low <= value <= high:
            raise ValueError(f"{name}: expected a whole number from {low} to {high}, got {value!r:.40}")
    encoding = SheetFormat(format)
    sizes = Measures.of(side)
    try:
        faces = Typeface(sizes.text, font), Typeface(round(sizes.text * 1.5), font)
    except OSError as error:
        raise ValueError(f"font: {font!r:.200} cannot be read ({error})") from None
    fitting = panels_with_room(panels, columns, side, one_per_row=one_per_row)
    left_out = len(panels) - fitting
    shown = [_small(panel, side) for panel in panels[:fitting]]
    rows = rows_of([len(panel.cells) for panel in shown], columns, one_per_row=one_per_row)
    told = f"{counted(left_out, 'panel')} more had no room on this sheet" if left_out else ""
    picture = Drawing(shown, rows, sizes, *faces).draw(clean(title, _LONGEST), clean(note, _LONGEST), told)
    buffer = BytesIO()
    picture.save(buffer, encoding.value, **({"quality": QUALITY} if encoding is SheetFormat.JPEG else {}))
    not_drawn = [(index, cell.why_not) for index, one in enumerate(shown) for cell in one.cells if cell.small is None]
    missing = "".join(sorted({*faces[0].missing, *faces[1].missing}))
    return ContactSheet(buffer.getvalue(), *picture.size, fitting, left_out, tuple(not_drawn), missing)


def panels_with_room(panels: Sequence[Panel], columns: int, side: int, *, one_per_row: bool = False) -> int:
    """Return how many of the first panels a sheet has room for.

    :param panels: what is to be on it
    :param columns: see :func:`contact_sheet`
    :param side: see :func:`contact_sheet`
    :param one_per_row: see :func:`contact_sheet`
    """
    few = panels[:MAX_PANELS]
    cells = [min(len(panel.cells), MAX_CELLS) for panel in few]
    return room_for(cells, [_lines_of(panel) for panel in few], columns, side, one_per_row=one_per_row)


def _lines_of(panel: Panel) -> int:
    """Return how many lines of text are under a panel at the most."""
    labels = LABEL_LINES if any(cell.label for cell in panel.cells) else 0
    title = TITLE_LINES if panel.title or panel.number is not None else 0
    return labels + title + (MAX_LINES if panel.lines or len(panel.cells) > MAX_CELLS else 0)


def _small(panel: Panel, side: int) -> ShownPanel:
    """Return a panel with small copies of its pictures, and texts that can be written."""
    more = len(panel.cells) - MAX_CELLS
    lines = [*panel.lines, *([f"and {counted(more, 'picture')} more"] if more > 0 else [])]
    return ShownPanel(
        [_small_cell(cell, side) for cell in panel.cells[:MAX_CELLS]],
        clean(panel.title, _LONGEST),
        [text for line in lines if (text := clean(line, _LONGEST))],
        panel.number,
        panel.is_wrong,
    )


def _small_cell(cell: Cell, side: int) -> ShownCell:
    label, why_not = clean(cell.label, _LONGEST), clean(cell.why_not, _LONGEST)
    try:
        picture = cell.picture() if callable(cell.picture) else cell.picture
        if picture is not None:
            if isinstance(picture, Thumbnail) and max(picture.width, picture.height) <= side:
                return ShownCell(picture, label, why_not)
            data = picture.jpeg if isinstance(picture, Thumbnail) else picture
            return ShownCell(thumbnail(data, side, COPY_QUALITY), label, why_not)
    except NotDrawnError as error:
        why_not = clean(str(error), _LONGEST)
    return ShownCell(None, label, why_not or "no picture")
