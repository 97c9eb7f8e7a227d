"""What is asked about a picture, and what is read of an answer whose form nobody has written down."""

from __future__ import annotations

import json
import math
import warnings
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_mps.core.airflow_task import TaskKey
from airflow_provider_mps.core.fingerprint import fingerprint_of
from airflow_provider_mps.core.tasks import TaskState
from airflow_provider_mps.services.tencentcloud.answers import parse_task_detail
from airflow_provider_mps.services.tencentcloud.lookup import match_ours
from airflow_provider_mps.services.tencentcloud.outputs import expected_output, unique_output
from airflow_provider_mps.services.tencentcloud.quality import (
    asked_of,
    kept_answer,
    quality_payload,
    read_scores,
    texts_of,
)
from airflow_provider_mps.services.tencentcloud.words import QualityAttribute

IQA, SHARPNESS = QualityAttribute.IQA, QualityAttribute.SHARPNESS
PAYLOAD = quality_payload("shop-1250000000", "ap-guangzhou", "/out/cup.jpeg", [SHARPNESS, IQA])


def test_the_typed_models_take_it_without_a_warning() -> None:
    from tencentcloud.mps.v20190612 import models

    request = models.ProcessImageRequest()
    with warnings.catch_warnings():
        # They warn of "fileds are useless" for each that they do not know.
        warnings.simplefilter("error", UserWarning)
        request.from_json_string(json.dumps(PAYLOAD))
    assert request.ImageTask.ImageQualityConfig.Attributes == ["IQA", "Sharpness"]
    assert request.InputInfo.CosInputInfo.Object == "/out/cup.jpeg"
    assert request.OutputStorage is None


def detail(**fields: Any) -> dict[str, Any]:
    output = {"Path": None, "OutputStorage": None, "SignedUrl": None, "Content": '{"IQA": 61}', "FileId": None}
    entry = {"Status": "SUCCESS", "ErrMsg": "", "Message": "", "Progress": 100, "Output": output}
    said = {"ImageTask": {"EncodeConfig": None, **PAYLOAD["ImageTask"]}, "InputInfo": PAYLOAD["InputInfo"]}
    return {"Status": "FINISH", "ErrCode": 0, "ErrMsg": "", "ImageProcessTaskResultSet": [entry], **said, **fields}


def test_a_task_is_known_by_what_it_was_asked() -> None:
    assert unique_output(PAYLOAD, "0" * 16) == {}
    expected = expected_output(PAYLOAD, "0" * 16)
    assert not expected.is_unique
    state = parse_task_detail("t", detail(Definition=0))
    assert state.result is not None
    assert texts_of(state.result) == '{"IQA": 61}'
    assert match_ours([state], expected, newest_wins=False) == state
    turned = {"ImageQualityConfig": {"Attributes": ["Sharpness", "IQA"]}}
    assert expected.is_of(parse_task_detail("t", detail(ImageTask=turned)))


@pytest.mark.parametrize(
    "fields",
    [
        {"ImageTask": None},
        {"InputInfo": None},
        {"ImageTask": {"ImageQualityConfig": {"Attributes": ["IQA"]}}},
        {"ImageTask": {"ImageQualityConfig": {}}},
        {"ImageTask": {"ImageQualityConfig": {"Attributes": ["Sharpness", "IQA"]}, "EncodeConfig": {}}},
        {"InputInfo": quality_payload("shop-1250000000", "ap-guangzhou", "/out/pot.jpeg", [IQA])["InputInfo"]},
        {"Definition": 7},
        {"ErrMsg": "SourceFileError"},
        {"Status": "PROCESSING"},
    ],
)
def test_another_task_is_not_taken_for_it(fields: dict[str, Any]) -> None:
    assert not expected_output(PAYLOAD, "0" * 16).is_of(parse_task_detail("t", detail(**fields)))


def test_what_makes_a_picture_is_known_by_its_path() -> None:
    assert asked_of({**PAYLOAD, "ScheduleId": 30060}) == ""
    assert asked_of({"InputInfo": PAYLOAD["InputInfo"], "ImageTask": {"EncodeConfig": {}}}) == ""
    assert asked_of({"InputInfo": PAYLOAD["InputInfo"], "ImageTask": "x"}) == ""
    state = TaskState("t", "FINISH", result={"Outputs": [{"bucket": "", "path": ""}]}, asked=asked_of(PAYLOAD))
    assert not expected_output({"ScheduleId": 30060, "InputInfo": PAYLOAD["InputInfo"]}, "0" * 16).is_of(state)


def test_a_signature_is_no_part_of_it() -> None:
    url = {"Type": "URL", "UrlInputInfo": {"Url": "https://e.com/cup.png?sign=abcdef0123456789"}}
    assert asked_of({**PAYLOAD, "InputInfo": url}) == "https://e.com/cup.png IQA,Sharpness"
    task = TaskKey("d", "t", "r", -1)
    assert fingerprint_of(task, PAYLOAD, endpoint="", region="", account="").body


@pytest.mark.parametrize(
    "text",
    [
        '{"IQA": 61.5}',
        '{"iqa": "61.5"}',
        '{"IQA_Score": 61.5}',
        '{"IQA": {"score": 61.5, "level": 3}}',
        '{"IQA": {"Value": "61.5"}}',
        '{"result": {"IQA": 61.5}, "version": 2}',
        '[{"name": "IQA", "score": 61.5}, {"name": "Sharpness", "score": 3}]',
        '{"scores": [{"Attribute": "IQA", "Value": 61.5}]}',
        '```json\n{"IQA": 61.5}\n```',
        'The picture is fine: {"IQA": 61.5}. More: {"Contrast": 4}',
        '{"result": "{\\"IQA\\": 61.5}"}',
        '{"IQA": 61.5, "again": {"IQA": 61.50}}',
        '[["x", {"IQA": 61.5}]]',
    ],
)
def test_forms_that_are_read(text: str) -> None:
    assert read_scores(text, [IQA]) == {IQA: 61.5}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "61.5",
        "IQA: 61.5",
        "{}",
        '{"IQA": null}',
        '{"IQA": true}',
        '{"IQA": "good"}',
        '{"IQA": "61.5%"}',
        '{"IQA": -1}',
        '{"IQA": NaN}',
        '{"IQA": Infinity}',
        '{"IQA": 1e999}',
        '{"IQA": 1' + "0" * 400 + "}",
        '{"IQA": [61.5]}',
        '{"score": 61.5}',
        '{"name": "IQA", "level": 61.5}',
        '{"IQA": 61.5, "IQA": 61.4}',
        '{"IQA": 61.5, "detail": {"IQA": 0.615}}',
        '{"IQA": 61.5, "detail": {"IQA": -1}}',
        '{"IQA": {"score": 61.5, "value": 3}}',
        '{"before": {"IQA": 61.5}, "after": {"IQ',
        '{"IQA": 61.5',
        "[" * 100_000,
        '{"IQA": 61.5}' + " " * 100_000,
        '"' + "\\" * 50,
    ],
)
def test_what_is_not_certain_is_not_read(text: str) -> None:
    assert read_scores(text, [IQA]) == {}


SIGN = "sign=0123456789abcdef0123456789abcdef"


@pytest.mark.parametrize(
    ("content", "kept"),
    [
        ('{"IQA": 61.5}', '{"IQA": 61.5}'),
        ({"IQA": 61.5, "评分": "好"}, '{"IQA": 61.5, "评分": "好"}'),
        ([{"name": "IQA", "score": 61.5}], '[{"name": "IQA", "score": 61.5}]'),
        (f'{{"IQA": 61.5, "picture": "https://e.com/a?{SIGN}"}}', '{"IQA": 61.5, "picture": "https://e.com/a?***"}'),
        (f"SecretKey: 0123456789abcdef01234567, {SIGN}", "SecretKey: *** sign=***"),
        # Without the address there would be one score, and with it there are two.
        (f'{{"IQA": 61.5}} https://e.com/a?{SIGN}&{{"IQA": 3}}', "(a text of 78 characters)"),
        ("a " * 10_001, "(a text of 20,002 characters)"),
    ],
)
def test_no_credential_is_kept_of_an_answer(content: Any, kept: str) -> None:
    output = {"Path": None, "Content": content}
    entries = [{"Status": "SUCCESS", "Output": output}]
    state = parse_task_detail("t", detail(ImageProcessTaskResultSet=entries))
    assert state.result is not None
    assert texts_of(state.result) == kept


@given(st.text() | st.lists(st.sampled_from(['{"IQA": 6', "}", " https://e.com/?", SIGN, ",", '"'])).map("".join))
def test_what_is_kept_of_an_answer_says_the_same_scores(text: str) -> None:
    kept = kept_answer(text)
    assert read_scores(kept, [IQA]) in (read_scores(text, [IQA]), {})


def test_each_attribute_by_itself() -> None:
    text = '{"IQA": 61, "Sharpness": "?", "Brightness": 3}'
    assert read_scores(text, [IQA, SHARPNESS]) == {IQA: 61.0}
    assert read_scores(text, []) == {}


texts = st.text(max_size=20)
leaves = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), texts, st.sampled_from(["IQA", "score", "{"]))
keys = st.sampled_from(["IQA", "Sharpness", "name", "score", "value", "x"])
trees = st.recursive(leaves, lambda part: st.lists(part, max_size=3) | st.dictionaries(keys, part, max_size=4))


@given(st.one_of(st.text(), trees.map(json.dumps), trees.map(lambda tree: f"a ```json\n{json.dumps(tree)}\n``` b")))
def test_nothing_is_raised_and_scores_are_scores(text: str) -> None:
    found = read_scores(text, list(QualityAttribute))
    assert found.keys() <= set(QualityAttribute)
    assert all(math.isfinite(score) and score >= 0 for score in found.values())


@st.composite
def answers(draw: Any) -> tuple[dict[QualityAttribute, float], str]:
    """Scores, and a text that says them in one of the forms."""
    scores = draw(st.dictionaries(st.sampled_from(list(QualityAttribute)), st.floats(0, 1e6), min_size=1))
    form = draw(st.sampled_from(["flat", "objects", "list", "inner"]))
    value: Any = {str(name): score for name, score in scores.items()}
    if form == "objects":
        value = {name: {"score": score} for name, score in value.items()}
    elif form == "list":
        value = [{"name": name, "value": score} for name, score in value.items()]
    elif form == "inner":
        value = {"data": json.dumps(value)}
    for _ in range(draw(st.integers(0, 3))):
        value = draw(st.sampled_from([{"x": value}, [value, 1], {"y": [None, value]}]))
    before, after = draw(st.sampled_from([("", ""), ("```json\n", "\n```"), ("Scores: ", " - end")]))
    return scores, before + json.dumps(value) + after


@given(answers(), st.lists(st.sampled_from(list(QualityAttribute)), unique=True))
def test_all_that_was_said_is_read_and_no_more(
    answer: tuple[dict[QualityAttribute, float], str], asked: list[QualityAttribute]
) -> None:
    scores, text = answer
    assert read_scores(text, asked) == {name: score for name, score in scores.items() if name in asked}


@given(answers(), st.data())
def test_a_part_of_an_answer_is_none(answer: tuple[dict[QualityAttribute, float], str], data: Any) -> None:
    scores, text = answer
    end = data.draw(st.integers(0, max(text.rfind("}"), text.rfind("]"))))
    assert read_scores(text[:end], list(scores)) == {}
