"""What is asked of a service for one item, checked with the operators' own checks.

A value that may be written in several ways is brought into one, so that the same wish has the same fingerprint
whatever the manifest was written in.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from airflow_provider_mps.catalogue.words import LineService
from airflow_provider_mps.core import arguments
from airflow_provider_mps.core.arguments import ArgumentError
from airflow_provider_mps.services.aidge.requests import GENERATION_ARGUMENTS, Generation
from airflow_provider_mps.services.aidge.words import DEFAULT_IMAGES, MIN_IMAGES
from airflow_provider_mps.services.tencentcloud.payloads import (
    BG_FUSION_ARGUMENTS,
    BgFusion,
    Picture,
    StorageDefaults,
)
from airflow_provider_mps.services.tencentcloud.words import ImageFormat, ImageSize

SUBJECT = tuple(name for name in BG_FUSION_ARGUMENTS if name.startswith("subject_"))
"""What names the picture of the product, for either service."""
_AIDGE_PICTURES = ("image_url", "image_base64", "image_path")
# A picture is published by a copy of it; several products with one output would have one picture.
_NO_LOOK = {LineService.MPS: (*SUBJECT, "output_path"), LineService.AIDGE: _AIDGE_PICTURES}
_OPERATORS: dict[LineService, Mapping[str, Any]] = {
    LineService.MPS: BG_FUSION_ARGUMENTS,
    LineService.AIDGE: GENERATION_ARGUMENTS,
}
LOOK_ARGUMENTS = {
    service: tuple(name for name in names if name not in _NO_LOOK[service]) for service, names in _OPERATORS.items()
}
"""What a look may say of a picture, by service."""
ARGUMENTS = frozenset(SUBJECT).union(*LOOK_ARGUMENTS.values())
"""What a manifest may say of a picture, for whatever service."""

FEWEST: Mapping[LineService, Mapping[str, Any]] = {LineService.MPS: {}, LineService.AIDGE: {"image_num": MIN_IMAGES}}
"""What is asked for where nothing else is said: one picture of an item is published, and each is paid for."""
STAND_IN = "https://example.com/subject.png"
"""The picture of a product that is not known yet."""


def prompt_written_one_way(name: str, value: Any) -> str | list[str]:
    """Return a prompt as a text, or several as a list of texts.

    :raises ArgumentError: it is neither
    """
    texts = arguments.prompts(name, value)
    return texts if isinstance(value, list | tuple) else texts[0]


_ONE_WAY: dict[str, Callable[[str, Any], Any]] = {
    "prompt": prompt_written_one_way,
    "resource_id": arguments.text,
    "product_title": arguments.text,
    "random_seed": arguments.integer,
    "quality": arguments.integer,
    "width": arguments.integer,
    "height": arguments.integer,
    "image_num": arguments.integer,
    "need_layout": arguments.flag,
    "scene_id": arguments.text,
    "format": lambda name, value: arguments.choice(name, value, ImageFormat).value,
    "image_size": lambda name, value: arguments.choice(name, value, ImageSize).value,
    "output_dir": arguments.output_dir,
}


def written_one_way(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return arguments with each value in the one way that it is written.

    :raises ArgumentError: a value cannot be used
    """
    return {
        name: _ONE_WAY[name](name, value) if name in _ONE_WAY and value is not None else value
        for name, value in given.items()
    }


def checked_subject(given: Mapping[str, Any], service: LineService, storage: StorageDefaults) -> dict[str, Any]:
    """Return the arguments of a service that name the picture of a product.

    :param given: of :data:`SUBJECT`, what is given
    :raises ArgumentError: none is given, they exclude each other, or a value cannot be used
    """
    picture = Picture("subject", *(given.get(name) for name in SUBJECT))
    picture.check_given(required=True)
    source = picture.as_input(storage)
    if service is LineService.AIDGE:
        return _aidge_picture(source, given, storage)
    return _cos_key_as_text("subject", given, source)


def checked_rest(given: Mapping[str, Any], service: LineService, storage: StorageDefaults) -> dict[str, Any]:
    """Return all other arguments of a picture.

    :raises ArgumentError: one is missing, or a value cannot be used
    """
    if service is LineService.AIDGE:
        Generation(**given, image_url=STAND_IN).request(_no_file)
    else:
        fusion = BgFusion.of({**given, "subject_url": STAND_IN})
        fusion.payload(storage)
        if given.get("bg_cos_key") is not None:
            given = {**given, **_cos_key_as_text("bg", given, fusion.background.as_input(storage))}
    return written_one_way(given)


def extension(request: Mapping[str, Any], service: LineService) -> str:
    """Return the extension of the picture that a request gives, without a dot."""
    if service is LineService.AIDGE:
        return "jpg"
    return str(request.get("format", BG_FUSION_ARGUMENTS["format"])).lower()


def pictures_of(request: Mapping[str, Any], service: str) -> int:
    """Return how many pictures a request pays for: Aidge makes no fewer than two, of which one is published."""
    return int(request.get("image_num", DEFAULT_IMAGES)) if service == LineService.AIDGE else 1


def cos_address(prefix: str, request: Mapping[str, Any], storage: StorageDefaults) -> str | None:
    """Return where a picture of a request is in COS, ``cos://bucket/key``; None if it is elsewhere.

    :param prefix: ``subject`` or ``bg``
    """
    key = request.get(f"{prefix}_cos_key")
    if key is None:
        path = request.get("image_path")
        return str(path) if prefix == "subject" and path is not None else None
    return f"cos://{request.get(f'{prefix}_cos_bucket') or storage.bucket}/{key.lstrip('/')}"


def _cos_key_as_text(prefix: str, given: Mapping[str, Any], source: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of a picture whose key may be given as what an upload returns."""
    key = given.get(f"{prefix}_cos_key")
    if key is None:
        return dict(given)
    found = source["CosInputInfo"]
    given = {**given, f"{prefix}_cos_key": found["Object"]}
    if isinstance(key, Mapping):
        given |= {f"{prefix}_cos_bucket": found["Bucket"], f"{prefix}_cos_region": found["Region"]}
    return given


def _aidge_picture(source: Mapping[str, Any], given: Mapping[str, Any], storage: StorageDefaults) -> dict[str, Any]:
    if "UrlInputInfo" in source:
        return {"image_url": source["UrlInputInfo"]["Url"]}
    found = source["CosInputInfo"]
    if found["Region"] != storage.region:
        raise ArgumentError(
            f"subject_cos_region: expected {storage.region}, the region of the connection, from which a picture for "
            f"Aidge is read, got {found['Region']!r}"
        )
    return {"image_path": f"cos://{found['Bucket']}{found['Object']}"}


def _no_file(name: str, value: Any) -> bytes:
    raise AssertionError(f"{name} is read by the operator alone")
