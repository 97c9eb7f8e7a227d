"""Every example command of the original command-line tool, as the exact request body."""

from __future__ import annotations

import json
import warnings
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_mps.core.arguments import ArgumentError
from airflow_provider_mps.services.tencentcloud.payloads import (
    BgFusion,
    Picture,
    StorageDefaults,
    check_payload,
    describe_input,
)

DEFAULTS = StorageDefaults("mps-bucket-1250000000", "ap-guangzhou")
SUBJECT = "https://example.com/product.jpg"
BACKGROUND = "https://example.com/background.jpg"

SUBJECT_INPUT = {"Type": "URL", "UrlInputInfo": {"Url": SUBJECT}}
BACKGROUND_INPUT = {"Type": "URL", "UrlInputInfo": {"Url": BACKGROUND}}


def cos_input(key: str, bucket: str = "mps-bucket-1250000000", region: str = "ap-guangzhou") -> dict[str, Any]:
    return {"Type": "COS", "CosInputInfo": {"Bucket": bucket, "Region": region, "Object": key}}


def body(input_info: dict[str, Any], add_on: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "InputInfo": input_info,
        "OutputStorage": {
            "Type": "COS",
            "CosOutputStorage": {"Bucket": "mps-bucket-1250000000", "Region": "ap-guangzhou"},
        },
        "OutputDir": "/output/bgfusion/",
        "ScheduleId": 30060,
        "AddOnParameter": {"OutputConfig": {"Format": "JPEG", "ImageSize": "2K", "Quality": 85}, **add_on},
        **more,
    }


def fusion(**arguments: Any) -> BgFusion:
    names = ("url", "cos_key", "cos_bucket", "cos_region")
    fields: dict[str, Any] = {
        "prompt": None,
        "random_seed": None,
        "resource_id": None,
        "output_bucket": None,
        "output_region": None,
        "output_dir": "/output/bgfusion/",
        "output_path": None,
        "format": "JPEG",
        "image_size": "2K",
        "quality": 85,
    }
    subject = Picture("subject", *(arguments.pop(f"subject_{name}", None) for name in names))
    background = Picture("bg", *(arguments.pop(f"bg_{name}", None) for name in names))
    return BgFusion(subject, background, **{**fields, **arguments})


EXAMPLES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "fusion": (
        {"subject_url": SUBJECT, "bg_url": BACKGROUND},
        body(SUBJECT_INPUT, {"ImageSet": [{"Image": BACKGROUND_INPUT}]}),
    ),
    "fusion with prompt": (
        {"subject_url": SUBJECT, "bg_url": BACKGROUND, "prompt": "Replace the leaves in the background with yellow"},
        body(
            SUBJECT_INPUT,
            {
                "ExtPrompt": [{"Prompt": "Replace the leaves in the background with yellow"}],
                "ImageSet": [{"Image": BACKGROUND_INPUT}],
            },
        ),
    ),
    "generation": (
        {"subject_url": SUBJECT, "prompt": "Minimalist white marble tabletop, soft natural light"},
        body(SUBJECT_INPUT, {"ExtPrompt": [{"Prompt": "Minimalist white marble tabletop, soft natural light"}]}),
    ),
    "several prompts": (
        {"subject_url": SUBJECT, "prompt": ["简约白色大理石桌面", "soft light"]},
        body(SUBJECT_INPUT, {"ExtPrompt": [{"Prompt": "简约白色大理石桌面"}, {"Prompt": "soft light"}]}),
    ),
    "subject in COS": (
        {"subject_cos_key": "/input/product.jpg", "bg_url": BACKGROUND},
        body(cos_input("/input/product.jpg"), {"ImageSet": [{"Image": BACKGROUND_INPUT}]}),
    ),
    "both in COS": (
        {"subject_cos_key": "input/product.jpg", "bg_cos_key": "/input/background.jpg"},
        body(cos_input("/input/product.jpg"), {"ImageSet": [{"Image": cos_input("/input/background.jpg")}]}),
    ),
    "other bucket and region": (
        {
            "subject_url": SUBJECT,
            "bg_cos_key": "/input/bg.jpg",
            "bg_cos_bucket": "mybucket-125xxx",
            "bg_cos_region": "ap-shanghai",
        },
        body(SUBJECT_INPUT, {"ImageSet": [{"Image": cos_input("/input/bg.jpg", "mybucket-125xxx", "ap-shanghai")}]}),
    ),
    "seed": (
        {"subject_url": SUBJECT, "prompt": "Modern minimalist living room background", "random_seed": 42},
        body(
            SUBJECT_INPUT,
            {"ExtPrompt": [{"Prompt": "Modern minimalist living room background"}]},
            StdExtInfo='{"ModelConfig":{"RandomSeed":42}}',
        ),
    ),
    "submit only": (
        {"subject_url": SUBJECT, "prompt": "Minimalist white marble tabletop"},
        body(SUBJECT_INPUT, {"ExtPrompt": [{"Prompt": "Minimalist white marble tabletop"}]}),
    ),
    "PNG 4K": (
        {"subject_url": SUBJECT, "prompt": "Outdoor lawn, sunny day", "format": "PNG", "image_size": "4K"},
        body(
            SUBJECT_INPUT,
            {
                "OutputConfig": {"Format": "PNG", "ImageSize": "4K", "Quality": 85},
                "ExtPrompt": [{"Prompt": "Outdoor lawn, sunny day"}],
            },
        ),
    ),
    "path and resource": (
        {
            "subject_url": SUBJECT,
            "prompt": "x",
            "output_path": "/output/bgfusion/result.jpg",
            "resource_id": "resource-1",
        },
        body(
            SUBJECT_INPUT,
            {"ExtPrompt": [{"Prompt": "x"}]},
            OutputPath="/output/bgfusion/result.jpg",
            ResourceId="resource-1",
        ),
    ),
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_example_of_the_original_tool(name: str) -> None:
    arguments, expected = EXAMPLES[name]
    request = fusion(**arguments)
    request.check_given()
    request.check_literals()
    assert request.payload(DEFAULTS) == expected


def typed(payload: dict[str, Any]) -> Any:
    """The SDK's own models as an oracle: they warn about any field that they do not know."""
    from tencentcloud.mps.v20190612 import models

    request = models.ProcessImageRequest()
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        request.from_json_string(json.dumps(payload))
    return request


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_typed_models_take_it_without_a_warning(name: str) -> None:
    arguments, expected = EXAMPLES[name]
    request = typed(fusion(**arguments).payload(DEFAULTS))
    assert without_nulls(json.loads(request.to_json_string())) == expected


def without_nulls(value: Any) -> Any:
    """The models write every field that they know, unset ones as null."""
    if isinstance(value, dict):
        return {key: without_nulls(item) for key, item in value.items() if item is not None}
    return [without_nulls(item) for item in value] if isinstance(value, list) else value


def test_the_oracle_does_warn() -> None:
    with pytest.raises(UserWarning, match="fileds are useless"):
        typed({"InputInfo": {"Type": "URL"}, "NoSuchField": 1})


@given(
    prompt=st.one_of(st.none(), st.text(min_size=1), st.lists(st.text(min_size=1), min_size=1, max_size=4)),
    background=st.booleans(),
    seed=st.one_of(st.none(), st.integers(-(2**40), 2**40)),
    quality=st.integers(-5, 120),
    image_format=st.sampled_from(["JPEG", "png", "GIF", ""]),
    size=st.sampled_from(["1K", "2k", "4K", "8K"]),
)
def test_every_payload_that_is_built_is_valid(
    prompt: Any, background: bool, seed: Any, quality: int, image_format: str, size: str
) -> None:
    request = fusion(
        subject_url=SUBJECT,
        bg_url=BACKGROUND if background else None,
        prompt=prompt,
        random_seed=seed,
        quality=quality,
        format=image_format,
        image_size=size,
    )
    try:
        request.check_given()
        payload = request.payload(DEFAULTS)
    except ArgumentError:
        prompts = [prompt] if isinstance(prompt, str) else prompt or []
        assert (
            not 1 <= quality <= 100
            or image_format not in ("JPEG", "png")
            or size == "8K"
            or any(not text.strip() for text in prompts)
            or (not prompts and not background)
        )
        return
    typed(payload)
    add_on = payload["AddOnParameter"]
    assert add_on.get("ExtPrompt") or add_on.get("ImageSet")
    assert len(add_on.get("ImageSet", [])) <= 1
    if seed is not None:
        assert json.loads(payload["StdExtInfo"])["ModelConfig"]["RandomSeed"] == seed


def test_bucket_must_come_from_somewhere() -> None:
    with pytest.raises(ArgumentError, match="output_bucket: no COS bucket: give output_bucket, or set cos_bucket"):
        fusion(subject_url=SUBJECT, prompt="x").payload(StorageDefaults(None, "ap-guangzhou"))


@pytest.mark.parametrize(
    ("payload", "message"),
    [
        (None, "payload: expected the body of a ProcessImage request, a dict, got None"),
        ([], "payload: expected the body"),
        ({}, "payload: expected the body"),
        ({"ScheduleId": 1}, r"payload\['InputInfo'\]: expected the picture to work on"),
        ({"InputInfo": {}, "Action": "ProcessImage"}, "Action and Version are set by the hook"),
        ({"InputInfo": {"Type": {1, 2}}}, "expected plain JSON values"),
        ({"InputInfo": {"Type": float("nan")}}, "expected plain JSON values"),
    ],
)
def test_a_payload_of_ones_own_is_checked(payload: Any, message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        check_payload(payload)


def test_inputs_are_named_without_credentials() -> None:
    url = "https://user:pw@example.com/a.jpg?q-signature=abc"
    assert describe_input({"InputInfo": {"UrlInputInfo": {"Url": url}}}) == "https://example.com/a.jpg"
    assert describe_input({"InputInfo": cos_input("/a/b.jpg")}) == "cos://mps-bucket-1250000000/a/b.jpg"
