"""Whatever a file holds: it is labelled, for good, or it is an error; and an error changes nothing."""

from __future__ import annotations

import zlib

from hypothesis import example, given, settings
from hypothesis import strategies as st

from airflow_provider_mps.pictures.labels import Label, LabelError, check_label, label, mark, read_label
from tests.sample_pictures import PACKETS, animated, exif, jpeg, multi_picture, png, raw_png
from tests.whole import examples

LABEL = Label(producer="Tencent Cloud MPS", produce_id="1250000000-ImageTask-1", propagator="shop")
SEEDS = [
    jpeg(xmp=PACKETS["titled"], exif=exif(thumbnail=True)),
    jpeg("CMYK", progressive=True, xmp=PACKETS["attributes"]),
    multi_picture(PACKETS["titled"]),
    png(xmp=PACKETS["of a camera"], packed=True),
    raw_png(16, interlaced=True),
    animated(),
    label(jpeg(), LABEL),
    label(png(), LABEL),
]
BYTES = st.binary(max_size=40)


@st.composite
def broken(draw: st.DrawFn) -> bytes:
    """A file in which some places have other bytes, or more or fewer of them; most of them in what stands first."""
    data = draw(st.sampled_from(SEEDS))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, min(len(data), draw(st.sampled_from([60, 600, len(data)])))))
        data = data[:at] + draw(BYTES) + data[at + draw(st.integers(0, 40)) :]
    return data


def tried(data: bytes) -> bytes | None:
    """Label; None where that is an error."""
    try:
        return label(data, LABEL)
    except LabelError as error:
        said = str(error)
    assert 0 < len(said) < 300
    return None


def look_at(data: bytes) -> None:
    made = tried(data)
    if made is None:
        return
    assert label(made, LABEL) == made
    found = read_label(made)
    assert found is not None
    assert found.value
    assert found.source_type


@settings(max_examples=examples(400))
@given(broken())
@example(b"\xff\xd8\xff")
@example(b"\xff\xd8\xff\xff\xff\xff")
@example(b"\xff\xd8\xff\xe1\xff\xff")
def test_a_file_in_which_bytes_are_wrong(data: bytes) -> None:
    look_at(data)


@settings(max_examples=examples(200))
@given(st.sampled_from([b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b""]), st.binary(max_size=400))
def test_a_file_of_anything(begin: bytes, rest: bytes) -> None:
    look_at(begin + rest)


@settings(max_examples=examples(200))
@given(st.sampled_from([b"iTXt", b"tEXt", b"zTXt", b"eXIf", b"caBX"]), st.binary(max_size=60), st.booleans())
def test_a_png_with_a_chunk_of_anything(name: bytes, said: bytes, is_xmp: bool) -> None:
    said = (b"XML:com.adobe.xmp\0" if is_xmp else b"AIGC\0") + said
    chunk = len(said).to_bytes(4, "big") + name + said + zlib.crc32(name + said).to_bytes(4, "big")
    data = png()
    look_at(data[:33] + chunk + data[33:])


def test_a_text_that_grows_without_bound_when_it_is_unpacked_is_not_unpacked() -> None:
    said = b"XML:com.adobe.xmp\0\1\0\0\0" + zlib.compress(b" " * 50_000_000)
    chunk = len(said).to_bytes(4, "big") + b"iTXt" + said + zlib.crc32(b"iTXt" + said).to_bytes(4, "big")
    data = png()
    assert tried(data[:33] + chunk + data[33:]) is None


@settings(max_examples=examples(60))
@given(broken())
def test_a_mark_in_a_file_in_which_bytes_are_wrong(data: bytes) -> None:
    try:
        made = mark(data, "AI")
    except LabelError:
        return
    read = tried(made)
    assert read is None or check_label(read)
