"""What is noted with a labelled picture in COS, so that a HEAD shows what it was labelled from, and how.

A note holds only of the bytes that it was written for: whoever puts other bytes under a key leaves none that holds.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from airflow_provider_mps.core.digests import Digest
from airflow_provider_mps.services.tencentcloud.objects import ObjectStat

_TEXT = re.compile(r"v1; source=([\w.-]{1,80}); made=(\d+)-(\d+); form=([0-9a-f]{16})")


class Note(NamedTuple):
    """A note.

    :param source: what identifies the picture before it was labelled, see :func:`content_tag`
    :param size: of the labelled picture in bytes
    :param crc64: of the labelled picture
    :param form: of its label, see :class:`~airflow_provider_mps.pictures.labels.settings.LabelSettings`
    """

    source: str
    size: int
    crc64: int
    form: str

    def __str__(self) -> str:
        return f"v1; source={self.source}; made={self.size}-{self.crc64}; form={self.form}"


def content_tag(stat: ObjectStat) -> str:
    """Return what identifies the content of an object."""
    return f"{stat.size}-{stat.etag if stat.crc64 is None else stat.crc64}"


def note_of(source: ObjectStat, made: Digest, form: str) -> Note:
    """Return the note for a picture.

    :param source: the picture before it was labelled
    :param made: the labelled picture
    :param form: of its label
    """
    return Note(content_tag(source), made.size or 0, made.crc64 or 0, form)


def read_note(stat: ObjectStat) -> Note | None:
    """Return the note of an object, if there is one and it is of these bytes."""
    found = _TEXT.fullmatch(stat.label or "")
    if found is None:
        return None
    note = Note(found[1], int(found[2]), int(found[3]), found[4])
    is_of_it = note.size == stat.size and stat.crc64 in (None, note.crc64)
    return note if is_of_it else None
