"""One pace for all that send for an account, as the service sees it."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from airflow_provider_mps.clients import pacing
from airflow_provider_mps.clients.pacing import Pacer, pacer_of
from airflow_provider_mps.core.pace import LATE_SECONDS, PAUSE_SECONDS
from airflow_provider_mps.hooks.mps import MpsHook
from airflow_provider_mps.local.service import LocalService

SUBMIT, DETAIL = "ProcessImage", "DescribeImageTaskDetail"
NOBODY = "2600000000-WorkflowTask-00000000000000000000000000000000"

Named = Callable[..., str]


@pytest.fixture
def limited() -> Iterator[LocalService]:
    """A service with the limit of the real one."""
    with LocalService(task_seconds=0.2, rate_limit=20, small_pictures=True) as running:
        yield running


@pytest.fixture
def named(monkeypatch: pytest.MonkeyPatch) -> Named:
    """Make a connection under a name."""

    def make(name: str, service: LocalService, login: str = "", **extra: Any) -> str:
        connection = service.connection()
        connection["login"] = login or connection["login"]
        connection["extra"] = {**connection["extra"], **extra}
        monkeypatch.setenv(f"AIRFLOW_CONN_{name.upper()}", json.dumps(connection))
        return name

    return make


def test_who_shares_a_pace(service: LocalService, named: Named) -> None:
    first = MpsHook(named("first", service))
    second = MpsHook(named("second", service))
    other = MpsHook(named("other", service, login="AKIDother"))
    role = MpsHook(named("role", service, role_arn="qcs::cam::uin/1:roleName/x"))
    role_by_other_key = MpsHook(named("role2", service, login="AKIDother", role_arn="qcs::cam::uin/1:roleName/x"))
    assert first.pacer(DETAIL) is second.pacer(DETAIL)
    assert role.pacer(DETAIL) is role_by_other_key.pacer(DETAIL)
    different = [
        first.pacer(DETAIL),
        first.pacer(SUBMIT),
        MpsHook("first", region="ap-shanghai").pacer(DETAIL),
        MpsHook(named("elsewhere", service, endpoint="127.0.0.1:1")).pacer(DETAIL),
        other.pacer(DETAIL),
        role.pacer(DETAIL),
    ]
    assert len(set(different)) == len(different)


def test_the_rate_is_that_of_the_connection(service: LocalService, named: Named) -> None:
    pacer = MpsHook(named("first", service, requests_per_second=7)).pacer(SUBMIT)
    assert pacer.rate == 7
    assert MpsHook(named("first", service, requests_per_second=9)).pacer(SUBMIT) is pacer
    assert pacer.rate == 9


def test_threads_that_ask_at_once_get_one_pacer() -> None:
    barrier = threading.Barrier(8)

    def ask(_: int) -> Pacer:
        barrier.wait()
        return pacer_of(5, "nowhere", str(id(barrier)))

    with ThreadPoolExecutor(8) as threads:
        assert len(set(threads.map(ask, range(8)))) == 1


@pytest.mark.parametrize("way", ["sync", "async", "both"])
def test_waiting_keeps_the_pace(way: str) -> None:
    pacer, rate, each = Pacer(200), 200, 10
    sent: list[float] = []

    def block() -> None:
        for _ in range(each):
            pacer.wait()
            sent.append(time.monotonic())

    async def await_turns() -> None:
        for _ in range(each):
            await pacer.await_turn()
            sent.append(time.monotonic())

    async def run() -> None:
        works = [asyncio.to_thread(block) for _ in range(4)] if way != "async" else []
        works += [await_turns() for _ in range(4)] if way != "sync" else []
        await asyncio.gather(*works)

    asyncio.run(run())
    # At the pace of 200 it takes as long as the slots last, less what may be caught up.
    assert max(sent) - min(sent) >= (len(sent) - 1) / rate - 0.2


def test_a_refusal_reaches_those_that_wait_already() -> None:
    pacer = Pacer(2)
    refused_at = 0.0

    async def run() -> list[float]:
        nonlocal refused_at
        await pacer.await_turn()
        waits = [asyncio.create_task(pacer.await_turn()) for _ in range(2)]
        in_thread = asyncio.create_task(asyncio.to_thread(pacer.wait))
        await asyncio.sleep(0.05)
        refused_at = time.monotonic()
        pacer.limit_to(50)
        pacer.refused()
        ends = []
        for done in asyncio.as_completed([*waits, in_thread]):
            await done
            ends.append(time.monotonic())
        return ends

    assert min(asyncio.run(run())) >= refused_at + PAUSE_SECONDS - 0.05


FAULTS = [
    {"kind": "error", "code": "RequestLimitExceeded.UinLimitExceeded"},
    {"kind": "http", "status": 429},
]


@pytest.mark.parametrize("fault", FAULTS)
def test_a_refusal_that_one_meets_slows_the_other(
    fault: dict[str, Any], caller: Any, service: LocalService, named: Named
) -> None:
    first = MpsHook(named("first", service, requests_per_second=1000))
    second = MpsHook(named("second", service, requests_per_second=1000))
    service.add_fault(action=DETAIL, times=1, **fault)
    caller.look(first, NOBODY)
    assert second.pacer(DETAIL).rate < 1000
    assert second.pacer(SUBMIT).rate == 1000
    caller.look(second, NOBODY)
    refused, after = service.calls(DETAIL)
    assert after.time - refused.time >= PAUSE_SECONDS - 0.05


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "error", "code": "InternalError"},
        {"kind": "error", "code": "LimitExceeded"},
        {"kind": "http", "status": 503},
        {"kind": "reset"},
    ],
)
def test_other_errors_slow_nobody(fault: dict[str, Any], caller: Any, service: LocalService, conn_id: str) -> None:
    hook = MpsHook(conn_id)
    service.add_fault(action=DETAIL, **fault)
    caller.look(hook, NOBODY)
    assert hook.pacer(DETAIL).rate == hook.settings.requests_per_second


def test_eight_threads_stay_below_the_limit_of_the_service(limited: LocalService, named: Named) -> None:
    names = [named(f"c{number}", limited) for number in range(8)]

    def look(name: str) -> None:
        hook = MpsHook(name)
        for _ in range(6):
            hook.look(NOBODY)

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(look, names))
    calls = limited.calls(DETAIL)
    assert len(calls) == 48
    assert not [call for call in calls if call.code == "RequestLimitExceeded"]
    assert calls[-1].time - calls[0].time >= 47 / 16 - 0.2


def test_too_fast_for_the_service_all_the_same(limited: LocalService, named: Named, payload: dict[str, Any]) -> None:
    """As when others use the account: what was refused is sent again, slower, and all of it gets through."""
    hook = MpsHook(named("fast", limited, requests_per_second=60))
    task_id = hook.process_image(payload)
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(hook.describe_image_task_detail, [task_id] * 40))
    calls = limited.calls(DETAIL)
    assert sum(not call.code for call in calls) == 40
    assert any(call.code == "RequestLimitExceeded" for call in calls)
    assert hook.pacer(DETAIL).rate < 60


def test_a_busy_event_loop_does_not_keep_a_request_back_for_ever() -> None:
    """Each turn of the loop takes longer than a slot lasts."""

    async def run() -> bool:
        turn = asyncio.create_task(Pacer(1000).await_turn())
        for _ in range(12):
            time.sleep(LATE_SECONDS * 1.2)  # noqa: ASYNC251
            await asyncio.sleep(0)
        return turn.done() or not turn.cancel()

    assert asyncio.run(run())


def test_pacers_are_kept(service: LocalService, conn_id: str) -> None:
    """A pace outlives the hooks that use it, or a new hook would know nothing of a refusal."""
    pacer = MpsHook(conn_id).pacer(DETAIL)
    assert pacer in pacing._pacers.values()
    assert MpsHook(conn_id).pacer(DETAIL) is pacer
