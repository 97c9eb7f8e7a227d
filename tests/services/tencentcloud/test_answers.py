from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_mps.services.tencentcloud.answers import parse_task_detail

TASK = "2600000000-WorkflowTask-1"
SIGNED = "https://b-125.cos.ap-guangzhou.myqcloud.com/o/a.jpeg?q-sign-algorithm=sha1&q-signature=secret"


def entry(**changes: Any) -> dict[str, Any]:
    output = {
        "Path": "/o/a b.jpeg",
        "OutputStorage": {"Type": "COS", "CosOutputStorage": {"Bucket": "b-125", "Region": "ap-guangzhou"}},
        "SignedUrl": SIGNED,
    }
    return {"Status": "SUCCESS", "ErrMsg": "", "Message": "", "Progress": 100, "Output": output, **changes}


def detail(**changes: Any) -> dict[str, Any]:
    return {
        "Status": "FINISH",
        "ErrCode": 0,
        "ErrMsg": "",
        "Message": "",
        "CreateTime": "2026-01-01T00:00:00Z",
        "FinishTime": "2026-01-01T00:00:05Z",
        "ImageProcessTaskResultSet": [entry()],
        "RequestId": "r",
        **changes,
    }


def test_good_result() -> None:
    state = parse_task_detail(TASK, detail())
    assert state.result == {
        "TaskId": TASK,
        "Status": "FINISH",
        "CreateTime": "2026-01-01T00:00:00Z",
        "FinishTime": "2026-01-01T00:00:05Z",
        "Outputs": [
            {
                "bucket": "b-125",
                "region": "ap-guangzhou",
                "path": "/o/a b.jpeg",
                "cos_uri": "cos://b-125/o/a b.jpeg",
                "url": "https://b-125.cos.ap-guangzhou.myqcloud.com/o/a%20b.jpeg",
            }
        ],
    }
    assert "q-signature" not in json.dumps(state.result)


@pytest.mark.parametrize("word", ["SUCCESS", "Success ", "ok"])
def test_a_word_for_no_error_is_none(word: str) -> None:
    """A retry would pay for a second picture."""
    state = parse_task_detail(TASK, detail(ErrMsg=word, ImageProcessTaskResultSet=[entry(ErrMsg=word)]))
    assert state.result is not None
    for failed in (detail(ErrMsg=word, ErrCode=40000), detail(ErrMsg=word, Status="FAIL")):
        assert parse_task_detail(TASK, failed).failure is not None


def test_a_path_that_cannot_be_encoded_is_a_result_too() -> None:
    output = {**entry()["Output"], "Path": "/o/\ud800.jpeg"}
    state = parse_task_detail(TASK, detail(ImageProcessTaskResultSet=[entry(Output=output)]))
    assert state.result is not None


@pytest.mark.parametrize(
    "changes",
    [
        {"Status": None},
        {"Status": "WAITING"},
        {"Status": "PROCESSING"},
        {"Status": "SOMETHING_NEW"},
        {"ImageProcessTaskResultSet": None},
        {"ImageProcessTaskResultSet": []},
        {"ImageProcessTaskResultSet": [entry(Status="PROCESSING")]},
        {"ImageProcessTaskResultSet": [entry(Status=None, Output=None)]},
        {"ImageProcessTaskResultSet": [entry(), entry(Status="PROCESSING")]},
        # While it runs, an ErrMsg of one picture is not yet the end.
        {"Status": "PROCESSING", "ImageProcessTaskResultSet": [entry(Status="FAIL", ErrMsg="InternalError")]},
    ],
)
def test_not_yet(changes: dict[str, Any]) -> None:
    assert not parse_task_detail(TASK, detail(**changes)).done


@pytest.mark.parametrize("word", ["", "FINISH", "Success", "DONE", "SOMETHING_NEW"])
@pytest.mark.parametrize("top", ["FINISH", "finish", "FINISHED", "SUCCESS"])
def test_a_picture_without_an_error_is_one_whatever_the_inner_word(top: str, word: str) -> None:
    state = parse_task_detail(TASK, detail(Status=top, ImageProcessTaskResultSet=[entry(Status=word)]))
    assert state.result is not None


@pytest.mark.parametrize("entries", [None, []])
def test_the_end_without_a_result_is_noted(entries: Any) -> None:
    state = parse_task_detail(TASK, detail(FinishTime="2026-01-01T00:00:10Z", ImageProcessTaskResultSet=entries))
    assert (state.done, state.is_empty, state.empty_since) == (False, True, 1767225610.0)
    unknown = parse_task_detail(TASK, detail(FinishTime=None, ImageProcessTaskResultSet=entries))
    assert (unknown.is_empty, unknown.empty_since) == (False, None)


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"ErrMsg": "InvalidInput", "ErrCode": 70001, "Message": "no such file"}, "70001 InvalidInput: no such file"),
        ({"ErrMsg": "InternalError"}, "InternalError"),
        ({"ErrCode": 30000}, "30000"),
        ({"ErrMsg": "X", "ImageProcessTaskResultSet": None}, "X"),
        ({"ImageProcessTaskResultSet": [entry(ErrMsg="InnerError", Message="bad pixel")]}, "InnerError: bad pixel"),
        ({"ImageProcessTaskResultSet": [entry(), entry(Status="FAIL")]}, "FAIL"),
        ({"Status": "PROCESSING", "ErrMsg": "InternalError", "ErrCode": 70000}, "70000 InternalError"),
        ({"Status": "FAIL", "ErrMsg": "InvalidInput"}, "InvalidInput"),
        ({"Status": "failed", "Message": "the model broke"}, "failed: the model broke"),
        ({"Status": "FAILED", "ImageProcessTaskResultSet": [entry(Status="FAIL", ErrMsg="Inner")]}, "Inner"),
        ({"Status": "CANCELLED", "ImageProcessTaskResultSet": None}, "CANCELLED"),
        ({"ImageProcessTaskResultSet": [entry(Status="failed")]}, "FAIL"),
        ({"Message": f"cannot read {SIGNED}", "ErrMsg": "X"}, "X: cannot read https://b-125.cos"),
    ],
)
def test_finish_is_not_success(changes: dict[str, Any], text: str) -> None:
    state = parse_task_detail(TASK, detail(**changes))
    assert state.done
    assert state.result is None
    assert str(state.failure).startswith(text)
    assert "q-signature" not in str(state.failure)


def test_an_output_without_a_file_is_kept() -> None:
    text = entry(Output={"Content": "a red cup", "Path": None})
    state = parse_task_detail(TASK, detail(ImageProcessTaskResultSet=[text]))
    assert state.result is not None
    assert state.result["Outputs"] == [
        {"bucket": "", "region": "", "path": "", "cos_uri": None, "url": None, "content": "a red cup"}
    ]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)


@given(
    status=st.sampled_from(["WAITING", "PROCESSING", "FINISH", None, ""]),
    err_msg=st.sampled_from(["", None, "InternalError"]),
    inner=st.lists(
        st.fixed_dictionaries(
            {
                "Status": st.sampled_from(["SUCCESS", "FAIL", "PROCESSING", None]),
                "ErrMsg": st.sampled_from(["", None, "Inner"]),
                "Progress": st.one_of(st.none(), st.integers(0, 100)),
                "Output": st.one_of(st.none(), st.just(entry()["Output"])),
            }
        ),
        max_size=3,
    ),
)
def test_success_needs_every_sign_of_it(status: Any, err_msg: Any, inner: list[dict[str, Any]]) -> None:
    state = parse_task_detail(TASK, detail(Status=status, ErrMsg=err_msg, ImageProcessTaskResultSet=inner))
    bad = bool(err_msg) or status == "FAIL" or any(item["ErrMsg"] or item["Status"] == "FAIL" for item in inner)
    if state.result is not None:
        assert status == "FINISH"
        assert not bad
        assert inner
        assert all(item["Status"] in ("SUCCESS", None) for item in inner)
        json.dumps(state.result)
    if state.failure is not None:
        assert bad


@given(st.dictionaries(st.sampled_from(list(detail())), json_values))
def test_no_answer_makes_the_parser_stumble(answer: dict[str, Any]) -> None:
    state = parse_task_detail(TASK, answer)
    assert not (state.result and state.failure)
