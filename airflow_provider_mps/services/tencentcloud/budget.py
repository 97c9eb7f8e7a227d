"""A limit a day that holds for all processes of an account, whoever runs them.

Before a picture is paid for, its process needs a grant: a number below the limit that nobody else has. Numbers are
reserved in blocks, by writing objects that must not be there yet:

    {budget_dir}{16 hex digits of account}/{yyyy-mm-dd}/blocks/{99,999,999 - start}.json
    {budget_dir}{16 hex digits of account}/{yyyy-mm-dd}/returned/{start}-{size}-{depth}.json
    {budget_dir}{16 hex digits of account}/{yyyy-mm-dd}/taken/{start}-{size}-{depth}.json

A block begins where the one before it ends, which its object says: there is one block for each beginning, so no two
overlap, whatever sizes they have and whatever the limit was when they were made. The newest is the first of a listing,
as the names count down. What a process has not used it writes into ``returned``, and whoever wants it, once all blocks
are made, has to be the first to write the same name into ``taken``. Nothing is ever changed or removed, so a process
that dies wastes what it held and can do no other harm.

What is asked of the objects is a generator, driven by whoever has a store (see ``core.flow``).
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple, Protocol, TypeVar

_T = TypeVar("_T")

VERSION = 1
# What is wasted by a process that dies: at most this share of what was left, and this many pictures.
WASTED_SHARE = 100
MAX_BLOCK = 64
# MPS refuses whoever's clock is further off (signatures of API 3.0, https://cloud.tencent.com/document/product/213/30654).
MAX_CLOCK_ERROR = 300.0

_LAST = 99_999_999
_BLOCK_NAME = re.compile(r"([0-9]{8})\.json")
_RETURNED_NAME = re.compile(r"([0-9]{8})-([0-9]{1,8})-([0-9]{1,8})\.json")
_DAY = timedelta(days=1)


class BudgetUnreadableError(ValueError):
    """An object of the budget is not what this version writes, so what was granted is not known."""


class Block(NamedTuple):
    """Numbers that one process has.

    :param start: the first of them, from 0
    :param size: how many there are
    :param depth: how often they were returned before
    """

    start: int
    size: int
    depth: int = 0

    @property
    def end(self) -> int:
        """The first number after it."""
        return self.start + self.size


class Reserved(NamedTuple):
    """Numbers were to be had.

    :param block: those numbers
    :param head: where the next block begins, as far as is known
    """

    block: Block
    head: int


class Reached(NamedTuple):
    """There is none left today.

    :param spent: how many the processes have used, or hold
    """

    spent: int


class BudgetStore(Protocol):
    """The objects of one day; names have a folder before their slash."""

    def first(self, folder: str) -> str | None:
        """Return the first name in a folder; None if it is empty."""

    def names(self, folder: str) -> list[str]:
        """Return all names in a folder."""

    def read(self, name: str) -> bytes | None:
        """Return the content of an object; None if there is none."""

    def write_new(self, name: str, data: bytes) -> bool:
        """Write an object that must not be there yet; False if there is one."""

    def pause(self, conflicts: int) -> None:
        """Let others go first, after so many of them were faster."""


@dataclass(frozen=True)
class First:
    """Asks for the first name in a folder."""

    folder: str

    def on(self, store: BudgetStore) -> Any:
        """Have it done."""
        return store.first(self.folder)


@dataclass(frozen=True)
class Names:
    """Asks for all names in a folder."""

    folder: str

    def on(self, store: BudgetStore) -> Any:
        """Have it done."""
        return store.names(self.folder)


@dataclass(frozen=True)
class Read:
    """Asks for the content of an object."""

    name: str

    def on(self, store: BudgetStore) -> Any:
        """Have it done."""
        return store.read(self.name)


@dataclass(frozen=True)
class WriteNew:
    """Has an object written that must not be there yet."""

    name: str
    data: bytes

    def on(self, store: BudgetStore) -> Any:
        """Have it done."""
        return store.write_new(self.name, self.data)


@dataclass(frozen=True)
class Pause:
    """Has others go first."""

    conflicts: int

    def on(self, store: BudgetStore) -> Any:
        """Have it done."""
        return store.pause(self.conflicts)


Step = First | Names | Read | WriteNew | Pause
BudgetFlow = Generator[Step, Any, _T]


def carry_out(flow: BudgetFlow[_T], store: BudgetStore) -> _T:
    """Carry a flow out in this thread; return what it comes to.

    :raises Exception: what the store raises
    """
    answer: Any = None
    while True:
        try:
            step = flow.send(answer)
        except StopIteration as stop:
            result: _T = stop.value
            return result
        answer = step.on(store)


def account_folder(budget_dir: str, endpoint: str, account: str) -> str:
    """Return the COS folder of an account.

    :param budget_dir: begins and ends with ``/``
    :param endpoint: address of the service
    :param account: who pays, as far as that is known
    """
    digest = hashlib.sha256(f"{endpoint}\n{account}".encode()).hexdigest()[:16]
    return f"{budget_dir}{digest}/"


def day_of(moment: float) -> str:
    """Return the day, UTC, that a time belongs to.

    :param moment: seconds since the epoch
    """
    return datetime.fromtimestamp(moment, UTC).date().isoformat()


def is_near_midnight(now: float) -> bool:
    """Tell whether a clock that is as far off as MPS allows may show another day."""
    return day_of(now - MAX_CLOCK_ERROR) != day_of(now + MAX_CLOCK_ERROR)


def reached_message(limit: int, reached: Reached, day: str, now: float) -> str:
    """Say what the limit is, what is spent, and when it opens again.

    :param now: seconds since the epoch
    """
    opens = datetime.fromisoformat(day).replace(tzinfo=UTC) + _DAY
    minutes = max(0, round((opens.timestamp() - now) / 60))
    said = f"limit of {limit:,} pictures a day, {reached.spent:,} spent"
    return f"{said}; opens again at {opens:%Y-%m-%dT%H:%MZ}, in {minutes // 60} h {minutes % 60:02d} min"


def block_size(left: int, wanted: int) -> int:
    """Return how many numbers to reserve at once.

    :param left: how many there are
    :param wanted: how many the process could use
    """
    return min(left, wanted, max(1, left // WASTED_SHARE), MAX_BLOCK)


def reserve(limit: int, head: int | None, wanted: int, who: Mapping[str, Any]) -> BudgetFlow[Reserved | Reached]:
    """Get numbers below a limit that nobody else has.

    :param limit: how many there may be today
    :param head: where the next block began when this process last knew; None if it never did
    :param wanted: how many the process could use, from 1
    :param who: what the objects say of the process
    :raises BudgetUnreadableError: an object is not what this version writes
    """
    # A listing may lag behind, so what has been read of the blocks themselves counts too.
    known, is_fresh, conflicts = head, False, 0
    while True:
        if known is None or (known >= limit and not is_fresh):
            known, is_fresh = max((yield from _look_for_head()), known or 0), True
        if known >= limit:
            break
        size = block_size(limit - known, wanted)
        if (yield WriteNew(_block_name(known), _content(known, size, who))):
            return Reserved(Block(known, size), known + size)
        conflicts += 1
        yield Pause(conflicts)
        # Mostly one other process was faster, and the end of its block is the beginning of the next.
        found = 0 if conflicts == 1 else (yield from _look_for_head())
        known, is_fresh = (found, True) if found > known else ((yield from _end_of(known)), False)
    # Beyond the limit, which was lowered then, nobody knows how many of the numbers below it were used.
    taken = (yield from _take_returned(limit, wanted, who)) if known == limit else None
    return Reserved(taken, known) if taken is not None else Reached(known)


def give_back(blocks: Sequence[Block], who: Mapping[str, Any]) -> BudgetFlow[None]:
    """Let others have numbers that were certainly not used."""
    for block in blocks:
        returned = block._replace(depth=block.depth + 1)
        yield WriteNew(f"returned/{_returned_name(returned)}", _content(block.start, block.size, who))


def _look_for_head() -> BudgetFlow[int]:
    newest: str | None = yield First("blocks")
    if newest is None:
        return 0
    if (found := _BLOCK_NAME.fullmatch(newest)) is None:
        raise BudgetUnreadableError(f"blocks/{newest}: no name of a block")
    return (yield from _end_of(_LAST - int(found[1])))


def _end_of(start: int) -> BudgetFlow[int]:
    name = _block_name(start)
    data: bytes | None = yield Read(name)
    return start + _read_size(name, data, start)


def _take_returned(limit: int, wanted: int, who: Mapping[str, Any]) -> BudgetFlow[Block | None]:
    """Take numbers that others have returned; all that there are lie below the limit."""
    returned: list[str] = yield Names("returned")
    if not returned:
        return None
    taken: list[str] = yield Names("taken")
    for name in sorted(set(returned) - set(taken)):
        if (found := _RETURNED_NAME.fullmatch(name)) is None:
            continue
        block = Block(*(int(digits) for digits in found.groups()))
        if block.size < 1 or block.end > limit:
            continue
        if (yield WriteNew(f"taken/{name}", _content(block.start, block.size, who))):
            size = min(block.size, block_size(limit, wanted))
            rest = Block(block.start + size, block.size - size, block.depth)
            if rest.size:
                yield from give_back([rest], who)
            return block._replace(size=size)
    return None


def _block_name(start: int) -> str:
    return f"blocks/{_LAST - start:08d}.json"


def _returned_name(block: Block) -> str:
    return f"{block.start:08d}-{block.size}-{block.depth}.json"


def _content(start: int, size: int, who: Mapping[str, Any]) -> bytes:
    return json.dumps({"version": VERSION, "start": start, "size": size, **who}).encode()


def _read_size(name: str, data: bytes | None, start: int) -> int:
    try:
        read = json.loads(data or b"")
        version, begins, size = read["version"], read["start"], read["size"]
    except (ValueError, TypeError, KeyError):
        raise BudgetUnreadableError(f"{name}: no block of numbers") from None
    if version != VERSION:
        raise BudgetUnreadableError(f"{name}: version {version!r:.20}, and this release reads {VERSION}")
    if type(size) is not int or begins != start or not 0 < size <= _LAST - start:
        raise BudgetUnreadableError(f"{name}: start {begins!r:.20}, size {size!r:.20}")
    return size
