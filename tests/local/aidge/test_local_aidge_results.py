"""Aidge: result pictures, their signed addresses, covers."""

from __future__ import annotations

import io
from itertools import combinations
from typing import Any
from urllib.parse import parse_qs, urlsplit, urlunsplit

import httpx
import pytest
from PIL import Image, ImageChops, ImageStat

from airflow_provider_mps.local.aidge.scenes import SCENES
from airflow_provider_mps.local.pictures.captions import CAPTION_SHARE, write_title
from airflow_provider_mps.local.pictures.product_pictures import Pictures
from airflow_provider_mps.local.pictures.sample_pictures import LARGE_SAMPLE, read_sample
from airflow_provider_mps.local.pictures.scene_pictures import Order, ScenePictures

MAKER = ScenePictures(Pictures())
SMALL_MAKER = ScenePictures(Pictures(small=True))


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data)).convert("RGB")


def changed(url: str, **changes: str | None) -> str:
    parts = urlsplit(url)
    query = {name: values[0] for name, values in parse_qs(parts.query).items()} | changes
    pairs = httpx.QueryParams({name: value for name, value in query.items() if value is not None})
    return urlunsplit(parts._replace(query=str(pairs)))


def difference(one: Image.Image, other: Image.Image) -> float:
    return max(ImageStat.Stat(ImageChops.difference(one, other)).mean)


def strong(one: Image.Image, other: Image.Image, least: int) -> tuple[int, int, int, int] | None:
    """Where two pictures differ by at least so much."""
    grey = ImageChops.difference(one, other).convert("L")
    return grey.point([0] * least + [255] * (256 - least)).getbbox()


# --- addresses


def test_results_can_be_downloaded_and_differ(aidge: Any) -> None:
    data = aidge.run(imageNum="4", width="750", height="1000")
    urls = aidge.urls(data)
    pictures = []
    for number, url in enumerate(urls, start=1):
        assert url.startswith(f"{aidge.service.url}/aidge-results/{data['taskId']}/{number}.jpg?Expires=")
        answer = aidge.get(url)
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "image/jpeg"
        assert int(answer.headers["content-length"]) == len(answer.content)
        assert Image.open(io.BytesIO(answer.content)).format == "JPEG"
        pictures.append(opened(answer.content))
    assert {picture.size for picture in pictures} == {(72, 96)}
    assert len({picture.tobytes() for picture in pictures}) == 4
    assert [record.action for record in aidge.service.journal][-4:] == ["GetResult"] * 4
    record = aidge.service.journal[-1]
    assert (record.task_id, record.executed, record.secret_id) == (data["taskId"], True, aidge.key_name)
    assert record.body == {"path": urlsplit(urls[-1]).path}


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"Signature": "AAAA"}, "SignatureDoesNotMatch"),
        ({"Signature": "ü"}, "SignatureDoesNotMatch"),
        ({"Expires": "99999999999"}, "SignatureDoesNotMatch"),
        ({"Expires": "soon"}, "SignatureDoesNotMatch"),
        ({"OSSAccessKeyId": "500001"}, "SignatureDoesNotMatch"),
        ({"Signature": None}, "AccessDenied"),
        ({"Expires": None}, "AccessDenied"),
        ({"OSSAccessKeyId": None}, "AccessDenied"),
    ],
)
def test_a_changed_address_is_refused(aidge: Any, changes: dict[str, str | None], code: str) -> None:
    [first, second] = aidge.urls(aidge.run())
    answer = aidge.get(changed(first, **changes))
    assert answer.status_code == 403
    assert answer.headers["content-type"] == "application/xml"
    assert f"<Code>{code}</Code>" in answer.text
    assert (aidge.service.journal[-1].code, aidge.service.journal[-1].http_status) == (code, 403)
    # The signature of one picture opens no other.
    signature = parse_qs(urlsplit(second).query)["Signature"][0]
    assert aidge.get(changed(first, Signature=signature)).status_code == 403
    assert aidge.get(first).status_code == 200


def test_an_unknown_result(aidge: Any, service: Any) -> None:
    [url, _] = aidge.urls(aidge.run())
    for path in ("/aidge-results/x", f"/aidge-results/{'0' * 32}/1.jpg", urlsplit(url).path.replace("1.jpg", "3.jpg")):
        answer = aidge.get(f"{service.url}{path}?{urlsplit(url).query}")
        assert answer.status_code == 404
        assert "<Code>NoSuchKey</Code>" in answer.text
    assert httpx.put(url, content=b"x").status_code == 405


def test_addresses_expire_and_every_query_signs_anew(make_service: Any, aidge_for: Any, clock: Any) -> None:
    clock.frozen = float(int(clock()))
    service = make_service(task_seconds=0, aidge_url_seconds=60, clock=clock)
    aidge = aidge_for(service)
    task_id = aidge.submit()
    [url, _] = aidge.urls(aidge.ended(task_id))
    assert parse_qs(urlsplit(url).query)["Expires"] == [str(int(clock.frozen) + 60)]
    clock.frozen += 60
    assert aidge.get(url).status_code == 200
    [later, _] = aidge.urls(aidge.query(task_id))
    clock.frozen += 1
    answer = aidge.get(url)
    assert answer.status_code == 403
    assert "expired" in answer.text
    assert later != url
    assert aidge.get(later).status_code == 200


def test_the_default_lifetime(aidge: Any, service: Any) -> None:
    [url, _] = aidge.urls(aidge.run())
    expires = int(parse_qs(urlsplit(url).query)["Expires"][0])
    assert abs(expires - service.backend.clock() - 3600) < 60


# --- pictures


@pytest.mark.parametrize("size", [(800, 800), (750, 1000)])
def test_the_asked_size_and_a_product_before_another_background(size: tuple[int, int]) -> None:
    order = Order(SCENES["9"].backdrop, size, False, "")
    one, other = (opened(MAKER.make(read_sample(LARGE_SAMPLE), order, seed)) for seed in ("a", "b"))
    assert one.size == other.size == size
    assert difference(one, other) > 3
    # The lawn is green, and the saucer stays where it is in its own picture, red on both.
    middle = (round(size[0] * 0.2), size[1] // 2 + round(size[0] * 0.1))
    for picture in (one, other):
        red, green, blue = ImageStat.Stat(picture.crop((0, size[1] - 60, size[0], size[1]))).mean
        assert green > red > blue
        red, green, blue = picture.getpixel(middle)
        assert red > 2 * green


def test_the_same_seed_gives_the_same_bytes() -> None:
    order = Order(SCENES["21"].backdrop, (800, 800), True, "Cup")
    made = [SMALL_MAKER.make(read_sample(LARGE_SAMPLE), order, seed) for seed in ("a", "a", "b")]
    assert made[0] == made[1] != made[2]


@pytest.mark.parametrize("scene", list(SCENES))
def test_pictures_of_one_order_are_told_apart_at_a_glance(scene: str) -> None:
    for layout in (False, True):
        order = Order(SCENES[scene].backdrop, (800, 800), layout, "Cup")
        made = [opened(SMALL_MAKER.make(read_sample(LARGE_SAMPLE), order, f"x/{n}", n)) for n in range(10)]
        for one, other in combinations(made, 2):
            assert difference(one, other) > 4


def test_a_layout_places_the_product_anew_and_writes_the_title() -> None:
    scene = SCENES["2"]
    plain = opened(MAKER.make(read_sample(LARGE_SAMPLE), Order(scene.backdrop, (800, 800), True, ""), "a"))
    titled = opened(MAKER.make(read_sample(LARGE_SAMPLE), Order(scene.backdrop, (800, 800), True, "Red cup"), "a"))
    box = strong(plain, titled, 60)
    assert box is not None
    assert box[3] <= 800 * CAPTION_SHARE + 30
    assert abs((box[0] + box[2]) / 2 - 400) < 20
    kept = opened(MAKER.make(read_sample(LARGE_SAMPLE), Order(scene.backdrop, (800, 800), False, "Red cup"), "a"))
    assert difference(plain, kept) > 3


@pytest.mark.parametrize("title", ["x", "word " * 60, "w" * 300, "红色咖啡杯" * 30, "line\nbreak\tand more"])
@pytest.mark.parametrize("side", [96, 800])
def test_any_title_fits(title: str, side: int) -> None:
    for shade, darker in ((235, True), (25, False)):
        picture = Image.new("RGB", (side, side), (shade, shade, shade))
        before = picture.copy()
        write_title(picture, title)
        box = strong(before, picture, 100)
        assert box is not None
        assert box[3] <= side * (CAPTION_SHARE + 0.1)
        # Dark on light and light on dark.
        low, high = picture.convert("L").getextrema()
        assert (low < 135) if darker else (high > 125)


def test_no_title_changes_nothing() -> None:
    picture = Image.new("RGB", (80, 80), (10, 20, 30))
    write_title(picture, " \n")
    assert picture.getcolors() == [(6400, (10, 20, 30))]


@pytest.mark.parametrize("number", list(SCENES))
def test_every_scene_takes_any_shape(number: str) -> None:
    for sample in ("coffee.png", "brick.png"):
        for layout in (False, True):
            order = Order(SCENES[number].backdrop, (750, 1000), layout, "Title")
            assert opened(SMALL_MAKER.make(read_sample(sample), order, "x")).size == (72, 96)


@pytest.mark.parametrize("size", [(1, 40), (40, 1), (1, 1)])
def test_a_product_as_thin_as_a_line(size: tuple[int, int]) -> None:
    picture = Image.new("RGBA", (80, 80))
    picture.paste((255, 0, 0, 255), (10, 10, 10 + size[0], 10 + size[1]))
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    for number in ("1", "17", "21"):
        for layout in (False, True):
            order = Order(SCENES[number].backdrop, (800, 800), layout, "Line")
            assert opened(SMALL_MAKER.make(buffer.getvalue(), order, "x")).size == (96, 96)


# --- covers and the sample


def test_covers(service: Any) -> None:
    with httpx.Client(base_url=service.url) as client:
        covers = {number: client.get(f"/_local/scenes/{number}.jpg") for number in SCENES}
        for answer in covers.values():
            assert answer.headers["content-type"] == "image/jpeg"
            assert Image.open(io.BytesIO(answer.content)).format == "JPEG"
        assert len({answer.content for answer in covers.values()}) == len(SCENES)
        assert client.get("/_local/scenes/1.jpg").content == covers["1"].content
        for name in ("99.jpg", "1.png", "1", "", "../tasks"):
            assert client.get(f"/_local/scenes/{name}").status_code in (200, 404)
            assert not client.get(f"/_local/scenes/{name}").headers["content-type"].startswith("image")


def test_covers_fit_their_names() -> None:
    def mean(name: str, part: tuple[float, float, float, float]) -> tuple[float, float, float]:
        [scene] = [one for one in SCENES.values() if one.name == name]
        cover = opened(MAKER.cover(scene.number, scene.backdrop))
        box = tuple(round(share * side) for share, side in zip(part, cover.size * 2, strict=True))
        red, green, blue = ImageStat.Stat(cover.crop(box)).mean
        return red, green, blue

    lower, upper = (0, 0.6, 1, 1), (0, 0, 1, 0.3)
    red, green, blue = mean("Garden lawn", lower)
    assert green > red
    assert green > blue
    assert mean("Garden lawn", upper)[2] > mean("Garden lawn", upper)[0]
    assert sum(mean("Marble table", lower)) > 600
    assert sum(mean("Black stone bar", lower)) < 330
    red, green, blue = mean("Red podium", upper)
    assert red > 2 * green
    red, green, blue = mean("Golden glow", (0, 0, 1, 1))
    assert red > green > blue


def test_the_large_sample_is_one_that_aidge_takes(service: Any) -> None:
    answer = httpx.get(f"{service.url}/_local/samples/coffee-large.jpg")
    assert answer.headers["content-type"] == "image/jpeg"
    assert opened(answer.content).size == (1200, 800)
    assert service.get_object(service.bucket, "/samples/coffee-large.jpg") == answer.content
