"""Who submits next."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_mps.durable.turns import Turns


async def settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


@given(st.lists(st.tuples(st.integers(-5, 5), st.integers(0, 5)), max_size=30), st.integers(1, 4))
def test_the_highest_priority_is_next_and_among_equals_who_waits_longest(
    waiting: list[tuple[int, int]], at_once: int
) -> None:
    async def run() -> list[tuple[int, int]]:
        turns, order = Turns(at_once), []
        held = [await turns.take(100, 0) for _ in range(at_once)]

        async def one(priority: int, since: int) -> None:
            turn = await turns.take(priority, since)
            order.append((priority, since))
            await asyncio.sleep(0)
            turn.end()

        tasks = [asyncio.create_task(one(*who)) for who in waiting]
        await settle()
        assert not order
        # One alone, so that the order can be told; and that it ends twice gives nobody a turn.
        held[0].end()
        held[0].end()
        await asyncio.gather(*tasks)
        return order

    order = asyncio.run(run())
    assert order == sorted(waiting, key=lambda who: (-who[0], who[1]))


async def test_so_many_have_a_turn_at_the_same_time() -> None:
    turns = Turns(2)
    first, second = await turns.take(1, 0), await turns.take(1, 0)
    third = asyncio.create_task(turns.take(1, 0))
    await settle()
    assert not third.done()
    first.end()
    (await third).end()
    second.end()


async def test_who_gives_up_leaves_the_turn_to_others() -> None:
    turns = Turns(1)
    turn = await turns.take(1, 0)
    waiting = [asyncio.create_task(turns.take(1, number)) for number in range(3)]
    await settle()
    waiting[0].cancel()
    await settle()
    turn.end()
    # It has its turn, and is stopped before it knows.
    waiting[1].cancel()
    (await waiting[2]).end()
    (await turns.take(1, 0)).end()
    for task in waiting[:2]:
        with pytest.raises(asyncio.CancelledError):
            await task
