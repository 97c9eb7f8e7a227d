"""Small copies of pictures for a page: JPEG, without what the picture says of its making."""

from __future__ import annotations

import threading
from io import BytesIO
from typing import TYPE_CHECKING, NamedTuple

from airflow_provider_mps.core.progress import counted

if TYPE_CHECKING:
    from PIL.Image import Image

DEFAULT_SIDE = 160
"""The longer side of a thumbnail in pixels."""
DEFAULT_QUALITY = 74
"""Of the JPEG: for a page with hundreds of them."""

# What product pictures come in; no format that hands over to another program, as PostScript does.
_FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "GIF")
# Of these Pillow reads no more than it draws; the second is what telephones make of the first.
_DRAFTED = ("JPEG", "MPO")
# Of EXIF 2.32, section 4.6.4: 5 to 8 are turned by a quarter.
_ORIENTATION, _ON_ITS_SIDE = 0x0112, (5, 6, 7, 8)
_LARGE_PIXELS = 4_000_000
# Tells at most this much of what Pillow says: its words may hold what the file does.
_WORDS = 120
# One large picture at a time, however many threads there are: each takes 4 bytes a pixel.
_one_large = threading.Lock()


class NotDrawnError(ValueError):
    """There is no thumbnail of a picture; the message says why, for the page."""


class Thumbnail(NamedTuple):
    """A small copy of a picture.

    :param jpeg: the copy
    :param width: of the copy in pixels
    :param height: of the copy in pixels
    :param full_width: of the picture in pixels, as it is looked at
    :param full_height: of the picture in pixels, as it is looked at
    """

    jpeg: bytes
    width: int
    height: int
    full_width: int
    full_height: int


def thumbnail(
    data: bytes, side: int = DEFAULT_SIDE, quality: int = DEFAULT_QUALITY, *, most_pixels: int | None = None
) -> Thumbnail:
    """Return a small copy of a picture, upright, on white where it is transparent; safe for use from several threads.

    A JPEG is decoded at the size that is needed only; of anything else, and of those that are stored in several passes,
    one at a time is decoded whole.

    :param data: the picture: JPEG, PNG, WebP, BMP or GIF (its first frame)
    :param side: the longer side of the copy in pixels, if the picture has as many
    :param quality: of the JPEG, 1 to 95
    :param most_pixels: of anything but a JPEG; default as many as Pillow's ``MAX_IMAGE_PIXELS``
    :raises NotDrawnError: it is none of these, it is broken, or it has more pixels than that
    """
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(BytesIO(data), formats=_FORMATS) as picture:
            limit, pixels = Image.MAX_IMAGE_PIXELS, picture.width * picture.height
            if limit is not None and pixels > limit:
                raise NotDrawnError(f"it has {pixels:,} pixels, and Pillow's limit is {limit:,}")
            is_drafted = picture.format in _DRAFTED
            if most_pixels is not None and pixels > most_pixels and not is_drafted:
                raise NotDrawnError(f"it has {pixels:,} pixels, and at most {most_pixels:,} are decoded here")
            # Of several passes all coefficients are kept: 3 bytes a pixel.
            if (is_drafted and not picture.info.get("progressive")) or pixels <= _LARGE_PIXELS:
                return _drawn(picture, side, quality)
            with _one_large:
                return _drawn(picture, side, quality)
    except NotDrawnError:
        raise
    except Image.DecompressionBombError:
        raise NotDrawnError("it has more than twice as many pixels as Pillow's limit") from None
    except UnidentifiedImageError:
        raise NotDrawnError(f"it is no JPEG, PNG, WebP, BMP or GIF ({counted(len(data), 'byte')})") from None
    # Whatever a broken file makes its decoder raise.
    except Exception as error:
        raise NotDrawnError(f"it cannot be decoded ({type(error).__name__}: {str(error)[:_WORDS]})") from None


def _drawn(picture: Image, side: int, quality: int) -> Thumbnail:
    from PIL import ImageOps
    from PIL.Image import Resampling

    full = picture.size
    if picture.mode == "P" or "transparency" in picture.info:
        picture = picture.convert("RGBA")
    elif picture.mode.startswith("I") or picture.mode == "F":
        # 16 bits a channel: converted as it is, all of it would be white.
        picture = picture.point(lambda value: value / 256).convert("L")
    picture.thumbnail((side, side), Resampling.LANCZOS)
    if picture.getexif().get(_ORIENTATION) in _ON_ITS_SIDE:
        full = (full[1], full[0])
    small = ImageOps.exif_transpose(picture)
    buffer = BytesIO()
    _on_white(small).save(buffer, "JPEG", quality=quality, optimize=True)
    return Thumbnail(buffer.getvalue(), *small.size, *full)


def _on_white(picture: Image) -> Image:
    """Return a picture in colours that JPEG has; nothing of what the file said beside them is in it."""
    from PIL import Image

    if picture.mode in ("RGBA", "LA", "PA", "RGBa", "La"):
        with_alpha = picture.convert("RGBA")
        plain = Image.new("RGB", picture.size, "white")
        plain.paste(with_alpha, mask=with_alpha.getchannel("A"))
        return plain
    plain = picture.convert("RGB")
    # Pillow hands a comment on to the file that it writes.
    plain.info = {}
    return plain
