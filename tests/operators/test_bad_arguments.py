"""What a person reads after a slip: when the DAG is read, or when the rendered value shows it. Nothing is sent."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_provider_mps.exceptions import InvalidArgumentError, TencentCloudPermanentError
from airflow_provider_mps.hooks.aidge import AidgeHook
from airflow_provider_mps.local.service import LocalService
from airflow_provider_mps.operators.mps import MpsImageBgFusionOperator, MpsProcessImageOperator
from airflow_provider_mps.sensors.mps import MpsImageTaskSensor
from airflow_provider_mps.services.tencentcloud.payloads import StorageDefaults
from airflow_provider_mps.transfers.cos_to_local import CosToLocalFilesystemOperator
from airflow_provider_mps.transfers.local_to_cos import LocalFilesystemToCosOperator
from tests.task_context import execute, make_context

URL = "https://example.com/a.jpg"
GOOD = {"subject_url": URL, "prompt": "marble"}
FUSION, PROCESS, SENSOR = MpsImageBgFusionOperator, MpsProcessImageOperator, MpsImageTaskSensor
FETCH, STORE = CosToLocalFilesystemOperator, LocalFilesystemToCosOperator

T = "{{ params.value }}"
OUTPUT = {"bucket": "b-1", "region": "ap-guangzhou", "path": "/o/a.jpeg"}
HUGE = 10**5000
ENDLESS: list[Any] = []
ENDLESS.append(ENDLESS)

WHEN_BUILT: list[tuple[Any, dict[str, Any], str]] = [
    (FUSION, {"prompt": "x"}, "subject_url or subject_cos_key is required: the subject picture"),
    (FUSION, {**GOOD, "subject_cos_key": "/a"}, "subject_url and subject_cos_key exclude each other"),
    (FUSION, {"subject_url": URL, "bg_url": URL, "bg_cos_key": "/b"}, "bg_url and bg_cos_key exclude each other"),
    (FUSION, {"subject_url": URL}, "prompt is required without bg_url and bg_cos_key"),
    (FUSION, {**GOOD, "subject_cos_bucket": "b-1"}, "subject_cos_bucket has no meaning without subject_cos_key"),
    (FUSION, {**GOOD, "subject_cos_region": "ap-x"}, "subject_cos_region has no meaning without subject_cos_key"),
    (FUSION, {**GOOD, "bg_url": URL, "bg_cos_bucket": "b-1"}, "bg_cos_bucket has no meaning without bg_cos_key"),
    (FUSION, {**GOOD, "bg_cos_region": "ap-x"}, "bg_cos_region has no meaning without bg_cos_key"),
    (FUSION, {**GOOD, "format": "GIF"}, "format: expected JPEG or PNG, got 'GIF'"),
    (FUSION, {**GOOD, "format": 1}, "format: expected JPEG or PNG, got 1"),
    (FUSION, {**GOOD, "image_size": "8K"}, "image_size: expected 1K or 2K or 4K, got '8K'"),
    (FUSION, {**GOOD, "quality": 0}, "quality: expected a whole number from 1 to 100, got 0"),
    (FUSION, {**GOOD, "quality": 101}, "quality: expected a whole number from 1 to 100, got 101"),
    (FUSION, {**GOOD, "quality": 85.5}, "quality: expected a whole number from 1 to 100, got 85.5"),
    (FUSION, {**GOOD, "quality": True}, "quality: expected a whole number from 1 to 100, got True"),
    (FUSION, {**GOOD, "random_seed": "lucky"}, "random_seed: expected a whole number, got 'lucky'"),
    (FUSION, {**GOOD, "output_path": "/o/result"}, "output_path: expected a path that ends in .jpeg or .jpg"),
    (FUSION, {**GOOD, "output_path": "/o/a.jpg", "format": "PNG"}, "output_path: expected a path that ends in .png"),
    (FUSION, {**GOOD, "poll_interval": 0}, "poll_interval: expected a number of seconds above 0, got 0"),
    (FUSION, {**GOOD, "poll_interval": "10"}, "poll_interval: expected a number of seconds above 0, got '10'"),
    (FUSION, {**GOOD, "timeout": -1}, "timeout: expected a number of seconds above 0, got -1"),
    (FUSION, {**GOOD, "timeout": float("inf")}, "timeout: expected a number of seconds above 0, got inf"),
    (FUSION, {**GOOD, "format": None}, "format: expected JPEG or PNG, got None"),
    (FUSION, {**GOOD, "quality": None}, "quality: expected a whole number from 1 to 100, got None"),
    (FUSION, {**GOOD, "output_dir": "a//b"}, "output_dir: expected a COS folder"),
    (FUSION, {**GOOD, "output_bucket": "noappid"}, "output_bucket: expected a COS bucket with its APPID"),
    (FUSION, {**GOOD, "output_region": "x"}, "output_region: expected a region"),
    (FUSION, {**GOOD, "resource_id": ""}, "resource_id: expected a text that is not empty"),
    (FUSION, {**GOOD, "region": "x"}, "region: expected a region"),
    (FUSION, {"subject_url": URL, "prompt": []}, "prompt: expected at least one text"),
    (
        FUSION,
        {"subject_url": URL, "prompt": {"a"}},
        "prompt: expected a text or a list of texts, in an order of its own",
    ),
    (FUSION, {"subject_url": "nope", "prompt": "x"}, "subject_url: expected an http:// or https:// address"),
    (FUSION, {"subject_url": URL, "bg_url": "ftp://x"}, "bg_url: expected an http:// or https:// address"),
    (FUSION, {"subject_cos_key": "", "prompt": "x"}, "subject_cos_key: expected a COS object key"),
    (FUSION, {"subject_cos_key": "/a", "subject_cos_bucket": "B", "prompt": "x"}, "subject_cos_bucket: expected a COS"),
    (FETCH, {"cos_key": "cos://x/y", "local_path": "/a"}, "cos_key: expected a COS object key"),
    (SENSOR, {"mps_task_id": ""}, "mps_task_id: expected a text that is not empty"),
    (SENSOR, {"mps_task_id": "t", "region": "x"}, "region: expected a region"),
    (PROCESS, {"payload": None}, "payload: expected the body of a ProcessImage request, a dict, got None"),
    (PROCESS, {"payload": {}}, "payload: expected the body of a ProcessImage request, a dict, got {}"),
    (PROCESS, {"payload": {"ScheduleId": 1}}, "payload['InputInfo']: expected the picture to work on, a dict"),
    (PROCESS, {"payload": {"InputInfo": {}, "Action": "x"}}, "Action and Version are set by the hook"),
    (SENSOR, {"mps_task_id": None}, "mps_task_id is required"),
    # What Python does not write, or Airflow does not add to a date.
    (FUSION, {**GOOD, "prompt": HUGE}, "prompt: expected a text that is not empty, got <int that cannot be written>"),
    (FUSION, {"subject_cos_key": HUGE, "prompt": "x"}, "subject_cos_key: expected a COS object key such as"),
    (
        FUSION,
        {**GOOD, "random_seed": HUGE},
        "random_seed: expected a whole number of at most 9,223,372,036,854,775,807",
    ),
    (FUSION, {**GOOD, "output_bucket": [HUGE]}, "output_bucket: expected a COS bucket with its APPID"),
    (FUSION, {**GOOD, "timeout": HUGE}, "timeout: expected a number of seconds of at most 1,000,000,000"),
    (FUSION, {**GOOD, "poll_interval": timedelta.max}, "poll_interval: expected a number of seconds of at most"),
    (FUSION, {**GOOD, "prompt": ENDLESS}, "prompt[0]: expected a text that is not empty, got [[...]]"),
    (SENSOR, {"mps_task_id": "t", "timeout": 1e16}, "timeout: expected a number of seconds of at most"),
    (SENSOR, {"mps_task_id": "t", "poke_interval": 0}, "poke_interval: expected a number of seconds above 0, got 0"),
    (SENSOR, {"mps_task_id": "t", "timeout": 0}, "timeout: expected a number of seconds above 0, got 0"),
    (FETCH, {}, "expected cos_key with local_path, or outputs with local_dir; got none of them"),
    (FETCH, {"cos_key": "/a"}, "expected cos_key with local_path, or outputs with local_dir; got cos_key"),
    (FETCH, {"cos_key": "/a", "local_dir": "/d"}, "got cos_key, local_dir"),
    (FETCH, {"outputs": [], "local_path": "/d/a"}, "got local_path, outputs"),
    (FETCH, {"outputs": []}, "got outputs"),
    (
        FETCH,
        {"cos_key": "/a", "local_path": "/a", "outputs": [], "local_dir": "/d"},
        "got cos_key, local_path, outputs",
    ),
    (STORE, {"local_path": None, "cos_key": "/a"}, "local_path is required"),
    (STORE, {"local_path": "/a", "cos_key": None}, "cos_key is required"),
]

# An operator with one templated argument, the value it renders to, and the message.
WHEN_RENDERED: list[tuple[Any, dict[str, Any], Any, str]] = [
    (FUSION, {"prompt": "x", "subject_url": T}, "", "subject_url: expected an http:// or https:// address"),
    (FUSION, {"prompt": "x", "subject_url": T}, "None", "subject_url: expected an http:// or https:// address"),
    (FUSION, {"prompt": "x", "subject_url": T}, "ftp://example.com/a.jpg", "subject_url: expected an http://"),
    (FUSION, {"prompt": "x", "subject_url": T}, "https:///a.jpg", "subject_url: expected an http://"),
    (FUSION, {"prompt": "x", "subject_url": T}, "https://example.com/a b.jpg", "subject_url: expected an http://"),
    (FUSION, {"prompt": "x", "subject_url": T}, "https://e.com/" + "a" * 8192, "(this one has 8,206)"),
    (FUSION, {"subject_url": URL, "bg_url": T}, "", "bg_url: expected an http:// or https:// address"),
    (FUSION, {"prompt": "x", "subject_cos_key": T}, "", "subject_cos_key: expected a COS object key"),
    (FUSION, {"prompt": "x", "subject_cos_key": T}, "/folder/", "subject_cos_key: expected a COS object key"),
    (FUSION, {"prompt": "x", "subject_cos_key": T}, "cos://b/k", "such as '/input/product.jpg' and not an address"),
    (FUSION, {"prompt": "x", "subject_cos_key": T}, "k" * 851, "a COS object key of at most 850 bytes"),
    (FUSION, {"subject_url": URL, "bg_cos_key": T}, " /", "bg_cos_key: expected a COS object key"),
    (FUSION, {"prompt": "x", "subject_cos_key": "/a", "subject_cos_bucket": T}, "My_Bucket", "subject_cos_bucket:"),
    (FUSION, {"prompt": "x", "subject_cos_key": "/a", "subject_cos_region": T}, "gz", "subject_cos_region: expected"),
    (FUSION, {**GOOD, "prompt": T}, "  ", "prompt: expected a text that is not empty, got '  '"),
    (FUSION, {**GOOD, "prompt": ["a", T]}, "", "prompt[1]: expected a text that is not empty, got ''"),
    (FUSION, {**GOOD, "random_seed": T}, "4.2", "random_seed: expected a whole number, got '4.2'"),
    (FUSION, {**GOOD, "resource_id": T}, "", "resource_id: expected a text that is not empty, got ''"),
    (FUSION, {**GOOD, "output_bucket": T}, "bucket", "output_bucket: expected a COS bucket with its APPID"),
    (FUSION, {**GOOD, "output_region": T}, "", "output_region: expected a region such as 'ap-guangzhou', got ''"),
    (FUSION, {**GOOD, "output_dir": T}, "", "output_dir: expected a COS folder"),
    (FUSION, {**GOOD, "output_dir": T}, "/a//b/", "output_dir: expected a COS folder"),
    (FUSION, {**GOOD, "output_path": T}, "/o/a.png", "output_path: expected a path that ends in .jpeg or .jpg"),
    (FUSION, {**GOOD, "format": T}, "webp", "format: expected JPEG or PNG, got 'webp'"),
    (FUSION, {**GOOD, "image_size": T}, "2048", "image_size: expected 1K or 2K or 4K, got '2048'"),
    (FUSION, {**GOOD, "quality": T}, "best", "quality: expected a whole number from 1 to 100, got 'best'"),
    (FUSION, {**GOOD, "region": T}, "Guangzhou", "region: expected a region such as"),
    (PROCESS, {"payload": {"InputInfo": T}}, "x", "payload['InputInfo']: expected the picture to work on, a dict"),
    (SENSOR, {"mps_task_id": T}, " ", "mps_task_id: expected a text that is not empty, got ' '"),
    (FETCH, {"cos_key": T, "local_path": "/tmp/a"}, "", "cos_key: expected a COS object key"),
    (FETCH, {"cos_key": "/a", "local_path": T}, "", "local_path: expected a text that is not empty"),
    (FETCH, {"cos_key": "/a", "cos_bucket": T, "local_path": "/tmp/a"}, "b", "cos_bucket: expected a COS bucket"),
    (FETCH, {"outputs": [OUTPUT], "local_dir": T}, "", "local_dir: expected a text that is not empty"),
    (FETCH, {"outputs": [{**OUTPUT, "path": T}], "local_dir": "/tmp/d"}, "/o/../../e", "stays inside local_dir"),
    (FETCH, {"outputs": T, "local_dir": "/tmp/d"}, "text", "outputs: expected a result, its Outputs"),
    (STORE, {"local_path": T, "cos_key": "/a"}, "/nowhere/a.jpg", "local_path: expected a file that exists"),
    (STORE, {"local_path": __file__, "cos_key": T}, "/folder/", "cos_key: expected a COS object key"),
]


@pytest.mark.parametrize(("operator", "arguments", "message"), WHEN_BUILT)
def test_when_the_dag_is_read(
    operator: Any, arguments: dict[str, Any], message: str, service: LocalService, conn_id: str
) -> None:
    with pytest.raises(ValueError, match=re.escape(message)) as caught:
        operator(task_id="t", **arguments)
    # A mapped operator is built in the worker, where this must not be retried.
    assert isinstance(caught.value, AirflowFailException)
    assert not service.journal


@pytest.mark.parametrize(
    ("arguments", "gone"),
    [
        ({"subject_url": URL, "prompt": T}, "prompt"),
        ({"subject_url": URL, "bg_url": T, "prompt": "x"}, "bg_url"),
        ({"subject_url": URL, "bg_cos_key": T, "prompt": "x"}, "bg_cos_key"),
        ({"subject_url": T, "prompt": "x"}, "subject_url"),
    ],
)
def test_what_renders_to_none_is_not_taken_as_not_given(
    arguments: dict[str, Any], gone: str, service: LocalService, conn_id: str
) -> None:
    """With native rendering a template may give None: a fusion would become a generation, and be paid for."""
    task = FUSION(task_id="t", **arguments)
    setattr(task, gone, None)
    with pytest.raises(InvalidArgumentError, match=f"{gone}: was given, and its template rendered to None"):
        task.execute({})  # type: ignore[typeddict-item]
    assert not service.journal


@pytest.mark.parametrize(
    "value",
    [
        "example.com/a.png?q-signature=S3CRET",
        "https://example.com/a b.png?q-sign-algorithm=sha1&q-signature=S3CRET",
        "https://example.com/a.png?x= S3CRET",
        "https://user:S3CRET@example.com /a.png",
    ],
)
def test_a_refused_address_does_not_show_its_secret(value: str, service: LocalService, conn_id: str) -> None:
    task = FUSION(task_id="t", subject_url=T, prompt="x")
    context: Any = {"params": {"value": value}}
    task.render_template_fields(context)
    with pytest.raises(InvalidArgumentError, match="subject_url: expected an http") as caught:
        task.execute(context)
    assert "S3CRET" not in str(caught.value)


def test_numbers_of_native_rendering(service: LocalService, conn_id: str) -> None:
    task = FUSION(task_id="t", subject_cos_key="/a.png", prompt=T, resource_id=T, quality=T, random_seed=T)
    task.prompt, task.resource_id, task.quality, task.random_seed = 2024, 7, 85.0, "3"
    payload = task.build_payload(StorageDefaults("b-1250000000", "ap-guangzhou"))
    assert payload["AddOnParameter"]["ExtPrompt"] == [{"Prompt": "2024"}]
    assert payload["AddOnParameter"]["OutputConfig"]["Quality"] == 85
    assert payload["ResourceId"] == "7"


@pytest.mark.parametrize("conn_id", ["", " ", "\ud800", 3, ["a"]])
def test_what_is_no_id_of_a_connection(conn_id: Any, service: LocalService) -> None:
    tasks = [FUSION(task_id="t", tencentcloud_conn_id=conn_id, **GOOD)]
    tasks += [FETCH(task_id="t", cos_key="/a", local_path="/tmp/mps-tests-never/a", tencentcloud_conn_id=conn_id)]
    tasks += [SENSOR(task_id="t", mps_task_id="t", tencentcloud_conn_id=conn_id)]
    for task in tasks:
        with pytest.raises(InvalidArgumentError, match=r"^tencentcloud_conn_id: expected the id of an Airflow"):
            execute(task, make_context())
    with pytest.raises(InvalidArgumentError, match=r"^aidge_conn_id: expected the id of an Airflow"):
        AidgeHook(conn_id)
    assert not service.journal


def test_a_schedule_id_that_is_none_is_left_to_the_service(service: LocalService, conn_id: str) -> None:
    task = PROCESS(task_id="t", payload={"InputInfo": {"Type": "URL", "UrlInputInfo": {"Url": URL}}, "ScheduleId": []})
    with pytest.raises(TencentCloudPermanentError, match="InvalidParameter"):
        execute(task, make_context())


@pytest.mark.parametrize(("operator", "arguments", "value", "message"), WHEN_RENDERED)
def test_when_the_value_is_rendered(
    operator: Any, arguments: dict[str, Any], value: Any, message: str, service: LocalService, conn_id: str
) -> None:
    task = operator(task_id="t", **arguments)
    context: Any = {"params": {"value": value}}
    task.render_template_fields(context)
    with pytest.raises(InvalidArgumentError, match=re.escape(message)) as caught:
        task.execute(context)
    assert isinstance(caught.value, AirflowFailException)
    assert not service.journal
