"""What COS does with objects and buckets, once a request is known to be allowed."""

from __future__ import annotations

import asyncio
import base64
import binascii
import re
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import BinaryIO

from airflow_provider_mps.local.cos import xml as cos_xml
from airflow_provider_mps.local.cos.errors import CosRefusal
from airflow_provider_mps.local.cos.state import CosState
from airflow_provider_mps.local.cos.store import ObjectInfo, ObjectWriter, check_key
from airflow_provider_mps.local.serving.faults import FaultScope, Rule, of_kind
from airflow_provider_mps.local.serving.state import ServingState
from airflow_provider_mps.local.serving.wire import BodyTooLarge, HttpReply, Request

MAX_LIST = 1000
_PIECE_BYTES = 256 * 1024
_MAX_XML_BYTES = 2 * 1024 * 1024
_STORED_HEADERS = {
    "content-type": "Content-Type",
    "content-disposition": "Content-Disposition",
    "content-encoding": "Content-Encoding",
    "content-language": "Content-Language",
    "cache-control": "Cache-Control",
    "expires": "Expires",
}


@dataclass(frozen=True, slots=True)
class CosCall:
    """An allowed request to a bucket.

    :param serving: what all endpoints share.
    :param state: the state of COS.
    :param request: the request.
    :param bucket: an existing bucket.
    :param key: the object key; empty for an operation on the bucket.
    :param rules: the fault rules that apply.
    """

    serving: ServingState
    state: CosState
    request: Request
    bucket: str
    key: str
    rules: Sequence[Rule] = field(default_factory=list)


async def _get_object(call: CosCall) -> HttpReply:
    info, file = call.state.store.open(call.bucket, call.key)
    try:
        start, end, status = _range(call.request.headers.get("range", ""), info.size)
    except CosRefusal:
        file.close()
        raise
    if rule := of_kind(call.rules, "short_length"):
        end = max(start, end - rule.n)
    headers = _object_headers(info, call)
    headers.append(("Content-Length", str(end - start)))
    if status == 206:
        headers.append(("Content-Range", f"bytes {start}-{end - 1}/{info.size}"))
    truncate = of_kind(call.rules, "truncate")
    flip = (start + end) // 2 if of_kind(call.rules, "wrong_byte") else None
    cut_after = min(truncate.n, end - start) if truncate else None
    return HttpReply(status, headers, _pieces(file, start, end, flip), cut_after)


async def _head_object(call: CosCall) -> HttpReply:
    info = call.state.store.find(call.bucket, call.key)
    if info is None:
        raise CosRefusal(404, "NoSuchKey", "The specified key does not exist.")
    return HttpReply(200, [*_object_headers(info, call), ("Content-Length", str(info.size))])


async def _put_object(call: CosCall) -> HttpReply:
    check_key(call.key)
    writer = await _receive(call)
    headers = stored_headers(call.request.headers)
    info = call.state.store.commit(writer, call.bucket, call.key, headers, overwrite=may_overwrite(call))
    return HttpReply(
        200, [("ETag", f'"{info.etag}"'), ("x-cos-hash-crc64ecma", str(info.crc64)), *version_headers(call)]
    )


async def _delete_object(call: CosCall) -> HttpReply:
    call.state.store.delete(call.bucket, call.key)
    return HttpReply(204)


async def _head_bucket(call: CosCall) -> HttpReply:
    return HttpReply(200, [("x-cos-bucket-region", call.state.store.buckets[call.bucket])])


async def _get_bucket(call: CosCall) -> HttpReply:
    query = call.request.query
    prefix, marker, delimiter = (query.get(name, "") for name in ("prefix", "marker", "delimiter"))
    limit = min(_number(query.get("max-keys") or str(MAX_LIST), "max-keys"), MAX_LIST)
    page = call.state.store.list(call.bucket, prefix=prefix, marker=marker, delimiter=delimiter, limit=limit)
    return _xml(
        cos_xml.listing(
            call.bucket,
            page,
            prefix=prefix,
            marker=marker,
            delimiter=delimiter,
            limit=limit,
            encoding=query.get("encoding-type", ""),
        )
    )


async def _initiate(call: CosCall) -> HttpReply:
    check_key(call.key)
    headers = stored_headers(call.request.headers)
    return _xml(
        cos_xml.upload_started(call.state.multipart.start(call.bucket, call.key, headers, call.serving.clock()))
    )


async def _upload_part(call: CosCall) -> HttpReply:
    query = call.request.query
    multipart = call.state.multipart
    upload = multipart.find(call.bucket, call.key, query["uploadId"])
    number = _number(query.get("partNumber", ""), "partNumber")
    writer = await _receive(call)
    part = multipart.add_part(upload, number, writer)
    return HttpReply(200, [("ETag", f'"{part.etag}"'), ("x-cos-hash-crc64ecma", str(writer.crc64))])


async def _complete(call: CosCall) -> HttpReply:
    multipart = call.state.multipart
    upload = multipart.find(call.bucket, call.key, call.request.query["uploadId"])
    try:
        wanted = cos_xml.read_parts(await call.request.body(_MAX_XML_BYTES))
    except BodyTooLarge:
        raise CosRefusal(400, "MalformedXML", "The list of parts is too long.") from None
    # Putting parts together copies the whole object, which must not hold up other requests.
    info = await asyncio.to_thread(multipart.complete, upload, wanted, overwrite=may_overwrite(call))
    reply = _xml(cos_xml.upload_completed(info, call.request.headers["host"]))
    reply.headers += [("x-cos-hash-crc64ecma", str(info.crc64)), *version_headers(call)]
    return reply


async def _abort(call: CosCall) -> HttpReply:
    multipart = call.state.multipart
    multipart.abort(multipart.find(call.bucket, call.key, call.request.query["uploadId"]))
    return HttpReply(204)


async def _list_uploads(call: CosCall) -> HttpReply:
    query = call.request.query
    prefix = query.get("prefix", "")
    found = call.state.multipart.under_way(call.bucket, prefix)
    return _xml(cos_xml.uploads(call.bucket, found, prefix=prefix, encoding=query.get("encoding-type", "")))


async def _list_parts(call: CosCall) -> HttpReply:
    query = call.request.query
    upload = call.state.multipart.find(call.bucket, call.key, query["uploadId"])
    return _xml(cos_xml.parts(upload, encoding=query.get("encoding-type", "")))


OPERATIONS: Mapping[str, Callable[[CosCall], Awaitable[HttpReply]]] = {
    "GetObject": _get_object,
    "HeadObject": _head_object,
    "PutObject": _put_object,
    "DeleteObject": _delete_object,
    "HeadBucket": _head_bucket,
    "GetBucket": _get_bucket,
    "InitiateMultipartUpload": _initiate,
    "UploadPart": _upload_part,
    "CompleteMultipartUpload": _complete,
    "AbortMultipartUpload": _abort,
    "ListMultipartUploads": _list_uploads,
    "ListParts": _list_parts,
}


FAULTS = FaultScope(
    {
        "truncate": ("GetObject",),
        "wrong_byte": ("GetObject",),
        "short_length": ("GetObject",),
        "no_crc": ("GetObject", "HeadObject"),
    }
)


async def _receive(call: CosCall) -> ObjectWriter:
    """Take the request body; refuse it when it is not what the headers promise."""
    headers = call.request.headers
    writer = call.state.store.writer()
    try:
        async for piece in call.request.stream():
            writer.write(piece)
        if wanted := headers.get("content-md5"):
            _check_md5(wanted, writer.close())
    except BaseException:
        # A client that goes away must leave nothing behind either.
        writer.discard()
        raise
    return writer


def _check_md5(wanted: str, digest: bytes) -> None:
    try:
        expected = base64.b64decode(wanted, validate=True)
    except binascii.Error:
        expected = b""
    if len(expected) != len(digest):
        raise CosRefusal(400, "InvalidDigest", "The Content-MD5 you specified is not valid.")
    if expected != digest:
        raise CosRefusal(400, "BadDigest", "The Content-MD5 you specified did not match what we received.")


async def _pieces(file: BinaryIO, start: int, end: int, flip: int | None) -> AsyncIterator[bytes]:
    with file:
        file.seek(start)
        at = start
        while at < end and (piece := file.read(min(_PIECE_BYTES, end - at))):
            if flip is not None and at <= flip < at + len(piece):
                changed = bytearray(piece)
                changed[flip - at] ^= 0xFF
                piece = bytes(changed)
            at += len(piece)
            yield piece


def _range(header: str, size: int) -> tuple[int, int, int]:
    """Return the first byte, the byte after the last, and the status; what is no range means all."""
    match = re.fullmatch(r"bytes=(\d*)-(\d*)", header.strip())
    if match is None or not (match[1] or match[2]):
        return 0, size, 200
    if match[1]:
        start, end = int(match[1]), min(int(match[2] or size - 1) + 1, size)
    else:
        start, end = max(0, size - int(match[2])), size
    if start >= end:
        raise CosRefusal(416, "InvalidRange", "The requested range cannot be satisfied.")
    return start, end, 206


def _object_headers(info: ObjectInfo, call: CosCall) -> list[tuple[str, str]]:
    headers = {"Content-Type": "application/octet-stream", **info.headers}
    for name, value in call.request.query.items():
        shown = _STORED_HEADERS.get(name.removeprefix("response-"))
        if name.startswith("response-") and shown:
            headers[shown] = "".join(char for char in value if char.isprintable())
    headers["ETag"] = f'"{info.etag}"'
    headers["Last-Modified"] = formatdate(info.modified, usegmt=True)
    headers["Accept-Ranges"] = "bytes"
    if info.crc64 is not None and not of_kind(call.rules, "no_crc"):
        headers["x-cos-hash-crc64ecma"] = str(info.crc64)
    return [(name, value.encode("latin-1", "replace").decode("latin-1")) for name, value in headers.items()]


def stored_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Return those of a request that are stored with its object."""
    stored = {shown: headers[name] for name, shown in _STORED_HEADERS.items() if name in headers}
    return stored | {name: value for name, value in headers.items() if name.startswith("x-cos-meta-")}


def may_overwrite(call: CosCall) -> bool:
    """Say whether an object that is there may give way (``x-cos-forbid-overwrite``, document 436/7749).

    In a bucket that has or had versioning it always does.
    """
    forbidden: str = call.request.headers.get("x-cos-forbid-overwrite", "")
    return forbidden.strip().lower() != "true" or call.bucket in call.state.versioned


def version_headers(call: CosCall) -> list[tuple[str, str]]:
    """Return what the answer to a write says of the version that it made."""
    return [("x-cos-version-id", secrets.token_urlsafe(16))] if call.bucket in call.state.versioned else []


def _number(text: str, name: str) -> int:
    if not re.fullmatch(r"[0-9]{1,9}", text):
        raise CosRefusal(400, "InvalidArgument", f"{name} must be a whole number.")
    return int(text)


def _xml(body: bytes) -> HttpReply:
    return HttpReply(200, [("Content-Type", "application/xml")], body)
