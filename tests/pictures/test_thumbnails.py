from __future__ import annotations

import io
import threading
import tracemalloc
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from airflow_provider_mps.pictures.thumbnails import NotDrawnError, Thumbnail, thumbnail
from tests.pictures import picture, png_header


def opened(small: Thumbnail) -> Image.Image:
    shown = Image.open(io.BytesIO(small.jpeg))
    shown.load()
    return shown


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "BMP", "GIF"])
def test_a_picture_becomes_a_small_jpeg_of_the_same_shape(kind: str) -> None:
    small = thumbnail(picture(1200, 800, kind))
    shown = opened(small)
    assert shown.format == "JPEG"
    assert shown.size == (small.width, small.height) == (160, 107)
    assert (small.full_width, small.full_height) == (1200, 800)
    colour: Any = shown.getpixel((80, 50))
    assert all(abs(is_ - was) < 12 for is_, was in zip(colour, (200, 120, 40), strict=True))


@given(st.integers(1, 900), st.integers(1, 900), st.integers(16, 400))
def test_no_side_is_longer_than_asked_for(width: int, height: int, side: int) -> None:
    small = thumbnail(picture(width, height), side)
    assert max(small.width, small.height) == min(side, max(width, height))
    assert min(small.width, small.height) >= 1


@pytest.mark.parametrize("mode", ["L", "LA", "RGBA", "P", "CMYK", "I;16", "1", "YCbCr"])
def test_colours_of_every_kind_become_those_of_a_page(mode: str) -> None:
    buffer = io.BytesIO()
    kind = {"CMYK": "JPEG", "YCbCr": "JPEG"}.get(mode, "PNG")
    Image.new("L", (300, 300), 130).convert(mode if mode != "I;16" else "L").save(buffer, kind)
    if mode == "I;16":
        buffer = io.BytesIO()
        Image.frombytes("I;16", (300, 300), (130 * 257).to_bytes(2, "little") * 90_000).save(buffer, "PNG")
    shown = opened(thumbnail(buffer.getvalue()))
    assert shown.mode == "RGB"
    if mode != "1":
        value: Any = shown.getpixel((80, 80))
        assert all(abs(part - 130) < 8 for part in value), value


def test_what_is_transparent_is_white() -> None:
    buffer = io.BytesIO()
    Image.new("RGBA", (400, 400), (0, 0, 0, 0)).save(buffer, "PNG")
    assert opened(thumbnail(buffer.getvalue())).getpixel((5, 5)) == (255, 255, 255)


def test_a_photo_that_a_camera_has_turned_is_upright() -> None:
    photo = Image.new("RGB", (600, 300), "blue")
    photo.paste("red", (0, 0, 300, 300))
    exif = Image.Exif()
    exif[0x0112] = 6
    buffer = io.BytesIO()
    photo.save(buffer, "JPEG", exif=exif)
    small = thumbnail(buffer.getvalue())
    assert (small.width, small.height) == (80, 160)
    assert (small.full_width, small.full_height) == (300, 600)
    top: Any = opened(small).getpixel((40, 20))
    assert top[0] > 200
    assert top[2] < 60


def test_nothing_that_a_picture_says_of_its_making_is_kept() -> None:
    exif = Image.Exif()
    exif[0x010E] = "a place that nobody should know"
    buffer = io.BytesIO()
    how = {"comment": b"a remark that nobody should know", "exif": exif, "icc_profile": b"a profile that nobody knows"}
    Image.new("RGB", (300, 300), "teal").save(buffer, "JPEG", **how)
    assert buffer.getvalue().count(b"nobody") == 3
    small = thumbnail(buffer.getvalue())
    assert b"nobody" not in small.jpeg
    assert set(opened(small).info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "it is no JPEG, PNG, WebP, BMP or GIF (0 bytes)"),
        (b"<svg onload=alert(1)>", "it is no JPEG"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "it is no JPEG"),
        (picture(900, 900, "JPEG")[:2000], "it cannot be decoded"),
        (picture()[:200], "it cannot be decoded"),
    ],
)
def test_what_is_no_whole_picture_says_so(data: bytes, said: str) -> None:
    with pytest.raises(NotDrawnError) as caught:
        thumbnail(data)
    assert str(caught.value).startswith(said)


@pytest.mark.parametrize("side", [10_000, 20_000])
@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_a_picture_of_more_pixels_than_pillow_takes_is_not_decoded(side: int) -> None:
    tracemalloc.start()
    with pytest.raises(NotDrawnError, match="Pillow's limit"):
        thumbnail(png_header(side, side))
    assert tracemalloc.get_traced_memory()[1] < 5_000_000
    tracemalloc.stop()


@given(st.binary(max_size=400), st.integers(0, 399))
def test_a_broken_file_raises_nothing_else(noise: bytes, at: int) -> None:
    for whole in (picture(90, 90, "JPEG"), picture(90, 90), picture(90, 90, "WEBP"), picture(90, 90, "GIF")):
        broken = whole[:at] + noise + whole[at + len(noise) :]
        try:
            small = thumbnail(broken)
        except NotDrawnError:
            continue
        assert opened(small).format == "JPEG"


def test_threads_draw_large_pictures_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    from airflow_provider_mps.pictures import thumbnails

    busy, most = [0], [0]
    draw = thumbnails._drawn

    def counting(shown: Any, *how: int) -> Thumbnail:
        busy[0] += 1
        most[0] = max(most[0], busy[0])
        try:
            return draw(shown, *how)
        finally:
            busy[0] -= 1

    monkeypatch.setattr(thumbnails, "_drawn", counting)
    large = picture(2400, 2400)
    threads = [threading.Thread(target=thumbnail, args=(large,)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1]
