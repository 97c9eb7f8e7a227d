"""How much a picture may differ before it is rejected."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """The bounds of the check.

    The defaults were chosen on pictures with products as they are and with planted faults, on drawn and photographed
    backgrounds, in light of up to a quarter more or less and 11% warmer or colder (``make bench``, section *checking*);
    most lie in the middle of a wide gap. A service that lights products more strongly wants wider ones.

    :param size: how far width, height or the longer side may be from what was asked for, a share. Default 0.01: models
        round to a multiple of 8 pixels.
    :param ratio: how far the ratio of the sides may be from what was asked for, a share. Default 0.02.
    :param blank: a picture is blank if its darkest and brightest values are closer than this, of 255. Default 10: noise
        stays below 3, and a white product on white above 30.
    :param cut: from which share of its height on a plain lower end, which begins all of a sudden, is what a cut file
        looks like. Default 0.02.
    :param unchanged: the background is that of the subject's picture if it differs by no more, of 255, and the product
        is where it was. Default 5: encoding anew makes less than 2.
    :param found: how much has to speak for the product at its likeliest place, 0 to 1: its edges that are there, times
        what is the same between them. Default 0.3: 0.6 to 1 with a product, 0.1 to 0.5 with a half of
        one, up to 0.31 without.
    :param inliers: how many features of the subject found again in one place make that place the first to be looked at;
        and the product found where nothing tells it from its background. Default 12: other pictures have up to 7,
        and mostly no more than 3.
    :param mirrored: how much better what is seen correlates with the product in a mirror than with the product, where
        both differ. Default 0.2: a product as it is has less than 0.05, mostly less than 0; a mirrored one mostly 0.4
        to 0.8, and less only if a small part of it tells one from the other.
    :param outside: how much of the product may be outside of the picture, a share of its area. Default 0.03.
    :param covered: where something else may be seen, a share of the product's area. Default 0.15: 0 to 0.03 without a
        fault, more only of glass; half hidden 0.15 to 0.8, and if it is less, its edges tell.
    :param edges: how much of the product's edges may be missing, a share. Default 0.35: 0 to 0.26 without a fault, 0.3
        to 0.73 half hidden.
    :param colour: from which difference on a colour is another one, in units of CIELAB, after the light was taken
        into account. Default 20: light and reflections leave up to 10, another colour makes 30 and more.
    :param recoloured: how much of the product may have another colour, a share. Default 0.12: 0 to 0.03 without a
        fault, more only of glass; 0.18 to 1 in another colour.
    :param duplicate: two pictures are one if no part of their prints differs by more, of 255. Default 3: encoding anew
        makes 1.
    """

    size: float = 0.01
    ratio: float = 0.02
    blank: int = 10
    cut: float = 0.02
    unchanged: float = 5.0
    found: float = 0.3
    inliers: int = 12
    mirrored: float = 0.2
    outside: float = 0.03
    covered: float = 0.15
    edges: float = 0.35
    colour: float = 20.0
    recoloured: float = 0.12
    duplicate: float = 3.0
