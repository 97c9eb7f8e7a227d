"""A mark that is seen: a text in a corner of the picture, for people.

GB 45438-2025, chapter 5, wants of a picture's mark that it is a text at its edge or in a corner, that the text has the
word for artificial intelligence (``人工智能`` or ``AI``) and one for making (``生成`` or ``合成``), and that it is at
least 5% of the shorter side high.
"""

from __future__ import annotations

import math
import threading
from enum import StrEnum
from io import BytesIO
from typing import TYPE_CHECKING, Any

from airflow_provider_mps.pictures.fonts import load_font, missing_characters
from airflow_provider_mps.pictures.labels import jpeg, png
from airflow_provider_mps.pictures.labels.aigc import LabelError

if TYPE_CHECKING:
    from PIL.Image import Image

DEFAULT_SHARE = 0.05
"""Height of the text, as a share of the picture's shorter side: the least that GB 45438 takes."""
QUALITY = 95
"""Of a JPEG that is marked."""
# White on black of this opacity: on the lightest ground too, white is more than 7 times as bright (WCAG's AAA).
_OPACITY = 0.72
MAX_SHARE = 0.5
"""The largest mark."""
_ORIENTATION = 0x0112
# What becomes of an upright mark to lie as the pixels do; 6 and 8 are each other's way back.
_TURNS = {2: "FLIP_LEFT_RIGHT", 3: "ROTATE_180", 4: "FLIP_TOP_BOTTOM", 5: "TRANSPOSE"}
_TURNS |= {6: "ROTATE_90", 7: "TRANSVERSE", 8: "ROTATE_270"}
_ON_ITS_SIDE = (5, 6, 7, 8)
# Made by the encoder anew; JFIF, Adobe's word on colours, and an index of pictures that are no more.
_OWN_SEGMENTS = ((0xE0, b"JFIF"), (0xE0, b"JFXX"), (0xEE, b"Adobe"), (0xE2, b"MPF\0"))
# iDOT: where in the file the data are that are no more.
_OWN_CHUNKS = (b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"bKGD", b"hIST", b"sBIT", b"iDOT")
# In the payload of JFIF: how many pixels there are to an inch or a centimetre.
_DENSITY = slice(7, 12)
# One at a time, however many threads there are: each takes several bytes a pixel.
_one = threading.Lock()


class Corner(StrEnum):
    """Where a mark is, as the picture is looked at."""

    TOP_LEFT = "top left"
    TOP_RIGHT = "top right"
    BOTTOM_LEFT = "bottom left"
    BOTTOM_RIGHT = "bottom right"


def mark(
    data: bytes,
    text: str,
    corner: Corner | str = Corner.BOTTOM_RIGHT,
    share: float = DEFAULT_SHARE,
    font: str | None = None,
) -> bytes:
    """Return a picture with a text in its corner, white on a dark plate; safe for use from several threads.

    The picture is encoded anew: a JPEG in quality 95 without less colour than it had, a PNG without loss. EXIF, ICC
    profile, XMP and whatever else it has are kept. Marked twice it has two marks, so mark what the service has made.

    :param data: the picture: JPEG or PNG of one picture, of 8 bits a channel
    :param text: what to write, such as ``AI生成``
    :param corner: ``top left``, ``top right``, ``bottom left`` or ``bottom right``
    :param share: height of the text as a share of the shorter side, 0.05 to 0.5, default 0.05
    :param font: path of a font file (TrueType or OpenType); default that of Pillow, which has no Chinese
    :raises ValueError: an argument cannot be used
    :raises LabelError: it is no such picture, it cannot be decoded, the font has not all characters, or the text has no
        room
    """
    where = Corner(corner)
    if not text.strip() or not text.isprintable():
        raise ValueError(f"text: expected a line of text, got {text[:80]!r}")
    if not DEFAULT_SHARE <= share <= MAX_SHARE:
        raise ValueError(f"share: expected {DEFAULT_SHARE} to {MAX_SHARE} of the shorter side, got {share!r}")
    container = _container(data)
    with _one:
        try:
            encoded = _drawn(data, text, where, share, font)
        except (LabelError, MemoryError):
            raise
        # Whatever a broken file makes its decoder raise.
        except Exception as error:
            raise LabelError(f"it cannot be decoded ({type(error).__name__}: {str(error)[:120]})") from None
    return _dressed(encoded, container)


def _container(data: bytes) -> jpeg.Jpeg | png.Png:
    if data.startswith(jpeg.SIGNATURE):
        return jpeg.Jpeg(data)
    if not data.startswith(png.SIGNATURE):
        raise LabelError("it is no JPEG and no PNG, and no mark is drawn in others")
    found = png.Png(data)
    if found.depth > 8:
        raise LabelError(f"it has {found.depth} bits a channel, of which a drawn mark would leave 8")
    return found


def _drawn(data: bytes, text: str, corner: Corner, share: float, font: str | None) -> bytes:
    from PIL import Image

    with Image.open(BytesIO(data), formats=("JPEG", "PNG", "MPO")) as picture:
        limit, pixels = Image.MAX_IMAGE_PIXELS, picture.width * picture.height
        if limit is not None and pixels > limit:
            raise LabelError(f"it has {pixels:,} pixels, and Pillow's limit is {limit:,}")
        if getattr(picture, "n_frames", 1) > 1:
            raise LabelError("it is made of several pictures, of which a drawn mark would leave one")
        is_jpeg, sampling = picture.format != "PNG", _sampling(picture)
        is_progressive = bool(picture.info.get("progressive"))
        orientation = picture.getexif().get(_ORIENTATION, 1)
        plain = _paintable(picture)
        size = plain.size[::-1] if orientation in _ON_ITS_SIDE else plain.size
        for colour, mask in _layers(size, text, corner, share, font):
            turn = _TURNS.get(orientation)
            lying = mask.transpose(Image.Transpose[turn]) if turn else mask
            plain.paste(_in_mode(colour, plain.mode), mask=lying)
        buffer = BytesIO()
        if is_jpeg:
            plain.info = {}
            plain.save(buffer, "JPEG", quality=QUALITY, subsampling=sampling, progressive=is_progressive)
        else:
            plain.info = {}
            plain.save(buffer, "PNG")
    return buffer.getvalue()


def _sampling(picture: Image) -> int:
    """Return how the colours of a JPEG are thinned out, or not at all where Pillow has no word for it."""
    from PIL.JpegImagePlugin import get_sampling

    return max(get_sampling(picture), 0) if picture.format in ("JPEG", "MPO") and picture.mode == "RGB" else 0


def _paintable(picture: Image) -> Image:
    """Return the picture in colours that can be painted in."""
    if "transparency" in picture.info:
        return picture.convert("RGBA")
    if picture.mode in ("P", "PA"):
        return picture.convert("RGBA" if picture.mode == "PA" else "RGB")
    if picture.mode in ("L", "LA", "RGB", "RGBA", "CMYK"):
        picture.load()
        return picture.copy()
    return picture.convert("L" if picture.mode == "1" else "RGB")


def _in_mode(light: int, mode: str) -> Any:
    """Return black (0) or white (255) in the colours of a picture."""
    return {"L": light, "LA": (light, 255), "RGB": (light,) * 3, "RGBA": (light,) * 3 + (255,)}.get(
        mode, (0, 0, 0, 255 - light)
    )


def _layers(
    size: tuple[int, int], text: str, corner: Corner, share: float, font: str | None
) -> list[tuple[int, Image]]:
    """Return the plate and the text, each as its colour and the mask that it is painted through."""
    from PIL import Image, ImageDraw

    height = max(math.ceil(min(size) * share), 1)
    written, (left, top, right, bottom) = _font(text, height, font)
    pad = math.ceil(height * 0.35)
    width, tall = right - left + 2 * pad, bottom - top + 2 * pad
    if width > size[0] or tall > size[1]:
        raise LabelError(
            f"the mark {text[:80]!r} has no room: it would be {width} pixels wide, and the picture is {size[0]}"
        )
    x = 0 if corner in (Corner.TOP_LEFT, Corner.BOTTOM_LEFT) else size[0] - width
    y = 0 if corner in (Corner.TOP_LEFT, Corner.TOP_RIGHT) else size[1] - tall
    plate, letters = Image.new("L", size, 0), Image.new("L", size, 0)
    plate.paste(round(255 * _OPACITY), (x, y, x + width, y + tall))
    ImageDraw.Draw(letters).text((x + pad - left, y + pad - top), text, fill=255, font=written)
    return [(0, plate), (255, letters)]


def _font(text: str, height: int, path: str | None) -> tuple[Any, tuple[int, int, int, int]]:
    """Return a font in which the text is at least so high, and the text's box in it."""

    def sized(points: float) -> Any:
        try:
            return load_font(points, path)
        except OSError as error:
            raise LabelError(f"the font {path} cannot be read ({error})") from None

    points = float(height)
    for _ in range(12):
        found = sized(points)
        box = tuple(map(round, found.getbbox(text)))
        if (tall := box[3] - box[1]) >= height:
            break
        points = math.ceil(points * height / tall) if 0 < tall < height * 0.9 else points + 1
    _check_glyphs(found, text, path)
    return found, (box[0], box[1], box[2], box[3])


def _check_glyphs(font: Any, text: str, path: str | None) -> None:
    """Check that a font has all characters: it would draw boxes in place of those that it has not."""
    missing = missing_characters(font, text)
    if missing:
        which = f"the font {path}" if path else "Pillow's own font"
        raise LabelError(
            f"{which} has no {missing!r}: give font=, the path of a font file that has it, such as Noto Sans CJK"
        )


def _dressed(encoded: bytes, before: jpeg.Jpeg | png.Png) -> bytes:
    """Return the picture that was encoded anew with all that the one before it said beside its pixels."""
    if isinstance(before, png.Png):
        kept = [png.chunk(one.name, before.payload(one)) for one in before.chunks if one.name not in _OWN_CHUNKS]
        end = png.Png(encoded).chunks[0].end
        return encoded[:end] + b"".join(kept) + encoded[end:]
    made = jpeg.Jpeg(encoded)
    first = max((one.end for one in made.segments if one.marker == jpeg.APP0), default=2)
    segments = b""
    for one in before.segments:
        said = before.payload(one)
        is_own = any(one.marker == marker and said.startswith(header) for marker, header in _OWN_SEGMENTS)
        if (0xE0 <= one.marker <= 0xEF or one.marker == 0xFE) and not is_own:
            segments += bytes((0xFF, one.marker)) + (len(said) + 2).to_bytes(2, "big") + said
    return _with_density(encoded, made, before)[:first] + segments + encoded[first:]


def _with_density(encoded: bytes, made: jpeg.Jpeg, before: jpeg.Jpeg) -> bytes:
    """Return a JPEG as many pixels of which are to an inch as there were before."""
    mine, theirs = (_jfif(one) for one in (made, before))
    if mine is None or theirs is None:
        return encoded
    begin = mine.start + 4 + _DENSITY.start
    density = before.payload(theirs)[_DENSITY]
    return encoded[:begin] + density + encoded[begin + len(density) :]


def _jfif(picture: jpeg.Jpeg) -> jpeg.Segment | None:
    found = (one for one in picture.segments if one.marker == jpeg.APP0)
    return next((one for one in found if picture.payload(one).startswith(b"JFIF\0")), None)
