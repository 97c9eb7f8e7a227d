"""Keys that are renewed in the connection while a hook is at work."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_provider_mps.clients.renewal import GRACE_SECONDS, PAUSE_SECONDS, SENDS, KeyRenewal
from airflow_provider_mps.core.errors import ServiceError
from airflow_provider_mps.core.outcomes import Outcome
from airflow_provider_mps.exceptions import AidgePermanentError, TencentCloudError, TencentCloudPermanentError
from airflow_provider_mps.hooks.aidge import AidgeHook
from airflow_provider_mps.hooks.cos import CosHook
from airflow_provider_mps.hooks.mps import MpsHook
from airflow_provider_mps.local.service import LocalService
from tests.hooks.conftest import Caller
from tests.temporary_keys import Keys


@pytest.fixture
def keys(service: LocalService, monkeypatch: pytest.MonkeyPatch) -> Keys:
    return Keys(service, monkeypatch)


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_a_call_goes_on_with_renewed_keys(
    kind: str, service: LocalService, keys: Keys, payload: dict[str, Any]
) -> None:
    hook, caller = MpsHook(), Caller(kind)
    task_id = caller.submit(hook, payload)
    keys.renew()
    keys.publish()
    assert caller.state(hook, task_id).task_id == task_id
    keys.renew()
    keys.publish()
    hook.renewal._read_at = float("-inf")
    second = caller.submit(hook, payload)
    assert [call.task_id for call in service.accepted("ProcessImage")] == [task_id, second]


@pytest.mark.parametrize("kind", ["sync", "async"])
@pytest.mark.parametrize("change", [{"password": "not-the-secret"}, {"login": "AKIDunknown"}])
def test_wrong_keys_are_final_at_once(
    kind: str, change: dict[str, str], service: LocalService, connect: Callable[..., str], payload: dict[str, Any]
) -> None:
    connection = service.connection()
    connect(**({"login": connection["login"], "password": connection["password"]} | change))
    hook = MpsHook("changed")
    with pytest.raises(TencentCloudPermanentError, match="AuthFailure"):
        Caller(kind).submit(hook, payload)
    assert len(service.calls("ProcessImage")) == 1
    assert Caller(kind).look(MpsHook("changed"), "1-WorkflowTask-a").outcome is Outcome.REFUSED
    with pytest.raises(TencentCloudPermanentError):
        CosHook("changed").read_object("/a.json")


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_a_new_process_with_old_temporary_keys_may_be_retried(
    kind: str, service: LocalService, keys: Keys, payload: dict[str, Any]
) -> None:
    keys.renew()
    with pytest.raises(TencentCloudError, match="AuthFailure") as caught:
        Caller(kind).submit(MpsHook(), payload)
    assert not isinstance(caught.value, AirflowFailException)
    assert caught.value.outcome is Outcome.NOT_EXECUTED
    assert str(caught.value).count("the temporary keys of connection tencentcloud_default may just be renewed") == 1
    look = Caller(kind).look(MpsHook(), "1-WorkflowTask-a")
    assert look.outcome is Outcome.NOT_EXECUTED
    assert str(look).count("may just be renewed") == 1
    keys.publish()
    Caller(kind).submit(MpsHook(), payload)
    assert len(service.accepted("ProcessImage")) == 1


def test_a_transfer_with_old_temporary_keys_may_be_retried(service: LocalService, keys: Keys, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"a")
    CosHook().write_object("/a.json", b"{}", "application/json")
    keys.renew()
    calls: list[Callable[[], Any]] = [
        lambda: CosHook().download_file("/a.json", tmp_path / "a.json"),
        lambda: CosHook().upload_file(tmp_path / "a.png", "/a.png"),
        lambda: CosHook().read_object("/a.json"),
        lambda: CosHook().write_object("/a.json", b"{}", "application/json"),
        lambda: CosHook().head_object("/a.json"),
    ]
    for call in calls:
        with pytest.raises(TencentCloudError, match="may just be renewed"):
            call()
    keys.publish()
    for call in calls:
        call()


def test_a_permission_that_temporary_keys_lack_is_final(service: LocalService, keys: Keys) -> None:
    service.add_fault(kind="error", action="PutObject", code="AccessDenied", status=403, message="no", times=9)
    with pytest.raises(TencentCloudPermanentError, match="AccessDenied"):
        CosHook().write_object("/a.json", b"{}", "application/json")


@pytest.mark.parametrize("hook_class", [MpsHook, CosHook])
def test_a_role_is_retried_when_its_own_keys_are_temporary(
    hook_class: type[Any], service: LocalService, keys: Keys, monkeypatch: pytest.MonkeyPatch, payload: dict[str, Any]
) -> None:
    keys.renew()
    connection = json.loads(os.environ["AIRFLOW_CONN_TENCENTCLOUD_DEFAULT"])
    connection["extra"]["role_arn"] = "qcs::cam::uin/1:roleName/x"
    monkeypatch.setenv("AIRFLOW_CONN_TENCENTCLOUD_DEFAULT", json.dumps(connection))
    hook = hook_class()

    def call() -> Any:
        return hook.process_image(payload) if hook_class is MpsHook else hook.read_object("/a.json")

    with pytest.raises(TencentCloudError, match=r"AssumeRole.*may just be renewed"):
        call()


def test_a_role_with_wrong_keys_is_final(service: LocalService, connect: Callable[..., str]) -> None:
    connect(login="AKIDunknown", password="not-the-secret", role_arn="qcs::cam::uin/1:roleName/x")
    with pytest.raises(TencentCloudPermanentError, match="AssumeRole"):
        CosHook("changed").read_object("/a.json")


def test_cos_goes_on_with_renewed_keys(service: LocalService, keys: Keys, tmp_path: Path) -> None:
    hook = CosHook()
    hook.write_object("/a.json", b"{}", "application/json")
    keys.renew()
    keys.publish()
    assert hook.read_object("/a.json") == b"{}"
    assert hook.download_file("/a.json", tmp_path / "a.json").read_bytes() == b"{}"


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_a_look_is_no_verdict_while_the_connection_may_follow(
    kind: str, service: LocalService, keys: Keys, payload: dict[str, Any]
) -> None:
    hook = MpsHook()
    task_id = hook.process_image(payload)

    def look() -> Any:
        return hook.look(task_id) if kind == "sync" else asyncio.run(hook.alook(task_id))

    keys.renew()
    found = look()
    assert isinstance(found, ServiceError)
    assert found.outcome is Outcome.NOT_EXECUTED
    assert "keys of connection tencentcloud_default may just be renewed" in str(found)
    hook.renewal._accepted_at -= GRACE_SECONDS
    assert look().outcome is Outcome.NOT_EXECUTED


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_a_look_with_permanent_keys_waits_for_a_while_only(
    kind: str, service: LocalService, conn_id: str, payload: dict[str, Any]
) -> None:
    hook, caller = MpsHook(), Caller(kind)
    task_id = hook.process_image(payload)
    service.add_fault(kind="error", action="DescribeImageTaskDetail", code="AuthFailure.SecretIdNotFound", message="x")
    assert caller.look(hook, task_id).outcome is Outcome.NOT_EXECUTED
    hook.renewal._accepted_at -= GRACE_SECONDS
    service.add_fault(kind="error", action="DescribeImageTaskDetail", code="AuthFailure.SecretIdNotFound", message="x")
    assert caller.look(hook, task_id).outcome is Outcome.REFUSED


def test_a_clock_that_is_off_is_no_verdict_on_a_task(service: LocalService, conn_id: str) -> None:
    service.add_fault(kind="error", action="DescribeImageTaskDetail", code="AuthFailure.SignatureExpire", message="old")
    found = MpsHook().look("1-WorkflowTask-a")
    assert isinstance(found, ServiceError)
    assert found.outcome is Outcome.NOT_EXECUTED
    assert "the clock of this machine is" in str(found)


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_aidge_goes_on_with_renewed_keys(kind: str, service: LocalService, monkeypatch: pytest.MonkeyPatch) -> None:
    good = service.aidge_connection()
    monkeypatch.setenv("AIRFLOW_CONN_AIDGE_DEFAULT", json.dumps(good | {"password": "an-old-secret-of-before"}))
    hook = AidgeHook()

    def search() -> Any:
        if kind == "sync":
            return hook.search_scenes(b'{"count":"1"}')
        return asyncio.run(hook.asearch_scenes(b'{"count":"1"}'))

    with pytest.raises(AidgePermanentError, match="IncompleteSignature"):
        search()
    monkeypatch.setenv("AIRFLOW_CONN_AIDGE_DEFAULT", json.dumps(good))
    hook.renewal._read_at = float("-inf")
    assert len(search()) == 1


def test_the_connection_is_read_once_for_all_that_are_refused() -> None:
    now, read = [0.0], []

    def again() -> bool:
        read.append(now[0])
        return len(read) == 2

    keys = KeyRenewal(again, lambda code: True, clock=lambda: now[0])
    assert [keys.is_due(0) for _ in range(100)] == [False] * 100
    assert read == [0.0]
    now[0] += PAUSE_SECONDS
    assert [keys.is_due(0) for _ in range(100)] == [True] * 100
    assert (len(read), keys.generation) == (2, 1)
    # One that went out with the old keys all the same gets one more try, for as long as they are new.
    assert keys.is_due(1)
    now[0] += PAUSE_SECONDS
    assert not keys.is_due(1)


class _Keys:
    """Keys that are renewed whenever they are asked for again; the service takes those of one generation only."""

    def __init__(self, taken: int) -> None:
        self.sends = 0
        self.taken = taken
        self.renewal = KeyRenewal(
            lambda: True, lambda error: error.code == "AuthFailure", clock=iter(range(0, 1000, 9)).__next__
        )

    def send(self) -> str:
        self.sends += 1
        if self.renewal.generation != self.taken:
            raise ServiceError("MPS", "ProcessImage", "", "AuthFailure", "", "", Outcome.REFUSED)
        return "answer"

    async def asend(self) -> str:
        return self.send()

    def call(self, kind: str) -> str:
        return self.renewal.call(self.send) if kind == "sync" else asyncio.run(self.renewal.acall(self.asend))


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_keys_may_be_renewed_once_more_while_a_call_waits_for_its_turn(kind: str) -> None:
    keys = _Keys(taken=2)
    assert keys.call(kind) == "answer"
    assert keys.sends == 3


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_keys_that_are_renewed_without_end_are_not_tried_without_end(kind: str) -> None:
    keys = _Keys(taken=-1)
    with pytest.raises(ServiceError, match="AuthFailure"):
        keys.call(kind)
    assert keys.sends == SENDS


def test_the_grace_counts_from_the_last_time_that_the_keys_were_taken() -> None:
    now = [1000.0]
    keys = KeyRenewal(lambda: False, lambda code: True, clock=lambda: now[0])
    assert not keys.may_come
    keys.accepted()
    now[0] += GRACE_SECONDS - 1
    assert keys.may_come
    now[0] += 1
    assert not keys.may_come


@pytest.mark.parametrize("seconds", [0.0, 3.0])
def test_all_that_wait_get_their_pictures_when_keys_are_renewed(
    seconds: float, service: LocalService, keys: Keys, payload: dict[str, Any]
) -> None:
    from airflow_provider_mps.core.polling import Deadline, Finished
    from airflow_provider_mps.polling.shared import PollTarget, wait_for_task

    service.add_fault(kind="task_seconds", seconds=4.0)
    task_ids = [MpsHook().process_image(payload) for _ in range(10)]

    async def all_of_them() -> list[Any]:
        deadline = Deadline(service.backend.clock() + 60)
        source = PollTarget(MpsHook, ("tencentcloud_default",))
        waits = [
            asyncio.create_task(wait_for_task(task_id, source, deadline=deadline, interval=1.0)) for task_id in task_ids
        ]
        await asyncio.sleep(1.5)
        keys.renew()
        await asyncio.sleep(seconds)
        keys.publish()
        return list(await asyncio.gather(*waits))

    ends = asyncio.run(all_of_them())
    assert all(isinstance(end, Finished) for end in ends), ends
