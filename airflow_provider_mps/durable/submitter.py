"""Everything that the submissions of one event loop to one target share: one client, one pace, one queue, one list."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from contextvars import Context
from typing import Any, TypeVar

from airflow_provider_mps.clients.async_client import off_the_loop
from airflow_provider_mps.compat_triggerer import health_check_threshold, supervisor_answers
from airflow_provider_mps.core.handover import Continuity
from airflow_provider_mps.durable.shared_calls import SharedCalls, remember
from airflow_provider_mps.durable.turns import Turns
from airflow_provider_mps.polling.poller import Poller
from airflow_provider_mps.polling.shared import PollTarget, shared_poller

log = logging.getLogger(__name__)

# Submissions that have their turn and wait for the pace. More would go out before one with a higher priority that comes
# meanwhile; with one alone a slot would pass while the next one takes its turn.
AT_ONCE = 2
# The supervisor of a triggerer looks about once a second for what it has lost, and is asked for that as often.
LOOPS, LOOP_SECONDS = 2, 1.2
# Proofs that are asked for in the time for which one is good.
PROOFS = 3

# Questions about marks that the supervisor is asked at the same time. It answers one after the other, and each of them
# holds one of the few threads of the triggerer until then: others need them, above all who asks for a proof.
MARKS_AT_ONCE = 2

_T = TypeVar("_T")

_submitters: dict[Poller, Submitter] = {}


class Submitter:
    """What those share who submit in the same event loop to the same target.

    :param poller: waits for the tasks; its hook submits too
    :param ask: asks whether this process still has what it was given; blocks, and raises if nobody says so
    :param seconds: for how long an answer is good
    """

    def __init__(self, poller: Poller, ask: Callable[[], None], seconds: float) -> None:
        self.users = 0
        self.poller = poller
        self.calls = SharedCalls(lambda: poller.hook)
        self.turns = Turns(AT_ONCE)
        self.continuity = Continuity(seconds)
        # By their TaskIds, for which Airflow task what was submitted here is, the newest last.
        self._accepted: dict[str, str] = {}
        self._ask = ask
        self._one_asks = asyncio.Lock()
        self._marks = asyncio.Semaphore(MARKS_AT_ONCE)
        self._waiting = 0
        self._asking: asyncio.Task[None] | None = None
        self._giving: asyncio.Task[None] | None = None

    def note_accepted(self, task_id: str, key: str) -> None:
        """Remember a task that was submitted here.

        :param key: of the Airflow task, see :class:`~airflow_provider_mps.core.fingerprint.Fingerprint`
        """
        remember(self._accepted, task_id, key)

    def is_of_another(self, task_id: str, key: str) -> bool:
        """Tell whether a task was certainly submitted for another Airflow task than that of ``key``."""
        return self._accepted.get(task_id, key) != key

    async def on_mark(self, call: Callable[..., _T], *args: Any) -> _T:
        """Await what is asked of a mark, when few others ask; who gives up while it is asked leaves the place taken.

        :raises Exception: what the call raises
        """
        await self._marks.acquire()
        asked = asyncio.get_running_loop().create_task(off_the_loop(call, *args))
        asked.add_done_callback(self._mark_answered)
        return await asyncio.shield(asked)

    def _mark_answered(self, asked: asyncio.Task[Any]) -> None:
        self._marks.release()
        if not asked.cancelled():
            # Nobody may wait for it any more, which is no reason to warn of it.
            asked.exception()

    async def prove(self) -> float:
        """Have it proven that this process still has what it was given; return when that was.

        :raises Exception: nobody says so
        """
        wanted = time.monotonic()
        async with self._one_asks:
            if self.continuity.last < wanted:
                began = time.monotonic()
                # What comes later would prove nothing.
                async with asyncio.timeout(self.continuity.seconds):
                    await off_the_loop(self._ask)
                self.continuity.prove(began)
            return self.continuity.last

    async def prove_possession(self) -> float:
        """Have it proven that this process has what it was given, when that was not certain; return since when it is.

        A supervisor that was silent for long answers, and only after that tells its process what it has lost. So it is
        asked again when both have been through their loops.

        :raises Exception: nobody says so
        """
        for _ in range(LOOPS):
            await self.prove()
            await asyncio.sleep(LOOP_SECONDS)
        return await self.prove()

    @contextlib.contextmanager
    def waiting(self) -> Iterator[None]:
        """Keep it proven as long as somebody waits for a turn."""
        self._waiting += 1
        if self._asking is None:
            # In a context of its own, so that its lines are not taken for those of the task that was first.
            self._asking = asyncio.get_running_loop().create_task(self._keep_proven(), context=Context())
        try:
            yield
        finally:
            self._waiting -= 1
            if not self._waiting:
                self._asking.cancel()
                self._asking = None
                self._give_back()

    def _give_back(self) -> None:
        """Leave what was reserved of ``pictures_per_day`` to others: pictures may be waited for much longer."""
        if self._giving is None or self._giving.done():
            work = off_the_loop(self.poller.hook.give_back)
            self._giving = asyncio.get_running_loop().create_task(work, context=Context())

    async def _keep_proven(self) -> None:
        while True:
            await asyncio.sleep(self.continuity.seconds / PROOFS)
            try:
                await self.prove()
            except Exception as error:
                log.warning("The supervisor of this triggerer does not answer: %s", error)


@asynccontextmanager
async def shared_submitter(target: PollTarget) -> AsyncIterator[Submitter]:
    """Give the submitter of this event loop and target; it goes with the last one who has it.

    :raises Exception: the connection cannot be read or used
    """
    async with shared_poller(target) as poller:
        await poller.load()
        submitter = _submitters.get(poller)
        if submitter is None:
            # A third of it, as the last sign of life of the supervisor may be older than its answer.
            submitter = _submitters[poller] = Submitter(poller, supervisor_answers, health_check_threshold() / 3)
        submitter.users += 1
        try:
            yield submitter
        finally:
            submitter.users -= 1
            if not submitter.users:
                del _submitters[poller]
