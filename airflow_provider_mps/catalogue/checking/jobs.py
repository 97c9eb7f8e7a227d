"""What there is to check: the pictures of a result, and what they are compared with. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from airflow_provider_mps.catalogue.lines import PictureLine
from airflow_provider_mps.catalogue.plan.sources import CosSource, Source, sources_of
from airflow_provider_mps.catalogue.words import Action, LineService
from airflow_provider_mps.core.arguments import ArgumentError, cos_key
from airflow_provider_mps.core.cos_address import object_address
from airflow_provider_mps.pictures.check import Asked
from airflow_provider_mps.services.tencentcloud.payloads import BG_FUSION_ARGUMENTS, StorageDefaults, bucket_or_default


class CheckJob(NamedTuple):
    """A result to check.

    :param name: of its item
    :param pictures: where its pictures are; there is at least one
    :param subject: the product photo; None where it is not in COS
    :param background: what was put behind it; None where it was made from words, or is not in COS
    :param asked: what the pictures were asked to be
    """

    name: str
    pictures: tuple[CosSource, ...]
    subject: CosSource | None
    background: CosSource | None
    asked: Asked


def job_of_line(line: PictureLine, storage: StorageDefaults) -> CheckJob | None:
    """Return what there is to check of a line; None if it has no picture.

    :param storage: bucket and region where its request names none
    :raises ArgumentError: the line cannot be used
    """
    if line["action"] == Action.UNPUBLISH or not has_picture(line["entry"]):
        return None
    found = sources_of(line["request"], line["service"], storage, {})
    asked = Asked() if line["service"] == LineService.AIDGE else _asked_of(line["request"])
    pictures = pictures_of(line["item"], line["entry"])
    return CheckJob(line["item"], pictures, _in_cos(found.subject), _in_cos(found.background), asked)


def job_of_entry(name: str, entry: Any, storage: StorageDefaults, subject: str | None) -> CheckJob | None:
    """Return what there is to check of a result outside of a catalogue; None if it has no picture.

    :param name: what messages call it
    :param entry: what an operator returned, or an entry of a batch
    :param storage: bucket and region of a subject that names none
    :param subject: the product photo, ``cos://bucket/key``; default: the entry's own, if it has one in COS
    :raises ArgumentError: it is no result, or its subject no object
    """
    if not isinstance(entry, Mapping) or not isinstance(entry.get("Outputs"), list):
        raise ArgumentError(f"{name}: expected what an operator or a batch returned, got {entry!r:.100}")
    if not has_picture(entry):
        return None
    address = subject or entry.get("subject")
    found = None
    if isinstance(address, str) and address.startswith("cos://"):
        place = object_address("subject", address)
        found = CosSource(bucket_or_default("subject", place.bucket, storage), storage.region, place.path)
    elif subject is not None:
        raise ArgumentError(f"subject: expected cos://bucket/key, got {subject!r:.100}")
    return CheckJob(name, pictures_of(name, entry), found, None, Asked())


def pictures_of(name: str, entry: Mapping[str, Any]) -> tuple[CosSource, ...]:
    """Return where the pictures of a result are.

    :raises ArgumentError: an output has no bucket, region and path
    """
    found = []
    for output in entry["Outputs"]:
        try:
            place = output["bucket"], output["region"], output["path"]
        except (KeyError, TypeError):
            place = (None, None, None)
        if not all(isinstance(part, str) for part in place):
            raise ArgumentError(f"entry of {name}: its output has no bucket, region and path")
        bucket, region, path = place
        found.append(CosSource(bucket, region, cos_key(f"entry of {name}", path)))
    return tuple(found)


def has_picture(entry: Mapping[str, Any]) -> bool:
    """Tell whether a result has a picture."""
    return not entry.get("Error") and bool(entry["Outputs"])


def _in_cos(source: Source | None) -> CosSource | None:
    return source if isinstance(source, CosSource) else None


def _asked_of(request: Mapping[str, Any]) -> Asked:
    values = {**BG_FUSION_ARGUMENTS, **request}
    return Asked(format=str(values["format"]), size=str(values["image_size"]))
