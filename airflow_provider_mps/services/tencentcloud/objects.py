"""What COS says of an object without its content, in the answer to a HEAD and in a listing.

Sources: HEAD Object (https://cloud.tencent.com/document/product/436/7745), GET Bucket
(https://cloud.tencent.com/document/product/436/7734).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple
from urllib.parse import unquote
from xml.etree import ElementTree

from airflow_provider_mps.services.tencentcloud.integrity import read_digest

# The headers that a copy has to be given again where one of them is to be another.
COPIED_HEADERS = ("Cache-Control", "Content-Disposition", "Content-Encoding", "Content-Language", "Content-Type")
META_PREFIX = "x-cos-meta-"
# What a picture was labelled from, and how: a HEAD shows whether there is anything to do.
LABEL_NOTE = f"{META_PREFIX}mps-label"


class ObjectStat(NamedTuple):
    """An object as COS describes it.

    :param key: key with a leading slash
    :param size: bytes
    :param etag: without quotes; the MD5 of the content where it was stored by one simple request
    :param modified: seconds since the epoch, whole in the answer to a HEAD
    :param crc64: CRC64-ECMA; None in a listing, and for an object that COS keeps none of
    :param content_type: MIME type; None in a listing
    :param cache_control: ``Cache-Control``; None in a listing, and where there is none
    :param label: what is noted of its label; None in a listing, and where nothing is
    """

    key: str
    size: int
    etag: str
    modified: float
    crc64: int | None = None
    content_type: str | None = None
    cache_control: str | None = None
    label: str | None = None

    @property
    def tag(self) -> str:
        """What identifies the content, the same from a listing and from a HEAD."""
        return f"{self.etag}:{self.size}"


class WholeObject(NamedTuple):
    """An object with its content.

    :param data: its bytes, verified
    :param stat: what COS says of it
    :param headers: those that were stored with it, as a request names them
    """

    data: bytes
    stat: ObjectStat
    headers: dict[str, str]


class ObjectPage(NamedTuple):
    """One page of a listing.

    :param objects: in the order of their keys in UTF-8
    :param prefixes: what keys have in common up to the delimiter, with a leading slash
    :param next_marker: where the next page begins; empty at the last one
    """

    objects: list[ObjectStat]
    prefixes: list[str]
    next_marker: str


class UnreadableListingError(ValueError):
    """The answer is no page of a listing."""


def stat_of_head(key: str, headers: Mapping[str, Any]) -> ObjectStat | None:
    """Read the answer to a HEAD; None if it is none of COS, such as that of a proxy.

    :param key: key with a leading slash
    :param headers: of the answer, in whatever case
    """
    lowered = {name.lower(): str(value or "").strip() for name, value in headers.items()}
    size, crc64, _ = read_digest(lowered)
    etag = lowered.get("etag", "").strip('"')
    if size is None or not etag:
        return None
    modified = _seconds(parsedate_to_datetime, lowered.get("last-modified", ""))
    stored = (lowered.get(name) or None for name in ("content-type", "cache-control", LABEL_NOTE))
    return ObjectStat(key, size, etag, modified, crc64, *stored)


def headers_of_head(headers: Mapping[str, Any]) -> dict[str, str]:
    """Return those headers of a HEAD that were stored with the object, as a request names them."""
    lowered = {name.lower(): str(value or "").strip() for name, value in headers.items()}
    found = {name: lowered[name.lower()] for name in COPIED_HEADERS if lowered.get(name.lower())}
    return found | {name: value for name, value in lowered.items() if name.startswith(META_PREFIX)}


def read_page(body: bytes, marker: str) -> ObjectPage:
    """Read a page of a listing with encoded keys (``encoding-type=url``).

    :param body: the XML
    :param marker: the one that was asked with, without a leading slash
    :raises UnreadableListingError: it is something else, or would begin the same page again
    """
    # Entities could grow without bound, and COS has no use for them.
    if b"<!" in body:
        raise UnreadableListingError("it has declarations of its own")
    try:
        root = ElementTree.fromstring(body)  # noqa: S314
    except ElementTree.ParseError as error:
        raise UnreadableListingError(f"it is no XML: {error}") from None
    objects: list[ObjectStat] = []
    prefixes: list[str] = []
    texts: dict[str, str] = {}
    try:
        for child in root:
            name = _local(child)
            if name == "Contents":
                objects.append(_stat_of_entry(_texts(child)))
            elif name == "CommonPrefixes":
                prefixes.append(f"/{unquote(_texts(child)['Prefix'])}")
            else:
                texts[name] = child.text or ""
    except (KeyError, ValueError) as error:
        raise UnreadableListingError(f"an entry cannot be read: {type(error).__name__}: {error}") from None
    truncated = texts.get("IsTruncated")
    if truncated not in ("true", "false"):
        raise UnreadableListingError(f"it has no IsTruncated, but {', '.join(texts) or 'nothing'}")
    if truncated == "false":
        return ObjectPage(objects, prefixes, "")
    last = max([*(one.key[1:] for one in objects), *(one[1:] for one in prefixes)], default="", key=_order)
    following = unquote(texts.get("NextMarker", "")) or last
    if _order(following) <= _order(marker):
        raise UnreadableListingError("there is more, and the answer does not say where it begins")
    return ObjectPage(objects, prefixes, f"/{following}")


def _order(key: str) -> bytes:
    return key.encode("utf-8", "surrogatepass")


def _local(element: ElementTree.Element) -> str:
    return element.tag.rpartition("}")[2]


def _texts(element: ElementTree.Element) -> dict[str, str]:
    return {_local(child): child.text or "" for child in element}


def _stat_of_entry(entry: Mapping[str, str]) -> ObjectStat:
    key, etag = unquote(entry["Key"]), entry["ETag"].strip('"')
    if not key or not etag:
        raise ValueError("no Key or no ETag")
    return ObjectStat(f"/{key}", int(entry["Size"]), etag, _seconds(datetime.fromisoformat, entry["LastModified"]))


def _seconds(read: Any, text: str) -> float:
    try:
        moment: datetime = read(text)
    except (TypeError, ValueError):
        return 0.0
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
