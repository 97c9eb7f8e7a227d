from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_mps.core.errors import ServiceError
from airflow_provider_mps.core.outcomes import Outcome, Transport
from airflow_provider_mps.services.aidge.answers import (
    Address,
    failed_task,
    read_accepted,
    read_addresses,
    read_answer,
    read_scenes,
    read_task,
    unknown_statuses,
)
from airflow_provider_mps.services.aidge.shapes import NO_SUCCESS
from airflow_provider_mps.services.aidge.words import AIDGE_NAME, AidgeAction

SIGNED = "https://oss.example/p/1.jpg?Expires=1&OSSAccessKeyId=LTAI&Signature=abcdef0123"


def ok(data: Any, **more: Any) -> dict[str, Any]:
    answer = {"code": "0", "resCode": 200, "success": True, "resMessage": "success", "requestId": "req", "data": data}
    return {**answer, **more}


def entry(*urls: str, status: str | None = "finished", scene: str = "3", message: str = "") -> dict[str, Any]:
    return {"imageUrlList": list(urls), "sceneTemplate": scene, "taskStatus": status, "taskMessage": message}


def task(*entries: dict[str, Any], status: str = "finished", **more: Any) -> dict[str, Any]:
    return ok({"taskStatus": status, "taskResult": list(entries), **more})


def error(call: Any) -> ServiceError:
    with pytest.raises(ServiceError) as caught:
        call()
    assert caught.value.service == AIDGE_NAME
    return caught.value


def test_a_submission() -> None:
    assert read_accepted("p", ok({"result": {"taskId": "t-1"}})).task_id == "t-1"
    assert read_accepted("p", ok({"result": {"taskId": 17}})).task_id == "17"
    assert read_accepted("p", ok({"taskId": "t-2"})).task_id == "t-2"
    for data in ({}, {"result": {}}, {"result": {"taskId": ""}}, {"result": None}):
        lost = error(lambda data=data: read_accepted("p", ok(data)))
        assert (lost.code, lost.outcome) == (Transport.GARBLED, Outcome.UNKNOWN)


@pytest.mark.parametrize(
    ("answer", "code", "outcome", "request_id"),
    [
        (ok(None, resCode=700, success=False, resMessage="modelNum"), "700", Outcome.REFUSED, "req"),
        (ok(None, resCode="501", success=False), "501", Outcome.NOT_EXECUTED, "req"),
        ({"resCode": 1000, "requestId": "x"}, "1000", Outcome.REFUSED, "x"),
        (ok({"result": {"taskId": "t"}}, success=False), NO_SUCCESS, Outcome.UNKNOWN, "req"),
        (ok(None, success=False), NO_SUCCESS, Outcome.UNKNOWN, "req"),
        (
            {"type": "ISV", "code": "IncompleteSignature", "message": "no", "request_id": "g"},
            "IncompleteSignature",
            Outcome.REFUSED,
            "g",
        ),
        (
            {"code": "InsufficientPermission", "message": "Sorry, your calling resources have been exhausted"},
            "QuotaExhausted",
            Outcome.REFUSED,
            "",
        ),
        ({"code": "NeverHeardOf", "msg": "new"}, "NeverHeardOf", Outcome.UNKNOWN, ""),
        ({"code": "0"}, Transport.GARBLED, Outcome.UNKNOWN, ""),
        (ok(None), Transport.GARBLED, Outcome.UNKNOWN, "req"),
        (ok("x"), Transport.GARBLED, Outcome.UNKNOWN, "req"),
        ("<html>", Transport.GARBLED, Outcome.UNKNOWN, ""),
        ([], Transport.GARBLED, Outcome.UNKNOWN, ""),
        (None, Transport.GARBLED, Outcome.UNKNOWN, ""),
    ],
)
def test_errors_of_the_service_and_of_its_gateway(answer: Any, code: str, outcome: Outcome, request_id: str) -> None:
    found = error(lambda: read_answer("/a", "p", answer))
    assert (found.code, found.outcome, found.request_id) == (code, outcome, request_id)


@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers()
        | st.text()
        | st.sampled_from(["success", "COMPLETED", "[{}]", '{"a":']),
        lambda x: (
            st.lists(x)
            | st.dictionaries(
                st.sampled_from(
                    [
                        "code",
                        "resCode",
                        "success",
                        "data",
                        "result",
                        "taskId",
                        "taskStatus",
                        "taskResult",
                        "x",
                        "Code",
                        "Success",
                        "Data",
                        "Result",
                        "TaskId",
                        "Status",
                        "Images",
                        "imageUrlList",
                        "Message",
                    ]
                ),
                x,
            )
        ),
    )
)
def test_nothing_but_an_answer_or_an_error_comes_of_any_json(answer: Any) -> None:
    for read in (read_accepted, read_task, read_scenes):
        with contextlib.suppress(ServiceError):
            read("t", answer)


@pytest.mark.parametrize("code", ["500", "501", "700", "NO_SUCCESS"])
def test_a_task_that_an_error_names_may_be_there(code: str) -> None:
    answer: dict[str, Any] = {"resCode": code, "resMessage": "later", "data": {"result": {"taskId": "T1"}}}
    if code == "NO_SUCCESS":
        answer |= {"resCode": 200, "success": False}
    with pytest.raises(ServiceError, match=r"later \(the answer names task T1\)") as caught:
        read_answer(AidgeAction.GENERATE, "a.jpg", answer)
    assert caught.value.outcome is Outcome.UNKNOWN
    with pytest.raises(ServiceError) as caught:
        read_answer(AidgeAction.QUERY, "a.jpg", answer)
    assert "names task" not in str(caught.value)


def named(data: Any = None, code: str = "success", **more: Any) -> dict[str, Any]:
    """An answer in the shape of Alibaba Cloud's documents."""
    answer = {"Code": code, "Message": "words", "RequestId": "req", "Success": code == "success"}
    return {**answer, **({} if data is None else {"Data": data}), **more}


@pytest.mark.parametrize("code", ["success", "Success", "OK", "200", 200, "", None])
def test_a_submission_in_the_named_shape(code: Any) -> None:
    for data in ({"TaskId": "t-1"}, {"taskId": "t-1"}, {"Result": {"TaskId": "t-1"}}, {"result": {"taskId": "t-1"}}):
        assert read_accepted("p", named(data, code) | {"Success": True}).task_id == "t-1"
    assert read_accepted("p", named({"Result": '{"TaskId": "t-1"}'}, code) | {"Success": True}).task_id == "t-1"
    assert read_accepted("p", named('{"TaskId": "t-1"}', code) | {"Success": True}).task_id == "t-1"


@pytest.mark.parametrize(
    ("answer", "code", "outcome"),
    [
        (named(code="FreeQuotaExhausted"), "FreeQuotaExhausted", Outcome.REFUSED),
        (named(code="Throttling.User"), "Throttling.User", Outcome.NOT_EXECUTED),
        (named(code="InputContentBlocked", data={}), "InputContentBlocked", Outcome.REFUSED),
        (named(code="ServiceNotOpened", data={"TaskId": None}), "ServiceNotOpened", Outcome.REFUSED),
        (named(code="NeverHeardOf"), "NeverHeardOf", Outcome.UNKNOWN),
        (named(code="500"), "Gateway500", Outcome.UNKNOWN),
        (named(code="Throttling", data={"TaskId": "t"}), "Throttling", Outcome.UNKNOWN),
        (named(Success=False), NO_SUCCESS, Outcome.UNKNOWN),
        (named(Success="false"), NO_SUCCESS, Outcome.UNKNOWN),
        (named(), Transport.GARBLED, Outcome.UNKNOWN),
        (named({}), Transport.GARBLED, Outcome.UNKNOWN),
    ],
)
def test_errors_in_the_named_shape(answer: Any, code: str, outcome: Outcome) -> None:
    found = error(lambda: read_accepted("p", answer))
    assert (found.code, found.outcome, found.request_id) == (code, outcome, "req")
    assert code in (NO_SUCCESS, Transport.GARBLED) or "words" in found.message


RESULTS = [
    {"ImageUrlList": ["https://a/1.jpg?sign=x"], "SceneTemplate": "3", "TaskStatus": "COMPLETED"},
    {"ImageUrlList": [], "SceneTemplate": "3", "TaskStatus": "FAILED", "TaskMessage": "too dark"},
]


@pytest.mark.parametrize(
    "data",
    [
        {"Status": "COMPLETED", "Result": json.dumps(RESULTS)},
        {"Status": "COMPLETED", "Result": json.dumps({"Images": RESULTS})},
        {"Status": "COMPLETED", "Result": RESULTS},
        {"TaskStatus": "finished", "TaskResult": RESULTS},
        {"taskStatus": "COMPLETED", "taskResult": json.dumps(RESULTS)},
    ],
)
def test_a_finished_task_in_the_named_shape(data: dict[str, Any]) -> None:
    result = read_task("t", named(data)).result
    assert result is not None
    assert result["Images"] == [
        {"url": "https://a/1.jpg", "scene": "3", "message": ""},
        {"url": None, "scene": "3", "message": "too dark"},
    ]
    assert [address.url for address in read_addresses(named(data))] == ["https://a/1.jpg?sign=x"]
    assert unknown_statuses(named(data)) == []


def test_results_without_a_list_of_addresses() -> None:
    for result in (["https://a/1.jpg"], {"imageUrls": ["https://a/1.jpg"]}, [{"ImageUrl": "https://a/1.jpg"}]):
        found = read_addresses(named({"Status": "COMPLETED", "Result": json.dumps(result)}))
        assert [address.url for address in found] == ["https://a/1.jpg"]


@pytest.mark.parametrize("status", ["QUEUED", "IN_PROGRESS", "submitted", "running"])
def test_a_task_under_way_in_the_named_shape(status: str) -> None:
    answer = named({"Status": status, "Result": None, "TaskId": "t"})
    assert str(read_task("t", answer)) == status
    assert not read_task("t", answer).done
    assert unknown_statuses(answer) == []


@pytest.mark.parametrize(
    ("result", "message"),
    [
        ("the picture is too dark", "the picture is too dark"),
        ('{"ErrorMessage": "too dark"}', "too dark"),
        (json.dumps(RESULTS), "too dark"),
        (None, ""),
        ("{not json", "{not json"),
    ],
)
def test_a_failed_task_in_the_named_shape(result: str | None, message: str) -> None:
    failure = read_task("t", named({"Status": "FAILED", "Result": result})).failure
    assert failure is not None
    assert (failure.code, failure.message) == ("failed", message)


def test_scenes_in_the_named_shape() -> None:
    listed = [{"ModelNum": "3", "Name": "Marble", "CoverUrl": SIGNED, "CategoryNameList": ["Home"]}]
    for data in (listed, {"Result": listed}, {"Result": json.dumps(listed)}, {"Scenes": listed}, json.dumps(listed)):
        assert read_scenes("", named(data)) == [
            {"id": "3", "name": "Marble", "cover": "https://oss.example/p/1.jpg", "tags": ["Home"]}
        ]


def test_both_layers_have_to_be_finished() -> None:
    done = read_task("t", task(entry("https://a/1.jpg"), entry("https://a/2.jpg", "https://a/3.jpg", status=None)))
    assert done.result == {
        "TaskId": "t",
        "Status": "finished",
        "Images": [{"url": f"https://a/{number}.jpg", "scene": "3", "message": ""} for number in (1, 2, 3)],
    }
    for waits in (
        task(entry("https://a/1.jpg"), status="processing"),
        task(entry("https://a/1.jpg"), entry(status="processing")),
        task(entry(status="failed"), entry()),
        task(entry()),
        task(),
        task(status=""),
        ok({}),
        ok({"taskStatus": None, "taskResult": None}),
    ):
        assert not read_task("t", waits).done


def test_the_end_without_a_picture_is_noted() -> None:
    for empty in (task(), task(entry()), task(entry(status="failed"), entry()), task(entry(status=None))):
        assert (str(read_task("t", empty)), read_task("t", empty).is_empty) == ("finished without a picture", True)
    for comes in (
        task(status="processing"),
        task(status=""),
        task(entry(status="lost")),
        task(entry(), entry(status="processing")),
        task(entry("https://a/1.jpg"), entry(status="queueing")),
        task(entry("https://a/1.jpg")),
        task(entry(status="failed")),
    ):
        assert not read_task("t", comes).is_empty


def test_words_that_are_not_known_decide_nothing() -> None:
    answer = task(entry("https://a/1.jpg", status="SHINY"), entry("//a/2.jpg", status=None))
    result = read_task("t", answer).result
    assert result is not None
    assert [image["url"] for image in result["Images"]] == ["https://a/1.jpg", "https://a/2.jpg"]
    # Without a picture it may be on its way.
    waits = task(entry("https://a/1.jpg"), entry(status="queueing"))
    assert not read_task("t", waits).done
    assert unknown_statuses(answer) == ["SHINY"]
    assert unknown_statuses(waits) == ["queueing"]
    assert str(read_task("t", task(entry(status="lost")))) == "finished, without a picture yet"
    for nothing in (None, [], {}, {"data": None}):
        assert unknown_statuses(nothing) == []


@pytest.mark.parametrize("word", ["success", "SUCCEEDED", "Done", "complete"])
def test_other_words_for_a_good_end(word: str) -> None:
    answer = task(entry("https://a/1.jpg", status=word), status=word)
    result = read_task("t", answer).result
    assert result is not None
    assert [image["url"] for image in result["Images"]] == ["https://a/1.jpg"]
    assert unknown_statuses(answer) == []
    assert not read_task("t", task(entry("https://a/1.jpg"), entry(status="PENDING"), status=word)).done


@pytest.mark.parametrize("word", ["FAIL", "error", "canceled", "Timeout"])
def test_other_words_for_a_bad_end(word: str) -> None:
    failure = read_task("t", task(status=word, taskMessage="too dark")).failure
    assert failure is not None
    assert (failure.code, failure.message) == ("failed", f"{word}; too dark")
    part = read_task("t", task(entry("https://a/1.jpg"), entry(status=word, message="b")))
    assert part.result is not None
    assert part.result["Images"][1] == {"url": None, "scene": "3", "message": "b"}


def test_failure_in_either_layer() -> None:
    outer = read_task("t", task(entry(status="failed", message="too dark"), status="failed", taskMessage="no"))
    assert outer.failure is not None
    assert (outer.failure.code, outer.failure.message) == ("failed", "no; too dark")
    inner = read_task("t", task(entry(status="failed", message="a"), entry(status="failed", message="b")))
    assert inner.failure is not None
    assert inner.failure.message == "a; b"
    part = read_task("t", task(entry("https://a/1.jpg"), entry("https://x/", status="failed", message="b")))
    assert part.result is not None
    assert part.result["Images"][1] == {"url": None, "scene": "3", "message": "b"}


def test_an_unknown_status_means_not_yet() -> None:
    state = read_task("t", task(status="QUEUEING_IN_SPACE"))
    assert not state.done
    assert str(state) == "QUEUEING_IN_SPACE"
    assert unknown_statuses(task(status="QUEUEING_IN_SPACE")) == ["QUEUEING_IN_SPACE"]
    for known in ("", "waiting", "PROCESSING", "running", "Finished", "failed"):
        assert unknown_statuses(task(status=known)) == []


def test_signatures_stay_out_of_the_result_and_in_the_addresses() -> None:
    answer = task(entry(SIGNED, "https://oss.example/p/2.jpg?x=1"), entry("https://x", status="failed"))
    result = read_task("t", answer).result
    assert result is not None
    assert [image["url"] for image in result["Images"]] == [
        "https://oss.example/p/1.jpg",
        "https://oss.example/p/2.jpg",
        None,
    ]
    assert read_addresses(answer) == [Address(SIGNED, "3"), Address("https://oss.example/p/2.jpg?x=1", "3")]


def test_a_code_that_ends_a_task() -> None:
    refused = error(lambda: read_task("t", ok(None, resCode=1000, success=False, resMessage="sensitive")))
    state = failed_task("t", refused)
    assert state.failure is not None
    assert (state.failure.is_final, state.failure.message) == (True, "sensitive")


def test_scenes() -> None:
    listed = {"modelNum": 3, "name": "Marble", "coverUrl": SIGNED, "categoryNameList": ["Home"], "sceneTag": "Indoor"}
    assert read_scenes("", ok({"result": [listed, {"modelNum": "4"}]})) == [
        {"id": "3", "name": "Marble", "cover": "https://oss.example/p/1.jpg", "tags": ["Home", "Indoor"]},
        {"id": "4", "name": "", "cover": "", "tags": []},
    ]
    assert read_scenes("", ok({"result": []})) == []
    for data in ([listed], {"sceneList": [listed]}):
        assert [scene["id"] for scene in read_scenes("", ok(data))] == ["3"]
    for data in ({}, {"result": None}, {"result": ["x"]}):
        assert error(lambda data=data: read_scenes("", ok(data))).code == Transport.GARBLED
