# ruff: noqa: E501  (tables, a line a case)
"""From rows to items: what is asked for, under which name and key, and that nothing is asked for twice."""

from __future__ import annotations

import json
import string
import subprocess
import sys
from pathlib import PurePosixPath
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_mps.batch.arguments import merged
from airflow_provider_mps.catalogue.items.looks import folded
from airflow_provider_mps.catalogue.items.wanted import (
    Wanted,
    check_columns,
    check_looks,
    check_publish_to,
    wanted_items,
)
from airflow_provider_mps.catalogue.rows import given_rows
from airflow_provider_mps.core.arguments import ArgumentError
from airflow_provider_mps.services.aidge.requests import Generation
from airflow_provider_mps.services.tencentcloud.payloads import BgFusion
from tests.catalogue.manifests import LOOKS, PUBLISH_TO, STORAGE, said_of, wanted_of


def items_of(rows: list[Any], **given: Any) -> list[Wanted]:
    wanted, bad_rows = wanted_items(
        given_rows(rows), **{"looks": LOOKS, "publish_to": PUBLISH_TO, "storage": STORAGE, **given}
    )
    assert bad_rows == []
    return wanted


def test_each_product_is_wanted_in_each_look() -> None:
    wanted, bad_rows = wanted_of(b"sku,subject_cos_key\n007,photos/a.png\ncup-17,/photos/b.png\n")
    assert bad_rows == []
    assert wanted[:2] == [
        Wanted(
            item="007/white",
            sku="007",
            look="white",
            service="mps",
            request={"bg_cos_key": "/backgrounds/white.png", "subject_cos_key": "/photos/a.png"},
            version="1",
            publish_to="cos://shop-1250000000/shop/007/white.jpeg",
            line=2,
        ),
        Wanted(
            item="007/kitchen",
            sku="007",
            look="kitchen",
            service="mps",
            request={"prompt": "a bright kitchen", "subject_cos_key": "/photos/a.png"},
            version="2",
            publish_to="cos://shop-1250000000/shop/007/kitchen.jpeg",
            line=2,
        ),
    ]
    assert [item.item for item in wanted[2:]] == ["cup-17/white", "cup-17/kitchen"]


def test_a_row_wins_over_the_look_and_the_look_over_the_defaults() -> None:
    looks = {"a": {"prompt": "of the look", "quality": 80}, "b": {"prompt": "of the look"}}
    rows = [
        {"sku": 1, "subject_url": "http://e.com/a", "prompt": "of the row"},
        {"sku": 2, "subject_url": "http://e.com/a"},
    ]
    defaults = {"quality": "70", "format": "png", "prompt": "of the defaults"}
    wanted = items_of(rows, looks=looks, defaults=defaults)
    assert [(item.request["prompt"], item.request["quality"], item.request["format"]) for item in wanted] == [
        ("of the row", 80, "PNG"),
        ("of the row", 70, "PNG"),
        ("of the look", 80, "PNG"),
        ("of the look", 70, "PNG"),
    ]
    assert {item.publish_to.rpartition(".")[2] for item in wanted} == {"png"}


def test_a_picture_of_a_row_replaces_all_that_the_defaults_say_of_it() -> None:
    defaults = {"subject_cos_key": "/photos/{sku}.png", "subject_cos_bucket": "other-1250000000"}
    rows = [{"sku": "a"}, {"sku": "b", "subject_url": "http://e.com/b"}, {"sku": "c", "subject_cos_key": "/c.png"}]
    wanted = items_of(rows, defaults=defaults, looks={"x": {"prompt": "p"}})
    assert [{name: item.request[name] for name in item.request if name != "prompt"} for item in wanted] == [
        {"subject_cos_key": "/photos/a.png", "subject_cos_bucket": "other-1250000000"},
        {"subject_url": "http://e.com/b"},
        {"subject_cos_key": "/c.png", "subject_cos_bucket": "other-1250000000"},
    ]


def test_columns_may_be_named_otherwise_or_be_no_arguments() -> None:
    data = b"article_no,photo,quality,sku,prompt\n1,/a.png,best,x,hello\n"
    columns = {"sku": "article_no", "subject_cos_key": "photo", "quality": None, "prompt": None}
    wanted, bad_rows = wanted_of(data, columns=columns, publish_to="/{article_no}/{sku}/{look}.{ext}")
    assert bad_rows == []
    assert [item.item for item in wanted] == ["1/white", "1/kitchen"]
    assert "quality" not in wanted[0].request
    assert "prompt" not in wanted[0].request
    assert wanted[0].publish_to == "cos://shop-1250000000/1/1/white.jpeg"


def test_placeholders_are_filled_once_and_what_fills_them_is_text() -> None:
    looks = {"x": {"prompt": ["a {name} for {{you}}", "{sku} in {look}"], "bg_cos_key": "/bg/{kind}.png"}}
    row = {"sku": 7, "subject_url": "http://e.com/a", "name": "{sku.__class__} {{ 1 }}", "kind": 3}
    request = items_of([row], looks=looks)[0].request
    assert request["prompt"] == ["a {sku.__class__} {{ 1 }} for {you}", "7 in x"]
    assert request["bg_cos_key"] == "/bg/3.png"


def test_a_value_that_may_be_written_in_several_ways_is_written_in_one() -> None:
    rows = [{"sku": 1, "subject_cos_key": "a.png", "random_seed": "42", "quality": 90.0, "format": "png", "prompt": 5}]
    rows += [
        {"sku": 2, "subject_cos_key": "/a.png", "random_seed": 42, "quality": "90", "format": "PNG", "prompt": "5"}
    ]
    rows += [
        {
            "sku": 3,
            "subject_cos_key": PurePosixPath("/a.png"),
            "random_seed": 42.0,
            "quality": 90,
            "format": "Png",
            "prompt": "5",
        }
    ]
    first, second, third = items_of(rows, looks={"x": {"bg_cos_key": PurePosixPath("b.png")}})
    assert first.request == second.request == third.request
    assert json.loads(json.dumps(first.request)) == first.request
    assert first.request["bg_cos_key"] == "/b.png"
    first, second = items_of(
        [{**row, "prompt": n} for row, n in zip(rows, (5, "5"), strict=False)], looks={"x": {"prompt": "p"}}
    )
    assert first.request == second.request


def test_what_an_upload_returned_names_a_picture() -> None:
    uploaded = {"bucket": "other-1250000000", "region": "ap-beijing", "path": "/a.png", "url": "https://x"}
    rows = [{"sku": 1, "subject_cos_key": uploaded}]
    wanted = items_of(rows, looks={"x": {"bg_cos_key": {"Outputs": [uploaded]}}})
    place = {"cos_key": "/a.png", "cos_bucket": "other-1250000000", "cos_region": "ap-beijing"}
    assert wanted[0].request == {f"{picture}_{part}": place[part] for picture in ("subject", "bg") for part in place}


def test_a_look_with_a_scene_is_made_by_aidge() -> None:
    looks = {"scene": {"scene_id": 12, "image_num": "2", "need_layout": "true", "product_title": "{name}"}, **LOOKS}
    rows = [
        {"sku": 1, "subject_cos_key": "a.png", "name": "Cup", "quality": 3},
        {"sku": 2, "subject_url": "http://e.com/a", "name": "Pot", "width": 750, "height": "1000"},
    ]
    wanted = items_of(rows, looks=looks)
    fixed = {"scene_id": "12", "image_num": 2, "need_layout": True}
    assert [item.request for item in wanted if item.service == "aidge"] == [
        {**fixed, "product_title": "Cup", "image_path": "cos://shop-1250000000/a.png"},
        {**fixed, "product_title": "Pot", "image_url": "http://e.com/a", "width": 750, "height": 1000},
    ]
    assert [item.publish_to.rpartition(".")[2] for item in wanted[:2]] == ["jpg", "jpeg"]
    assert (wanted[1].request["quality"], "width" in wanted[4].request) == (3, False)
    # As the operator reads them.
    for item in wanted:
        if item.service == "aidge":
            Generation(**{**item.request, "image_path": None, "image_url": "http://e.com/a"}).request(lambda *_: b"")


WORDS = st.text(st.sampled_from(string.ascii_letters[:6] + "éÉß0.-_/ {%"), max_size=4)
TEMPLATES = st.lists(st.sampled_from(["{sku}", "{look}", "{n}", "/", "a", ".{ext}"]), min_size=1, max_size=6).map(
    "".join
)


@given(
    rows=st.lists(
        st.fixed_dictionaries(
            {"sku": WORDS, "subject_cos_key": WORDS, "n": WORDS},
            optional={"format": st.sampled_from(["png", "JPEG", "gif"]), "prompt": WORDS},
        ),
        min_size=1,
        max_size=8,
    ),
    publish_to=TEMPLATES,
)
def test_names_and_final_keys_are_unique_or_said_to_be_not(rows: list[dict[str, str]], publish_to: str) -> None:
    looks = {"a": {"bg_cos_key": "/b.png"}, "0": {"prompt": "{n}"}}
    try:
        check_publish_to(publish_to, looks)
    except ArgumentError:
        return
    wanted, bad_rows = wanted_items(given_rows(rows), looks, publish_to=publish_to, storage=STORAGE)
    lines = {item.line for item in wanted}
    assert not lines & {bad.line for bad in bad_rows}
    assert len(lines) + len(bad_rows) == len(rows)
    assert len(wanted) == len(looks) * len(lines)
    assert len({folded(item.item) for item in wanted}) == len(wanted)
    assert len({folded(item.publish_to) for item in wanted}) == len(wanted)
    for item in wanted:
        key = item.publish_to.removeprefix("cos://shop-1250000000/")
        assert item.item == f"{item.sku}/{item.look}"
        assert key
        assert not {"", ".", ".."} & set(key.split("/"))
        assert not set("%?#\\") & set(key)
        assert item.publish_to != f"cos://shop-1250000000{item.request['subject_cos_key']}"
        # The batch takes each as it is.
        json.dumps(item.request)
        BgFusion.of(merged({}, {**item.request, "key": item.item})).payload(STORAGE)


@pytest.mark.parametrize("name", ["description", "price", "weight", "title", "product_type", "product_name", "image_count",
                                  "region", "status", "colour", "photo", "images", "url", "key", "bucket", "subject",
                                  "vendor", "size", "format_id", "product_id", "barcode", "skus", "promotion"])  # fmt: skip
def test_usual_columns_are_not_taken_for_slips(name: str) -> None:
    looks = {**LOOKS, "scene": {"scene_id": "1"}}
    assert said_of(f"sku,subject_url,{name}\na,http://e.com/a.png,1\n".encode(), looks=looks) == ""


@pytest.mark.parametrize(
    ("looks", "words"),
    [
        ({}, "looks: expected a dict"),
        ([], "looks: expected a dict"),
        ({"a/b": {"prompt": "x"}}, "looks: expected names of letters"),
        ({"..": {"prompt": "x"}}, "looks: expected names of letters"),
        ({7: {"prompt": "x"}}, "looks: expected names of letters"),
        ({"a": {"prompt": "x"}, "A": {"prompt": "x"}}, "'a' and 'A' differ only in how they are written"),
        ({"a": "x"}, r"looks\['a'\]: expected a dict"),
        ({"a": {"promt": "x"}}, r"looks\['a'\]: 'promt': no argument of a look without a scene_id; it has bg_url"),
        ({"a": {"scene_id": 1, "bg_url": "http://e.com"}}, r"looks\['a'\]: 'bg_url': no argument of a look with a scene_id"),
        ({"a": {"subject_url": "http://e.com"}}, r"looks\['a'\]: subject_url: belongs to a product"),
        ({"a": {"prompt": "x", "output_path": "/a.png"}}, r"looks\['a'\]: 'output_path': no argument"),
        ({"a": {"prompt": "x", "version": True}}, r"looks\['a'\]: version: expected a text or a whole number"),
        ({"a": {"bg_url": "x"}}, r"looks\['a'\]: bg_url: expected an http"),
        ({"a": {"bg_url": "http://e.com", "bg_cos_key": "/a"}}, r"looks\['a'\]: bg_url and bg_cos_key exclude each other"),
        ({"a": {"prompt": None}}, r"looks\['a'\]: prompt: was given as None"),
        ({"a": {"prompt": "{sku.__class__}"}}, r"looks\['a'\]: prompt: expected only names of columns"),
        ({"a": {"prompt": "{0}"}}, "expected only names of columns"),
        ({"a": {"prompt": "{}"}}, "expected only names of columns"),
        ({"a": {"prompt": "{sku!r}"}}, "expected only names of columns"),
        ({"a": {"prompt": "{sku[0]}"}}, "expected only names of columns"),
        ({"a": {"prompt": "{sku:>1000000000}"}}, "expected only names of columns"),
        ({"a": {"prompt": "{sku:{n}}"}}, "expected only names of columns"),
        ({"a": {"prompt": ["x", "a { b"]}}, r"prompt\[1\]: expected names of columns in braces"),
        ({"a": {"prompt": "a } b"}}, "expected names of columns in braces"),
        ({"a": {"prompt": "x", "quality": 101}}, r"looks\['a'\]: quality: expected a whole number from 1 to 100"),
        ({"a": {"scene_id": 1, "image_num": 99}}, r"looks\['a'\]: image_num"),
    ],
)  # fmt: skip
def test_a_look_that_cannot_be_used_is_known_when_the_dag_is_read(looks: Any, words: str) -> None:
    with pytest.raises(ArgumentError, match=words):
        check_looks(looks)
    with pytest.raises(ArgumentError, match=words):
        wanted_of(b"sku,subject_url\na,http://e.com/a.png\n", looks=looks)


@pytest.mark.parametrize(
    "looks",
    [
        "{{ params.looks }}",
        {"a": "{{ params.look }}"},
        {"a": {"prompt": "{{ params.prompt }} {name}", "quality": "{{ params.quality }}"}},
        {"a": {"prompt": "{name}", "random_seed": "{seed}", "format": "{format}"}},
        {"a": {"quality": 80}},
        {"a": {"scene_id": "{scene}", "need_layout": True, "product_title": "{name}"}},
    ],
)
def test_what_is_known_later_is_no_fault_when_the_dag_is_read(looks: Any) -> None:
    check_looks(looks)
    check_looks(looks, "{{ params.defaults }}")


@pytest.mark.parametrize(
    ("defaults", "words"),
    [
        ([], "defaults: expected a dict"),
        ({"output_path": "/a"}, "defaults: 'output_path': no such argument"),
        ({"quality": None}, "defaults: quality: was given as None"),
        ({"quality": 0}, r"looks\['white'\]: quality: expected"),
        ({"subject_url": "http://e.com/a"}, "all products would have one picture"),
        ({"subject_cos_key": "/{look}.png"}, "the picture of a product is the same in all looks"),
        ({"subject_cos_key": "/{sku.x}.png"}, "defaults: subject_cos_key: expected only names of columns"),
    ],
)
def test_defaults_that_cannot_be_used_are_an_error(defaults: Any, words: str) -> None:
    with pytest.raises(ArgumentError, match=words):
        wanted_of(b"sku,subject_url\na,http://e.com/a.png\n", defaults=defaults)


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ([], "columns: expected a dict"),
        ({"output_path": "x"}, "columns: 'output_path': no such argument"),
        ({"sku": None}, r"columns\['sku'\]: expected a text"),
        ({"prompt": ["x"]}, r"columns\['prompt'\]: expected a text"),
    ],
)
def test_columns_that_cannot_be_used_are_an_error(columns: Any, words: str) -> None:
    with pytest.raises(ArgumentError, match=words):
        check_columns(columns)


def test_columns_that_are_known_later_are_none() -> None:
    check_columns("{{ params.columns }}")
    check_columns(None)


@pytest.mark.parametrize(
    ("publish_to", "words"),
    [
        (None, "publish_to: expected a text"),
        ("", "publish_to: expected a text"),
        ("/", "publish_to: expected a key such as"),
        ("/shop/{sku}/", "publish_to: expected a key such as"),
        ("//{sku}", "publish_to: expected a key such as"),
        ("s3://b/{sku}", "publish_to: expected a key such as"),
        ("cos://{sku}", "publish_to: expected a key such as"),
        ("cos://bucket/{sku}", "publish_to: expected a COS bucket with its APPID"),
        ("cos://{sku}/{look}", "publish_to: expected a COS bucket with its APPID"),
        ("cos://conn@b-1250000000/{sku}{look}", "name no connection"),
        ("/shop/picture.jpg", "all products would have one key"),
        ("/shop/{sku}.{ext}", "all looks of a product would have one key"),
        ("/shop/{sku.__class__}/{look}", "expected only names of columns"),
        ("/shop/{sku!r}/{look}", "expected only names of columns"),
        ("/shop/{sku", "expected names of columns in braces"),
    ],
)
def test_a_final_key_that_cannot_be_used_is_known_when_the_dag_is_read(publish_to: Any, words: str) -> None:
    with pytest.raises(ArgumentError, match=words):
        check_publish_to(publish_to, LOOKS)
    with pytest.raises(ArgumentError, match=words):
        wanted_of(b"sku,subject_url\na,http://e.com/a.png\n", publish_to=publish_to)


def test_final_keys_need_a_bucket() -> None:
    check_publish_to("{{ params.publish_to }}", LOOKS)
    storage = STORAGE.__class__(None, "ap-guangzhou")
    with pytest.raises(ArgumentError, match="no COS bucket: give cos://bucket/key as publish_to"):
        wanted_of(b"sku,subject_url\na,http://e.com/a.png\n", storage=storage)
    publish_to = "cos://other-1250000000/{look}/{sku}.{ext}"
    with pytest.raises(ArgumentError, match=r"^bg_cos_bucket: no COS bucket"):
        wanted_of(b"sku,subject_url\na,http://e.com/a.png\n", storage=storage, publish_to=publish_to)
    wanted, _ = wanted_of(b"sku,subject_url\na,http://e.com/a.png\n", storage=storage, publish_to=publish_to, looks={"x": {"prompt": "p", "output_bucket": "o-1250000000"}})  # fmt: skip
    assert wanted[0].publish_to == "cos://other-1250000000/x/a.jpeg"


PROMPTS = (
    st.none()
    | st.text(max_size=3)
    | st.integers()
    | st.lists(st.text(max_size=2) | st.none(), max_size=2)
    | st.booleans()
)


@given(prompt=PROMPTS, quality=st.none() | st.integers(0, 101), name=st.text(max_size=2))
@pytest.mark.parametrize(
    "look", [{"prompt": "a {name}"}, {"prompt": ["{name}"]}, {}, {"bg_url": "http://e.com/b"}, {"prompt": "x"}]
)
def test_a_row_is_taken_where_the_operator_takes_it(look: dict[str, Any], prompt: Any, quality: Any, name: str) -> None:
    row = {"sku": "a", "subject_url": "http://e.com/a", "prompt": prompt, "quality": quality, "name": name}
    wanted, _ = wanted_items(given_rows([row]), {"x": look}, publish_to="/{sku}.{ext}", storage=STORAGE)
    prompt, name = (value.strip() if isinstance(value, str) else value for value in (prompt, name))
    said = {
        key: value for key, value in (("prompt", prompt), ("quality", quality)) if value is not None and value != ""
    }
    request = {**look, **said, "subject_url": "http://e.com/a"}
    if "prompt" not in said and "{name}" in str(look):
        request["prompt"] = json.loads(json.dumps(look["prompt"]).replace("{name}", json.dumps(name)[1:-1]))
    # An empty cell fills no placeholder.
    is_unfilled = "prompt" not in said and "{name}" in str(look) and not name
    if is_unfilled or not is_taken(request):
        assert wanted == []
    else:
        assert BgFusion.of(wanted[0].request).payload(STORAGE) == BgFusion.of(request).payload(STORAGE)


def is_taken(request: dict[str, Any]) -> bool:
    try:
        BgFusion.of(request).payload(STORAGE)
    except ArgumentError:
        return False
    return True


def test_a_placeholder_that_a_row_replaces_need_not_be_filled() -> None:
    looks = {"x": {"bg_cos_key": "/bg/{kind}.png", "prompt": "{name}"}}
    row = {"sku": 1, "subject_url": "http://e.com/a", "kind": "", "name": "", "bg_url": "http://e.com/b", "prompt": "p"}
    assert items_of([row], looks=looks)[0].request == {
        "subject_url": "http://e.com/a",
        "bg_url": "http://e.com/b",
        "prompt": "p",
    }


def test_what_reads_a_manifest_is_not_imported_with_a_dag() -> None:
    code = (
        "import sys, airflow_provider_mps.catalogue.items.wanted\n"
        "heavy = ('tencentcloud', 'qcloud_cos', 'airflow_provider_mps.hooks', 'airflow_provider_mps.catalogue.manifest')\n"
        "print([name for name in sys.modules if name.startswith(heavy)])"
    )
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


class Odd:
    """What compares and shows itself in its own way, as arrays do."""

    __hash__ = None  # type: ignore[assignment]

    def __eq__(self, other: object) -> bool:
        raise RuntimeError

    def __repr__(self) -> str:
        raise RuntimeError


def test_rows_of_another_task_may_hold_anything() -> None:
    address = "http://e.com/a"
    rows = [{"sku": Odd(), "subject_url": address}, {"sku": 1, "subject_url": Odd()}, {"sku": 10**5000}]
    rows += [{"sku": 2, "subject_url": address, "prompt": Odd()}, {"sku": 3, "subject_url": address, "name": Odd()}]
    looks = {"x": {"prompt": "{name}"}}
    wanted, bad_rows = wanted_items(given_rows(rows), looks, publish_to="/{sku}.{ext}", storage=STORAGE)
    assert wanted == []
    assert [bad.column for bad in bad_rows] == ["sku", "subject_url", "sku", "prompt", "name"]
    assert "an integer" not in str(bad_rows[2])
    assert "<Odd that cannot be written>" in str(bad_rows[1])
