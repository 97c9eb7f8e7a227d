"""Labels of others in other places than the first XMP packet, and in forms that others write."""

from __future__ import annotations

import io
import json
import zlib
from collections.abc import Iterator
from typing import Any

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from airflow_provider_mps.pictures.labels import COMPOSITE, Label, check_label, label, read_label
from airflow_provider_mps.pictures.labels.exif import records_in
from airflow_provider_mps.pictures.labels.png import chunk
from tests.sample_pictures import DIGITAL_CAPTURE, PACKETS, jpeg, packet, png, with_segment

LABEL = Label(producer="Tencent Cloud MPS", produce_id="1250000000-ImageTask-1", propagator="shop")
RECORD = '{"AIGC": {"Label": "1", "ContentProducer": "theirs", "ProduceID": "1"}}'


def aigc(text: str) -> str:
    return f'<a:AIGC xmlns:a="http://www.tc260.org.cn/ns/AIGC/1.0/">{text}</a:AIGC>'


@pytest.mark.parametrize("order", ["utf-16-le", "utf-16-be"])
def test_a_label_in_a_comment_of_exif_that_is_not_in_ascii_is_known(order: str) -> None:
    exif = Image.Exif()
    exif[0x010F] = "Maker"
    exif.get_ifd(0x8769)[0x9286] = b"UNICODE\0" + RECORD.replace("theirs", "他们").encode(order)
    for data in (jpeg(exif=exif), png(exif=exif)):
        found = check_label(label(data, LABEL))
        assert (found.producer, found.produce_id) == ("他们", "1")


def test_exif_with_a_thousand_beginnings_of_a_label_is_not_read_from_each(monkeypatch: pytest.MonkeyPatch) -> None:
    tries: list[int] = []

    class Counted(json.JSONDecoder):
        def raw_decode(self, s: str, idx: int = 0) -> tuple[Any, int]:
            tries.append(idx)
            return super().raw_decode(s, idx)

    monkeypatch.setattr(json, "JSONDecoder", Counted)
    assert records_in(b"Exif\0" + b'{"AIGC": "' * 1000) == []
    assert 0 < len(tries) <= 32
    assert records_in(b'Exif\0{"Label": "of a bottle"} ' + RECORD.encode()) != []


def packets_elsewhere(said: bytes) -> Iterator[bytes]:
    """Pictures with XMP in other places than the first packet, or with a second one."""
    first = b"http://ns.adobe.com/xap/1.0/\0" + PACKETS["titled"]
    yield with_segment(with_segment(jpeg(), 0xE1, b"http://ns.adobe.com/xap/1.0/\0" + said), 0xE1, first)
    header, half = b"http://ns.adobe.com/xmp/extension/\0" + b"A" * 32 + len(said).to_bytes(4), len(said) // 2
    data = with_segment(jpeg(), 0xE1, header + half.to_bytes(4) + said[half:])
    data = with_segment(data, 0xE1, header + bytes(4) + said[:half])
    yield data
    yield with_segment(data, 0xE1, first)
    raw = b"\nxmp\n%8d\n%s\n" % (len(said), said.hex().encode())
    for one in (
        chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + said),
        chunk(b"tEXt", b"XML:com.adobe.xmp\0" + said),
        chunk(b"zTXt", b"Raw profile type xmp\0\0" + zlib.compress(raw)),
    ):
        data = png(xmp=PACKETS["titled"])
        end = data.rindex(b"IEND") - 4
        yield data[:end] + one + data[end:]


def test_a_label_in_other_xmp_than_the_first_packet_is_known() -> None:
    source_type = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
    spaces = 'xmlns:i="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"'
    said = packet(f"{aigc(RECORD)}<i:DigitalSourceType {spaces}>{source_type}</i:DigitalSourceType>")
    for data in packets_elsewhere(said):
        found = read_label(data)
        assert found is not None
        assert (found.producer, found.source_type) == ("theirs", source_type)
        after = label(data, LABEL)
        assert (check_label(after).producer, check_label(after).source_type) == ("theirs", source_type)
        assert COMPOSITE.encode() not in after
        assert label(after, LABEL) == after


def test_other_xmp_that_says_nothing_of_a_label_is_not_read() -> None:
    for data in packets_elsewhere(b"<no XML"):
        assert check_label(label(data, LABEL)).record == LABEL.record


@pytest.mark.parametrize("odd", ["\\ud800", "\\uffff", "\\u0000", "\\ud83d\\ude00"])
def test_a_label_of_others_with_what_xml_cannot_have_stays_readable(odd: str) -> None:
    data = png(xmp=packet(aigc(f'{{"Label":"1","More":"{odd}"}}')))
    after = label(data, LABEL)
    assert check_label(after).producer == LABEL.producer
    assert label(after, LABEL) == after


def test_a_label_that_is_empty_is_none() -> None:
    for data in (png(xmp=packet(aigc(" "))), jpeg(xmp=packet(aigc("")))):
        assert read_label(data) is None
        assert check_label(label(data, LABEL)).record == LABEL.record


def test_a_text_of_a_png_in_latin_1_is_known() -> None:
    buffer, info = io.BytesIO(), PngInfo()
    info.add_text("AIGC", RECORD.replace("theirs", "caf\xe9"))
    Image.new("L", (9, 9)).save(buffer, "PNG", pnginfo=info)
    assert check_label(label(buffer.getvalue(), LABEL)).producer == "caf\xe9"


def test_a_source_type_of_the_camera_that_is_there_twice_is_replaced_twice() -> None:
    space = 'xmlns:i="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"'
    twice = (
        f"<i:DigitalSourceType {space}>{DIGITAL_CAPTURE}</i:DigitalSourceType></rdf:Description>"
        f'<rdf:Description rdf:about="" {space} i:DigitalSourceType="{DIGITAL_CAPTURE}">'
    )
    after = label(jpeg(xmp=packet(twice)), LABEL)
    assert b"digitalCapture" not in after
    assert after.count(COMPOSITE.encode()) == 2
    assert check_label(after).source_type == COMPOSITE
    assert label(after, LABEL) == after
