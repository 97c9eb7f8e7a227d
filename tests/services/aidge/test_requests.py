from __future__ import annotations

import base64
import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_mps.core.airflow_task import TaskKey
from airflow_provider_mps.core.arguments import ArgumentError
from airflow_provider_mps.core.fingerprint import fingerprint_of
from airflow_provider_mps.services.aidge.pictures import PictureHeader, check_picture, decode
from airflow_provider_mps.services.aidge.requests import Generation, SceneSearch, query_body, scene_type, title
from tests.pictures import picture, png_header

URL = "https://img.example/shoe.jpg"


def no_file(name: str, value: Any) -> bytes:
    raise AssertionError(f"{name} is not to be read")


def base64_of(data: bytes) -> str:
    return base64.b64encode(data).decode()


def test_the_body_byte_by_byte() -> None:
    generation = Generation(
        image_url=URL, scene_id=3, need_layout=True, product_title="Trail shoe 跑鞋", width=800, height=800, image_num=2
    )
    assert generation.request(no_file).body == (
        b'{"requestParams":"[{\\"imageFileUrl\\":\\"https://img.example/shoe.jpg\\",\\"modelNum\\":\\"3\\",'
        b'\\"needLayout\\":\\"true\\",\\"productTitle\\":\\"Trail shoe \\\\u8dd1\\\\u978b\\",'
        b'\\"width\\":\\"800\\",\\"height\\":\\"800\\",\\"imageNum\\":\\"2\\"}]"}'
    )
    assert Generation(image_url=URL, scene_id="7").request(no_file).body == (
        b'{"requestParams":"[{\\"imageFileUrl\\":\\"https://img.example/shoe.jpg\\",\\"modelNum\\":\\"7\\",'
        b'\\"needLayout\\":\\"false\\",\\"width\\":\\"800\\",\\"height\\":\\"800\\",\\"imageNum\\":\\"4\\"}]"}'
    )
    assert query_body("t-1") == b'{"taskId":"t-1"}'
    assert SceneSearch().body() == b'{"count":"10"}'
    search = SceneSearch("Cup 杯子", URL, "3", "promotion", "100")
    assert search.body() == (
        b'{"productTitle":"Cup \\u676f\\u5b50","imageUrl":"https://img.example/shoe.jpg","categoryType":"3",'
        b'"sceneType":"4","count":"100"}'
    )


@given(
    st.fixed_dictionaries(
        {"scene_id": st.integers(0, 10**6) | st.text("0123456789", min_size=1)},
        optional={
            "need_layout": st.sampled_from([False, "false", "0"]),
            "image_num": st.integers(2, 10) | st.integers(2, 10).map(str),
            "product_title": st.text(min_size=1),
        },
    )
)
def test_all_values_travel_as_texts(given_arguments: dict[str, Any]) -> None:
    request = Generation(image_url=URL, **given_arguments).request(no_file)
    body = json.loads(request.body)
    assert list(body) == ["requestParams"]
    [element] = json.loads(body["requestParams"])
    assert element == request.element
    assert all(isinstance(value, str) for value in element.values())
    assert "productTitle" not in element


def test_one_picture_and_base64_goes_first() -> None:
    data = picture()
    read = {"/data/shoe.png": data}.get
    by_path = Generation(image_path="/data/shoe.png", scene_id=1).request(lambda name, value: read(value) or b"")
    by_text = Generation(image_base64=base64_of(data), scene_id=1).request(no_file)
    assert by_path.element == by_text.element
    assert by_path.element["imgBase64"] == base64_of(data)
    assert (by_path.target, by_text.target) == ("/data/shoe.png", f"a picture in Base64 of {len(data)} bytes")
    assert not by_path.note
    both = Generation(image_url=URL, image_path="/data/shoe.png", scene_id=1)
    request = both.request(lambda name, value: read(value) or b"")
    assert request.element == by_path.element
    assert request.note == "image_url is left out: image_path is given too, and of the two Aidge takes the Base64 text"
    wrapped = "data:image/png;base64," + "\n".join(re.findall(".{1,76}", base64_of(data)))
    assert "image_base64" in Generation(image_url=URL, image_base64=base64_of(data), scene_id=1).request(no_file).note
    assert decode("image_base64", "data:image/png;base64," + base64_of(data)) == data
    assert decode("image_base64", f"\n {wrapped}\n") == data


def test_a_signature_is_not_in_the_fingerprint() -> None:
    signed = f"{URL}?v=1&OSSAccessKeyId=L&Expires="
    once = Generation(image_url=f"{signed}1&Signature=abc", scene_id=1).request(no_file)
    again = Generation(image_url=f"{signed}2&Signature=def", scene_id=1).request(no_file)
    assert once.body != again.body
    first, second = (
        fingerprint_of(TaskKey("d", "t", "r", -1), request.element, endpoint="e", region="", account="a")
        for request in (once, again)
    )
    assert first == second
    assert "abc" not in once.target


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "BMP", "WEBP"])
def test_pictures_that_the_service_takes(kind: str) -> None:
    assert check_picture("image_path", "p", picture(513, 2500, kind)) == PictureHeader(kind, 513, 2500)


def test_a_header_is_enough() -> None:
    assert check_picture("image_path", "p", png_header(513, 2999)[:200]) == PictureHeader("PNG", 513, 2999)


BAD: list[tuple[dict[str, Any], str]] = [
    ({}, "image_url, image_base64 or image_path is required"),
    ({"image_url": None}, "image_url, image_base64 or image_path is required"),
    ({"image_base64": "x", "image_path": "/x.png"}, "image_base64 and image_path exclude each other"),
    ({"image_url": URL, "scene_id": None}, "scene_id is required"),
    ({"image_url": URL, "scene_id": " "}, "scene_id: expected a text that is not empty"),
    ({"image_url": "ftp://x/y"}, "image_url: expected an http:// or https:// address"),
    ({"image_url": "shoe.jpg"}, "image_url"),
    ({"image_url": "https:///x"}, "image_url"),
    ({"image_url": f"{URL}/{'x' * 8192}"}, "image_url"),
    ({"image_url": 7}, "image_url"),
    ({"image_url": URL, "need_layout": True}, "product_title is required with need_layout"),
    ({"image_url": URL, "need_layout": "yes please"}, "need_layout: expected true or false, got 'yes please'"),
    ({"image_url": URL, "need_layout": 2}, "need_layout"),
    ({"image_url": URL, "need_layout": True, "product_title": ""}, "product_title: expected a text"),
    (
        {"image_url": URL, "need_layout": True, "product_title": "обувь"},
        "product_title: expected a title in Chinese or",
    ),
    ({"image_url": URL, "need_layout": True, "product_title": "くつ"}, "product_title"),
    ({"image_url": URL, "need_layout": True, "product_title": "신발"}, "product_title"),
    ({"image_url": URL, "need_layout": True, "product_title": "حذاء"}, "product_title"),
    ({"image_url": URL, "width": 800}, "width and height belong together"),
    ({"image_url": URL, "height": 800}, "width and height belong together"),
    ({"image_url": URL, "width": 801, "height": 800}, "width and height: expected 800x800 or 750x1000.*got 801x800"),
    ({"image_url": URL, "width": 1000, "height": 750}, "got 1000x750"),
    ({"image_url": URL, "width": 750, "height": 750}, "got 750x750"),
    ({"image_url": URL, "width": "wide", "height": 800}, "width: expected a whole number, got 'wide'"),
    ({"image_url": URL, "width": 800.5, "height": 800}, "width"),
    ({"image_url": URL, "image_num": 1}, "image_num: expected a whole number from 2 to 10, got 1"),
    ({"image_url": URL, "image_num": 11}, "image_num"),
    ({"image_url": URL, "image_num": "four"}, "image_num"),
    ({"image_url": URL, "image_num": True}, "image_num"),
    ({"image_url": URL, "image_num": 2.5}, "image_num"),
    ({"image_base64": ""}, "image_base64: expected a text"),
    ({"image_base64": "not base64!"}, "image_base64: expected a picture in Base64"),
    ({"image_base64": base64_of(b"hello")}, "image_base64: expected a picture in one of the formats JPEG, PNG"),
    ({"image_base64": base64_of(picture(kind="GIF"))}, "image_base64: expected a picture in one of the formats"),
    ({"image_base64": base64_of(picture(kind="TIFF"))}, "image_base64: expected a picture in one of the formats"),
    ({"image_base64": base64_of(picture(512, 600))}, "sides of more than 512 and less than 3000 pixels, got 512x600"),
    ({"image_base64": base64_of(picture(600, 3000))}, "got 600x3000 pixels"),
    ({"image_base64": base64_of(picture(100, 100))}, "got 100x100"),
    ({"image_path": "/big.png"}, "image_path: expected a picture of at most 4 MB, got /big.png"),
    ({"image_path": "/text.txt"}, "image_path: expected a picture in one of the formats"),
    ({"image_path": "/huge.png"}, "image_path: expected sides"),
    ({"image_path": [0.5]}, "image_path"),
]
FILES = {
    "/big.png": picture() + bytes(4 * 2**20),
    "/text.txt": b"hello" * 1000,
    # As its header says; there are no pixels behind it.
    "/huge.png": png_header(40_000, 40_000),
}


@pytest.mark.parametrize(("arguments", "said"), BAD, ids=[f"{number}" for number in range(len(BAD))])
def test_bad_input_is_named(arguments: dict[str, Any], said: str) -> None:
    generation = Generation(**{"scene_id": 1, **arguments})
    with pytest.raises(ArgumentError, match=said):
        generation.request(lambda name, value: FILES[value])


def test_what_no_template_will_change_is_checked_without_reading_anything() -> None:
    found = 0
    for arguments, said in BAD:
        generation = Generation(**{"scene_id": 1, **arguments})
        if "image_base64" in arguments or "image_path" in arguments:
            continue
        with pytest.raises(ArgumentError, match=said):
            check(generation)
        found += 1
    assert found >= 25
    templated = Generation("{{ x }}", None, None, "{{ x }}", "{{ x }}", "{{ x }}", "{{ x }}", "{{ x }}", "{{ x }}")
    check(templated)


def check(generation: Generation) -> None:
    generation.check_given()
    generation.check_literals()


@pytest.mark.parametrize("good", ["Trail shoe 42", "跑鞋", "Café crème, 200 ml!", "ＡＢＣ 【新品】", "12 + 3"])
def test_titles_in_chinese_and_english(good: str) -> None:
    assert title("product_title", good) == good


@pytest.mark.parametrize(
    ("value", "number"), [("Indoor", 1), ("outdoor", 2), (" ATMOSPHERE ", 3), ("Promotion", 4), (4, 4), ("2", 2)]
)
def test_scene_types_by_name_and_number(value: Any, number: int) -> None:
    assert scene_type("scene_type", value) == number


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"category": 0}, "category: expected a whole number from 1 to 11, got 0"),
        ({"category": 12}, "category"),
        ({"category": "shoes"}, "category"),
        (
            {"scene_type": "moon"},
            r"scene_type: expected one of Indoor \(1\), Outdoor \(2\), Atmosphere \(3\), Promotion",
        ),
        ({"scene_type": 5}, "scene_type"),
        ({"scene_type": 0}, "scene_type"),
        ({"count": 0}, "count: expected a whole number from 1 to 100"),
        ({"count": 101}, "count"),
        ({"product_title": " "}, "product_title"),
        ({"image_url": "x"}, "image_url"),
    ],
)
def test_bad_searches_are_named(arguments: dict[str, Any], said: str) -> None:
    with pytest.raises(ArgumentError, match=said):
        SceneSearch(**arguments).body()
    with pytest.raises(ArgumentError, match=said):
        SceneSearch(**arguments).check_literals()
