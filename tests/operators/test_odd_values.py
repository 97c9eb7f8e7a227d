"""Values that cannot be written, compared or read to their end: the error names the argument."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from airflow_provider_mps.exceptions import InvalidArgumentError
from airflow_provider_mps.operators.aidge import AidgeBackgroundGenerationOperator
from airflow_provider_mps.operators.mps import MpsImageBgFusionBatchOperator
from airflow_provider_mps.transfers.aidge_to_object_storage import AidgeToObjectStorageOperator
from tests.task_context import execute, make_context


class _Unwritable:
    def __str__(self) -> str:
        raise RuntimeError("no text")

    __repr__ = __str__


PLACES: dict[str, tuple[type[Any], dict[str, Any]]] = {
    "on_empty": (MpsImageBgFusionBatchOperator, {"requests": []}),
    "on_doubt": (AidgeBackgroundGenerationOperator, {"image_url": "https://e.com/a.png", "scene_id": 3}),
    "image_conn_id": (AidgeBackgroundGenerationOperator, {"image_path": "/no/a.png", "scene_id": 3}),
    "dest_conn_id": (AidgeToObjectStorageOperator, {"images": {"TaskId": "t"}, "dest": "/no/where"}),
}


@pytest.mark.parametrize("rendered", [False, True])
@pytest.mark.parametrize("name", PLACES)
@pytest.mark.parametrize("value", [_Unwritable(), 10**5000, ["a"]], ids=["object", "integer", "list"])
def test_the_argument_is_named(name: str, value: Any, rendered: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_AIDGE_DEFAULT", '{"conn_type": "aidge", "login": "1", "password": "secret-word"}')
    operator, given = PLACES[name]

    def use() -> None:
        task = operator(task_id="t", **given, **({} if rendered else {name: value}))
        setattr(task, name, value)
        execute(task, make_context())

    with pytest.raises(InvalidArgumentError, match=rf"^{name}: expected"):
        use()


def _itself() -> list[Any]:
    requests: list[Any] = []
    requests.append(requests)
    return requests


def _with_itself() -> list[Any]:
    requests: list[Any] = [{"subject_cos_key": "/a.png", "prompt": "x"}]
    requests.append([requests, requests])
    return requests


@pytest.mark.parametrize("make", [_itself, _with_itself])
def test_requests_that_hold_themselves(make: Callable[[], list[Any]]) -> None:
    with pytest.raises(InvalidArgumentError, match=r"^requests: a list in it holds itself"):
        MpsImageBgFusionBatchOperator(task_id="t", requests=make())
