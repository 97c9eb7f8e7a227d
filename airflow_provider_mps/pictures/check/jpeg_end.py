"""Whether a JPEG has all that it says it has (ITU-T T.81, annexes B and G)."""

from __future__ import annotations

import re
from io import BytesIO
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image

# A marker outside of entropy-coded data; FF00 is a byte of data there, FFD0 to FFD7 are restarts, FFFF is filling.
_MARKER = re.compile(rb"\xff[\x01-\xcf\xd8-\xfe]")
_PROGRESSIVE = (0xC2, 0xC6, 0xCA, 0xCE)
_START_OF_SCAN, _END = 0xDA, 0xD9
_NO_LENGTH = {0x01, *range(0xD0, 0xDA)}


def lacks_scans(data: bytes) -> bool:
    """Return whether a JPEG ends before its end marker, or a progressive one before its last bits.

    :param data: the file; what is no JPEG lacks nothing
    """
    precision: dict[tuple[int, int], int] = {}
    components: set[int] = set()
    progressive, at = False, 2
    while (found := _MARKER.search(data, at)) is not None:
        marker, at = data[found.start() + 1], found.end()
        if marker == _END:
            # Each component's lowest bit of the mean, and of all that comes on it, must have come.
            return progressive and any(precision.get((one, place), 1) for one in components for place in (0, 63))
        if marker in _NO_LENGTH:
            continue
        body = data[at + 2 : at + int.from_bytes(data[at : at + 2])]
        if marker in _PROGRESSIVE and len(body) > 5:
            progressive, components = True, set(body[6::3])
        if marker == _START_OF_SCAN and len(body) > 3:
            _scan(body, precision)
        at += max(2, len(body) + 2)
    return bool(at > 2)


def _scan(body: bytes, precision: dict[tuple[int, int], int]) -> None:
    """Note which bits a scan brings: up to which place each of its components is precise now."""
    first, last, bits = body[-3], body[-2], body[-1] & 15
    for component in body[1:-3:2]:
        if first == 0:
            precision[(component, 0)] = bits
        if last == 63:
            precision[(component, 63)] = bits


# Codes that give other pixels than none do, whatever the tables are.
_MORE = bytes.fromhex("5aa5c33c1be4279d") * 64
_CORNER = 4


def ends_early(data: bytes, decoded: Image) -> bool:
    """Return whether a JPEG has an end mark, but not all of its rows, which no decoder tells.

    What is missing has the colour of what came last. So if the last corner has one colour, the file is decoded once
    more with more data before its end mark: a whole picture stays what it is.

    :param data: the file
    :param decoded: what it was decoded to
    """
    from PIL import Image as Images

    width, height = decoded.size
    corner = decoded.crop((width - min(_CORNER, width), height - min(_CORNER, height), width, height))
    if any(low != high for low, high in (channel.getextrema() for channel in corner.split())):
        return False
    # A byte FF before it is filling, or half of a pair that was cut.
    end = len(data[: data.rfind(b"\xff\xd9")].rstrip(b"\xff"))
    try:
        with Images.open(BytesIO(data[:end] + _MORE + data[end:]), formats=("JPEG",)) as file:
            file.draft(None, decoded.size)
            return file.size == decoded.size and file.tobytes() != decoded.tobytes()
    # It was decoded without these.
    except Exception:
        return False
