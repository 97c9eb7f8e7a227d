"""Which part of a subject's picture is the product, found without a model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL.Image import Image

    Pixels = NDArray[Any]

PRODUCT_SIDE = 400
"""The longer side of a product's pixels, at most."""

_ANALYSIS_SIDE = 256
# How much of a border has to fit a backdrop, and how far from it a colour may be, of 255.
_FITS, _FAR = 0.6, 13
# What is as near as this to the backdrop may be it, seen through glass.
_LIKE = 16
# What is further from it is not seen through: glass takes some of the light, and reflects some.
_GLASS = 56
_LEAST_RING = 60
# Bounds of what is like a backdrop, of 255; how strong an edge is, and how much of an outline has to have one.
_BOUNDS = (13, 8, 5, 22)
_EDGE, _OUTLINED, _BETTER = 1.6, 0.6, 0.03
# Below the first of alpha there is nothing, from the second on nothing is seen through.
_TRANSPARENT, _OPAQUE = 24, 230
_LEAST_SIDE = 16
_LEAST, _MOST = 0.01, 0.97
_PLAUSIBLE = (0.04, 0.8)
# GrabCut takes most of the time of all; and what it begins with, half of each side.
_CUT_SIDE, _MIDDLE = 160, 0.36


@dataclass(frozen=True)
class Product:
    """A product in its own picture.

    :param pixels: RGB bytes of the upright box that it fills, with the backdrop where it is not
    :param mask: 255 where the product is, of the same size
    :param box: left, upper, right and lower end in the subject's picture, shares of its width and height
    :param scale: pixels here for one of the subject's file
    :param how: how it was found: ``alpha``, ``backdrop``, ``colours``; ``all`` where nothing tells it from the rest
    :param clear: 255 where it is see-through, or looks like the backdrop, so that nobody can tell
    :param glass: 255 where it may be see-through: its colour is not far from the backdrop's
    """

    pixels: Pixels
    mask: Pixels
    clear: Pixels
    glass: Pixels
    box: tuple[float, float, float, float]
    scale: float
    how: str

    @property
    def known(self) -> bool:
        """Whether anything tells the product from what is behind it."""
        return self.how != "all"

    def mirrored(self) -> Product:
        """Return the product as in a mirror."""
        left, upper, right, lower = self.box
        flipped = (1 - right, upper, 1 - left, lower)
        parts = (self.pixels, self.mask, self.clear, self.glass)
        pixels, mask, clear, glass = (part[:, ::-1].copy() for part in parts)
        return Product(pixels, mask, clear, glass, flipped, self.scale, self.how)


def find_product(picture: Image, scale: float) -> Product:
    """Find the product in a subject's picture: by its transparency, or a plain backdrop, or the colours at its border.

    :param picture: RGB, or RGBA where something is transparent
    :param scale: pixels of it for one of the file's
    """
    import cv2
    import numpy as np

    pixels = np.asarray(picture.convert("RGBA"))
    rgb, height, width = pixels[..., :3], picture.height, picture.width
    mask, clear, glass, how = _masks_of(pixels)
    left, upper, across, down = cv2.boundingRect(mask)
    factor = min(1.0, PRODUCT_SIDE / max(across, down))
    size = (max(1, round(across * factor)), max(1, round(down * factor)))
    box = np.s_[upper : upper + down, left : left + across]
    seen = cv2.resize(np.ascontiguousarray(rgb[box]), size, interpolation=cv2.INTER_AREA)
    shape, through, perhaps = (
        _solid(cv2.resize(part[box], size, interpolation=cv2.INTER_AREA)) for part in (mask, clear, glass)
    )
    ends = (left / width, upper / height, (left + across) / width, (upper + down) / height)
    return Product(np.asarray(seen), shape, through, perhaps, ends, scale * factor, how)


def _solid(values: Pixels) -> Pixels:
    import numpy as np

    return np.where(values > 127, 255, 0).astype(np.uint8)


def _masks_of(pixels: Pixels) -> tuple[Pixels, Pixels, Pixels, str]:
    """Return where the product is, where it is see-through, where it may be, and how it was found."""
    import cv2
    import numpy as np

    alpha, (height, width) = pixels[..., 3], pixels.shape[:2]
    nothing, everything = (np.full((height, width), value, np.uint8) for value in (0, 255))
    solid = np.where(alpha > _TRANSPARENT, 255, 0).astype(np.uint8)
    # A few stray transparent pixels are no cut-out.
    if _LEAST / 10 < (solid > 0).mean() < 0.99:
        # The soft edge of a cut-out is no glass.
        inside = cv2.erode(solid, np.ones((7, 7), np.uint8))
        clear = np.where((inside > 0) & (alpha < _OPAQUE), 255, 0).astype(np.uint8)
        return solid, clear, clear, "alpha"
    if min(height, width) < _LEAST_SIDE:
        return everything, nothing, nothing, "all"
    factor = min(1.0, _ANALYSIS_SIDE / max(height, width))
    size = (max(8, round(width * factor)), max(8, round(height * factor)))
    small = cv2.resize(np.ascontiguousarray(pixels[..., :3]), size, interpolation=cv2.INTER_AREA)
    far = _from_backdrop(small)
    if far is not None:
        mask, how = _by_backdrop(small, far), "backdrop"
    else:
        mask, how = _by_colours(small), "colours"
    if mask is None:
        return everything, nothing, nothing, "all"
    near = [np.zeros_like(mask) if far is None else np.where(far < bound, 255, 0) for bound in (_LIKE, _GLASS)]
    small_masks = (part.astype(np.uint8) for part in (mask, *near))
    found, clear, glass = (
        _solid(cv2.resize(part, (width, height), interpolation=cv2.INTER_LINEAR)) for part in small_masks
    )
    return found, clear, glass, how


def _from_backdrop(small: Pixels) -> Pixels | None:
    """Return how far each colour is from a backdrop of one colour, or of one that changes slowly; None without one."""
    import cv2
    import numpy as np

    height, width = small.shape[:2]
    values = cv2.GaussianBlur(small, (3, 3), 0).astype(np.float32)
    ring = np.zeros((height, width), bool)
    edge = max(2, round(0.02 * max(height, width)))
    ring[:edge] = ring[-edge:] = True
    ring[:, :edge] = ring[:, -edge:] = True
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j].astype(np.float32)
    terms = np.stack([np.ones_like(x), x, y, x * y, x * x, y * y], axis=-1)
    # Something may touch the border: what is fitted begins with what is nearest to the middle of all its colours.
    far = np.abs(values - np.median(values[ring], axis=0)).max(axis=-1)
    inliers = ring & (far <= max(3 * _FAR, float(np.median(far[ring]))))
    for _ in range(4):
        if inliers.sum() < _LEAST_RING:
            return None
        factors, *_ = np.linalg.lstsq(terms[inliers], values[inliers], rcond=None)
        far = np.abs(values - (terms @ factors).astype(np.float32)).max(axis=-1)
        inliers = ring & (far < _FAR)
    return far if inliers.sum() >= _FITS * ring.sum() else None


def _by_backdrop(small: Pixels, far: Pixels) -> Pixels | None:
    """Return what is not joined to the border by what is like the backdrop; None if it has no outline to speak of.

    What is white on white has holes where it is as white, and a soft shadow is like a part of the product. Both have
    ends where there is no edge, so that of several bounds the one is taken which gives the clearest outline.
    """
    import cv2
    import numpy as np

    values = cv2.GaussianBlur(small, (3, 3), 0)
    edges = [np.abs(cv2.Sobel(values, cv2.CV_32F, *way, scale=0.25)).max(axis=-1) for way in ((1, 0), (0, 1))]
    strong = (cv2.dilate(np.hypot(*edges), np.ones((3, 3), np.uint8)) > _EDGE).astype(np.uint8)
    best: tuple[float, Pixels | None] = (_OUTLINED, None)
    for bound in _BOUNDS:
        mask = _tidy(np.where(_joined_to_border((far < bound).astype(np.uint8)), 0, 255).astype(np.uint8))
        if mask is None:
            continue
        outline = cv2.morphologyEx(mask, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)) > 0
        clear = float(strong[outline].mean())
        if clear > best[0] + _BETTER:
            best = (clear, mask)
    return best[1]


def _joined_to_border(alike: Pixels) -> Pixels:
    """Return what is alike and joined to the border."""
    import cv2
    import numpy as np

    framed = cv2.copyMakeBorder(alike, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=1)
    _, labels = cv2.connectedComponents(framed, connectivity=4)
    return np.asarray(labels == labels[0, 0])[1:-1, 1:-1]


def _tidy(mask: Pixels) -> Pixels | None:
    """Leave specks out; None if what is left cannot be a product."""
    import cv2
    import numpy as np

    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    if count < 2:
        return None
    areas = stats[1:, cv2.CC_STAT_AREA]
    large = 1 + np.flatnonzero(areas >= 0.05 * areas.max())
    kept = np.isin(labels, large)
    return np.where(kept, 255, 0).astype(np.uint8) if _LEAST < kept.mean() < _MOST else None


def _by_colours(small: Pixels) -> Pixels | None:
    """Return what differs in its colours from the border, by GrabCut; None if that cannot be a product."""
    import cv2
    import numpy as np

    height, width = small.shape[:2]
    factor = min(1.0, _CUT_SIDE / max(height, width))
    tiny = cv2.resize(
        small, (max(8, round(width * factor)), max(8, round(height * factor))), interpolation=cv2.INTER_AREA
    )
    marks: Any = np.full(tiny.shape[:2], cv2.GC_PR_BGD, np.uint8)
    down, across = marks.shape
    half = (round(across * _MIDDLE), round(down * _MIDDLE))
    cv2.ellipse(marks, (across // 2, down // 2), half, 0, 0, 360, cv2.GC_PR_FGD, -1)
    edge = max(1, round(0.02 * max(down, across)))
    marks[:edge] = marks[-edge:] = cv2.GC_BGD
    marks[:, :edge] = marks[:, -edge:] = cv2.GC_BGD
    cv2.setRNGSeed(1)
    cv2.grabCut(tiny, marks, (0, 0, 1, 1), np.zeros((1, 65)), np.zeros((1, 65)), 3, cv2.GC_INIT_WITH_MASK)
    found: Any = np.where(np.isin(marks, (cv2.GC_FGD, cv2.GC_PR_FGD)), 255, 0).astype(np.uint8)
    found = cv2.morphologyEx(found, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    mask = _tidy(cv2.resize(found, (width, height), interpolation=cv2.INTER_LINEAR).astype(np.uint8))
    if mask is None:
        return None
    contours, _ = cv2.findContours(_solid(mask), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    filled: Pixels = cv2.drawContours(np.zeros_like(mask), contours, -1, 255, -1)
    return np.asarray(filled) if _PLAUSIBLE[0] < (filled > 0).mean() < _PLAUSIBLE[1] else None
