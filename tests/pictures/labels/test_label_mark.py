"""A mark in a corner: where it is, how large, that it can be read on any ground, and that all else stays."""

from __future__ import annotations

import io
import itertools
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageChops

from airflow_provider_mps.pictures.labels import Corner, Label, LabelError, label, mark, read_label
from airflow_provider_mps.pictures.labels.png import Png, chunk
from tests.sample_pictures import (
    ICC,
    PACKETS,
    animated,
    exif,
    jpeg,
    multi_picture,
    png,
    raw_png,
    scene,
    with_segment,
)

TEXT = "AI made"


def encoded(picture: Image.Image, kind: str = "PNG", **how: Any) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **how)
    return buffer.getvalue()


def opened(data: bytes) -> Image.Image:
    picture = Image.open(io.BytesIO(data))
    picture.load()
    return picture


def changed(before: bytes, after: bytes) -> tuple[int, int, int, int]:
    """Return the box in which two pictures differ by more than an encoding does."""
    one, other = (opened(data).convert("RGB") for data in (before, after))
    box = ImageChops.difference(one, other).convert("L").point(lambda value: 255 * (value > 60)).getbbox()
    assert box is not None
    return box


def luminance(value: int) -> float:
    """Relative luminance of a grey, of WCAG 2.2."""
    part = value / 255
    return part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4


@pytest.mark.parametrize(("width", "height"), [(400, 300), (300, 900), (1024, 1024)])
@pytest.mark.parametrize("corner", list(Corner))
@pytest.mark.parametrize("share", [0.05, 0.08])
def test_it_is_in_its_corner_and_high_enough(corner: Corner, share: float, width: int, height: int) -> None:
    before = encoded(Image.new("RGB", (width, height), "white"))
    after = mark(before, TEXT, corner, share)
    left, top, right, bottom = changed(before, after)
    assert (left == 0, right == width) == ("left" in corner, "right" in corner)
    assert (top == 0, bottom == height) == ("top" in corner, "bottom" in corner)
    plate = opened(after).convert("L").crop((left, top, right, bottom))
    letters = plate.point(lambda value: 255 * (value > 200)).getbbox()
    assert letters is not None
    tall = letters[3] - letters[1]
    assert share * min(width, height) - 1 <= tall <= 1.3 * share * min(width, height) + 2


@pytest.mark.parametrize("ground", [0, 60, 128, 200, 255])
def test_it_can_be_read_on_any_ground(ground: int) -> None:
    before = encoded(Image.new("L", (600, 400), ground))
    shades = opened(mark(before, TEXT)).crop((480, 370, 600, 400)).getextrema()
    dark, light = map(luminance, shades)  # type: ignore[arg-type]
    # What WCAG 2.2 asks at its highest level, 1.4.6.
    assert (light + 0.05) / (dark + 0.05) >= 7


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA", "CMYK", "P", "1"])
def test_colours_of_every_kind(kind: str, mode: str) -> None:
    if (kind == "JPEG") == (mode in ("LA", "RGBA", "P", "1")) or (kind, mode) == ("PNG", "CMYK"):
        pytest.skip("there is no such file")
    picture = Image.new("L", (300, 200), 200).convert("RGB").convert(mode)
    before = encoded(picture, kind)
    after = mark(before, TEXT)
    left, top, *_ = changed(before, after)
    assert left > 150
    assert top > 150
    assert opened(after).mode == {"P": "RGB", "1": "L"}.get(mode, mode)
    # What is beside the mark is as it was, but for another encoding.
    rest = (0, 0, 300, 150)
    one, other = (opened(data).convert("RGB").crop(rest) for data in (before, after))
    assert max(high for _, high in ImageChops.difference(one, other).getextrema()) <= (6 if kind == "JPEG" else 0)  # type: ignore[arg-type,misc]


def test_transparency_stays() -> None:
    picture = scene("RGBA", (300, 200))
    after = opened(mark(encoded(picture), TEXT))
    assert (
        after.getchannel("A").crop((0, 0, 300, 150)).tobytes()
        == picture.getchannel("A").crop((0, 0, 300, 150)).tobytes()
    )
    palette = Image.new("P", (300, 200), 3)
    palette.putpalette([10, 20, 30] * 8)
    see_through = encoded(palette, transparency=3)
    assert opened(mark(see_through, TEXT)).getpixel((0, 0))[3] == 0  # type: ignore[index]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_it_is_in_the_corner_that_people_see(orientation: int) -> None:
    from PIL import ImageOps

    before = encoded(Image.new("RGB", (400, 240), "white"), "JPEG", exif=exif(orientation=orientation), quality=95)
    after = mark(before, TEXT, "top right")
    shown = [ImageOps.exif_transpose(opened(data)) for data in (before, after)]
    left, top, right, bottom = changed(*(encoded(picture) for picture in shown))
    assert (top, right) == (0, shown[0].width)
    # It is not turned: wider than it is high.
    assert right - left > 2 * (bottom - top)
    assert opened(after).getexif()[0x0112] == orientation


def test_what_a_picture_says_stays() -> None:
    said = Label(producer="p", produce_id="1")
    how = {"exif": exif(thumbnail=True), "icc_profile": ICC}
    before = label(jpeg(xmp=PACKETS["titled"], progressive=True, comment="c", **how), said)
    after = mark(before, "AI")
    one, other = opened(before), opened(after)
    for name in ("exif", "icc_profile", "comment", "xmp", "jfif", "progressive"):
        assert one.info[name] == other.info[name], name
    assert read_label(after) == read_label(before)
    before = label(png("P", xmp=PACKETS["titled"], **how), said)
    after = mark(before, "AI")
    one, other = opened(before), opened(after)
    for name in ("exif", "icc_profile", "Author", "XML:com.adobe.xmp"):
        assert one.info[name] == other.info[name], name
    assert [one.name for one in Png(after).chunks].count(b"IHDR") == 1


def test_what_only_begins_like_what_an_encoder_writes_stays() -> None:
    picture = scene(size=(300, 200))
    before = encoded(picture, "JPEG", dpi=(300, 300))
    for marker, said in ((0xFE, b"Adobe ImageReady"), (0xED, b"Adobe_CM\0\0\0"), (0xEE, b"MPF\0 of theirs")):
        before = with_segment(before, marker, said)
    after = mark(before, TEXT)
    assert opened(after).info["dpi"] == (300, 300)
    for said in (b"Adobe ImageReady", b"Adobe_CM\0\0\0", b"MPF\0 of theirs"):
        assert after.count(said) == 1
    # Apple's word on where the second half of the data begins is not true of others.
    data = encoded(picture)
    assert b"iDOT" not in mark(data[:33] + chunk(b"iDOT", bytes(28)) + data[33:], TEXT)


def test_colours_of_a_jpeg_are_thinned_out_as_they_were() -> None:
    from PIL.JpegImagePlugin import get_sampling

    for subsampling in (0, 1, 2):
        assert get_sampling(opened(mark(jpeg(subsampling=subsampling), "AI"))) == subsampling


def test_characters_that_a_font_has_not_are_no_boxes(tmp_path: Path) -> None:
    with pytest.raises(LabelError, match=r"Pillow's own font has no '成生': give font=, the path of a font file"):
        mark(jpeg(), "AI 生成")
    nothing = tmp_path / "no-font.ttf"
    with pytest.raises(LabelError, match=r"the font .*no-font\.ttf cannot be read"):
        mark(jpeg(), "AI", font=str(nothing))


FONTS = [
    path
    for folder in ("/usr/share/fonts", "/usr/local/share/fonts")
    for path in itertools.islice(Path(folder).rglob("*CJK*"), 1)
]


@pytest.mark.skipif(not FONTS, reason="there is no CJK font on this machine")
def test_a_font_that_has_them_draws_them() -> None:
    before = encoded(Image.new("RGB", (600, 400), "white"))
    after = mark(before, "AI生成", font=str(FONTS[0]))
    left, top, right, bottom = changed(before, after)
    assert (right, bottom) == (600, 400)
    assert right - left > 60
    assert bottom - top >= 20


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (animated(), "it is made of several pictures"),
        (multi_picture(), "it is made of several pictures"),
        (raw_png(16, interlaced=False), "it has 16 bits a channel, of which a drawn mark would leave 8"),
        (b"GIF89a", "no mark is drawn in others"),
        (jpeg()[:-2], "cut off"),
        (raw_png(8, interlaced=True).replace(b"IDAT", b"iDAT"), "damaged PNG"),
    ],
)
def test_a_picture_that_cannot_be_marked(data: bytes, said: str) -> None:
    with pytest.raises(LabelError, match=said):
        mark(data, TEXT)


def test_a_text_that_is_too_long_for_the_picture() -> None:
    with pytest.raises(LabelError, match=r"the mark 'AI made AI.*' has no room: it would be \d+ pixels wide"):
        mark(jpeg(), f"{TEXT} " * 20)


def test_a_picture_beyond_the_limit_of_pillow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 5000)
    with pytest.raises(LabelError, match="it has 6,912 pixels, and Pillow's limit is 5,000"):
        mark(jpeg(), TEXT)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"text": " "}, "text: expected a line of text"),
        ({"text": "a\nb"}, "text: expected a line of text"),
        ({"share": 0.04}, "share: expected 0.05 to 0.5"),
        ({"share": 0.6}, "share: expected 0.05 to 0.5"),
        ({"corner": "middle"}, "middle"),
    ],
)
def test_arguments_that_cannot_be_used(given: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        mark(jpeg(), **{"text": TEXT, **given})
