"""PUT Object - Copy of COS (https://cloud.tencent.com/document/product/436/10881)."""

from __future__ import annotations

import asyncio
from urllib.parse import unquote

from airflow_provider_mps.local.cos import names as cos_names
from airflow_provider_mps.local.cos import xml as cos_xml
from airflow_provider_mps.local.cos.errors import CosRefusal
from airflow_provider_mps.local.cos.objects import CosCall, may_overwrite, stored_headers, version_headers
from airflow_provider_mps.local.cos.store import ObjectInfo, check_key
from airflow_provider_mps.local.serving.wire import HttpReply

SOURCE = "x-cos-copy-source"
_PIECE_BYTES = 1 << 20


async def copy_object(call: CosCall) -> HttpReply:
    """Copy an object inside of COS, from this bucket or another; without a CRC64 where the source has none."""
    check_key(call.key)
    bucket, key = _source(call)
    headers = call.request.headers
    directive = headers.get("x-cos-metadata-directive", "Copy").lower()
    if directive not in ("copy", "replaced"):
        raise CosRefusal(400, "InvalidArgument", "x-cos-metadata-directive must be Copy or Replaced.")
    if (bucket, key) == (call.bucket, call.key) and directive == "copy":
        raise CosRefusal(400, "InvalidRequest", "A copy onto itself has to replace the metadata.")
    info = await asyncio.to_thread(_copied, call, bucket, key, replaced=directive == "replaced")
    reply = HttpReply(200, [("Content-Type", "application/xml"), ("ETag", f'"{info.etag}"')], cos_xml.copied(info))
    reply.headers += version_headers(call)
    if info.crc64 is not None:
        reply.headers.append(("x-cos-hash-crc64ecma", str(info.crc64)))
    return reply


def _source(call: CosCall) -> tuple[str, str]:
    host, _, path = call.request.headers[SOURCE].partition("/")
    place, key = cos_names.of_host(host), unquote(path.partition("?")[0])
    if place is None or not key:
        raise CosRefusal(400, "InvalidArgument", f"{SOURCE} must look like <bucket>.cos.<region>.myqcloud.com/<key>.")
    call.state.store.check_bucket(*place)
    return place.bucket, key


def _copied(call: CosCall, bucket: str, key: str, *, replaced: bool) -> ObjectInfo:
    store, request = call.state.store, call.request
    found, file = store.open(bucket, key)
    with file:
        _check_conditions(call, found)
        writer = store.writer()
        while piece := file.read(_PIECE_BYTES):
            writer.write(piece)
    headers = stored_headers(request.headers) if replaced else found.headers
    # The ETag of an object in parts is none of its content, and its copy has one.
    return store.commit(
        writer,
        call.bucket,
        call.key,
        headers,
        has_crc64=found.crc64 is not None,
        overwrite=may_overwrite(call),
    )


def _check_conditions(call: CosCall, found: ObjectInfo) -> None:
    headers = call.request.headers
    wanted, unwanted = headers.get(f"{SOURCE}-if-match"), headers.get(f"{SOURCE}-if-none-match")
    if (wanted and wanted.strip('"') != found.etag) or (unwanted and unwanted.strip('"') == found.etag):
        raise CosRefusal(412, "PreconditionFailed", "The source is not the one that was expected.")
