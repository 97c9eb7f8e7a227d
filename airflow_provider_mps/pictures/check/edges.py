"""Edges of pictures, and those that a product has wherever it stands: its outline and what is drawn on it.

An edge is a vector of two numbers: how strong it is, at most 1, in the direction of twice its angle. Light to dark and
dark to light are the same then, so that a background may be brighter or darker than the product; and what a busy
background has in all directions adds up to nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from airflow_provider_mps.pictures.check.region import Product

    Pixels = NDArray[Any]

# Of 255 a pixel: an edge of this strength counts half.
_HALF = 7.0
_POINTS = 600
# How strong an edge is at least that is looked for.
_CLEAR = 0.3
# How much more an edge counts where it is darkest, and up to about where, of 255: what is seen in the dark differs by
# little, and is seen all the same.
_MORE, _DARK = 1.5, 40.0


def edges_of(rgb: Pixels, half: float = _HALF) -> Pixels:
    """Return the edges of a picture, as float32 of height, width and 2.

    :param rgb: RGB bytes
    :param half: of 255 a pixel: an edge of this strength counts half
    """
    import cv2
    import numpy as np

    rgb = cv2.LUT(rgb, _lifted())
    across = cv2.Sobel(rgb, cv2.CV_32F, 1, 0, scale=0.25)
    down = cv2.Sobel(rgb, cv2.CV_32F, 0, 1, scale=0.25)
    strength = across * across + down * down
    # The channel in which it is strongest: some edges are of colour alone.
    best = strength.argmax(axis=-1)[..., None]
    x, y = (np.take_along_axis(part, best, -1)[..., 0] for part in (across, down))
    square = np.take_along_axis(strength, best, -1)[..., 0]
    length = np.sqrt(square)
    weight = 1 / ((length + half) * np.maximum(length, 1e-6))
    return np.stack([(x * x - y * y) * weight, 2 * x * y * weight], axis=-1).astype(np.float32)


@cache
def _lifted() -> Pixels:
    """Return what each value becomes, so that dark ones are further apart."""
    import numpy as np

    values = np.arange(256)
    lifted = values + _MORE * _DARK * (1 - np.exp(-values / _DARK))
    return np.asarray(np.rint(lifted * 255 / lifted[-1]), np.uint8)


def soften(edges: Pixels) -> Pixels:
    """Return edges softened, so that what is nearly there counts too."""
    import cv2
    import numpy as np

    return np.asarray(cv2.GaussianBlur(edges, (5, 5), 0))


def edges_of_product(rgb: Pixels, mask: Pixels) -> Pixels:
    """Return the edges that belong to a product: those within it, and its outline.

    :param rgb: RGB bytes
    :param mask: 255 where the product is
    """
    import cv2
    import numpy as np

    shape = cv2.copyMakeBorder(mask, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    outline = edges_of(cv2.merge([shape, shape, shape]), 1.0)[1:-1, 1:-1]
    inside = cv2.erode(shape, np.ones((5, 5), np.uint8))[1:-1, 1:-1, None] > 0
    return np.where(inside, edges_of(rgb), outline).astype(np.float32)


@dataclass(frozen=True)
class EdgePoints:
    """The strongest edges of a product, as points.

    :param at: x and y of each in the product's pixels, from its middle
    :param edges: the edge there
    """

    at: Pixels
    edges: Pixels

    @cached_property
    def places(self) -> Pixels:
        """The points as columns of x, y and 1, which a pose is multiplied with."""
        import numpy as np

        return np.concatenate([self.at.T, np.ones((1, len(self.at)), np.float32)]).astype(np.float32)

    @cached_property
    def turned(self) -> Pixels:
        """The edges as a column, and those at half a right angle to them: what is seen is multiplied with both."""
        import numpy as np

        x, y = self.edges.T
        return np.stack([self.edges.ravel(), np.stack([-y, x], axis=1).ravel()], axis=1).astype(np.float32)

    @cached_property
    def weight(self) -> float:
        """What all of them add up to where each is found as it is."""
        import numpy as np

        return float(np.linalg.norm(self.edges, axis=1).sum())


def points_of(product: Product, side: int) -> EdgePoints:
    """Return a product's edges as points, at most some hundred.

    :param product: the product
    :param side: to how many pixels its longer side is reduced before: what is seen of it from so far away
    """
    import cv2
    import numpy as np

    factor = min(1.0, side / max(product.mask.shape))
    height, width = (max(3, round(length * factor)) for length in product.mask.shape)
    pixels, mask = (
        cv2.resize(one, (width, height), interpolation=cv2.INTER_AREA) for one in (product.pixels, product.mask)
    )
    edges = edges_of_product(cv2.GaussianBlur(pixels, (3, 3), 0), mask)
    y, x = np.nonzero(np.linalg.norm(edges, axis=-1) > _CLEAR)
    if len(x) > _POINTS:
        # Spread over all of them, and always the same ones.
        chosen = np.random.default_rng(1).choice(len(x), _POINTS, replace=False)
        x, y = x[chosen], y[chosen]
    at = np.stack([x - (width - 1) / 2, y - (height - 1) / 2], axis=1) / factor
    return EdgePoints(at.astype(np.float32), edges[y, x])
