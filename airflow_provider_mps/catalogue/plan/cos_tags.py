"""Ask COS what many objects are now with few requests: by lists where many are near each other, else one by one."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from os.path import commonprefix
from typing import Protocol

# A few objects are asked for one by one, at the same time; a list has up to 1,000 in a request.
FEW = 8
MOST_BETWEEN_LISTS = 1024


class Stat(Protocol):
    """What COS says of an object."""

    @property
    def key(self) -> str:
        """Its key, with a leading ``/``."""

    @property
    def tag(self) -> str:
        """What is another one for another content."""


class Bucket(Protocol):
    """What is asked of a bucket; :class:`~airflow_provider_mps.hooks.cos.CosHook` has it."""

    def list_page(self, prefix: str, *, marker: str = "") -> tuple[Sequence[Stat], str]:
        """Return some objects after a key, in the order of keys, and the marker of the next page."""

    def stat_object(self, key: str) -> Stat | None:
        """Return an object; None if there is none."""


Look = Callable[[Collection[str]], Iterable[str | None]]


def tags_of(
    bucket: Bucket, keys: Iterable[str], look: Look, may_not_list: Callable[[Exception], bool]
) -> dict[str, str | None]:
    """Return the tag of each object by its key; None where there is none.

    There are never more lists than keys, nor than it takes to list all of the folders. What a list does not have is
    asked for by itself too: COS may need a moment to list what was stored.

    :param bucket: where they are
    :param keys: their keys, with a leading ``/``
    :param look: asks for some objects one by one, and returns their tags
    :param may_not_list: tells whether an error says that the account has no permission for lists
    """
    found: dict[str, str | None] = {}
    alone: list[str] = []
    for group in _groups(keys):
        try:
            listed, left = _by_lists(bucket, group)
        except Exception as error:
            if not may_not_list(error):
                raise
            listed, left = {}, group
        found |= listed
        alone += left
    alone += [key for key, tag in found.items() if tag is None]
    return found | dict(zip(alone, look(alone), strict=True))


def _groups(keys: Iterable[str]) -> list[list[str]]:
    """Return the keys in their order, those of each large folder by themselves."""
    ordered = sorted(set(keys))
    sizes = Counter(_folder(key) for key in ordered)
    groups: dict[str, list[str]] = {}
    for key in ordered:
        folder = _folder(key)
        groups.setdefault(folder if sizes[folder] >= FEW else "", []).append(key)
    return list(groups.values())


def _folder(key: str) -> str:
    return key[1:].partition("/")[0]


def _by_lists(bucket: Bucket, keys: list[str]) -> tuple[dict[str, str | None], list[str]]:
    """Return what lists say of the objects, and the keys that are better asked for one by one."""
    found: dict[str, str | None] = {}
    alone: list[str] = []
    # By characters: keys may hold "//", which no path does.
    prefix = commonprefix([keys[0], keys[-1]]).rpartition("/")[0] + "/"  # noqa: RUF071
    begin, few = 0, FEW
    while len(keys) - begin >= FEW:
        page, more = bucket.list_page(prefix, marker=_before(keys[begin]))
        end = len(keys)
        if more:
            end = bisect_right(keys, page[-1].key, begin) if page else begin
        listed = {stat.key: stat.tag for stat in page}
        found.update((key, listed.get(key)) for key in keys[begin:end])
        is_dense, begin = end - begin >= FEW, end
        if is_dense:
            few = FEW
        else:
            # They lie far from each other: the next ones probably too.
            alone += keys[begin : begin + few]
            begin, few = begin + few, min(2 * few, MOST_BETWEEN_LISTS)
    return found, alone + keys[begin:]


def _before(key: str) -> str:
    """Return a marker before a key, with hardly any other key in between."""
    code = ord(key[-1]) - 1
    # What is no character, or a control, is sent by no client.
    return key[:-1] if code < 0x20 or code == 0x7F or 0xD800 <= code < 0xE000 else f"{key[:-1]}{chr(code)}~"
