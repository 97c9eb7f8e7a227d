"""Take credentials out of text before it reaches a log, an error or an XCom."""

from __future__ import annotations

import re
from urllib.parse import urlsplit, urlunsplit

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

# The signature itself in a signed address: COS, OSS, TOS, OBS, S3 and its kin, GCS, Azure, CloudFront, Qiniu, CDNs.
_SIGNATURE = re.compile(
    r"(?:[\w-]*-)?(?:signature|sign|sig|hmac|jwt)|auth_key|authorization|(?:access_)?token|__token__|verify|md5|wssecret"
    r"|hdne[aits]",
    re.IGNORECASE,
)
# These belong to a signature where there is one; elsewhere they may say which picture is meant. What is done with the
# picture stays: x-oss-process, imageMogr2 and their like.
_BESIDE_SIGNATURE = re.compile(
    r"q-(?:sign-algorithm|ak|sign-time|key-time|header-list|url-param-list)|x-(?:cos|oss|tos|obs|amz|goog)-(?!process)[\w-]+"
    r"|expires|policy|key-pair-id|security-token|\w*accesskeyid|googleaccessid|wstime|t|us|exper|rlimit|s[eprtv]|spr|sip"
    r"|sk\w{1,3}",
    re.IGNORECASE,
)

MASK = "***"


def redact_urls(text: str) -> str:
    """Cut the query, the fragment and the user part of every http(s) address in ``text``.

    A signed COS address, or any other address that carries a credential, carries it in one of the three.
    """
    return _PARAMETER.sub(rf"\1{MASK}", _USERINFO.sub(rf"\1{MASK}@", _QUERY.sub(rf"\1?{MASK}", text)))


def url_secrets(text: str) -> list[str]:
    """Return the parts of addresses in ``text`` that may be a credential, so that they can be masked elsewhere."""
    found = [match.group(2) for match in _PARAMETER.finditer(text)]
    for match in _URL.finditer(text):
        rest = match.group().partition("://")[2]
        found += [*_AFTER_PATH.split(rest, maxsplit=1)[1:], rest.partition("/")[0].rpartition("@")[0]]
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
    """Return ``url`` without query, fragment and user part, for messages."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return conceal(url)
    host = parts.netloc.rpartition("@")[2]
    # Not urlunsplit: it leaves the slashes of an address without a host out.
    return f"{parts.scheme}://{host}{parts.path}" if parts.scheme else parts.path


def unsigned_url(url: str) -> str:
    """Return ``url`` without what a signature adds to it, so that two signings of one address are equal.

    Other parameters stay: they may say which picture is meant.
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        return conceal(url)
    kept = [part for part in parts.query.split("&") if not _SIGNATURE.fullmatch(part.partition("=")[0])]
    if len(kept) <= parts.query.count("&"):
        kept = [part for part in kept if not _BESIDE_SIGNATURE.fullmatch(part.partition("=")[0])]
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "&".join(kept), ""))


def excerpt(text: str, limit: int = 300) -> str:
    """Return ``text`` on one line, redacted and cut to ``limit`` characters, for messages."""
    flat = " ".join(redact_urls(text).split())
    return flat if len(flat) <= limit else flat[: limit - 1] + "…"
