"""The grants that one process holds of a limit a day; see ``services.tencentcloud.budget`` for how it gets them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from airflow_provider_mps.services.tencentcloud.budget import MAX_BLOCK, Block, Reached, Reserved


class Grant(NamedTuple):
    """The right to one picture.

    :param day: when it is good
    :param number: its number of that day, from 0
    :param depth: how often it was returned by other processes
    """

    day: str
    number: int
    depth: int


class GrantPool:
    """The grants at hand, all of one day, and what is known of those of others. Decides only; locks are the caller's.

    :ivar head: where the next block began when this process last knew; None if it never did
    :ivar wanted: how many to reserve next, if there are so many; it doubles, as who takes few seldom asks twice
    """

    def __init__(self) -> None:
        self.head: int | None = None
        self.wanted = 1
        self._day = ""
        self._grants: list[Grant] = []
        self._reached: dict[int, tuple[Reached, float]] = {}

    def begin(self, day: str) -> None:
        """Forget another day: its grants are of no use any more."""
        if day != self._day:
            self._day, self._grants, self._reached, self.head, self.wanted = day, [], {}, None, 1

    def has(self, limit: int) -> bool:
        """Tell whether there is a grant below a limit."""
        return bool(self._grants) and self._grants[0].number < limit

    def take(self, limit: int) -> Grant | None:
        """Take a grant below a limit, if there is one."""
        return self._grants.pop(0) if self.has(limit) else None

    def put_back(self, grant: Grant) -> None:
        """Put a grant back that was certainly not used."""
        if grant.day == self._day:
            self._grants.append(grant)
            self._grants.sort(key=lambda known: known.number)

    def add(self, day: str, reserved: Reserved) -> None:
        """Put grants in that were reserved."""
        if day != self._day:
            return
        start, size, depth = reserved.block
        self.head, self.wanted = reserved.head, min(2 * self.wanted, MAX_BLOCK)
        for number in range(start, start + size):
            self.put_back(Grant(day, number, depth))

    def note_reached(self, day: str, limit: int, reached: Reached, until: float) -> None:
        """Note that there is none left.

        :param until: when to ask again, seconds on the clock of the caller
        """
        if day == self._day:
            self._reached[limit] = (reached, until)

    def reached(self, limit: int, now: float) -> Reached | None:
        """Return what was noted, as long as it counts."""
        found, until = self._reached.get(limit, (None, now))
        return found if now < until else None

    def empty(self) -> tuple[str, list[Block]]:
        """Take all grants out; return their day, and the blocks that they are."""
        grants, self._grants = self._grants, []
        return self._day, list(_blocks(grants))


def _blocks(grants: Sequence[Grant]) -> Iterator[Block]:
    block: Block | None = None
    for _, number, depth in grants:
        if block is not None and block.end == number and block.depth == depth:
            block = block._replace(size=block.size + 1)
            continue
        if block is not None:
            yield block
        block = Block(number, 1, depth)
    if block is not None:
        yield block
