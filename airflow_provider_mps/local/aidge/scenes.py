"""The catalogue of scenes that Aidge's stand-in knows, and the search in it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from airflow_provider_mps.local.pictures.stages import Backdrop

INDOOR, OUTDOOR, ATMOSPHERE, PROMOTION = 1, 2, 3, 4

CATEGORIES = {
    1: "General Purpose",
    2: "Consumer Electronics",
    3: "Home & Garden",
    4: "Automobiles, Parts & Accessories",
    5: "Computer & Office",
    6: "Sports & Entertainment",
    7: "Clothing",
    8: "Beauty & Health",
    9: "Tools",
    10: "Toys & Hobbies",
    11: "Phones & Telecommunications",
}

_LITTLE_WORDS = frozenset({"a", "an", "and", "at", "by", "for", "in", "of", "on", "the", "to", "under", "with"})


@dataclass(frozen=True, slots=True)
class Scene:
    """A scene that pictures can be made in.

    :param number: its id, ``modelNum`` on the wire.
    :param name: its name.
    :param kind: its scene type, 1-4.
    :param categories: the product categories that it suits, 1-11.
    :param tags: words for what is likely shown in it.
    :param backdrop: what it is drawn from.
    """

    number: str
    name: str
    kind: int
    categories: tuple[int, ...]
    tags: tuple[str, ...]
    backdrop: Backdrop

    @property
    def category_names(self) -> list[str]:
        """The names of the categories."""
        return [CATEGORIES[number] for number in self.categories]

    def shared_words(self, words: frozenset[str]) -> int:
        """Count the words of name and tags that are among ``words``."""
        return len(_words(" ".join((self.name, *self.tags))) & words)


_ROWS: Sequence[tuple[str, int, tuple[int, ...], tuple[str, ...], Backdrop]] = (
    ("Marble table", INDOOR, (1, 3, 8), ("Kitchen", "Tableware", "Cream"), Backdrop("beige room", "white marble")),
    (
        "Oak table",
        INDOOR,
        (1, 3),
        ("Kitchen", "Coffee", "Cup", "Mug", "Dining"),
        Backdrop("cream room", "honey oak wood"),
    ),
    ("Walnut desk", INDOOR, (2, 5, 11), ("Office", "Laptop", "Keyboard"), Backdrop("blue room", "brown walnut wood")),
    ("Black stone bar", INDOOR, (2, 3), ("Bar", "Bottle", "Glass", "Speaker"), Backdrop("city night", "black stone")),
    ("Beige marble vanity", INDOOR, (8,), ("Bathroom", "Perfume", "Soap"), Backdrop("teal room", "beige marble")),
    ("Pink dressing table", INDOOR, (7, 8), ("Beauty", "Lipstick", "Jewelry"), Backdrop("pink room", "pink marble")),
    ("Playroom floor", INDOOR, (10,), ("Toys", "Kids", "Puzzle", "Doll"), Backdrop("yellow room", "beige wood planks")),
    ("Workshop bench", INDOOR, (4, 9), ("Tools", "Drill", "Hammer"), Backdrop("grey room", "brown wood planks")),
    ("Garden lawn", OUTDOOR, (3, 6, 10), ("Garden", "Ball", "Picnic"), Backdrop("blue sky", "green grass")),
    ("Sandy beach", OUTDOOR, (6, 7), ("Summer", "Swimwear", "Sunglasses"), Backdrop("blue sky", "sand")),
    ("Beach at sunset", OUTDOOR, (1, 7), ("Summer", "Evening", "Dress"), Backdrop("sunset", "sand")),
    ("Desert under a purple sky", OUTDOOR, (4, 6), ("Desert", "Boots", "Car"), Backdrop("purple sky", "orange sand")),
    ("Stone terrace", OUTDOOR, (3, 6), ("Terrace", "Planter", "Grill"), Backdrop("blue sky", "grey stone")),
    ("Coast meadow at sunrise", OUTDOOR, (1, 6, 8), ("Camping", "Tent", "Tea"), Backdrop("sunrise", "grass")),
    ("Street at night", OUTDOOR, (2, 4, 7), ("City", "Sneakers", "Car"), Backdrop("neon night", "black stone")),
    ("Wooden jetty", OUTDOOR, (6, 7), ("Lake", "Fishing", "Backpack"), Backdrop("teal sky", "grey wood planks")),
    ("Pink lights", ATMOSPHERE, (7, 8), ("Romantic", "Gift", "Perfume"), Backdrop("pink lights")),
    ("Neon night", ATMOSPHERE, (2, 5, 11), ("Gaming", "Headphones", "Phone"), Backdrop("neon night")),
    ("Golden glow", ATMOSPHERE, (1, 7, 8), ("Luxury", "Watch", "Gift"), Backdrop("gold glow")),
    ("Above the clouds", ATMOSPHERE, (1, 10), ("Dream", "Baby", "Kite"), Backdrop("sky with clouds")),
    ("Red podium", PROMOTION, (1, 2, 3), ("Sale", "Holiday", "Discount"), Backdrop("red", podium=True)),
    ("Blue podium", PROMOTION, (2, 5, 11), ("Sale", "Launch", "Phone"), Backdrop("blue", podium=True)),
    ("Pink podium", PROMOTION, (7, 8, 10), ("Sale", "Spring", "Beauty"), Backdrop("pink", podium=True)),
    ("Black and gold podium", PROMOTION, (1, 4, 9), ("Luxury", "Premium"), Backdrop("black", "gold", podium=True)),
)

SCENES = {str(number): Scene(str(number), *row) for number, row in enumerate(_ROWS, start=1)}


def find_scenes(title: str, category: int | None, kind: int | None, count: int) -> list[Scene]:
    """Choose scenes.

    :param title: a product title; scenes that share words with it come first. Empty for the catalogue's order.
    :param category: only scenes for this product category; ``None`` for all.
    :param kind: only scenes of this type; ``None`` for all.
    :param count: return so many at most.
    """
    words = _words(title)
    found = [scene for scene in SCENES.values() if category in (None, *scene.categories) and kind in (None, scene.kind)]
    found.sort(key=lambda scene: -scene.shared_words(words))
    return found[:count]


def _words(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"\w+", text.casefold())) - _LITTLE_WORDS
