"""MPS: validation, the life of a task, the list, the limits."""

from __future__ import annotations

import io
import json
import logging
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException
from tencentcloud.mps.v20190612 import models

from tests.whole import examples


def refusal(clients: Any, action: str, body: dict[str, Any]) -> TencentCloudSDKException:
    with pytest.raises(TencentCloudSDKException) as caught:
        clients.call(action, body)
    return caught.value


def put(body: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """Set, or with ``...`` remove, a field of a copy of ``body`` by its dotted path."""
    body = json.loads(json.dumps(body))
    at: Any = body
    *parents, last = path.split(".")
    for name in parents:
        at = at[int(name)] if isinstance(at, list) else at.setdefault(name, {})
    if value is ...:
        del at[last]
    elif isinstance(at, list):
        at[int(last)] = value
    else:
        at[last] = value
    return body


URL = {"Type": "URL", "UrlInputInfo": {"Url": "http://127.0.0.1/x.png"}}


@pytest.mark.parametrize(
    ("path", "value", "code", "named"),
    [
        ("Color", 1, "UnknownParameter", "Color"),
        ("InputInfo.CosInputInfo.Objekt", "/x", "UnknownParameter", "InputInfo.CosInputInfo.Objekt"),
        ("AddOnParameter.ImageSet", [{"Imag": URL}], "UnknownParameter", "AddOnParameter.ImageSet.0.Imag"),
        ("AddOnParameter.OutputConfig.Size", "2K", "UnknownParameter", "AddOnParameter.OutputConfig.Size"),
        ("ImageTask", {"ImageQualityConfig": {"Attributes": ["Beauty"]}}, "InvalidParameterValue", "Attributes.0"),
        ("ImageTask", {"ImageQualityConfig": {"Attributes": []}}, "InvalidParameterValue", "Attributes"),
        ("ImageTask", {"ImageQualityConfig": {"Attributes": "IQA"}}, "InvalidParameter", "Attributes"),
        ("ImageTask", {"ImageQualityConfig": {}}, "MissingParameter", "ImageTask.ImageQualityConfig.Attributes"),
        (
            "ImageTask",
            {"ImageQualityConfig": {"Attribute": ["IQA"]}},
            "UnknownParameter",
            "ImageQualityConfig.Attribute",
        ),
        ("InputInfo", ..., "MissingParameter", "InputInfo"),
        ("InputInfo", None, "MissingParameter", "InputInfo"),
        ("InputInfo.Type", ..., "MissingParameter", "InputInfo.Type"),
        ("InputInfo.CosInputInfo.Bucket", ..., "MissingParameter", "InputInfo.CosInputInfo.Bucket"),
        ("InputInfo.CosInputInfo", ..., "MissingParameter", "InputInfo.CosInputInfo"),
        ("InputInfo.Type", "URL", "MissingParameter", "InputInfo.UrlInputInfo"),
        ("ScheduleId", ..., "MissingParameter", "ScheduleId"),
        ("OutputStorage.CosOutputStorage", ..., "MissingParameter", "OutputStorage.CosOutputStorage"),
        ("ScheduleId", "30060", "InvalidParameter", "ScheduleId"),
        ("StdExtInfo", {"ModelConfig": {"RandomSeed": 1}}, "InvalidParameter", "StdExtInfo"),
        ("AddOnParameter.OutputConfig.Quality", "80", "InvalidParameter", "AddOnParameter.OutputConfig.Quality"),
        ("AddOnParameter.OutputConfig.Quality", True, "InvalidParameter", "AddOnParameter.OutputConfig.Quality"),
        ("AddOnParameter.ExtPrompt", "marble", "InvalidParameter", "AddOnParameter.ExtPrompt"),
        ("InputInfo.Type", "FTP", "InvalidParameterValue", "InputInfo.Type"),
        ("InputInfo.CosInputInfo.Object", "x.png", "InvalidParameterValue", "InputInfo.CosInputInfo.Object"),
        ("AddOnParameter.OutputConfig.Format", "WEBP", "InvalidParameterValue", "AddOnParameter.OutputConfig.Format"),
        ("AddOnParameter.OutputConfig.Format", "jpeg", "InvalidParameterValue", "AddOnParameter.OutputConfig.Format"),
        ("AddOnParameter.OutputConfig.ImageSize", "3K", "InvalidParameterValue", "ImageSize"),
        ("AddOnParameter.OutputConfig.Quality", 0, "InvalidParameterValue", "Quality"),
        ("AddOnParameter.OutputConfig.Quality", 101, "InvalidParameterValue", "Quality"),
        ("AddOnParameter.ImageSet", [{"Image": URL}] * 2, "InvalidParameterValue", "AddOnParameter.ImageSet"),
        (
            "AddOnParameter.ImageSet",
            [{"Image": {"Type": "URL", "UrlInputInfo": {"Url": "x"}}}],
            "InvalidParameterValue",
            "Url",
        ),
        ("AddOnParameter.ExtPrompt", ..., "InvalidParameterValue", "AddOnParameter.ExtPrompt"),
        ("AddOnParameter.ExtPrompt", [{"Prompt": "  "}], "InvalidParameterValue", "AddOnParameter.ExtPrompt"),
        ("StdExtInfo", "{", "InvalidParameterValue", "StdExtInfo"),
        ("StdExtInfo", "{}", "InvalidParameterValue", "RandomSeed"),
        ("StdExtInfo", '{"ModelConfig": {"RandomSeed": "1"}}', "InvalidParameterValue", "RandomSeed"),
        ("StdExtInfo", '{"ModelConfig": {"RandomSeed": true}}', "InvalidParameterValue", "RandomSeed"),
        ("OutputDir", "relative/", "InvalidParameterValue", "OutputDir"),
        ("OutputPath", "no-extension", "InvalidParameterValue", "OutputPath"),
        ("OutputPath", "/a/../../b.png", "InvalidParameterValue", "OutputPath"),
        ("OutputStorage.CosOutputStorage.Bucket", "no-1250000000", "ResourceNotFound.CosBucketNotExist", "no-125"),
        ("OutputStorage.CosOutputStorage.Region", "ap-beijing", "ResourceNotFound.CosBucketNotExist", "ap-beijing"),
        ("InputInfo.Type", "VOD", "UnsupportedOperation", "InputInfo.Type"),
    ],
)
def test_a_broken_request_is_refused(clients: Any, path: str, value: Any, code: str, named: str) -> None:
    error = refusal(clients, "ProcessImage", put(clients.payload(), path, value))
    assert error.code == code
    assert named in error.message
    assert clients.service.calls("ProcessImage")[0].code == code
    assert clients.service.accepted("ProcessImage") == []


@settings(max_examples=examples(40), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.text(min_size=1, max_size=20), value=st.one_of(st.none(), st.integers(), st.text(max_size=5)))
def test_no_unknown_field_passes(clients: Any, name: str, value: Any) -> None:
    known = set(models.ProcessImageRequest()._serialize(allow_none=True))
    if name not in known:
        assert refusal(clients, "ProcessImage", {**clients.payload(), name: value}).code == "UnknownParameter"


def test_every_documented_field_is_known(service: Any) -> None:
    from airflow_provider_mps.local.tencentcloud import schemas

    for ours, theirs in {
        schemas.ProcessImageRequest: models.ProcessImageRequest,
        schemas.MediaInputInfo: models.MediaInputInfo,
        schemas.CosInput: models.CosInputInfo,
        schemas.UrlInput: models.UrlInputInfo,
        schemas.S3Input: models.S3InputInfo,
        schemas.VodInput: models.VODInputInfo,
        schemas.TaskOutputStorage: models.TaskOutputStorage,
        schemas.CosOutput: models.CosOutputStorage,
        schemas.S3Output: models.S3OutputStorage,
        schemas.VodOutput: models.VODOutputStorage,
        schemas.AddOn: models.AddOnParameter,
        schemas.AddOnImageInput: models.AddOnImageInput,
        schemas.ImageProcessPrompt: models.ImageProcessPrompt,
        schemas.ImageProcessOutputConfig: models.ImageProcessOutputConfig,
        schemas.DescribeImageTaskDetailRequest: models.DescribeImageTaskDetailRequest,
        schemas.DescribeImageTasksRequest: models.DescribeImageTasksRequest,
    }.items():
        assert set(ours.model_fields) == set(theirs()._serialize(allow_none=True))


@pytest.mark.filterwarnings("error::UserWarning")
def test_the_life_of_a_task_through_the_typed_client(make_service: Any, clients_for: Any, clock: Any) -> None:
    service = make_service(task_seconds=10, rate_limit=0, clock=clock)
    clients = clients_for(service)
    clock.frozen = float(int(clock()))
    typed = clients.typed()
    request = models.ProcessImageRequest()
    request.from_json_string(json.dumps(clients.payload()))
    task_id = typed.ProcessImage(request).TaskId
    account, kind, number = task_id.split("-")
    assert (account, kind, len(number)) == ("2600000000", "WorkflowTask", 32)

    ask = models.DescribeImageTaskDetailRequest()
    ask.TaskId = task_id
    begin = clock.frozen
    detail = typed.DescribeImageTaskDetail(ask)
    assert (detail.Status, detail.ImageProcessTaskResultSet, detail.FinishTime) == ("WAITING", None, None)
    assert detail.CreateTime == datetime.fromtimestamp(begin, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    progress = []
    for seconds in (3, 5, 9):
        clock.frozen = begin + seconds
        detail = typed.DescribeImageTaskDetail(ask)
        assert detail.Status == "PROCESSING"
        [result] = detail.ImageProcessTaskResultSet
        assert (result.Status, result.Output) == ("PROCESSING", None)
        progress.append(result.Progress)
    assert progress == sorted(set(progress))
    assert progress[-1] < 100

    clock.frozen = begin + 10
    clients.finished(task_id)
    detail = typed.DescribeImageTaskDetail(ask)
    assert (detail.Status, detail.ErrCode, detail.ErrMsg, detail.Message) == ("FINISH", 0, "", "")
    [result] = detail.ImageProcessTaskResultSet
    assert (result.Status, result.ErrMsg, result.Progress) == ("SUCCESS", "", 100)
    assert result.Output.Path == "/output/bgfusion/coffee.jpeg"
    assert result.Output.OutputStorage.CosOutputStorage.Bucket == service.bucket
    assert detail.FinishTime == datetime.fromtimestamp(begin + 10, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert detail.InputInfo.CosInputInfo.Object == "/samples/coffee.png"

    clock.frozen = begin + 8 * 24 * 3600
    assert service.backend.tasks.find("2600000000", task_id) is None


def test_the_result_is_the_asked_picture(make_service: Any, clients_for: Any) -> None:
    clients = clients_for(make_service(small_pictures=False))
    detail = clients.run()
    picture = Image.open(io.BytesIO(clients.result(detail)))
    assert picture.format == "JPEG"
    assert max(picture.size) == 1024
    payload = clients.payload(OutputPath="again.{format}")
    payload["AddOnParameter"]["OutputConfig"] = {"Format": "PNG", "ImageSize": "1K"}
    payload["AddOnParameter"]["ImageSet"] = [{"Image": clients.cos_input("/samples/brick.png")}]
    detail = clients.finished(clients.call("ProcessImage", payload)["TaskId"])
    assert detail["ImageProcessTaskResultSet"][0]["Output"]["Path"] == "/output/bgfusion/again.png"
    assert Image.open(io.BytesIO(clients.result(detail))).format == "PNG"


def test_the_signed_url_works_when_dialled(clients: Any) -> None:
    detail = clients.run()
    url = httpx.URL(detail["ImageProcessTaskResultSet"][0]["Output"]["SignedUrl"])
    service = clients.service
    direct = url.copy_with(scheme="http", host=service.host, port=service.port)
    answer = httpx.get(direct, headers={"Host": url.host})
    assert answer.status_code == 200
    assert answer.content == clients.result(detail)
    forged = str(direct).replace("q-signature=", "q-signature=0")
    assert httpx.get(forged, headers={"Host": url.host}).status_code == 403


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({}, "/output/bgfusion/coffee.jpeg"),
        ({"OutputDir": "/a/b/"}, "/a/b/coffee.jpeg"),
        ({"OutputDir": "/a/b"}, "/a/b/coffee.jpeg"),
        ({"OutputDir": "/a/", "OutputPath": "x/{inputName}_new.{format}"}, "/a/x/coffee_new.jpeg"),
        ({"OutputDir": "/a/", "OutputPath": "/z/y.jpg"}, "/z/y.jpg"),
        ({"ScheduleId": 30000, "AddOnParameter": None}, "/samples/coffee.jpeg"),
        (
            {"ScheduleId": None, "AddOnParameter": None, "ImageTask": {"EncodeConfig": {"Format": "PNG"}}},
            "/samples/coffee.jpeg",
        ),
    ],
)
def test_where_results_go(clients: Any, fields: dict[str, Any], path: str) -> None:
    detail = clients.run(**fields)
    assert detail["ImageProcessTaskResultSet"][0]["Output"]["Path"] == path
    assert clients.service.object_exists(clients.service.bucket, path)


def test_a_url_is_fetched_when_the_task_runs(clients: Any) -> None:
    url = {"Type": "URL", "UrlInputInfo": {"Url": f"{clients.service.url}/_local/samples/coffee.png"}}
    detail = clients.run(InputInfo=url)
    assert detail["ErrMsg"] == ""
    assert detail["ImageProcessTaskResultSet"][0]["Output"]["Path"] == "/output/bgfusion/coffee.jpeg"


@pytest.mark.parametrize("case", ["no object", "no bucket", "no picture", "no page", "no server"])
def test_a_bad_input_shows_when_the_task_has_run(clients: Any, case: str) -> None:
    service = clients.service
    service.put_object(service.bucket, "/text.png", b"no picture")
    info = {
        "no object": clients.cos_input("/nowhere.png"),
        "no bucket": clients.cos_input("/x.png", "nobody-1250000000"),
        "no picture": clients.cos_input("/text.png"),
        "no page": {"Type": "URL", "UrlInputInfo": {"Url": f"{service.url}/_local/samples/x.png?token=hidden"}},
        "no server": {"Type": "URL", "UrlInputInfo": {"Url": "http://127.0.0.1:9/x.png"}},
    }[case]
    detail = clients.run(InputInfo=info)
    assert detail["Status"] == "FINISH"
    assert detail["ErrCode"] != 0
    assert detail["ErrMsg"]
    assert detail["Message"]
    assert "hidden" not in detail["Message"]
    assert detail["ImageProcessTaskResultSet"] is None


def test_the_same_seed_gives_the_same_picture(clients: Any) -> None:
    def run(seed: int | None, path: str) -> bytes:
        extra = {} if seed is None else {"StdExtInfo": json.dumps({"ModelConfig": {"RandomSeed": seed}})}
        data: bytes = clients.result(clients.run(OutputPath=path, **extra))
        return data

    assert run(42, "a.jpeg") == run(42, "b.jpeg")
    assert run(42, "c.jpeg") != run(43, "d.jpeg")
    assert run(None, "e.jpeg") != run(None, "f.jpeg")


def test_a_task_is_its_accounts_own(clients: Any) -> None:
    task_id = clients.submit()
    other = clients.common(clients.credential(("AKIDother", "other-key")))
    with pytest.raises(TencentCloudSDKException) as caught:
        other.call_json("DescribeImageTaskDetail", {"TaskId": task_id})
    assert caught.value.code == "InvalidParameterValue.TaskId"


def listed(clients: Any, **body: Any) -> models.DescribeImageTasksResponse:
    request = models.DescribeImageTasksRequest()
    request.from_json_string(json.dumps(body))
    return clients.typed().DescribeImageTasks(request)


def test_tasks_are_listed_page_by_page(
    make_service: Any, clients_for: Any, clock: Any, caplog: pytest.LogCaptureFixture
) -> None:
    service = make_service(task_seconds=0, rate_limit=0, clock=clock)
    clients = clients_for(service)
    clock.frozen = float(int(clock()))
    begin = clock.frozen
    ids = []
    for second in range(7):
        clock.frozen = begin + second
        ids.append(clients.submit())
    service.add_fault(kind="task_fail", times=1)
    service.add_fault(kind="task_seconds", seconds=1000, match="slow.png")
    clock.frozen = begin + 7
    failed = clients.submit()
    slow = clients.submit(InputInfo=clients.cos_input("/slow.png"))
    for task_id in [*ids, failed]:
        clients.finished(task_id)

    seen: list[str] = []
    token = ""
    pages = 0
    while True:
        page = listed(clients, Status="FINISH", Limit=3, ScrollToken=token)
        assert page.TotalCount == 8
        seen += [task.TaskId for task in page.TaskSet]
        pages += 1
        token = page.ScrollToken
        if not token:
            break
    assert pages == 3
    assert seen == [failed, *reversed(ids)]
    assert "fileds are useless" not in caplog.text

    [running] = listed(clients, Status="PROCESSING").TaskSet
    assert (running.TaskId, running.Status, running.FinishTime, running.SubTaskHasFailed) == (
        slow,
        "PROCESSING",
        None,
        False,
    )
    assert running.Input.endswith("/slow.png")
    assert [task.TaskId for task in listed(clients, Status="FINISH", SubTaskHasFailed=True).TaskSet] == [failed]
    assert len(listed(clients, Status="FINISH", SubTaskHasFailed=False).TaskSet) == 7

    def text(moment: float) -> str:
        return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    window = listed(clients, Status="FINISH", StartTime=text(begin + 2), EndTime=text(begin + 4))
    assert [task.TaskId for task in window.TaskSet] == ids[4:1:-1]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "MissingParameter"),
        ({"Status": "WAITING"}, "InvalidParameterValue"),
        ({"Status": "FINISH", "Limit": 0}, "InvalidParameterValue"),
        ({"Status": "FINISH", "Limit": 101}, "InvalidParameterValue"),
        ({"Status": "FINISH", "StartTime": "yesterday"}, "InvalidParameterValue"),
        ({"Status": "FINISH", "ScrollToken": "nonsense"}, "InvalidParameterValue"),
        ({"Status": "FINISH", "Offset": 1}, "UnknownParameter"),
    ],
)
def test_bad_list_requests_are_refused(clients: Any, body: dict[str, Any], code: str) -> None:
    assert refusal(clients, "DescribeImageTasks", body).code == code


def test_the_typed_models_know_every_field(clients: Any, caplog: pytest.LogCaptureFixture, recwarn: Any) -> None:
    with caplog.at_level(logging.WARNING):
        detail = models.DescribeImageTaskDetailResponse()
        detail._deserialize(clients.run())
        page = models.DescribeImageTasksResponse()
        page._deserialize(clients.call("DescribeImageTasks", {"Status": "FINISH"}))
    assert not [one for one in recwarn if "useless" in str(one.message)]
    assert "useless" not in caplog.text


def test_calls_beyond_the_limit_are_refused(make_service: Any, clients_for: Any, clock: Any) -> None:
    service = make_service(rate_limit={"*": 20, "DescribeImageTasks": 2}, clock=clock)
    clients = clients_for(service)
    clock.frozen = float(int(clock()))
    task_id = clients.submit()
    for _ in range(20):
        clients.detail(task_id)
    error = refusal(clients, "DescribeImageTaskDetail", {"TaskId": task_id})
    assert error.code == "RequestLimitExceeded"
    assert "equals to `21` in a second, which exceeds the frequency limit `20` for a second" in error.message
    # Each action has a window of its own.
    for _ in range(2):
        clients.call("DescribeImageTasks", {"Status": "FINISH"})
    assert "limit `2`" in refusal(clients, "DescribeImageTasks", {"Status": "FINISH"}).message
    clock.frozen += 1
    clients.detail(task_id)
    assert len(service.calls("DescribeImageTaskDetail")) == 22
    assert len(service.accepted("DescribeImageTaskDetail")) == 21
    assert [record.code for record in service.calls("DescribeImageTaskDetail")][20] == "RequestLimitExceeded"


def quality(*attributes: str) -> dict[str, Any]:
    fields = {"ScheduleId": None, "AddOnParameter": None, "OutputStorage": None}
    return {**fields, "ImageTask": {"ImageQualityConfig": {"Attributes": list(attributes)}}}


def test_scores_of_a_picture_are_a_text_without_a_path(clients: Any) -> None:
    before = [info.key for info in clients.service.backend.store.all(clients.service.bucket)]
    detail = clients.run(**quality("IQA", "Brightness"))
    [entry] = detail["ImageProcessTaskResultSet"]
    assert entry["Output"]["Path"] is None
    scores = json.loads(entry["Output"]["Content"])
    assert set(scores) == {"IQA", "Brightness"}
    assert all(0 < score < 100 for score in scores.values())
    assert detail["ImageTask"] == {"ImageQualityConfig": {"Attributes": ["IQA", "Brightness"]}}
    assert [info.key for info in clients.service.backend.store.all(clients.service.bucket)] == before


def test_a_wrong_text(clients: Any) -> None:
    clients.service.add_fault(kind="wrong_text", body="I cannot say.", times=1)
    [entry] = clients.run(**quality("IQA"))["ImageProcessTaskResultSet"]
    assert entry["Output"]["Content"] == "I cannot say."
    with pytest.raises(ValueError, match="has no option"):
        clients.service.add_fault(kind="wrong_text", shows="blank")
