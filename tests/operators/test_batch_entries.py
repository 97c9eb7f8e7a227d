"""What a batch hands over: entries with the caller's key, also when it fails, and none when there is nothing to do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowSkipException

from airflow_provider_mps.exceptions import InvalidArgumentError, MpsBatchFailedError, TencentCloudPermanentError
from airflow_provider_mps.local.service import LocalService
from airflow_provider_mps.operators.mps import MpsImageBgFusionBatchOperator, MpsImageBgFusionOperator
from airflow_provider_mps.transfers.cos_to_local import CosToLocalFilesystemOperator
from tests.operators.test_batch import Batch, _quick, pictures  # noqa: F401 - fixtures
from tests.task_context import execute, make_context


@pytest.fixture
def batch(service: LocalService, conn_id: str) -> Batch:
    return Batch(service)


def failing(batch: Batch, requests: Any, error: type[Exception] = MpsBatchFailedError, **arguments: Any) -> Any:
    context = make_context()
    with pytest.raises(error) as caught:
        execute(batch.operator(requests, **arguments), context)
    return context["ti"].xcoms, str(caught.value)


def test_a_batch_that_fails_has_handed_over_what_it_paid_for(batch: Batch, tmp_path: Path) -> None:
    batch.service.add_fault(kind="task_fail", match="marble 1", err_msg="InternalError")
    requests = [{**picture, "key": f"sku-{n}"} for n, picture in enumerate(pictures(3))]
    xcoms, _ = failing(batch, requests)
    found = xcoms["return_value"]
    assert [entry["key"] for entry in found] == ["sku-0", "sku-1", "sku-2"]
    assert [bool(entry["Outputs"]) for entry in found] == [True, False, True]
    assert found[1]["Error"]["Code"].endswith("InternalError")
    fetch = CosToLocalFilesystemOperator(task_id="fetch", outputs=found, local_dir=str(tmp_path))
    assert len(execute(fetch, make_context())) == 2
    # The retry pays for the one only, and hands over all.
    batch.service.clear_faults()
    again = batch.run(requests, try_number=2)
    assert [entry["TaskId"] for entry in again][::2] == [entry["TaskId"] for entry in found][::2]
    assert batch.accepted == 4


def test_a_batch_that_is_stopped_has_handed_over_what_it_paid_for(batch: Batch) -> None:
    batch.service.add_fault(kind="error", action="ProcessImage", code="AuthFailure.SignatureFailure", after=3)
    xcoms, _ = failing(batch, pictures(30), TencentCloudPermanentError)
    found = xcoms["return_value"]
    assert len(found) == 30
    assert sum(entry["TaskId"] is not None for entry in found) == batch.accepted == 3
    assert all(entry["Outputs"] or entry["Error"]["Code"] for entry in found)


def test_without_xcoms_nothing_is_pushed(batch: Batch) -> None:
    batch.service.add_fault(kind="task_fail", match="marble 1", err_msg="InternalError")
    assert failing(batch, pictures(2), do_xcom_push=False)[0] == {}
    context = make_context()
    single = MpsImageBgFusionOperator(task_id="task", **pictures(1)[0], image_size="1K", do_xcom_push=False)
    execute(single, context)
    assert context["ti"].xcoms == {}


def test_keys_and_subjects(batch: Batch) -> None:
    signed = f"{batch.service.url}/_local/samples/coffee.png?q-signature=0123456789abcdef"
    requests = [{**pictures(1)[0], "key": 77}, {"subject_url": signed, "prompt": "x"}, {**pictures(2)[1], "key": "a/b"}]
    found = batch.run(requests)
    assert [entry["key"] for entry in found] == [77, 1, "a/b"]
    assert found[1]["subject"] == f"{batch.service.url}/_local/samples/coffee.png"
    # A key is for the caller: another one makes no other picture.
    renamed = [{**request, "key": f"new {n}"} for n, request in enumerate(requests)]
    again = batch.run(renamed, try_number=2)
    assert [entry["TaskId"] for entry in again] == [entry["TaskId"] for entry in found]
    assert batch.accepted == 3


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        (["a", "a"], r"key: requests\[0\] and requests\[1\] have the same, 'a'"),
        ([1, None], r"key: requests\[0\] and requests\[1\] have the same, 1"),
        ([True], r"requests\[0\]: key: expected a text or an integer"),
        ([1.5], r"requests\[0\]: key: expected"),
        ([""], r"requests\[0\]: key: expected"),
        ([["a"]], r"requests\[0\]: key: expected"),
        (["\ud800"], r"requests\[0\]: key: expected"),
    ],
)
def test_keys_that_tell_nothing_apart(keys: list[Any], said: str, batch: Batch) -> None:
    given = zip(pictures(len(keys)), keys, strict=True)
    requests = [picture if key is None else {**picture, "key": key} for picture, key in given]
    with pytest.raises(ValueError, match=said):
        batch.operator(requests)
    operator = batch.operator(pictures(1))
    operator.requests = requests
    with pytest.raises(InvalidArgumentError, match=said):
        execute(operator, make_context())
    with pytest.raises(ValueError, match="defaults: key belongs to a single request"):
        batch.operator(pictures(1), defaults={"key": "a"})
    assert not batch.service.journal


@pytest.mark.parametrize("requests", [[], (), [[], []]])
def test_a_quiet_night(batch: Batch, requests: Any, tmp_path: Path) -> None:
    for deferrable in (False, True):
        assert batch.run(requests, deferrable=deferrable) == []
        with pytest.raises(AirflowSkipException):
            batch.run(requests, deferrable=deferrable, on_empty="skip")
    fetch = CosToLocalFilesystemOperator(task_id="fetch", outputs=[], local_dir=str(tmp_path))
    assert execute(fetch, make_context()) == []
    assert not batch.service.journal
    with pytest.raises(ValueError, match="on_empty: expected"):
        batch.operator([], on_empty="fail")


class Lazy(Sequence[Any]):
    """As Airflow hands over what a mapped task returned."""

    def __init__(self, items: list[Any]) -> None:
        self.items = items

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, index: Any) -> Any:
        return self.items[index]


def test_lists_of_a_mapped_task_are_one(batch: Batch) -> None:
    operator = batch.operator([])
    operator.requests = Lazy([pictures(2), [], Lazy(pictures(1, start=2))])
    found = execute(operator, make_context())
    assert [entry["key"] for entry in found] == [0, 1, 2]
    assert batch.run(pictures(3), try_number=2) == found
    assert batch.accepted == 3
    literal = batch.operator([pictures(2), pictures(1, start=2)])
    assert isinstance(literal, MpsImageBgFusionBatchOperator)


def test_one_picture_is_told_of_as_one(batch: Batch, lines: Callable[[], str]) -> None:
    batch.run(pictures(1))
    assert "1 of 1 picture is there, 0 failed" in lines()
    batch.service.add_fault(kind="task_fail", match="marble 9", err_msg="InternalError")
    assert "1 of 1 picture failed" in failing(batch, pictures(1, start=9))[1]
