"""What people are shown of a line, a request, or a result: clean texts, and where pictures are."""

from __future__ import annotations

from collections.abc import Mapping
from sys import intern
from typing import Any, NamedTuple

from airflow_provider_mps.core.cos_address import is_cos, split_address
from airflow_provider_mps.core.identity import unsigned_url
from airflow_provider_mps.core.texts import clean


class Place(NamedTuple):
    """An object of COS.

    :param bucket: None for that of the connection
    :param region: None for that of the connection
    :param key: with a leading slash
    """

    bucket: str | None
    region: str | None
    key: str

    @property
    def storage(self) -> str | None:
        """What keeps it: its bucket."""
        return self.bucket

    def __str__(self) -> str:
        return f"cos://{self.bucket or ''}{self.key}"


def place_of(address: Any) -> Place | None:
    """Return the object that ``cos://bucket/key`` means; None if it is no such address."""
    if not isinstance(address, str) or not is_cos(address):
        return None
    found = split_address(address)
    return Place(found.bucket, None, found.path) if found.path != "/" else None


def subject_of(request: Mapping[str, Any]) -> tuple[Place | None, str]:
    """Return where the product photo of a request is: in COS, or else its address, without its signature."""
    key = request.get("subject_cos_key")
    if isinstance(key, str) and key:
        place = Place(
            text_or_none(request.get("subject_cos_bucket")),
            text_or_none(request.get("subject_cos_region")),
            key if key.startswith("/") else f"/{key}",
        )
        return place, ""
    if (stored := place_of(request.get("image_path"))) is not None:
        return stored, ""
    return None, shown_address(request.get("subject_url") or request.get("image_url") or request.get("image_path"))


def place_of_output(output: Any) -> Place | None:
    """Return where a picture of a result is; None where that is not said."""
    found = mapping(output)
    bucket, key = text_or_none(found.get("bucket")), text_or_none(found.get("path"))
    if bucket and key:
        return Place(bucket, text_or_none(found.get("region")), key if key.startswith("/") else f"/{key}")
    return place_of(found.get("cos_uri") or found.get("uri"))


def prompt_of(value: Any) -> str:
    """Return what a request asks for in words, on one line."""
    return intern(clean(" / ".join(map(str, value)) if isinstance(value, list) else value, 200))


def shown_address(value: Any) -> str:
    """Return an address without its signature."""
    if not isinstance(value, str):
        return ""
    return clean(unsigned_url(value) if value[:4].lower() == "http" else value, 300)


def word(value: Any) -> str:
    """Return a short text that many lines have."""
    # What many lines have is kept once.
    return intern(clean(value, 100))


def mapping(value: Any) -> Mapping[str, Any]:
    """Return a value that is an object; an empty one in the place of anything else."""
    return value if isinstance(value, Mapping) else {}


def text_or_none(value: Any) -> str | None:
    """Return a text as it is; None for an empty one, and for anything else."""
    return intern(value) if type(value) is str and value else None
