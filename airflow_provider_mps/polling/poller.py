"""One poller for all that wait in an event loop: one client, one credential, one pace, however many tasks there are."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import time
from collections.abc import Callable, Coroutine
from contextvars import Context
from typing import Any

from airflow_provider_mps.core.errors import ServiceError
from airflow_provider_mps.core.outcomes import Outcome
from airflow_provider_mps.core.polling import Deadline, LookAgain, Refused, WaitOutcome
from airflow_provider_mps.core.tasks import TaskStatus
from airflow_provider_mps.polling.clock_steps import ClockSteps
from airflow_provider_mps.polling.inbox import Inbox, LookListener
from airflow_provider_mps.polling.polled_hook import PolledHook
from airflow_provider_mps.polling.renewed_hook import RenewedHook
from airflow_provider_mps.polling.schedule import Listing, Schedule
from airflow_provider_mps.polling.waiter import Waiter

log = logging.getLogger(__name__)

# Looks that are under way at the same time. At a limit of 20 per second an answer may take most of a second.
IN_FLIGHT = 16

# Accounts that may not list tasks.
_without_list: set[tuple[str, ...]] = set()


class Poller:
    """Looks at tasks for all who wait; ``polling.schedule`` says when, and which way.

    :param make_hook: gives a hook that reads the connection anew
    :param clock: gives seconds since the epoch
    :param steady: gives seconds of a clock that nobody sets
    :param chance: gives a number from 0 to 1, for jitter
    """

    def __init__(
        self,
        make_hook: Callable[[], PolledHook],
        clock: Callable[[], float] = time.time,
        steady: Callable[[], float] = time.monotonic,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self.users = 0
        self._clock = clock
        self._steady = steady
        self._clock_steps = ClockSteps(clock(), steady())
        self._hooks = RenewedHook(make_hook, clock)
        self._schedule = Schedule(chance)
        self._inboxes: dict[Waiter, Inbox] = {}
        self._looks_under_way = 0
        self._changed = asyncio.Event()
        self._tasks: set[asyncio.Task[object]] = set()
        self._broken_by: Exception | None = None

    @property
    def is_broken(self) -> bool:
        """Whether it looks no more."""
        return self._broken_by is not None

    @property
    def waiting(self) -> int:
        """How many wait."""
        return len(self._schedule)

    @property
    def hook(self) -> Any:
        """The hook in use, after :meth:`load`: another one when somebody has edited the connection."""
        return self._hooks.hook

    async def load(self) -> None:
        """Read the connection, unless that is done.

        :raises Exception: it cannot be read or used, or the poller looks no more
        """
        if await self._hooks.load():
            self._start(self._run())
        if self._broken_by is not None:
            raise self._broken_by

    async def wait(
        self,
        task_id: str,
        *,
        deadline: Deadline,
        interval: float,
        since: float | None = None,
        on_look: LookListener | None = None,
    ) -> WaitOutcome:
        """Wait until a task is done or the deadline has passed; see ``wait_for_task`` in ``polling.shared``."""
        await self.load()
        now = self._clock()
        waiter, inbox = Waiter(task_id, deadline, interval, since, now), Inbox()
        self._inboxes[waiter] = inbox
        self._schedule.add(waiter, now)
        self._changed.set()
        try:
            return await inbox.outcome(on_look)
        finally:
            self._schedule.remove(waiter)
            del self._inboxes[waiter]

    async def aclose(self) -> None:
        """Stop looking, and close what is open."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._hooks.aclose()

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
                self._begin(now)
                moment = self._schedule.next_moment(may_look=self._looks_under_way < IN_FLIGHT)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(max(0.0, moment - now)):
                        await self._changed.wait()
        except Exception as error:
            # Nobody must wait for ever for a poller that is gone, nor join it.
            self._broken_by = error
            for inbox in self._inboxes.values():
                inbox.put_outcome(error)
            raise

    def _begin(self, now: float) -> None:
        """Begin all that is due."""
        if step := self._clock_steps.step(now, self._steady()):
            log.info("The clock of this machine was set by %+.1f s; looks go on as planned", step)
            self._schedule.move(step, now)
            self._hooks.move(step)
        hook = self._hooks.hook
        can_list = hook.can_list and self._hooks.account not in _without_list
        self._schedule.decide(now, rate=hook.look_rate, can_list=can_list)
        while self._looks_under_way < IN_FLIGHT and (waiter := self._schedule.take_due(now)) is not None:
            self._looks_under_way += 1
            self._start(self._look(waiter, self._inboxes[waiter]))
        if (listing := self._schedule.take_list(now)) is not None:
            self._start(self._list(listing))
        if self._hooks.claim_renewal(now):
            self._start(self._hooks.renew())

    async def _look(self, waiter: Waiter, inbox: Inbox) -> None:
        try:
            hook = self._hooks.hook
            look = await hook.alook(waiter.task_id)
            now = self._clock()
            decision = waiter.take(look, now, hook.service.name)
            if isinstance(decision, LookAgain) or (isinstance(decision, Refused) and await self._hooks.renew(hook)):
                inbox.put_look(look)
                self._schedule.plan(waiter, now)
            else:
                inbox.put_outcome(decision)
        except Exception as error:
            inbox.put_outcome(error)
        finally:
            self._looks_under_way -= 1
            self._changed.set()

    async def _list(self, listing: Listing) -> None:
        hook, account, is_refused = self._hooks.hook, self._hooks.account, False
        try:
            if listing.asks_running:
                # First those that run: one that finishes in between is in the other list.
                async for page in hook.alist_pages(TaskStatus.PROCESSING, listing.start):
                    self._schedule.show_running(listing, page)
            async for page in hook.alist_pages(TaskStatus.FINISH, listing.start):
                is_worth_more = self._schedule.show_finished(listing, page, self._clock())
                self._changed.set()
                if not is_worth_more:
                    break
            self._schedule.keep_list(listing)
        except ServiceError as error:
            if error.outcome is not Outcome.REFUSED:
                log.warning("%s: the tasks are listed again in a while. %s", error.code, error)
            elif not error.rule.about_keys:
                log.warning("%s: from now on each task is looked at on its own. %s", error.code, error)
                _without_list.add(account)
                self._schedule.decide_soon()
            else:
                is_refused = not await self._hooks.renew(hook)
        finally:
            self._schedule.end_list(listing, is_refused=is_refused)
            self._changed.set()
