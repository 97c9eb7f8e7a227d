from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_mps.catalogue.plan.fingerprints import Parts, difference, digest_of, parts_of
from airflow_provider_mps.catalogue.plan.sources import CosSource, Sources, UrlSource, sources_of
from airflow_provider_mps.core.arguments import ArgumentError
from airflow_provider_mps.services.tencentcloud.payloads import StorageDefaults

STORAGE = StorageDefaults("shop-1250000000", "ap-guangzhou")
FUSION: dict[str, Any] = {
    "subject_cos_key": "/photos/cup.png",
    "bg_url": "https://cdn.example.com/beach.png?v=2",
    "prompt": "a beach",
    "random_seed": 7,
}
SCENE: dict[str, Any] = {"image_url": "https://cdn.example.com/cup.png", "scene_id": "5", "image_num": 4}


def fingerprint(request: dict[str, Any], service: str = "mps", version: str = "1", **tags: str | None) -> str | None:
    found = sources_of(request, service, STORAGE, {})
    return parts_of(
        digest_of(found.rest, version),
        subject=tags.get("subject", "s"),
        background=tags.get("background", "b"),
        has_background=found.background is not None,
    ).filled(None)


def test_the_pictures_of_a_fusion_are_where_they_are_asked_for() -> None:
    assert sources_of(FUSION, "mps", STORAGE, {})[:2] == (
        CosSource("shop-1250000000", "ap-guangzhou", "/photos/cup.png"),
        UrlSource("https://cdn.example.com/beach.png?v=2"),
    )
    other = {"subject_cos_key": "cup.png", "subject_cos_bucket": "b-1", "subject_cos_region": "ap-x", "prompt": "x"}
    assert sources_of(other, "mps", STORAGE, {})[:2] == (CosSource("b-1", "ap-x", "/cup.png"), None)


@pytest.mark.parametrize(
    ("change", "source"),
    [
        ({}, UrlSource("https://cdn.example.com/cup.png")),
        ({"image_path": "cos://b-1250000000/cup.png"}, CosSource("b-1250000000", "ap-guangzhou", "/cup.png")),
        ({"image_path": "cos://conn@b-1250000000/cup.png"}, CosSource("b-1250000000", "ap-guangzhou", "/cup.png")),
        ({"image_path": "cos:///cup.png"}, CosSource("shop-1250000000", "ap-guangzhou", "/cup.png")),
    ],
)
def test_the_picture_of_a_scene_is_where_aidge_takes_it_from(change: dict[str, Any], source: Any) -> None:
    found: Sources = sources_of({**SCENE, **change}, "aidge", STORAGE, {})
    assert (found.subject, found.background) == (source, None)
    assert not {name for name in found.rest if name.startswith("image_") and name != "image_num"}


def test_a_scene_in_no_bucket_is_refused() -> None:
    with pytest.raises(ArgumentError, match="no COS bucket"):
        sources_of({**SCENE, "image_path": "cos:///cup.png"}, "aidge", StorageDefaults(None, "ap-guangzhou"), {})


@pytest.mark.parametrize(
    ("request_", "service", "change"),
    [
        (FUSION, "mps", {"random_seed": "7"}),
        (FUSION, "mps", {"prompt": ["a beach"]}),
        (FUSION, "mps", {"format": "jpeg", "image_size": "2k", "quality": "85"}),
        # Where it is put before it is published, and under which name.
        (FUSION, "mps", {"output_dir": "/elsewhere/", "output_bucket": "other-1250000000", "output_path": "/a.jpg"}),
        (FUSION, "mps", {"resource_id": "r"}),
        # Where the pictures are says nothing of what is in them.
        (FUSION, "mps", {"subject_cos_key": "/moved/cup.png"}),
        (SCENE, "aidge", {"image_num": "4", "need_layout": "false", "product_title": "not sent"}),
    ],
)
def test_what_is_not_to_be_seen_in_a_picture_is_no_change(request_: dict[str, Any], service: str, change: Any) -> None:
    assert fingerprint({**request_, **change}, service) == fingerprint(request_, service)


@pytest.mark.parametrize(
    ("request_", "service", "change"),
    [
        (FUSION, "mps", {"prompt": "a beach."}),
        (FUSION, "mps", {"prompt": ["a beach", "sun"]}),
        (FUSION, "mps", {"random_seed": 8}),
        (FUSION, "mps", {"format": "PNG"}),
        (FUSION, "mps", {"image_size": "4K"}),
        (FUSION, "mps", {"quality": 86}),
        (SCENE, "aidge", {"scene_id": "6"}),
        (SCENE, "aidge", {"width": 750, "height": 1000}),
        (SCENE, "aidge", {"need_layout": True, "product_title": "Cup"}),
    ],
)
def test_what_is_to_be_seen_is_a_change_of_the_request(request_: dict[str, Any], service: str, change: Any) -> None:
    before, after = fingerprint(request_, service), fingerprint({**request_, **change}, service)
    assert before is not None
    assert after is not None
    assert difference(before, after) == "request changed"


def test_each_part_says_what_has_changed() -> None:
    before = fingerprint(FUSION)
    assert before is not None
    assert difference(before, before) is None
    for change, why in (
        ({"subject": "other"}, "subject changed"),
        ({"background": "other"}, "background changed"),
        ({"version": "2"}, "request changed"),
    ):
        after = fingerprint(FUSION, **change)
        assert after is not None
        assert difference(before, after) == why
    words = fingerprint({name: FUSION[name] for name in ("subject_cos_key", "prompt", "random_seed")})
    assert words is not None
    assert words.split(".")[1] == "-"
    assert difference(before, words) == "background changed"


@given(st.permutations(list(FUSION.items())), st.permutations(list(SCENE.items())))
def test_the_order_of_arguments_is_no_change(fusion: list[Any], scene: list[Any]) -> None:
    assert fingerprint(dict(fusion)) == fingerprint(FUSION)
    assert fingerprint(dict(scene), "aidge") == fingerprint(SCENE, "aidge")


def test_a_new_signature_is_the_same_picture() -> None:
    signed = [
        "https://b-1.cos.ap-guangzhou.myqcloud.com/cup.png?q-sign-algorithm=sha1&q-ak=AKID&q-sign-time=1;2&q-key-time=1;2"
        f"&q-header-list=host&q-url-param-list=&q-signature={sign * 40}"
        for sign in "ab"
    ]
    urls: dict[str, str] = {}
    found = [sources_of({"subject_url": url, "prompt": "x"}, "mps", STORAGE, urls) for url in reversed(signed)]
    assert found[0].subject == found[1].subject == UrlSource("https://b-1.cos.ap-guangzhou.myqcloud.com/cup.png")
    # To ask about it takes the signature, which nobody is shown.
    assert urls == {"https://b-1.cos.ap-guangzhou.myqcloud.com/cup.png": signed[0]}
    assert "q-sign" not in str(found[0].subject)


def test_the_picture_of_another_kind_is_no_stand_in() -> None:
    known = Parts(None, None, "0" * 16)
    assert known.filled(None) is None
    assert known.filled(f"{'1' * 16}.-.{'2' * 16}") is None
    assert known.filled(f"{'1' * 16}.{'3' * 16}.{'2' * 16}") == f"{'1' * 16}.{'3' * 16}.{'0' * 16}"
