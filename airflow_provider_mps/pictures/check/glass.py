"""Where the scene may be seen through a product: where it looks like a mixture of the product and what is beside it.

A photograph before a white backdrop does not tell glass from white plastic. In the result they differ: through glass
the scene is seen, and what was made in another colour has that colour before any scene.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_mps.pictures.check.poses import Pose
from airflow_provider_mps.pictures.check.region import Product

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Pixels = NDArray[Any]

# To how many pixels a product is reduced to look beside it, how much is beside it, and how far it counts, of these.
_SIDE, _BESIDE, _REACH = 64, 24, 14.0
# How far from a mixture of both a colour may be, of 255, and how much of the light glass takes.
_FAR, _TAKEN = 28.0, 0.75


def seen_through(product: Product, result: Pixels, pose: Pose, here: Pixels, there: Pixels) -> Pixels:
    """Return where the scene may be seen through a product, in the frame in which both are compared.

    :param product: the product
    :param result: RGB bytes of the working picture
    :param pose: where the product is in it
    :param here: RGB bytes of the product, in that frame
    :param there: RGB bytes of what is in its place
    """
    import cv2
    import numpy as np

    size = here.shape[1::-1]
    glass = cv2.dilate(cv2.resize(product.glass, size, interpolation=cv2.INTER_AREA), np.ones((7, 7), np.uint8)) > 127
    if not glass.any():
        return glass
    behind, varies = _beside(product, result, pose, size)
    ours, theirs = (cv2.GaussianBlur(one, (5, 5), 0).astype(np.float32) for one in (here, there))
    off = np.minimum(*(_from_mixture(ours, theirs, behind * taken) for taken in (1.0, _TAKEN)))
    return np.asarray(glass & (off < _FAR + varies))


def _beside(product: Product, result: Pixels, pose: Pose, size: tuple[int, int]) -> tuple[Pixels, float]:
    """Return what would be seen if the product were not there, guessed from beside it, and how much that varies."""
    import cv2
    import numpy as np

    factor = _SIDE / max(product.mask.shape)
    shape = cv2.resize(product.mask, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    rows, columns = shape.shape
    inside = np.pad(shape, _BESIDE)
    outside = cv2.dilate(inside, np.ones((5, 5), np.uint8)) < 128
    matrix = pose.matrix(product)
    matrix[:, :2] /= factor
    matrix[:, 2] -= matrix[:, :2] @ (_BESIDE, _BESIDE)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    padded = outside.shape[::-1]
    seen = cv2.warpAffine(result, matrix, padded, flags=flags, borderMode=cv2.BORDER_REPLICATE).astype(np.float32)
    weight = outside.astype(np.float32)
    total = np.maximum(cv2.GaussianBlur(weight, (0, 0), _REACH), 1e-3)[..., None]
    mean = cv2.GaussianBlur(seen * weight[..., None], (0, 0), _REACH) / total
    varies = float(np.abs(seen - mean)[outside].mean()) if outside.any() else 0.0
    inner = np.ascontiguousarray(mean[_BESIDE : _BESIDE + rows, _BESIDE : _BESIDE + columns])
    return np.asarray(cv2.resize(inner, size, interpolation=cv2.INTER_LINEAR)), varies


def _from_mixture(one: Pixels, seen: Pixels, other: Pixels) -> Pixels:
    """Return how far colours are from the nearest mixture of two others."""
    import numpy as np

    way = one - other
    share = ((seen - other) * way).sum(axis=-1) / np.maximum((way * way).sum(axis=-1), 1.0)
    return np.asarray(np.linalg.norm(seen - other - np.clip(share, 0, 1)[..., None] * way, axis=-1))
