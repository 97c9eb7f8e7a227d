"""The limit a day over several processes, with every order of what they ask of the store, and with processes killed."""

from __future__ import annotations

import random
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from airflow_provider_mps.services.tencentcloud import budget
from airflow_provider_mps.services.tencentcloud.budget import (
    Block,
    BudgetUnreadableError,
    Reached,
    Reserved,
    account_folder,
    block_size,
    carry_out,
    day_of,
    give_back,
    is_near_midnight,
    reached_message,
    reserve,
)
from airflow_provider_mps.services.tencentcloud.grants import Grant, GrantPool
from tests.whole import examples

DAY = "2026-11-29"
NOON = datetime(2026, 11, 29, 12, tzinfo=UTC).timestamp()


class Memory:
    """Objects that can be written once."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.requests: list[str] = []
        self.lags = False
        self._listed: dict[str, list[str]] = {}

    def _list(self, folder: str) -> list[str]:
        self.requests.append("list")
        if not self.lags or folder not in self._listed:
            inside = [name.partition("/")[2] for name in self.objects if name.startswith(f"{folder}/")]
            self._listed[folder] = sorted(inside)
        return self._listed[folder]

    def first(self, folder: str) -> str | None:
        return next(iter(self._list(folder)), None)

    def names(self, folder: str) -> list[str]:
        return list(self._list(folder))

    def read(self, name: str) -> bytes | None:
        self.requests.append("read")
        return self.objects.get(name)

    def write_new(self, name: str, data: bytes) -> bool:
        self.requests.append("write")
        if name in self.objects:
            return False
        self.objects[name] = data
        return True

    def pause(self, conflicts: int) -> None:
        pass


@dataclass
class Process:
    limit: int
    pool: GrantPool = field(default_factory=GrantPool)
    asks: Any = None
    answer: Any = None
    held: int = 0
    is_done: bool = False


class Processes(RuleBasedStateMachine):
    """Each step of each process at any moment; a step is one request to the store."""

    def __init__(self) -> None:
        super().__init__()
        self.store = Memory()
        self.processes: list[Process] = []
        self.accepted: list[int] = []
        self.limits: list[int] = []
        # Blocks of several numbers under limits that are soon reached.
        self._share, budget.WASTED_SHARE = budget.WASTED_SHARE, 2

    def teardown(self) -> None:
        budget.WASTED_SHARE = self._share

    def _pick(self, data: st.DataObject) -> Process:
        return data.draw(st.sampled_from(self.processes))

    @rule(limit=st.integers(1, 16))
    @precondition(lambda self: len(self.processes) < 5)
    def start(self, limit: int) -> None:
        # The first limit holds for most; some connections have another.
        chosen = self.limits[0] if self.limits and limit % 3 else limit
        self.limits.append(chosen)
        process = Process(chosen)
        process.pool.begin(DAY)
        self.processes.append(process)

    @rule(lags=st.booleans())
    def lag(self, lags: bool) -> None:
        self.store.lags = lags

    @rule(data=st.data(), count=st.integers(1, 4))
    @precondition(lambda self: self.processes)
    def submit(self, data: st.DataObject, count: int) -> None:
        process = self._pick(data)
        for _ in range(count):
            grant = process.pool.take(process.limit)
            if grant is None:
                self._ask(process)
                return
            # A lost answer may be either, so it counts as accepted.
            if data.draw(st.booleans()):
                self.accepted.append(grant.number)
            else:
                process.pool.put_back(grant)

    def _ask(self, process: Process) -> None:
        if process.asks is None:
            flow = reserve(process.limit, process.pool.head, process.pool.wanted, {"pid": id(process)})
            process.asks, process.answer = flow, None

    @rule(data=st.data(), steps=st.integers(1, 6))
    @precondition(lambda self: any(process.asks is not None for process in self.processes))
    def step(self, data: st.DataObject, steps: int) -> None:
        process = data.draw(st.sampled_from([one for one in self.processes if one.asks is not None]))
        for _ in range(steps):
            try:
                step = process.asks.send(process.answer)
            except StopIteration as stop:
                process.asks, process.answer = None, None
                if isinstance(stop.value, Reserved):
                    process.pool.add(DAY, stop.value)
                return
            process.answer = step.on(self.store)

    @rule(data=st.data())
    @precondition(lambda self: any(process.asks is None for process in self.processes))
    def return_all(self, data: st.DataObject) -> None:
        process = data.draw(st.sampled_from([one for one in self.processes if one.asks is None]))
        _, blocks = process.pool.empty()
        process.asks, process.answer = give_back(blocks, {}), None

    @rule(data=st.data())
    @precondition(lambda self: self.processes)
    def kill(self, data: st.DataObject) -> None:
        self.processes.remove(self._pick(data))

    @invariant()
    def no_number_is_used_twice(self) -> None:
        assert len(set(self.accepted)) == len(self.accepted)

    @invariant()
    def the_limit_holds(self) -> None:
        assert len(self.accepted) <= max(self.limits, default=0)


TestProcesses = Processes.TestCase
TestProcesses.settings = settings(max_examples=examples(200), stateful_step_count=60, deadline=None)


class Crowd:
    """Processes that submit, fail, give back and die, one request to the store at a time, in an order of the dice."""

    def __init__(self, seed: int, limit: int) -> None:
        self.dice = random.Random(seed)
        self.limit = limit
        self.store = Memory()
        self.processes = [self._new() for _ in range(4)]
        self.accepted: list[int] = []
        # What those that were killed held at the most.
        self.lost = 0

    def _new(self) -> Process:
        process = Process(self.limit)
        process.pool.begin(DAY)
        return process

    def go(self, process: Process) -> bool:
        """Do one thing; say whether there was one."""
        if process.asks is not None:
            self._step(process)
        elif (grant := process.pool.take(self.limit)) is None:
            if process.is_done:
                return False
            process.asks, process.answer = reserve(self.limit, process.pool.head, process.pool.wanted, {}), None
            process.held = process.pool.wanted
        elif self.dice.random() < 0.3:
            process.pool.put_back(grant)
            _, given = process.pool.empty()
            process.held = sum(block.size for block in given)
            process.asks, process.answer = give_back(given, {}), None
        else:
            self.accepted.append(grant.number)
        return True

    def _step(self, process: Process) -> None:
        try:
            step = process.asks.send(process.answer)
        except StopIteration as stop:
            process.asks, process.answer, process.held = None, None, 0
            process.is_done = isinstance(stop.value, Reached)
            if isinstance(stop.value, Reserved):
                process.pool.add(DAY, stop.value)
        else:
            process.answer = step.on(self.store)

    def kill(self, process: Process) -> None:
        self.lost += sum(block.size for block in process.pool.empty()[1]) + process.held
        self.processes[self.processes.index(process)] = self._new()


@settings(max_examples=examples(300))
@given(seed=st.integers(0, 2**32), limit=st.integers(1, 24), share=st.sampled_from([2, 4, 100]))
def test_a_crowd_uses_all_that_the_dead_did_not_hold(seed: int, limit: int, share: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(budget, "WASTED_SHARE", share)
        crowd = Crowd(seed, limit)
        for _ in range(60 * limit):
            process = crowd.dice.choice(crowd.processes)
            crowd.go(process)
            # Whoever comes later asks again.
            process.is_done = process.is_done and crowd.dice.random() < 0.9
            if crowd.dice.random() < 0.02:
                crowd.kill(process)
        # From now on all goes well, until nobody gets any more.
        crowd.dice.random = lambda: 1.0  # type: ignore[method-assign]
        for _ in range(2):
            for process in crowd.processes:
                process.is_done = False
                while crowd.go(process):
                    assert len(crowd.accepted) <= limit
    assert len(set(crowd.accepted)) == len(crowd.accepted) <= limit
    assert len(crowd.accepted) >= limit - crowd.lost


@given(
    limit=st.integers(1, 400),
    turns=st.lists(st.tuples(st.integers(0, 4), st.sampled_from("gggggggggggrk")), max_size=400),
)
def test_what_is_not_granted_was_held_by_the_dead(limit: int, turns: list[tuple[int, str]]) -> None:
    """The living use up all that there is, but for what the dead held, and those held no more than they may waste."""
    store, pools = Memory(), [GrantPool() for _ in range(5)]
    used = wasted = most = 0
    alive = set(range(5))

    def take(pool: GrantPool) -> Grant | None:
        pool.begin(DAY)
        while (grant := pool.take(limit)) is None:
            found = carry_out(reserve(limit, pool.head, pool.wanted, {}), store)
            if isinstance(found, Reached):
                return None
            pool.add(DAY, found)
        return grant

    for which, what in turns:
        if which not in alive or (what == "k" and len(alive) == 1):
            continue
        pool = pools[which]
        if what == "k":
            held = sum(block.size for block in pool.empty()[1])
            most, wasted = max(most, held), wasted + held
            alive.remove(which)
        elif what == "r":
            carry_out(give_back(pool.empty()[1], {}), store)
        else:
            used += take(pool) is not None
    for which in sorted(alive):
        carry_out(give_back(pools[which].empty()[1], {}), store)
    last = pools[min(alive)]
    while used <= limit and take(last) is not None:
        used += 1
    assert used == limit - wasted
    assert most <= max(1, limit // budget.WASTED_SHARE)


def test_small_limits_are_given_out_one_by_one() -> None:
    assert {block_size(left, 64) for left in range(1, 200)} == {1}
    assert block_size(1000, 64) == 10
    assert block_size(100_000, 64) == budget.MAX_BLOCK
    assert block_size(100_000, 1) == 1
    assert block_size(3, 64) == 1


def test_one_who_goes_on_asks_seldom() -> None:
    store, pool = Memory(), GrantPool()
    pool.begin(DAY)
    for _ in range(10_000):
        if pool.take(100_000) is None:
            found = carry_out(reserve(100_000, pool.head, pool.wanted, {}), store)
            assert isinstance(found, Reserved)
            pool.add(DAY, found)
            assert pool.take(100_000)
    # A listing for the first; from then on one request for 64 pictures.
    assert store.requests.count("list") == 1
    assert len(store.requests) == 1 + 7 + (10_000 - 63 - 1) // 64


def test_another_process_finds_the_newest_block_with_two_requests() -> None:
    store = Memory()
    head = None
    for _ in range(500):
        found = carry_out(reserve(10_000, head, 1, {}), store)
        assert isinstance(found, Reserved)
        head = found.head
    store.requests.clear()
    assert carry_out(reserve(10_000, None, 1, {}), store) == Reserved(Block(500, 1), 501)
    assert store.requests == ["list", "read", "write"]


def test_a_limit_that_was_lowered_gives_nothing_more() -> None:
    store = Memory()
    assert carry_out(reserve(1000, None, 10, {}), store) == Reserved(Block(0, 10), 10)
    carry_out(give_back([Block(0, 2)], {}), store)
    # Eight of the ten numbers may have been used under the old limit, which is more than the new one.
    assert carry_out(reserve(5, None, 10, {}), store) == Reached(10)
    assert carry_out(reserve(10, None, 10, {}), store) == Reserved(Block(0, 1, 1), 10)


def test_a_limit_that_was_raised_goes_on_where_the_old_one_ended() -> None:
    store = Memory()
    for number in range(3):
        assert carry_out(reserve(3, None, 10, {}), store) == Reserved(Block(number, 1), number + 1)
    assert carry_out(reserve(3, None, 10, {}), store) == Reached(3)
    assert carry_out(reserve(4, None, 10, {}), store) == Reserved(Block(3, 1), 4)


def test_what_was_returned_again_and_again_can_be_had_each_time() -> None:
    store = Memory()
    block = Block(0, 1)
    assert carry_out(reserve(1, None, 1, {}), store) == Reserved(block, 1)
    for depth in range(1, 6):
        carry_out(give_back([block], {}), store)
        found = carry_out(reserve(1, None, 1, {}), store)
        assert found == Reserved(Block(0, 1, depth), 1)
        assert carry_out(reserve(1, None, 1, {}), store) == Reached(1)
        block = Block(0, 1, depth)


def test_a_listing_that_lags_behind_costs_only_time() -> None:
    store = Memory()
    assert store.first("blocks") is None
    store.lags = True
    seen = [carry_out(reserve(20, None, 1, {}), store) for _ in range(20)]
    assert [found.block.start for found in seen if isinstance(found, Reserved)] == list(range(20))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"[]",
        b'{"version": 1, "start": 0}',
        b'{"version": 2, "start": 0, "size": 1}',
        b'{"version": 1, "start": 1, "size": 1}',
        b'{"version": 1, "start": 0, "size": 0}',
        b'{"version": 1, "start": 0, "size": true}',
        b'{"version": 1, "start": 0, "size": 99999999999}',
    ],
)
def test_what_cannot_be_read_grants_nothing(data: bytes) -> None:
    store = Memory()
    store.objects["blocks/99999999.json"] = data
    with pytest.raises(BudgetUnreadableError, match=r"blocks/99999999\.json: "):
        carry_out(reserve(10, None, 1, {}), store)


def test_a_name_that_is_none_of_a_block_grants_nothing() -> None:
    store = Memory()
    store.objects["blocks/0-copy.json"] = b"{}"
    with pytest.raises(BudgetUnreadableError, match="no name of a block"):
        carry_out(reserve(10, None, 1, {}), store)


@given(st.binary(max_size=60))
def test_no_content_makes_two_own_one_number(data: bytes) -> None:
    store = Memory()
    store.objects["blocks/99999999.json"] = data
    with suppress(BudgetUnreadableError):
        found = carry_out(reserve(10, None, 1, {}), store)
        assert isinstance(found, Reserved | Reached)


def test_a_pool_forgets_another_day() -> None:
    pool = GrantPool()
    pool.begin(DAY)
    pool.add(DAY, Reserved(Block(0, 2), 2))
    grant = pool.take(10)
    assert grant == Grant(DAY, 0, 0)
    pool.begin("2026-11-30")
    pool.put_back(grant)
    pool.add(DAY, Reserved(Block(2, 2), 4))
    pool.note_reached(DAY, 10, Reached(10), 5.0)
    assert pool.take(10) is None
    assert pool.head is None
    assert pool.reached(10, 0.0) is None
    assert pool.empty() == ("2026-11-30", [])


def test_what_a_pool_gives_back_is_in_blocks() -> None:
    pool = GrantPool()
    pool.begin(DAY)
    pool.add(DAY, Reserved(Block(4, 3, 1), 20))
    pool.add(DAY, Reserved(Block(10, 4), 20))
    pool.add(DAY, Reserved(Block(7, 1), 20))
    taken = [pool.take(100) for _ in range(6)]
    for grant in (taken[1], taken[5]):
        assert grant
        pool.put_back(grant)
    assert pool.empty() == (DAY, [Block(5, 1, 1), Block(11, 3)])
    assert pool.empty() == (DAY, [])


def test_a_pool_keeps_to_the_limit_of_who_asks() -> None:
    pool = GrantPool()
    pool.begin(DAY)
    pool.add(DAY, Reserved(Block(7, 2), 9))
    assert not pool.has(7)
    assert pool.take(7) is None
    assert pool.take(8) == Grant(DAY, 7, 0)
    assert pool.take(8) is None


def test_that_the_limit_is_reached_counts_for_a_while() -> None:
    pool = GrantPool()
    pool.begin(DAY)
    pool.note_reached(DAY, 10, Reached(10), 5.0)
    assert pool.reached(10, 4.9) == Reached(10)
    assert pool.reached(10, 5.0) is None
    assert pool.reached(11, 4.9) is None


def test_the_day_is_utc() -> None:
    midnight = datetime(2026, 11, 30, tzinfo=UTC).timestamp()
    assert (day_of(midnight - 0.001), day_of(midnight)) == (DAY, "2026-11-30")
    assert not is_near_midnight(NOON)
    assert is_near_midnight(midnight - 299)
    assert is_near_midnight(midnight + 299)
    assert not is_near_midnight(midnight - 301)


def test_the_message_says_limit_spent_and_when_it_opens() -> None:
    said = reached_message(1000, Reached(1000), DAY, NOON - 60)
    assert said == "limit of 1,000 pictures a day, 1,000 spent; opens again at 2026-11-30T00:00Z, in 12 h 01 min"


def test_accounts_and_sites_have_limits_of_their_own() -> None:
    folders = {account_folder("/b/", host, account) for host in ("a", "b") for account in ("", "x", "y")}
    assert len(folders) == 6
    assert all(len(folder) == len("/b/") + 17 for folder in folders)
