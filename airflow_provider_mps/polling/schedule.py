"""When each task is looked at, and when tasks are listed.

Pure: it asks nobody and has no clock of its own. Each method is told the time, in seconds since the epoch.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from airflow_provider_mps.core.polling import (
    FIRST_LOOK_SECONDS,
    MARGIN_SECONDS,
    UNSEEN_SECONDS,
    PollByList,
    PollEach,
    WaitingTasks,
    choose_polling,
    pause,
)
from airflow_provider_mps.core.tasks import ListedTask
from airflow_provider_mps.polling.look_queue import LookQueue
from airflow_provider_mps.polling.waiter import NEVER, Waiter

DECIDE_SECONDS = 1.0


@dataclass(eq=False, slots=True)
class Listing:
    """One list under way.

    :param start: what began from then on is listed
    :param begun: when the list began
    :param asks_running: whether those that run are listed, too, before those that have finished
    :param left: how many are waited for and may be in it
    :param finished: when each task that it has shown as finished began
    """

    start: float
    begun: float
    asks_running: bool
    left: int
    finished: list[float] = field(default_factory=list)


class Schedule:
    """Who is due when, which way to poll, and when to list.

    :param chance: gives a number from 0 to 1, for jitter
    """

    def __init__(self, chance: Callable[[], float]) -> None:
        self._chance = chance
        # In the order in which they came.
        self._waiters: dict[Waiter, None] = {}
        self._by_id: dict[str, list[Waiter]] = defaultdict(list)
        self._queue = LookQueue()
        self._way: PollEach | PollByList = PollEach(0.0)
        self._decide_at = 0.0
        self._decided = 0
        self._listing: Listing | None = None
        self._list_at = 0.0
        self._listed_at = 0.0
        # When each of the tasks began that lists have shown as finished, oldest first.
        self._finished: list[float] = []

    def __len__(self) -> int:
        return len(self._waiters)

    def add(self, waiter: Waiter, now: float) -> None:
        """Let one more wait."""
        self._waiters[waiter] = None
        self._by_id[waiter.task_id].append(waiter)
        if self._is_listed(waiter):
            self.plan(waiter, now)
        else:
            # One that is not new may be done already.
            first = now if waiter.since is None else min(waiter.since, now) + FIRST_LOOK_SECONDS
            self._look_by_deadline(waiter, max(now, first), now)

    def remove(self, waiter: Waiter) -> None:
        """Let one wait no more."""
        self._queue.drop(waiter)
        del self._waiters[waiter]
        others = self._by_id[waiter.task_id]
        others.remove(waiter)
        if not others:
            del self._by_id[waiter.task_id]

    def plan(self, waiter: Waiter, now: float) -> None:
        """Set when to look at a task again."""
        if waiter not in self._waiters:
            return
        if self._is_listed(waiter):
            self._queue.put(waiter, waiter.deadline.at)
            return
        seconds = pause(waiter.interval, waiter.since, now, chance=self._chance())
        if isinstance(self._way, PollEach):
            seconds = max(seconds, self._way.seconds)
        self._look_by_deadline(waiter, now + seconds, now)

    def take_due(self, now: float) -> Waiter | None:
        """Return one whose look is due, the one that has been due for longest; None if nobody's is.

        It is not due again before :meth:`plan`.
        """
        return self._queue.take(now)

    def next_moment(self, *, may_look: bool = True) -> float:
        """Return when there is something to do.

        :param may_look: whether another look may begin now
        """
        moments = [self._decide_at]
        if may_look:
            moments.append(self._queue.next_due())
        if isinstance(self._way, PollByList) and self._listing is None:
            moments.append(self._list_at)
        return min(moments)

    def decide(self, now: float, *, rate: float, can_list: bool) -> None:
        """Choose the way to poll anew, each second and when there are many more or fewer that wait.

        :param rate: looks per second at the most
        :param can_list: whether the account may list tasks
        """
        count = len(self._waiters)
        if now < self._decide_at and abs(count - self._decided) * 10 <= self._decided:
            return
        self._decide_at, self._decided = now + DECIDE_SECONDS, count
        self._queue.tidy(count)
        aged = sorted((w for w in self._waiters if w.since is not None), key=_since) if can_list else []
        sinces = [_since(waiter) for waiter in aged] if can_list else [now] * count
        if sinces:
            del self._finished[: bisect_left(self._finished, sinces[0] - MARGIN_SECONDS)]
        interval = min((waiter.interval for waiter in self._waiters), default=0.0)
        before = self._way
        self._way = choose_polling(WaitingTasks(sinces, self._finished, interval, rate, can_list), now)
        if isinstance(self._way, PollByList):
            self._list_at = self._listed_at + self._way.seconds
            self._leave_to_list(aged if isinstance(before, PollEach) else aged[: self._way.single], now)
        elif isinstance(before, PollByList):
            self._look_at_each(self._way, now)

    def decide_soon(self) -> None:
        """Let the next :meth:`decide` choose, whatever the time."""
        self._decide_at = 0.0

    def take_list(self, now: float) -> Listing | None:
        """Return the list that is due, which then is under way until :meth:`end_list`; None if none is due."""
        way = self._way
        if not isinstance(way, PollByList) or self._listing is not None or now < self._list_at:
            return None
        self._listed_at, self._list_at = now, now + way.seconds
        listed = [waiter for waiter in self._waiters if self._is_listed(waiter)]
        asks_running = any(now - waiter.seen > UNSEEN_SECONDS for waiter in listed)
        self._listing = Listing(way.start, now, asks_running, len(listed))
        return self._listing

    def show_running(self, listing: Listing, page: Iterable[ListedTask]) -> None:
        """Take in a page of those that run."""
        for task in page:
            for waiter in self._by_id.get(task.task_id, ()):
                waiter.seen = listing.begun
        listing.left = sum(map(self._is_listed, self._waiters))

    def show_finished(self, listing: Listing, page: Iterable[ListedTask], now: float) -> bool:
        """Take in a page of those that have finished, newest first; tell whether more pages are worth their request."""
        for task in page:
            listing.finished.append(listing.start if task.created is None else task.created)
            for waiter in filter(self._is_listed, self._by_id.get(task.task_id, ())):
                listing.left -= 1
                waiter.is_found = True
                if waiter.due != NEVER:
                    self._queue.put(waiter, now)
        return listing.left > 0

    def keep_list(self, listing: Listing) -> None:
        """Keep for later choices what a list has shown, all pages of which that were worth it have come."""
        # What is older than all that was listed this time is still there.
        older = self._finished[: bisect_left(self._finished, min(listing.finished, default=listing.start))]
        self._finished = older + sorted(listing.finished)

    def end_list(self, listing: Listing, *, is_refused: bool = False) -> None:
        """Let the next list begin in its time; what no list shows, or can show now, is looked at on its own.

        :param is_refused: whether the service refuses whoever asks; a look will tell each who waits
        """
        self._listing = None
        patience = -1.0 if is_refused else UNSEEN_SECONDS
        for waiter in self._waiters:
            is_unseen = listing.begun - waiter.seen > patience
            if is_unseen and waiter.due != NEVER and self._is_listed(waiter):
                waiter.seen = listing.begun
                self._queue.put(waiter, listing.begun)

    def move(self, seconds: float, now: float) -> None:
        """Move the plan when the machine's clock was set: looks are due after a while, and not at a time of day.

        Deadlines stay where they are.

        :param seconds: by how much it was set
        :param now: what it shows since then
        """
        self._decide_at, self._list_at, self._listed_at = now, self._list_at + seconds, self._listed_at + seconds
        if self._listing is not None:
            self._listing.begun += seconds
        # Those that are due at the same moment keep their order.
        for waiter in sorted(self._waiters, key=_due):
            waiter.seen += seconds
            if waiter.due != NEVER:
                self._look_by_deadline(waiter, waiter.due + seconds, now)

    def _is_listed(self, waiter: Waiter) -> bool:
        """Whether the list will tell when a task has finished."""
        if not isinstance(self._way, PollByList) or waiter.since is None:
            return False
        return waiter.since >= self._way.start and not waiter.is_found

    def _look_by_deadline(self, waiter: Waiter, moment: float, now: float) -> None:
        """Look at a task at a moment, or at the deadline if that is sooner."""
        self._queue.put(waiter, min(moment, max(now, waiter.deadline.at)))

    def _leave_to_list(self, waiters: Iterable[Waiter], now: float) -> None:
        """Plan anew where the list tells of tasks, which need no look of their own, or where it leaves them out."""
        for waiter in waiters:
            if waiter.due != NEVER and (self._is_listed(waiter) or waiter.due > now + 2 * waiter.interval):
                self.plan(waiter, now)

    def _look_at_each(self, way: PollEach, now: float) -> None:
        """Spread the looks at all that have waited for a list; the last one was a while ago."""
        for waiter in self._waiters:
            if waiter.due > now + waiter.interval and waiter.due != NEVER:
                self._look_by_deadline(waiter, now + self._chance() * way.seconds, now)


def _since(waiter: Waiter) -> float:
    return waiter.since or 0.0


def _due(waiter: Waiter) -> float:
    return waiter.due
