"""Fonts for what is written on pictures, and which characters they have."""

from __future__ import annotations

from functools import cache
from typing import Any

# A character that no font has.
_NO_CHARACTER = "\U0010ffff"
# Fonts with Chinese, as systems have them under these names; the last has most other scripts.
_ELSEWHERE = (
    *("NotoSansCJK-Regular.ttc", "NotoSansCJKsc-Regular.otf", "NotoSansSC-Regular.otf", "SourceHanSansSC-Regular.otf"),
    *("wqy-microhei.ttc", "wqy-zenhei.ttc", "DroidSansFallbackFull.ttf", "DroidSansFallback.ttf", "msyh.ttc"),
    *("PingFang.ttc", "simhei.ttf", "DejaVuSans.ttf"),
)


def load_font(points: float, path: str | None = None) -> Any:
    """Return a font.

    :param points: its size
    :param path: of a font file (TrueType or OpenType); None for that of Pillow, which has no Chinese
    :raises OSError: the file cannot be read, or is none
    """
    from PIL import ImageFont

    return ImageFont.load_default(points) if path is None else ImageFont.truetype(path, points)


def missing_characters(font: Any, text: str) -> str:
    """Return the characters that a font has not, each once, in their order: it draws boxes in place of these."""
    none = _drawn(font, _NO_CHARACTER)
    return "".join(sorted({one for one in text if not one.isspace() and _drawn(font, one) == none}))


class Typeface:
    """One font in one size, or another one for what it cannot write; it never refuses a text.

    A text is written in one font: in the given one, in that of Pillow, or in one that the system has, whichever lacks
    fewest of its characters, and the first of those.

    :param points: its size
    :param path: of a font file; None for none
    :raises OSError: the file cannot be read, or is none
    """

    def __init__(self, points: float, path: str | None = None) -> None:
        self._points = points
        self._fonts = [load_font(points, one) for one in dict.fromkeys((path, None))]
        self._has_looked = False
        self._known: dict[tuple[int, str], bool] = {}
        self._missing: set[str] = set()

    @property
    def missing(self) -> str:
        """The characters that were written as boxes."""
        return "".join(sorted(self._missing))

    def font_for(self, text: str) -> Any:
        """Return the font that a text is written in."""
        best, lacking = self._best(text)
        if lacking and not self._has_looked:
            self._has_looked = True
            self._fonts += [font for name in _ELSEWHERE if (font := _found(name, self._points)) is not None]
            best, lacking = self._best(text)
        self._missing |= lacking
        return best

    def width(self, text: str) -> float:
        """Return how wide a text is, in pixels."""
        return float(self.font_for(text).getlength(text))

    def _best(self, text: str) -> tuple[Any, set[str]]:
        found = [(font, {one for one in text if not self._has(index, one)}) for index, font in enumerate(self._fonts)]
        return min(found, key=lambda one: len(one[1]))

    def _has(self, index: int, character: str) -> bool:
        place = index, character
        if place not in self._known:
            self._known[place] = not missing_characters(self._fonts[index], character)
        return self._known[place]


def _drawn(font: Any, character: str) -> tuple[Any, bytes]:
    made = font.getmask(character)
    return made.size, bytes(made)


@cache
def _path_of(name: str) -> str | None:
    """Return where the system has a font; Pillow looks through its folders of fonts."""
    from PIL import ImageFont

    try:
        return str(ImageFont.truetype(name, 12).path)
    except OSError:
        return None


def _found(name: str, points: float) -> Any:
    path = _path_of(name)
    return None if path is None else load_font(points, path)
