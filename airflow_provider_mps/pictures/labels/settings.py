"""How the pictures of a task are labelled: what a DAG says once, for all of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from airflow_provider_mps.core import arguments
from airflow_provider_mps.core.arguments import ArgumentError
from airflow_provider_mps.core.services import ServiceProfile
from airflow_provider_mps.core.vocabulary import LABEL_METADATA
from airflow_provider_mps.pictures.labels import metadata, signature, visible
from airflow_provider_mps.pictures.labels.aigc import AI_SOURCE_TYPES, COMPOSITE, MAX_TEXT, Label, LabelError
from airflow_provider_mps.services.profiles import AIDGE, MPS

MAKERS = {MPS: "Tencent Cloud MPS", AIDGE: "Alibaba Aidge"}
"""Who has made a picture, in the words of a label: GB 45438-2025 takes a name or a code of the service."""
# Another one lets every picture be labelled anew: for a change of what is written for the same settings.
_FORM = 1


@dataclass(frozen=True, kw_only=True)
class VisibleMark:
    """A mark to draw; see :func:`~airflow_provider_mps.pictures.labels.mark`."""

    text: str
    corner: str = visible.Corner.BOTTOM_RIGHT.value
    share: float = visible.DEFAULT_SHARE
    font: str | None = None


@dataclass(frozen=True, kw_only=True)
class Signing:
    """Files to sign with; see :func:`~airflow_provider_mps.pictures.labels.sign`."""

    certificate: str
    key: str
    timestamp_url: str | None = None


@dataclass(frozen=True, kw_only=True)
class LabelSettings:
    """What is to be said of pictures, and how.

    :param producer: ``ContentProducer``; None for the name of the service that has made a picture
    :param propagator: ``ContentPropagator``; None leaves it empty
    :param source_type: IPTC ``DigitalSourceType``
    :param visible: a mark to be seen; None draws none
    :param c2pa: what to sign with; None signs nothing
    """

    producer: str | None = None
    propagator: str | None = None
    source_type: str = COMPOSITE
    visible: VisibleMark | None = None
    c2pa: Signing | None = None

    def label(self, maker: ServiceProfile, produce_id: str) -> Label:
        """Return the label of a picture.

        :param maker: the service that has made it
        :param produce_id: what the service calls it: the id of its task
        """
        return Label(
            producer=self.producer or MAKERS[maker],
            # It may be the name of a file, which takes more than a label does.
            produce_id="".join(one if one.isprintable() else "_" for one in produce_id)[:MAX_TEXT],
            propagator=self.propagator,
            source_type=self.source_type,
        )

    @property
    def form(self) -> str:
        """What tells two settings apart: pictures that were labelled by others are labelled anew.

        A signature is of one form whoever signs, so that a new certificate does not have all pictures signed again.
        """
        said = asdict(self) | {"c2pa": self.c2pa is not None, "form": _FORM}
        return sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:16]

    def form_of(self, label: Label) -> str:
        """Return what tells two labels of these settings apart."""
        return sha256(json.dumps([self.form, label.record]).encode()).hexdigest()[:16]

    def apply(self, data: bytes, label: Label) -> bytes:
        """Return a picture with its label, which was read back.

        :param data: the picture as it was made
        :raises LabelError: it cannot be labelled; see :func:`~airflow_provider_mps.pictures.labels.label`
        """
        made = data
        if self.visible is not None:
            made = visible.mark(made, self.visible.text, self.visible.corner, self.visible.share, self.visible.font)
        made = metadata.label(made, label, breaks_signature=self.c2pa is not None)
        if self.c2pa is not None:
            certificate, key = self._files()
            parent = data if metadata.is_signed(data) else None
            made = signature.sign(
                made,
                certificate,
                key,
                timestamp_url=self.c2pa.timestamp_url,
                source_type=self.source_type,
                parent=parent,
            )
        metadata.check_label(made)
        return made

    def check_here(self) -> None:
        """Check that this worker has what labels need, before anything is published.

        :raises LabelError: it has not: a font, characters in it, a certificate or a key, or the extra ``c2pa``
        """
        sample = _sample()
        if self.visible is not None:
            visible.mark(sample, self.visible.text, self.visible.corner, self.visible.share, self.visible.font)
        if self.c2pa is not None:
            signature.sign(sample, *self._files(), source_type=self.source_type)

    def _files(self) -> tuple[bytes, bytes]:
        assert self.c2pa is not None  # noqa: S101
        found = []
        for what, path in (("certificate", self.c2pa.certificate), ("key", self.c2pa.key)):
            try:
                found.append(Path(path).expanduser().read_bytes())
            except OSError as error:
                said = f"the {what} for C2PA cannot be read from this worker: {path} ({error.strerror})"
                raise LabelError(said) from None
        return found[0], found[1]


def read_settings(name: str, value: Any) -> LabelSettings | None:
    """Return what an argument says of labels; None for none.

    :param name: of the argument, for messages
    :param value: ``"metadata"``, None, or a dict with any of the fields of :class:`LabelSettings`
    :raises ArgumentError: it is something else
    """
    if value is None:
        return None
    if isinstance(value, str) and value == LABEL_METADATA:
        return LabelSettings()
    if not isinstance(value, Mapping):
        arguments.fail(name, value, f"'{LABEL_METADATA}', None, or a dict with any of {', '.join(_FIELDS)}")
    given = _known(name, value, _FIELDS)
    if "visible" in given:
        given["visible"] = VisibleMark(**_known(f"{name}['visible']", given["visible"], _VISIBLE, ("text",)))
    if "c2pa" in given:
        given["c2pa"] = Signing(**_known(f"{name}['c2pa']", given["c2pa"], _C2PA, ("certificate", "key")))
    return LabelSettings(**given)


def settings_here(name: str, value: Any) -> LabelSettings | None:
    """Return what :func:`read_settings` does, if this worker has what that needs.

    :raises ArgumentError: it cannot be used, here or anywhere
    """
    settings = read_settings(name, value)
    if settings is not None:
        try:
            settings.check_here()
        except LabelError as error:
            raise ArgumentError(f"{name}: {error}; nothing was labelled") from None
    return settings


def _known(
    name: str, value: Any, checks: Mapping[str, Callable[[str, Any], Any]], required: tuple[str, ...] = ()
) -> dict[str, Any]:
    if not isinstance(value, Mapping) or any(key not in checks for key in value):
        arguments.fail(name, value, f"a dict with any of {', '.join(checks)}")
    given = {str(key): said for key, said in value.items() if said is not None}
    for key in required:
        if key not in given:
            arguments.fail(name, value, f"a dict with {' and '.join(required)}")
    return {key: checks[key](f"{name}[{key!r}]", said) for key, said in given.items()}


def _line(name: str, value: Any) -> str:
    text = arguments.text(name, value).strip()
    if not text.isprintable() or len(text) > MAX_TEXT:
        arguments.fail(name, value, f"a line of up to {MAX_TEXT:,} printable characters")
    return text


def _source_type(name: str, value: Any) -> str:
    text = arguments.text(name, value)
    if text not in AI_SOURCE_TYPES:
        arguments.fail(name, value, f"one of {', '.join(sorted(AI_SOURCE_TYPES))}")
    return text


def _corner(name: str, value: Any) -> str:
    return arguments.word(name, value, visible.Corner).value


def _share(name: str, value: Any) -> float:
    number = arguments.above_zero(name, "the shorter side", value, visible.DEFAULT_SHARE)
    if not visible.DEFAULT_SHARE <= number <= visible.MAX_SHARE:
        arguments.fail(name, value, f"{visible.DEFAULT_SHARE} to {visible.MAX_SHARE} of the shorter side")
    return number


def _path(name: str, value: Any) -> str:
    return str(arguments.local_path(name, value))


def _pem(name: str, value: Any) -> str:
    if "-----BEGIN" in str(value):
        arguments.fail(name, value, "the path of a PEM file on the worker, and not what is in it")
    return _path(name, value)


def _unchanged(name: str, value: Any) -> Any:
    return value


def _sample() -> bytes:
    from io import BytesIO

    from PIL import Image

    file = BytesIO()
    # Wide enough for a text that is long.
    Image.new("L", (4000, 200)).save(file, "PNG")
    return file.getvalue()


_FIELDS: dict[str, Callable[[str, Any], Any]] = {
    "producer": _line,
    "propagator": _line,
    "source_type": _source_type,
    "visible": _unchanged,
    "c2pa": _unchanged,
}
_VISIBLE: dict[str, Callable[[str, Any], Any]] = {"text": _line, "corner": _corner, "share": _share, "font": _path}
_C2PA: dict[str, Callable[[str, Any], Any]] = {"certificate": _pem, "key": _pem, "timestamp_url": arguments.url}
