"""Objects of COS without their content, by the vendor's client: look, list, copy, remove."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple
from xml.etree.ElementTree import ParseError

from qcloud_cos.cos_auth import CosS3Auth
from requests import codes
from requests.structures import CaseInsensitiveDict

from airflow_provider_mps.clients.cos import (
    FORBID_OVERWRITE,
    WRITER,
    Client,
    check_redirect,
    stored_with,
    translate,
)
from airflow_provider_mps.clients.transport import answered
from airflow_provider_mps.core.digests import Digest
from airflow_provider_mps.core.errors import ServiceError
from airflow_provider_mps.core.localpaths import is_local
from airflow_provider_mps.core.outcomes import TRANSPORT_CODES, Transport
from airflow_provider_mps.services.tencentcloud.codes import outcome_of_cos
from airflow_provider_mps.services.tencentcloud.integrity import read_digest
from airflow_provider_mps.services.tencentcloud.objects import (
    ObjectPage,
    ObjectStat,
    UnreadableListingError,
    headers_of_head,
    read_page,
    stat_of_head,
)
from airflow_provider_mps.services.tencentcloud.words import Service

# The most that COS gives in one page, and what it takes a folder to end with.
PAGE, DELIMITER = 1000, "/"


class ObjectPlace(NamedTuple):
    """Where an object is; ``key`` has a leading slash."""

    bucket: str
    region: str
    key: str

    def __str__(self) -> str:
        return f"cos://{self.bucket}{self.key}"


class StoredObject(NamedTuple):
    """An object as a HEAD shows it, with the headers that were stored with it."""

    stat: ObjectStat
    digest: Digest
    headers: dict[str, str]

    @property
    def writer(self) -> str | None:
        """Who made it, if that was asked for."""
        return self.headers.get(WRITER)


def look(cos: Client, place: ObjectPlace) -> StoredObject | None:
    """Ask for an object; None if there is none in the bucket.

    :raises ServiceError: there is no such bucket, or what answers is not COS
    """
    headers, failed = _asked("HeadObject", place, cos, lambda: cos.head_object(Bucket=place.bucket, Key=place.key))
    if failed is not None:
        if failed.code != "NoSuchResource":
            raise failed
        _check_bucket(cos, place.bucket)
        return None
    stat = stat_of_head(place.key, headers)
    if stat is None:
        said = "the answer is none of COS, or names neither size nor ETag"
        raise _failed("HeadObject", str(place), Transport.NOT_VERIFIABLE, said, headers)
    return StoredObject(stat, read_digest(dict(headers)), headers_of_head(headers))


def _check_bucket(cos: Client, bucket: str) -> None:
    """Raise the error for a bucket that is not there: a HEAD says the same of it as of an object that is not."""
    target = f"cos://{bucket}"
    _, failed = _asked("HeadBucket", target, cos, lambda: cos.head_bucket(Bucket=bucket))
    if failed is None or failed.code == "AccessDenied":
        # Whoever may not ask for the bucket knows of it all the same.
        return
    if failed.code == "NoSuchResource":
        code, said = "NoSuchBucket", f"{failed.message.rstrip('.')}: there is no such bucket in this region"
        outcome = outcome_of_cos(code, codes.not_found)
        failed = ServiceError(Service.COS, "HeadBucket", target, code, said, failed.request_id, outcome)
    raise failed


def list_page(cos: Client, bucket: str, prefix: str, *, marker: str, limit: int, delimiter: str = "") -> ObjectPage:
    """Return a page of what is in a bucket.

    Not by ``list_objects`` of the SDK, which writes each page as Python and has it evaluated, in six times as long.

    :param prefix: what keys begin with, without a leading slash
    :param marker: the page begins after this key, which has no leading slash
    """
    target = f"cos://{bucket}/{prefix}"
    params = {
        "prefix": prefix,
        "delimiter": delimiter,
        "marker": marker,
        "max-keys": str(limit),
        "encoding-type": "url",
    }
    conf = cos.get_conf()
    sign = CosS3Auth(conf, params=params)
    response = answered(
        cos.request_timeout,
        lambda: cos.send_request("GET", conf.uri(bucket=bucket), bucket, params=params, headers={}, auth=sign),
    )
    check_redirect(response.headers)
    try:
        return read_page(response.content, marker)
    except UnreadableListingError as error:
        raise _failed("GetBucket", target, Transport.GARBLED, f"no listing: {error}", response.headers) from None


def copy(
    cos: Client, source: ObjectPlace, to: ObjectPlace, etag: str, headers: Mapping[str, str] | None, *, overwrite: bool
) -> None:
    """Have COS copy an object, if it still has this ETag.

    An error in the midst of it comes with HTTP 200, https://cloud.tencent.com/document/product/436/10881.

    :param headers: what to store with the copy in place of what is stored with the source; None keeps that
    """
    options: dict[str, Any] = {
        "CopySourceIfMatch": f'"{etag}"',
        "CopyStatus": "Copy" if headers is None else "Replaced",
    }
    options |= stored_with(headers or {})
    if not overwrite:
        options["Metadata"] = {**options.get("Metadata", {}), FORBID_OVERWRITE: b"true"}
    named = {"Bucket": source.bucket, "Region": source.region, "Key": source.key.removeprefix("/")}
    try:
        cos.copy_object(Bucket=to.bucket, Key=to.key, CopySource=named, **options)
    except ParseError as error:
        raise _failed("CopyObject", str(to), Transport.GARBLED, f"no answer to a copy: {error}", {}) from None


def delete(cos: Client, place: ObjectPlace) -> None:
    """Remove an object; to COS it is no error if there is none."""
    _ask(cos, lambda: cos.delete_object(Bucket=place.bucket, Key=place.key))


def _ask(cos: Client, call: Callable[[], Any]) -> Mapping[str, Any]:
    headers = answered(cos.request_timeout, call) or {}
    check_redirect(headers)
    return CaseInsensitiveDict(headers)


def _asked(
    action: str, target: ObjectPlace | str, cos: Client, call: Callable[[], Any]
) -> tuple[Mapping[str, Any], ServiceError | None]:
    """Return the headers of the answer to a HEAD, or what went wrong: it is a part of other actions too."""
    try:
        return _ask(cos, call), None
    except Exception as error:
        if is_local(error):
            raise
        return {}, translate(action, str(target), error)


def _failed(action: str, target: str, code: Transport, said: str, headers: Mapping[str, Any]) -> ServiceError:
    request_id = str(headers.get("x-cos-request-id") or "")
    return ServiceError(Service.COS, action, target, code, said, request_id, TRANSPORT_CODES[code].outcome)
