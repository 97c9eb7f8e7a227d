"""Where a product may be in a result: its middle, scale and turn, and how well its edges are found there."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from airflow_provider_mps.pictures.check.edges import EdgePoints, edges_of, edges_of_product, soften
from airflow_provider_mps.pictures.check.region import Product

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Pixels = NDArray[Any]

# The longer side of a picture where a product is looked for, and where its pose is made exact.
_COARSE, _FINE = 112, 384
_STEP = 1.09
_TURNS = (0.0, -5.0, 5.0)
# The longer side of a product, as a share of the longer side of the result.
_LEAST, _MOST = 0.14, 1.15
_CANDIDATES = 5
# What is not small, and how many of these.
_LARGE, _LARGE_CANDIDATES = 0.35, 3
# Rounds in which a pose is made exact, those at first with fewer points; until it moves by less than this, pixels.
_ROUNDS, _ROUGH_ROUNDS, _EXACT = 14, 6, 0.3
# How far a scale may be from the one with which a search began.
_STRETCH = 1.25
# A product of which even less is found where it certainly is has no edges to speak of.
_LEAST_IDEAL = 0.25
# What is no further apart than this is one place, a share of the product.
_NEXT = 0.02


class Pose(NamedTuple):
    """Where a product is in a result.

    :param x: of its middle, pixels of the working picture
    :param y: of its middle
    :param scale: pixels of the working picture for one of the product's
    :param turn: radians, clockwise
    """

    x: float
    y: float
    scale: float
    turn: float

    def matrix(self, product: Product, factor: float = 1.0) -> Pixels:
        """Return the 2x3 matrix from the product's pixels to those of the working picture, times ``factor``."""
        import numpy as np

        height, width = product.mask.shape
        a, b = self.scale * math.cos(self.turn), self.scale * math.sin(self.turn)
        middle = ((width - 1) / 2, (height - 1) / 2)
        x, y = self.x - a * middle[0] + b * middle[1], self.y - b * middle[0] - a * middle[1]
        return np.array([[a, -b, x], [b, a, y]], np.float64) * factor


def pose_of(matrix: Pixels, product: Product) -> Pose:
    """Return what a similarity says: the other way round of :meth:`Pose.matrix`."""
    height, width = product.mask.shape
    x, y = (width - 1) / 2, (height - 1) / 2
    a, b = float(matrix[0, 0]), float(matrix[1, 0])
    return Pose(
        a * x - b * y + float(matrix[0, 2]), b * x + a * y + float(matrix[1, 2]), math.hypot(a, b), math.atan2(b, a)
    )


class EdgeField:
    """The edges of a result, in which products are looked for.

    :param rgb: RGB bytes of the working picture
    """

    def __init__(self, rgb: Pixels) -> None:
        self._rgb = rgb
        self._side = max(rgb.shape[:2])
        self.fine = min(1.0, _FINE / self._side)
        small = _resized(rgb, self.fine)
        # Softened, so that what is nearly there counts too.
        self._edges = soften(edges_of(small))

    def candidates(self, product: Product, points: EdgePoints) -> list[list[Pose]]:
        """Return the poses where a product's edges are found best, at low resolution: of all, and of those not small.

        The best comes first. What is small fits many places of a busy background, and would leave out all others.

        :param product: the product
        :param points: its edges
        """
        coarse = min(1.0, _COARSE / self._side)
        search = _Search(edges_of(_resized(self._rgb, coarse)), coarse)
        longer = max(product.mask.shape)
        found: list[tuple[float, Pose]] = []
        scale = _LEAST * self._side / longer
        while scale * longer <= _MOST * self._side:
            for turn in _TURNS:
                found += search.best(points, scale, math.radians(turn), min(product.mask.shape) * scale / 6)
            scale *= _STEP
        found.sort(key=lambda one: -one[0])
        large = (one for one in found if one[1].scale * longer >= _LARGE * self._side)
        return [[pose for _, pose in some] for some in (found[:_CANDIDATES], islice(large, _LARGE_CANDIDATES))]

    def found(self, product: Product, points: EdgePoints, pose: Pose) -> float:
        """Return how much of a product's edges is found in a pose, as a share of what it would be without a fault."""
        import cv2
        import numpy as np

        size = pose.scale * self.fine
        height, width = (max(8, round(side * size)) for side in product.mask.shape)
        how = cv2.INTER_AREA if size < 1 else cv2.INTER_LINEAR
        alone = edges_of_product(
            cv2.resize(product.pixels, (width, height), interpolation=how),
            cv2.resize(product.mask, (width, height), interpolation=how),
        )
        ideal = soften(np.pad(alone, ((4, 4), (4, 4), (0, 0))))
        at = np.array([[(width - 1) / 2 + 4, (height - 1) / 2 + 4, size, 0.0]])
        best = float(_score(ideal, 1.0, points, at)[0])
        return max(0.0, float(self.score(points, np.array([pose]))[0]) / max(best, _LEAST_IDEAL))

    def score(self, points: EdgePoints, poses: Pixels) -> Pixels:
        """Return how much of a product's edges is found in each of some poses, 0 to about 1.

        :param points: the product's edges
        :param poses: x, y, scale, turn of each
        """
        return _score(self._edges, self.fine, points, poses)

    def refined(
        self, product: Product, points: EdgePoints, poses: Sequence[Pose], reach: float, keep: int = 1
    ) -> list[Pose]:
        """Return the best poses near some, made exact; the best comes first.

        :param product: the product
        :param points: its edges
        :param poses: where to begin
        :param reach: how far to look, pixels of the working picture at the product's end
        :param keep: how many to return at most
        """
        import numpy as np

        longer = max(product.mask.shape)
        steps = np.array(np.meshgrid(*[(0, -1, 1)] * 4)).reshape(4, -1).T
        few = EdgePoints(points.at[::3], points.edges[::3])
        alive = [_Climb(0.0, reach, pose, pose.scale) for pose in poses]
        for number in range(_ROUNDS):
            seen, scored = few if number < _ROUGH_ROUNDS else points, []
            for _, size, pose, begun in alive:
                radius = max(1.0, longer * pose.scale / 2)
                near = np.array(pose) + steps * np.array([size, size, pose.scale * size / radius, size / radius])
                # What gets smaller and smaller fits anywhere in the end.
                near[:, 2] = np.clip(near[:, 2], begun / _STRETCH, begun * _STRETCH)
                scores = self.score(seen, near)
                at = int(scores.argmax())
                # The first is the pose itself: nothing near is better, so what is nearer is looked at.
                best = Pose(*map(float, near[at]))
                scored.append(_Climb(float(scores[at]), size if at else size / 2, best, begun))
            scored.sort(key=lambda one: -one.score)
            alive = _distinct(scored, longer)[: keep if number >= _ROUGH_ROUNDS - 1 else None]
            if all(one.size < _EXACT for one in alive):
                break
        return [one.pose for one in alive]


class _Climb(NamedTuple):
    """A pose on its way to the best one near it: its score, the size of its steps, and with which scale it began."""

    score: float
    size: float
    pose: Pose
    begun: float


def _distinct(scored: Sequence[_Climb], longer: int) -> list[_Climb]:
    """Leave out what is next to something better."""
    kept: list[_Climb] = []
    for one in scored:
        pose, near = one.pose, _NEXT * longer * one.pose.scale
        ends = (
            math.hypot(pose.x - other.pose.x, pose.y - other.pose.y) + abs(pose.scale - other.pose.scale) * longer
            for other in kept
        )
        if all(end > near for end in ends):
            kept.append(one)
    return kept


class _Search:
    """Looks for a product at each place of a picture at once, in the domain of frequencies.

    :param edges: those of the picture at low resolution
    :param factor: pixels of it for one of the working picture
    """

    def __init__(self, edges: Pixels, factor: float) -> None:
        import cv2
        import numpy as np

        self._factor = factor
        # Some of a product may be outside; and what leaves at one end comes in at the other.
        self._margin = round(0.2 * max(edges.shape))
        rows, columns = (cv2.getOptimalDFTSize(side + 2 * self._margin) for side in edges.shape[:2])
        self._shape = (rows, columns)
        canvas = np.zeros((rows, columns, 2), np.float32)
        canvas[: edges.shape[0], : edges.shape[1]] = cv2.GaussianBlur(edges, (3, 3), 0)
        self._seen = cv2.dft(canvas)

    def best(self, points: EdgePoints, scale: float, turn: float, apart: float) -> list[tuple[float, Pose]]:
        """Return the two best places for a scale and a turn, with how much of the product's edges is found there.

        :param points: the product's edges
        :param scale: of the product in the working picture
        :param turn: radians
        :param apart: how far the second place is from the first at least, pixels of the working picture
        """
        import cv2
        import numpy as np

        rows, columns = self._shape
        cos, sin, size = math.cos(turn), math.sin(turn), scale * self._factor
        across, down = points.at.T
        x = np.rint(size * (cos * across - sin * down)).astype(np.int64) % columns
        y = np.rint(size * (sin * across + cos * down)).astype(np.int64) % rows
        turned = np.array([[math.cos(2 * turn), math.sin(2 * turn)], [-math.sin(2 * turn), math.cos(2 * turn)]])
        edges = points.edges @ turned
        template = np.stack(
            [np.bincount(y * columns + x, edges[:, part], rows * columns) for part in (0, 1)], axis=-1
        ).reshape(rows, columns, 2)
        spectrum = cv2.mulSpectrums(self._seen, cv2.dft(template.astype(np.float32)), 0, conjB=True)
        scores: Pixels = cv2.dft(spectrum, flags=cv2.DFT_INVERSE | cv2.DFT_SCALE)[..., 0]
        scores = np.roll(scores, (self._margin, self._margin), (0, 1)) / max(points.weight, 1e-6)
        found, reach = [], max(2, round(apart * self._factor))
        for _ in range(2):
            _, score, _, (left, upper) = cv2.minMaxLoc(scores)
            place = ((left - self._margin) / self._factor, (upper - self._margin) / self._factor)
            found.append((float(score), Pose(*place, scale, turn)))
            scores[max(0, upper - reach) : upper + reach + 1, max(0, left - reach) : left + reach + 1] = -1
        return found


def _resized(rgb: Pixels, factor: float) -> Pixels:
    import cv2
    import numpy as np

    if factor >= 1:
        return rgb
    size = (max(8, round(rgb.shape[1] * factor)), max(8, round(rgb.shape[0] * factor)))
    return np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA))


def _score(edges: Pixels, factor: float, points: EdgePoints, poses: Pixels) -> Pixels:
    """Return how much of a product's edges is found in each of some poses; see :meth:`EdgeField.score`.

    :param edges: softened
    :param factor: pixels of these for one in which the poses are
    """
    import cv2
    import numpy as np

    x, y, scale, turn = np.asarray(poses, np.float32).T
    cos, sin = scale * np.cos(turn), scale * np.sin(turn)
    at_x, at_y = (np.stack(row, axis=1) * np.float32(factor) @ points.places for row in ((cos, -sin, x), (sin, cos, y)))
    seen = cv2.remap(edges, at_x, at_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=0)
    # Edges turn with the product, by twice its turn as they are given.
    along, across = (seen.reshape(len(x), -1) @ points.turned).T
    agreed = np.cos(2 * turn) * along + np.sin(2 * turn) * across
    return np.asarray(agreed / max(points.weight, 1e-6))
