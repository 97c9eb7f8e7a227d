"""Labels in the metadata of a picture, which is not decoded for it."""

from __future__ import annotations

from typing import Any, NamedTuple

from airflow_provider_mps.core.progress import counted
from airflow_provider_mps.pictures.labels import aigc, jpeg, png, xmp
from airflow_provider_mps.pictures.labels.aigc import Label, LabelError

_OTHERS = ((b"RIFF", "WebP or another RIFF"), (b"GIF8", "GIF"), (b"BM", "BMP"), (b"II*\0", "TIFF"), (b"MM\0*", "TIFF"))


def label(data: bytes, label: Label, *, breaks_signature: bool = False) -> bytes:
    """Return a picture with a label in its metadata; its pixels, and what else it says, stay as they are.

    The label is two properties of XMP: ``Iptc4xmpExt:DigitalSourceType`` and ``TC260:AIGC``. What a picture says of
    them already is kept: only what is missing is added, so that a picture that is labelled twice is, byte for byte, the
    one that was labelled once. A source type that says that no model has taken part, such as ``digitalCapture`` of the
    camera, is replaced: of the new picture it is not true.

    :param data: the picture: JPEG or PNG, also of several pictures or animated
    :param label: what to say
    :param breaks_signature: label a picture with a C2PA manifest too, whose signature then holds no more; for
        whoever signs it anew
    :raises ValueError: the label cannot be written
    :raises LabelError: it is no such picture, it is cut off or damaged, its metadata cannot be read or has no room for
        more, or it has a C2PA manifest
    """
    aigc.check_texts(label)
    picture = _opened(data)
    packet = xmp.Packet(picture.xmp)
    said = _said(packet, picture)
    texts = {}
    # Whoever looks in the first packet finds there what is elsewhere.
    if not aigc.is_of_ai(packet.text(xmp.SOURCE_TYPE)):
        texts[xmp.SOURCE_TYPE] = said.source_type or label.source_type or ""
    record = aigc.completed(said.record, label)
    if record is None and not packet.text(xmp.AIGC):
        record = said.record
    if record is not None:
        texts[xmp.AIGC] = aigc.write_record(record)
    if not texts:
        return data
    if picture.is_signed and not breaks_signature:
        raise LabelError(
            "it has a C2PA manifest, whose signature a label would break: sign it anew, or publish it as is"
        )
    made: bytes = picture.with_xmp(packet.with_texts(texts))
    return made


def read_label(data: bytes) -> Label | None:
    """Return what a picture says of the model that has made it; None if it says nothing.

    :param data: the picture: JPEG or PNG
    :raises LabelError: it is no such picture, it is cut off or damaged, or its label cannot be read
    """
    picture = _opened(data)
    return aigc.label_of(*_said(xmp.Packet(picture.xmp), picture))


def check_label(data: bytes) -> Label:
    """Return the label of a picture that has a whole one: who has made it, that it was a model, and a source type.

    :param data: the picture: JPEG or PNG
    :raises LabelError: it has none
    """
    found = read_label(data)
    if found is None or not found.producer or found.value not in aigc.VALUES or not found.source_type:
        raise LabelError("its label cannot be read back whole")
    return found


def is_signed(data: bytes) -> bool:
    """Tell whether a picture has a C2PA manifest.

    :raises LabelError: it is no JPEG or PNG, or it is cut off or damaged
    """
    return bool(_opened(data).is_signed)


class _Said(NamedTuple):
    """What a picture says already, wherever in it; None where it says nothing."""

    record: dict[str, Any] | None
    source_type: str | None


def _said(packet: xmp.Packet, picture: Any) -> _Said:
    packets = [packet, *(xmp.Packet(one) for one in picture.more_xmp if xmp.may_be_labelled(one))]
    texts = [*(one.text(xmp.AIGC) for one in packets), *(text.strip() for text in picture.records)]
    types = (one.text(xmp.SOURCE_TYPE) for one in packets)
    return _Said(
        next((aigc.read_record(text) for text in texts if text), None),
        next((one for one in types if aigc.is_of_ai(one)), None),
    )


def _opened(data: bytes) -> Any:
    if data.startswith(jpeg.SIGNATURE):
        return jpeg.Jpeg(data)
    if data.startswith(png.SIGNATURE):
        return png.Png(data)
    other = next((name for begin, name in _OTHERS if data.startswith(begin)), None)
    if other is not None:
        raise LabelError(f"it is {other}, and labels are written into JPEG and PNG")
    raise LabelError(f"it is no picture that can be labelled, JPEG or PNG ({counted(len(data), 'byte')})")
