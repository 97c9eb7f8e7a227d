"""Tell a whole transfer from a broken one by size and CRC64.

COS keeps the CRC64 of every object and answers with it, https://cloud.tencent.com/document/product/436/40334.
"""

from __future__ import annotations

from typing import NamedTuple


class Digest(NamedTuple):
    """Size in bytes and CRC64-ECMA of some content; None where it is not known."""

    size: int | None
    crc64: int | None


def read_digest(headers: dict[str, str]) -> Digest:
    """Read what COS says of an object from its response headers, in whatever case they come."""
    lowered = {name.lower(): value for name, value in headers.items()}

    def number(name: str) -> int | None:
        text = str(lowered.get(name) or "").strip()
        return int(text) if text.isdigit() else None

    return Digest(number("content-length"), number("x-cos-hash-crc64ecma"))


def difference(stored: Digest, local: Digest) -> str | None:
    """Say how the local content differs from the stored one; None if it is the same.

    A missing CRC64 counts as a difference: what cannot be verified is not taken as whole.
    """
    if stored.size is not None and stored.size != local.size:
        return f"{local.size} bytes here, {stored.size} bytes in COS"
    if stored.crc64 is None:
        return "COS gave no CRC64 (x-cos-hash-crc64ecma), so the content cannot be verified"
    if stored.crc64 != local.crc64:
        return f"CRC64 {local.crc64} here, {stored.crc64} in COS ({local.size} bytes)"
    return None
