"""One poller for all that wait in an event loop: one client, one credential, one pace, however many tasks there are."""

from __future__ import annotations

import asyncio
import contextlib
import heapq
import itertools
import logging
import random
import time
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Coroutine
from contextvars import Context
from typing import Any

from airflow_provider_mps.core.errors import ServiceError
from airflow_provider_mps.core.outcomes import Outcome
from airflow_provider_mps.core.polling import (
    FIRST_LOOK_SECONDS,
    MARGIN_SECONDS,
    UNSEEN_SECONDS,
    Deadline,
    LookAgain,
    PollByList,
    PollEach,
    Refused,
    WaitingTasks,
    WaitOutcome,
    choose_polling,
    count_empty,
    next_step,
    pause,
)
from airflow_provider_mps.core.tasks import TaskState, TaskStatus
from airflow_provider_mps.polling.waiter import NEVER, PolledHook, Tell, Waiter

log = logging.getLogger(__name__)

# Looks that are under way at the same time. At a limit of 20 per second an answer may take most of a second.
IN_FLIGHT = 16
# A connection may be edited while tasks wait, so it is read again now and then.
RENEW_SECONDS = 300.0
# And when a look is refused; many may be at once.
RENEW_PAUSE_SECONDS = 10.0
DECIDE_SECONDS = 1.0
# What time servers correct is less; clocks are set by more.
CLOCK_STEP_SECONDS = 1.0

# Accounts that may not list tasks.
_without_list: set[tuple[str, ...]] = set()


class Poller:
    """Looks at tasks for all who wait; ``core.polling`` decides how.

    :param make_hook: gives a hook that reads the connection anew
    :param clock: gives seconds since the epoch
    :param chance: gives a number from 0 to 1, for jitter
    """

    def __init__(
        self,
        make_hook: Callable[[], PolledHook],
        clock: Callable[[], float] = time.time,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self.users = 0
        self._broken_by: Exception | None = None
        self._make_hook = make_hook
        self._hook = make_hook()
        self._old_hooks: list[PolledHook] = []
        self._clock = clock
        self._chance = chance
        # A clock of a test's own does not jump.
        self._steady = time.monotonic if clock is time.time else clock
        self._offset = clock() - self._steady()
        self._is_ready = False
        self._account: tuple[str, ...] = ()
        self._lock = asyncio.Lock()
        self._renewed_at = clock()
        self._refused_at = float("-inf")
        self._waiters: set[Waiter] = set()
        self._by_id: dict[str, list[Waiter]] = defaultdict(list)
        self._queue: list[tuple[float, int, Waiter]] = []
        self._order = itertools.count()
        self._looking = 0
        self._way: PollEach | PollByList = PollEach(0.0)
        self._decide_at = 0.0
        self._decided = 0
        self._list_at = 0.0
        self._listed_at = 0.0
        self._is_listing = False
        self._finished: list[float] = []
        self._changed = asyncio.Event()
        self._tasks: set[asyncio.Task[object]] = set()

    @property
    def is_broken(self) -> bool:
        """Whether it looks no more."""
        return self._broken_by is not None

    @property
    def waiting(self) -> int:
        """How many wait."""
        return len(self._waiters)

    async def wait(
        self, task_id: str, *, deadline: Deadline, interval: float, since: float | None = None, tell: Tell | None = None
    ) -> WaitOutcome:
        """Wait until a task is done or the deadline has passed; see ``wait_for_task`` in ``polling.shared``."""
        await self._prepare()
        if self._broken_by is not None:
            raise self._broken_by
        waiter = Waiter(task_id, deadline, interval, since, self._clock())
        self._add(waiter)
        try:
            while True:
                await waiter.news
                if isinstance(waiter.end, BaseException):
                    raise waiter.end
                if waiter.end is not None:
                    return waiter.end
                waiter.news = asyncio.get_running_loop().create_future()
                if tell is not None and waiter.look is not None:
                    tell(waiter.look)
        finally:
            self._remove(waiter)

    async def aclose(self) -> None:
        """Stop looking, and close what is open."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for hook in (*self._old_hooks, self._hook):
            await hook.aclose()

    async def _prepare(self) -> None:
        """Read the connection once, off the event loop."""
        if self._is_ready:
            return
        async with self._lock:
            if not self._is_ready:
                await self._hook.aload_settings()
                self._use(self._hook)
                self._is_ready = True
                self._start(self._run())

    def _start(self, work: Coroutine[Any, Any, object]) -> None:
        # A context of its own, so that what is logged is not taken for a line of the task that happened to be first.
        task = asyncio.get_running_loop().create_task(work, context=Context())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _run(self) -> None:
        try:
            while True:
                self._changed.clear()
                now = self._clock()
                self._follow_clock(now)
                self._decide(now)
                self._start_looks(now)
                self._start_list(now)
                if now >= self._renewed_at + RENEW_SECONDS:
                    self._renewed_at = now
                    self._start(self._renew())
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(self._idle_seconds(now)):
                        await self._changed.wait()
        except Exception as error:
            # Nobody must wait for ever for a poller that is gone, nor join it.
            self._broken_by = error
            for waiter in list(self._waiters):
                waiter.finish(error)
            raise

    def _follow_clock(self, now: float) -> None:
        """Move the plan when the machine's clock was set: looks are due after a while, and not at a time of day.

        Deadlines stay where they are.
        """
        step = now - self._steady() - self._offset
        self._offset += step
        if abs(step) < CLOCK_STEP_SECONDS:
            return
        log.info("The clock of this machine was set by %+.1f s; looks go on as planned", step)
        self._decide_at, self._list_at, self._listed_at = now, self._list_at + step, self._listed_at + step
        self._renewed_at, self._refused_at = self._renewed_at + step, self._refused_at + step
        self._queue = []
        for waiter in self._waiters:
            waiter.seen += step
            if waiter.due != NEVER:
                self._look_at(waiter, min(waiter.due + step, max(now, waiter.deadline.at)))

    def _idle_seconds(self, now: float) -> float:
        moments = [self._decide_at]
        if self._queue and self._looking < IN_FLIGHT:
            moments.append(self._queue[0][0])
        if isinstance(self._way, PollByList) and not self._is_listing:
            moments.append(self._list_at)
        return max(0.0, min(moments) - now)

    def _decide(self, now: float) -> None:
        """Choose the way anew, each second and when there are many more or fewer that wait."""
        count = len(self._waiters)
        if now < self._decide_at and abs(count - self._decided) * 10 <= self._decided:
            return
        self._decide_at, self._decided = now + DECIDE_SECONDS, count
        if len(self._queue) > 2 * count + IN_FLIGHT:
            self._queue = [item for item in self._queue if item[0] == item[2].due and item[2] in self._waiters]
            heapq.heapify(self._queue)
        can_list = self._hook.can_list and self._account not in _without_list
        aged = sorted((w for w in self._waiters if w.since is not None), key=_since) if can_list else []
        sinces = [_since(waiter) for waiter in aged] if can_list else [now] * count
        if sinces:
            del self._finished[: bisect_left(self._finished, sinces[0] - MARGIN_SECONDS)]
        interval = min((waiter.interval for waiter in self._waiters), default=0.0)
        before = self._way
        rate = self._hook.look_rate
        self._way = choose_polling(WaitingTasks(sinces, self._finished, interval, rate, can_list), now)
        if isinstance(self._way, PollByList):
            self._list_at = self._listed_at + self._way.seconds
            for waiter in aged if isinstance(before, PollEach) else aged[: self._way.single]:
                # Those that the list tells of need no look of their own, and those that it leaves out need one.
                if waiter.due != NEVER and (self._is_listed(waiter) or waiter.due > now + 2 * waiter.interval):
                    self._plan(waiter, now)
        elif isinstance(before, PollByList):
            for waiter in self._waiters:
                # The last list was a while ago.
                if waiter.due > now + waiter.interval and waiter.due != NEVER:
                    soon = now + self._chance() * self._way.seconds
                    self._look_at(waiter, min(soon, max(now, waiter.deadline.at)))

    def _is_listed(self, waiter: Waiter) -> bool:
        """Whether the list will tell when a task has finished."""
        way = self._way
        return (
            isinstance(way, PollByList) and waiter.since is not None and waiter.since >= way.start and not waiter.found
        )

    def _plan(self, waiter: Waiter, now: float) -> None:
        """Set when to look at a task again."""
        if self._is_listed(waiter):
            self._look_at(waiter, waiter.deadline.at)
            return
        seconds = pause(waiter.interval, waiter.since, now, chance=self._chance())
        if isinstance(self._way, PollEach):
            seconds = max(seconds, self._way.seconds)
        self._look_at(waiter, min(now + seconds, max(now, waiter.deadline.at)))

    def _look_at(self, waiter: Waiter, moment: float) -> None:
        waiter.due = moment
        heapq.heappush(self._queue, (moment, next(self._order), waiter))

    def _add(self, waiter: Waiter) -> None:
        now = self._clock()
        self._waiters.add(waiter)
        self._by_id[waiter.task_id].append(waiter)
        if self._is_listed(waiter):
            self._plan(waiter, now)
        else:
            # One that is not new may be done already.
            first = now if waiter.since is None else min(waiter.since, now) + FIRST_LOOK_SECONDS
            self._look_at(waiter, min(max(now, first), max(now, waiter.deadline.at)))
        self._changed.set()

    def _remove(self, waiter: Waiter) -> None:
        self._waiters.discard(waiter)
        others = self._by_id[waiter.task_id]
        others.remove(waiter)
        if not others:
            del self._by_id[waiter.task_id]

    def _start_looks(self, now: float) -> None:
        while self._queue and self._looking < IN_FLIGHT:
            due, _, waiter = self._queue[0]
            is_current = waiter.due == due and waiter in self._waiters
            if is_current and due > now:
                return
            heapq.heappop(self._queue)
            if is_current:
                waiter.due = NEVER
                self._looking += 1
                self._start(self._look(waiter))

    async def _look(self, waiter: Waiter) -> None:
        try:
            hook = self._hook
            look = await hook.alook(waiter.task_id)
            now = self._clock()
            if isinstance(look, TaskState):
                waiter.seen = now
                # On the clock that the list goes by.
                waiter.since = look.created or waiter.since
            waiter.empty_looks = count_empty(look, waiter.empty_looks)
            step = next_step(
                look,
                service=hook.service.name,
                now=now,
                deadline=waiter.deadline,
                interval=waiter.interval,
                since=waiter.since,
                empty_looks=waiter.empty_looks,
            )
            if isinstance(step, LookAgain) or (isinstance(step, Refused) and await self._renew(hook)):
                waiter.tell(look)
                self._plan(waiter, now)
            else:
                waiter.finish(step)
        except Exception as error:
            waiter.finish(error)
        finally:
            self._looking -= 1
            self._changed.set()

    def _start_list(self, now: float) -> None:
        if isinstance(self._way, PollByList) and not self._is_listing and now >= self._list_at:
            self._is_listing = True
            self._listed_at, self._list_at = now, now + self._way.seconds
            self._start(self._list(self._way.start, now))

    async def _list(self, start: float, now: float) -> None:
        hook, account, looks_for = self._hook, self._account, UNSEEN_SECONDS
        try:
            if any(now - waiter.seen > UNSEEN_SECONDS and self._is_listed(waiter) for waiter in self._waiters):
                # First those that run: one that finishes in between is in the other list.
                async for page in hook.alist_pages(TaskStatus.PROCESSING, start):
                    for task in page:
                        for waiter in self._by_id.get(task.task_id, ()):
                            waiter.seen = now
            await self._list_finished(hook, start)
        except ServiceError as error:
            if error.outcome is not Outcome.REFUSED:
                log.warning("%s: the tasks are listed again in a while. %s", error.code, error)
            elif not error.rule.about_keys:
                log.warning("%s: from now on each task is looked at on its own. %s", error.code, error)
                _without_list.add(account)
                self._decide_at = 0.0
            elif not await self._renew(hook):
                # A look will tell each who waits.
                looks_for = -1.0
        finally:
            self._is_listing = False
            # What no list shows, or cannot show now, is looked at on its own.
            for waiter in self._waiters:
                if now - waiter.seen > looks_for and waiter.due != NEVER and self._is_listed(waiter):
                    waiter.seen = now
                    self._look_at(waiter, now)
            self._changed.set()

    async def _list_finished(self, hook: PolledHook, start: float) -> None:
        finished: list[float] = []
        left = sum(map(self._is_listed, self._waiters))
        async for page in hook.alist_pages(TaskStatus.FINISH, start):
            finished += [start if task.created is None else task.created for task in page]
            for task in page:
                for waiter in filter(self._is_listed, self._by_id.get(task.task_id, ())):
                    left -= 1
                    waiter.found = True
                    if waiter.due != NEVER:
                        self._look_at(waiter, self._clock())
            self._changed.set()
            if left <= 0:
                break
        # What is older than all that was listed this time is still there.
        older = self._finished[: bisect_left(self._finished, min(finished, default=start))]
        self._finished = older + sorted(finished)

    async def _renew(self, hook: PolledHook | None = None) -> bool:
        """Read the connection again.

        :param hook: the hook that was refused; None for a look in passing
        :return: whether there is another connection now than that of ``hook``
        """
        async with self._lock:
            if hook is not None and (hook is not self._hook or self._clock() < self._refused_at + RENEW_PAUSE_SECONDS):
                return hook is not self._hook
            self._renewed_at = self._clock()
            if hook is not None:
                self._refused_at = self._renewed_at
            new = self._make_hook()
            try:
                await new.aload_settings()
            except Exception as error:
                log.warning("The connection could not be read again, so the known one is used: %s", error)
                return False
            if new.settings == self._hook.settings:
                return False
            # Looks may be under way with the old one.
            self._old_hooks.append(self._hook)
            self._use(new)
            return True

    def _use(self, hook: PolledHook) -> None:
        self._hook = hook
        self._account = hook.identity


def _since(waiter: Waiter) -> float:
    return waiter.since or 0.0
