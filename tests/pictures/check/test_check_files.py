"""Files: what is no picture, what is cut, what is blank, and what is only unusual."""

from __future__ import annotations

import io
import random
import tracemalloc
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFile

from airflow_provider_mps.local.pictures.backgrounds import draw
from airflow_provider_mps.local.pictures.sample_pictures import read_sample
from airflow_provider_mps.pictures.check import Asked, Checked, Code, Verdict, check_picture
from tests.pictures import picture as plain_picture
from tests.pictures import png_header
from tests.whole import examples

KINDS: dict[str, tuple[str, dict[str, Any]]] = {
    "jpeg": ("JPEG", {"quality": 85}),
    "progressive": ("JPEG", {"quality": 85, "progressive": True}),
    "restarts": ("JPEG", {"quality": 85, "restart_marker_rows": 2}),
    "png": ("PNG", {}),
    "webp": ("WEBP", {}),
}


@cache
def scene(width: int = 320, height: int = 240) -> Image.Image:
    return draw("beach sand", 3, (width, height))


def encoded(shown: Image.Image, kind: str = "PNG", **how: Any) -> bytes:
    buffer = io.BytesIO()
    shown.save(buffer, kind, **how)
    return buffer.getvalue()


def found(checked: Checked, code: Code) -> Verdict:
    return next(finding.verdict for finding in checked.findings if finding.code is code)


@pytest.mark.parametrize("kind", KINDS)
def test_a_whole_picture_is_whole(kind: str) -> None:
    format_, how = KINDS[kind]
    checked = check_picture(encoded(scene(), format_, **how))
    assert (checked.format, checked.width, checked.height) == (format_, 320, 240)
    assert checked.verdict is Verdict.OK
    assert {found(checked, code) for code in (Code.NOT_A_PICTURE, Code.CUT_OFF, Code.BLANK)} == {Verdict.OK}


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=examples(30), deadline=None)
@given(st.floats(0.05, 0.97))
def test_a_cut_file_is_rejected(kind: str, share: float) -> None:
    format_, how = KINDS[kind]
    data = encoded(scene(), format_, **how)
    checked = check_picture(data[: int(len(data) * share)])
    assert {finding.code for finding in checked.rejected} <= {Code.CUT_OFF, Code.NOT_A_PICTURE}
    assert checked.verdict is Verdict.REJECTED


@settings(max_examples=examples(40), deadline=None)
@given(st.floats(0.1, 0.97), st.sampled_from([{}, {"restart_marker_rows": 2}]), st.booleans())
def test_a_jpeg_that_was_cut_and_closed_again_is_rejected(share: float, how: dict[str, Any], on_white: bool) -> None:
    shown = scene()
    if on_white:
        # What is missing is as white as what is behind the rest.
        shown = Image.new("RGB", (320, 240), "white")
        shown.paste(scene().resize((160, 220)), (80, 10))
    data = encoded(shown, "JPEG", quality=85, **how)
    head = data.index(b"\xff\xda") + 12
    checked = check_picture(data[: head + int((len(data) - head) * share)] + b"\xff\xd9")
    assert [finding.code for finding in checked.rejected][:1] == [Code.CUT_OFF]


@pytest.mark.parametrize("colour", ["white", "black", (200, 120, 40)])
@pytest.mark.parametrize("kind", KINDS)
def test_one_colour_is_blank_and_not_cut(kind: str, colour: Any) -> None:
    format_, how = KINDS[kind]
    checked = check_picture(encoded(Image.new("RGB", (300, 300), colour), format_, **how))
    assert [finding.code for finding in checked.rejected] == [Code.BLANK]


def test_a_small_white_product_on_white_is_not_blank() -> None:
    shown = Image.new("RGB", (1000, 1000), (255, 255, 255))
    shown.paste((224, 224, 226), (450, 450, 550, 560))
    assert check_picture(encoded(shown, "JPEG", quality=90)).rejected == ()


def test_a_lower_end_of_one_colour_is_cut_off_even_if_it_was_encoded_anew() -> None:
    shown = scene().copy()
    shown.paste((128, 128, 128), (0, 150, 320, 240))
    assert [finding.code for finding in check_picture(encoded(shown)).rejected] == [Code.CUT_OFF]


def test_the_plain_ground_below_a_product_is_not_cut_off() -> None:
    shown = Image.new("RGB", (320, 320), "white")
    shown.paste(scene().resize((120, 200)), (100, 60))
    for data in (encoded(shown), encoded(shown, "JPEG", quality=90)):
        assert check_picture(data).rejected == ()


def test_a_setting_of_pillow_does_not_let_cut_files_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)
    for format_, how in KINDS.values():
        if format_ != "WEBP":
            data = encoded(scene(), format_, **how)
            assert check_picture(data[: len(data) // 2]).verdict is Verdict.REJECTED


def test_an_end_mark_within_a_thumbnail_is_no_end() -> None:
    exif = Image.Exif()
    exif[0x010E] = "\xff\xd9 not the end"
    data = encoded(scene(), "JPEG", exif=exif, comment=b"\xff\xd9 nor this")
    assert check_picture(data).verdict is Verdict.OK
    assert check_picture(data[:-1500]).verdict is Verdict.REJECTED


def test_what_cameras_append_to_a_picture_is_no_fault() -> None:
    assert check_picture(encoded(scene(), "JPEG") + b"\0" * 300 + b"SEFT").verdict is Verdict.OK


@pytest.mark.parametrize(
    "data", [b"", b"\x89PNG\r\n\x1a\n", b"<svg/>", b"%!PS-Adobe-3.0 EPSF-3.0\n", b"\xff\xd8\xff\xd9"]
)
def test_what_is_no_picture_says_so(data: bytes) -> None:
    checked = check_picture(data)
    assert checked.verdict is Verdict.REJECTED
    assert (checked.width, checked.height, checked.format, checked.place, checked.print) == (0, 0, "", None, "")


def test_a_format_that_cannot_be_read_here_is_not_checked() -> None:
    checked = check_picture(b"\0\0\0\x18ftypheic" + b"\0" * 40)
    assert checked.verdict is Verdict.NOT_CHECKED
    assert "HEIF" in checked.findings[0].words


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize("side", [10_000, 20_000])
def test_a_picture_of_more_pixels_than_pillow_takes_is_not_decoded(side: int) -> None:
    tracemalloc.start()
    checked = check_picture(png_header(side, side), subject=png_header(side, side))
    assert tracemalloc.get_traced_memory()[1] < 5_000_000
    tracemalloc.stop()
    assert checked.verdict is Verdict.REJECTED
    assert "Pillow's limit" in checked.findings[0].words


def test_a_photo_that_a_camera_has_turned_has_the_size_that_is_seen() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    checked = check_picture(encoded(scene(600, 300), "JPEG", exif=exif), asked=Asked(width=300, height=600))
    assert (checked.width, checked.height, checked.verdict) == (300, 600, Verdict.OK)


def odd_pictures() -> dict[str, bytes]:
    shown = scene(400, 300)
    grey = shown.convert("L")
    wide = Image.frombytes(
        "I;16", (400, 300), b"".join((value * 257).to_bytes(2, "little") for value in grey.tobytes())
    )
    see_through = shown.convert("RGBA")
    see_through.putalpha(grey)
    frames = [shown, shown.rotate(90), shown.rotate(180)]
    return {
        "cmyk": encoded(shown.convert("CMYK"), "JPEG"),
        "grey jpeg": encoded(grey, "JPEG"),
        "16 bits": encoded(wide),
        "palette with alpha": encoded(see_through.quantize(64)),
        "grey with alpha": encoded(see_through.convert("LA")),
        "one bit": encoded(shown.convert("1")),
        "animated gif": encoded(frames[0], "GIF", save_all=True, append_images=frames[1:]),
        "animated webp": encoded(frames[0], "WEBP", save_all=True, append_images=frames[1:]),
        "one pixel": encoded(Image.new("RGB", (1, 1), "red")),
        "one row": encoded(draw("beach sand", 1, (20_000, 1))),
        "one column": encoded(draw("beach sand", 1, (1, 20_000)), "BMP"),
        "tiff": encoded(shown, "TIFF"),
        "float": encoded(grey.convert("F"), "TIFF"),
        "all transparent": encoded(Image.new("RGBA", (300, 300), (0, 0, 0, 0))),
        "small": encoded(shown.resize((40, 30))),
    }


@pytest.mark.parametrize("name", odd_pictures())
def test_unusual_pictures_are_checked_as_results_and_as_subjects(name: str) -> None:
    odd = odd_pictures()[name]
    as_result = check_picture(odd, subject=read_sample("coffee.png"), background=odd)
    assert (as_result.width, as_result.height) != (0, 0)
    assert all("Error" not in finding.words for finding in as_result.findings)
    as_subject = check_picture(encoded(scene(), "JPEG"), subject=odd, background=odd)
    assert all("Error" not in finding.words and "error" not in finding.words for finding in as_subject.findings)
    assert found(as_subject, Code.PRODUCT_RECOLOURED) is not Verdict.OK


@settings(max_examples=examples(25), deadline=None)
@given(st.binary(max_size=300), st.integers(0, 2**32), st.sampled_from(sorted(KINDS)))
def test_no_bytes_make_it_raise(noise: bytes, seed: int, kind: str) -> None:
    format_, how = KINDS[kind]
    whole = encoded(scene(90, 90), format_, **how)
    at = random.Random(seed).randrange(len(whole))
    broken = whole[:at] + noise + whole[at + len(noise) :]
    for data in (broken, noise):
        first, again = check_picture(data, subject=whole), check_picture(data, subject=whole)
        assert first == again
        assert first.findings
        assert check_picture(whole, subject=data, background=data).verdict is not None


def test_what_it_says_is_small_json() -> None:
    import json

    checked = check_picture(
        encoded(scene(), "JPEG"), subject=read_sample("coffee.png"), asked=Asked(size="2K", ratio="1:1")
    )
    text = json.dumps(checked.as_dict())
    assert len(text) < 2000
    said = json.loads(text)
    assert said["verdict"] == "rejected"
    assert {one["verdict"] for one in said["findings"]} == {"ok", "rejected", "not checked"}
    assert all(one["verdict"] == "ok" or one["words"] for one in said["findings"])


def test_a_plain_picture_of_the_tests_is_blank() -> None:
    assert [finding.code for finding in check_picture(plain_picture()).rejected] == [Code.BLANK]
