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
    Crowd,
    Each,
    End,
    Limit,
    Listed,
    LookAgain,
    Refused,
    count_empty,
    how_to_look,
    next_step,
    pause,
)
from airflow_provider_mps.core.tasks import TaskState, TaskStatus
from airflow_provider_mps.polling.waiter import NEVER, PolledHook, Tell, Watch

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
        self._watches: set[Watch] = set()
        self._by_id: dict[str, list[Watch]] = defaultdict(list)
        self._queue: list[tuple[float, int, Watch]] = []
        self._order = itertools.count()
        self._looking = 0
        self._way: Each | Listed = Each(0.0)
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
        return len(self._watches)

    async def wait(
        self, task_id: str, *, limit: Limit, interval: float, since: float | None = None, tell: Tell | None = None
    ) -> End:
        """Wait until a task is done or the limit has passed; see ``wait_for_task`` in ``polling.shared``."""
        await self._prepare()
        if self._broken_by is not None:
            raise self._broken_by
        watch = Watch(task_id, limit, interval, since, self._clock())
        self._add(watch)
        try:
            while True:
                await watch.news
                if isinstance(watch.end, BaseException):
                    raise watch.end
                if watch.end is not None:
                    return watch.end
                watch.news = asyncio.get_running_loop().create_future()
                if tell is not None and watch.look is not None:
                    tell(watch.look)
        finally:
            self._remove(watch)

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
            for watch in list(self._watches):
                watch.finish(error)
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
        for watch in self._watches:
            watch.seen += step
            if watch.due != NEVER:
                self._look_at(watch, min(watch.due + step, max(now, watch.limit.deadline)))

    def _idle_seconds(self, now: float) -> float:
        moments = [self._decide_at]
        if self._queue and self._looking < IN_FLIGHT:
            moments.append(self._queue[0][0])
        if isinstance(self._way, Listed) and not self._is_listing:
            moments.append(self._list_at)
        return max(0.0, min(moments) - now)

    def _decide(self, now: float) -> None:
        """Choose the way anew, each second and when there are many more or fewer that wait."""
        count = len(self._watches)
        if now < self._decide_at and abs(count - self._decided) * 10 <= self._decided:
            return
        self._decide_at, self._decided = now + DECIDE_SECONDS, count
        if len(self._queue) > 2 * count + IN_FLIGHT:
            self._queue = [item for item in self._queue if item[0] == item[2].due and item[2] in self._watches]
            heapq.heapify(self._queue)
        can_list = self._hook.can_list and self._account not in _without_list
        aged = sorted((w for w in self._watches if w.since is not None), key=_since) if can_list else []
        sinces = [_since(watch) for watch in aged] if can_list else [now] * count
        if sinces:
            del self._finished[: bisect_left(self._finished, sinces[0] - MARGIN_SECONDS)]
        interval = min((watch.interval for watch in self._watches), default=0.0)
        before = self._way
        rate = self._hook.look_rate
        self._way = how_to_look(Crowd(sinces, self._finished, interval, rate, can_list), now)
        if isinstance(self._way, Listed):
            self._list_at = self._listed_at + self._way.seconds
            for watch in aged if isinstance(before, Each) else aged[: self._way.single]:
                # Those that the list tells of need no look of their own, and those that it leaves out need one.
                if watch.due != NEVER and (self._is_listed(watch) or watch.due > now + 2 * watch.interval):
                    self._plan(watch, now)
        elif isinstance(before, Listed):
            for watch in self._watches:
                # The last list was a while ago.
                if watch.due > now + watch.interval and watch.due != NEVER:
                    soon = now + self._chance() * self._way.seconds
                    self._look_at(watch, min(soon, max(now, watch.limit.deadline)))

    def _is_listed(self, watch: Watch) -> bool:
        """Whether the list will tell when a task has finished."""
        way = self._way
        return isinstance(way, Listed) and watch.since is not None and watch.since >= way.start and not watch.found

    def _plan(self, watch: Watch, now: float) -> None:
        """Set when to look at a task again."""
        if self._is_listed(watch):
            self._look_at(watch, watch.limit.deadline)
            return
        seconds = pause(watch.interval, watch.since, now, chance=self._chance())
        if isinstance(self._way, Each):
            seconds = max(seconds, self._way.seconds)
        self._look_at(watch, min(now + seconds, max(now, watch.limit.deadline)))

    def _look_at(self, watch: Watch, moment: float) -> None:
        watch.due = moment
        heapq.heappush(self._queue, (moment, next(self._order), watch))

    def _add(self, watch: Watch) -> None:
        now = self._clock()
        self._watches.add(watch)
        self._by_id[watch.task_id].append(watch)
        if self._is_listed(watch):
            self._plan(watch, now)
        else:
            # One that is not new may be done already.
            first = now if watch.since is None else min(watch.since, now) + FIRST_LOOK_SECONDS
            self._look_at(watch, min(max(now, first), max(now, watch.limit.deadline)))
        self._changed.set()

    def _remove(self, watch: Watch) -> None:
        self._watches.discard(watch)
        others = self._by_id[watch.task_id]
        others.remove(watch)
        if not others:
            del self._by_id[watch.task_id]

    def _start_looks(self, now: float) -> None:
        while self._queue and self._looking < IN_FLIGHT:
            due, _, watch = self._queue[0]
            is_current = watch.due == due and watch in self._watches
            if is_current and due > now:
                return
            heapq.heappop(self._queue)
            if is_current:
                watch.due = NEVER
                self._looking += 1
                self._start(self._look(watch))

    async def _look(self, watch: Watch) -> None:
        try:
            hook = self._hook
            look = await hook.alook(watch.task_id)
            now = self._clock()
            if isinstance(look, TaskState):
                watch.seen = now
                # On the clock that the list goes by.
                watch.since = look.created or watch.since
            watch.empty_looks = count_empty(look, watch.empty_looks)
            step = next_step(
                look,
                service=hook.service.name,
                now=now,
                limit=watch.limit,
                interval=watch.interval,
                since=watch.since,
                empty_looks=watch.empty_looks,
            )
            if isinstance(step, LookAgain) or (isinstance(step, Refused) and await self._renew(hook)):
                watch.tell(look)
                self._plan(watch, now)
            else:
                watch.finish(step)
        except Exception as error:
            watch.finish(error)
        finally:
            self._looking -= 1
            self._changed.set()

    def _start_list(self, now: float) -> None:
        if isinstance(self._way, Listed) and not self._is_listing and now >= self._list_at:
            self._is_listing = True
            self._listed_at, self._list_at = now, now + self._way.seconds
            self._start(self._list(self._way.start, now))

    async def _list(self, start: float, now: float) -> None:
        hook, account, looks_for = self._hook, self._account, UNSEEN_SECONDS
        try:
            if any(now - watch.seen > UNSEEN_SECONDS and self._is_listed(watch) for watch in self._watches):
                # First those that run: one that finishes in between is in the other list.
                async for page in hook.alist_pages(TaskStatus.PROCESSING, start):
                    for task in page:
                        for watch in self._by_id.get(task.task_id, ()):
                            watch.seen = now
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
            for watch in self._watches:
                if now - watch.seen > looks_for and watch.due != NEVER and self._is_listed(watch):
                    watch.seen = now
                    self._look_at(watch, now)
            self._changed.set()

    async def _list_finished(self, hook: PolledHook, start: float) -> None:
        finished: list[float] = []
        left = sum(map(self._is_listed, self._watches))
        async for page in hook.alist_pages(TaskStatus.FINISH, start):
            finished += [start if task.created is None else task.created for task in page]
            for task in page:
                for watch in filter(self._is_listed, self._by_id.get(task.task_id, ())):
                    left -= 1
                    watch.found = True
                    if watch.due != NEVER:
                        self._look_at(watch, self._clock())
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


def _since(watch: Watch) -> float:
    return watch.since or 0.0
