"""A file decoded to its last row, upright, as small as the checks need it."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING

from airflow_provider_mps.core.progress import counted
from airflow_provider_mps.pictures.check.findings import Code
from airflow_provider_mps.pictures.check.jpeg_end import ends_early, lacks_scans

if TYPE_CHECKING:
    from PIL.Image import Image

WORKING_SIDE = 1024
"""The longer side at which a picture is looked at, pixels; what is smaller is not enlarged."""

# What the services make and shops have; no format that hands over to another program, as PostScript does.
_FORMATS = ("JPEG", "PNG", "WEBP", "AVIF", "BMP", "GIF", "TIFF")
_ISO_FILE = b"ftyp"
# The second is what telephones make of the first; Pillow finds it among them.
_DRAFTED = ("JPEG", "MPO")
# Of EXIF 2.32, section 4.6.4: 5 to 8 are turned by a quarter.
_ORIENTATION, _ON_ITS_SIDE = 0x0112, (5, 6, 7, 8)
_LARGE_PIXELS = 4_000_000
_WORDS = 100
# One large picture at a time, however many threads there are: each takes 4 bytes a pixel.
_one_large = threading.Lock()


class BrokenPictureError(ValueError):
    """A file is no whole picture.

    :param code: what is wrong with it
    :param words: the same for people
    :param readable: whether it would be read if it were whole; else nobody knows what it is
    """

    def __init__(self, code: Code, words: str, *, readable: bool = True) -> None:
        super().__init__(words)
        self.code = code
        self.words = words
        self.readable = readable


@dataclass(frozen=True)
class Opened:
    """A decoded picture.

    :param pixels: RGB, or RGBA where something is transparent; the longer side is ``WORKING_SIDE`` at most
    :param width: of the file, pixels, as it is looked at
    :param height: of the file, pixels, as it is looked at
    :param format: Pillow's name of it
    """

    pixels: Image
    width: int
    height: int
    format: str

    @property
    def scale(self) -> float:
        """Pixels here for one of the file's."""
        return max(self.pixels.size) / max(self.width, self.height)


def open_picture(data: bytes) -> Opened:
    """Decode a picture; of an animation its first frame. Safe for use from several threads.

    A JPEG is decoded at a half or less where that is enough: all of its file is read for that too.

    :param data: the file
    :raises BrokenPictureError: it is no picture, it is cut off or damaged, or it has more pixels than Pillow's
        ``MAX_IMAGE_PIXELS``
    """
    from PIL import Image, UnidentifiedImageError
    from PIL import __version__ as pillow_version

    try:
        with Image.open(BytesIO(data), formats=_FORMATS) as file:
            limit, pixels = Image.MAX_IMAGE_PIXELS, file.width * file.height
            if limit is not None and pixels > limit:
                raise BrokenPictureError(
                    Code.NOT_A_PICTURE, f"it has {pixels:,} pixels, and Pillow's limit is {limit:,}"
                )
            _check_end(data, file.format or "")
            if file.format in _DRAFTED or pixels <= _LARGE_PIXELS:
                return _decoded(file, data)
            with _one_large:
                return _decoded(file, data)
    except BrokenPictureError:
        raise
    except Image.DecompressionBombError:
        raise BrokenPictureError(
            Code.NOT_A_PICTURE, "it has more than twice as many pixels as Pillow's limit"
        ) from None
    except UnidentifiedImageError:
        if data[4:8] == _ISO_FILE:
            words = f"it is a HEIF or AVIF file, which Pillow {pillow_version} cannot read here"
            raise BrokenPictureError(Code.NOT_A_PICTURE, words, readable=False) from None
        words = f"it is no picture that can be read ({counted(len(data), 'byte')})"
        raise BrokenPictureError(Code.NOT_A_PICTURE, words) from None
    # Whatever a broken file makes its decoder raise.
    except Exception as error:
        words = f"it cannot be decoded to its last row ({type(error).__name__}: {str(error)[:_WORDS]})"
        raise BrokenPictureError(Code.CUT_OFF, words) from None


def _check_end(data: bytes, format_: str) -> None:
    # Pillow notices most of it by itself, but not where somebody has set its LOAD_TRUNCATED_IMAGES.
    if format_ in _DRAFTED and lacks_scans(data):
        raise BrokenPictureError(Code.CUT_OFF, "the JPEG ends before its last scan does")
    if format_ == "PNG" and data.rfind(b"IEND") < 0:
        raise BrokenPictureError(Code.CUT_OFF, "the PNG ends before its last chunk")


def _decoded(file: Image, data: bytes) -> Opened:
    from PIL import ImageOps
    from PIL.Image import Resampling

    format_, full = file.format or "", file.size
    if file.getexif().get(_ORIENTATION) in _ON_ITS_SIDE:
        full = (full[1], full[0])
    factor = max(1, max(file.size) // WORKING_SIDE)
    if format_ in _DRAFTED:
        file.draft(None, (max(1, file.width // factor), max(1, file.height // factor)))
    file.load()
    if format_ in _DRAFTED and ends_early(data, file):
        raise BrokenPictureError(
            Code.CUT_OFF, "the JPEG has fewer rows than it says, and was closed after the last one"
        )
    picture = _in_colour(file)
    if max(picture.size) > WORKING_SIDE:
        # ``reducing_gap`` reads the pixels of a large picture once only.
        picture.thumbnail((WORKING_SIDE, WORKING_SIDE), Resampling.BILINEAR, reducing_gap=2.0)
    return Opened(ImageOps.exif_transpose(picture), full[0], full[1], format_)


def _in_colour(picture: Image) -> Image:
    """Return a picture as RGB, or as RGBA if some of it is transparent."""
    if picture.mode.startswith("I") or picture.mode == "F":
        # 16 bits a channel: converted as it is, all of it would be white.
        picture = picture.point(lambda value: value / 256).convert("L")
    if picture.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in picture.info:
        with_alpha = picture.convert("RGBA")
        least: object = with_alpha.getchannel("A").getextrema()[0]
        return with_alpha if least != 255 else with_alpha.convert("RGB")
    return picture.copy() if picture.mode == "RGB" else picture.convert("RGB")
