"""Addresses that are signed anew for each try, and such that only look so."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_mps.batch import writer as batch_writer
from airflow_provider_mps.local.service import LocalService
from airflow_provider_mps.operators.aidge import AidgeBackgroundGenerationOperator
from airflow_provider_mps.operators.mps import MpsImageBgFusionBatchOperator
from airflow_provider_mps.services.aidge.words import AidgeAction
from tests.operators.conftest import Task
from tests.task_context import StateStore, execute, make_context

pytestmark = pytest.mark.usefixtures("_no_waits")

HOST = "https://img.example.com"
A, B = "aa11" * 8, "bb22" * 8
# Of ways of signing that are known, and of one that is not.
SIGNED = {
    "COS": ("/cup.png?q-sign-time=1;2&q-signature={}", A, B),
    "in the path": ("/202611271200/{}/cup.png", A, B),
    "not known": ("/cup.png?ticket={}", "aaaa", "bbbb"),
    "not known, in the path": ("/in/{}/1700000000/cup.png", A, B),
}
SIGNINGS = pytest.mark.parametrize(("form", "one", "other"), SIGNED.values(), ids=list(SIGNED))
SAME_NAMES = pytest.mark.parametrize("name", ["md5", "token", "sign", "sig", "verify", "signature", "auth_key", "id"])


def by_url(url: str) -> dict[str, Any]:
    return {"subject_cos_key": None, "subject_url": url}


def sample(service: LocalService, query: str) -> str:
    return f"{service.url}/_local/samples/coffee.png?{query}"


@SIGNINGS
def test_a_retry_joins_whatever_signed_the_address(
    form: str, one: str, other: str, task: Task, lines: Callable[[], str]
) -> None:
    task.service.add_fault(kind="task_seconds", seconds=60)
    first = task.run(**by_url(HOST + form.format(one)))
    assert task.run(2, **by_url(HOST + form.format(other))) == first
    assert task.run(3, **by_url(HOST + form.format(one))) == first
    assert task.accepted == [first]
    assert ("what may be a signature only" in lines()) is (one == "aaaa" or "1700000000" in form)


@pytest.mark.parametrize(
    ("one", "other"), [("X-Amz-Signature=aaaa", "X-Amz-Signature=bbbb"), ("ticket=aaaa", "ticket=bbbb")]
)
def test_a_retry_without_a_record_finds_it(one: str, other: str, make_task: Callable[..., Task]) -> None:
    task = make_task(store=False)
    first = task.run(**by_url(sample(task.service, one)))
    assert task.run(2, wait_for_completion=True, **by_url(sample(task.service, other)))["TaskId"] == first
    assert task.accepted == [first]


@SAME_NAMES
def test_a_clear_makes_the_picture_that_is_named_now(name: str, task: Task) -> None:
    task.service.add_fault(kind="task_seconds", seconds=60)
    first = task.run(1, 2, **by_url(f"{HOST}/image?{name}=aaaa"))
    second = task.run(2, 3, **by_url(f"{HOST}/image?{name}=bbbb"))
    assert first != second
    # Its own retries join it.
    assert task.run(3, 3, **by_url(f"{HOST}/image?{name}=bbbb")) == second
    urls = {made.task_id: made.input_info["UrlInputInfo"]["Url"] for made in task.service.tasks}
    assert [urls[task_id][-4:] for task_id in (first, second)] == ["aaaa", "bbbb"]


@pytest.fixture
def batch(service: LocalService, conn_id: str, monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    monkeypatch.setattr(batch_writer, "TAKE_OVER_SECONDS", 0.1)

    def run(urls: list[str], try_number: int, max_tries: int = 2, *, timeout: float = 60) -> list[str]:
        """Return the last part of the address from which each picture was made."""
        operator = MpsImageBgFusionBatchOperator(
            task_id="task",
            requests=[{"subject_url": url, "prompt": "x"} for url in urls],
            deferrable=False,
            poll_interval=0.1,
            timeout=timeout,
            max_failed=0 if timeout > 1 else len(urls),
            retries=2,
        )
        entries = execute(operator, make_context(try_number=try_number, max_tries=max_tries))
        url_of = {task.task_id: task.input_info["UrlInputInfo"]["Url"] for task in service.tasks}
        return [url_of[entry["TaskId"]].rpartition("/")[2] for entry in entries]

    return run


@SAME_NAMES
def test_a_batch_in_another_order_gives_each_its_own_picture(
    name: str, batch: Callable[..., list[str]], service: LocalService
) -> None:
    service.add_fault(kind="task_seconds", seconds=0.5)
    urls = [sample(service, f"{name}={value}") for value in ("aaaa", "bbbb", "cccc")]
    batch(urls, 1, timeout=0.1)
    assert [url[-4:] for url in batch(urls[::-1], 2)] == ["cccc", "bbbb", "aaaa"]
    assert len(service.tasks) == 3


def test_a_batch_joins_what_was_signed_anew(batch: Callable[..., list[str]], service: LocalService) -> None:
    service.add_fault(kind="task_seconds", seconds=0.5)
    batch([sample(service, f"n={n}&ticket=aaaa{n}") for n in range(3)], 1, timeout=0.1)
    again = batch([sample(service, f"n={n}&ticket=bbbb{n}") for n in (2, 0, 1)], 2)
    assert again == [f"coffee.png?n={n}&ticket=aaaa{n}" for n in (2, 0, 1)]
    assert len(service.tasks) == 3


def test_a_batch_takes_no_other_picture_for_one_signed_anew(
    batch: Callable[..., list[str]], service: LocalService
) -> None:
    """Where a value tells two pictures of a list apart, it is no signature."""
    service.add_fault(kind="task_seconds", seconds=0.5)
    batch([sample(service, f"token={value}") for value in ("aaaa", "bbbb")], 1, timeout=0.1)
    again = batch([sample(service, f"token={value}") for value in ("cccc", "bbbb")], 2)
    assert [url[-4:] for url in again] == ["cccc", "bbbb"]
    assert len(service.tasks) == 3


def test_a_batch_that_grows_knows_what_it_had(batch: Callable[..., list[str]], service: LocalService) -> None:
    service.add_fault(kind="task_seconds", seconds=0.5)
    batch([sample(service, "token=aaaa")], 1, timeout=0.1)
    again = batch([sample(service, f"token={value}") for value in ("bbbb", "aaaa")], 2)
    assert [url[-4:] for url in again] == ["bbbb", "aaaa"]
    assert len(service.tasks) == 2
    assert [url[-4:] for url in batch([sample(service, "token=cccc")], 3)] == ["cccc"]


def test_a_cleared_batch_makes_what_is_named_now(batch: Callable[..., list[str]], service: LocalService) -> None:
    service.add_fault(kind="task_seconds", seconds=0.5)
    batch([sample(service, "token=aaaa")], 1, timeout=0.1)
    assert batch([sample(service, "token=bbbb")], 2, 3) == ["coffee.png?token=bbbb"]


@pytest.mark.parametrize(("max_tries", "submissions"), [(2, 1), (3, 2)], ids=["retry", "clear"])
def test_aidge_by_the_same_rule(
    max_tries: int, submissions: int, service: LocalService, aidge_conn_id: str, tmp_path: Path
) -> None:
    store = StateStore(tmp_path / "state.json")
    for try_number, tries, value in ((1, 2, "aaaa"), (2, max_tries, "bbbb")):
        operator = AidgeBackgroundGenerationOperator(
            task_id="task",
            image_url=f"{service.url}/_local/samples/coffee-large.jpg?token={value}",
            scene_id=3,
            retries=2,
        )
        execute(operator, make_context(store, try_number=try_number, max_tries=tries))
    assert len(service.accepted(AidgeAction.GENERATE)) == submissions
