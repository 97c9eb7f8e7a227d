"""A PNG as chunks, of which one is written; the picture itself (IDAT, and the frames of an animation) stays packed.

Sources: PNG, third edition (https://www.w3.org/TR/png-3/); XMP Specification Part 3, section 1.1.5.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import NamedTuple

from airflow_provider_mps.pictures.labels.aigc import LabelError
from airflow_provider_mps.pictures.labels.exif import records_in
from airflow_provider_mps.pictures.labels.xmp import MAX_BYTES

SIGNATURE = b"\x89PNG\r\n\x1a\n"
KEYWORD = b"XML:com.adobe.xmp"
# Where ImageMagick has put XMP: its kind, its length, and its bytes as hexadecimal digits.
_RAW_PROFILE = b"Raw profile type xmp"
_TEXTS = (b"tEXt", b"zTXt", b"iTXt")
_IHDR_BYTES = 12 + 13
_MAX_CHUNK = 2**31 - 1


class Chunk(NamedTuple):
    """A chunk: its name, and where it begins and ends in the file."""

    name: bytes
    start: int
    end: int


class Png:
    """A PNG file.

    :param data: the file
    :raises LabelError: it is none, or it is cut off or damaged
    """

    format = "PNG"

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.chunks = list(_chunks(data))
        names = [one.name for one in self.chunks]
        if names[0] != b"IHDR" or self.chunks[0].end - self.chunks[0].start != _IHDR_BYTES or b"IDAT" not in names:
            raise LabelError("it is a PNG without a picture")
        self._xmp = next((one for one in self._of(b"iTXt") if self.payload(one).startswith(KEYWORD + b"\0")), None)

    def payload(self, chunk: Chunk) -> bytes:
        """Return what a chunk has."""
        return self._data[chunk.start + 8 : chunk.end - 4]

    @property
    def depth(self) -> int:
        """How many bits a channel has."""
        return self._data[self.chunks[0].start + 16]

    @property
    def xmp(self) -> bytes:
        """The XMP packet; empty where there is none."""
        return b"" if self._xmp is None else _text_of(b"iTXt", self.payload(self._xmp))

    @property
    def more_xmp(self) -> list[bytes]:
        """Further XMP packets, and such as are in other texts."""
        found = []
        for one in (one for one in self.chunks if one.name in _TEXTS and one != self._xmp):
            keyword, _, _ = self._data[one.start + 8 : min(one.start + 8 + 80, one.end - 4)].partition(b"\0")
            if keyword == KEYWORD:
                found.append(_text_of(one.name, self.payload(one)))
            elif keyword == _RAW_PROFILE:
                found.append(_unhexed(_text_of(one.name, self.payload(one))))
        return found

    @property
    def records(self) -> list[str]:
        """``AIGC`` records that are not in the XMP packet."""
        found = []
        for one in self.chunks:
            if one.name in _TEXTS and self.payload(one).startswith(b"AIGC\0"):
                found.append(_decoded(_text_of(one.name, self.payload(one))))
            elif one.name == b"eXIf":
                found += records_in(self.payload(one))
        return found[:1]

    @property
    def is_signed(self) -> bool:
        """Whether it has a C2PA manifest."""
        return any(True for _ in self._of(b"caBX"))

    def with_xmp(self, packet: bytes) -> bytes:
        """Return the file with another XMP packet, which is not compressed, as XMP wants it."""
        made = chunk(b"iTXt", KEYWORD + b"\0\0\0\0\0" + packet)
        first = self.chunks[0].end
        start, end = (first, first) if self._xmp is None else (self._xmp.start, self._xmp.end)
        return b"".join((self._data[:start], made, self._data[end:]))

    def _of(self, name: bytes) -> Iterator[Chunk]:
        return (one for one in self.chunks if one.name == name)


def chunk(name: bytes, payload: bytes) -> bytes:
    """Return a chunk with its length and its checksum."""
    return b"".join((len(payload).to_bytes(4, "big"), name, payload, zlib.crc32(payload, zlib.crc32(name)).to_bytes(4)))


def _chunks(data: bytes) -> Iterator[Chunk]:
    view = memoryview(data)
    at = len(SIGNATURE)
    while True:
        length, name = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
        end = at + 12 + length
        if len(name) < 4 or end > len(data):
            raise LabelError(f"it is a PNG that is cut off after {len(data):,} bytes")
        if not name.isalpha() or length > _MAX_CHUNK:
            raise LabelError(f"it is a broken PNG: no chunk at byte {at:,}")
        if zlib.crc32(view[at + 4 : end - 4]).to_bytes(4, "big") != data[end - 4 : end]:
            raise LabelError(f"it is a damaged PNG: chunk {name.decode('ascii')} at byte {at:,} has another checksum")
        yield Chunk(name, at, end)
        if name == b"IEND":
            return
        at = end


def _text_of(name: bytes, payload: bytes) -> bytes:
    """Return the text of a chunk of text, without its keyword.

    :raises LabelError: it is packed, and cannot be unpacked
    """
    _, _, rest = payload.partition(b"\0")
    is_packed = name == b"zTXt"
    if name == b"zTXt":
        rest = rest[1:]
    elif name == b"iTXt":
        if len(rest) < 4 or rest[0] > 1:
            raise LabelError("it is a broken PNG: a text that cannot be read")
        is_packed = rest[0] == 1
        # The language, and the keyword in it.
        rest = rest[2:].partition(b"\0")[2].partition(b"\0")[2]
    if not is_packed:
        return rest
    unpacked = zlib.decompressobj()
    try:
        text = unpacked.decompress(rest, MAX_BYTES)
    except zlib.error:
        raise LabelError("it is a damaged PNG: a text that cannot be unpacked") from None
    if not unpacked.eof:
        raise LabelError(f"it is a PNG with a text that is cut off, or has more than {MAX_BYTES:,} bytes")
    return text


def _decoded(text: bytes) -> str:
    """Return the text of bytes that are UTF-8 as most write it, or Latin-1 as the standard has it."""
    try:
        return text.decode()
    except UnicodeDecodeError:
        return text.decode("latin-1")


def _unhexed(profile: bytes) -> bytes:
    """Return what a raw profile has; nothing where it is broken."""
    try:
        return bytes.fromhex(profile.split(maxsplit=2)[2].decode("ascii"))
    except (IndexError, ValueError):
        return b""
