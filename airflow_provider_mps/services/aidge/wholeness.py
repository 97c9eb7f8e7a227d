"""Tell a whole picture from a broken one: its parts, its end, and its pixels as far as a decoder notices.

JPEG as in ITU-T T.81, annex B; PNG as in https://www.w3.org/TR/png-3/#5Chunk-layout; WebP as in RFC 9649; BMP as in
https://learn.microsoft.com/windows/win32/gdi/bitmap-storage
"""

from __future__ import annotations

import mmap
import re
import struct
import threading
import warnings
import zlib
from collections.abc import Iterator
from pathlib import Path

from airflow_provider_mps.services.aidge.words import PICTURE_FORMATS

# A picture of this many pixels takes 256 MB; a larger one is not decoded, only its parts are looked at.
MAX_PIXELS = 64_000_000
# So few at the same time, however many files are under way.
_DECODERS = threading.Semaphore(2)
_WARNINGS = threading.Lock()

_PNG = b"\x89PNG\r\n\x1a\n"
# Within a scan 0xFF is followed by zero or by a restart marker.
_SCAN_END = re.compile(rb"\xff+[^\x00\xd0-\xd7\xff]", re.DOTALL)
_TWO_PICTURES = b"MPF\x00"
_RLE = (1, 2)
_NO_ZERO = re.compile(rb"[^\x00]")
# The decoder of WebP takes zeros for pixels. A picture of one colour ends in some, as many as a twentieth of its bytes.
_MOST_ZEROS = 64


class BrokenPictureError(Exception):
    """A picture is not whole; the text says what is wrong with it."""


def check_whole(path: Path) -> None:
    """Check that a file holds one whole picture, and nothing behind its end.

    What a decoder cannot notice is not noticed: another colour in a BMP, a wrong byte in the pixels of a JPEG, or the
    last eighth of a WebP, has to be found by a checksum.

    :raises BrokenPictureError: it does not
    """
    with _DECODERS, path.open("rb") as file:
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            _check_parts(data)
        _decode(path)


def _check_parts(data: mmap.mmap) -> None:
    head = data[:12]
    try:
        if head[:3] == b"\xff\xd8\xff":
            _check_jpeg(data)
        elif head[:8] == _PNG:
            _check_png(data)
        elif head[:4] == b"RIFF" and head[8:] == b"WEBP":
            _check_webp(data)
        elif head[:2] == b"BM":
            _check_bmp(data)
    except (struct.error, IndexError):
        raise BrokenPictureError("it is cut off") from None


def _check_jpeg(data: mmap.mmap) -> None:
    end = _jpeg_end(data, 0)
    has_more = data.find(_TWO_PICTURES, 0, end) >= 0
    while end < len(data):
        if not has_more:
            raise BrokenPictureError(_behind(len(data) - end))
        # Cameras fill up with zeros between the pictures of a file.
        start = data.find(b"\xff\xd8\xff", end)
        if start < 0 or data[end:start].strip(b"\x00"):
            raise BrokenPictureError(_behind(len(data) - end))
        end = _jpeg_end(data, start)


def _jpeg_end(data: mmap.mmap, start: int) -> int:
    position, has_scan = start + 2, False
    while True:
        if data[position] != 0xFF:
            raise BrokenPictureError(f"there is no JPEG marker at byte {position:,}")
        while data[position] == 0xFF:
            position += 1
        marker, position = data[position], position + 1
        if marker == 0xD9 and has_scan:
            return position
        if marker in (0x00, 0xD8, 0xD9):
            raise BrokenPictureError(f"there is a wrong JPEG marker at byte {position - 1:,}")
        if marker == 0x01 or 0xD0 <= marker <= 0xD7:
            continue
        (length,) = struct.unpack(">H", data[position : position + 2])
        position += max(length, 2)
        if marker == 0xDA:
            has_scan = True
            found = _SCAN_END.search(data, position)
            if found is None:
                raise BrokenPictureError("the end of the JPEG is missing")
            position = found.start()


def _check_png(data: mmap.mmap) -> None:
    position, names = len(_PNG), set()
    while True:
        length, name = struct.unpack(">I4s", data[position : position + 8])
        end = position + 8 + length
        (crc,) = struct.unpack(">I", data[end : end + 4])
        if crc != zlib.crc32(data[position + 4 : end]):
            raise BrokenPictureError(f"the checksum of the part at byte {position:,} is wrong")
        names.add(name)
        position = end + 4
        if name == b"IEND":
            break
    if b"IDAT" not in names:
        raise BrokenPictureError("there are no pixels")
    if position != len(data):
        raise BrokenPictureError(_behind(len(data) - position))


def _check_webp(data: mmap.mmap) -> None:
    (length,) = struct.unpack("<I", data[4:8])
    # The last part may lack the byte that makes its length even.
    end = 8 + length
    if len(data) < end:
        raise BrokenPictureError(f"{end:,} bytes are announced in it, there are {len(data):,}")
    if len(data) > end + (length & 1):
        raise BrokenPictureError(_behind(len(data) - end))
    position = 12
    while position < end:
        name, size = struct.unpack("<4sI", data[position : position + 8])
        zeros = _zeros_before(data, position + 8, min(position + 8 + size, len(data)))
        if (name == b"VP8L" and zeros > _MOST_ZEROS) or (name == b"VP8 " and zeros > _MOST_ZEROS + size // 8):
            raise BrokenPictureError(f"its last {zeros:,} bytes are zeros, which no encoder writes")
        position += 8 + size + (size & 1)
    if position - end not in (0, 1):
        raise BrokenPictureError("its parts are longer than the whole")


def _zeros_before(data: mmap.mmap, start: int, end: int) -> int:
    found = _NO_ZERO.search(data[start:end][::-1])
    return found.start() if found else end - start


def _check_bmp(data: mmap.mmap) -> None:
    announced, offset, header = struct.unpack("<2xI4xII", data[:18])
    if header == 12:
        width, height, bits = struct.unpack("<HH2xH", data[18:26])
        compression, size = 0, 0
    else:
        width, height, bits, compression, size = struct.unpack("<ii2xHII", data[18:38])
    pixels = size if compression in _RLE else (width * bits + 31) // 32 * 4 * abs(height)
    end = offset + pixels
    if len(data) < end:
        raise BrokenPictureError(f"{end:,} bytes are announced in it, there are {len(data):,}")
    # Some writers leave the length out, and some fill up to four bytes.
    if len(data) != announced and len(data) > end + 3:
        raise BrokenPictureError(_behind(len(data) - end))


def _decode(path: Path) -> None:
    from PIL import Image

    try:
        with _WARNINGS, warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            picture = Image.open(path, formats=PICTURE_FORMATS)
        with picture:
            left = MAX_PIXELS
            for _ in _frames(picture):
                left -= picture.width * picture.height
                if left < 0:
                    return
                picture.load()
    except MemoryError:
        raise
    # A decoder that meets rubbish raises whatever it comes to.
    except Exception as error:
        raise BrokenPictureError(f"it cannot be decoded: {type(error).__name__}: {error}") from None


def _frames(picture: object) -> Iterator[int]:
    count = int(getattr(picture, "n_frames", 1))
    yield 0
    for number in range(1, count):
        picture.seek(number)  # type: ignore[attr-defined]
        yield number


def _behind(count: int) -> str:
    return f"{count:,} bytes are behind its end"
