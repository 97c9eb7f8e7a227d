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
    # The result is reduced before it is turned: a warp skips pixels.
    reduced = min(1.0, factor / pose.scale)
    small = cv2.resize(result, None, fx=reduced, fy=reduced, interpolation=cv2.INTER_AREA) if reduced < 0.9 else result
    to_result = pose.matrix(product, small.shape[1] / result.shape[1])
    to_result[:, :2] /= factor
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    there = cv2.warpAffine(small, to_result, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
    ones = np.full(small.shape[:2], 255, np.uint8)
    within = cv2.warpAffine(ones, to_result, size, flags=flags, borderMode=cv2.BORDER_CONSTANT, borderValue=0)
    return here, there, mask[2:-2, 2:-2] > 127, holes <= 127, within > 127
