"""``AIGC`` records in EXIF, where other writers put them (TC260-PG-20259A, annex B: ``UserComment``)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import islice

_BEGIN = re.compile(r'\{\s*"(?:AIGC|Label|ContentProducer)"\s*:')
# Before a comment that is not in ASCII, which then is UTF-16; there is one comment in a file.
_UNICODE, _COMMENTS = re.compile(rb"UNICODE\0"), 4
# As many places in a text may begin a record; reading from each of a million would take hours.
_MAX_BEGINS = 16
_KEYS = {"AIGC", "ContentProducer", "ProduceID"}


def records_in(data: bytes) -> list[str]:
    """Return the records that are somewhere in EXIF, as text; a comment that is none is no record.

    :param data: the EXIF data, or another text
    """
    found = []
    for text in _texts(data):
        for begin in islice(_BEGIN.finditer(text), _MAX_BEGINS):
            try:
                value, _ = json.JSONDecoder().raw_decode(text, begin.start())
            except (ValueError, RecursionError):
                continue
            if _KEYS & set(value):
                found.append(json.dumps(value, ensure_ascii=False))
    return found[:1]


def _texts(data: bytes) -> Iterator[str]:
    yield data.decode("utf-8", "replace")
    for one in islice(_UNICODE.finditer(data), _COMMENTS):
        for order in ("utf-16-le", "utf-16-be"):
            yield data[one.end() :].decode(order, "replace")
