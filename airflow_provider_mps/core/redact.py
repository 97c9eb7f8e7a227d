"""Take credentials out of text before it reaches a log, an error or an XCom."""

from __future__ import annotations

import re
from urllib.parse import urlsplit, urlunsplit

_QUERY = re.compile(r"(https?://[^\s\"'<>?#]+)[?#][^\s\"'<>]+", re.IGNORECASE)
_USERINFO = re.compile(r"(https?://)[^\s/@\"'<>]+@", re.IGNORECASE)

MASK = "***"


def redact_urls(text: str) -> str:
    """Cut the query, the fragment and the user part of every http(s) address in ``text``.

    A signed COS address, or any other address that carries a credential, carries it in one of the three.
    """
    return _USERINFO.sub(rf"\1{MASK}@", _QUERY.sub(rf"\1?{MASK}", text))


def bare_url(url: str) -> str:
    """Return ``url`` without query, fragment and user part, for messages."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit((parts.scheme, host, parts.path, "", ""))


def excerpt(text: str, limit: int = 300) -> str:
    """Return ``text`` on one line, redacted and cut to ``limit`` characters, for messages."""
    flat = " ".join(redact_urls(text).split())
    return flat if len(flat) <= limit else flat[: limit - 1] + "…"
