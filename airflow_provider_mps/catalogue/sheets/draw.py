"""Draw the sheets of items, one after the other: only the pictures of one are in memory."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError
from typing import NamedTuple

from airflow_provider_mps.catalogue.report.pictures import Drawn, Studio
from airflow_provider_mps.catalogue.sheets.items import SheetItem, Shown
from airflow_provider_mps.catalogue.sheets.sources import Pictures, Source
from airflow_provider_mps.catalogue.words import Show
from airflow_provider_mps.core.progress import counted
from airflow_provider_mps.pictures.sheets import (
    COPY_QUALITY,
    Cell,
    ContactSheet,
    Panel,
    SheetFormat,
    contact_sheet,
    panels_with_room,
)
from airflow_provider_mps.storage.parallel import in_parallel


class Look(NamedTuple):
    """How sheets look.

    :param title: heading
    :param columns: how many pictures stand side by side
    :param side: the longer side of a picture in pixels
    :param per_sheet: how many items a sheet has at the most
    :param encoding: what a sheet is encoded as
    :param font: path of a font file; None for none
    """

    title: str
    columns: int
    side: int
    per_sheet: int
    encoding: SheetFormat
    font: str | None


class Drawing(NamedTuple):
    """A sheet that was drawn.

    :param sheet: the sheet
    :param without: why there is no picture, for each item on it without a result (or, where none are asked for, without
        any picture)
    """

    sheet: ContactSheet
    without: tuple[str, ...]


def kinds_of(items: Sequence[SheetItem], show: Sequence[Show]) -> list[Show]:
    """Return which kinds of pictures stand on the sheets: one that no item has takes no room.

    :param show: those that were asked for
    """
    return [
        kind
        for kind in show
        if kind is Show.RESULT or any(one.source is not None for item in items for one in item.pictures[kind])
    ]


def sources_of(items: Sequence[SheetItem], kinds: Sequence[Show]) -> list[Source]:
    """Return where the pictures of items are."""
    found = (one.source for item in items for kind in kinds for one in item.pictures[kind])
    return [source for source in found if source is not None]


def pages_of(items: Sequence[SheetItem], kinds: Sequence[Show], look: Look) -> list[range]:
    """Return which items stand on which sheet, by their index."""
    panels = [
        _panel(index, item, [Cell(None, one.label) for one in _pictures(item, kinds)])
        for index, item in enumerate(items)
    ]
    pages, begin = [], 0
    while begin < len(panels):
        part = panels[begin : begin + look.per_sheet]
        end = begin + panels_with_room(part, look.columns, look.side)
        pages.append(range(begin, end))
        begin = end
    return pages


def draw_sheets(
    items: Sequence[SheetItem],
    kinds: Sequence[Show],
    look: Look,
    fetch: Pictures,
    *,
    left_out: int,
    max_workers: int,
    log_line: Callable[[str], object],
    stop: threading.Event,
) -> Iterator[Drawing]:
    """Give the sheets one by one.

    :param items: what is on them
    :param kinds: which pictures of each, at least one
    :param look: how they look
    :param fetch: gets a picture; called from several threads
    :param left_out: how many items are on none, which the last one says
    :param max_workers: how many pictures are fetched at the same time
    :param log_line: takes a line for the log
    :param stop: set when the task is at its end
    """
    studio = Studio(fetch, look.side, COPY_QUALITY)

    def drawn(one: Shown) -> Drawn:
        return Drawn(None, one.why_not) if one.source is None else studio.drawn(one.source)

    pages = pages_of(items, kinds, look)
    for number, page in enumerate(pages, start=1):
        shown = [_pictures(items[index], kinds) for index in page]
        flat = [one for pictures in shown for one in pictures]
        copies = iter(_in_parallel(drawn, flat, max_workers, log_line, stop))
        panels = [
            _panel(index, items[index], [_cell(one, next(copies)) for one in pictures])
            for index, pictures in zip(page, shown, strict=True)
        ]
        is_last = number == len(pages)
        sheet = contact_sheet(
            panels,
            columns=look.columns,
            side=look.side,
            title=look.title,
            note=_note(page, len(items), number, len(pages), left_out if is_last else 0),
            format=look.encoding,
            font=look.font,
        )
        yield Drawing(sheet, tuple(_without(panels, [items[index] for index in page], kinds)))


def _without(panels: Sequence[Panel], items: Sequence[SheetItem], kinds: Sequence[Show]) -> Iterator[str]:
    """Give for each item without a picture why it has none."""
    wanted = [Show.RESULT] if Show.RESULT in kinds else kinds
    for panel, item in zip(panels, items, strict=True):
        of_kinds = [kind for kind in kinds for _ in item.pictures[kind]]
        cells = [cell for kind, cell in zip(of_kinds, panel.cells, strict=True) if kind in wanted]
        if all(cell.picture is None for cell in cells):
            yield cells[0].why_not


def _in_parallel(
    drawn: Callable[[Shown], Drawn],
    flat: Sequence[Shown],
    max_workers: int,
    log_line: Callable[[str], object],
    stop: threading.Event,
) -> list[Drawn]:
    # What carries a part out sets the event that it is given at its end.
    def unless_stopped(one: Shown) -> Drawn:
        if stop.is_set():
            raise CancelledError
        return drawn(one)

    return in_parallel(unless_stopped, flat, total=len(flat), max_workers=max_workers, done="Drawn", log_line=log_line)


def _pictures(item: SheetItem, kinds: Sequence[Show]) -> list[Shown]:
    return [one for kind in kinds for one in item.pictures[kind]]


def _panel(index: int, item: SheetItem, cells: Sequence[Cell]) -> Panel:
    return Panel(cells, item.title, item.lines, index + 1, item.is_wrong)


def _cell(one: Shown, drawn: Drawn) -> Cell:
    return Cell(drawn.thumbnail, one.label, drawn.why_not)


def _note(page: range, total: int, number: int, pages: int, left_out: int) -> str:
    parts = [f"Sheet {number} of {pages}: {page[0] + 1} to {page[-1] + 1} of {total}"] if pages > 1 else []
    if left_out:
        parts.append(f"{counted(left_out, 'item')} more {'is' if left_out == 1 else 'are'} not shown")
    return "; ".join(parts)
