"""Aidge: what a submission and a scene search may hold."""

from __future__ import annotations

import base64
import io
import json
from functools import cache
from typing import Any

import pytest
from PIL import Image

from airflow_provider_mps.local.aidge.scenes import CATEGORIES, SCENES


@cache
def picture(width: int = 600, height: int = 600, format_: str = "PNG", padding: int = 0) -> str:
    buffer = io.BytesIO()
    Image.new("RGB", (width, height), (200, 40, 40)).save(buffer, format_)
    return base64.b64encode(buffer.getvalue() + bytes(padding)).decode()


def refusal(answer: dict[str, Any]) -> str:
    assert answer["resCode"] == 700, answer
    assert answer["data"] is None
    message: str = answer["resMessage"]
    return message


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"colour": "red"}, "colour"),
        ({"imageFileUrl": None}, "imageFileUrl or imgBase64"),
        ({"imageFileUrl": ""}, "imageFileUrl or imgBase64"),
        ({"imageFileUrl": "ftp://example.org/a.jpg"}, "imageFileUrl"),
        ({"imageFileUrl": "http://[::1"}, "imageFileUrl"),
        ({"imageFileUrl": "/a.jpg"}, "imageFileUrl"),
        ({"imageFileUrl": ["http://example.org/a.jpg"]}, "imageFileUrl"),
        ({"imgBase64": "no Base64!"}, "imgBase64"),
        ({"imgBase64": "é"}, "imgBase64"),
        ({"imgBase64": base64.b64encode(b"no picture").decode()}, "imgBase64"),
        ({"imgBase64": picture(format_="GIF")}, "imgBase64"),
        ({"imgBase64": picture(512, 600)}, "imgBase64"),
        ({"imgBase64": picture(600, 512)}, "imgBase64"),
        ({"imgBase64": picture(3000, 600)}, "imgBase64"),
        ({"imgBase64": picture(600, 3000)}, "imgBase64"),
        ({"imgBase64": picture(padding=4 * 1024 * 1024)}, "imgBase64"),
        ({"modelNum": None}, "modelNum"),
        ({"modelNum": "999"}, "modelNum"),
        ({"modelNum": ""}, "modelNum"),
        ({"modelNum": 3}, "modelNum"),
        ({"needLayout": "yes"}, "needLayout"),
        ({"needLayout": True, "productTitle": "Cup"}, "needLayout"),
        ({"needLayout": "true"}, "productTitle"),
        ({"needLayout": "true", "productTitle": "  "}, "productTitle"),
        ({"productTitle": "Кофейная чашка"}, "productTitle"),
        ({"productTitle": "コーヒーカップ"}, "productTitle"),
        ({"width": "800"}, "width and height"),
        ({"height": "800"}, "width and height"),
        ({"width": "1000", "height": "750"}, "width and height"),
        ({"width": "0800", "height": "0800"}, "width and height"),
        ({"width": 800, "height": 800}, "width"),
        ({"imageNum": "1"}, "imageNum"),
        ({"imageNum": "11"}, "imageNum"),
        ({"imageNum": "four"}, "imageNum"),
        ({"imageNum": "+4"}, "imageNum"),
        ({"imageNum": "４"}, "imageNum"),
        ({"imageNum": 4}, "imageNum"),
    ],
)
def test_a_broken_rule_names_the_field(aidge: Any, service: Any, fields: dict[str, Any], named: str) -> None:
    before = len(service.aidge_tasks)
    assert named in refusal(aidge.post(**fields))
    assert len(service.aidge_tasks) == before


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"requestParams": None},
        {"requestParams": [{"modelNum": "1"}]},
        {"requestParams": "[{"},
        {"requestParams": "{}"},
        {"requestParams": "[]"},
        {"requestParams": '["x"]'},
        {"requestParams": '[{"modelNum": "1"}, {"modelNum": "1"}]'},
    ],
)
def test_request_params_hold_one_element(aidge: Any, body: dict[str, Any]) -> None:
    assert "requestParams" in refusal(aidge.call(aidge.SUBMIT, body))


def test_unknown_fields_beside_request_params(aidge: Any) -> None:
    body = {"requestParams": json.dumps([aidge.element()]), "taskId": "x"}
    assert "taskId" in refusal(aidge.call(aidge.SUBMIT, body))
    assert "colour" in refusal(aidge.call(aidge.QUERY, {"taskId": "x", "colour": "red"}))
    assert "taskId" in refusal(aidge.call(aidge.QUERY, {}))
    assert "taskId" in refusal(aidge.call(aidge.QUERY, {"taskId": 5}))


@pytest.mark.parametrize(
    ("fields", "job"),
    [
        ({"imageNum": None}, ((800, 800), False, 4)),
        ({"imageNum": "10", "width": "750", "height": "1000"}, ((750, 1000), False, 10)),
        ({"needLayout": "true", "productTitle": "Red cup"}, ((800, 800), True, 2)),
        ({"needLayout": "true", "productTitle": "红色咖啡杯"}, ((800, 800), True, 2)),
        ({"needLayout": "false", "productTitle": "Café au lait, 5 µm, β"}, ((800, 800), False, 2)),
        ({"needLayout": None, "width": None, "height": "", "productTitle": "№ 5 — 100 %"}, ((800, 800), False, 2)),
    ],
)
def test_what_is_fine(aidge: Any, service: Any, fields: dict[str, Any], job: tuple[Any, ...]) -> None:
    task_id = aidge.submit(**fields)
    [task] = [one for one in service.aidge_tasks if one.task_id == task_id]
    assert (task.job.order.size, task.job.order.layout, task.job.count) == job


@pytest.mark.parametrize("format_", ["JPEG", "PNG", "BMP", "WEBP"])
def test_pictures_of_these_formats_may_come_along(aidge: Any, format_: str) -> None:
    data = aidge.run(imageFileUrl=None, imgBase64=picture(513, 514, format_))
    assert data["taskStatus"] == "finished"


def test_the_largest_picture(aidge: Any) -> None:
    assert aidge.run(imageFileUrl=None, imgBase64=picture(2999, 513))["taskStatus"] == "finished"


def test_base64_wins_over_the_url(aidge: Any, service: Any) -> None:
    task_id = aidge.submit(imageFileUrl="ftp://example.org", imgBase64=picture())
    assert aidge.ended(task_id)["taskStatus"] == "finished"
    [task] = [one for one in service.aidge_tasks if one.task_id == task_id]
    assert task.job.picture == b""


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (base64.b64decode(picture(400, 600)), "400x600"),
        (base64.b64decode(picture(format_="GIF")), "JPEG"),
        (b"<html>", "JPEG"),
        (base64.b64decode(picture(padding=4 * 1024 * 1024)), "4 MB"),
        (base64.b64decode(picture())[:400], "imageFileUrl: The file is not a picture"),
        (None, "HTTP status 404"),
    ],
)
def test_a_bad_picture_at_a_url_fails_the_task(
    aidge: Any, aidge_files: Any, service: Any, data: bytes | None, words: str
) -> None:
    url = aidge_files(data)
    ended = aidge.run(imageFileUrl=f"{url}?Signature=secret")
    assert ended["taskStatus"] == "failed"
    assert words in ended["taskMessage"]
    assert "secret" not in ended["taskMessage"]
    assert len(ended["taskResult"]) == 2
    for result in ended["taskResult"]:
        assert (result["taskStatus"], result["imageUrlList"]) == ("failed", [])
        assert result["taskMessage"] == ended["taskMessage"]
    assert service.aidge_tasks[-1].failure == ended["taskMessage"]


def test_nobody_at_the_url(aidge: Any) -> None:
    assert "ConnectError" in aidge.run(imageFileUrl="http://127.0.0.1:1/a.jpg")["taskMessage"]


# --- scenes


def search(aidge: Any, **body: Any) -> list[dict[str, Any]]:
    answer = aidge.call(aidge.SCENES, body)
    assert answer["resCode"] == 200, answer
    found: list[dict[str, Any]] = answer["data"]["result"]
    return found


def test_the_shape_of_a_scene(aidge: Any) -> None:
    [scene] = search(aidge, count=1)
    assert scene == {
        "modelNum": "1",
        "name": "Marble table",
        "coverUrl": f"{aidge.service.url}/_local/scenes/1.jpg",
        "categoryNameList": ["General Purpose", "Home & Garden", "Beauty & Health"],
        "categoryTags": ["Kitchen", "Tableware", "Cream"],
    }


def test_how_many_scenes(aidge: Any) -> None:
    assert [scene["modelNum"] for scene in search(aidge)] == [str(number) for number in range(1, 11)]
    assert [scene["modelNum"] for scene in search(aidge, count="100")] == list(SCENES)
    assert len(SCENES) == 24
    assert len(search(aidge, count=3)) == 3


@pytest.mark.parametrize("as_text", [False, True])
def test_scenes_are_filtered(aidge: Any, as_text: bool) -> None:
    for kind in range(1, 5):
        found = search(aidge, sceneType=str(kind) if as_text else kind, count=100)
        assert [scene["modelNum"] for scene in found] == [one.number for one in SCENES.values() if one.kind == kind]
        assert len(found) >= 4
    for category, name in CATEGORIES.items():
        found = search(aidge, categoryType=str(category) if as_text else category, count=100)
        assert found
        assert all(name in scene["categoryNameList"] for scene in found)
    both = search(aidge, categoryType=2, sceneType=4)
    assert [scene["name"] for scene in both] == ["Red podium", "Blue podium"]
    assert search(aidge, categoryType=9, sceneType=3) == []


def test_a_title_brings_what_suits_it_to_the_front(aidge: Any) -> None:
    def names(title: str, **more: Any) -> list[str]:
        return [scene["name"] for scene in search(aidge, productTitle=title, **more)]

    assert names("Red enamel COFFEE cup for the kitchen")[:2] == ["Oak table", "Marble table"]
    assert names("beach towel")[:3] == ["Sandy beach", "Beach at sunset", "Marble table"]
    assert names("in the and of") == names("")
    assert names("红色咖啡杯") == names("")
    assert names("laptop", sceneType=3)[0] == "Pink lights"


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"categoryType": 0}, "categoryType"),
        ({"categoryType": "12"}, "categoryType"),
        ({"categoryType": 1.5}, "categoryType has to be a string or a number"),
        ({"sceneType": 5}, "sceneType"),
        ({"sceneType": "Indoors"}, "sceneType"),
        ({"sceneType": True}, "sceneType"),
        ({"count": 0}, "count"),
        ({"count": 101}, "count"),
        ({"imageUrl": "a.jpg"}, "imageUrl"),
        ({"productTitle": 5}, "productTitle"),
        ({"page": 1}, "page"),
    ],
)
def test_a_bad_search(aidge: Any, body: dict[str, Any], named: str) -> None:
    assert named in refusal(aidge.call(aidge.SCENES, body))


def test_what_is_empty_counts_as_absent(aidge: Any) -> None:
    empty = dict.fromkeys(("productTitle", "imageUrl", "categoryType", "sceneType", "count"), "")
    assert search(aidge, **empty) == search(aidge)
    assert search(aidge, imageUrl="https://example.org/a.jpg", count=None) == search(aidge)
