"""Subjects as they are looked for, made once for all the looks of a product."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from airflow_provider_mps.pictures.check.agreement import compare
from airflow_provider_mps.pictures.check.bounds import Bounds
from airflow_provider_mps.pictures.check.decode import BrokenPictureError, open_picture
from airflow_provider_mps.pictures.check.findings import Code
from airflow_provider_mps.pictures.check.poses import Pose
from airflow_provider_mps.pictures.check.product import Known
from airflow_provider_mps.pictures.check.region import Product, find_product

if TYPE_CHECKING:
    from PIL.Image import Image

# Some MB each: as many as threads work on at once, more or less.
_KEPT = 8
_SMALL = 256
# A product with less than this on its shorter side shows too little, pixels.
_LEAST_SIDE = 12
_lock = threading.Lock()
_kept: OrderedDict[bytes, Subject] = OrderedDict()


@dataclass(frozen=True)
class Subject:
    """A product that is looked for.

    :param picture: a small copy of the picture it comes from
    :param side: the longer side of that picture, pixels
    :param known: the product
    :param mirrored: the same in a mirror
    :param asymmetry: how much it differs from itself in a mirror, a share
    """

    picture: Image
    side: int
    known: Known
    mirrored: Known
    asymmetry: float


def subject_of(data: bytes) -> Subject:
    """Return a subject; the last ones are kept. Safe for use from several threads.

    :param data: the picture's file
    :raises BrokenPictureError: it is no picture, or shows too little
    """
    key = hashlib.sha256(data).digest()
    with _lock:
        if (found := _kept.get(key)) is not None:
            _kept.move_to_end(key)
            return found
    made = _made(data)
    with _lock:
        _kept[key] = made
        while len(_kept) > _KEPT:
            _kept.popitem(last=False)
    return made


def _made(data: bytes) -> Subject:
    opened = open_picture(data)
    product = find_product(opened.pixels, opened.scale)
    if min(product.mask.shape) < _LEAST_SIDE:
        raise BrokenPictureError(Code.NOT_A_PICTURE, "the product in it is too small")
    known, mirrored = Known.of(product), Known.of(product.mirrored())
    small = opened.pixels.copy()
    small.thumbnail((_SMALL, _SMALL))
    return Subject(small, max(opened.width, opened.height), known, mirrored, _asymmetry(product, mirrored.product))


def _asymmetry(product: Product, mirrored: Product) -> float:
    """Return how much differs in a mirror: of the outline, of what is drawn on it, or of its colours."""
    import numpy as np

    height, width = product.mask.shape
    seen = compare(product, mirrored.pixels, Pose((width - 1) / 2, (height - 1) / 2, 1.0, 0.0), Bounds().colour)
    here, there = product.mask > 0, mirrored.mask > 0
    outline = float((here ^ there).sum() / max(1, np.count_nonzero(here | there)))
    return max(outline, seen.asymmetric, seen.recoloured)
