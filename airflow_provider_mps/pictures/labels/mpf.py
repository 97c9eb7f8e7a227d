"""The index of a multi-picture JPEG, as telephones make them: where its other pictures are, counted from the index.

Source: CIPA DC-007-2009, sections 5.2.2.3 and 5.2.3.
"""

from __future__ import annotations

import struct

from airflow_provider_mps.pictures.labels.aigc import LabelError

_ENTRIES, _ENTRY_BYTES = 0xB002, 16


def moved(index: bytes, grown: int, *, is_after: bool) -> bytes:
    """Return the index of a file whose first picture has grown.

    :param index: from its byte order on
    :param grown: by how many bytes
    :param is_after: whether the index is behind what has grown, so that it has moved with the pictures
    :raises LabelError: it cannot be read, so that other pictures would get lost
    """
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(index[:4])
    if order is None:
        raise LabelError("it is a JPEG of several pictures whose index cannot be read")
    made = bytearray(index)
    try:
        at = struct.unpack_from(f"{order}I", index, 4)[0]
        for number in range(struct.unpack_from(f"{order}H", index, at)[0]):
            tag, _, size, place = struct.unpack_from(f"{order}HHII", index, at + 2 + 12 * number)
            if tag == _ENTRIES:
                for entry in range(place, place + size - size % _ENTRY_BYTES, _ENTRY_BYTES):
                    _move(made, order, entry, grown, is_after=is_after)
    except struct.error:
        raise LabelError("it is a JPEG of several pictures whose index cannot be read") from None
    return bytes(made)


def _move(made: bytearray, order: str, entry: int, grown: int, *, is_after: bool) -> None:
    size, offset = struct.unpack_from(f"{order}II", made, entry + 4)
    if offset == 0 and size:
        # The first picture itself, which has grown.
        size += grown
    elif offset and not is_after:
        offset += grown
    struct.pack_into(f"{order}II", made, entry + 4, size, offset)
