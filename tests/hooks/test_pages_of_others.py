"""A page of a proxy or a firewall on the way to a service says nothing of a task."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_provider_mps.core.errors import ServiceError
from airflow_provider_mps.core.outcomes import Outcome
from airflow_provider_mps.core.pages import NOT_THE_SERVICE
from airflow_provider_mps.core.polling import Deadline, Finished
from airflow_provider_mps.hooks.aidge import AidgeHook
from airflow_provider_mps.hooks.mps import MpsHook
from airflow_provider_mps.local.aidge.words import QUERY, SUBMIT
from airflow_provider_mps.local.service import LocalService
from airflow_provider_mps.polling.shared import PollTarget, wait_for_task
from airflow_provider_mps.services.aidge.requests import Generation

PAGE = "<html><title>Access denied</title></html>"


@pytest.fixture(autouse=True)
def _connections(service: LocalService, conn_id: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_AIDGE_DEFAULT", json.dumps(service.aidge_connection()))


def _look(kind: str, hook: Any, task_id: str) -> Any:
    return hook.look(task_id) if kind == "sync" else asyncio.run(hook.alook(task_id))


def _submit(service: LocalService) -> str:
    generation = Generation(image_url=f"{service.url}/_local/samples/coffee-large.jpg", scene_id=3)
    return AidgeHook().submit(generation.request(lambda name, value: b""))


@pytest.mark.parametrize("kind", ["sync", "async"])
@pytest.mark.parametrize("status", [401, 403, 404, 407])
@pytest.mark.parametrize(
    ("hook_class", "action"), [(AidgeHook, QUERY), (MpsHook, "DescribeImageTaskDetail")], ids=["aidge", "mps"]
)
def test_a_page_is_no_verdict_on_a_task(
    kind: str, status: int, hook_class: type[Any], action: str, service: LocalService
) -> None:
    service.add_fault(kind="http", action=action, status=status, body=PAGE)
    look = _look(kind, hook_class(), "1-WorkflowTask-a")
    assert isinstance(look, ServiceError)
    assert (look.code, look.outcome is Outcome.REFUSED) == (f"HTTP {status}", False)
    assert look.message.startswith(f"{NOT_THE_SERVICE}: Access denied")
    assert "See to proxies" in str(look)
    assert "This may pass" in str(look) or "retried safely" in str(look)


def test_a_refusal_of_aidge_is_one(service: LocalService) -> None:
    for body in ('{"Code": "SomethingNew", "Message": "no"}', '{"code": "InvalidAppKey", "message": "no"}'):
        service.add_fault(kind="http", action=QUERY, status=403, body=body, times=1)
        look = AidgeHook().look("1")
        assert isinstance(look, ServiceError)
        assert look.outcome is Outcome.REFUSED


def test_a_submission_is_refused_by_a_page(service: LocalService) -> None:
    service.add_fault(kind="http", action=SUBMIT, status=403, body=PAGE)
    with pytest.raises(AirflowFailException, match="HTTP 403"):
        _submit(service)


def test_who_waits_goes_on(service: LocalService) -> None:
    task_id = _submit(service)
    service.add_fault(kind="http", action=QUERY, status=403, body=PAGE, times=2)
    deadline = Deadline(service.backend.clock() + 60)

    async def wait() -> Any:
        return await wait_for_task(task_id, PollTarget(AidgeHook, ("aidge_default",)), deadline=deadline, interval=0.5)

    assert isinstance(asyncio.run(wait()), Finished)
