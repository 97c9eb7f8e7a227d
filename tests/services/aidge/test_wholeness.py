"""A whole picture passes, however odd; a broken one does not."""

from __future__ import annotations

import io
import random
import struct
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from airflow_provider_mps.services.aidge import wholeness
from airflow_provider_mps.services.aidge.wholeness import BrokenPictureError, check_whole


def noise(mode: str = "RGB", size: tuple[int, int] = (160, 120)) -> Image.Image:
    picture = Image.frombytes("RGB", size, random.Random(7).randbytes(size[0] * size[1] * 3))
    return picture.convert(mode)


def save(kind: str, picture: Image.Image | None = None, **how: object) -> bytes:
    buffer = io.BytesIO()
    (picture or noise()).save(buffer, kind, **how)
    return buffer.getvalue()


def check(data: bytes, folder: Path) -> None:
    (folder / "a").write_bytes(data)
    check_whole(folder / "a")


FRAMES = [noise(), noise().rotate(90)]
WHOLE: dict[str, Callable[[], bytes]] = {
    "jpeg": lambda: save("JPEG"),
    "progressive": lambda: save("JPEG", progressive=True),
    "cmyk": lambda: save("JPEG", noise("CMYK")),
    "grey": lambda: save("JPEG", noise("L")),
    "exif": lambda: save("JPEG", exif=Image.Exif().tobytes() or b"Exif\0\0MM\0*\0\0\0\x08\0\0\0\0\0\0"),
    "comment": lambda: save("JPEG", comment=b"\xff\xd9 is no end here"),
    "fill bytes": lambda: save("JPEG").replace(b"\xff\xda", b"\xff\xff\xff\xda", 1),
    "mpo": lambda: save("MPO", save_all=True, append_images=FRAMES[1:]),
    "png": lambda: save("PNG"),
    "palette": lambda: save("PNG", noise("P")),
    "1 bit": lambda: save("PNG", noise("1")),
    "alpha": lambda: save("PNG", noise("RGBA")),
    "16 bit": lambda: save("PNG", Image.frombytes("I;16", (64, 64), random.Random(1).randbytes(64 * 64 * 2))),
    "apng": lambda: save("PNG", save_all=True, append_images=FRAMES[1:]),
    "webp": lambda: save("WEBP"),
    "lossless": lambda: save("WEBP", lossless=True),
    "webp alpha": lambda: save("WEBP", noise("RGBA")),
    "webp animation": lambda: save("WEBP", save_all=True, append_images=FRAMES[1:]),
    "webp exif": lambda: save("WEBP", exif=b"Exif\0\0MM\0*\0\0\0\x08\0\0\0\0\0\0\0"),
    "bmp": lambda: save("BMP"),
    "bmp odd width": lambda: save("BMP", noise(size=(61, 33))),
    "bmp 1 bit": lambda: save("BMP", noise("1")),
    "bmp palette": lambda: save("BMP", noise("P")),
    "bmp without length": lambda: save("BMP")[:2] + bytes(4) + save("BMP")[6:],
    "bmp top down": lambda: save("BMP")[:22] + struct.pack("<i", -120) + save("BMP")[26:],
}


@pytest.mark.parametrize("kind", WHOLE)
def test_whole_pictures_pass(kind: str, tmp_path: Path) -> None:
    check(WHOLE[kind](), tmp_path)


def variants(data: bytes) -> list[bytes]:
    """The same length and cut, another length and cut, and rubbish behind the end."""
    size = len(data)
    found = [data[: int(size * share)] for share in (0.1, 0.25, 0.5, 0.75, 0.9, 0.99)]
    found += [data[:-1], data[:-2], data[:-8], data[: size // 3], data[:300], data[1:]]
    found += [data[: int(size * share)].ljust(size, b"\0") for share in (0.1, 0.25, 0.5, 0.75, 0.9)]
    found += [(data[: int(size * share)] + b"<html>" * size)[:size] for share in (0.1, 0.5, 0.9)]
    found += [data + rubbish for rubbish in (b"x" * 20, b"\0" * 20, b"\xff\xd9" * 10, b"<html>gone</html>", data)]
    return found


@pytest.mark.parametrize("kind", ["jpeg", "progressive", "cmyk", "png", "16 bit", "apng", "webp", "lossless"])
def test_broken_pictures_do_not(kind: str, tmp_path: Path) -> None:
    broken = variants(WHOLE[kind]())
    # The decoder of WebP does not mind what follows a cut; that is for checksums to find.
    if kind in ("webp", "lossless"):
        broken = [data for data in broken if len(data) != len(WHOLE[kind]())]
    assert len(broken) >= 16
    for number, data in enumerate(broken):
        try:
            check(data, tmp_path)
        except BrokenPictureError:
            continue
        pytest.fail(f"variant {number} passes")


@pytest.mark.parametrize("kind", ["webp", "lossless", "webp alpha"])
def test_a_webp_that_was_cut_and_filled_with_zeros_is_broken(kind: str, tmp_path: Path) -> None:
    whole = WHOLE[kind]()
    for share in (0.1, 0.25, 0.5, 0.75, 0.85):
        with pytest.raises(BrokenPictureError, match="bytes are zeros"):
            check(whole[: int(len(whole) * share)].ljust(len(whole), b"\0"), tmp_path)


@pytest.mark.parametrize("how", [{"quality": 1}, {"quality": 80}, {"quality": 100}, {"lossless": True}, {"method": 0}])
@pytest.mark.parametrize("colour", ["white", "black", "#c87828"])
@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_a_webp_of_one_colour_is_whole(mode: str, colour: str, how: dict[str, object], tmp_path: Path) -> None:
    for size in ((1, 1), (64, 64), (800, 800), (2400, 1800)):
        check(save("WEBP", Image.new(mode, size, colour), **how), tmp_path)


@pytest.mark.parametrize("kind", ["bmp", "bmp odd width", "bmp palette", "bmp without length"])
def test_a_bmp_of_another_length_is_broken(kind: str, tmp_path: Path) -> None:
    whole = WHOLE[kind]()
    for data in variants(whole):
        if len(data) != len(whole):
            with pytest.raises(BrokenPictureError):
                check(data, tmp_path)


@pytest.mark.parametrize("kind", ["png", "apng", "16 bit", "palette"])
def test_each_wrong_byte_of_a_png_is_found(kind: str, tmp_path: Path) -> None:
    whole = WHOLE[kind]()
    for at in random.Random(3).sample(range(8, len(whole)), 40):
        with pytest.raises(BrokenPictureError):
            check(whole[:at] + bytes([whole[at] ^ 0x55]) + whole[at + 1 :], tmp_path)


def test_a_picture_that_would_take_too_much_memory_is_not_decoded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bmp, jpeg = WHOLE["bmp"](), WHOLE["jpeg"]()
    monkeypatch.setattr(wholeness, "MAX_PIXELS", 100)

    def load(*_: object) -> None:
        raise AssertionError("decoded")

    monkeypatch.setattr(Image.Image, "load", load)
    check(bmp, tmp_path)
    with pytest.raises(BrokenPictureError, match="the end of the JPEG is missing"):
        check(jpeg[:-2], tmp_path)
