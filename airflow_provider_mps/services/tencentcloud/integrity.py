"""Tell a whole transfer from a broken one by size and CRC64, or by what there is instead.

COS keeps the CRC64 of every object and answers with it, https://cloud.tencent.com/document/product/436/40334; not of
objects that are older than this, nor of copies of such. Their ETag is the MD5 of the content where they were stored by
one simple request, https://cloud.tencent.com/document/product/436/7753.
"""

from __future__ import annotations

from airflow_provider_mps.core.digests import Digest, etag_md5

_FROM_COS = frozenset({"x-cos-request-id", "x-cos-hash-crc64ecma", "etag"})


def read_digest(headers: dict[str, str]) -> Digest:
    """Read what COS says of an object from its response headers, in whatever case they come.

    Each answer of COS carries one of a few headers. The length of one without any of them, such as the page of a proxy,
    says nothing of the object.
    """
    lowered = {name.lower(): str(value or "").strip() for name, value in headers.items()}

    def number(name: str) -> int | None:
        text = lowered.get(name, "")
        return int(text) if text.isascii() and text.isdigit() else None

    size = None if _FROM_COS.isdisjoint(lowered) else number("content-length")
    return Digest(size, number("x-cos-hash-crc64ecma"), etag_md5(lowered, "x-cos"))


def difference(stored: Digest, local: Digest) -> str | None:
    """Say how the local content differs from the stored one; None if it is the same as far as can be told.

    Where COS names no CRC64, the MD5 decides, and the size where there is none either.
    """
    if stored.size is not None and stored.size != local.size:
        return f"{local.size} bytes here, {stored.size} bytes in COS"
    if stored.crc64 is not None:
        same = stored.crc64 == local.crc64
        return None if same else f"CRC64 {local.crc64} here, {stored.crc64} in COS ({local.size} bytes)"
    if stored.md5 is not None and stored.md5 != local.md5:
        return f"MD5 {local.md5} here, ETag {stored.md5} in COS ({local.size} bytes)"
    return None


def copy_difference(source: Digest, copy: Digest) -> str | None:
    """Say how a copy inside of COS differs from its source; None if it is the same as far as can be told.

    The CRC64 decides where COS has one of both: the copy of an old object may have none, and the ETag of an upload in
    parts is not that of its copy.
    """
    if source.crc64 is None or copy.crc64 is None:
        same = source.md5 is None or copy.md5 is None
        source, copy = (one._replace(crc64=None, md5=None if same else one.md5) for one in (source, copy))
    wrong = difference(source, copy)
    return wrong and wrong.replace(" here", " in the copy").replace(" in COS", " in the source")


def is_verifiable(stored: Digest) -> bool:
    """Tell whether COS says anything at all that the content can be compared with."""
    return stored != Digest(None, None, None)


def evidence(stored: Digest) -> str:
    """Say for the log by what the content was found to be whole."""
    if stored.crc64 is not None:
        return "CRC64 verified"
    if stored.md5 is not None:
        return "verified by size and the MD5 of its ETag: COS gave no CRC64 of it"
    return "verified by its size alone: COS gave neither CRC64 nor MD5 of it"
