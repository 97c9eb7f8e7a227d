"""Pictures with nothing, or not all, in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_mps.pictures.check.bounds import Bounds
from airflow_provider_mps.pictures.check.findings import Code, Finding, ok, rejected

if TYPE_CHECKING:
    from PIL.Image import Image

# Small enough that the noise of a camera is gone, large enough for a small product.
_SIDE = 96
# A share of a channel's values that may be anything, at either end.
_TAIL = 0.002
# How much a row has to differ from what follows, of 255, and over how much of its width.
_STEP, _WIDE = 8, 0.6
# The height of a row of blocks, pixels.
_BLOCK = 16


def check_blank(picture: Image, bounds: Bounds) -> Finding:
    """Say whether there is anything in a picture: how far apart its darkest and brightest values are.

    :param picture: RGB or RGBA
    :param bounds: ``blank`` is used
    """
    from PIL.Image import Resampling

    small = picture.convert("RGB")
    small.thumbnail((_SIDE, _SIDE), Resampling.BOX)
    spread = max(_spread(channel.histogram()) for channel in small.split())
    make = rejected if spread < bounds.blank else ok
    return make(Code.BLANK, spread, bounds.blank, f"its colours are within {spread} of 255")


def _spread(histogram: list[int]) -> int:
    tail, total = _TAIL * sum(histogram), 0
    ends = []
    for counts in (histogram, histogram[::-1]):
        total = 0
        for value, count in enumerate(counts):
            total += count
            if total > tail:
                ends.append(value)
                break
    return max(0, 255 - ends[0] - ends[1])


def check_cut(picture: Image, bounds: Bounds) -> Finding:
    """Say whether the lower end of a picture is missing, as in a file that was cut and closed again.

    What decoders make of rows that are not there has one colour, exactly, and begins all of a sudden.

    :param picture: RGB or RGBA
    :param bounds: ``cut`` is used
    """
    plain = picture.convert("RGB")
    first = _first_plain_row(plain)
    share = round(1 - first / plain.height, 3)
    is_cut = 0 < first < plain.height and share >= bounds.cut and _begins_suddenly(plain, first)
    make = rejected if is_cut else ok
    value = share if is_cut else 0.0
    return make(Code.CUT_OFF, value, bounds.cut, f"its lowest {value:.0%} has one colour and begins all of a sudden")


def _first_plain_row(picture: Image) -> int:
    """Return from which row on all of a picture has the same colour; its height if no row has."""
    low, high = 0, picture.height
    while low < high:
        middle = (low + high) // 2
        ends = picture.crop((0, middle, picture.width, picture.height)).getextrema()
        if all(pair[0] == pair[1] for pair in ends if isinstance(pair, tuple)):
            high = middle
        else:
            low = middle + 1
    return low


def _begins_suddenly(picture: Image, first: int) -> bool:
    from PIL import Image as Images
    from PIL import ImageChops

    flat = Images.new("RGB", (picture.width, 1), picture.getpixel((0, picture.height - 1)))
    # A row of blocks may be there in part; then what is above it differs.
    for above in (first - 1, first - 1 - _BLOCK):
        row = picture.crop((0, max(0, above), picture.width, max(0, above) + 1))
        differs = ImageChops.difference(row, flat).convert("L").point(lambda value: 255 if value > _STEP else 0)
        ends = (differs.getpixel((0, 0)), differs.getpixel((picture.width - 1, 0)))
        # Where the ends are plain too, something wide stands on plain ground.
        if differs.histogram()[255] >= _WIDE * picture.width and ends == (255, 255):
            return True
    return False
