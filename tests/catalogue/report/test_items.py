from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_mps.catalogue.report.items import End, read_line
from airflow_provider_mps.catalogue.shown import Place, place_of
from airflow_provider_mps.core.texts import clean
from tests.catalogue.report_lines import BEGAN, BUCKET, entry, failed, made, plan_line, published

SIGNED = "https://shop.example/cup.png?q-signature=0123456789abcdef0123456789abcdef01234567&v=2"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
FIELDS = ("item", "sku", "look", "service", "action", "why", "request", "entry", "published", "was", "publish_to")


@pytest.mark.parametrize(
    ("line", "end"),
    [
        (plan_line(), End.UNKNOWN),
        (made(), End.MADE),
        (plan_line(entry=failed("70000 InternalError")), End.FAILED),
        (plan_line(entry=failed("PicturesPerDayReached")), End.LEFT),
        (plan_line(entry=failed("InAnotherRun")), End.LEFT),
        (published(), End.PUBLISHED),
        (published(error={"Code": "AccessDenied", "Message": "m", "RequestId": "r"}), End.NOT_PUBLISHED),
        ({**plan_line(action="unpublish"), "published": {"final": "x"}}, End.UNPUBLISHED),
        (plan_line(action="unpublish"), End.UNKNOWN),
        (plan_line(entry={"Outputs": []}), End.UNKNOWN),
    ],
)
def test_how_an_item_ended(line: dict[str, Any], end: End) -> None:
    assert read_line(line).end is end


def test_a_line_of_a_batch_without_a_plan_has_its_request_and_a_key() -> None:
    line = {"key": 0, "subject_cos_key": "/in/cup.png", "prompt": "marble", "entry": entry()}
    found = read_line(line)
    assert (found.item, found.action, found.end) == ("0", "make", End.MADE)
    assert (found.subject, found.prompt, found.is_made_now) == (Place(None, None, "/in/cup.png"), "marble", True)


def test_all_that_a_line_says_is_there() -> None:
    found = read_line(made(request={"subject_cos_key": "in/cup.png", "prompt": ["marble", "soft"], "image_size": "4K"}))
    assert (found.item, found.sku, found.look, found.service) == ("cup-17/white", "cup-17", "white", "MPS")
    assert (found.created, found.finished) == (BEGAN, BEGAN + 6)
    assert found.subject == Place(None, None, "/in/cup.png")
    assert found.after == Place(BUCKET, "ap-guangzhou", "/out/a.jpeg")
    assert (found.prompt, found.image_size, found.pictures) == ("marble / soft", "4K", 1)
    assert found.final == f"cos://{BUCKET}/shop/cup-17/white.jpeg"


def test_a_failure_has_its_code_its_words_and_what_can_be_done() -> None:
    found = read_line(plan_line(entry=failed("70003 SourceFileError", "no such key", "rid-7")))
    assert (found.code, found.message, found.request_id) == ("70003 SourceFileError", "no such key", "rid-7")
    assert found.hint.startswith("MPS could not read a picture: check its key")
    assert found.is_final
    late = read_line(plan_line(entry=failed("Timeout", "not done within timeout=600 s")))
    assert "it joins what still runs" in late.hint
    assert late.may_be_paid
    assert not late.is_final
    gone = read_line(published(error={"Code": "PictureGone", "Message": "m", "RequestId": ""}))
    assert gone.hint.endswith("the next plan has it made again.")
    refused = read_line(published(error={"Code": "AccessDenied", "Message": "m", "RequestId": "r"}))
    assert refused.hint == "Grant the account this action on the bucket in CAM."


def test_the_picture_before_is_where_it_still_is() -> None:
    was = f"cos://{BUCKET}/shop/cup.jpeg"
    kept = f"cos://{BUCKET}/previous/cup.jpeg"
    place = Place(BUCKET, None, "/shop/cup.jpeg")
    assert read_line(made(was=was)).before == place
    assert read_line(plan_line(was=was, entry=failed("InternalError"))).before == place
    # The new one is there by now.
    assert read_line({**published(), "was": was}).before is None
    assert read_line({**published(kept=kept), "was": was}).before == Place(BUCKET, None, "/previous/cup.jpeg")


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("cos://b-1/a/b.png", Place("b-1", None, "/a/b.png")),
        ("cos://conn@b-1/a.png", Place("b-1", None, "/a.png")),
        ("cos:///a.png", Place(None, None, "/a.png")),
        ("cos://b-1/", None),
        ("cos://b-1", None),
        ("https://b-1/a.png", None),
        (None, None),
        (7, None),
    ],
)
def test_an_address_of_cos_means_an_object(address: Any, place: Place | None) -> None:
    assert place_of(address) == place


def test_a_subject_elsewhere_has_an_address_without_its_signature() -> None:
    found = read_line(plan_line(request={"subject_url": SIGNED}))
    assert found.subject is None
    assert found.subject_address.startswith("https://shop.example/cup.png")
    scene = read_line(plan_line(service="aidge", request={"image_url": SIGNED, "scene_id": 1, "product_title": "Cup"}))
    assert (scene.service, scene.prompt) == ("Aidge", "Cup")
    for one in (found, scene):
        assert "0123456789abcdef" not in repr(one)


def test_no_signature_gets_through_wherever_it_stands() -> None:
    line = published(error={"Code": SIGNED, "Message": f"could not fetch {SIGNED}", "RequestId": SIGNED})
    line["request"] = {"subject_url": SIGNED, "prompt": SIGNED}
    line |= dict.fromkeys(("item", "sku", "look", "why", "publish_to"), SIGNED)
    line["entry"]["TaskId"] = SIGNED
    assert "0123456789abcdef" not in repr(read_line(line))


@given(st.fixed_dictionaries({}, optional=dict.fromkeys(FIELDS, JSON)))
def test_whatever_a_line_holds_something_is_told_of_it(line: dict[str, Any]) -> None:
    found = read_line(line)
    assert found.end in End
    for text in (found.item, found.message, found.code, found.why, found.prompt, found.final, found.subject_address):
        assert len(text) <= 500
        assert not set(text) & {chr(code) for code in range(32)}
        assert text.encode().decode() == text
    assert found.hint is not None
    assert found.is_final in (True, False)


@given(
    st.fixed_dictionaries({}, optional=dict.fromkeys(("TaskId", "CreateTime", "Outputs", "Error"), JSON)),
    st.fixed_dictionaries({}, optional=dict.fromkeys(("final", "kept", "error"), JSON)),
)
def test_whatever_an_entry_holds_too(part: dict[str, Any], publication: dict[str, Any]) -> None:
    line = json.loads(json.dumps({**made(), "entry": {**entry(), **part}, "published": publication}))
    assert read_line(line).end in End


def test_texts_are_on_one_line_without_what_hides_or_turns_them() -> None:
    assert clean("a\x00b\r\nc\u202egnp.exe\u2028d\ud800e\ufeff") == "a b c gnp.exe d e"
    assert clean("x" * 900, 10) == "xxxxxxxxx…"
    assert clean(None) == ""
    assert clean(7) == "7"
    assert clean("价格 500 元") == "价格 500 元"
