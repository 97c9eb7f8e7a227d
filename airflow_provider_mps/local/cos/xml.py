"""The XML bodies of COS."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from urllib.parse import quote

from airflow_provider_mps.local.cos.errors import CosRefusal
from airflow_provider_mps.local.cos.multipart import Upload
from airflow_provider_mps.local.cos.store import ObjectInfo, ObjectListing

# XML 1.0 has no way to hold these; clients that want such keys ask for encoding-type=url.
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def error(code: str, message: str, resource: str, request_id: str) -> bytes:
    """Make the body of a refusal."""
    root = ET.Element("Error")
    _fill(root, Code=code, Message=message, Resource=resource, RequestId=request_id, TraceId=request_id)
    return _dump(root)


def listing(
    bucket: str, page: ObjectListing, *, prefix: str, marker: str, delimiter: str, limit: int, encoding: str
) -> bytes:
    """Make the body of a bucket listing, with keys URL-encoded when ``encoding`` is ``url``."""
    encode = _encoder(encoding)
    root = ET.Element("ListBucketResult")
    _fill(root, Name=bucket, Prefix=encode(prefix), Marker=encode(marker), MaxKeys=str(limit))
    if delimiter:
        _fill(root, Delimiter=encode(delimiter))
    if encoding:
        _fill(root, EncodingType=encoding)
    _fill(root, IsTruncated="true" if page.truncated else "false")
    if page.truncated:
        _fill(root, NextMarker=encode(page.next_marker))
    for info in page.objects:
        entry = ET.SubElement(root, "Contents")
        _fill(entry, Key=encode(info.key), LastModified=_iso(info.modified), ETag=f'"{info.etag}"')
        _fill(entry, Size=str(info.size), StorageClass="STANDARD")
        _owner(entry, "Owner", bucket)
    for common in page.prefixes:
        _fill(ET.SubElement(root, "CommonPrefixes"), Prefix=encode(common))
    return _dump(root)


def copied(info: ObjectInfo) -> bytes:
    """Make the body that answers a copy."""
    root = ET.Element("CopyObjectResult")
    _fill(root, ETag=f'"{info.etag}"', LastModified=_iso(info.modified))
    if info.crc64 is not None:
        _fill(root, CRC64=str(info.crc64))
    return _dump(root)


def upload_started(upload: Upload) -> bytes:
    """Make the body that answers the beginning of a multipart upload."""
    root = ET.Element("InitiateMultipartUploadResult")
    _fill(root, Bucket=upload.bucket, Key=_encoder("")(upload.key), UploadId=upload.upload_id)
    return _dump(root)


def upload_completed(info: ObjectInfo, host: str) -> bytes:
    """Make the body that answers the completion of a multipart upload."""
    root = ET.Element("CompleteMultipartUploadResult")
    _fill(root, Location=f"http://{host}/{quote(info.key, safe='/-_.~')}", Bucket=info.bucket)
    _fill(root, Key=_encoder("")(info.key), ETag=f'"{info.etag}"')
    return _dump(root)


def uploads(bucket: str, found: Sequence[Upload], *, prefix: str, encoding: str) -> bytes:
    """Make the body that lists the uploads under way."""
    encode = _encoder(encoding)
    root = ET.Element("ListMultipartUploadsResult")
    _fill(root, Bucket=bucket, Prefix=encode(prefix), MaxUploads="1000", IsTruncated="false")
    if encoding:
        _fill(root, EncodingType=encoding)
    for upload in found:
        entry = ET.SubElement(root, "Upload")
        _fill(entry, Key=encode(upload.key), UploadId=upload.upload_id, StorageClass="STANDARD")
        _owner(entry, "Initiator", bucket)
        _owner(entry, "Owner", bucket)
        _fill(entry, Initiated=_iso(upload.started))
    return _dump(root)


def parts(upload: Upload, *, encoding: str) -> bytes:
    """Make the body that lists the parts of an upload."""
    root = ET.Element("ListPartsResult")
    _fill(root, Bucket=upload.bucket, Key=_encoder(encoding)(upload.key), UploadId=upload.upload_id)
    if encoding:
        _fill(root, EncodingType=encoding)
    _fill(root, StorageClass="STANDARD", PartNumberMarker="0", MaxParts="10000", IsTruncated="false")
    for number, part in sorted(upload.parts.items()):
        entry = ET.SubElement(root, "Part")
        _fill(entry, PartNumber=str(number), ETag=f'"{part.etag}"', Size=str(part.writer.size))
    return _dump(root)


def read_parts(body: bytes) -> list[tuple[int, str]]:
    """Read the list of parts that completes an upload: numbers and ETags without quotes.

    :raises CosError: 400 MalformedXML.
    """
    # Entities could grow without bound, and the wire has no use for them.
    if b"<!" in body:
        raise CosRefusal(400, "MalformedXML", "The XML must have no declarations of its own.")
    try:
        root = ET.fromstring(body)  # noqa: S314
        return [
            (int(part.findtext("PartNumber", "")), part.findtext("ETag", "").strip().strip('"'))
            for part in root.iter("Part")
        ]
    except (ET.ParseError, ValueError):
        raise CosRefusal(400, "MalformedXML", "The XML you provided was not well-formed.") from None


def _encoder(encoding: str) -> Callable[[str], str]:
    if encoding == "url":
        return lambda text: quote(text, safe="/-_.~", errors="surrogatepass")
    return lambda text: _NOT_XML.sub("?", text)


def _fill(parent: ET.Element, **texts: str) -> None:
    for name, text in texts.items():
        ET.SubElement(parent, name).text = text


def _owner(parent: ET.Element, name: str, bucket: str) -> None:
    account = bucket.rpartition("-")[2]
    _fill(ET.SubElement(parent, name), ID=account, DisplayName=account)


def _iso(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def _dump(root: ET.Element) -> bytes:
    data: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return data
