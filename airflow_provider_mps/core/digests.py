"""What identifies the content of a file: its size, and a checksum where there is one."""

from __future__ import annotations

import re
from typing import NamedTuple

_MD5 = re.compile(r"[0-9a-f]{32}")


class Digest(NamedTuple):
    """Size in bytes, CRC64-ECMA and MD5 (32 hexadecimal digits) of some content; None where it is not known."""

    size: int | None
    crc64: int | None
    md5: str | None = None


def etag_md5(headers: dict[str, str], prefix: str) -> str | None:
    """Return the ETag if it is an MD5: not that of an upload in parts, of an appended object, of an encrypted one."""
    # With encryption the ETag says nothing of the content that arrives.
    is_encrypted = any(name.startswith(f"{prefix}-server-side-encryption") for name in headers)
    if is_encrypted or headers.get(f"{prefix}-object-type", "normal").lower() != "normal":
        return None
    etag = headers.get("etag", "").strip('"').lower()
    return etag if _MD5.fullmatch(etag) else None
