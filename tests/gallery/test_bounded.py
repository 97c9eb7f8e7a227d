from __future__ import annotations

from collections import OrderedDict

from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_mps.gallery.bounded import BoundedCache

STEPS = st.lists(
    st.tuples(st.sampled_from("abcdefgh"), st.none() | st.integers(0, 12), st.floats(0.0, 4.0)), max_size=60
)


@given(STEPS)
def test_it_keeps_what_was_used_last_and_no_more(steps: list[tuple[str, int | None, float]]) -> None:
    now = [0.0]
    cache: BoundedCache[bytes] = BoundedCache(20, 10.0, len, lambda: now[0])
    known: OrderedDict[str, tuple[float, bytes]] = OrderedDict()
    for key, size, seconds in steps:
        now[0] += seconds
        if size is None:
            found, kept = cache.get(key), known.get(key)
            if kept is not None and kept[0] + 10.0 <= now[0]:
                kept = known.pop(key) and None
            elif kept is not None:
                known.move_to_end(key)
            assert found == (None if kept is None else kept[1])
        else:
            cache.put(key, b"x" * size)
            known.pop(key, None)
            while sum(len(value) for _, value in known.values()) + size > 20:
                known.popitem(last=False)
            known[key] = (now[0], b"x" * size)
        assert cache.taken == sum(len(value) for _, value in known.values()) <= 20


def test_what_is_larger_than_all_of_the_room_is_not_kept() -> None:
    cache: BoundedCache[bytes] = BoundedCache(20, 10.0, len, lambda: 0.0)
    cache.put("a", b"x" * 5)
    cache.put("b", b"x" * 21)
    assert (cache.get("a"), cache.get("b"), cache.taken) == (b"x" * 5, None, 5)


def test_what_is_too_old_for_whoever_asks_is_dropped() -> None:
    now = [0.0]
    cache: BoundedCache[int] = BoundedCache(5, 10.0, lambda _: 1, lambda: now[0])
    cache.put("a", 1)
    now[0] = 5.0
    assert cache.get("a", not_before=0.0) == 1
    assert cache.get("a", not_before=1.0) is None
    assert cache.get("a") is None
