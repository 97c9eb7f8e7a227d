from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_mps.gallery.requests import request_of_fields, request_of_payload, requests_of_fields

PAYLOAD = {
    "InputInfo": {"Type": "COS", "CosInputInfo": {"Bucket": "b-1250000000", "Region": "r", "Object": "/a.png"}},
    "AddOnParameter": {
        "ImageSet": [{"Image": {"Type": "URL", "UrlInputInfo": {"Url": "https://example.com/b.png"}}}],
        "ExtPrompt": [{"Prompt": "oak"}, {"Prompt": "dusk"}],
        "OutputConfig": {"Format": "PNG", "ImageSize": "4K"},
    },
    "StdExtInfo": '{"ModelConfig":{"RandomSeed":7}}',
}
REQUEST = {
    "subject_cos_key": "/a.png",
    "subject_cos_bucket": "b-1250000000",
    "subject_cos_region": "r",
    "bg_url": "https://example.com/b.png",
    "prompt": ["oak", "dusk"],
    "format": "PNG",
    "image_size": "4K",
    "random_seed": 7,
}


@pytest.mark.parametrize("payload", [PAYLOAD, json.dumps(PAYLOAD)])
def test_a_request_body_is_read_as_arguments(payload: Any) -> None:
    assert request_of_fields({"payload": payload, "tencentcloud_conn_id": "x"}) == REQUEST


def test_arguments_without_a_value_are_left_out() -> None:
    fields = {"subject_cos_key": "/a.png", "subject_url": None, "bg_url": "", "prompt": "None", "output_dir": "/out/"}
    assert request_of_fields(fields) == {"subject_cos_key": "/a.png"}


@pytest.mark.parametrize(
    ("requests", "found"),
    [
        ([{"prompt": "a"}, {"prompt": "b"}], [{"prompt": "a"}, {"prompt": "b"}]),
        ('[{"prompt": "a"}, 7]', [{"prompt": "a"}, {}]),
        ([{"prompt": "a"}], [{}, {}]),
        ("Truncated. You can change this behaviour", [{}, {}]),
        ("cos:///requests.jsonl", [{}, {}]),
        (None, [{}, {}]),
    ],
)
def test_the_requests_of_a_batch(requests: Any, found: list[Any]) -> None:
    assert requests_of_fields({"requests": requests}, 2) == found


JSON = st.recursive(
    st.none() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(sorted(PAYLOAD)), inner, max_size=3),
    max_leaves=12,
)


@given(st.fixed_dictionaries(dict.fromkeys(PAYLOAD, JSON)) | JSON)
def test_any_request_body_is_read_as_far_as_it_goes(payload: Any) -> None:
    assert isinstance(request_of_payload(payload), dict)
