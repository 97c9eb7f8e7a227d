"""What a label says: the ``AIGC`` record of GB 45438-2025, and where IPTC says that a picture comes from.

Sources: GB 45438-2025, annex E (fields and values of the record),
https://openstd.samr.gov.cn/bzgk/gb/newGbInfo?hcno=F32EA2A561F1886CD8D606513512D547; TC260-PG-20259A, clause 6 (the
record as key ``AIGC`` of the XMP namespace ``http://www.tc260.org.cn/ns/AIGC/1.0/``, prefix ``TC260``) and annex B (the
same in a ``tEXt`` chunk ``AIGC`` or in the EXIF ``UserComment``), https://www.tc260.org.cn/tc260/sjzn/list_2.shtml;
IPTC Digital Source Type, https://cv.iptc.org/newscodes/digitalsourcetype/.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_IPTC = "http://cv.iptc.org/newscodes/digitalsourcetype/"
COMPOSITE = f"{_IPTC}compositeWithTrainedAlgorithmicMedia"
"""A picture of which a model has made a part, such as the background of a product: "edited using Generative AI"."""
AI_SOURCE_TYPES = frozenset(
    f"{_IPTC}{name}"
    for name in ("compositeWithTrainedAlgorithmicMedia", "trainedAlgorithmicMedia", "compositeSynthetic")
)
"""The source types of IPTC that say that a model has taken part."""

FIELDS = (
    "Label",
    "ContentProducer",
    "ProduceID",
    "ReservedCode1",
    "ContentPropagator",
    "PropagateID",
    "ReservedCode2",
)
# 1: is made by a model, 2: may be, 3: is suspected to be.
VALUES = ("1", "2", "3")
_PRODUCER, _PROPAGATOR = ("ContentProducer", "ProduceID"), ("ContentPropagator", "PropagateID")
# So that a label has room in one segment of a JPEG, beside what else there is.
MAX_TEXT = 1000
_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class LabelError(ValueError):
    """A picture cannot be labelled, or its label cannot be read; the message says why. The picture is as it was."""


@dataclass(frozen=True, kw_only=True)
class Label:
    """A label, as it is to be written or as it was read; an empty text, or None, where a picture says nothing.

    :param producer: ``ContentProducer``, name or code of the service that has made the picture
    :param produce_id: ``ProduceID``, what that service calls the picture
    :param propagator: ``ContentPropagator``, name or code of who publishes it; None leaves it empty
    :param propagate_id: ``PropagateID``, what they call it; default ``produce_id`` where there is a propagator
    :param source_type: IPTC ``DigitalSourceType``, one of :data:`AI_SOURCE_TYPES`
    :param value: ``Label``: ``"1"`` made by a model, ``"2"`` maybe, ``"3"`` suspected
    :param reserved_1: ``ReservedCode1``, of the producer
    :param reserved_2: ``ReservedCode2``, of the propagator
    """

    producer: str
    produce_id: str
    propagator: str | None = None
    propagate_id: str | None = None
    source_type: str | None = COMPOSITE
    value: str = "1"
    reserved_1: str = ""
    reserved_2: str = ""

    @property
    def record(self) -> dict[str, str]:
        """The ``AIGC`` record, each of its fields a text."""
        propagate_id = self.propagate_id or (self.produce_id if self.propagator else "")
        said = (self.value, self.producer, self.produce_id, self.reserved_1, self.propagator or "", propagate_id)
        return dict(zip(FIELDS, (*said, self.reserved_2), strict=True))


def check_texts(label: Label) -> None:
    """Check that a label can be written.

    :raises ValueError: it cannot
    """
    for name, text in {**label.record, "DigitalSourceType": label.source_type or ""}.items():
        if not text.isprintable() or len(text) > MAX_TEXT:
            raise ValueError(f"{name}: expected up to {MAX_TEXT:,} printable characters, got {text[:80]!r}")
    if not label.producer.strip() or not label.produce_id.strip():
        raise ValueError("a label needs a producer and a produce_id")
    if label.source_type not in AI_SOURCE_TYPES:
        raise ValueError(f"source_type: expected one of {', '.join(sorted(AI_SOURCE_TYPES))}, got {label.source_type}")
    if label.value not in VALUES:
        raise ValueError(f"value: expected {' or '.join(VALUES)}, got {label.value!r}")


def read_record(text: str) -> dict[str, Any]:
    """Return the ``AIGC`` record that a text is; one that is wrapped in an object or in a text is taken out.

    :raises LabelError: it is none
    """
    found: Any = text
    try:
        for _ in range(2):
            found = json.loads(found) if isinstance(found, str) else found
    except (ValueError, RecursionError):
        raise LabelError("its AIGC label is no JSON, so that nothing can be added to it") from None
    if isinstance(found, dict) and isinstance(found.get("AIGC"), dict):
        found = found["AIGC"]
    if not isinstance(found, dict):
        raise LabelError("its AIGC label is no JSON object, so that nothing can be added to it")
    return found


def write_record(record: Mapping[str, Any]) -> str:
    """Return the text of a record, the same for the same; what XML cannot have is escaped, as JSON does it."""
    text = json.dumps(record, ensure_ascii=False, separators=(",", ":"))
    return _NOT_IN_XML.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def completed(known: Mapping[str, Any] | None, label: Label) -> dict[str, Any] | None:
    """Return the record of a picture with what it lacks; None if it lacks nothing.

    What is there stays as it is: whoever has labelled the picture before has said who made it, and must not be
    overwritten (Measures for Labelling AI-Generated Content, article 10). A producer and its id belong together, as do
    a propagator and its id: neither is given the other's.

    :param known: the record that is there
    :param label: what is to be said
    """
    wanted = label.record
    if known is None:
        return dict(wanted)
    found = dict(known)
    if not _text(known, "Label"):
        found["Label"] = wanted["Label"]
    for who, number in (_PRODUCER, _PROPAGATOR):
        if not _text(known, who) and wanted[who]:
            found[who] = wanted[who]
        if _text(found, who) == wanted[who] and not _text(known, number) and wanted[number]:
            found[number] = wanted[number]
    if found == known:
        return None
    return {**dict.fromkeys(FIELDS, ""), **found}


def label_of(record: Mapping[str, Any] | None, source_type: str | None) -> Label | None:
    """Return the label that a record and a source type are; None if there is neither."""
    if record is None and source_type is None:
        return None
    said = {name: _text(record or {}, name) for name in FIELDS}
    return Label(
        producer=said["ContentProducer"],
        produce_id=said["ProduceID"],
        propagator=said["ContentPropagator"] or None,
        propagate_id=said["PropagateID"] or None,
        source_type=source_type,
        value=said["Label"],
        reserved_1=said["ReservedCode1"],
        reserved_2=said["ReservedCode2"],
    )


def is_of_ai(source_type: str | None) -> bool:
    """Tell whether a source type says that a model has taken part, in whatever scheme and case it is written."""
    said = (source_type or "").strip().replace("https://", "http://", 1).rstrip("/").lower()
    return said in {one.lower() for one in AI_SOURCE_TYPES}


def _text(record: Mapping[str, Any], name: str) -> str:
    value = record.get(name)
    return "" if value is None else str(value).strip()
