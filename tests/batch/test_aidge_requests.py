"""The requests of a batch of Aidge: what a slip is, when it shows, and what makes two of them the same."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_mps.batch.aidge_requests import merged, read_requests
from airflow_provider_mps.batch.asked import in_list
from airflow_provider_mps.core.airflow_task import TaskKey
from airflow_provider_mps.core.arguments import ArgumentError
from airflow_provider_mps.exceptions import InvalidArgumentError
from airflow_provider_mps.operators.aidge import AidgeBackgroundGenerationBatchOperator
from airflow_provider_mps.services.aidge.requests import GENERATION_ARGUMENTS, Generation

TASK = TaskKey("dag", "task", "run", -1)
URL = "https://e.com/cup.jpg"
PICTURES = ("image_url", "image_base64", "image_path")


def read(requests: list[Any], defaults: Any = None, task: TaskKey = TASK) -> Any:
    return read_requests(
        in_list(requests), defaults, task=task, host="api.aidc-ai.com", account="key", check_path=lambda *_: None
    )


def operator(requests: Any, **arguments: Any) -> AidgeBackgroundGenerationBatchOperator:
    return AidgeBackgroundGenerationBatchOperator(task_id="task", requests=requests, **arguments)


GOOD = {"image_url": URL, "scene_id": 3}


@pytest.mark.parametrize(
    ("requests", "arguments", "said"),
    [
        (None, {}, "requests is required"),
        ([{"image_url": URL}], {}, r"requests\[0\]: scene_id is required"),
        ([GOOD, {"scene_id": 3}], {}, r"requests\[1\]: image_url, image_base64 or image_path is required"),
        ([{**GOOD, "image_num": 11}], {}, r"requests\[0\]: image_num: expected .* 2 .* 10"),
        ([{**GOOD, "width": 800}], {}, r"requests\[0\]: width and height belong together"),
        ([{**GOOD, "scene": 3}], {}, r"requests\[0\]: scene: no such argument; there are image_url"),
        ([{**GOOD, 3: 3}], {}, r"requests\[0\]: 3: no such argument"),
        ([{**GOOD, "product_title": None}], {}, r"requests\[0\]: product_title: was given as None"),
        ([{"image_path": "/a.jpg", "image_base64": "AA", "scene_id": 3}], {}, "exclude each other"),
        ([{**GOOD, "key": "a"}, {**GOOD, "key": "a"}], {}, "have the same, 'a'"),
        (
            [GOOD, "x"],
            {},
            r"requests\[1\]: request: expected a dict with arguments of AidgeBackground",
        ),
        ({GOOD["image_url"]}, {}, "requests: expected a list"),
        ([GOOD], {"defaults": {"aidge_conn_id": "x"}}, "defaults: 'aidge_conn_id': no such argument"),
        ([GOOD], {"defaults": {"key": 1}}, "defaults: key belongs to a single request"),
        ([GOOD], {"on_doubt": "ask"}, "on_doubt: expected fail or resubmit"),
        ([GOOD], {"dest": "https://e.com/a"}, "dest: expected a folder"),
        ([GOOD], {"dest_conn_id": " "}, "dest_conn_id: expected the id"),
    ],
)
def test_a_slip_shows_when_the_dag_is_read(requests: Any, arguments: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidArgumentError, match=said):
        operator(requests, **arguments)


def test_what_a_template_may_change_shows_later() -> None:
    operator("{{ ti.xcom_pull(task_ids='x') }}")
    operator([{"image_url": "{{ params.url }}", "scene_id": "{{ params.scene }}"}], on_doubt="{{ params.doubt }}")
    operator([{"image_url": URL}], defaults="{{ params.defaults }}")


values = st.none() | st.integers() | st.text(max_size=5)
requests_ = st.dictionaries(st.sampled_from([*GENERATION_ARGUMENTS, "key"]), values)


@given(
    st.dictionaries(st.sampled_from(list(GENERATION_ARGUMENTS)), values.filter(lambda value: value is not None)),
    requests_,
)
def test_what_a_request_says_wins(defaults: dict[str, Any], request: dict[str, Any]) -> None:
    if any(value is None and name not in defaults and name != "key" for name, value in request.items()):
        with pytest.raises(ArgumentError, match="was given as None"):
            merged(defaults, request)
        return
    found = merged(defaults, request)
    said = {name: value for name, value in request.items() if name != "key"}
    assert {name: found.get(name) for name in said} == said
    assert None not in found.values()
    assert found.items() <= {**defaults, **said}.items()
    # A picture of the request's own leaves no other one beside it.
    if any(name in said for name in PICTURES):
        assert {name for name in found if name in PICTURES} == {n for n in PICTURES if said.get(n) is not None}
    Generation(**found)


cups = st.lists(st.integers(0, 4), max_size=12)


@given(cups, st.sampled_from([{"image_url": "https://e.com/{}.jpg"}, {"image_path": "cos:///cups/{}.jpg"}]))
def test_each_request_is_a_picture_of_its_own_and_the_same_in_a_retry(
    numbers: list[int], place: dict[str, str]
) -> None:
    def requests(order: list[int]) -> list[dict[str, Any]]:
        return [{**{name: value.format(n) for name, value in place.items()}, "scene_id": 3} for n in order]

    tokens = [item.token for item in read(requests(numbers))]
    assert len(set(tokens)) == len(numbers)
    assert {item.token for item in read(requests(numbers[::-1]))} == set(tokens)
    other = read(requests(numbers), task=TASK._replace(run_id="another"))
    assert not set(tokens) & {item.token for item in other}


def test_what_makes_a_request_another_one() -> None:
    def token(**arguments: Any) -> str:
        [item] = read([{"image_path": "cos:///cup.jpg", "scene_id": 3, **arguments}])
        return str(item.token)

    assert token() == token(scene_id="3", image_num="4", need_layout="false", width="800", height="800")
    assert token() == token(key="a")
    others = [{"image_path": "cos:///cup-2.jpg"}, {"scene_id": 4}, {"image_num": 2}, {"width": 750, "height": 1000}]
    others += [{"need_layout": True, "product_title": "Cup"}]
    assert len({token(), *(token(**other) for other in others)}) == 6


def test_an_address_that_is_signed_anew_is_the_same_request() -> None:
    first, second = (
        read([{"image_url": f"{URL}?sku=1&q-signature={signature}", "scene_id": 3}])[0] for signature in ("a", "b")
    )
    assert first.token == second.token
    assert re.fullmatch(r"[0-9a-f]{16}", first.token)
    assert first.subject == URL
