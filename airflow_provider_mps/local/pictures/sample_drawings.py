"""Products that are drawn: round ones, each given by how wide it is at which height; cut out, as shops have them."""

from __future__ import annotations

import io
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from PIL import Image, ImageFilter

_SIZE = 900
_BACKDROP = (244, 243, 240)


class _Product(NamedTuple):
    """How a product looks: ``outline`` has heights and half widths, both as shares of the picture's side."""

    outline: Sequence[tuple[float, float]]
    colour: tuple[int, int, int]
    bands: Sequence[tuple[float, float, tuple[int, int, int]]]


_PRODUCTS = {
    "vase.png": _Product(
        ((0.14, 0.09), (0.20, 0.07), (0.30, 0.10), (0.48, 0.22), (0.66, 0.21), (0.80, 0.12), (0.84, 0.13)),
        (34, 92, 140),
        ((0.44, 0.47, (232, 214, 160)), (0.62, 0.65, (232, 214, 160))),
    ),
    "bottle.png": _Product(
        ((0.10, 0.035), (0.30, 0.038), (0.42, 0.11), (0.46, 0.12), (0.84, 0.12), (0.86, 0.11)),
        (40, 98, 62),
        ((0.10, 0.16, (196, 160, 70)), (0.52, 0.74, (246, 240, 222)), (0.60, 0.62, (150, 40, 40))),
    ),
}
DRAWN = tuple(_PRODUCTS)


def draw(name: str) -> bytes:
    """Return the PNG of a product; ``name`` is one of ``DRAWN``."""
    product = _PRODUCTS[name]
    picture = Image.new("RGB", (_SIZE, _SIZE), _BACKDROP)
    cut_out = Image.new("L", picture.size, 0)
    light = Image.linear_gradient("L").rotate(90)
    for row in range(int(product.outline[0][0] * _SIZE), int(product.outline[-1][0] * _SIZE)):
        height = row / _SIZE
        half = max(1, round(_half_width(product.outline, height) * _SIZE))
        colour = next((paint for top, bottom, paint in product.bands if top <= height < bottom), product.colour)
        left = _SIZE // 2 - half
        picture.paste(_lit(colour, light.resize((2 * half, 1))), (left, row))
        cut_out.paste(255, (left, row, left + 2 * half, row + 1))
    picture.putalpha(cut_out.filter(ImageFilter.GaussianBlur(0.7)))
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()


def _half_width(outline: Sequence[tuple[float, float]], height: float) -> float:
    for (above, wide), (below, wider) in pairwise(outline):
        if above <= height < below:
            share = (height - above) / (below - above)
            share = share * share * (3 - 2 * share)
            return wide + (wider - wide) * share
    return outline[-1][1]


def _lit(colour: tuple[int, int, int], light: Image.Image) -> Image.Image:
    """Return a row in a colour, with light from the left: dark at both rims, bright at a third."""
    shades = [0.45 + 0.75 * max(0.0, 1 - abs(value / 255 - 0.32) / 0.68) for value in range(256)]
    return Image.merge("RGB", [light.point([min(255, int(part * shade)) for shade in shades]) for part in colour])
