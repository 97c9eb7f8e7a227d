"""Scores of a picture, measured with Pillow. They are figures of that picture, and not those of the service's model."""

from __future__ import annotations

import io
from collections.abc import Collection

from PIL import Image, ImageFilter, ImageStat

from airflow_provider_mps.local.pictures.product_pictures import PictureError

_LONG_SIDE = 1024
# The Laplacian: nothing where all is even. Its zero is put in the middle of what a pixel can hold.
_EDGES = ImageFilter.Kernel((3, 3), [0, 1, 0, 1, -4, 1, 0, 1, 0], scale=1, offset=128)
# A variance of the Laplacian with a score of 50: an out-of-focus photo has less than 100.
_HALF_SHARP = 200.0


def measured(picture: bytes, attributes: Collection[str]) -> dict[str, float]:
    """Return scores of a picture from 0 to 100, rounded to two places.

    ``Brightness`` is the mean, ``Contrast`` the deviation from it, ``Sharpness`` grows with the variance of the
    Laplacian, and ``IQA`` is the mean of contrast, sharpness, and how near to the middle the brightness is.

    :param picture: the picture file.
    :param attributes: which scores.
    :raises PictureError: it is no readable picture.
    """
    try:
        opened = Image.open(io.BytesIO(picture)).convert("RGBA")
    except (OSError, ValueError, Image.DecompressionBombError) as error:
        raise PictureError(str(error)) from None
    opened.thumbnail((_LONG_SIDE, _LONG_SIDE))
    grey = Image.alpha_composite(Image.new("RGBA", opened.size, "white"), opened).convert("L")
    stat = ImageStat.Stat(grey)
    brightness, contrast = stat.mean[0] / 255 * 100, min(100.0, stat.stddev[0] / 127.5 * 100)
    sharpness = _sharpness(grey)
    whole = (100 - abs(2 * brightness - 100) + contrast + sharpness) / 3
    scores = {"Brightness": brightness, "Contrast": contrast, "Sharpness": sharpness, "IQA": whole}
    return {name: round(scores[name], 2) for name in attributes}


def _sharpness(grey: Image.Image) -> float:
    width, height = grey.size
    if min(width, height) < 3:
        return 0.0
    # The filter leaves the outermost pixels as they were.
    edges = ImageStat.Stat(grey.filter(_EDGES).crop((1, 1, width - 1, height - 1)))
    return float(100 * edges.var[0] / (edges.var[0] + _HALF_SHARP))
