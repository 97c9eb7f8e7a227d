"""Which picture an address means, whoever signed it: what two addresses have to share to be the same request."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import unquote, urlsplit, urlunsplit

from airflow_provider_mps.core.redaction import conceal, names_credential, texts_in
from airflow_provider_mps.core.signatures import unsigned_path, unsigned_query

_ADDRESS = re.compile(r"https?://[^\s\"'<>\\]+", re.IGNORECASE)

# What may be a signature of a kind that is not known: by the name of the parameter ...
_SIGNATURE_NAME = re.compile(
    r"(?:.*[-_.])?(?:x|url|cdn|api|access|auth|temp|ws|hw|secure)?[-_.]?"
    r"(?:sign(?:ature)?|sig|token|auth(?:key|info)?|authorization|md5|sha(?:1|256|512)?|hmac|mac|hash|digest|checksum|jwt"
    r"|verify|ticket|secret|nonce|rand(?:om)?|credential|tempauth|access[-_]?key(?:id)?|keyid|policy|auth_key|upt|hdn\w+|gda"
    # The number of a request goes with it.
    r"|(?:log|trace|request|req|tr)[-_]?id|nc_gid"
    r"|auth[-_]?code|[prsvw]{1,2}key|\w{1,20}(?:token|signature|secret|(?:access|public)key))"
    r"(?:[-_.]?(?:id|key|info|str|v?\d))?_*",
    re.IGNORECASE,
)
# ... or by a value that looks drawn by lot, beside a time at which the signature ends or behind a path that names a
# picture; unless the parameter's name says picture.
_PICTURE_NAME = re.compile(
    r"(?:.*[-_.]?)?(?:id|ids|uuid|guid|key|file|filename|name|path|src|source|url|uri|object|image|img|pic|picture|photo"
    r"|media|asset|sku|item|version|ver|v|etag)",
    re.IGNORECASE,
)
_PICTURE_FILE = re.compile(r"\.(?:jpe?g|png|webp|bmp|gif|avif|hei[cf]|tiff?)$", re.IGNORECASE)
_RANDOM = re.compile(r"(?=[^0-9]*[0-9]|(?:[^a-z]*[a-z][^A-Z]*[A-Z]){3})(?=.*[a-zA-Z])[\w+/=.~%-]{16,}")
_TIME_NAME = re.compile(
    r"(?:.*[-_.])?\w{0,20}(?:expir(?:e|es|y|ation|ed|esat)?|exp|exper|time(?:stamp)?|deadline|until|date)(?:[-_.]?\w{1,2})?"
    r"|e|t|ts|s|st|et|se|ex|oe|ttl|validity|(?:valid)?[-_]?(?:from|to)|not[-_]?(?:before|after)",
    re.IGNORECASE,
)
_TIME = re.compile(
    r"[12]\d{9}(?:\d{3})?|20\d{6}(?:T?\d{4,6}Z?)?|[5-7][0-9a-f]{7}|20\d\d-\d\d-\d\d[T ].+", re.IGNORECASE
)


def unsigned_url(url: str) -> str:
    """Return ``url`` without what a signature adds to it, so that two signings of one address are equal.

    Other parameters stay: they may say which picture is meant. For the signatures that are known see
    ``core.signatures``.
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        return conceal(url)
    host, path = parts.netloc.rpartition("@")[2], unsigned_path(parts.path)
    return urlunsplit((parts.scheme, host, path, unsigned_query(parts.query), ""))


def loosely_unsigned_url(url: str) -> str:
    """Return ``url`` also without all that may be a signature of a kind that is not known.

    Two pictures may be equal so: that it is the same one has to be known from elsewhere.
    """
    try:
        parts = urlsplit(unsigned_url(url))
    except ValueError:
        return conceal(url)
    path, path_is_signed = _loose_path(parts.path)
    pairs = [(part, *_decoded(part)) for part in parts.query.split("&")]
    is_time = [bool(_TIME_NAME.fullmatch(name) and _TIME.fullmatch(value)) for _, name, value in pairs]
    may_be_signed = path_is_signed or any(is_time) or _PICTURE_FILE.search(path) is not None
    is_signature = [
        bool(value) and (bool(_SIGNATURE_NAME.fullmatch(name)) or (may_be_signed and _looks_random(name, value)))
        for _, name, value in pairs
    ]
    if path_is_signed or any(is_signature):
        is_beside = [_is_a_time(name, value) for _, name, value in pairs]
        dropped = zip(is_beside, is_signature, strict=True)
        pairs = [pair for pair, marks in zip(pairs, dropped, strict=True) if not any(marks)]
    return urlunsplit((parts.scheme, parts.netloc, path, "&".join(part for part, *_ in pairs), ""))


def unsigned_folders(path: str) -> str:
    """Return a path without what is a signature, or may be one."""
    return _loose_path(unsigned_path(path))[0]


def map_addresses(value: Any, change: Callable[[str], str]) -> Any:
    """Return a request body with each address in it changed, also one inside of a text such as JSON."""
    if isinstance(value, Mapping):
        return {name: map_addresses(item, change) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [map_addresses(item, change) for item in value]
    if not isinstance(value, str) or "://" not in value:
        return value
    if _ADDRESS.match(value) and not re.search(r"\s", value):
        return change(value)
    return _ADDRESS.sub(lambda match: change(match.group()), value)


def holds_credential(body: Any) -> bool:
    """Tell whether a request body may hold a credential, such as a signed address."""
    if map_addresses(body, loosely_unsigned_url) != body:
        return True
    # In one text a value stands behind its name.
    return any(map(_names_credential, [json.dumps(body, ensure_ascii=False, default=str), *texts_in(body)]))


def _names_credential(text: str) -> bool:
    # An address in a parameter is encoded.
    return names_credential(text) or names_credential(unquote(text))


def _looks_random(name: str, value: str) -> bool:
    return _RANDOM.fullmatch(value) is not None and _PICTURE_NAME.fullmatch(name) is None


def _is_a_time(name: str, value: str) -> bool:
    return bool(_TIME_NAME.fullmatch(name)) and (value.isdecimal() or bool(_TIME.fullmatch(value)))


def _decoded(part: str) -> tuple[str, str]:
    name, mark, value = part.partition("=")
    # A query of a single word has no name.
    return (unquote(name), unquote(value)) if mark else ("", unquote(name))


def _loose_path(path: str) -> tuple[str, bool]:
    """Leave out folders that look like a time and a digest side by side."""
    folders, name = path.split("/")[:-1], path.rpartition("/")[2]
    kept: list[str] = []
    index = 0
    while index < len(folders):
        pair = folders[index : index + 2]
        if len(pair) == 2 and name and any(_TIME.fullmatch(a) and _RANDOM.fullmatch(b) for a, b in (pair, pair[::-1])):
            index += 2
            continue
        kept.append(folders[index])
        index += 1
    return "/".join([*kept, name]), len(kept) < len(folders)
