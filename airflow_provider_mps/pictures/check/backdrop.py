"""The background of a result, compared with that of the subject's picture, and with the one that was asked for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from airflow_provider_mps.pictures.check.bounds import Bounds
from airflow_provider_mps.pictures.check.findings import Code, Finding, Place, not_checked, ok, rejected
from airflow_provider_mps.pictures.check.region import Product

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL.Image import Image

    Pixels = NDArray[Any]

_SIDE = 64
# How far from where it was a product is moved by nobody, a share of the picture.
_SAME_PLACE = 0.02
# How much the ratio of sides may differ, and how much background there must be.
_SAME_SHAPE, _ENOUGH = 0.03, 0.03


def check_background(
    result: Image,
    subject: Image,
    product: Product,
    place: Place | None,
    scale: float,
    asked: Image | None,
    bounds: Bounds,
) -> Finding:
    """Say whether a result is the subject's picture as it was.

    :param result: RGB
    :param subject: RGB, or RGBA where something is transparent
    :param product: the product in the subject's picture
    :param place: where it was found in the result, if it was
    :param scale: pixels of the result's file for one of the subject's
    :param asked: the background that was asked for, if there is a picture of it
    :param bounds: ``unchanged`` is used
    """
    code = Code.BACKGROUND_UNCHANGED
    if abs((result.width / result.height) / (subject.width / subject.height) - 1) > _SAME_SHAPE:
        return ok(code, None, bounds.unchanged, "the picture has another shape than the subject's")
    if place is not None and _moved(product, place, scale):
        return ok(code, None, bounds.unchanged, "the product is at another place than in the subject's picture")
    behind = _behind(product)
    if behind.mean() < _ENOUGH:
        return not_checked(code, "hardly anything of the subject's picture is background")
    seen = _small(result)
    values = [_apart(seen, _small(one), behind) for one in _plain(subject)]
    value = round(min(values), 1)
    if value > bounds.unchanged:
        return ok(code, value, bounds.unchanged, "the background is another one")
    if (
        asked is not None
        and min(_apart(_small(asked), _small(one), behind) for one in _plain(subject)) < 3 * bounds.unchanged
    ):
        return not_checked(code, "the background that was asked for looks like that of the subject's picture")
    words = f"the background is that of the subject's picture: it differs by {value} of 255"
    return rejected(code, value, bounds.unchanged, words)


def is_background_alone(result: Image, asked: Image, bounds: Bounds) -> bool:
    """Return whether a result shows what was asked for as a background, and nothing else.

    :param result: RGB
    :param asked: the background, RGB or RGBA
    :param bounds: ``unchanged`` is used
    """
    import numpy as np
    from PIL import ImageOps

    fitted = ImageOps.fit(asked.convert("RGB"), result.size)
    return _apart(_small(result), _small(fitted), np.ones((_SIDE, _SIDE), bool)) <= bounds.unchanged


def _moved(product: Product, place: Place, scale: float) -> bool:
    """Return whether a product is somewhere else than in the subject's picture, or of another size."""
    left, upper, right, lower = product.box
    x, y = place.x + place.width / 2, place.y + place.height / 2
    apart = (abs(x - (left + right) / 2), abs(y - (upper + lower) / 2), abs(place.scale / scale - 1) / 2)
    return max(apart) > _SAME_PLACE


def _plain(subject: Image) -> Sequence[Image]:
    """Return what may become of a picture that is encoded anew: transparent is white, black, or what it was."""
    from PIL import Image as Images

    if subject.mode != "RGBA":
        return (subject.convert("RGB"),)
    plain = [subject.convert("RGB")]
    for colour in ("white", "black"):
        canvas = Images.new("RGB", subject.size, colour)
        canvas.paste(subject, mask=subject.getchannel("A"))
        plain.append(canvas)
    return plain


def _behind(product: Product) -> Pixels:
    """Return where the background is in a small copy of the subject's picture, well away from the product."""
    import cv2
    import numpy as np

    left, upper, right, lower = (round(end * _SIDE) for end in product.box)
    inside = np.zeros((_SIDE, _SIDE), np.uint8)
    size = (max(1, right - left), max(1, lower - upper))
    shape = cv2.resize(product.mask, size, interpolation=cv2.INTER_AREA)
    part = inside[upper : upper + size[1], left : left + size[0]]
    part[:] = shape[: part.shape[0], : part.shape[1]]
    return np.asarray(cv2.dilate(inside, np.ones((3, 3), np.uint8)) == 0)


def _small(picture: Image) -> Pixels:
    import numpy as np
    from PIL.Image import Resampling

    return np.asarray(picture.convert("RGB").resize((_SIDE, _SIDE), Resampling.BOX), np.float32)


def _apart(one: Pixels, other: Pixels, where: Pixels) -> float:
    import numpy as np

    return float(np.abs(one - other)[where].mean())
