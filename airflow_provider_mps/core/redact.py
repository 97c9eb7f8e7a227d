"""Take credentials out of text before it reaches a log, an error or an XCom."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from airflow_provider_mps.core.signatures import path_signatures, unsigned_path

_URL = re.compile(r"https?://[^\s\"'<>]+", re.IGNORECASE)
_QUERY = re.compile(r"(https?://[^\s\"'<>?#]+)[?#][^\s\"'<>]+", re.IGNORECASE)
_AFTER_PATH = re.compile("[?#]")
_USERINFO = re.compile(r"(https?://)[^\s/\"'<>]+@", re.IGNORECASE)
# Parameters that are a credential wherever they stand, also outside of a well-formed address.
# A service may say back what it was sent, encoded or as JSON.
_PARAMETER = re.compile(
    r"(?:\b|(?<=%26)|(?<=%3F))((?:[\w-]*signature|[\w-]*security-token|q-ak|q-key-time|q-sign-time|sign|token)"
    r"(?:=|%3D|\\?[\"']\s*:\s*\\?[\"']))([^&\s\"'<>\\%]+)",
    re.IGNORECASE,
)

MASK = "***"


def redact_urls(text: str) -> str:
    """Cut the query, the fragment, the user part and signed folders of every http(s) address in ``text``.

    A signed COS address, or any other address that carries a credential, carries it in one of them.
    """
    text = _USERINFO.sub(rf"\1{MASK}@", _QUERY.sub(rf"\1?{MASK}", text))
    return _PARAMETER.sub(rf"\1{MASK}", _URL.sub(_without_signed_folders, text))


def url_secrets(text: str) -> list[str]:
    """Return the parts of addresses in ``text`` that may be a credential, so that they can be masked elsewhere."""
    found = [match.group(2) for match in _PARAMETER.finditer(text)]
    for match in _URL.finditer(text):
        rest = match.group().partition("://")[2]
        found += [*_AFTER_PATH.split(rest, maxsplit=1)[1:], rest.partition("/")[0].rpartition("@")[0]]
        found += [part.strip("/") for part in path_signatures(_path(rest))]
    return [secret for secret in found if secret]


def conceal(text: str) -> str:
    """Return a rejected value as far as it cannot hold a credential: without what stands before ``@`` and after ``?``.

    What is rejected need not be well formed, so nothing is parsed here.
    """
    before, at, after = text.rpartition("@")
    shown = f"{MASK}@{after}" if at else before + after
    head, mark, _ = shown.partition("?")
    return f"{head}?{MASK}" if mark else shown


def bare_url(url: str) -> str:
    """Return ``url`` without query, fragment, user part and signed folders, for messages."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return conceal(url)
    host, path = parts.netloc.rpartition("@")[2], parts.path
    if parts.scheme in ("http", "https"):
        path = unsigned_path(path, put=f"/{MASK}")
    # Not urlunsplit: it leaves the slashes of an address without a host out.
    return f"{parts.scheme}://{host}{path}" if parts.scheme else path


def excerpt(text: str, limit: int = 300) -> str:
    """Return ``text`` on one line, redacted and cut to ``limit`` characters, for messages."""
    flat = " ".join(redact_urls(text).split())
    return flat if len(flat) <= limit else flat[: limit - 1] + "…"


def _without_signed_folders(match: re.Match[str]) -> str:
    scheme, _, rest = match.group().partition("://")
    path = _path(rest)
    return f"{scheme}://{rest.replace(path, unsigned_path(path, put=f'/{MASK}'), 1)}" if path else match.group()


def _path(rest: str) -> str:
    """Return the path of an address without its scheme."""
    return "".join(_AFTER_PATH.split(rest, maxsplit=1)[0].partition("/")[1:])
