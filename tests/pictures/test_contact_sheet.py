"""One picture from many: what stands where, and that no text and no picture is too odd for it."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from airflow_provider_mps.pictures import Cell, ContactSheet, Panel, contact_sheet, fonts, sheet_layout, sheets
from airflow_provider_mps.pictures.captions import ELLIPSIS, fit_lines
from airflow_provider_mps.pictures.fonts import Typeface
from airflow_provider_mps.pictures.sheet_layout import (
    MAX_CELLS,
    MAX_COLUMNS,
    MAX_SIDE,
    MOST_LINES,
    Measures,
    room_for,
    rows_of,
)
from airflow_provider_mps.pictures.sheets import LEAST_SIDE, MAX_PANELS
from airflow_provider_mps.pictures.thumbnails import NotDrawnError, thumbnail
from tests.pictures import picture, png_header
from tests.whole import examples

RED, GREEN, BLUE = (200, 30, 30), (30, 200, 30), (30, 30, 200)
TEXTS = st.text(max_size=400) | st.sampled_from(
    [
        "",
        " ",
        "\x00\x1b[31m",
        "\ud800",
        "红色的杯子",
        "\u202ereversed",
        "a\nb\tc",
        "👩‍👩‍👧‍👦 family",
        "x" * 5000,
        "الكأس",
        "e\u0301\u0302",
    ]
)


def coloured(colour: tuple[int, int, int], width: int = 200, height: int = 200, kind: str = "PNG") -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(buffer, kind)
    return buffer.getvalue()


def opened(sheet: ContactSheet) -> Image.Image:
    shown = Image.open(io.BytesIO(sheet.data))
    shown.load()
    assert shown.size == (sheet.width, sheet.height)
    return shown.convert("RGB")


def near(shown: Image.Image, colour: tuple[int, int, int]) -> Any:
    """Return the box of all that has a colour; None if nothing has."""
    bands = [
        band.point(lambda value, want=want: 255 if abs(value - want) < 30 else 0)
        for band, want in zip(shown.split(), colour, strict=True)
    ]
    red, green, blue = bands
    from PIL import ImageChops

    return ImageChops.multiply(ImageChops.multiply(red, green), blue).getbbox()


def size_of(box: Any) -> tuple[int, int]:
    return box[2] - box[0], box[3] - box[1]


def test_pictures_stand_side_by_side_and_keep_their_shape() -> None:
    panel = Panel(
        [Cell(coloured(RED, 400, 200), "subject"), Cell(coloured(GREEN, 200, 400)), Cell(coloured(BLUE, 40, 40))]
    )
    shown = opened(contact_sheet([panel], side=200, format="PNG"))
    red, green, blue = (near(shown, colour) for colour in (RED, GREEN, BLUE))
    assert (size_of(red), size_of(green)) == ((200, 100), (100, 200))
    # What is small stays small.
    assert size_of(blue) == (40, 40)
    assert red[2] < green[0] < green[2] < blue[0]
    middles = {(box[1] + box[3]) // 2 for box in (red, green, blue)}
    assert len(middles) == 1


def test_margins_are_even() -> None:
    sizes = Measures.of(120)
    shown = opened(contact_sheet([Panel([Cell(coloured(RED))]), Panel([Cell(coloured(RED))])], side=120, format="PNG"))
    left, top, right, bottom = near(shown, RED)
    edge = sizes.gap + sizes.pad
    assert (left, top, shown.width - right, shown.height - bottom) == (edge,) * 4


def test_panels_go_on_in_the_next_row_and_stay_together() -> None:
    def places(cells: list[int], columns: int, **how: bool) -> list[list[tuple[int, int, int]]]:
        return [[tuple(piece) for piece in row] for row in rows_of(cells, columns, **how)]

    assert places([2, 2, 2, 2], 5) == [[(0, 0, 2), (1, 0, 2)], [(2, 0, 2), (3, 0, 2)]]
    assert places([1, 7, 1], 3) == [[(0, 0, 1)], [(1, 0, 3)], [(1, 3, 6)], [(1, 6, 7), (2, 0, 1)]]
    assert places([1, 1], 3, one_per_row=True) == [[(0, 0, 1)], [(1, 0, 1)]]


@given(st.lists(st.integers(1, MAX_CELLS), min_size=1, max_size=60), st.integers(1, MAX_COLUMNS), st.booleans())
def test_every_picture_has_one_place_and_no_row_is_too_long(cells: list[int], columns: int, one_per_row: bool) -> None:
    rows = rows_of(cells, columns, one_per_row=one_per_row)
    found = [(piece.panel, number) for row in rows for piece in row for number in range(piece.first, piece.end)]
    assert found == [(panel, number) for panel, count in enumerate(cells) for number in range(count)]
    assert all(1 <= sum(piece.cells for piece in row) <= columns for row in rows)
    assert not one_per_row or all(len(row) == 1 for row in rows)


@given(st.integers(1, MAX_CELLS), st.integers(1, MAX_COLUMNS), st.integers(LEAST_SIDE, MAX_SIDE))
def test_a_single_panel_has_always_room(cells: int, columns: int, side: int) -> None:
    assert room_for([cells], [MOST_LINES], columns, side) == 1
    assert room_for([cells] * 3, [MOST_LINES] * 3, columns, side) >= 1


def test_all_columns_and_sides_have_room_for_the_largest_panel() -> None:
    sides = range(LEAST_SIDE, MAX_SIDE + 1)
    assert all(
        room_for([MAX_CELLS], [MOST_LINES], columns, side) for columns in range(1, MAX_COLUMNS + 1) for side in sides
    )


@settings(max_examples=examples(25))
@given(
    st.lists(
        st.builds(
            Panel,
            st.lists(
                st.builds(Cell, st.sampled_from([None, coloured(RED, 90, 50), b"none"]), TEXTS, TEXTS),
                min_size=1,
                max_size=14,
            ),
            TEXTS,
            st.lists(TEXTS, max_size=7),
            st.none() | st.integers(-5, 10**9),
            st.booleans(),
        ),
        min_size=1,
        max_size=5,
    ),
    st.integers(1, MAX_COLUMNS),
    st.sampled_from([LEAST_SIDE, 100]),
    TEXTS,
    TEXTS,
)
def test_no_text_and_no_layout_is_too_odd(panels: list[Panel], columns: int, side: int, title: str, note: str) -> None:
    sheet = contact_sheet(panels, columns=columns, side=side, title=title, note=note)
    assert opened(sheet)
    assert sheet.shown + sheet.left_out == len(panels)


@pytest.mark.parametrize(("cells", "columns", "side"), [(1, 1, LEAST_SIDE), (4, 3, 200), (2, 4, MAX_SIDE)])
def test_a_sheet_is_never_larger_than_its_bounds_allow(cells: int, columns: int, side: int) -> None:
    words = "word " * 100
    tall = Cell(coloured(RED, 4, 900), words, words)
    panels = [Panel([tall] * cells, words, [words] * 9, 7)] * 60
    count = room_for([cells] * 60, [MOST_LINES] * 60, columns, side)
    sheet = contact_sheet(panels, columns=columns, side=side, title=words, note=words)
    assert sheet.shown == count
    assert sheet.width * sheet.height <= sheet_layout.MAX_PIXELS
    assert sheet.height <= sheet_layout.MAX_HEIGHT


def test_what_has_no_room_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheet_layout, "MAX_PIXELS", 400_000)
    drawn: list[int] = []

    def lazily(number: int) -> Callable[[], bytes]:
        def read() -> bytes:
            drawn.append(number)
            return coloured(RED)

        return read

    panels = [Panel([Cell(lazily(number))], f"{number}") for number in range(40)]
    sheet = contact_sheet(panels, side=100)
    assert 0 < sheet.shown < 40
    assert sheet.left_out == 40 - sheet.shown
    assert drawn == list(range(sheet.shown))
    assert sheet.width * sheet.height <= 400_000
    whole = contact_sheet(panels[: sheet.shown], side=100)
    # The words at its end.
    assert sheet.height > whole.height


def test_no_more_panels_than_the_most() -> None:
    sheet = contact_sheet([Panel([Cell(None)])] * (MAX_PANELS + 7), side=LEAST_SIDE, columns=12)
    assert (sheet.shown, sheet.left_out) == (MAX_PANELS, 7)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"<svg/>", "it is no JPEG"),
        (picture()[:300], "it cannot be decoded"),
        (png_header(20_000, 20_000), "Pillow's limit"),
        (None, "it is not there"),
    ],
)
def test_what_cannot_be_drawn_is_a_panel_with_words(data: bytes | None, said: str) -> None:
    cells = [Cell(data, why_not="it is not there"), Cell(coloured(RED))]
    sheet = contact_sheet([Panel([Cell(coloured(GREEN))]), Panel(cells)], side=100)
    [(panel, why)] = sheet.not_drawn
    assert panel == 1
    assert said in why
    assert near(opened(sheet), RED)


def test_who_gives_a_picture_may_say_that_there_is_none() -> None:
    def gone() -> bytes:
        raise NotDrawnError("it was taken away https://x.example/a?sign=0123456789abcdef")

    sheet = contact_sheet([Panel([Cell(gone)])])
    assert sheet.not_drawn == ((0, "it was taken away https://x.example/a?***"),)


def test_pictures_are_decoded_one_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    busy, most, make = [0], [0], sheets.thumbnail

    def counting(*given: Any) -> Any:
        busy[0] += 1
        most[0] = max(most[0], busy[0])
        try:
            return make(*given)
        finally:
            busy[0] -= 1

    monkeypatch.setattr(sheets, "thumbnail", counting)
    contact_sheet([Panel([Cell(coloured(RED))] * 3)] * 4, side=100)
    assert most == [1]


def test_a_small_copy_is_drawn_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    small = thumbnail(coloured(RED, 900, 300), 100)
    large = thumbnail(coloured(GREEN, 900, 300), 300)
    made: list[bytes] = []
    make = sheets.thumbnail
    monkeypatch.setattr(sheets, "thumbnail", lambda data, *how: made.append(data) or make(data, *how))
    shown = opened(contact_sheet([Panel([Cell(small), Cell(large)])], side=100))
    assert made == [large.jpeg]
    assert [round(side, -1) for side in size_of(near(shown, RED))] == [100, 30]
    assert [round(side, -1) for side in size_of(near(shown, GREEN))] == [100, 30]


def test_what_is_wrong_is_marked() -> None:
    wrong = (180, 35, 24)
    plain = opened(contact_sheet([Panel([Cell(None)], "cup", ["words"], 1)], format="PNG"))
    marked = opened(contact_sheet([Panel([Cell(None)], "cup", ["words"], 1, is_wrong=True)], format="PNG"))
    assert near(plain, wrong) is None
    assert size_of(near(marked, wrong))[0] > 360


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_formats(kind: str) -> None:
    sheet = contact_sheet([Panel([Cell(coloured(RED))])], format=kind)
    assert Image.open(io.BytesIO(sheet.data)).format == kind


@pytest.mark.parametrize(
    ("given_", "said"),
    [
        ({"panels": []}, "panels: expected at least one"),
        ({"panels": [Panel([])]}, "panels: expected at least one"),
        ({"columns": 0}, "columns: expected a whole number from 1 to 12"),
        ({"columns": True}, "columns: expected"),
        ({"side": 5000}, "side: expected a whole number from 64 to 720"),
        ({"side": 100.0}, "side: expected"),
        ({"format": "GIF"}, "GIF"),
        ({"font": "/nowhere/font.ttf"}, r"font: '/nowhere/font.ttf' cannot be read"),
        ({"font": __file__}, "font: .* cannot be read"),
    ],
)
def test_bad_arguments(given_: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        contact_sheet(**{"panels": [Panel([Cell(None)])], **given_})


def test_threads_may_draw_at_the_same_time() -> None:
    found: list[ContactSheet] = []
    panels = [Panel([Cell(coloured(RED))], "红 cup", ["words"], 3)] * 3
    threads = [threading.Thread(target=lambda: found.append(contact_sheet(panels, side=100))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({sheet.data for sheet in found}) == 1
    assert len(found) == 4


class TestCaptions:
    def test_lines_break_at_spaces_and_long_words_anywhere(self) -> None:
        assert fit_lines("one two three", len, 7, 9) == ["one two", "three"]
        assert fit_lines("abcdefghij", len, 4, 9) == ["abcd", "efgh", "ij"]
        assert fit_lines("one two three four", len, 7, 2) == ["one two", "three…"]
        assert fit_lines("abcdefghij", len, 4, 2) == ["abcd", "efg…"]
        assert fit_lines("", len, 4, 2) == []

    @given(st.text(max_size=200), st.integers(1, 40), st.integers(1, 6))
    def test_no_line_is_longer_and_nothing_is_lost_without_a_sign(self, text: str, width: int, most: int) -> None:
        lines = fit_lines(text, len, width, most)
        assert len(lines) <= most
        # A single character, and the ellipsis, stand even where they have no room.
        assert all(len(line) <= max(width, 2) for line in lines)
        bare = "".join(text.split())
        told = "".join("".join(lines).split())
        if told != bare:
            assert told.endswith(ELLIPSIS)
            assert bare.startswith(told.removesuffix(ELLIPSIS))


class TestFonts:
    def test_what_the_font_has_not_is_told(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(fonts, "_ELSEWHERE", ())
        sheet = contact_sheet([Panel([Cell(None)], "红 cup", number=1)], title="杯")
        assert sheet.missing == "杯红"
        assert contact_sheet([Panel([Cell(None)], "cup", number=1)]).missing == ""

    def test_a_font_of_the_system_writes_what_the_own_one_has_not(self, monkeypatch: pytest.MonkeyPatch) -> None:
        name = "DejaVuSans.ttf"
        if fonts._path_of(name) is None:
            pytest.skip(f"this machine has no {name}")
        monkeypatch.setattr(fonts, "_ELSEWHERE", ("no-such-font.ttf", name))
        face = Typeface(12)
        own = face.font_for("cup")
        text = "\u0561\u0562"  # Armenian, which Pillow's own font has not.
        assert face.font_for(text) is not own
        assert face.missing == ""
        assert face.width(text) > 0

    def test_a_font_that_is_given_writes_all_that_it_has(self) -> None:
        path = fonts._path_of("DejaVuSans.ttf")
        if path is None:
            pytest.skip("this machine has no DejaVuSans.ttf")
        assert Typeface(12, path).font_for("cup").path == path
        assert contact_sheet([Panel([Cell(None)], "\u0561", number=1)], font=path).missing == ""
