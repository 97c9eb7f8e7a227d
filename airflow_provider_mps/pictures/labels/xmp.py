"""An XMP packet, in which two properties are read and written; all else stays as it is, byte for byte.

Sources: XMP Specification Part 1 (https://developer.adobe.com/xmp/docs/XMPSpecifications/), IPTC Photo Metadata
(https://www.iptc.org/std/photometadata/specification/). A packet is edited as text and not built anew, for what is in
it belongs to others: their prefixes, their order, their padding.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

from airflow_provider_mps.pictures.labels.aigc import LabelError

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
SOURCE_TYPE = ("http://iptc.org/std/Iptc4xmpExt/2008-02-29/", "DigitalSourceType")
AIGC = ("http://www.tc260.org.cn/ns/AIGC/1.0/", "AIGC")
_PREFIXES = {SOURCE_TYPE: "Iptc4xmpExt", AIGC: "TC260"}
MAX_BYTES = 16_000_000
# The tree of a packet is flat; a parser of others may be no match for a deep one.
_MAX_DEPTH = 100
_TAG = re.compile(rb"""<[^\s/>]+(?:\s+[^\s=]+\s*=\s*(?:"[^"]*"|'[^']*'))*\s*(/?)>""")
_ENDING = re.compile(rb"<\?xpacket\s+end")
_BEGIN, _END = b'<?xpacket begin="\xef\xbb\xbf" id="W5M0MpCehiHzreSzNTczkc9d"?>', b'<?xpacket end="w"?>'
_EMPTY = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    b"</rdf:RDF></x:xmpmeta>"
)
NEW = _BEGIN + _EMPTY + _END
"""A packet that says nothing yet."""
# Where a description goes in an edit.
_HERE = b"\0"

_Name = tuple[str, str]


class _Property(NamedTuple):
    """A property: what is to be replaced for another value, and how that is written."""

    value: str
    start: int
    end: int
    before: str
    after: str
    is_attribute: bool

    def edit(self, text: str) -> _Edit:
        said = quoteattr(text) if self.is_attribute else escape(text)
        return _Edit(self.start, self.end, f"{self.before}{said}{self.after}".encode())


class _Edit(NamedTuple):
    """Bytes from ``start`` to ``end`` are to be others."""

    start: int
    end: int
    said: bytes


class Packet:
    """An XMP packet.

    :param data: the packet; empty for a new one
    :raises LabelError: it cannot be read
    """

    def __init__(self, data: bytes) -> None:
        self._data = data if data.strip(b"\0\r\n\t ") else NEW
        self._found = _Reader(self._data)

    def text(self, name: _Name) -> str | None:
        """Return the value of a property; None where there is none."""
        found = self._found.properties.get(name)
        return None if found is None else found.value.strip()

    def with_texts(self, texts: Mapping[_Name, str]) -> bytes:
        """Return the packet with these values of properties: in place of those that are there, or beside them."""
        known = self._found.properties
        edits = [known[name].edit(text) for name, text in texts.items() if name in known]
        # A packet may say twice where a picture comes from, and readers differ in which they take.
        edits += [one.edit(texts[SOURCE_TYPE]) for one in self._found.more_source_types if SOURCE_TYPE in texts]
        added = {name: text for name, text in texts.items() if name not in known}
        if added:
            end = self._found.end_of_rdf
            edits.append(end._replace(said=end.said.replace(_HERE, _description(added, self._found.about))))
        parts, at = [], 0
        for edit in sorted(edits):
            parts += [self._data[at : edit.start], edit.said]
            at = edit.end
        return b"".join([*parts, self._data[at:]])


def may_be_labelled(data: bytes) -> bool:
    """Tell whether there is any use in looking for a label in a packet."""
    return any(name.encode() in data for _, name in _PREFIXES)


def shortened(packet: bytes) -> bytes:
    """Return a packet without the space that writers leave in it for others."""
    ending = _ENDING.search(packet)
    end = len(packet) if ending is None else ending.start()
    return packet[:end].rstrip(b" \t\r\n\0") + packet[end:]


def _description(texts: Mapping[_Name, str], about: str) -> bytes:
    named = [(f"{_PREFIXES[name]}:{name[1]}", _PREFIXES[name], name[0], text) for name, text in texts.items()]
    spaces = "".join(f" xmlns:{prefix}={quoteattr(space)}" for _, prefix, space, _ in named)
    inner = "".join(f"<{tag}>{escape(text)}</{tag}>" for tag, _, _, text in named)
    begins = f"<rdf:Description xmlns:rdf={quoteattr(RDF)} rdf:about={quoteattr(about)}{spaces}>"
    return f"{begins}{inner}</rdf:Description>".encode()


class _Reader:
    """Finds the properties in a packet, and where more of them can stand.

    :ivar properties: those of :data:`_PREFIXES` that are there
    :ivar more_source_types: source types behind the first, which a packet should not have
    :ivar about: of what the packet speaks, as all of it has to say
    :ivar end_of_rdf: the edit that puts something at the end of ``rdf:RDF``, at :data:`_HERE`
    """

    def __init__(self, data: bytes) -> None:
        self.properties: dict[_Name, _Property] = {}
        self.more_source_types: list[_Property] = []
        self.about = ""
        self.end_of_rdf = _Edit(-1, -1, b"")
        self._data = data
        self._path: list[_Name] = []
        self._scopes: list[dict[str, str]] = [{"xml": "http://www.w3.org/XML/1998/namespace"}]
        self._open: _Open | None = None
        self._rdf_depth = 0
        self._parse()
        if self.end_of_rdf.start < 0:
            raise LabelError("its XMP packet has no rdf:RDF, so that nothing can be added to it")

    def _parse(self) -> None:
        if len(self._data) > MAX_BYTES:
            raise LabelError(f"its XMP packet has {len(self._data):,} bytes, more than {MAX_BYTES:,}")
        self._parser = parser = expat.ParserCreate("utf-8")
        parser.StartDoctypeDeclHandler = _refuse
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        try:
            parser.Parse(self._data.rstrip(b"\0\r\n\t "), True)
        except expat.ExpatError as error:
            raise LabelError(f"its XMP packet cannot be read, so that nothing can be added to it: {error}") from None
        finally:
            # They refer to each other.
            del self._parser

    def _start(self, written: str, attributes: dict[str, str]) -> None:
        if len(self._path) >= _MAX_DEPTH:
            raise LabelError(f"its XMP packet is nested more than {_MAX_DEPTH} deep")
        spaces = {name[6:]: uri for name, uri in attributes.items() if name.startswith("xmlns:")}
        spaces |= {"": attributes["xmlns"]} if "xmlns" in attributes else {}
        self._scopes.append({**self._scopes[-1], **spaces} if spaces else self._scopes[-1])
        self._path.append(self._name(written, is_attribute=False))
        start = self._parser.CurrentByteIndex
        tag = _TAG.match(self._data, start)
        if tag is None:
            raise LabelError("its XMP packet has a tag that cannot be read")
        depth = len(self._path) - self._rdf_depth
        if not self._rdf_depth and self._path[-1] == (RDF, "RDF") and self.end_of_rdf.start < 0:
            self._rdf_depth = len(self._path)
            if tag[1]:
                closed = f"></{written}>".encode()
                self.end_of_rdf = _Edit(tag.start(1), tag.end(), closed.replace(b">", b">" + _HERE, 1))
        elif self._rdf_depth and depth == 1:
            self._node(tag, attributes)
        elif self._rdf_depth and depth == 2 and self._path[-1] in _PREFIXES:
            resource = next((text for name, text in attributes.items() if self._name(name) == (RDF, "resource")), "")
            self._open = _Open(self._path[-1], written, start, tag.end(), bool(tag[1]), [resource])

    def _node(self, tag: re.Match[bytes], attributes: dict[str, str]) -> None:
        for written, text in attributes.items():
            name = self._name(written)
            if name in ((RDF, "about"), ("", "about")) and not self.about:
                self.about = text
            if name in _PREFIXES:
                value = re.compile(rb"\s%s\s*=\s*(\"[^\"]*\"|'[^']*')" % re.escape(written.encode()))
                # Of several matches the others would be within the value of an attribute before it.
                if (place := _attribute(value, tag)) is not None:
                    self._add(name, _Property(text, *place, "", "", True))

    def _end(self, written: str) -> None:
        at, depth = self._parser.CurrentByteIndex, len(self._path) - self._rdf_depth
        if self._rdf_depth and depth == 0:
            if self.end_of_rdf.start < 0:
                self.end_of_rdf = _Edit(at, at, _HERE)
            self._rdf_depth = 0
        elif self._open is not None and depth == 2:
            name, as_written, start, inner, is_empty, texts = self._open
            end = inner if is_empty else self._data.index(b">", at) + 1
            prefix = as_written.rpartition(":")[0]
            space = f"xmlns:{prefix}" if prefix else "xmlns"
            before = f"<{as_written} {space}={quoteattr(name[0])}>"
            found = _Property("".join(texts), start, end, before, f"</{as_written}>", False)
            self._add(name, found)
            self._open = None
        self._path.pop()
        self._scopes.pop()

    def _add(self, name: _Name, found: _Property) -> None:
        if self.properties.setdefault(name, found) is not found and name == SOURCE_TYPE:
            self.more_source_types.append(found)

    def _text(self, text: str) -> None:
        if self._open is not None:
            self._open.texts.append(text)

    def _name(self, written: str, *, is_attribute: bool = True) -> _Name:
        prefix, _, name = written.rpartition(":")
        if is_attribute and not prefix:
            return "", name
        return self._scopes[-1].get(prefix, ""), name


class _Open(NamedTuple):
    """A property whose end is still to come."""

    name: _Name
    written: str
    start: int
    inner: int
    is_empty: bool
    texts: list[str]


def _attribute(value: re.Pattern[bytes], tag: re.Match[bytes]) -> tuple[int, int] | None:
    """Return where the value of an attribute stands, with its quotes; None if it is not found."""
    for found in re.finditer(rb"""\s+([^\s=]+\s*=\s*(?:"[^"]*"|'[^']*'))""", tag[0]):
        if (inner := value.fullmatch(b" " + found[1])) is not None:
            return tag.start() + found.start(1) + inner.start(1) - 1, tag.start() + found.start(1) + inner.end(1) - 1
    return None


def _refuse(*_: object) -> None:
    # Entities could grow without bound, and XMP has no use for them.
    raise LabelError("its XMP packet has a DOCTYPE, which is not read")
