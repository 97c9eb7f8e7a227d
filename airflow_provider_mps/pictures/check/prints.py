"""Prints of pictures, by which the same picture is known again, encoded anew or in another size."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping
from itertools import product as combinations
from typing import TYPE_CHECKING

from airflow_provider_mps.pictures.check.bounds import Bounds
from airflow_provider_mps.pictures.check.findings import Code, Finding, rejected

if TYPE_CHECKING:
    from PIL.Image import Image

# A print is the picture itself, very small: brightness, and with less detail its two colours.
_SIDE, _COLOUR_SIDE = 12, 5
_LENGTH = _SIDE**2 + 2 * _COLOUR_SIDE**2
# How wide the cells are by which prints are found; no less than twice the bound.
_CELL = 8


def print_of(picture: Image) -> str:
    """Return the print of a picture: some 260 letters.

    :param picture: RGB
    """
    from PIL.Image import Resampling

    parts = picture.convert("RGB").resize((4 * _SIDE, 4 * _SIDE), Resampling.BOX).convert("YCbCr").split()
    sides = (_SIDE, _COLOUR_SIDE, _COLOUR_SIDE)
    small = (part.resize((side, side), Resampling.BOX) for part, side in zip(parts, sides, strict=True))
    return base64.b64encode(b"".join(part.tobytes() for part in small)).decode()


def duplicates(
    prints: Mapping[str, str], subjects: Mapping[str, str] | None = None, bounds: Bounds | None = None
) -> dict[str, Finding]:
    """Return the items whose picture is that of an item before them, with a finding for each.

    Two looks of one product are different pictures, and no duplicates; the same picture twice is, whatever it shows.
    The time this takes grows with the number of items, and with its square only where all look nearly the same: 4 s for
    10,000, and at worst 150 s.

    :param prints: the print of each item's picture by the item's name, in their order; what is no print is left out
    :param subjects: the subject of each item, if known: any text that tells one from another; it is told of whom the
        other picture is
    :param bounds: ``duplicate`` is used; default: the defaults
    """
    apart = (bounds or Bounds()).duplicate
    known: dict[tuple[int, ...], list[tuple[str, bytes]]] = {}
    found = {}
    for item, text in prints.items():
        seen = _read(text)
        if seen is None:
            continue
        features = _features(seen)
        cells = _cells(features, apart)
        other = next((one for cell in cells for one in known.get(cell, ()) if _same(one[1], seen, apart)), None)
        if other is None:
            # Of pictures that are all the same only the first is compared with the next.
            known.setdefault(tuple(int(value // _cell(apart)) for value in features), []).append((item, seen))
            continue
        value = max(abs(one - another) for one, another in zip(other[1], seen, strict=True))
        whose = _whose(item, other[0], subjects)
        found[item] = rejected(Code.DUPLICATE, value, apart, f"it is the same picture as that of {other[0]!r}{whose}")
    return found


def _whose(item: str, other: str, subjects: Mapping[str, str] | None) -> str:
    if subjects is None or item not in subjects or other not in subjects:
        return ""
    return ", of the same subject" if subjects[item] == subjects[other] else ", of another subject"


def _read(text: str) -> bytes | None:
    try:
        data = base64.b64decode(text, validate=True)
    except (ValueError, TypeError, binascii.Error):
        return None
    return data if len(data) == _LENGTH else None


def _features(seen: bytes) -> tuple[float, ...]:
    """Return a few means, none of which is further apart than the values of two prints are."""
    half = _SIDE // 2
    rows = [seen[row * _SIDE : (row + 1) * _SIDE] for row in range(_SIDE)]
    means = [
        sum(sum(row[left : left + half]) for row in rows[upper : upper + half]) / half**2
        for upper in (0, half)
        for left in (0, half)
    ]
    colours = seen[_SIDE**2 :]
    size = _COLOUR_SIDE**2
    return (*means, sum(colours[:size]) / size, sum(colours[size:]) / size)


def _cell(apart: float) -> float:
    return max(_CELL, 2 * apart + 1)


def _cells(features: tuple[float, ...], apart: float) -> Iterator[tuple[int, ...]]:
    """Return the cells in which prints can be that are no further apart."""
    width = _cell(apart)
    ends = [{int((value - apart) // width), int((value + apart) // width)} for value in features]
    return combinations(*(sorted(end) for end in ends))


def _same(one: bytes, other: bytes, apart: float) -> bool:
    return all(-apart <= a - b <= apart for a, b in zip(one, other, strict=True))
