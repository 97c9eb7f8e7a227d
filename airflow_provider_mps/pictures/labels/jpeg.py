"""A JPEG as segments, of which one is written; entropy-coded data is looked through for its end, and never decoded.

Sources: ITU-T T.81, annex B; XMP Specification Part 3, section 1.1.3; CIPA DC-007 (multi-picture format).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from airflow_provider_mps.pictures.labels.aigc import LabelError
from airflow_provider_mps.pictures.labels.exif import records_in
from airflow_provider_mps.pictures.labels.mpf import moved
from airflow_provider_mps.pictures.labels.xmp import shortened

SIGNATURE = b"\xff\xd8\xff"
XMP_HEADER = b"http://ns.adobe.com/xap/1.0/\0"
EXTENDED_HEADER = b"http://ns.adobe.com/xmp/extension/\0"
# In a part of extended XMP: which one it is of, how long that is, and where in it the part begins.
_ID, _BEGIN = slice(32), slice(36, 40)
EXIF_HEADER, MPF_HEADER = b"Exif\0", b"MPF\0"
MAX_PAYLOAD = 0xFFFF - 2
APP0, APP1, APP2, APP11 = 0xE0, 0xE1, 0xE2, 0xEB
_EOI, _SOS = 0xD9, 0xDA
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
# A marker in entropy-coded data that is none of its own: no stuffed byte, no restart, nothing that fills up.
_MARKER = re.compile(rb"\xff[\x01-\xcf\xd8-\xfe]")


class Segment(NamedTuple):
    """A segment before the picture's data.

    :param start: of its marker
    :param end: of its payload
    """

    marker: int
    start: int
    end: int


class Jpeg:
    """A JPEG file.

    :param data: the file
    :raises LabelError: it is none, or it is cut off
    """

    format = "JPEG"

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.segments = list(_segments(data))
        self._xmp = next((one for one in self._of(APP1) if self.payload(one).startswith(XMP_HEADER)), None)

    def payload(self, segment: Segment) -> bytes:
        """Return what a segment has."""
        return self._data[segment.start + 4 : segment.end]

    @property
    def xmp(self) -> bytes:
        """The XMP packet; empty where there is none."""
        return b"" if self._xmp is None else self.payload(self._xmp)[len(XMP_HEADER) :]

    @property
    def more_xmp(self) -> list[bytes]:
        """Further XMP packets: of other writers, and what had no room in the first (extended XMP)."""
        parts: dict[bytes, dict[int, bytes]] = {}
        for one in self._of(APP1):
            if self._is(one, EXTENDED_HEADER):
                said = self.payload(one)[len(EXTENDED_HEADER) :]
                parts.setdefault(said[_ID], {})[int.from_bytes(said[_BEGIN], "big")] = said[_BEGIN.stop :]
        others = (one for one in self._of(APP1) if one != self._xmp and self._is(one, XMP_HEADER))
        found = [self.payload(one)[len(XMP_HEADER) :] for one in others]
        return [*found, *(b"".join(part[begin] for begin in sorted(part)) for part in parts.values())]

    @property
    def records(self) -> list[str]:
        """``AIGC`` records that are not in the XMP packet."""
        return [text for one in self._of(APP1) if self._is(one, EXIF_HEADER) for text in records_in(self.payload(one))]

    @property
    def is_signed(self) -> bool:
        """Whether it has a C2PA manifest, which is in boxes of JUMBF."""
        return any(b"jumb" in self.payload(one)[:40] for one in self._of(APP11))

    def with_xmp(self, packet: bytes) -> bytes:
        """Return the file with another XMP packet.

        :raises LabelError: the packet has no room in a segment
        """
        if len(XMP_HEADER) + len(packet) > MAX_PAYLOAD:
            packet = shortened(packet)
        payload = XMP_HEADER + packet
        if len(payload) > MAX_PAYLOAD:
            raise LabelError(f"its XMP packet would have {len(packet):,} bytes, and a JPEG segment holds 65,504")
        segment = b"\xff\xe1" + (len(payload) + 2).to_bytes(2, "big") + payload
        start, end = (self._xmp.start, self._xmp.end) if self._xmp is not None else (self._first_place(),) * 2
        grown = len(segment) - (end - start)
        edits = [(start, end, segment), *self._indexes(end, grown)]
        parts: list[bytes | memoryview] = []
        at = 0
        for begin, behind, said in sorted(edits):
            parts += [memoryview(self._data)[at:begin], said]
            at = behind
        return b"".join([*parts, memoryview(self._data)[at:]])

    def _indexes(self, end: int, grown: int) -> Iterator[tuple[int, int, bytes]]:
        """Yield the index of a file of several pictures, as it has to be when something before ``end`` has grown."""
        for one in self._of(APP2):
            if self._is(one, MPF_HEADER):
                begin = one.start + 4 + len(MPF_HEADER)
                yield begin, one.end, moved(self._data[begin : one.end], grown, is_after=one.start >= end)

    def _first_place(self) -> int:
        """Return where an XMP packet belongs: behind JFIF and EXIF, which want to be first."""
        begins = [
            one.end
            for one in self.segments
            if one.marker == APP0 or (one.marker == APP1 and self._is(one, EXIF_HEADER))
        ]
        return max(begins, default=2)

    def _of(self, marker: int) -> Iterator[Segment]:
        return (one for one in self.segments if one.marker == marker)

    def _is(self, segment: Segment, header: bytes) -> bool:
        return self._data.startswith(header, segment.start + 4, segment.end)


def _segments(data: bytes) -> Iterator[Segment]:
    """Yield the segments before the first scan, and look at the others.

    :raises LabelError: the file is cut off or broken
    """
    at, has_frame, has_scan = 2, False, False
    while True:
        marker, start = _marker_at(data, at)
        if marker == _EOI:
            if not has_scan:
                raise LabelError("it is a JPEG without a picture")
            return
        if marker in (0x01, 0xD8) or 0xD0 <= marker <= 0xD7:
            raise LabelError(f"it is a broken JPEG: marker FF{marker:02X} at byte {start:,}")
        length = int.from_bytes(data[start + 2 : start + 4], "big")
        end = start + 2 + length
        if start + 4 > len(data) or end > len(data):
            raise LabelError(f"it is a JPEG that is cut off after {len(data):,} bytes")
        if length < 2:
            raise LabelError(f"it is a broken JPEG: a segment without length at byte {start:,}")
        has_frame = has_frame or marker in _FRAMES
        at = end
        if marker == _SOS:
            if not has_frame:
                raise LabelError("it is a broken JPEG: a scan before its frame")
            has_scan = True
            found = _MARKER.search(data, end)
            if found is None:
                raise LabelError(f"it is a JPEG that is cut off after {len(data):,} bytes")
            at = found.start()
        elif not has_scan:
            yield Segment(marker, start, end)


def _marker_at(data: bytes, at: int) -> tuple[int, int]:
    """Return the next marker and where it is; it may be filled up with FF before it."""
    start = at
    while data[start + 1 : start + 2] == b"\xff":
        start += 1
    if start + 1 >= len(data):
        raise LabelError(f"it is a JPEG that is cut off after {len(data):,} bytes")
    if data[start] != 0xFF or data[start + 1] == 0:
        raise LabelError(f"it is a broken JPEG: no marker at byte {start:,}")
    return data[start + 1], start
