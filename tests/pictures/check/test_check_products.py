"""The product: found again wherever it is put, and told from what is not it."""

from __future__ import annotations

import io
import math
import random
import sys
import threading
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from airflow_provider_mps.local.pictures.backgrounds import draw
from airflow_provider_mps.pictures.check import Bounds, Checked, Code, Finding, Verdict, check_picture
from tests.checked import faults, first, second
from tests.checked.cases import Source
from tests.checked.making import Light, Place, jpeg, lit, photo, placed, png
from tests.whole import examples

SIZE = (900, 700)
PRODUCTS = ("coffee", "labelled jar", "vase", "bottle-cassis")


@cache
def source(name: str) -> Source:
    return first.STUDIO.source()[name] if name in first.subjects() else second.source(name)


def made(product: Image.Image, place: Place, prompt: str = "oak planks", light: Light = Light()) -> bytes:  # noqa: B008
    return jpeg(placed(draw(prompt, 4, SIZE), lit(product, light), place), 85)


def finding(checked: Checked, code: Code) -> Finding:
    return next(one for one in checked.findings if one.code is code)


@pytest.mark.parametrize("name", PRODUCTS)
@settings(max_examples=examples(6), deadline=None)
@given(st.floats(0.0, 1.0), st.floats(-6, 6), st.floats(0.42, 0.58), st.sampled_from(["marble", "grass", "sunset"]))
def test_a_product_is_found_again_where_it_was_put(name: str, share: float, turn: float, x: float, prompt: str) -> None:
    product = source(name).cut_out
    room = 0.8 * min(SIZE[0] / product.width, SIZE[1] / product.height)
    place = Place(0.4 * room + share * 0.5 * room, turn, x, 0.5)
    checked = check_picture(made(product, place, prompt), subject=source(name).picture)
    assert checked.rejected == ()
    assert checked.place is not None
    # Of the cut-out, whose photograph may be larger or smaller; the coffee's is as large.
    assert checked.place.scale == pytest.approx(place.scale, rel=0.04)
    assert checked.place.turn == pytest.approx(turn, abs=3)
    assert checked.place.x + checked.place.width / 2 == pytest.approx(x, abs=0.02)
    assert checked.place.y + checked.place.height / 2 == pytest.approx(0.5, abs=0.02)


@pytest.mark.parametrize("name", PRODUCTS)
@pytest.mark.parametrize(
    "light",
    [
        Light((0.75, 0.75, 0.75)),
        Light((1.2, 1.1, 1.0), 1.1),
        Light((0.9, 0.97, 1.1), 0.9, 0.2),
        Light((1.1, 1.0, 0.88), 1.0, -0.2),
    ],
)
def test_the_light_of_a_scene_is_no_fault(name: str, light: Light) -> None:
    checked = check_picture(made(source(name).cut_out, Place(0.7, 2), light=light), subject=source(name).picture)
    assert checked.rejected == ()
    assert finding(checked, Code.PRODUCT_RECOLOURED).verdict is Verdict.OK


@pytest.mark.parametrize("name", ["coffee", "labelled jar", "labelled bottle", "sandal", "backpack", "suitcase"])
def test_a_mirrored_product_is_rejected_as_mirrored(name: str) -> None:
    product = source(name).cut_out
    checked = check_picture(made(faults.mirrored(product), Place(0.8, 3)), subject=source(name).picture)
    assert Code.PRODUCT_MIRRORED in {one.code for one in checked.rejected}
    # What was put there is what was asked for.
    assert check_picture(made(product, Place(0.8, 3)), subject=source(name).picture).rejected == ()


@pytest.mark.parametrize("name", ["vase", "bowl-indigo"])
def test_what_looks_the_same_in_a_mirror_is_not_checked_for_it(name: str) -> None:
    checked = check_picture(made(source(name).cut_out, Place(0.7)), subject=source(name).picture)
    assert finding(checked, Code.PRODUCT_MIRRORED).verdict is Verdict.NOT_CHECKED
    assert finding(checked, Code.PRODUCT_MISSING).verdict is Verdict.OK


@pytest.mark.parametrize("name", ["coffee", "vase", "labelled tin", "sandal", "candle"])
def test_another_colour_is_rejected(name: str) -> None:
    other = faults.recoloured(source(name).cut_out, random.Random(3))
    checked = check_picture(made(other, Place(0.7, -2)), subject=source(name).picture)
    assert [one.code for one in checked.rejected] == [Code.PRODUCT_RECOLOURED]


@pytest.mark.parametrize("name", [*PRODUCTS, "camera", "sandal"])
def test_a_background_alone_is_rejected(name: str) -> None:
    for prompt in ("oak planks", "night", "sky"):
        checked = check_picture(jpeg(draw(prompt, 4, SIZE)), subject=source(name).picture)
        assert [one.code for one in checked.rejected] == [Code.PRODUCT_MISSING]
        assert checked.place is None


def test_it_is_told_that_a_background_was_asked_for_and_nothing_else_came() -> None:
    behind = draw("oak planks", 4, (600, 600))
    checked = check_picture(
        jpeg(behind.resize(SIZE)), subject=source("coffee").picture, background=jpeg(behind.resize(SIZE))
    )
    assert "background alone" in finding(checked, Code.PRODUCT_MISSING).words


@pytest.mark.parametrize("name", ["coffee", "labelled tin", "jar-plum", "backpack", "camera"])
def test_a_product_that_is_half_hidden_is_rejected(name: str) -> None:
    hidden = faults.half_hidden(source(name).cut_out, draw("beach sand", 1, (400, 400)), random.Random(2))
    checked = check_picture(made(hidden, Place(0.9)), subject=source(name).picture)
    assert {one.code for one in checked.rejected} & {Code.PRODUCT_COVERED, Code.PRODUCT_MISSING}


@pytest.mark.parametrize("name", ["coffee", "labelled jar", "sandal"])
def test_a_product_that_is_partly_outside_is_rejected(name: str) -> None:
    checked = check_picture(made(source(name).cut_out, Place(0.9, 0, 0.06, 0.5)), subject=source(name).picture)
    assert {one.code for one in checked.rejected} & {Code.PRODUCT_OUTSIDE, Code.PRODUCT_COVERED, Code.PRODUCT_MISSING}


@pytest.mark.parametrize("backdrop", ["white", "black"])
@pytest.mark.parametrize("name", ["coffee", "vase-rose", "sandal", "camera"])
def test_the_subject_as_it_was_is_rejected(name: str, backdrop: str) -> None:
    with Image.open(io.BytesIO(source(name).picture)) as file:
        shown = file.convert("RGBA")
    plain = Image.new("RGB", shown.size, backdrop)
    plain.paste(shown, mask=shown.getchannel("A"))
    checked = check_picture(
        jpeg(plain.resize((plain.width * 3 // 2, plain.height * 3 // 2))), subject=source(name).picture
    )
    assert [one.code for one in checked.rejected] == [Code.BACKGROUND_UNCHANGED]


def test_white_behind_what_was_on_white_is_no_fault_if_it_was_asked_for() -> None:
    product = source("sandal").cut_out
    subject = photo(product, (250, 250, 250), 0.2, random.Random(1))
    white = jpeg(Image.new("RGB", (600, 400), (252, 252, 252)))
    checked = check_picture(subject, subject=subject, background=white)
    assert finding(checked, Code.BACKGROUND_UNCHANGED).verdict is Verdict.NOT_CHECKED
    assert finding(check_picture(subject, subject=subject), Code.BACKGROUND_UNCHANGED).verdict is Verdict.REJECTED


def test_glass_is_not_checked_where_the_background_is_seen_through_it() -> None:
    checked = check_picture(made(source("hourglass").cut_out, Place(0.9), "grass"), subject=source("hourglass").picture)
    assert checked.rejected == ()
    assert finding(checked, Code.PRODUCT_COVERED).verdict is not Verdict.OK or (
        finding(checked, Code.PRODUCT_RECOLOURED).verdict is not Verdict.OK
    )


def _ring() -> Image.Image:
    """A wreath: most of what its outline encloses is not the product."""
    picture = Image.new("RGBA", (420, 420), (0, 0, 0, 0))
    pen = ImageDraw.Draw(picture)
    pen.ellipse((10, 10, 410, 410), outline=(150, 92, 44, 255), width=62)
    for number in range(24):
        angle = 2 * math.pi * number / 24
        x, y = 210 + 168 * math.cos(angle), 210 + 168 * math.sin(angle)
        colour = ((70, 120, 60, 255), (190, 40, 46, 255), (232, 196, 90, 255))[number % 3]
        pen.ellipse((x - 16, y - 16, x + 16, y + 16), fill=colour)
    return picture


def test_what_is_seen_through_a_hole_is_no_fault() -> None:
    subject = photo(_ring(), (225, 228, 232), 0.15, random.Random(1))
    for prompt in ("grass", "night", "city lights at night"):
        assert check_picture(made(_ring(), Place(0.9), prompt), subject=subject).rejected == ()
    for other in (
        faults.recoloured(_ring(), random.Random(1)),
        faults.half_hidden(_ring(), draw("sky", 1, (400, 400)), random.Random(2)),
    ):
        assert check_picture(made(other, Place(0.9), "grass"), subject=subject).rejected


def _dark() -> Image.Image:
    """Black headphones, with next to nothing drawn on them."""
    picture = Image.new("RGBA", (440, 430), (0, 0, 0, 0))
    pen = ImageDraw.Draw(picture)
    pen.arc((55, 20, 385, 380), 180, 360, fill=(44, 44, 48, 255), width=28)
    for left in (30, 320):
        pen.rounded_rectangle((left, 200, left + 90, 410), 40, fill=(66, 66, 72, 255))
    pen.ellipse((50, 260, 100, 350), fill=(206, 160, 70, 255))
    return picture


def test_a_dark_product_in_a_dark_scene_is_no_fault() -> None:
    subject = photo(_dark(), (232, 228, 220), 0.15, random.Random(1))
    noise = np.random.default_rng(1).normal(26, 5, (70, 90, 1)) + np.zeros(3)
    scene = Image.fromarray(noise.clip(0, 255).astype(np.uint8)).resize(SIZE, Image.Resampling.BICUBIC)
    picture = jpeg(placed(scene, lit(_dark(), Light((0.8, 0.76, 0.74))), Place(0.8, 3, 0.4, 0.5)), 85)
    assert check_picture(picture, subject=subject).rejected == ()


@pytest.mark.parametrize("tint", [(0.72, 1.1, 0.72), (1.5, 0.6, 0.6), (1.1, 0.7, 1.1)])
def test_no_light_is_green_or_red_or_magenta(tint: tuple[float, float, float]) -> None:
    grey = source("vase").cut_out.convert("L").convert("RGB")
    grey.putalpha(source("vase").cut_out.getchannel("A"))
    checked = check_picture(made(lit(grey, Light(tint)), Place(0.7)), subject=png(grey))
    assert [one.code for one in checked.rejected] == [Code.PRODUCT_RECOLOURED]
    for light in (Light((1.2, 1.0, 0.8)), Light((0.8, 0.92, 1.05))):
        assert check_picture(made(lit(grey, light), Place(0.7)), subject=png(grey)).rejected == ()


def test_something_rough_before_a_smooth_product_is_found() -> None:
    product = Image.new("RGBA", (400, 440), (0, 0, 0, 0))
    ImageDraw.Draw(product).rounded_rectangle((10, 10, 390, 430), 40, fill=(104, 214, 110, 255))
    ImageDraw.Draw(product).rectangle((10, 120, 390, 180), fill=(236, 232, 190, 255))
    hidden = product.copy()
    hidden.paste(draw("a meadow, grass", 1, (400, 220)), (0, 230))
    checked = check_picture(made(hidden, Place(0.8), "white marble"), subject=png(product))
    assert {one.code for one in checked.rejected} & {Code.PRODUCT_COVERED, Code.PRODUCT_MISSING}


def test_a_white_product_in_another_colour_is_not_taken_for_glass() -> None:
    product = Image.new("RGBA", (400, 400), (0, 0, 0, 0))
    ImageDraw.Draw(product).rounded_rectangle((10, 60, 390, 390), 60, fill=(232, 232, 230, 255))
    ImageDraw.Draw(product).rectangle((120, 10, 280, 70), fill=(40, 40, 44, 255))
    subject = photo(product, (252, 252, 252), 0.15, random.Random(1))
    other = faults.recoloured(product, random.Random(4))
    checked = check_picture(made(other, Place(0.8), "sunset over the sea"), subject=subject)
    assert Code.PRODUCT_RECOLOURED in {one.code for one in checked.rejected}
    assert check_picture(made(product, Place(0.8), "sunset over the sea"), subject=subject).rejected == ()


def test_a_subject_on_its_side_is_found_upright() -> None:
    with Image.open(io.BytesIO(source("camera").picture)) as file:
        turned = file.convert("RGB").transpose(Image.Transpose.ROTATE_90)
    exif = Image.Exif()
    exif[0x0112] = 6
    buffer = io.BytesIO()
    turned.save(buffer, "JPEG", quality=92, exif=exif)
    checked = check_picture(made(source("camera").cut_out, Place(0.7)), subject=buffer.getvalue())
    assert checked.rejected == ()
    assert checked.place is not None
    assert abs(checked.place.turn) < 2


def test_a_product_that_touches_the_border_of_its_picture_is_found() -> None:
    product = source("suitcase").cut_out
    canvas = Image.new("RGB", (product.width + 200, product.height + 100), (244, 244, 246))
    canvas.paste(product.convert("RGB"), (100, 100), product)
    checked = check_picture(made(product, Place(0.8)), subject=jpeg(canvas, 92))
    assert checked.rejected == ()
    assert finding(checked, Code.PRODUCT_MISSING).verdict is Verdict.OK


def test_a_result_with_transparency_is_seen_on_white() -> None:
    product = source("labelled jar").cut_out
    canvas = Image.new("RGBA", (800, 800), (0, 0, 0, 0))
    canvas.paste(product, (200, 150), product)
    assert check_picture(png(canvas), subject=source("labelled jar").picture).rejected == ()


def test_a_subject_below_64_pixels_does_not_make_it_guess() -> None:
    with Image.open(io.BytesIO(source("coffee").picture)) as file:
        small = png(file.resize((30, 20)))
    checked = check_picture(made(source("coffee").cut_out, Place(0.9)), subject=small)
    assert finding(checked, Code.PRODUCT_MISSING).verdict is not Verdict.REJECTED


def test_without_a_subject_the_product_is_not_checked() -> None:
    checked = check_picture(made(source("coffee").cut_out, Place(0.8)))
    assert checked.verdict is Verdict.OK
    assert finding(checked, Code.PRODUCT_MISSING).words == "no picture of the subject was given"
    broken = check_picture(made(source("coffee").cut_out, Place(0.8)), subject=b"no picture")
    assert finding(broken, Code.PRODUCT_MISSING).verdict is Verdict.NOT_CHECKED


def test_without_opencv_it_is_said_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    # The test makes its picture with them.
    picture, subject = made(source("coffee").cut_out, Place(0.8)), source("coffee").picture
    for name in ("cv2", "numpy"):
        monkeypatch.setitem(sys.modules, name, None)
    checked = check_picture(picture, subject=subject)
    assert checked.verdict is Verdict.OK
    assert "pip install 'airflow-provider-mps[check]'" in finding(checked, Code.PRODUCT_MISSING).words
    assert finding(checked, Code.BLANK).verdict is Verdict.OK
    assert check_picture(picture[: len(picture) // 2]).verdict is Verdict.REJECTED
    assert len(checked.print) > 200


def test_bounds_are_arguments() -> None:
    other = faults.recoloured(source("vase").cut_out, random.Random(3))
    picture, subject = made(other, Place(0.7)), source("vase").picture
    assert check_picture(picture, subject=subject).verdict is Verdict.REJECTED
    assert check_picture(picture, subject=subject, bounds=Bounds(recoloured=1.0)).verdict is Verdict.OK


def test_threads_get_what_one_gets() -> None:
    pictures = [made(source(name).cut_out, Place(0.7)) for name in PRODUCTS]
    alone = [check_picture(one, subject=source(name).picture) for one, name in zip(pictures, PRODUCTS, strict=True)]
    found: dict[int, list[Any]] = {}

    def check_all(number: int) -> None:
        found[number] = [
            check_picture(one, subject=source(name).picture) for one, name in zip(pictures, PRODUCTS, strict=True)
        ]

    threads = [threading.Thread(target=check_all, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [found[number] for number in range(4)] == [alone] * 4
