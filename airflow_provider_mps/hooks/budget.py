"""The limit a day of a connection: grants of all processes in COS, and those that this process holds."""

from __future__ import annotations

import asyncio
import os
import random
import socket
import threading
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import uuid4

from airflow_provider_mps.clients.async_client import off_the_loop
from airflow_provider_mps.clients.permits import Permit
from airflow_provider_mps.core.addresses import HostPort
from airflow_provider_mps.core.errors import ServiceError
from airflow_provider_mps.core.outcomes import Outcome
from airflow_provider_mps.error_table import airflow_error
from airflow_provider_mps.services.tencentcloud import budget
from airflow_provider_mps.services.tencentcloud.budget import BudgetUnreadableError, Reached, carry_out
from airflow_provider_mps.services.tencentcloud.codes import BUDGET_UNAVAILABLE, PICTURES_PER_DAY_REACHED
from airflow_provider_mps.services.tencentcloud.grants import Grant, GrantPool
from airflow_provider_mps.services.tencentcloud.words import Action, Service

if TYPE_CHECKING:
    from airflow_provider_mps.hooks.cos import CosHook
    from airflow_provider_mps.hooks.mps import MpsHook

# For so long nobody here asks again once the limit is reached: others may return some.
ASK_AGAIN_SECONDS = 10.0
# Where many processes want grants at once, each lets the others go first for up to this long, longer each time.
PAUSE_SECONDS, MAX_PAUSE_SECONDS = 0.05, 2.0
_JSON = "application/json"
# Of the running Airflow task, which Airflow puts into the environment.
_TASK_VARIABLES = {
    "dag_id": "AIRFLOW_CTX_DAG_ID",
    "task_id": "AIRFLOW_CTX_TASK_ID",
    "run_id": "AIRFLOW_CTX_DAG_RUN_ID",
}

_processes: dict[tuple[int, GrantsPlace], ProcessGrants] = {}


class ProcessGrants:
    """The grants that all of this process share for an account; used by many threads at once."""

    def __init__(self) -> None:
        self._pool = GrantPool()
        self._lock = threading.Lock()
        self._one_asks = threading.Lock()

    def take(self, day: str, limit: int) -> Grant | None:
        """Take a grant that is at hand."""
        with self._lock:
            self._pool.begin(day)
            return self._pool.take(limit)

    def put_back(self, grant: Grant) -> None:
        """Put back what was certainly not used."""
        with self._lock:
            self._pool.put_back(grant)

    def fill(self, store: CosBudgetStore, day: str, limit: int) -> Reached | None:
        """Have grants at hand, if there are any to be had; blocks.

        :raises ServiceError: COS does not say
        :raises BudgetUnreadableError: what it says cannot be read
        """
        with self._one_asks:
            with self._lock:
                self._pool.begin(day)
                if self._pool.has(limit) or (reached := self._pool.reached(limit, time.monotonic())):
                    return None if self._pool.has(limit) else reached
                head, wanted = self._pool.head, self._pool.wanted
            found = carry_out(budget.reserve(limit, head, wanted, _who()), store)
            with self._lock:
                if isinstance(found, Reached):
                    self._pool.note_reached(day, limit, found, time.monotonic() + ASK_AGAIN_SECONDS)
                    return found
                self._pool.add(day, found)
            return None

    def empty(self) -> tuple[str, list[budget.Block]]:
        """Take all grants out; return their day, and the blocks that they are."""
        with self._lock:
            return self._pool.empty()


class CosBudgetStore:
    """The objects of one day in COS; see :class:`~airflow_provider_mps.services.tencentcloud.budget.BudgetStore`.

    :param hook: that of the bucket
    :param folder: COS folder of the day
    """

    def __init__(self, hook: CosHook, folder: str) -> None:
        self._hook = hook
        self._folder = folder

    def __str__(self) -> str:
        return f"cos://{self._hook.bucket_name}{self._folder}"

    def first(self, folder: str) -> str | None:
        """Return the first name in a folder; None if it is empty."""
        objects, _ = self._hook.list_page(f"{self._folder}{folder}/", limit=1)
        return objects[0].key.rpartition("/")[2] if objects else None

    def names(self, folder: str) -> list[str]:
        """Return all names in a folder."""
        return [found.key.rpartition("/")[2] for found in self._hook.list_objects(f"{self._folder}{folder}/")]

    def read(self, name: str) -> bytes | None:
        """Return the content of an object; None if there is none."""
        return self._hook.read_object(f"{self._folder}{name}")

    def write_new(self, name: str, data: bytes) -> bool:
        """Write an object that must not be there yet; False if there is one."""
        return self._hook.write_object(f"{self._folder}{name}", data, _JSON, overwrite=False)

    def pause(self, conflicts: int) -> None:
        """Let others go first."""
        time.sleep(random.uniform(0, min(MAX_PAUSE_SECONDS, PAUSE_SECONDS * 2**conflicts)))  # noqa: S311


class GrantsPlace(NamedTuple):
    """Where the grants of an account are kept.

    :param bucket: bucket with APPID
    :param region: its region
    :param endpoint: address to dial for COS; None for the bucket's own
    :param folder: COS folder of the account
    """

    bucket: str | None
    region: str
    endpoint: HostPort | None
    folder: str


class DailyLimit:
    """``pictures_per_day`` of a connection, for one hook.

    :param hook: whose requests are counted
    """

    def __init__(self, hook: MpsHook) -> None:
        self._hook = hook
        self._loop: asyncio.AbstractEventLoop | None = None
        self._one_asks = asyncio.Lock()
        self._has_asked_clock = False

    def permit(self, limit: int, target: str) -> GrantedPermit:
        """Return what one call is allowed by.

        :param limit: pictures a day
        :param target: on what, for messages
        """
        return GrantedPermit(self, _Wanted(self._place, limit, target))

    def take(self, wanted: _Wanted) -> Grant | None:
        """Take a grant that is at hand."""
        return None if self._asks_clock else wanted.grants.take(self.day, wanted.limit)

    def fill(self, wanted: _Wanted) -> None:
        """Have grants at hand; blocks while COS is asked for some.

        :raises ServiceError: the limit is reached, or COS does not say
        """
        if self._asks_clock:
            self._hook.ask_clock()
            self._has_asked_clock = True
        self._fill(wanted)

    async def afill(self, wanted: _Wanted) -> None:
        """Have grants at hand; the async twin of :meth:`fill`."""
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            self._loop, self._one_asks = loop, asyncio.Lock()
        # One for all: each would hold a thread while it waits for the others.
        async with self._one_asks:
            if self._asks_clock:
                await self._hook.aask_clock()
                self._has_asked_clock = True
            await off_the_loop(self._fill, wanted)

    @property
    def day(self) -> str:
        """The day by the clock of MPS, as far as that is known."""
        return budget.day_of(self._now)

    @property
    def _asks_clock(self) -> bool:
        """Whether it has to be known first, as it may be another day there."""
        is_known = self._hook.clock.ahead is not None or self._has_asked_clock
        return not is_known and budget.is_near_midnight(time.time())

    def give_back(self) -> None:
        """Let other processes have what this one does not use; blocks. A failure is only logged."""
        place = self._place
        day, blocks = _grants_of(place).empty()
        if not blocks:
            return
        try:
            carry_out(budget.give_back(blocks, _who()), self._store(place, day))
        except Exception as error:
            count = sum(block.size for block in blocks)
            self._hook.log.warning("%d of pictures_per_day could not be given back and are lost: %s", count, error)

    def _fill(self, wanted: _Wanted) -> None:
        day = self.day
        store = self._store(wanted.place, day)
        try:
            reached = wanted.grants.fill(store, day, wanted.limit)
        except ServiceError as error:
            # What is refused for good stays so. Otherwise it may pass: nothing was sent, whatever became of the answer.
            outcome = error.outcome if error.outcome is Outcome.REFUSED else Outcome.NOT_EXECUTED
            said, request_id = error.summary, error.request_id
        except BudgetUnreadableError as error:
            outcome, said, request_id = Outcome.REFUSED, str(error), ""
        else:
            if reached is not None:
                said = budget.reached_message(wanted.limit, reached, day, self._now)
                raise _error(wanted.target, PICTURES_PER_DAY_REACHED, said)
            return
        said = f"no picture may be paid for without a grant of pictures_per_day, kept in {store}: {said}"
        raise _error(wanted.target, BUDGET_UNAVAILABLE, said, request_id, outcome)

    def _store(self, place: GrantsPlace, day: str) -> CosBudgetStore:
        from airflow_provider_mps.hooks.cos import CosHook

        hook = CosHook(self._hook.tencentcloud_conn_id, place.bucket, place.region)
        return CosBudgetStore(hook, f"{place.folder}{day}/")

    @property
    def _place(self) -> GrantsPlace:
        settings = self._hook.settings
        folder = budget.account_folder(settings.budget_dir, settings.endpoint, self._hook.account)
        return GrantsPlace(settings.cos_bucket, settings.cos_region, settings.cos_endpoint, folder)

    @property
    def _now(self) -> float:
        return time.time() + (self._hook.clock.ahead or 0.0)


class GrantedPermit(Permit[Grant]):
    """The grant of one call.

    :param limit: gives it
    :param wanted: what is asked for
    """

    def __init__(self, limit: DailyLimit, wanted: _Wanted) -> None:
        super().__init__()
        self._limit = limit
        self._wanted = wanted

    def take(self) -> bool:
        """Take a grant that is at hand, unless there is one of today."""
        if self.grant is None or self.grant.day != self._limit.day:
            self.grant = self._limit.take(self._wanted)
        return self.grant is not None

    def fill(self) -> None:
        """Have grants at hand; blocks."""
        self._limit.fill(self._wanted)

    async def afill(self) -> None:
        """Have grants at hand; the async twin of :meth:`fill`."""
        await self._limit.afill(self._wanted)

    def put_back(self, grant: Grant) -> None:
        """Let another call of this process have the grant."""
        self._wanted.grants.put_back(grant)


class _Wanted:
    """What one call asks for; the connection may be edited while it waits."""

    def __init__(self, place: GrantsPlace, limit: int, target: str) -> None:
        self.place = place
        self.limit = limit
        self.target = target
        self.grants = _grants_of(place)


def _grants_of(place: GrantsPlace) -> ProcessGrants:
    # A fork must not use what its parent holds.
    return _processes.setdefault((os.getpid(), place), ProcessGrants())


def _error(
    target: str, code: str, said: str, request_id: str = "", outcome: Outcome = Outcome.NOT_EXECUTED
) -> ServiceError:
    return airflow_error(ServiceError(Service.MPS, Action.PROCESS_IMAGE, target, code, said, request_id, outcome))


def _who() -> Mapping[str, Any]:
    task = {name: os.environ[variable] for name, variable in _TASK_VARIABLES.items() if os.environ.get(variable)}
    at = datetime.now(UTC).isoformat(timespec="milliseconds")
    return {"at": at, **task, "host": socket.gethostname(), "pid": os.getpid(), "id": uuid4().hex}
