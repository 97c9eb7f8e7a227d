"""A second set: products, backgrounds and drawing code of its own."""

from __future__ import annotations

import random
from functools import cache

from tests.checked.cases import Source, Studio
from tests.checked.making import cut_out, photo
from tests.checked.second_backdrops import backdrop
from tests.checked.second_last_products import PRODUCTS as LAST
from tests.checked.second_more_products import PRODUCTS as MORE
from tests.checked.second_products import PRODUCTS as FIRST

Colour = tuple[int, int, int]
# What is photographed before a plain backdrop, the others are cut out.
_BACKDROPS: dict[str, Colour] = {
    "lamp": (246, 246, 244),
    "truck": (255, 255, 255),
    "teapot": (206, 208, 210),
    "sunglasses": (252, 250, 246),
    "gamepad": (30, 31, 36),
    "drill": (255, 255, 255),
    "guitar": (238, 236, 230),
    "suitcase": (255, 255, 255),
    "camera": (224, 224, 222),
    "hourglass": (250, 250, 250),
}
# Of these the outline and its mirror's differ in about 2 % of both together at most, they bear no word and no part of
# another colour on one side only, and, side by side with their mirror, nothing but the light is seen to differ. The
# mean difference of the pixels does not tell: it is 64 of a plain round thing in light from one side, and 14 of one
# with words and a pocket, which anybody sees turned round.
_SAME_IN_A_MIRROR = ("candle", "hourglass", "ring", "sunglasses")
_CLEAR = ("hourglass",)


_DRAWINGS = {**FIRST, **MORE, **LAST}


@cache
def source(name: str) -> Source:
    """One of the products."""
    product, rng = _DRAWINGS[name](), random.Random(f"second {name}")
    if name in _BACKDROPS:
        picture = photo(product, _BACKDROPS[name], rng.uniform(0.08, 0.3), rng, rng.uniform(1, 3))
    else:
        left, top = rng.randrange(16, 90), rng.randrange(16, 90)
        picture = cut_out(product, left, top, left, top)
    return Source(picture, product, name not in _SAME_IN_A_MIRROR, name in _CLEAR)


STUDIO = Studio("second", lambda: {name: source(name) for name in _DRAWINGS}, backdrop)
"""Ordinary products of a shop; one rule was changed by what was seen of them (of what is seen through glass)."""
