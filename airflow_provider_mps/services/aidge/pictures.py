"""What a picture has to be that travels inside a request; for the source see ``services.aidge.words``."""

from __future__ import annotations

import base64
import binascii
import io
import threading
import warnings
from typing import BinaryIO, NamedTuple

from airflow_provider_mps.core.arguments import ArgumentError
from airflow_provider_mps.services.aidge.words import MAX_PICTURE_BYTES, MAX_SIDE, MIN_SIDE, PICTURE_FORMATS

# Before the text of a picture that a browser gave.
_DATA_URL = "data:image/"
_WARNINGS = threading.Lock()


class PictureHeader(NamedTuple):
    """What the header of a picture says; sides in pixels."""

    format: str
    width: int
    height: int


def check_picture(name: str, shown: str, data: bytes) -> PictureHeader:
    """Check format, size and sides of a picture; only its header is read.

    :param name: the argument, for messages
    :param shown: what the picture is known by, for messages
    :param data: the whole file, or as much of it as is over the limit
    :raises ArgumentError: the service would not take it
    """

    def fail(what: str) -> ArgumentError:
        return ArgumentError(f"{name}: expected {what}, got {shown}")

    if len(data) > MAX_PICTURE_BYTES:
        raise fail(f"a picture of at most {MAX_PICTURE_BYTES // 2**20} MB")
    header = read_header(io.BytesIO(data))
    if header is None:
        raise fail(f"a picture in one of the formats {', '.join(PICTURE_FORMATS)}")
    if not all(MIN_SIDE < side < MAX_SIDE for side in header[1:]):
        sides = f"{header.width}x{header.height} pixels" if header.format else "many more"
        raise ArgumentError(
            f"{name}: expected sides of more than {MIN_SIDE} and less than {MAX_SIDE} pixels, got {sides} ({shown})"
        )
    return header


def decode(name: str, text: str) -> bytes:
    """Return the bytes of a picture in Base64; line breaks and the prefix of a ``data:`` address are left out.

    :raises ArgumentError: it is not Base64
    """
    text = text.strip()
    if text[:20].lower().startswith(_DATA_URL):
        text = text.partition(",")[2]
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        # Not the text: if it is an address it may carry a credential, and nothing has masked it.
        raise ArgumentError(f"{name}: expected a picture in Base64, got {len(text)} other characters") from None


def encode(data: bytes) -> str:
    """Return a picture in Base64."""
    return base64.b64encode(data).decode("ascii")


def read_header(file: BinaryIO) -> PictureHeader | None:
    """Return what the header of a picture says; None if it is none in a format that is known here."""
    from PIL import Image

    try:
        # What is to be warned of belongs to the process, so threads take turns.
        with _WARNINGS, warnings.catch_warnings():
            # The sides decide, and nothing is decoded.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(file, formats=PICTURE_FORMATS) as picture:
                return PictureHeader(str(picture.format), picture.width, picture.height)
    except Image.DecompressionBombError:
        # How many it would be, the library does not say.
        return PictureHeader("", MAX_SIDE, MAX_SIDE)
    except (OSError, ValueError, SyntaxError):
        return None
