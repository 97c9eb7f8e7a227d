"""Pictures: shape, format, determinism, cut-outs."""

from __future__ import annotations

import io
import random
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops, ImageDraw, ImageStat

from airflow_provider_mps.local.pictures import product_pictures
from airflow_provider_mps.local.pictures.backgrounds import draw
from airflow_provider_mps.local.pictures.cutout import cut_out
from airflow_provider_mps.local.pictures.product_pictures import PictureError, Pictures
from airflow_provider_mps.local.pictures.sample_pictures import read_sample
from tests.whole import examples


@cache
def sample(name: str) -> bytes:
    return read_sample(name)


@cache
def made(prompt: str = "marble", seed: int = 1, format_: str = "JPEG", size: str = "1K", quality: int = 85) -> bytes:
    return PICTURES.fuse(sample("coffee.png"), None, prompt, seed, format_, size, quality)


PICTURES = Pictures()


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


def encoded(picture: Image.Image, format_: str = "PNG") -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, format_)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("format_", "size", "side"), [("JPEG", "1K", 1024), ("PNG", "1K", 1024), ("JPEG", "2K", 2048), ("JPEG", "4K", 4096)]
)
def test_format_and_size(format_: str, size: str, side: int) -> None:
    picture = opened(made(format_=format_, size=size))
    assert picture.format == format_
    assert picture.width == side
    assert picture.height / picture.width == pytest.approx(400 / 600, abs=0.001)


def test_the_same_words_and_seed_give_the_same_bytes() -> None:
    assert made(seed=7) == Pictures().fuse(sample("coffee.png"), None, "marble", 7, "JPEG", "1K", 85)
    assert made(seed=7) != made(seed=8)
    assert made("wood", 7) != made("marble", 7)
    assert len(made(quality=20)) < len(made(quality=95))


def test_small_pictures() -> None:
    small = Pictures(small=True)
    assert max(opened(small.fuse(sample("coffee.png"), None, "x", 1, "JPEG", "4K", 85)).size) == 96
    assert max(opened(small.encode(sample("coffee.png"), "PNG", 85)).size) == 96


def test_the_background_is_seen_around_the_subject() -> None:
    fused = opened(PICTURES.fuse(sample("coffee.png"), sample("brick.png"), "", 1, "PNG", "1K", 85)).convert("RGB")
    corner = fused.crop((0, 0, 150, 150))
    red, green, blue = ImageStat.Stat(corner).mean
    # The bricks are grey, the table was brown.
    assert max(red, green, blue) - min(red, green, blue) < 8
    # The saucer is red, and still there.
    red, green, _ = ImageStat.Stat(fused.crop((250, 330, 330, 380))).mean
    assert red > 2 * green


def test_the_cup_is_cut_out_of_the_wooden_table() -> None:
    """The outline is near that of saucer, cup and spoon as a person draws it: an ellipse with the cup's rim on top."""
    ideal = Image.new("L", (600, 400), 0)
    pen = ImageDraw.Draw(ideal)
    pen.ellipse((77, 62, 479, 391), fill=255)
    pen.ellipse((172, 17, 409, 210), fill=255)
    pen.polygon([(385, 235), (398, 70), (424, 70), (400, 240)], fill=255)
    mask = cut_out(opened(sample("coffee.png")).convert("RGB")).point([0] * 128 + [255] * 128)
    both = ImageChops.darker(mask, ideal).histogram()[255]
    either = ImageChops.lighter(mask, ideal).histogram()[255]
    assert both / either > 0.93


def test_transparency_says_what_the_subject_is() -> None:
    picture = Image.new("RGBA", (200, 100), (0, 0, 0, 0))
    ImageDraw.Draw(picture).rectangle((20, 20, 60, 60), fill=(255, 0, 0, 255))
    assert cut_out(picture).tobytes() == picture.getchannel("A").tobytes()
    fused = opened(PICTURES.fuse(encoded(picture), sample("brick.png"), "", 1, "PNG", "1K", 85)).convert("RGB")
    red, green, _ = fused.getpixel((512, 256))  # type: ignore[misc]
    assert (red, green) == (255, 0)


def test_a_plain_product_on_white_is_cut_out() -> None:
    picture = Image.new("RGB", (500, 500), (250, 250, 250))
    pen = ImageDraw.Draw(picture)
    pen.rectangle((200, 100, 300, 420), fill=(30, 90, 60))
    pen.ellipse((210, 60, 290, 120), fill=(40, 40, 45))
    mask = cut_out(picture)
    assert mask.getpixel((250, 250)) == 255
    assert mask.getpixel((100, 250)) == 0
    assert mask.getpixel((250, 470)) == 0
    left, top, right, bottom = mask.point([0] * 128 + [255] * 128).getbbox() or (0, 0, 0, 0)
    assert abs(left - 200) < 12
    assert abs(right - 300) < 12
    assert abs(top - 60) < 16
    assert abs(bottom - 420) < 16


@pytest.mark.parametrize("kind", ["one colour", "noise"])
def test_a_picture_without_a_product_gets_a_soft_ellipse(kind: str) -> None:
    rng = random.Random(1)
    data = rng.randbytes(300 * 200 * 3) if kind == "noise" else bytes([90]) * (300 * 200 * 3)
    mask = cut_out(Image.frombytes("RGB", (300, 200), data))
    assert mask.size == (300, 200)
    assert mask.getpixel((150, 100)) > 200  # type: ignore[operator]
    assert mask.getpixel((0, 0)) == 0


@settings(max_examples=examples(25), deadline=None)
@given(width=st.integers(1, 80), height=st.integers(1, 80), alpha=st.booleans(), seed=st.integers(0, 9))
def test_any_small_picture_works(width: int, height: int, alpha: bool, seed: int) -> None:
    mode, bands = ("RGBA", 4) if alpha else ("RGB", 3)
    picture = Image.frombytes(mode, (width, height), random.Random(seed).randbytes(width * height * bands))
    data = Pictures(small=True).fuse(encoded(picture), None, "night", seed, "JPEG", "1K", 50)
    assert max(opened(data).size) == 96


@pytest.mark.parametrize("data", [b"", b"GIF89a", b"no picture at all", sample("brick.png")[:5000]])
def test_what_is_no_picture_is_refused(data: bytes) -> None:
    with pytest.raises(PictureError):
        PICTURES.fuse(data, None, "x", 1, "JPEG", "1K", 85)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "CMYK", "I;16"])
def test_every_kind_of_picture_can_be_a_subject(mode: str) -> None:
    picture = Image.new(mode, (60, 40))
    data = encoded(picture, "TIFF" if mode == "CMYK" else "PNG")
    assert opened(Pictures(small=True).fuse(data, None, "sky", 1, "PNG", "1K", 85)).size == (96, 64)


def test_words_are_understood() -> None:
    def mean(prompt: str) -> tuple[float, float, float]:
        red, green, blue = ImageStat.Stat(draw(prompt, 3, (160, 120))).mean
        return red, green, blue

    red, green, blue = mean("a green lawn")
    assert green > red
    assert green > blue
    red, _, blue = mean("oak wood planks")
    assert red > blue + 20
    assert sum(mean("white marble")) > sum(mean("city at night")) + 200
    red, green, blue = mean("pink studio")
    assert red > green
    assert draw("MARBLE", 1, (50, 40)).tobytes() == draw("marble", 1, (50, 40)).tobytes()


def test_what_is_kept_of_large_pictures_is_bounded() -> None:
    pictures = Pictures()
    for number in range(6):
        buffer = io.BytesIO()
        Image.effect_noise((2400, 2400), 40 + number).convert("RGB").save(buffer, "JPEG", quality=30)
        pictures.subject(buffer.getvalue())
    kept = list(product_pictures._subjects._values.values())
    assert 0 < len(kept) < 6
    assert sum(subject.bytes_held for subject in kept) <= 64 * 1024 * 1024
    assert pictures.subject(buffer.getvalue()) is kept[-1]
