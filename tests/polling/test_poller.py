"""All that wait in one event loop: against the local service, and in a time of the test's own."""

from __future__ import annotations

import asyncio
import contextvars
import itertools
import json
import math
import random
import selectors
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from airflow_provider_mps.clients import tencentcloud as mps_clients
from airflow_provider_mps.core import polling
from airflow_provider_mps.core.calls import ATTEMPTS
from airflow_provider_mps.core.errors import ServiceError
from airflow_provider_mps.core.pace import Pace
from airflow_provider_mps.core.polling import UNSEEN_SECONDS, Deadline, Finished, Refused, TooLate
from airflow_provider_mps.core.tasks import ListedTask, TaskState, TaskStatus
from airflow_provider_mps.hooks.mps import MpsHook
from airflow_provider_mps.local.service import LocalService
from airflow_provider_mps.local.serving.accounts import Credential
from airflow_provider_mps.local.tencentcloud.errors import MpsTaskFailure
from airflow_provider_mps.local.tencentcloud.tasks import Task
from airflow_provider_mps.polling import poller, renewed_hook, schedule
from airflow_provider_mps.polling import shared as shared_poller_module
from airflow_provider_mps.polling.poller import Poller
from airflow_provider_mps.polling.shared import PollTarget, shared_poller, wait_for_task
from airflow_provider_mps.services.profiles import MPS
from airflow_provider_mps.services.tencentcloud.codes import outcome_of
from airflow_provider_mps.services.tencentcloud.listing import PAGE_SIZE
from airflow_provider_mps.triggers.mps import MpsImageTaskTrigger
from tests.whole import examples

DETAIL, LIST = "DescribeImageTaskDetail", "DescribeImageTasks"
UNKNOWN = "2600000000-WorkflowTask-00000000000000000000000000000000"

T = TypeVar("T")
Make = Callable[..., list[Task]]


@pytest.fixture(autouse=True)
def _from_scratch(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(poller, "_without_list", set())
    yield
    assert not shared_poller_module._pollers


@pytest.fixture
def make(service: LocalService, conn_id: str, payload: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> Make:
    """Let the service have tasks without a request for each; the first look at one comes sooner than usual."""
    for module in (schedule, polling):
        monkeypatch.setattr(module, "FIRST_LOOK_SECONDS", 0.1)
    MpsHook(conn_id).process_image(payload)
    first = service.tasks[0]

    def tasks(count: int, seconds: float | Callable[[int], float] = 0.3, failure: MpsTaskFailure | None = None) -> Any:
        made = []
        for number in range(count):
            task = service.backend.tasks.create(
                account=first.account,
                job=first.job,
                input_info=first.input_info,
                image_task=None,
                definition=None,
                seconds=seconds(number) if callable(seconds) else seconds,
            )
            task.failure, task.done = failure, task.created
            made.append(task)
        return made

    return tasks


def wait(
    task: Task | str,
    conn_id: str = "tencentcloud_default",
    *,
    region: str | None = None,
    seconds: float = 60,
    interval: float = 0.2,
    knows_since: bool = True,
    **options: Any,
) -> Awaitable[Any]:
    task_id = task if isinstance(task, str) else task.task_id
    if knows_since and isinstance(task, Task):
        options.setdefault("since", task.created)
    deadline = Deadline(time.time() + seconds)
    return wait_for_task(
        task_id, PollTarget(MpsHook, (conn_id, region)), deadline=deadline, interval=interval, **options
    )


def wait_all(tasks: Sequence[Task | str], conn_id: str = "tencentcloud_default", **options: Any) -> list[Any]:
    async def gather() -> list[Any]:
        return await asyncio.gather(*(wait(task, conn_id, **options) for task in tasks))

    return asyncio.run(gather())


def assert_finished(ends: Sequence[Any]) -> None:
    assert ends
    assert all(isinstance(end, Finished) and end.state.result for end in ends), Counter(map(type, ends))


async def until(condition: Callable[[], object]) -> None:
    while not condition():  # noqa: ASYNC110
        await asyncio.sleep(0.01)


@pytest.fixture
def hooks(monkeypatch: pytest.MonkeyPatch) -> list[MpsHook]:
    """The hooks that pollers make."""
    made: list[MpsHook] = []
    lock = threading.Lock()
    original = PollTarget.hook

    def make_one(source: PollTarget) -> Any:
        with lock:
            made.append(original(source))
            return made[-1]

    monkeypatch.setattr(PollTarget, "hook", make_one)
    return made


@pytest.fixture
def clients(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The HTTP clients that hooks make."""
    made: list[Any] = []
    original = mps_clients.async_client

    def make_one(settings: Any, credential: Any) -> Any:
        made.append(original(settings, credential))
        return made[-1]

    monkeypatch.setattr(mps_clients, "async_client", make_one)
    return made


def test_three_hundred_triggers(
    make: Make, service: LocalService, hooks: list[Any], clients: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    reads: list[Any] = []
    original = MpsHook._read_connection
    monkeypatch.setattr(MpsHook, "_read_connection", lambda *args: reads.append(args) or original(*args))
    tasks = make(300, lambda number: 0.5 + number / 200)

    async def fire(task: Task) -> Any:
        trigger = MpsImageTaskTrigger(
            task.task_id, "tencentcloud_default", None, 0.4, time.time() + 60, since=task.created
        )
        return [event.payload async for event in trigger.run()]

    async def gather() -> list[Any]:
        return await asyncio.gather(*map(fire, tasks))

    events = asyncio.run(gather())
    assert [event["status"] for (event,) in events] == ["success"] * 300
    assert [event["mps_task_id"] for (event,) in events] == [task.task_id for task in tasks]
    assert len(service.calls(DETAIL)) <= 1.3 * 300
    assert len(service.calls(LIST)) >= 3
    assert (len(hooks), len(reads), len(clients)) == (1, 1, 1)
    assert clients[0].http_client.is_closed


def test_few_are_not_listed(make: Make, service: LocalService) -> None:
    assert_finished(wait_all(make(2)))
    assert not service.calls(LIST)


def test_the_poller_is_gone_with_the_last_who_waits(
    make: Make, service: LocalService, conn_id: str, hooks: list[Any], clients: list[Any]
) -> None:
    short, long = make(2, 3600)

    async def run() -> None:
        async def wait_for_long() -> Any:
            end = await wait(long)
            assert not shared_poller_module._pollers
            return end

        first, second = asyncio.create_task(wait(short)), asyncio.create_task(wait_for_long())
        await until(lambda: service.calls(DETAIL))
        short.seconds = 0.0
        assert_finished([await first])
        assert len(shared_poller_module._pollers) == 1
        assert not clients[0].http_client.is_closed
        long.seconds = 0.0
        assert_finished([await second])
        assert clients[0].http_client.is_closed
        assert asyncio.all_tasks() == {asyncio.current_task()}
        # And the next one has one of its own.
        assert_finished([await wait(short)])
        assert (len(hooks), len(clients)) == (2, 2)

    asyncio.run(run())


@pytest.mark.parametrize("count", [1, 20])
def test_the_poller_is_gone_when_all_are_cancelled(
    count: int, make: Make, service: LocalService, clients: list[Any]
) -> None:
    tasks = make(count, 3600)

    async def run() -> None:
        waits = [asyncio.create_task(wait(task)) for task in tasks]
        await until(lambda: service.calls(DETAIL) or service.calls(LIST))
        for one in waits:
            one.cancel()
        ends = await asyncio.gather(*waits, return_exceptions=True)
        assert all(isinstance(end, asyncio.CancelledError) for end in ends)
        assert not shared_poller_module._pollers
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(run())
    assert all(client.http_client.is_closed for client in clients)


def test_cancelled_before_the_connection_is_read(make: Make, service: LocalService) -> None:
    (task,) = make(1)

    async def run() -> Any:
        first = asyncio.create_task(wait(task))
        second = asyncio.create_task(wait(task))
        await asyncio.sleep(0)
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        return await second

    assert_finished([asyncio.run(run())])


def test_cancelling_one_leaves_the_others(make: Make) -> None:
    tasks = make(6, 0.8)

    async def run() -> list[Any]:
        waits = [asyncio.create_task(wait(task)) for task in (*tasks, tasks[0])]
        await asyncio.sleep(0.3)
        waits[0].cancel()
        return await asyncio.gather(*waits, return_exceptions=True)

    cancelled, *others = asyncio.run(run())
    assert isinstance(cancelled, asyncio.CancelledError)
    assert_finished(others)


def test_each_connection_and_region_has_a_poller(
    make: Make, service: LocalService, conn_id: str, connect: Callable[..., str], hooks: list[MpsHook]
) -> None:
    other, tasks = connect(), make(3)

    async def run() -> list[Any]:
        keys = [(conn_id, None), (conn_id, "ap-shanghai"), (other, None)]
        return await asyncio.gather(*(wait(task, conn, region=region) for task in tasks for conn, region in keys))

    assert_finished(asyncio.run(run()))
    assert [(hook.tencentcloud_conn_id, hook.region) for hook in hooks] == [
        (conn_id, None),
        (conn_id, "ap-shanghai"),
        (other, None),
    ]
    assert {call.region for call in service.calls(DETAIL)} == {"ap-guangzhou", "ap-shanghai"}


def test_each_event_loop_has_a_poller(make: Make, hooks: list[Any], clients: list[Any]) -> None:
    tasks, barrier = make(4, 1.0), threading.Barrier(2)

    def run(mine: list[Task]) -> list[Any]:
        barrier.wait()
        return wait_all(mine)

    with ThreadPoolExecutor(2) as threads:
        for ends in threads.map(run, [tasks[:2], tasks[2:]]):
            assert_finished(ends)
    assert (len(hooks), len(clients)) == (2, 2)
    assert all(client.http_client.is_closed for client in clients)


@pytest.mark.parametrize("code", ["UnauthorizedOperation.CamNoAuth", "InvalidAction"])
def test_an_account_that_may_not_list(code: str, make: Make, service: LocalService) -> None:
    service.add_fault(kind="error", action=LIST, code=code)
    assert_finished(wait_all(make(10)))
    assert len(service.calls(LIST)) == 1
    # Nor does a later poller ask.
    assert_finished(wait_all(make(10)))
    assert len(service.calls(LIST)) == 1
    # The one of another account does.
    assert_finished(wait_all(make(10), region="ap-shanghai"))
    assert len(service.calls(LIST)) == 2


def test_a_refusal_that_is_not_about_lists_does_not_end_them(make: Make, service: LocalService) -> None:
    """A clock that was set, a token that had run out: the next list may well be answered."""
    service.add_fault(kind="error", action=LIST, code="AuthFailure.SignatureExpire", times=1)
    assert_finished(wait_all(make(10)))
    assert_finished(wait_all(make(10)))
    assert len(service.calls(LIST)) >= 2


@pytest.mark.parametrize("fault", [{"kind": "http", "status": 502}, {"kind": "garbage"}])
def test_lists_that_fail_for_a_while(fault: dict[str, Any], make: Make, service: LocalService) -> None:
    service.add_fault(action=LIST, times=2 * ATTEMPTS, **fault)
    assert_finished(wait_all(make(10, 0.8)))
    assert len(service.accepted(LIST)) >= 1


def test_lists_that_fail_for_ever(make: Make, service: LocalService, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schedule, "UNSEEN_SECONDS", 0.5)
    service.add_fault(action=LIST, kind="http", status=502)
    assert_finished(wait_all(make(10, 0.8)))


def test_a_task_that_no_list_shows(make: Make, service: LocalService, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schedule, "UNSEEN_SECONDS", 0.5)
    tasks, store = make(10, 0.3), service.backend.tasks
    original = store.newest_first
    monkeypatch.setattr(store, "newest_first", lambda *args: (task for task in original(*args) if task is not tasks[3]))
    assert_finished(wait_all(tasks))


def test_a_clock_that_is_ahead(make: Make, service: LocalService, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was noted of the acceptance comes from another machine, so that lists begin too late."""
    monkeypatch.setattr(schedule, "UNSEEN_SECONDS", 0.5)
    tasks = make(10, 0.3)
    assert_finished(wait_all(tasks, since=tasks[0].created + 20))


def test_one_that_does_not_know_when_its_task_began(make: Make, service: LocalService) -> None:
    assert_finished(wait_all([*make(10, 0.5)], knows_since=False))
    assert_finished(wait_all(service.tasks, knows_since=False))


@pytest.mark.parametrize("count", [1, 8])
def test_the_deadline(count: int, make: Make, service: LocalService) -> None:
    ends = wait_all(make(count, 3600), seconds=0.5, interval=600)
    assert [type(end) for end in ends] == [TooLate] * count
    assert all(end.last_seen.startswith(("WAITING", "PROCESSING")) for end in ends)
    # Each pause is as long as the task is old, so there is room for a few, and the last one falls on the deadline.
    assert Counter(call.task_id for call in service.calls(DETAIL)).most_common(1)[0][1] <= 5


@pytest.mark.parametrize("count", [1, 8])
def test_done_at_the_last_look(count: int, make: Make, service: LocalService, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service.backend.tasks, "newest_first", lambda *args: iter(()))
    assert_finished(wait_all(make(count, 0.3), seconds=1.5, interval=600))


@pytest.mark.parametrize("count", [1, 8])
def test_a_deadline_that_has_passed(count: int, make: Make, service: LocalService) -> None:
    done, running = make(count, 0), make(count, 3600)
    ends = wait_all([*done, *running], seconds=-100)
    assert_finished(ends[:count])
    assert [type(end) for end in ends[count:]] == [TooLate] * count
    assert len(service.calls(DETAIL)) == 2 * count


def test_no_answer_until_the_deadline(make: Make, service: LocalService) -> None:
    service.add_fault(kind="http", action=DETAIL, status=503)
    (end,) = wait_all(make(1), seconds=0.5)
    assert isinstance(end, TooLate)
    assert "HTTP 503" in end.last_seen


def test_all_sorts_of_ends(make: Make, service: LocalService) -> None:
    good, bad = make(10), make(10, failure=MpsTaskFailure("40000 BadInput", "no such picture", "MPS"))

    async def fire(task_id: str, since: float | None) -> Any:
        trigger = MpsImageTaskTrigger(task_id, "tencentcloud_default", None, 0.2, time.time() + 60, since=since)
        return [event.payload["status"] async for event in trigger.run()]

    async def run() -> list[Any]:
        known = [fire(task.task_id, task.created) for task in (*good, *bad)]
        strange = [fire(UNKNOWN[:-1] + str(number), None) for number in range(5)]
        return list(itertools.chain(*await asyncio.gather(*known, *strange)))

    assert asyncio.run(run()) == ["success"] * 10 + ["failed"] * 10 + ["error"] * 5


@pytest.mark.parametrize("others", [0, 6])
def test_two_who_wait_for_the_same_task(others: int, make: Make) -> None:
    tasks = make(1 + others)
    assert_finished(wait_all([tasks[0], tasks[0], *tasks]))


def other_key(service: LocalService) -> tuple[str, str]:
    """Give the account of the service a second pair of keys."""
    owner = service.backend.accounts.default
    pair = ("AKIDsecond000000000000000000000000", "second-key-not-a-real-one")
    service.backend.accounts._known[pair[0]] = Credential(*pair, account=owner.account)
    return pair


def edit(service: LocalService, monkeypatch: pytest.MonkeyPatch, login: str, password: str) -> None:
    connection = {**service.connection(), "login": login, "password": password}
    monkeypatch.setenv("AIRFLOW_CONN_TENCENTCLOUD_DEFAULT", json.dumps(connection))


@pytest.mark.parametrize("count", [1, 40])
def test_a_connection_that_is_edited_because_its_key_is_refused(
    count: int, make: Make, service: LocalService, clients: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(renewed_hook, "RENEW_PAUSE_SECONDS", 0.0)
    tasks, old, (login, password) = make(count, 1.5), service.secret_id, other_key(service)

    async def run() -> list[Any]:
        waits = [asyncio.create_task(wait(task, seconds=10, interval=1.0)) for task in tasks]
        await until(lambda: service.calls(DETAIL) or service.calls(LIST))
        edit(service, monkeypatch, login, password)
        del service.backend.accounts._known[old]
        return await asyncio.gather(*waits)

    assert_finished(asyncio.run(run()))
    assert {call.secret_id for call in service.accepted(DETAIL)} >= {login}
    assert len([call for call in service.calls(LIST) if call.code]) <= 8
    assert all(client.http_client.is_closed for client in clients)


def test_a_connection_that_is_edited_without_need(
    make: Make, service: LocalService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(renewed_hook, "RENEW_SECONDS", 0.2)
    tasks, (login, password) = make(2, 3600), other_key(service)

    async def run() -> None:
        waits = [asyncio.create_task(wait(task)) for task in tasks]
        await until(lambda: service.calls(DETAIL))
        edit(service, monkeypatch, login, password)
        await until(lambda: any(call.secret_id == login for call in service.calls(DETAIL)))
        # And one that is taken away changes nothing.
        monkeypatch.delenv("AIRFLOW_CONN_TENCENTCLOUD_DEFAULT")
        await asyncio.sleep(1.5)
        for task in tasks:
            task.seconds = 0.0
        assert_finished(await asyncio.gather(*waits))

    asyncio.run(run())


@pytest.mark.parametrize("count", [1, 8])
def test_a_key_that_is_refused_for_good(
    count: int, make: Make, service: LocalService, connect: Callable[..., str]
) -> None:
    ends = wait_all(make(count), connect(login=service.secret_id, password="wrong"), seconds=10, interval=1.0)
    assert [type(end) for end in ends] == [Refused] * count
    assert {end.error.code for end in ends} == {"AuthFailure.SignatureFailure"}
    # That lists are refused is no reason to wait for others.
    assert len(service.calls(LIST)) <= 8


def test_what_nobody_expected_reaches_the_one_who_waits(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    tasks, original = make(2), MpsHook.alook

    async def alook(hook: MpsHook, task_id: str) -> Any:
        if task_id == tasks[0].task_id:
            raise RuntimeError("a surprise")
        return await original(hook, task_id)

    monkeypatch.setattr(MpsHook, "alook", alook)

    async def run() -> list[Any]:
        return await asyncio.gather(*map(wait, tasks), return_exceptions=True)

    surprised, other = asyncio.run(run())
    assert isinstance(surprised, RuntimeError)
    assert_finished([other])


def test_a_poller_that_breaks_lets_nobody_wait_for_ever(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    tasks = make(3, 3600)

    def broken(*arguments: Any) -> Any:
        raise RuntimeError("a surprise")

    async def run() -> list[Any]:
        waits = [asyncio.create_task(wait(task)) for task in tasks]
        await asyncio.sleep(0.3)
        monkeypatch.setattr(schedule, "choose_polling", broken)
        return await asyncio.gather(*waits, return_exceptions=True)

    assert [type(end) for end in asyncio.run(run())] == [RuntimeError] * 3


def test_no_such_connection() -> None:
    from airflow.providers.common.compat.sdk import AirflowNotFoundException

    with pytest.raises(AirflowNotFoundException, match="nowhere"):
        wait_all([UNKNOWN], "nowhere")


who: contextvars.ContextVar[str] = contextvars.ContextVar("who", default="nobody")


def test_what_is_seen_is_told_once_and_to_whom_it_concerns(make: Make, service: LocalService) -> None:
    tasks = make(2, 1.0)
    told: list[tuple[str, str, str]] = []

    async def run_as(name: str, task: Task) -> None:
        who.set(name)

        def tell(look: Any) -> None:
            told.append((name, who.get(), str(look)))

        assert_finished([await wait(task, interval=0.05, knows_since=False, on_look=tell)])

    async def run() -> None:
        await asyncio.gather(*(run_as(f"number {n}", task) for n, task in enumerate(tasks)))

    asyncio.run(run())
    assert {name for name, _, _ in told} == {"number 0", "number 1"}
    assert all(name == context for name, context, _ in told)
    for name in ("number 0", "number 1"):
        lines = [line for one, _, line in told if one == name]
        assert all(earlier != later for earlier, later in itertools.pairwise(lines))
        assert "FINISH" not in "".join(lines)


def test_nothing_new_is_not_told(make: Make, service: LocalService) -> None:
    service.add_fault(kind="http", action=DETAIL, status=503, body="down", times=8)
    told: list[Any] = []
    assert_finished(wait_all(make(1), interval=0.05, knows_since=False, on_look=told.append))
    assert len([look for look in told if isinstance(look, ServiceError)]) == 1


def test_the_poller_has_no_context_of_the_first_who_waits(
    make: Make, service: LocalService, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: set[str] = set()
    tasks, original_look, original_pages = make(8), MpsHook.alook, MpsHook.alist_pages

    def alook(hook: MpsHook, task_id: str) -> Any:
        seen.add(who.get())
        return original_look(hook, task_id)

    def alist_pages(hook: MpsHook, *arguments: Any) -> Any:
        seen.add(who.get())
        return original_pages(hook, *arguments)

    monkeypatch.setattr(MpsHook, "alook", alook)
    monkeypatch.setattr(MpsHook, "alist_pages", alist_pages)

    async def run_as_first() -> None:
        who.set("the first")
        assert_finished(await asyncio.gather(*map(wait, tasks)))

    asyncio.run(run_as_first())
    assert service.calls(LIST)
    assert seen == {"nobody"}


class Virtual(asyncio.SelectorEventLoop):
    """An event loop whose time passes only where all would sleep."""

    def __init__(self) -> None:
        self.now = 1_000_000.0
        super().__init__(VirtualSelector(self))

    def time(self) -> float:
        return self.now


class VirtualSelector(selectors.SelectSelector):
    def __init__(self, loop: Virtual) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> Any:
        assert timeout is not None, "all wait, and nobody would ever wake them"
        self._loop.now += max(0.0, timeout)
        return super().select(0)


@dataclass
class Work:
    """A task of the service that exists in arithmetic only."""

    task_id: str
    begin: float
    end: float
    hidden: bool = False


@dataclass
class World:
    """That service; it witnesses what is asked."""

    rate: float = 16.0
    latency: float = 0.05
    list_code: str = ""
    """What lists are answered with."""
    refused: set[str] = field(default_factory=set)
    """Accounts that it does not know any more."""
    work: dict[str, Work] = field(default_factory=dict)
    looks: list[tuple[float, str]] = field(default_factory=list)
    pages: list[tuple[float, str]] = field(default_factory=list)
    """When and by whom each page was asked for."""
    account: str = field(default_factory=lambda: f"account {next(numbers)}")
    list_latency: float = 0.0

    def __post_init__(self) -> None:
        self._paces = {action: Pace(self.rate) for action in (DETAIL, LIST)}

    def add(self, begin: float, end: float, *, hidden: bool = False) -> Work:
        work = Work(f"task {len(self.work)}", begin, end, hidden)
        self.work[work.task_id] = work
        return work

    async def turn(self, action: str) -> None:
        slot = self._paces[action].reserve(now())
        await asyncio.sleep(slot.at - now() + self.latency)

    def hook(self) -> Any:
        return WorldHook(self)

    def poller(self) -> Poller:
        return Poller(self.hook, now, now, random.Random(1).random)


class WorldHook:
    """What the poller needs of a hook."""

    can_list = True
    service = MPS

    def __init__(self, world: World) -> None:
        self._world = world
        self.account = world.account
        self.settings = SimpleNamespace(endpoint="e", region="r", account=world.account)
        self.identity = ("e", "r", world.account)

    async def aload_settings(self) -> Any:
        await asyncio.sleep(0.01)
        return self.settings

    async def aclose(self) -> None:
        pass

    @property
    def look_rate(self) -> float:
        return self._world.rate

    async def alook(self, task_id: str) -> TaskState | ServiceError:
        world = self._world
        await world.turn(DETAIL)
        world.looks.append((now(), task_id))
        if self.account in world.refused:
            return failure(DETAIL, "AuthFailure.SecretIdNotFound")
        work = world.work.get(task_id)
        if work is None:
            return failure(DETAIL, "InvalidParameterValue.TaskId")
        created = float(math.floor(work.begin))
        if now() < work.end:
            return TaskState(task_id, "PROCESSING", created=created)
        return TaskState(task_id, "FINISH", 100, result={"TaskId": task_id}, created=created)

    async def alist_pages(self, status: TaskStatus, since: float) -> AsyncIterator[list[ListedTask]]:
        world, rows = self._world, None
        for page in itertools.count():
            await world.turn(LIST)
            await asyncio.sleep(world.list_latency)
            world.pages.append((now(), self.account))
            if self.account in world.refused:
                raise failure(LIST, "AuthFailure.SecretIdNotFound")
            if world.list_code:
                raise failure(LIST, world.list_code)
            if rows is None:
                rows = [
                    ListedTask(work.task_id, "", float(math.floor(work.begin)))
                    for work in reversed(world.work.values())
                    if math.floor(since) <= work.begin <= now()
                    and not work.hidden
                    and (now() >= work.end) == (status is TaskStatus.FINISH)
                ]
            yield rows[page * PAGE_SIZE : (page + 1) * PAGE_SIZE]
            if len(rows) <= (page + 1) * PAGE_SIZE:
                return


numbers = itertools.count()


def now() -> float:
    return asyncio.get_running_loop().time()


def failure(action: str, code: str) -> ServiceError:
    return ServiceError("MPS", action, "", code, "words", "", outcome_of(code))


def in_virtual_time(main: Callable[[], Awaitable[T]]) -> T:
    async def run() -> T:
        return await main()

    with asyncio.Runner(loop_factory=Virtual) as runner:
        return runner.run(run())


async def waited(
    shared: Poller, work: Work | str, *, limit: float = 1e5, interval: float = 10.0, **options: Any
) -> tuple[Any, float]:
    """Wait from the acceptance of a task on; return how it ended, and how long after its end that was known."""
    if isinstance(work, Work):
        await asyncio.sleep(max(0.0, work.begin - now()))
        options.setdefault("since", work.begin)
    task_id = work if isinstance(work, str) else work.task_id
    end = await shared.wait(task_id, deadline=Deadline(now() + limit), interval=interval, **options)
    return end, now() - (work.end if isinstance(work, Work) else 0.0)


@pytest.mark.parametrize("order", ["as they came", "any"])
def test_a_thousand_tasks_need_few_requests(order: str) -> None:
    world, chance = World(), random.Random(3)

    async def main() -> list[tuple[Any, float]]:
        shared, start = world.poller(), now()
        for number in range(1000):
            begin = start + number / 16
            took = 20 + number * (1 / 10 - 1 / 16) if order == "as they came" else chance.uniform(5, 60)
            world.add(begin, begin + took)
        ends = await asyncio.gather(*(waited(shared, work) for work in world.work.values()))
        await shared.aclose()
        return ends

    ends = in_virtual_time(main)
    assert all(isinstance(end, Finished) for end, _ in ends)
    assert len(world.looks) + len(world.pages) <= 1.3 * 1000
    assert max(late for _, late in ends) <= 12
    assert sum(late for _, late in ends) / 1000 <= 4


def test_stragglers_do_not_make_lists_long() -> None:
    world = World(rate=100)

    async def main() -> None:
        shared, start = world.poller(), now()
        for number in range(2000):
            begin = start + number / 5
            world.add(begin, start + 430 if number in (0, 10, 20, 30, 40) else begin + 20)
        await asyncio.gather(*(waited(shared, work) for work in world.work.values()))
        await shared.aclose()

    in_virtual_time(main)
    # A list each 2.5 s is 170 pages. From the stragglers on it would be twenty pages each, in the end.
    assert len(world.pages) <= 2.5 * 170
    assert len(world.looks) <= 2000 + 5 * 43 * 1.5


@pytest.mark.parametrize("interval", [1.0, 10.0, 600.0])
def test_a_short_task_is_noticed_soon_whatever_the_interval(interval: float) -> None:
    world = World()

    async def main() -> float:
        shared = world.poller()
        _, late = await waited(shared, world.add(now(), now() + 3), interval=interval)
        await shared.aclose()
        return late

    assert in_virtual_time(main) < 4.5


@pytest.mark.parametrize("ahead", [20.0, 3600.0])
@pytest.mark.parametrize("count", [1, 20])
def test_clocks_that_disagree(ahead: float, count: int) -> None:
    world = World()

    async def main() -> list[tuple[Any, float]]:
        shared = world.poller()
        works = [world.add(now(), now() + 3) for _ in range(count)]
        ends = await asyncio.gather(*(waited(shared, work, since=work.begin + ahead) for work in works))
        await shared.aclose()
        return ends

    # Where they are listed, lists show them only after a while.
    patience = 12 if count == 1 else UNSEEN_SECONDS + 20
    assert all(isinstance(end, Finished) and late < patience for end, late in in_virtual_time(main))


@pytest.mark.parametrize("code", ["InternalError", "UnauthorizedOperation"])
def test_a_thousand_that_cannot_be_listed(code: str) -> None:
    world = World(list_code=code)

    async def main() -> list[tuple[Any, float]]:
        shared, start = world.poller(), now()
        works = [world.add(start, start + 100) for _ in range(1000)]
        ends = await asyncio.gather(*(waited(shared, work) for work in works))
        await shared.aclose()
        return ends

    ends = in_virtual_time(main)
    # At sixteen per second a round takes a minute.
    assert all(isinstance(end, Finished) and late < 2 * UNSEEN_SECONDS + 2 * 1000 / 16 for end, late in ends)
    assert len(world.pages) == 1 if code == "UnauthorizedOperation" else len(world.pages) > 1


# fails: what was last seen exactly UNSEEN_SECONDS ago is looked at (``>=``), yet not asked for in the list (``>``).
def test_one_that_no_list_shows_is_looked_at_on_its_own_after_a_while() -> None:
    world = World()

    async def main() -> list[tuple[Any, float]]:
        shared, start = world.poller(), now()
        works = [world.add(start, start + 200, hidden=number == 7) for number in range(20)]
        ends = await asyncio.gather(*(waited(shared, work) for work in works))
        await shared.aclose()
        return ends

    ends = in_virtual_time(main)
    assert all(isinstance(end, Finished) for end, _ in ends)
    assert UNSEEN_SECONDS + 20 > ends[7][1] >= max(late for _, late in ends)
    # The others, which lists show as running, need no look of their own meanwhile.
    assert Counter(task_id for _, task_id in world.looks)["task 0"] <= 2


def test_new_ones_do_not_keep_old_ones_waiting() -> None:
    """Twice as many come as the pace allows looks, and they cannot be listed: each has its turn."""
    world = World(rate=10, list_code="UnauthorizedOperation")

    async def main() -> None:
        shared, start = world.poller(), now()
        works = [world.add(start, start + 1e6) for _ in range(10)]
        works += [world.add(start + 5 + number / 20, start + 1e6) for number in range(300)]
        waits = [asyncio.create_task(waited(shared, work, interval=1.0)) for work in works]
        await asyncio.sleep(120)
        for one in waits:
            one.cancel()
        await asyncio.gather(*waits, return_exceptions=True)
        await shared.aclose()

    in_virtual_time(main)
    looks: dict[str, list[float]] = {task_id: [] for task_id in world.work}
    for moment, task_id in world.looks:
        looks[task_id].append(moment)
    old, new = ([looks[f"task {number}"] for number in numbers] for numbers in (range(10), range(10, 310)))
    came = world.work["task 10"].begin
    again = [min(moment for moment in moments if moment > came) for moments in old]
    # Each old one is looked at again before all of the new have had their first look, and any has had its second.
    assert max(again) < min(moments[0] for moments in new[100:])
    assert max(again) < min(moments[1] for moments in new if len(moments) > 1)
    # And on it goes, round by round.
    longest = max(later - earlier for moments in (*old, *new) for earlier, later in itertools.pairwise(moments))
    assert longest <= 2 * 310 / 10


def test_a_list_that_was_under_way_when_the_key_changed() -> None:
    world = World(list_latency=2.0)
    old = world.account

    async def main() -> None:
        shared, start = world.poller(), now()
        works = [world.add(start, start + 60) for _ in range(20)]
        asyncio.get_running_loop().call_later(30.0, change)
        loner = asyncio.create_task(waited(shared, world.add(start, start + 60), since=None, interval=0.5))
        ends = await asyncio.gather(*(waited(shared, work) for work in works))
        assert all(isinstance(end, Finished) for end, _ in [*ends, await loner])
        await shared.aclose()

    def change() -> None:
        world.account = "account with a new key"
        world.refused.add(old)

    in_virtual_time(main)
    assert [moment for moment, account in world.pages if account != old]


@pytest.mark.parametrize("somebody_waits", [True, False])
def test_a_poller_that_broke_lets_nobody_wait_who_comes_later(
    somebody_waits: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World()

    def broken(*arguments: Any) -> Any:
        raise RuntimeError("a surprise")

    async def main() -> None:
        shared = world.poller()
        work = world.add(now(), now() + 100)
        first = asyncio.create_task(waited(shared, work))
        await asyncio.sleep(5)
        if not somebody_waits:
            first.cancel()
            await asyncio.sleep(5)
        monkeypatch.setattr(schedule, "choose_polling", broken)
        await asyncio.sleep(5)
        (end,) = await asyncio.gather(first, return_exceptions=True)
        assert isinstance(end, RuntimeError if somebody_waits else asyncio.CancelledError)
        with pytest.raises(RuntimeError, match="a surprise"):
            await waited(shared, work)
        await shared.aclose()

    in_virtual_time(main)


def test_nobody_joins_a_poller_that_broke(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    (task,), original = make(1), schedule.choose_polling

    def broken(*arguments: Any) -> Any:
        raise RuntimeError("a surprise")

    async def run() -> Any:
        async with shared_poller(PollTarget(MpsHook, ("tencentcloud_default",))):
            monkeypatch.setattr(schedule, "choose_polling", broken)
            with pytest.raises(RuntimeError, match="a surprise"):
                await wait(task)
            monkeypatch.setattr(schedule, "choose_polling", original)
            return await wait(task)

    assert_finished([asyncio.run(run())])


def test_what_is_listed_only_after_its_deadline() -> None:
    world = World()

    async def main() -> None:
        shared, start = world.poller(), now()
        works = [world.add(start, start + 1000) for _ in range(50)]
        ends = await asyncio.gather(*(waited(shared, work, limit=100.0 + n) for n, work in enumerate(works)))
        assert [end for end, _ in ends] == [TooLate("PROCESSING")] * 50
        assert now() < start + 160
        await shared.aclose()

    in_virtual_time(main)
    assert Counter(task_id for _, task_id in world.looks).most_common(1)[0][1] <= 3


@dataclass(frozen=True)
class WaitCase:
    """One who waits, for a task of any kind."""

    begins: float
    takes: float
    joins: float
    patience: float
    interval: float
    knows_since: bool
    ahead: float
    hidden: bool


waiters = st.lists(
    st.builds(
        WaitCase,
        begins=st.floats(0, 100),
        takes=st.floats(0, 200),
        joins=st.sampled_from([0.0, 0.0, 0.0, 30.0]),
        patience=st.sampled_from([1e4, 1e4, 1e4, 50.0, 0.0]),
        interval=st.sampled_from([5.0, 10.0]),
        knows_since=st.sampled_from([True, True, True, False]),
        ahead=st.sampled_from([0.0, 0.0, 0.0, -20.0, 4.0]),
        hidden=st.sampled_from([False] * 6 + [True]),
    ),
    min_size=1,
    max_size=40,
)


@settings(max_examples=examples(50))
@given(waiters, st.sampled_from(["", "", "InternalError", "UnauthorizedOperation"]), st.sampled_from([2.0, 16.0]))
def test_whatever_comes_all_ends_and_ends_right(waiters: list[WaitCase], list_code: str, rate: float) -> None:
    world = World(rate=rate, list_code=list_code)

    async def one(shared: Poller, start: float, waiter: WaitCase, work: Work) -> None:
        await asyncio.sleep(max(0.0, work.begin + waiter.joins - now()))
        joined, deadline = now(), Deadline(now() + waiter.patience)
        since = work.begin + waiter.ahead if waiter.knows_since else None
        end = await shared.wait(work.task_id, deadline=deadline, interval=waiter.interval, since=since)
        # A round at this pace, and a look that is late by its interval.
        late = 2 * len(waiters) / rate + 1.2 * waiter.interval + 8
        if isinstance(end, Finished):
            assert end.state.task_id == work.task_id
            assert now() >= work.end
            unseen = UNSEEN_SECONDS + 10 if work.hidden or list_code or waiter.ahead > 0 else 0.0
            assert now() <= min(max(work.end, joined) + late + unseen, max(deadline.at, work.end) + late)
        else:
            assert isinstance(end, TooLate)
            assert deadline.at <= now() <= deadline.at + late
            assert work.end > deadline.at or now() < work.end + late

    async def main() -> None:
        shared, start = world.poller(), now()
        works = [world.add(start + w.begins, start + w.begins + w.takes, hidden=w.hidden) for w in waiters]
        # The service lists by age.
        world.work = {work.task_id: work for work in sorted(works, key=lambda work: work.begin)}
        await asyncio.gather(*(one(shared, start, *pair) for pair in zip(waiters, works, strict=True)))
        assert not shared.waiting
        await shared.aclose()

    in_virtual_time(main)
