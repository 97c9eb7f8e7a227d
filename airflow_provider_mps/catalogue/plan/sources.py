"""What an item is made from: its pictures, each as somewhere to ask about it, and all else that is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from airflow_provider_mps.catalogue.words import LineService
from airflow_provider_mps.core import arguments
from airflow_provider_mps.core.cos_address import object_address
from airflow_provider_mps.core.identity import map_addresses, unsigned_url
from airflow_provider_mps.core.redaction import bare_url
from airflow_provider_mps.services.aidge.requests import GENERATION_ARGUMENTS
from airflow_provider_mps.services.tencentcloud.payloads import BgFusion, StorageDefaults, bucket_or_default

# Where a picture is put before it is published, and what it is made on, are not to be seen in it.
_UNSEEN = ("InputInfo", "OutputStorage", "OutputDir", "OutputPath", "ResourceId")
_AIDGE_PICTURES = ("image_url", "image_path", "image_base64")


class CosSource(NamedTuple):
    """An object in COS.

    :param bucket: its bucket, with APPID
    :param region: region of the bucket
    :param key: its key, with a leading ``/``
    """

    bucket: str
    region: str
    key: str

    def __str__(self) -> str:
        return f"cos://{self.bucket}{self.key}"


class UrlSource(NamedTuple):
    """A picture by its address.

    :param address: without a signature; what tells it from other pictures
    """

    address: str

    def __str__(self) -> str:
        return bare_url(self.address)


Source = CosSource | UrlSource


class Sources(NamedTuple):
    """What an item is made from.

    :param subject: the picture of the product
    :param background: the picture of the background; None where it is made from words, or is a scene
    :param rest: all else that is to be seen in the picture
    """

    subject: Source
    background: Source | None
    rest: Mapping[str, Any]


def sources_of(request: Mapping[str, Any], service: str, storage: StorageDefaults, urls: dict[str, str]) -> Sources:
    """Return what the picture of a request is made from.

    :param request: arguments of the operator for one picture, checked
    :param service: who makes it
    :param storage: bucket and region where the request names none
    :param urls: takes the addresses to ask at, with their signatures, by the address without
    :raises ArgumentError: the request cannot be used
    """
    of_service = _of_scene if service == LineService.AIDGE else _of_fusion
    return of_service(request, storage, urls)


def _of_fusion(request: Mapping[str, Any], storage: StorageDefaults, urls: dict[str, str]) -> Sources:
    # What is sent, so that a default that is given, or a number as a text, is no change.
    payload = BgFusion.of(request).payload(storage)
    add_on = payload["AddOnParameter"]
    pictures = add_on.pop("ImageSet", [])
    background = _of_input(pictures[0]["Image"], urls) if pictures else None
    rest = {name: value for name, value in payload.items() if name not in _UNSEEN}
    return Sources(_of_input(payload["InputInfo"], urls), background, map_addresses(rest, unsigned_url))


def _of_input(info: Mapping[str, Any], urls: dict[str, str]) -> Source:
    if info["Type"] == "COS":
        place = info["CosInputInfo"]
        return CosSource(place["Bucket"], place["Region"], place["Object"])
    return _of_url(info["UrlInputInfo"]["Url"], urls)


def _of_url(url: str, urls: dict[str, str]) -> UrlSource:
    address = unsigned_url(url)
    urls[address] = url
    return UrlSource(address)


def _of_scene(request: Mapping[str, Any], storage: StorageDefaults, urls: dict[str, str]) -> Sources:
    values = {**GENERATION_ARGUMENTS, **request}
    needs_layout = arguments.flag("need_layout", values["need_layout"])
    rest = {name: str(value) for name, value in values.items() if name not in _AIDGE_PICTURES and value is not None}
    rest["need_layout"] = str(needs_layout)
    if not needs_layout:
        # It is not sent then.
        rest.pop("product_title", None)
    return Sources(_aidge_subject(values, storage, urls), None, rest)


def _aidge_subject(values: Mapping[str, Any], storage: StorageDefaults, urls: dict[str, str]) -> Source:
    if values["image_path"] is None:
        return _of_url(arguments.url("image_url", values["image_url"]), urls)
    place = object_address("image_path", values["image_path"])
    return CosSource(bucket_or_default("image_path", place.bucket, storage), storage.region, place.path)
