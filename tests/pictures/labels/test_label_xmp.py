"""XMP packets of others: what is in them stays, byte for byte, and nothing is read that could do harm."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_mps.pictures.labels.aigc import LabelError
from airflow_provider_mps.pictures.labels.xmp import AIGC, NEW, RDF, SOURCE_TYPE, Packet, shortened
from tests.sample_pictures import PACKETS, packet

TEXTS = {SOURCE_TYPE: "http://type", AIGC: '{"a":"<&\'\\"杯"}'}


@pytest.mark.parametrize("before", [b"", b"\0", *PACKETS.values(), NEW], ids=["none", "blank", *PACKETS, "new"])
def test_what_is_written_is_read(before: bytes) -> None:
    after = Packet(before).with_texts(TEXTS)
    ElementTree.fromstring(after)
    found = Packet(after)
    assert {name: found.text(name) for name in TEXTS} == TEXTS
    again = {SOURCE_TYPE: "http://other", AIGC: "{}"}
    changed = Packet(after).with_texts(again)
    assert {name: Packet(changed).text(name) for name in again} == again
    assert changed.count(b"DigitalSourceType") == after.count(b"DigitalSourceType")


def test_nothing_else_is_touched() -> None:
    before = PACKETS["titled"]
    after = Packet(before).with_texts(TEXTS)
    at = before.index(b"</rdf:RDF>")
    assert after.startswith(before[:at])
    assert after.endswith(before[at:])


def test_it_speaks_of_what_the_packet_speaks_of() -> None:
    tree = ElementTree.fromstring(Packet(PACKETS["of a camera"]).with_texts(TEXTS))
    abouts = {node.get(f"{{{RDF}}}about") for node in tree.iter(f"{{{RDF}}}Description")}
    assert abouts == {"uuid:faf5bdd5-ba3d-11da-ad31-d33d75182f1b"}


@pytest.mark.parametrize(
    "inner",
    [
        '<t:AIGC xmlns:t="http://www.tc260.org.cn/ns/AIGC/1.0/">{}</t:AIGC>',
        '<AIGC xmlns="http://www.tc260.org.cn/ns/AIGC/1.0/">{}</AIGC>',
        '<t:AIGC xmlns:t="http://www.tc260.org.cn/ns/AIGC/1.0/"><![CDATA[{}]]></t:AIGC>',
        '<t:AIGC xmlns:t="http://www.tc260.org.cn/ns/AIGC/1.0/" rdf:resource="{}"/>',
        "<t:AIGC\n xmlns:t='http://www.tc260.org.cn/ns/AIGC/1.0/'\n>{<!-- > -->}</t:AIGC >",
    ],
)
def test_a_property_in_whatever_form_is_replaced(inner: str) -> None:
    before = packet(f"{inner}<dc:format>f</dc:format>")
    assert Packet(before).text(AIGC) == "{}"
    after = Packet(before).with_texts({AIGC: "{1}"})
    assert Packet(after).text(AIGC) == "{1}"
    assert after.count(b"AIGC/1.0/") == 1
    assert b"<dc:format>f</dc:format>" in after


def test_a_property_of_something_else_is_not_taken_for_that_of_the_picture() -> None:
    nested = (
        '<dc:source rdf:parseType="Resource"><e:DigitalSourceType '
        'xmlns:e="http://iptc.org/std/Iptc4xmpExt/2008-02-29/">of a part</e:DigitalSourceType></dc:source>'
    )
    found = Packet(packet(nested))
    assert found.text(SOURCE_TYPE) is None
    after = found.with_texts({SOURCE_TYPE: "of the whole"})
    assert (Packet(after).text(SOURCE_TYPE), b"of a part" in after) == ("of the whole", True)


def test_an_attribute_that_only_looks_like_one_is_left_alone() -> None:
    about = (
        'rdf:about="" xmlns:t="http://www.tc260.org.cn/ns/AIGC/1.0/" dc:format=" t:AIGC=\'no\' " t:AIGC="yes"'
        ' xmlns:u="http://other/" u:AIGC="no"'
    )
    before = packet("", about=about)
    assert Packet(before).text(AIGC) == "yes"
    after = Packet(before).with_texts({AIGC: 'it\'s "new"'})
    assert Packet(after).text(AIGC) == 'it\'s "new"'
    assert b"dc:format=\" t:AIGC='no' \"" in after


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b'<!DOCTYPE x [<!ENTITY a "aaaa">]><x>&a;</x>', "has a DOCTYPE, which is not read"),
        (b"<x>", "cannot be read, so that nothing can be added to it: no element found"),
        (b"no xml", "cannot be read"),
        (b"<x>\xff</x>", "cannot be read"),
        ("<x>\u00e9</x>".encode("utf-16"), "cannot be read"),
        (b"<x/>", "has no rdf:RDF, so that nothing can be added to it"),
        (b"<x>" * 200 + b"</x>" * 200, "nested more than 100 deep"),
        (b"<x>" + b" " * 16_000_000, "more than 16,000,000"),
    ],
)
def test_a_packet_that_cannot_be_read(data: bytes, said: str) -> None:
    with pytest.raises(LabelError, match=said):
        Packet(data)


def test_padding_gives_way() -> None:
    assert len(shortened(PACKETS["titled"])) < len(PACKETS["titled"]) - 1900
    assert shortened(shortened(PACKETS["titled"])) == shortened(PACKETS["titled"])
    assert shortened(NEW) == NEW


@given(
    st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="\ufffe\uffff")),
    st.sampled_from([b"", *PACKETS.values()]),
)
def test_any_text_is_written_and_read(text: str, before: bytes) -> None:
    assert Packet(Packet(before).with_texts({AIGC: text})).text(AIGC) == text.strip()
