from __future__ import annotations

from typing import Any

import pytest

from airflow_provider_mps.catalogue.lines import picture_lines, plan_lines
from airflow_provider_mps.core.arguments import ArgumentError

FINGERPRINT = f"{'0' * 16}.{'1' * 16}.{'2' * 16}"
ENTRY: dict[str, Any] = {
    "TaskId": "t",
    "Status": "FINISH",
    "CreateTime": None,
    "FinishTime": None,
    "Outputs": [{"path": "/a.jpeg"}],
}
MAKE: dict[str, Any] = {
    "item": "cup-17/white",
    "sku": "cup-17",
    "look": "white",
    "service": "mps",
    "action": "make",
    "why": "new",
    "request": {"subject_cos_key": "/cup.png", "prompt": "white"},
    "fingerprint": FINGERPRINT,
    "publish_to": "cos://shop-1250000000/cup-17/white.jpeg",
    "was": None,
}
PUBLISH = {**MAKE, "action": "publish", "why": "made before, not published", "entry": ENTRY}
UNPUBLISH = {
    **{name: value for name, value in MAKE.items() if name not in ("request", "fingerprint", "publish_to")},
    "action": "unpublish",
    "why": "removed",
    "was": "cos://shop-1250000000/cup-17/white.jpeg",
}


def test_lines_of_every_action_are_read() -> None:
    plan = [MAKE, PUBLISH, UNPUBLISH, {**MAKE, "fingerprint": f"{'0' * 16}.-.{'2' * 16}"}]
    assert list(plan_lines(plan, "/plan.jsonl")) == plan
    pictures = [
        {**MAKE, "entry": ENTRY},
        {**MAKE, "entry": {**ENTRY, "Outputs": [], "Error": {"Code": "InvalidParameter"}}},
        PUBLISH,
        UNPUBLISH,
    ]
    assert list(picture_lines(pictures, "/pictures.jsonl")) == pictures


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"item": ""}, "item is no text"),
        ({"sku": 7}, "sku is no text"),
        ({"look": None}, "look is no text"),
        ({"action": "paint"}, "action is 'paint' and none of make, publish, unpublish"),
        ({"action": []}, "action is [] and none of make, publish, unpublish"),
        ({"service": "midjourney"}, "service is 'midjourney'"),
        ({"why": "because"}, "why is 'because'"),
        ({"was": 7}, "was is no address"),
        ({"request": "x"}, "request is no object"),
        ({"fingerprint": "abc"}, "fingerprint is none of this version"),
        ({"publish_to": "/cup.jpeg"}, "publish_to is no address of COS"),
        ({"action": "publish"}, "entry is no result"),
        ({"action": "unpublish"}, "was is missing"),
        ({"entry": {"Outputs": [], "Error": "x"}}, "an Error without a Code"),
        ({"would": "make"}, "it is of a dry run"),
    ],
)
def test_a_line_that_is_none_of_a_plan_is_named(change: dict[str, Any], why: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        list(plan_lines([MAKE, {**MAKE, **change}], "cos://shop-1250000000/runs/plan.jsonl"))
    assert str(caught.value).startswith("cos://shop-1250000000/runs/plan.jsonl, line 2: ")
    assert why in str(caught.value)


def test_pictures_need_what_came_of_them() -> None:
    with pytest.raises(ArgumentError, match=r"/p\.jsonl, line 1: it has no entry, so this is a plan"):
        list(picture_lines([MAKE], "/p.jsonl"))
