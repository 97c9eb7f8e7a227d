"""The limit a day over the real wire; on the sync and on the async path where both have a part in it."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import get_context
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowException, AirflowFailException

from airflow_provider_mps.core import calls
from airflow_provider_mps.core.errors import ServiceError
from airflow_provider_mps.exceptions import TencentCloudError, TencentCloudPermanentError
from airflow_provider_mps.hooks import budget as hooks_budget
from airflow_provider_mps.hooks.mps import MpsHook
from airflow_provider_mps.local.service import LocalService
from airflow_provider_mps.services.tencentcloud import budget
from airflow_provider_mps.services.tencentcloud.codes import BUDGET_UNAVAILABLE, PICTURES_PER_DAY_REACHED
from tests.hooks import limit_child

SUBMIT, DETAIL, PUT, LIST, GET = "ProcessImage", "DescribeImageTaskDetail", "PutObject", "GetBucket", "GetObject"
Connect = Callable[..., str]

FORKS = get_context("forkserver")
FORKS.set_forkserver_preload(["tests.hooks.limit_child"])


def accepted(service: LocalService) -> int:
    return len(service.accepted(SUBMIT))


def objects(service: LocalService) -> dict[str, Any]:
    """The objects of the budget, without folder and day."""
    listing = service.backend.store.list(service.bucket, prefix="airflow-mps/budget/", limit=1000)
    return {
        "/".join(item.key.split("/")[4:]): json.loads(service.get_object(service.bucket, item.key))
        for item in listing.objects
    }


def another_process() -> None:
    """Forget what this one holds, as if it had been killed."""
    hooks_budget._processes.clear()


def reached(caller: Any, hook: MpsHook, payload: dict[str, Any]) -> ServiceError:
    with pytest.raises(TencentCloudError) as raised:
        caller.submit(hook, payload)
    assert raised.value.code == PICTURES_PER_DAY_REACHED
    return raised.value


def test_no_more_is_submitted_than_the_limit_allows(
    caller: Any, service: LocalService, connect: Connect, payload: dict[str, Any]
) -> None:
    hook = MpsHook(connect(pictures_per_day=3))
    for _ in range(3):
        caller.submit(hook, payload)
    error = reached(caller, hook, payload)
    assert len(service.calls(SUBMIT)) == accepted(service) == 3
    assert not isinstance(error, AirflowFailException)
    said = str(error)
    assert "PicturesPerDayReached: limit of 3 pictures a day, 3 spent; opens again at 20" in said
    assert "Raise pictures_per_day of the connection" in said
    blocks = [content for name, content in objects(service).items() if name.startswith("blocks/")]
    assert sorted(content["start"] for content in blocks) == [0, 1, 2]
    assert {content["pid"] for content in blocks} == {os.getpid()}


def test_without_a_limit_nothing_is_asked(
    caller: Any, service: LocalService, conn_id: str, payload: dict[str, Any]
) -> None:
    caller.submit(MpsHook(conn_id), payload)
    assert [record.action for record in service.journal] == [SUBMIT]


def test_another_process_goes_on_where_this_one_ended(
    caller: Any, service: LocalService, connect: Connect, payload: dict[str, Any]
) -> None:
    conn = connect(pictures_per_day=4)
    for _ in range(2):
        for _ in range(2):
            caller.submit(MpsHook(conn), payload)
        another_process()
    reached(caller, MpsHook(conn), payload)
    assert accepted(service) == 4


@pytest.mark.parametrize("code", ["InvalidParameterValue", "UnauthorizedOperation"])
def test_what_was_refused_costs_nothing(
    caller: Any, service: LocalService, connect: Connect, payload: dict[str, Any], code: str
) -> None:
    hook = MpsHook(connect(pictures_per_day=2))
    service.add_fault(kind="error", action=SUBMIT, code=code, times=3)
    for _ in range(3):
        with pytest.raises(TencentCloudPermanentError):
            caller.submit(hook, payload)
    for _ in range(2):
        caller.submit(hook, payload)
    reached(caller, hook, payload)
    assert accepted(service) == 2


def test_one_call_uses_one_grant_however_often_it_is_sent(
    caller: Any, service: LocalService, connect: Connect, payload: dict[str, Any]
) -> None:
    hook = MpsHook(connect(pictures_per_day=2))
    service.add_fault(kind="error", action=SUBMIT, code="ResourceUnavailable", times=4)
    caller.submit(hook, payload)
    service.add_fault(kind="error", action=SUBMIT, code="ResourceUnavailable")
    with pytest.raises(TencentCloudError):
        caller.submit(hook, payload)
    service.clear_faults()
    caller.submit(hook, payload)
    reached(caller, hook, payload)
    assert accepted(service) == 2


@pytest.mark.parametrize("kind", ["lost_answer", "reset"])
def test_a_lost_answer_keeps_the_grant_spent(
    caller: Any, service: LocalService, connect: Connect, payload: dict[str, Any], kind: str
) -> None:
    hook = MpsHook(connect(pictures_per_day=1))
    service.add_fault(kind=kind, action=SUBMIT, times=1)
    with pytest.raises(TencentCloudError):
        caller.submit(hook, payload)
    reached(caller, hook, payload)
    assert accepted(service) == (1 if kind == "lost_answer" else 0)


def test_what_is_given_back_is_there_for_other_processes(
    caller: Any, service: LocalService, connect: Connect, payload: dict[str, Any]
) -> None:
    conn = connect(pictures_per_day=2)
    service.add_fault(kind="error", action=SUBMIT, code="InvalidParameterValue", times=1)
    hook = MpsHook(conn)
    with pytest.raises(TencentCloudPermanentError):
        caller.submit(hook, payload)
    hook.give_back()
    another_process()
    for _ in range(2):
        caller.submit(MpsHook(conn), payload)
    reached(caller, MpsHook(conn), payload)
    assert accepted(service) == 2
    assert [name for name in objects(service) if "/" in name and not name.startswith("blocks/")] == [
        "returned/00000000-1-1.json",
        "taken/00000000-1-1.json",
    ]


def test_who_gives_back_nothing_asks_nothing(service: LocalService, connect: Connect, payload: dict[str, Any]) -> None:
    hook = MpsHook(connect(pictures_per_day=2))
    hook.submit_task(payload)
    before = len(service.journal)
    hook.give_back()
    asyncio.run(hook.aclose())
    assert len(service.journal) == before


def test_what_cannot_be_given_back_is_no_error(
    service: LocalService, connect: Connect, payload: dict[str, Any], lines: Callable[[], str]
) -> None:
    hook = MpsHook(connect(pictures_per_day=1000))
    for _ in range(4):
        hook.submit_task(payload)
    service.add_fault(kind="error", action=PUT, code="AccessDenied", status=403)
    hook.give_back()
    assert "3 of pictures_per_day could not be given back and are lost" in lines()


@pytest.mark.parametrize("action", [PUT, LIST])
def test_without_the_store_nothing_is_sent(
    caller: Any, service: LocalService, connect: Connect, payload: dict[str, Any], action: str
) -> None:
    hook = MpsHook(connect(pictures_per_day=5))
    service.add_fault(kind="error", action=action, code="ServiceUnavailable")
    with pytest.raises(TencentCloudError) as raised:
        caller.submit(hook, payload)
    assert raised.value.code == BUDGET_UNAVAILABLE
    assert f"COS {action}" in str(raised.value)
    assert "The request was not executed; the task may be retried safely." in str(raised.value)
    assert not service.calls(SUBMIT)
    # CosHook asks again by itself, and that is enough.
    assert len(service.calls(action)) == calls.ATTEMPTS
    service.clear_faults()
    caller.submit(hook, payload)


def test_a_store_that_refuses_is_no_matter_of_retries(
    caller: Any, service: LocalService, connect: Connect, payload: dict[str, Any]
) -> None:
    service.add_fault(kind="error", action=PUT, code="AccessDenied", status=403)
    with pytest.raises(TencentCloudPermanentError) as raised:
        caller.submit(MpsHook(connect(pictures_per_day=5)), payload)
    assert raised.value.code == BUDGET_UNAVAILABLE
    assert "AccessDenied" in str(raised.value)
    assert not service.calls(SUBMIT)


def test_a_bucket_with_versions_is_refused(
    caller: Any, service: LocalService, connect: Connect, payload: dict[str, Any]
) -> None:
    service.keep_versions(service.bucket)
    with pytest.raises(TencentCloudPermanentError, match="BucketHasVersions") as raised:
        caller.submit(MpsHook(connect(pictures_per_day=5)), payload)
    assert raised.value.code == BUDGET_UNAVAILABLE
    assert not service.calls(SUBMIT)


def test_a_budget_that_cannot_be_read_is_refused(
    caller: Any, service: LocalService, connect: Connect, payload: dict[str, Any]
) -> None:
    conn = connect(pictures_per_day=5)
    caller.submit(MpsHook(conn), payload)
    (key,) = [
        item.key for item in service.backend.store.list(service.bucket, prefix="airflow-mps/budget/", limit=9).objects
    ]
    service.put_object(service.bucket, f"/{key}", b'{"version": 2}')
    another_process()
    with pytest.raises(TencentCloudPermanentError, match=r"blocks/99999999\.json") as raised:
        caller.submit(MpsHook(conn), payload)
    assert raised.value.code == BUDGET_UNAVAILABLE
    assert accepted(service) == 1


def test_a_lost_answer_of_the_store_wastes_nothing(
    caller: Any, service: LocalService, connect: Connect, payload: dict[str, Any]
) -> None:
    hook = MpsHook(connect(pictures_per_day=2))
    service.add_fault(kind="lost_answer", action=PUT, times=1)
    for _ in range(2):
        caller.submit(hook, payload)
    reached(caller, hook, payload)
    assert accepted(service) == 2


def test_accounts_have_limits_of_their_own(payload: dict[str, Any], connect: Connect) -> None:
    accounts = [("first", "key1"), ("second", "key2")]
    with LocalService(rate_limit=0, small_pictures=True, accounts=accounts) as service:
        for login, key in accounts:
            conn = connect(login, key, service=service, pictures_per_day=1)
            MpsHook(conn).submit_task(payload)
            with pytest.raises(TencentCloudError, match=PICTURES_PER_DAY_REACHED):
                MpsHook(conn).submit_task(payload)


def test_each_connection_keeps_to_its_own_limit(
    service: LocalService, connect: Connect, payload: dict[str, Any]
) -> None:
    for limit, more in ((2, 2), (5, 3), (2, 0)):
        hook = MpsHook(connect(pictures_per_day=limit))
        for _ in range(more):
            hook.submit_task(payload)
        with pytest.raises(TencentCloudError, match=f"limit of {limit} pictures a day"):
            hook.submit_task(payload)
    assert accepted(service) == 5


def test_the_next_day_has_a_limit_of_its_own(
    caller: Any, service: LocalService, connect: Connect, payload: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    hook, day = MpsHook(connect(pictures_per_day=2)), budget.day_of
    caller.submit(hook, payload)
    service.add_fault(kind="error", action=SUBMIT, code="InvalidParameterValue", times=1)
    with pytest.raises(TencentCloudPermanentError):
        caller.submit(hook, payload)
    # There is a grant of the old day at hand, which is of no use any more.
    monkeypatch.setattr(budget, "day_of", lambda moment: day(moment + 86_400))
    for _ in range(2):
        caller.submit(hook, payload)
    reached(caller, hook, payload)
    assert accepted(service) == 3


def test_near_midnight_the_service_is_asked_what_day_it_is(
    caller: Any, service: LocalService, connect: Connect, payload: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(budget, "is_near_midnight", lambda now: True)
    hook = MpsHook(connect(pictures_per_day=5))
    for _ in range(2):
        caller.submit(hook, payload)
    asked = [record.action for record in service.journal if record.action in (SUBMIT, DETAIL)]
    assert asked == [DETAIL, SUBMIT, SUBMIT]


def test_a_guard_that_says_no_costs_nothing(service: LocalService, connect: Connect, payload: dict[str, Any]) -> None:
    async def no() -> None:
        raise AirflowException("not now")

    async def main() -> None:
        async with MpsHook(connect(pictures_per_day=1)) as hook:
            with pytest.raises(AirflowException, match="not now"):
                await hook.asubmit_task(payload, guard=no)
            await hook.asubmit_task(payload)

    asyncio.run(main())
    assert accepted(service) == 1


def test_who_is_cancelled_before_the_request_left_costs_nothing(
    service: LocalService, connect: Connect, payload: dict[str, Any]
) -> None:
    async def main() -> None:
        waits = asyncio.Event()

        async def guard() -> None:
            waits.set()
            await asyncio.sleep(60)

        async with MpsHook(connect(pictures_per_day=1)) as hook:
            call = asyncio.create_task(hook.asubmit_task(payload, guard=guard))
            await waits.wait()
            call.cancel()
            await asyncio.gather(call, return_exceptions=True)
            await hook.asubmit_task(payload)

    asyncio.run(main())
    assert accepted(service) == 1


def test_many_at_once_in_an_event_loop(service: LocalService, connect: Connect, payload: dict[str, Any]) -> None:
    async def main() -> list[Any]:
        async with MpsHook(connect(pictures_per_day=25, requests_per_second=1000)) as hook:
            return await asyncio.gather(*(hook.asubmit_task(payload) for _ in range(40)), return_exceptions=True)

    ends = asyncio.run(main())
    failed = [end for end in ends if isinstance(end, ServiceError)]
    assert {error.code for error in failed} == {PICTURES_PER_DAY_REACHED}
    assert (accepted(service), len(failed)) == (25, 15)
    # One request for each grant, one look at the beginning and one at the end; who comes later knows.
    assert len(service.calls(PUT)) == 25
    assert len(service.calls(LIST)) <= 4


def test_an_event_loop_gives_back_what_it_does_not_use(
    service: LocalService, connect: Connect, payload: dict[str, Any]
) -> None:
    async def main() -> None:
        async with MpsHook(connect(pictures_per_day=1000)) as hook:
            for _ in range(4):
                await hook.asubmit_task(payload)

    asyncio.run(main())
    # Blocks of 1, 2 and 4: three of the last were not used.
    assert [name for name in objects(service) if name.startswith("returned/")] == ["returned/00000004-3-1.json"]


def test_many_threads(service: LocalService, connect: Connect, payload: dict[str, Any]) -> None:
    conn = connect(pictures_per_day=30, requests_per_second=1000)

    def submit(_: int) -> str:
        try:
            return "accepted" if MpsHook(conn).submit_task(payload).task_id else ""
        except ServiceError as error:
            return error.code

    with ThreadPoolExecutor(8) as pool:
        ends = Counter(pool.map(submit, range(60)))
    assert ends == {"accepted": 30, PICTURES_PER_DAY_REACHED: 30}
    assert accepted(service) == 30


@pytest.fixture
def limited(service: LocalService) -> Callable[[int], dict[str, Any]]:
    def make(limit: int) -> dict[str, Any]:
        connection = service.connection()
        connection["extra"] |= {"pictures_per_day": limit, "requests_per_second": 1000}
        return connection

    return make


@pytest.fixture
def processes() -> Iterator[list[Any]]:
    started: list[Any] = []
    yield started
    for process in started:
        process.kill()
        process.join()


def test_of_four_processes_two_are_killed(
    service: LocalService, payload: dict[str, Any], limited: Callable[[int], dict[str, Any]], processes: list[Any]
) -> None:
    for _ in range(4):
        process = FORKS.Process(target=limit_child.submit_all, args=(limited(100), payload, 250))
        process.start()
        processes.append(process)
    for number, process in zip((20, 50), processes[:2], strict=True):
        while accepted(service) < number:
            assert any(one.is_alive() for one in processes)
            time.sleep(0.001)
        os.kill(process.pid, signal.SIGKILL)
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [-signal.SIGKILL, -signal.SIGKILL, 0, 0]
    assert 95 <= accepted(service) <= 100


def test_a_fork_does_not_use_what_its_parent_holds(
    service: LocalService, payload: dict[str, Any], limited: Callable[[int], dict[str, Any]], processes: list[Any]
) -> None:
    process = FORKS.Process(target=limit_child.fork_in_the_middle, args=(limited(40), payload))
    processes.append(process)
    process.start()
    process.join()
    assert process.exitcode == 0
    assert accepted(service) == 40


def test_who_waits_for_a_turn_holds_no_grant(service: LocalService, connect: Connect, payload: dict[str, Any]) -> None:
    """A store that is slower than the pace must not make all who are late reserve for a turn that is far away."""
    service.add_fault(kind="delay", action=PUT, seconds=0.1)

    async def main() -> None:
        async with MpsHook(connect(pictures_per_day=100, requests_per_second=4)) as hook:
            waiting = [asyncio.create_task(hook.asubmit_task(payload)) for _ in range(32)]
            while accepted(service) < 4:
                await asyncio.sleep(0.01)
                # In flight, at hand, and under way at the store; not one for each who waits.
                assert len(service.calls(PUT)) <= accepted(service) + 8
            for task in waiting:
                task.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)

    asyncio.run(main())
