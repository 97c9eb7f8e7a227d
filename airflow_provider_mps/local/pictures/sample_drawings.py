"""Products that are drawn: round ones, each given by how wide it is at which height; cut out, as shops have them."""

from __future__ import annotations

import io
from collections.abc import Sequence
from itertools import pairwise
from math import ceil
from typing import NamedTuple

from PIL import Image, ImageFilter

_SIZE = 900
_CATALOGUE_SIZE = 640
_BACKDROP = (244, 243, 240)
_SHADES = [0.45 + 0.75 * max(0.0, 1 - abs(value / 255 - 0.32) / 0.68) for value in range(256)]

Colour = tuple[int, int, int]
# Heights and half widths, both as shares of the picture's side.
Outline = Sequence[tuple[float, float]]


class _Product(NamedTuple):
    """How a product looks: its outline, and its colour where no band has another one."""

    outline: Outline
    colour: Colour
    bands: Sequence[tuple[float, float, Colour]]
    size: int = _SIZE


_VASE: Outline = ((0.14, 0.09), (0.20, 0.07), (0.30, 0.10), (0.48, 0.22), (0.66, 0.21), (0.80, 0.12), (0.84, 0.13))
_BOTTLE: Outline = ((0.10, 0.035), (0.30, 0.038), (0.42, 0.11), (0.46, 0.12), (0.84, 0.12), (0.86, 0.11))
_JAR: Outline = ((0.22, 0.15), (0.30, 0.15), (0.31, 0.13), (0.36, 0.21), (0.80, 0.21), (0.84, 0.19))
_CANDLE: Outline = ((0.12, 0.004), (0.17, 0.006), (0.18, 0.10), (0.20, 0.11), (0.80, 0.11), (0.81, 0.17), (0.85, 0.18))
_BOWL: Outline = ((0.42, 0.32), (0.45, 0.325), (0.60, 0.28), (0.72, 0.14), (0.76, 0.11), (0.79, 0.12))
_GOBLET: Outline = ((0.14, 0.14), (0.30, 0.17), (0.42, 0.12), (0.48, 0.025), (0.74, 0.02), (0.80, 0.14), (0.83, 0.15))
_LAMP: Outline = ((0.12, 0.12), (0.42, 0.25), (0.43, 0.03), (0.58, 0.03), (0.66, 0.14), (0.78, 0.15), (0.84, 0.11))
_TUMBLER: Outline = ((0.24, 0.17), (0.40, 0.165), (0.80, 0.13), (0.83, 0.12))
_TIN: Outline = ((0.20, 0.19), (0.27, 0.20), (0.28, 0.185), (0.82, 0.185), (0.84, 0.18))

_CREAM: Colour = (246, 240, 222)
_GOLD: Colour = (196, 160, 70)
_RED: Colour = (150, 40, 40)

_PRODUCTS = {
    "vase.png": _Product(_VASE, (34, 92, 140), ((0.44, 0.47, (232, 214, 160)), (0.62, 0.65, (232, 214, 160)))),
    "bottle.png": _Product(_BOTTLE, (40, 98, 62), ((0.10, 0.16, _GOLD), (0.52, 0.74, _CREAM), (0.60, 0.62, _RED))),
}
_CATALOGUE = {
    "vase-amber": _Product(_VASE, (188, 116, 36), ((0.50, 0.54, _CREAM),), _CATALOGUE_SIZE),
    "vase-rose": _Product(_VASE, (186, 92, 108), ((0.24, 0.27, _CREAM), (0.70, 0.74, _CREAM)), _CATALOGUE_SIZE),
    "bottle-olive": _Product(_BOTTLE, (92, 104, 34), ((0.10, 0.15, _GOLD), (0.54, 0.76, _CREAM)), _CATALOGUE_SIZE),
    "bottle-cassis": _Product(_BOTTLE, (84, 30, 66), ((0.10, 0.17, _RED), (0.56, 0.72, _GOLD)), _CATALOGUE_SIZE),
    "jar-honey": _Product(_JAR, (206, 142, 40), ((0.22, 0.31, _GOLD), (0.48, 0.70, _CREAM)), _CATALOGUE_SIZE),
    "jar-plum": _Product(_JAR, (78, 38, 90), ((0.22, 0.31, _RED), (0.50, 0.68, _CREAM)), _CATALOGUE_SIZE),
    "candle-sage": _Product(
        _CANDLE, (138, 158, 122), ((0.12, 0.18, (60, 50, 44)), (0.80, 0.86, _GOLD)), _CATALOGUE_SIZE
    ),
    "bowl-indigo": _Product(_BOWL, (46, 56, 128), ((0.47, 0.50, _CREAM),), _CATALOGUE_SIZE),
    "goblet-copper": _Product(_GOBLET, (172, 98, 62), ((0.14, 0.18, _GOLD),), _CATALOGUE_SIZE),
    "lamp-teal": _Product(_LAMP, (24, 118, 116), ((0.12, 0.42, _CREAM), (0.43, 0.58, _GOLD)), _CATALOGUE_SIZE),
    "tumbler-coral": _Product(_TUMBLER, (220, 106, 86), ((0.30, 0.33, _CREAM), (0.72, 0.75, _CREAM)), _CATALOGUE_SIZE),
    "tin-tea": _Product(
        _TIN, (36, 76, 58), ((0.20, 0.27, _GOLD), (0.42, 0.66, _CREAM), (0.52, 0.55, _RED)), _CATALOGUE_SIZE
    ),
}
DRAWN = tuple(_PRODUCTS)
CATALOGUE_SKUS = tuple(_CATALOGUE)


def draw(name: str) -> bytes:
    """Return the PNG of a product; ``name`` is one of ``DRAWN``."""
    return _draw(_PRODUCTS[name])


def draw_sku(sku: str, *, is_new: bool = False) -> bytes:
    """Return the PNG of a product of the sample catalogue.

    :param sku: one of ``CATALOGUE_SKUS``.
    :param is_new: the product as it is sold from now on: in another colour.
    """
    product = _CATALOGUE[sku]
    if is_new:
        red, green, blue = product.colour
        product = product._replace(colour=(blue, red, green))
    return _draw(product)


def _draw(product: _Product) -> bytes:
    size = product.size
    picture = Image.new("RGB", (size, size), _BACKDROP)
    cut_out = Image.new("L", picture.size, 0)
    lit: dict[Colour, Image.Image] = {}
    for row in range(ceil(product.outline[0][0] * size), int(product.outline[-1][0] * size)):
        height = row / size
        half = max(1, round(_half_width(product.outline, height) * size))
        colour = next((paint for top, bottom, paint in product.bands if top <= height < bottom), product.colour)
        if colour not in lit:
            lit[colour] = _lit(colour)
        left = size // 2 - half
        picture.paste(lit[colour].resize((2 * half, 1)), (left, row))
        cut_out.paste(255, (left, row, left + 2 * half, row + 1))
    picture.putalpha(cut_out.filter(ImageFilter.GaussianBlur(0.7)))
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()


def _half_width(outline: Outline, height: float) -> float:
    for (above, wide), (below, wider) in pairwise(outline):
        if above <= height < below:
            share = (height - above) / (below - above)
            share = share * share * (3 - 2 * share)
            return wide + (wider - wide) * share
    return outline[-1][1]


def _lit(colour: Colour) -> Image.Image:
    """Return a row in a colour, with light from the left: dark at both rims, bright at a third."""
    light = Image.linear_gradient("L").rotate(90).crop((0, 0, 256, 1))
    return Image.merge("RGB", [light.point([min(255, int(part * shade)) for shade in _SHADES]) for part in colour])
