"""However objects lie in a bucket, few requests find what they are."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_mps.catalogue.plan.cos_tags import tags_of


class Stat(NamedTuple):
    key: str
    tag: str


class Refused(Exception):
    """A list was refused."""


class MemoryBucket:
    """Answers as COS does: keys in the order of their bytes in UTF-8, in pages."""

    def __init__(self, keys: Collection[str], page: int, *, may_list: bool = True) -> None:
        self.keys = sorted(keys, key=str.encode)
        self.page, self.may_list = page, may_list
        self.lists = 0
        self.heads: list[str] = []

    def list_page(self, prefix: str, *, marker: str = "") -> tuple[list[Stat], str]:
        self.lists += 1
        if not self.may_list:
            raise Refused
        marker.encode()
        begin = bisect_right(self.keys, marker.encode(), key=str.encode)
        found = [key for key in self.keys[begin:] if key.startswith(prefix)]
        page = found[: self.page]
        return [Stat(key, f"tag of {key}") for key in page], page[-1] if len(found) > self.page else ""

    def stat_object(self, key: str) -> Stat | None:
        self.heads.append(key)
        return Stat(key, f"tag of {key}") if key in self.keys else None

    def look(self, keys: Collection[str]) -> list[str | None]:
        return [stat.tag if (stat := self.stat_object(key)) else None for key in keys]

    def tags(self, keys: Collection[str]) -> dict[str, str | None]:
        return tags_of(self, keys, self.look, lambda error: isinstance(error, Refused))


def test_ten_thousand_products_in_a_folder_take_ten_pages() -> None:
    keys = [f"/photos/cup-{number}.png" for number in range(10_000)]
    bucket = MemoryBucket([*keys, "/backgrounds/beach.png", "/photos/other.png"], 1000)
    found = bucket.tags([*keys, "/backgrounds/beach.png"])
    assert found == {key: f"tag of {key}" for key in [*keys, "/backgrounds/beach.png"]}
    assert (bucket.lists, bucket.heads) == (10, ["/backgrounds/beach.png"])


def test_a_folder_for_each_product_is_listed_too() -> None:
    keys = [f"/{number:05}/white.jpeg" for number in range(3000)]
    bucket = MemoryBucket(keys, 1000)
    assert set(bucket.tags(keys)) == set(keys)
    assert (bucket.lists, bucket.heads) == (3, [])


def test_a_few_among_very_many_are_asked_for_one_by_one() -> None:
    everything = [f"/photos/{number:06}.png" for number in range(200_000)]
    keys = everything[::400]
    bucket = MemoryBucket(everything, 1000)
    assert bucket.tags(keys) == {key: f"tag of {key}" for key in keys}
    assert bucket.lists + len(bucket.heads) <= len(keys)
    # Each list tried whether they are near each other by now.
    assert bucket.lists <= 10


def test_without_the_permission_to_list_each_is_asked_for() -> None:
    keys = [f"/photos/{number}.png" for number in range(50)]
    bucket = MemoryBucket(keys, 1000, may_list=False)
    assert bucket.tags([*keys, "/photos/none.png"]) == {
        **{key: f"tag of {key}" for key in keys},
        "/photos/none.png": None,
    }
    assert (bucket.lists, len(bucket.heads)) == (1, 51)


def test_another_error_of_a_list_is_raised() -> None:
    bucket = MemoryBucket([], 1000, may_list=False)
    with pytest.raises(Refused):
        tags_of(bucket, [f"/{number}" for number in range(20)], bucket.look, lambda error: False)


def test_what_a_list_does_not_have_yet_is_found_all_the_same() -> None:
    class Late(MemoryBucket):
        def list_page(self, prefix: str, *, marker: str = "") -> tuple[list[Stat], str]:
            page, more = super().list_page(prefix, marker=marker)
            return [stat for stat in page if not stat.key.endswith("7.png")], more

    keys = [f"/photos/{number:02}.png" for number in range(30)]
    bucket = Late(keys, 1000)
    assert bucket.tags(keys) == {key: f"tag of {key}" for key in keys}
    assert bucket.heads == [key for key in keys if key.endswith("7.png")]


segments = st.text(st.sampled_from("ab/~\x20!\ud7ff\ue000\U00010000é香"), min_size=1, max_size=6)
keys_ = st.sets(st.builds("/{}".format, segments), max_size=60)


@given(keys_, keys_, st.integers(1, 5), st.booleans())
def test_what_is_found_is_what_is_there(there: set[str], asked: set[str], page: int, may_list: bool) -> None:
    bucket = MemoryBucket(there, page, may_list=may_list)
    found = bucket.tags(asked)
    assert found == {key: f"tag of {key}" if key in there else None for key in asked}
    missing = sum(tag is None for tag in found.values())
    # A list that finds nothing of what was asked for is a rare one.
    assert bucket.lists + len(bucket.heads) <= 2 * len(asked) + missing
