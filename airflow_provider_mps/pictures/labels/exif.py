"""``AIGC`` records in EXIF, where other writers put them (TC260-PG-20259A, annex B: ``UserComment``)."""

from __future__ import annotations

import json
import re

_BEGIN = re.compile(r'\{\s*"(?:AIGC|Label|ContentProducer)"\s*:')
_KEYS = {"AIGC", "ContentProducer", "ProduceID"}


def records_in(data: bytes) -> list[str]:
    """Return the records that are somewhere in EXIF, as text; a comment that is none is no record.

    :param data: the EXIF data, or another text
    """
    text = data.decode("utf-8", "replace")
    found = []
    for begin in _BEGIN.finditer(text):
        try:
            value, _ = json.JSONDecoder().raw_decode(text, begin.start())
        except (ValueError, RecursionError):
            continue
        if _KEYS & set(value):
            found.append(json.dumps(value, ensure_ascii=False))
    return found[:1]
