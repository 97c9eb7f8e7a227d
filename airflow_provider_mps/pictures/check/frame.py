"""A product and what is in its place in a result, both in the product's frame."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_mps.pictures.check.poses import Pose
from airflow_provider_mps.pictures.check.region import Product

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Pixels = NDArray[Any]

# The longer side of a product where it is compared.
_LEAST_SIDE, _MOST_SIDE = 48, 176
# What has to be reduced by less may be skipped over.
_REDUCED = 0.9


def side_by_side(product: Product, result: Pixels, pose: Pose) -> tuple[Pixels, Pixels, Pixels, Pixels, Pixels]:
    """Return both in the product's frame; where the product is in it, where it is solid, and what is in the result."""
    import cv2
    import numpy as np

    height, width = product.mask.shape
    side = max(_LEAST_SIDE, min(_MOST_SIDE, round(max(height, width) * pose.scale)))
    factor = side / max(height, width)
    size = (max(2, round(width * factor)), max(2, round(height * factor)))
    how = cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR
    here, shape, clear = (
        cv2.resize(one, size, interpolation=how) for one in (product.pixels, product.mask, product.clear)
    )
    mask = cv2.erode(cv2.copyMakeBorder(shape, 2, 2, 2, 2, cv2.BORDER_CONSTANT, value=0), np.ones((5, 5), np.uint8))
    # Specks of the backdrop's colour are no holes; and what is next to one is mixed with it.
    holes = cv2.dilate(cv2.morphologyEx(clear, cv2.MORPH_OPEN, np.ones((5, 5), np.uint8)), np.ones((5, 5), np.uint8))
    to_result = pose.matrix(product)
    to_result[:, :2] /= factor
    small, to_small = _reduced(result, to_result, size, min(1.0, factor / pose.scale))
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    there = cv2.warpAffine(small, to_small, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return here, there, mask[2:-2, 2:-2] > 127, holes <= 127, _within(result, to_result, size)


def _reduced(result: Pixels, to_result: Pixels, size: tuple[int, int], factor: float) -> tuple[Pixels, Pixels]:
    """Return the part of a result where a frame is, reduced, and the way to it.

    It is reduced before it is turned, as a warp skips pixels; and only that part, as this is most of the work.
    """
    import cv2
    import numpy as np

    most = np.array(result.shape[1::-1])
    corners = to_result @ np.array([[0, size[0], 0, size[0]], [0, 0, size[1], size[1]], [1, 1, 1, 1]], np.float64)
    margin = 2 + 2 / factor
    left, upper = begin = np.clip(corners.min(axis=1) - margin, 0, most - 2).astype(np.int64)
    right, lower = np.clip(corners.max(axis=1) + margin, begin + 2, most).astype(np.int64)
    part, to_part = result[upper:lower, left:right], to_result.copy()
    to_part[:, 2] -= begin
    if factor < _REDUCED:
        part = cv2.resize(part, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
        to_part *= factor
    return np.asarray(part), to_part


def _within(result: Pixels, to_result: Pixels, size: tuple[int, int]) -> Pixels:
    """Return what of a frame is within a result."""
    import numpy as np

    across, down = np.arange(size[0])[None, :], np.arange(size[1])[:, None]
    x, y = (row[0] * across + row[1] * down + row[2] for row in to_result)
    return np.asarray((x >= -0.5) & (y >= -0.5) & (x < result.shape[1] - 0.5) & (y < result.shape[0] - 0.5))
