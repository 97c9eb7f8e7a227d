"""Features of a product found again in a result: ORB, and RANSAC for a similarity."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from airflow_provider_mps.pictures.check.poses import Pose, pose_of
from airflow_provider_mps.pictures.check.region import Product

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Pixels = NDArray[Any]

_OF_PRODUCT, _OF_RESULT = 1000, 3000
_RATIO, _PIXELS = 0.75, 4.0
_LEAST = 4
# Of a product in the working picture, pixels.
_LEAST_SIDE, _MOST_SIDE = 24, 4096


class Features(NamedTuple):
    """Features of one picture.

    :param at: x and y of each
    :param words: their descriptors
    """

    at: Pixels
    words: Pixels


def features_of(rgb: Pixels, mask: Pixels | None = None) -> Features | None:
    """Return the features of a picture, or of a part of it; None if it has next to none.

    :param rgb: RGB bytes
    :param mask: 255 where features count; their surroundings do as well
    """
    import cv2
    import numpy as np

    grey = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
    if mask is not None:
        # What is at the edge is described by what is behind it too.
        mask = cv2.erode(cv2.copyMakeBorder(mask, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0), np.ones((9, 9), np.uint8))
        mask = np.ascontiguousarray(mask[1:-1, 1:-1])
    orb = cv2.ORB.create(_OF_RESULT if mask is None else _OF_PRODUCT, fastThreshold=10)
    points, words = orb.detectAndCompute(grey, mask)
    if words is None or len(points) < _LEAST:
        return None
    return Features(np.asarray([point.pt for point in points], np.float32), np.asarray(words))


def pose_by_features(of_product: Features, of_result: Features, product: Product) -> tuple[int, Pose | None]:
    """Return how many features are found again in one pose, and that pose; always the same for the same pictures."""
    import cv2
    import numpy as np

    pairs = cv2.BFMatcher(cv2.NORM_HAMMING).knnMatch(of_product.words, of_result.words, k=2)
    good = [pair[0] for pair in pairs if len(pair) == 2 and pair[0].distance < _RATIO * pair[1].distance]
    if len(good) < _LEAST:
        return len(good), None
    source = of_product.at[[match.queryIdx for match in good]]
    target = of_result.at[[match.trainIdx for match in good]]
    matrix, inliers = cv2.estimateAffinePartial2D(source, target, method=cv2.RANSAC, ransacReprojThreshold=_PIXELS)
    if matrix is None:
        return 0, None
    pose = pose_of(np.asarray(matrix), product)
    # Many features may agree on a single spot, or on next to nothing.
    if not _LEAST_SIDE <= pose.scale * max(product.mask.shape) <= _MOST_SIDE:
        return 0, None
    # Several features at one spot count once.
    spots = {(round(x / 4), round(y / 4)) for x, y in source[inliers.ravel() > 0]}
    return len(spots), pose
