"""A product compared with what is in its place in a result, spot by spot: what is drawn on it, and its colours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow_provider_mps.pictures.check.colours import differences
from airflow_provider_mps.pictures.check.frame import side_by_side
from airflow_provider_mps.pictures.check.glass import seen_through
from airflow_provider_mps.pictures.check.poses import Pose
from airflow_provider_mps.pictures.check.region import Product

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Pixels = NDArray[Any]

OPAQUE = 0.25
"""Of what has less than this share that is not see-through, what differs may be what is behind it."""

_WINDOW = 13
# Of 255: what varies less within a window is smooth.
_SMOOTH = 3.0
# What changes within the first is grain, or the noise of a camera; over more than the second it is light.
_GRAIN, _LIGHT = 1.0, 4.0
# From which correlation on two windows show the same.
_ALIKE = 0.4
# Less than this tells nothing about a mirror, a share.
_LEAST_ASYMMETRIC = 0.005
# Where so much is alike as it is, nothing is moved.
_CLEAR = 0.98
# How far what is drawn on a product may be from where it should be, pixels.
_SHIFTS = ((0, 0), (2, 0), (-2, 0), (0, 2), (0, -2), (2, 2), (-2, -2), (2, -2), (-2, 2))


@dataclass(frozen=True)
class Agreement:
    """How far a product agrees with what is in its place; all are shares of its area that is within the result.

    :param inside: how much of the product is within the result
    :param textured: how much has something drawn on it, so that it can be compared
    :param alike: of that, how much shows the same
    :param asymmetric: how much of it has something drawn on it that looks different in a mirror
    :param turned: there, how much better what is seen correlates with the product in a mirror than with the product; -2
        to 2, and 0 where there is next to nothing of that kind
    :param differing: where something else is seen: another drawing, or one where there was none
    :param recoloured: of what shows the same, where the colours are others
    :param colour: the middle of all differences of colour, after the light was taken into account
    :param differing_solid: as ``differing``, where nothing is seen through; the same as that where nobody has looked
    :param recoloured_solid: as ``recoloured``, likewise
    :param opaque: how much of it is neither see-through nor like its backdrop, as what is seen in a handle; only that
        is compared, unless it is too little
    """

    inside: float
    textured: float
    alike: float
    asymmetric: float
    turned: float
    differing: float
    recoloured: float
    colour: float
    differing_solid: float
    recoloured_solid: float
    opaque: float


def compare(
    product: Product, result: Pixels, pose: Pose, colour_bound: float, *, through_glass: bool = False
) -> Agreement:
    """Compare a product with what a result shows in a pose.

    :param product: the product
    :param result: RGB bytes of the working picture
    :param pose: where the product is in it
    :param colour_bound: from which difference on a colour is another one
    :param through_glass: look for what may be the scene, seen through the product
    """
    import numpy as np

    here, there, mask, solid, within = side_by_side(product, result, pose)
    inside = _share(within, mask)
    opaque = _share(solid, mask & within)
    seen = mask & within & (solid | (opaque < OPAQUE))
    if seen.sum() < 100:
        return Agreement(inside, 0, 0, 0, 0, 1, 0, 0, 1, 0, 0)
    weight = seen.astype(np.float32)
    ours, theirs = (_drawn(one, weight) for one in (here, there))
    alike, spread = _correlation(ours, theirs, weight), _spread(ours, weight)
    textured = seen & (spread > _SMOOTH)
    smooth = seen & ~textured
    same = (textured & (alike > _ALIKE)) | (smooth & (_spread(theirs, weight) < 2 * spread + 4))
    asymmetric, turned = _in_mirror(ours, theirs, weight, alike)
    colours = differences(here, there, seen, same)
    others = colours > colour_bound
    differing, recoloured = _share(~same, seen), _share(others, same)
    solid_parts = (differing, recoloured)
    if through_glass:
        closed = seen & ~seen_through(product, result, pose, here, there)
        solid_parts = (_share(~same, closed), _share(others, same & closed))
    return Agreement(
        inside,
        float(textured.sum() / seen.sum()),
        _share(same, textured),
        asymmetric,
        turned,
        differing,
        recoloured,
        float(np.median(colours[seen])),
        *solid_parts,
        opaque,
    )


def _in_mirror(ours: Pixels, theirs: Pixels, weight: Pixels, alike: Pixels) -> tuple[float, float]:
    """Return how much looks different in a mirror, and how much better the mirror fits there."""
    import numpy as np

    mirror, there = np.ascontiguousarray(ours[:, ::-1]), np.ascontiguousarray(weight[:, ::-1])
    both = np.minimum(weight, there)
    drawn = np.maximum(_spread(ours * both, both), _spread(mirror * both, both)) > _SMOOTH
    differs = (both > 0) & drawn & (_correlation(ours, mirror, both, _SHIFTS[:1]) < _ALIKE)
    share = float(differs.sum() / max(1, (weight > 0).sum()))
    if share < _LEAST_ASYMMETRIC:
        return share, 0.0
    return share, float(np.median(_correlation(mirror, theirs, both)[differs]) - np.median(alike[differs]))


def _share(what: Pixels, of: Pixels) -> float:
    return float(what[of].mean()) if of.any() else 0.0


def _drawn(rgb: Pixels, weight: Pixels) -> Pixels:
    """Return the brightness of what is drawn on a product, without its grain, and without that of the light on it."""
    import cv2
    import numpy as np

    grey = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY).astype(np.float32) * weight
    fine, coarse = (
        cv2.GaussianBlur(grey, (0, 0), reach) / np.maximum(cv2.GaussianBlur(weight, (0, 0), reach), 1e-3)
        for reach in (_GRAIN, _LIGHT)
    )
    return np.asarray((fine - coarse) * weight)


def _mean(values: Pixels, weight: Pixels, total: Pixels) -> Pixels:
    import cv2
    import numpy as np

    return np.asarray(cv2.boxFilter(values * weight, -1, (_WINDOW, _WINDOW), normalize=False) / total)


def _total(weight: Pixels) -> Pixels:
    import cv2
    import numpy as np

    return np.maximum(cv2.boxFilter(weight, -1, (_WINDOW, _WINDOW), normalize=False), 1e-3)


def _spread(grey: Pixels, weight: Pixels) -> Pixels:
    """Return by how much the surroundings of each pixel vary."""
    import numpy as np

    total = _total(weight)
    mean = _mean(grey, weight, total)
    return np.asarray(np.sqrt(np.maximum(_mean(grey * grey, weight, total) - mean * mean, 0)))


def _correlation(ours: Pixels, theirs: Pixels, weight: Pixels, shifts: Sequence[tuple[int, int]] = _SHIFTS) -> Pixels:
    """Return how well the surroundings of each pixel correlate, at the best of a few small shifts."""
    import numpy as np

    total = _total(weight)
    best = np.full(ours.shape, -1, np.float32)
    mean = _mean(ours, weight, total)
    spread = _mean(ours * ours, weight, total) - mean * mean
    textured = (weight > 0) & (spread > _SMOOTH**2)
    for across, down in shifts:
        moved = np.roll(theirs, (down, across), (0, 1))
        other = _mean(moved, weight, total)
        varies = _mean(moved * moved, weight, total) - other * other
        common = _mean(ours * moved, weight, total) - mean * other
        best = np.maximum(best, common / np.sqrt(np.maximum(spread * varies, 1.0)))
        if (best[textured] > _ALIKE).sum() >= _CLEAR * textured.sum():
            break
    return best
