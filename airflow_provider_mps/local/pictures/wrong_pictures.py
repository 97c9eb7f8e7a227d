"""Pictures as a service should not make them: for whoever wants to see that they are noticed."""

from __future__ import annotations

import io
from typing import Literal, get_args

from PIL import Image, ImageOps

from airflow_provider_mps.local.pictures.product_pictures import encode

Wrong = Literal["blank", "covered", "cut", "mirrored", "unchanged"]
KINDS: tuple[str, ...] = get_args(Wrong)
# What stands before the product.
_BOARD = (96, 104, 112)


def spoil(made: bytes, subject: bytes, wrong: Wrong, format_: str, quality: int) -> bytes:
    """Return a picture with a fault.

    :param made: the picture as it should be.
    :param subject: the picture file with the product.
    :param wrong: ``blank`` is of one colour, ``covered`` has something before the product, ``cut`` is the beginning of
        the file, ``mirrored`` is seen in a mirror, ``unchanged`` is the subject as it was.
    :param format_: of the picture.
    :param quality: 1-100, for formats that know it.
    """
    if wrong == "cut":
        return made[: len(made) * 2 // 3]
    picture = Image.open(io.BytesIO(made)).convert("RGB")
    width, height = picture.size
    if wrong == "mirrored":
        picture = ImageOps.mirror(picture)
    elif wrong == "unchanged":
        cut_out = Image.open(io.BytesIO(subject)).convert("RGBA")
        on_white = Image.alpha_composite(Image.new("RGBA", cut_out.size, "white"), cut_out)
        picture = on_white.convert("RGB").resize(picture.size, Image.Resampling.BICUBIC)
    elif wrong == "covered":
        picture.paste(_BOARD, (0, height // 2, width, height))
    else:
        picture = Image.new("RGB", picture.size, _BOARD)
    return encode(picture, format_, quality)
