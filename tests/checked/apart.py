"""A set kept apart: it judges the check, and no rule or bound was changed by what was seen of it."""

from __future__ import annotations

import random
from functools import cache

from tests.checked.apart_backdrops import backdrop
from tests.checked.apart_last_products import PRODUCTS as LAST
from tests.checked.apart_more_products import PRODUCTS as MORE
from tests.checked.apart_products import PRODUCTS as FIRST
from tests.checked.cases import Source, Studio
from tests.checked.making import cut_out, photo

# What is photographed before a plain backdrop, the others are cut out.
_BEFORE: dict[str, tuple[int, int, int]] = {
    "sneaker": (52, 54, 58),
    "skillet": (246, 243, 236),
    "blender": (255, 255, 255),
    "crisps": (216, 217, 219),
    "cushion": (255, 255, 255),
    "watering can": (252, 252, 252),
    "football": (196, 198, 200),
    "hammer": (240, 238, 232),
}
# Neither a word nor a part is on one side only, and both halves of the outline are the same but for a pixel.
_SAME_IN_A_MIRROR = ("skillet", "headphones", "cushion")
_CLEAR = ("blender",)


@cache
def _sources() -> dict[str, Source]:
    found = {}
    for name, draw in {**FIRST, **MORE, **LAST}.items():
        product, rng = draw(), random.Random(f"apart {name}")
        if name in _BEFORE:
            picture = photo(product, _BEFORE[name], rng.uniform(0.07, 0.26), rng, rng.uniform(1, 2.6))
        else:
            left, top, right, bottom = (rng.randrange(14, 110) for _ in range(4))
            picture = cut_out(product, left, top, right, bottom)
        found[name] = Source(picture, product, name not in _SAME_IN_A_MIRROR, name in _CLEAR)
    return found


STUDIO = Studio("apart", _sources, backdrop)
"""Ordinary products of a shop, drawn without regard to how the check decides."""
