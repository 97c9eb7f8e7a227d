"""Labels in 300 pictures, read by another program; what is beside them, and each pixel, is as it was."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageSequence

from airflow_provider_mps.pictures.labels import COMPOSITE, Label, LabelError, check_label, label, read_label
from airflow_provider_mps.pictures.labels.png import chunk
from tests.sample_pictures import PACKETS, all_kinds, jpeg, multi_picture, packet, png, with_segment

LABEL = Label(producer="Tencent Cloud MPS", produce_id="1250000000-ImageTask-1", propagator="杯 & Co. <shop>")
KINDS = all_kinds()
# What says where a file is, how large, and when it was made; and the label itself.
_OF_THE_FILE = (
    "SourceFile",
    "System:",
    "XMP-TC260:",
    "XMP-iptcExt:DigitalSourceType",
    "File:FileSize",
    "IFD1:ThumbnailOffset",
)
# Of several pictures: the size of the first is in the index.
_OF_THE_FIRST = ("MPF0:", "MPImage1:MPImageLength", "MPImage2:MPImageStart")


def aigc(text: str) -> str:
    return f'<a:AIGC xmlns:a="http://www.tc260.org.cn/ns/AIGC/1.0/">{text}</a:AIGC>'


def pixels(data: bytes) -> list[tuple[Any, ...]]:
    with Image.open(io.BytesIO(data)) as picture:
        return [(one.size, one.mode, one.copy().tobytes()) for one in ImageSequence.Iterator(picture)]


def exiftool(folder: Path, *options: str) -> dict[str, dict[str, Any]]:
    """Ask once for all files of a folder: it takes a while to start."""
    asked = ["exiftool", "-json", "-n", "-a", "-G1", "-q", "-api", "largefilesupport=1", *options, str(folder)]
    found = json.loads(subprocess.run(asked, check=True, capture_output=True, timeout=120).stdout)
    return {Path(one["SourceFile"]).name: one for one in found}


def test_there_are_enough_of_them() -> None:
    assert len(KINDS) >= 300
    assert len({name for name, _ in KINDS}) == len(KINDS)


@pytest.fixture(scope="module")
def labelled() -> list[bytes]:
    return [label(data, LABEL) for _, data in KINDS]


@pytest.fixture(scope="module")
def read(labelled: list[bytes], tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[tuple[Any, Any]]]:
    if shutil.which("exiftool") is None:
        pytest.skip("exiftool is not installed: apt-get install libimage-exiftool-perl")
    folders = [tmp_path_factory.mktemp(name) for name in ("before", "after")]
    for number, (name, data) in enumerate(KINDS):
        for folder, content in zip(folders, (data, labelled[number]), strict=True):
            (folder / f"{number}{name[-4:]}").write_bytes(content)
    before, after = (exiftool(folder) for folder in folders)
    names = [f"{number}{name[-4:]}" for number, (name, _) in enumerate(KINDS)]
    yield [(before[name], after[name]) for name in names]
    for folder in folders:
        shutil.rmtree(folder)


def test_another_program_reads_each_label_and_all_that_was_there(read: list[tuple[Any, Any]]) -> None:
    for (name, _), (before, after) in zip(KINDS, read, strict=True):
        assert after["XMP-iptcExt:DigitalSourceType"] == COMPOSITE, name
        assert json.loads(after["XMP-TC260:Aigc"]) == LABEL.record, name
        for tag, value in before.items():
            if not tag.startswith(_OF_THE_FILE) and not (name.startswith("several") and tag.startswith(_OF_THE_FIRST)):
                assert after[tag] == value, (name, tag)
        assert not any("Warning" in tag or "Error" in tag for tag in after.keys() - before.keys()), name


def test_no_pixel_is_touched(labelled: list[bytes]) -> None:
    for (name, before), after in zip(KINDS, labelled, strict=True):
        assert pixels(after) == pixels(before), name


def test_twice_labelled_is_once_labelled(labelled: list[bytes]) -> None:
    for (name, _), once in zip(KINDS, labelled, strict=True):
        assert label(once, LABEL) == once, name


def test_a_label_is_read_back(labelled: list[bytes]) -> None:
    for (name, before), after in zip(KINDS, labelled, strict=True):
        assert read_label(before) is None, name
        found = check_label(after)
        assert (found.record, found.source_type) == (LABEL.record, COMPOSITE), name


@pytest.mark.parametrize("number", [number for number in range(0, len(KINDS), 21) if "behind" not in KINDS[number][0]])
def test_what_is_cut_off_is_an_error(number: int, labelled: list[bytes]) -> None:
    name, whole = KINDS[number][0], labelled[number]
    end = whole.rindex(b"\xff\xd9") + 1 if name.endswith(".jpg") else whole.rindex(b"IEND") + 7
    for cut in sorted({0, 1, 7, 30, end // 3, end // 2, end - 1, end}):
        for act in (read_label, lambda data: label(data, LABEL)):
            with pytest.raises(LabelError):
                act(whole[:cut])


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "it is no picture that can be labelled, JPEG or PNG (0 bytes)"),
        (b"<html>", "it is no picture that can be labelled, JPEG or PNG (6 bytes)"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "it is WebP or another RIFF, and labels are written into JPEG and PNG"),
        (b"GIF89a", "it is GIF, and"),
        (b"\xff\xd8\xff\xd9", "it is a JPEG without a picture"),
        (b"\xff\xd8\xff\xe0\0\x01x", "a segment without length at byte 2"),
        (b"\xff\xd8\xff\xe0\0\x03x--", "no marker at byte 7"),
        (b"\xff\xd8\xff\xda\0\x03x\xff\xd9", "a scan before its frame"),
        (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", b"") + chunk(b"IDAT", b"") + chunk(b"IEND", b""), "without a picture"),
        (b"\x89PNG\r\n\x1a\n", "it is a PNG that is cut off after 8 bytes"),
        (png().replace(b"someone", b"anybody"), "it is a damaged PNG: chunk tEXt at byte"),
    ],
)
def test_what_is_no_picture(data: bytes, said: str) -> None:
    with pytest.raises(LabelError) as caught:
        label(data, LABEL)
    assert said in str(caught.value)


def segments(data: bytes) -> list[tuple[int, bytes]]:
    found, at = [], 2
    while data[at + 1] != 0xDA:
        end = at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        found.append((data[at + 1], data[at + 4 : end]))
        at = end
    return found


def test_it_stands_behind_jfif_and_exif() -> None:
    made = segments(label(jpeg(exif=b"Exif\0\0II*\0\x08\0\0\0\0\0\0\0\0\0", comment="c"), LABEL))
    assert [one[:5] for _, one in made[:3]] == [b"JFIF\0", b"Exif\0", b"http:"]
    assert [marker for marker, _ in made[:3]] == [0xE0, 0xE1, 0xE1]


def test_pictures_behind_the_first_are_found_where_they_have_moved_to() -> None:
    for before in (multi_picture(), multi_picture(PACKETS["titled"]), multi_picture(packet("", padding=60_000))):
        after = label(before, LABEL)
        assert len(pixels(before)) == 2
        assert pixels(after) == pixels(before)
        with Image.open(io.BytesIO(before)) as one, Image.open(io.BytesIO(after)) as other:
            was, is_ = (picture.mpinfo[0xB002] for picture in (one, other))  # type: ignore[attr-defined]
        assert is_[0]["Size"] - was[0]["Size"] == len(after) - len(before)
        assert is_[1]["Size"] == was[1]["Size"]


def test_an_index_of_pictures_that_cannot_be_read_is_not_guessed_at() -> None:
    with pytest.raises(LabelError, match="several pictures whose index cannot be read"):
        label(with_segment(jpeg(), 0xE2, b"MPF\0nothing"), LABEL)


def test_a_packet_that_fills_its_segment_gives_way_with_its_padding() -> None:
    after = label(jpeg(xmp=packet("", padding=65_000)), LABEL)
    assert check_label(after).produce_id == LABEL.produce_id
    full = packet(f"<dc:title>{'t' * 64_800}</dc:title>")
    with pytest.raises(LabelError, match=r"its XMP packet would have 65,\d+ bytes, and a JPEG segment holds 65,504"):
        label(jpeg(xmp=full), LABEL)
    # A PNG has room for it.
    assert check_label(label(png(xmp=full), LABEL)).produce_id == LABEL.produce_id


@pytest.mark.parametrize("padding", [b" ", b"\n", b"\0"])
def test_padding_gives_way_where_no_instruction_ends_the_packet(padding: bytes) -> None:
    said = PACKETS["attributes"] + padding * (65_500 - len(PACKETS["attributes"]))
    assert check_label(label(jpeg(xmp=said), LABEL)).producer == LABEL.producer


def test_space_within_a_packet_stays() -> None:
    said = PACKETS["empty"].replace(b"</x:xmpmeta>", b" " * 65_200 + b"</x:xmpmeta>")
    with pytest.raises(LabelError, match="a JPEG segment holds 65,504"):
        label(jpeg(xmp=said), LABEL)


def test_a_label_of_the_service_itself_is_kept_and_only_what_is_missing_is_added() -> None:
    theirs = {"Label": "1", "ContentProducer": "001191", "ProduceID": "p-1", "ReservedCode1": "sig", "More": "of it"}
    for made in (jpeg, png):
        after = label(made(xmp=packet(aigc(json.dumps(theirs)))), LABEL)
        found = check_label(after)
        assert (found.producer, found.produce_id, found.reserved_1) == ("001191", "p-1", "sig")
        assert (found.propagator, found.propagate_id) == (LABEL.propagator, LABEL.produce_id)
        assert b'"More":"of it"' in after
        assert after.count(b"AIGC/1.0/") == 1
        assert label(after, LABEL) == after


def test_ids_are_not_put_beside_the_names_of_others() -> None:
    theirs = {"Label": "2", "ContentProducer": "theirs", "ContentPropagator": "a platform"}
    found = check_label(label(png(xmp=packet(aigc(json.dumps(theirs)))), LABEL))
    assert (found.value, found.producer, found.produce_id) == ("2", "theirs", "")
    assert (found.propagator, found.propagate_id) == ("a platform", None)


def test_a_whole_label_of_others_leaves_the_file_as_it_is() -> None:
    said = packet(
        '<i:DigitalSourceType xmlns:i="http://iptc.org/std/Iptc4xmpExt/2008-02-29/">'
        "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia</i:DigitalSourceType>"
        + aigc('{"Label":"1","ContentProducer":"theirs","ProduceID":"1","ContentPropagator":"c","PropagateID":"2"}')
    )
    for data in (jpeg(xmp=said), png(xmp=said)):
        assert label(data, LABEL) is data


def test_what_the_camera_says_of_its_photo_is_not_said_of_the_new_picture() -> None:
    for name in ("of a camera", "attributes"):
        after = label(jpeg(xmp=PACKETS[name]), LABEL)
        assert b"digitalCapture" not in after
        assert check_label(after).source_type == COMPOSITE


RECORD = '{"AIGC": {"Label": "1", "ContentProducer": "theirs", "ProduceID": "1"}}'


@pytest.mark.parametrize("packed", [False, True])
def test_a_label_in_a_text_of_a_png_is_known(packed: bool) -> None:
    from PIL.PngImagePlugin import PngInfo

    buffer, info = io.BytesIO(), PngInfo()
    info.add_text("AIGC", RECORD, zip=packed)
    Image.new("L", (9, 9)).save(buffer, "PNG", pnginfo=info)
    found = check_label(label(buffer.getvalue(), LABEL))
    assert (found.producer, found.produce_id, found.propagator) == ("theirs", "1", LABEL.propagator)


def test_a_label_in_a_comment_of_exif_is_known() -> None:
    exif = Image.Exif()
    exif[0x010F] = "Maker"
    exif.get_ifd(0x8769)[0x9286] = b"ASCII\0\0\0" + RECORD.encode()
    for data in (jpeg(exif=exif), png(exif=exif)):
        found = check_label(label(data, LABEL))
        assert (found.producer, found.produce_id) == ("theirs", "1")
        assert label(label(data, LABEL), LABEL) == label(data, LABEL)


def test_a_comment_of_exif_that_is_none_is_none() -> None:
    exif = Image.Exif()
    exif[0x010E] = '{"Label": "of a bottle"} {"AIGC": '
    assert check_label(label(jpeg(exif=exif), LABEL)).record == LABEL.record


@pytest.mark.parametrize("text", ["no json", "[1]", '"text"', "{" * 9, "[" * 100_000])
def test_a_label_that_cannot_be_read_is_not_written_over(text: str) -> None:
    data = png(xmp=packet(aigc(text)))
    for act in (read_label, lambda one: label(one, LABEL)):
        with pytest.raises(LabelError, match="its AIGC label is no JSON"):
            act(data)


def test_a_signed_picture_is_not_changed_unless_it_is_signed_anew() -> None:
    signed = with_segment(jpeg(), 0xEB, b"JP\0\x01\0\0\0\x01\0\0\0\x2djumb" + b"\0" * 30)
    with pytest.raises(LabelError, match="C2PA manifest, whose signature a label would break"):
        label(signed, LABEL)
    assert check_label(label(signed, LABEL, breaks_signature=True)).record == LABEL.record


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"producer": ""}, "a label needs a producer and a produce_id"),
        ({"producer": " "}, "a label needs a producer and a produce_id"),
        ({"produce_id": "a\nb"}, "ProduceID: expected up to 1,000 printable characters"),
        ({"propagator": "\ud800"}, "ContentPropagator: expected"),
        ({"producer": "p" * 1001}, "ContentProducer: expected"),
        ({"value": "4"}, "value: expected 1 or 2 or 3, got '4'"),
        ({"source_type": "digitalCapture"}, "source_type: expected one of http"),
    ],
)
def test_a_label_that_cannot_be_written(fields: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        label(jpeg(), Label(**{"producer": "p", "produce_id": "1", **fields}))


def test_a_picture_without_whole_label_is_not_taken_for_labelled() -> None:
    for said in (None, PACKETS["titled"], packet(aigc('{"Label":"1","ContentProducer":"p"}'))):
        with pytest.raises(LabelError, match="cannot be read back whole"):
            check_label(jpeg(xmp=said))
