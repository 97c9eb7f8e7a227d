"""Whether the product is still there and still itself."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from airflow_provider_mps.pictures.check.agreement import Agreement, compare
from airflow_provider_mps.pictures.check.bounds import Bounds
from airflow_provider_mps.pictures.check.edges import EdgePoints, points_of
from airflow_provider_mps.pictures.check.features import Features, features_of, pose_by_features
from airflow_provider_mps.pictures.check.findings import Place
from airflow_provider_mps.pictures.check.poses import EdgeField, Pose
from airflow_provider_mps.pictures.check.region import Product

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Pixels = NDArray[Any]

# To how many pixels a product is reduced for its edges: to look for it, and to make its pose exact.
_FAR, _NEAR = 80, 240
# How far a pose may be from what features say, and from what a search at low resolution says, pixels.
_EXACT, _ROUGH = 3.0, 5.0
# A product with fewer features than this is found by its edges.
_FEATURES = 40
_KEEP = 2
# Where so little differs nobody has to look further, or for the product in a mirror.
_CONVINCING, _CONVINCING_EDGES = 0.03, 0.75
# What is as likely as this is in its place.
_LIKELY = 0.8


@dataclass(frozen=True)
class Known:
    """What is looked for: a product with its features and edges, and the same in a mirror.

    :param product: the product
    :param features: those on it; None where there are too few
    :param near: its edges, to make a pose exact
    :param far: its edges as they are seen at low resolution
    """

    product: Product
    features: Features | None
    near: EdgePoints
    far: EdgePoints

    @classmethod
    def of(cls, product: Product) -> Known:
        """Return what is looked for when a product is."""
        features = features_of(product.pixels, product.mask)
        if features is not None and len(features.at) < _FEATURES:
            features = None
        return cls(product, features, points_of(product, _NEAR), points_of(product, _FAR))


@dataclass(frozen=True)
class Sighting:
    """What is known of a product in a result.

    :param pose: where it is, or most likely would be
    :param found: how much of its edges is there, a share of what is there without a fault
    :param inliers: how many of its features are
    :param agreement: how far it agrees with what is there
    """

    pose: Pose
    found: float
    inliers: int
    agreement: Agreement

    @property
    def likeness(self) -> float:
        """How much speaks for it, 0 to about 1: the edges, and what is between them."""
        return max(0.0, min(1.0, self.found)) * (1 - self.agreement.differing) * self.agreement.inside

    @property
    def convincing(self) -> bool:
        """Whether so little differs that nobody has to look any further."""
        agreement = self.agreement
        return self.found > _CONVINCING_EDGES and agreement.differing < _CONVINCING


class Result:
    """A picture in which products are looked for.

    :param rgb: RGB bytes of the working picture
    """

    def __init__(self, rgb: Pixels, bounds: Bounds) -> None:
        self._rgb = rgb
        self._bounds = bounds
        self._field = EdgeField(rgb)
        self._features: Features | None = None
        self._looked = False

    def look_for(self, known: Known) -> Sighting:
        """Return where a product is, or most likely would be."""
        best: Sighting | None = None
        inliers = 0
        if known.features is not None:
            inliers, pose = self._by_features(known)
            if pose is not None and inliers >= self._bounds.inliers:
                best = self._at(known, self._field.refined(known.product, known.near, [pose], _EXACT)[0], inliers)
                if best.convincing:
                    return best
        # What has a pattern, or looks the same upside down, has its features in more than one place.
        for number, near in enumerate(self._field.candidates(known.product, known.far)):
            places = self._field.refined(known.product, known.near, near, _ROUGH, _KEEP)[:_KEEP] if near else []
            for place in places:
                seen = self._at(known, place, inliers)
                # What was looked for apart has to be likely by itself: something of everything is somewhere.
                if best is None or (seen.likeness > best.likeness and (not number or seen.likeness > _LIKELY)):
                    best = seen
                if best.convincing:
                    return best
        rows, columns = self._rgb.shape[:2]
        return best or self._at(known, Pose(columns / 2, rows / 2, 0.5, 0.0), inliers)

    def look_in_mirror(self, mirrored: Known, seen: Sighting) -> Sighting | None:
        """Return what is seen of a product in a mirror; None where it was seen so well that nobody has to look.

        :param mirrored: the product in a mirror
        :param seen: the product as it is
        """
        if seen.convincing:
            return None
        near = self._field.refined(mirrored.product, mirrored.near, [seen.pose], _EXACT)[0]
        first = self._at(mirrored, near, 0)
        if max(first.likeness, seen.likeness) > _LIKELY:
            return first
        return max(first, self.look_for(mirrored), key=lambda one: one.likeness)

    def look_through(self, known: Known, seen: Sighting) -> Sighting:
        """Return what is seen of a product, and how much of what differs may be the scene, seen through it."""
        if not known.product.glass.any():
            return seen
        agreement = compare(known.product, self._rgb, seen.pose, self._bounds.colour, through_glass=True)
        return replace(seen, agreement=agreement)

    def place_of(self, known: Known, pose: Pose, scale: float) -> Place:
        """Return where a product is, as it is told.

        :param known: the product
        :param pose: where it is
        :param scale: pixels of the working picture for one of the result's
        """
        down, across = known.product.mask.shape
        cos, sin = abs(math.cos(pose.turn)), abs(math.sin(pose.turn))
        width, height = pose.scale * (across * cos + down * sin), pose.scale * (across * sin + down * cos)
        rows, columns = self._rgb.shape[:2]
        return Place(
            x=(pose.x - width / 2) / columns,
            y=(pose.y - height / 2) / rows,
            width=width / columns,
            height=height / rows,
            scale=pose.scale * known.product.scale / scale,
            turn=-math.degrees(pose.turn),
        )

    def _by_features(self, known: Known) -> tuple[int, Pose | None]:
        if not self._looked:
            self._looked, self._features = True, features_of(self._rgb)
        if known.features is None or self._features is None:
            return 0, None
        return pose_by_features(known.features, self._features, known.product)

    def _at(self, known: Known, pose: Pose, inliers: int) -> Sighting:
        # Of what is small in the result, only what is seen from far away can be there.
        is_small = max(known.product.mask.shape) * pose.scale * self._field.fine < (_FAR + _NEAR) / 2
        found = self._field.found(known.product, known.far if is_small else known.near, pose)
        return Sighting(pose, found, inliers, compare(known.product, self._rgb, pose, self._bounds.colour))
