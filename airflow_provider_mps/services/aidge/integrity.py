"""What the store of Aidge's pictures says of the content that it sends."""

from __future__ import annotations

import base64
import binascii

from airflow_provider_mps.core.digests import Digest, etag_md5


def read_oss_digest(headers: dict[str, str]) -> Digest:
    """Read what Alibaba's OSS, or another server, says of the content that it sends.

    ``x-oss-hash-crc64ecma`` (https://help.aliyun.com/document_detail/43394.html), ``Content-MD5`` (RFC 1864), and the
    ETag where it is an MD5 and nothing better is sent.
    """
    lowered = {name.lower(): value.strip() for name, value in headers.items()}
    crc = lowered.get("x-oss-hash-crc64ecma", "")
    crc64 = int(crc) if crc.isascii() and crc.isdigit() else None
    try:
        given = base64.b64decode(lowered.get("content-md5", ""), validate=True)
    except (binascii.Error, ValueError):
        given = b""
    md5 = given.hex() if len(given) == 16 else None
    if crc64 is None and md5 is None:
        md5 = etag_md5(lowered, "x-oss")
    return Digest(None, crc64, md5)
