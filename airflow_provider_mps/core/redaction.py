"""Take credentials out of text before it reaches a log, an error or an XCom."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any
from urllib.parse import unquote, urlsplit

from airflow_provider_mps.core.signatures import path_signatures, signed_parameters, unsigned_path

MASK = "***"

# A service may say back what it was sent: as it was, as JSON with escaped slashes, or encoded once more.
_SCHEME = r"[a-z][a-z0-9+.-]{0,30}:(?:\\?/){2}"
_URL = re.compile(rf"{_SCHEME}[^\s\"'<>]+", re.IGNORECASE)
_QUERY = re.compile(rf"({_SCHEME}[^\s\"'<>?#]+)[?#][^\s\"'<>]+", re.IGNORECASE)
_ENCODED_QUERY = re.compile(r"(https?%3A%2F%2F(?:(?!%3F)[^\s\"'<>&])+%3F)[^\s\"'<>&]+", re.IGNORECASE)
_USERINFO = re.compile(rf"({_SCHEME})[^\s/\\\"'<>]+@", re.IGNORECASE)
_AFTER_PATH = re.compile("[?#]")
# In PEM, also one that is cut off, or whose ends of lines are escaped.
_PRIVATE_KEY = re.compile(r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----(.*?)(?:-----END [A-Z0-9 ]*KEY-----|\Z)", re.DOTALL)
_KEY_LINE = re.compile(r"[A-Za-z0-9+/=]{16,}")

# What stands between a name and its value: in a query, a header, JSON, Python, HTML, or a list of names and values.
_QUOTE = r"(?:b?(?:\\*[\"']|&(?:quot|apos|\#0*3[49]);)+)?"
_TAGS = r"(?:\s|</?[a-z][^<>]*>)*"
# And a value may be in a list.
_LIST = r"(?:[\[(](?:\\+n|\s)*|-\s+)?"
_BETWEEN = (
    rf"{_QUOTE}(?:\s*,\s*{_QUOTE}value{_QUOTE}\s*:\s*|{_TAGS}(?:[:=,]|%3D|%3A)>?{_TAGS}|(?:\s*</?[a-z][^<>]*>)+\s*)"
    rf"{_LIST}"
)
_BEFORE = r"(?:(?<![\w-])|(?<=%26)|(?<=%3F)|(?<=http_))"
_ENDS = r"(?=[\"'<]|&(?:quot|apos|\#)|\\+[\"'nr]|[\r\n]|$)"
# Headers whose whole line is a credential.
_HEADER = rf"{_BEFORE}((?:(?:proxy[-_])?authorization|(?:set[-_])?cookie2?){_BETWEEN}{_QUOTE})[^\r\n\"'<\\]+?{_ENDS}"
# Parameters and headers that are a credential wherever they stand, also outside of a well-formed address.
_NAMES = (
    r"[\w-]*signature|[\w-]*(?:security|session|access|refresh)[-_]token|x[-_]tc[-_]token|[\w-]*credential"
    r"|q-ak|q-key-time|q-sign-time|sign|sig|token|[\w-]*secret(?:[-_]?(?:id|key))?|access[-_]?key(?:[-_]?(?:id|secret))?"
    r"|(?:x[-_])?api[-_]?key|passw(?:or)?d|auth_key|auth_info|_upt|hdn\w+|__token__|edge-cache-token|bcdn_token|verify|jwt"
)
_PARAMETER = (
    rf"{_BEFORE}((?P<name>{_NAMES})(?:(?P<encoded>%3D)|(?P<plain>=)(?![\[(])|(?P<other>{_BETWEEN}{_QUOTE})))"
    r"(?P<value>(?(encoded)(?:[^&\s\"'<>\\%]|%(?!2[026]|3[CE]))+|[^&\s\"'<>\\]+))"
)
# With a colon these may be words of a sentence like any other, so what follows has to look drawn by lot.
_WORDS = frozenset(("sign", "sig", "token", "signature", "verify", "jwt", "secret", "credential", "password"))

# Airflow's masker takes nothing shorter. Less than the second is a word or a number as often as a secret.
SHORTEST_MASK = 5
_SHORTEST_SECRET = 8
_SHORTEST_RANDOM = 12
_PLAIN = re.compile(
    r"[\d\s.,:;/+_-]*|-?[\d.]+e[+-]?\d+|[\d-]+T?[\d:.+-]*Z?|\d+x\d+\w*|[^\W\d_]+(?:[-_ .,/][^\W\d_]+)*", re.IGNORECASE
)
_PIECES = re.compile(r"[^0-9A-Za-z]+")
_SECRET_NAME = rf"(?:{_NAMES}|md5|hmac|hash|policy|wstime|s|key\d?)"


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    # Not when this is imported: these take as long as all else that a DAG file imports of a module.
    return re.compile(pattern, re.IGNORECASE)


def redact_urls(text: str) -> str:
    """Cut the query, the fragment, the user part and signed folders of every address, and what names a credential.

    A signed COS address, or any other address that carries a credential, carries it in one of them. So do the headers
    and parameters of a request that an error page says back. Private keys in PEM are cut out too.
    """
    text = _PRIVATE_KEY.sub(MASK, text)
    text = _QUERY.sub(rf"\1?{MASK}", _ENCODED_QUERY.sub(rf"\1{MASK}", _USERINFO.sub(rf"\1{MASK}@", text)))
    text = _compiled(_HEADER).sub(rf"\1{MASK}", _URL.sub(_without_signed_folders, text))
    return _compiled(_PARAMETER).sub(_without_value, text)


def url_secrets(text: str) -> list[str]:
    """Return what in ``text`` may be a credential, parts of addresses and private keys, so that it is masked elsewhere.

    Only what looks like one: no dates, numbers, words and sizes, which would be masked wherever else they stand, and
    nothing that is too short for Airflow to mask.
    """
    found = [secret for match in _compiled(_PARAMETER).finditer(text) for secret in _of_parameter(match)]
    for match in _URL.finditer(text):
        rest = re.split(r":(?:\\?/){2}", match.group(), maxsplit=1)[1]
        found += _of_userinfo(rest.partition("/")[0].rpartition("@")[0])
        found += [part.strip("/") for part in path_signatures(_path(rest))]
        for tail in _AFTER_PATH.split(rest, maxsplit=1)[1:]:
            found += _of_query(tail)
    for key in _PRIVATE_KEY.finditer(text):
        found += _KEY_LINE.findall(key[1])
    return [secret for secret in dict.fromkeys(found) if len(secret) >= SHORTEST_MASK]


def texts_in(value: Any) -> Iterator[str]:
    """Give each text in a value of dicts, lists, tuples and sets, but for the keys of dicts."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from texts_in(item)
    elif isinstance(value, list | tuple | set | frozenset):
        for item in value:
            yield from texts_in(item)


def names_credential(text: str) -> bool:
    """Tell whether a text holds a credential, or a header that is one whatever its value looks like."""
    return bool(url_secrets(text)) or _compiled(_HEADER).search(text) is not None


def conceal(text: str) -> str:
    """Return a rejected value as far as it cannot hold a credential: without what stands before ``@`` and after ``?``.

    What is rejected need not be well formed, so nothing is parsed here.
    """
    before, at, after = text.rpartition("@")
    shown = f"{MASK}@{after}" if at else before + after
    head, mark, _ = shown.partition("?")
    return redact_urls(f"{head}?{MASK}" if mark else shown)


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


def looks_secret(value: str) -> bool:
    """Tell whether a value looks drawn by lot: a long run of letters and digits, no date, number, word or size."""
    value = unquote(value)
    if _PLAIN.fullmatch(value):
        return False
    longest = max(_PIECES.split(value), key=len)
    return len(longest) >= _SHORTEST_RANDOM and any(map(str.isdigit, longest)) and any(map(str.isalpha, longest))


def _of_userinfo(userinfo: str) -> list[str]:
    name, colon, word = userinfo.partition(":")
    if not colon:
        return [name] if looks_secret(name) else []
    found = [userinfo, f"//{userinfo}@"] if len(userinfo) < _SHORTEST_SECRET else [userinfo]
    return [*found, word] if _may_stand_alone(word) else found


def _of_query(query: str) -> list[str]:
    """Return the whole query, where there is a credential in it, and each of its parts that is one."""
    signed, found, is_secret = signed_parameters(query), [], False
    for index, part in enumerate(query.split("&")):
        name, mark, value = part.partition("=")
        value = value if mark else part
        if looks_secret(value) or ((index in signed or _compiled(_SECRET_NAME).fullmatch(name)) and value):
            is_secret = True
            found += [value] if _may_stand_alone(value) else []
    return [query, *found] if is_secret and len(query) >= _SHORTEST_SECRET else found


def _of_parameter(match: re.Match[str]) -> list[str]:
    if not _is_credential(match):
        return []
    return [match["value"]] if _may_stand_alone(match["value"]) else [match.group()]


def _may_stand_alone(value: str) -> bool:
    return len(value) >= _SHORTEST_SECRET and not _PLAIN.fullmatch(unquote(value))


def _is_credential(match: re.Match[str]) -> bool:
    if match["other"] is None or re.search(r"[\"';]$", match["other"]):
        return True
    return match["name"].lower() not in _WORDS or looks_secret(match["value"])


def _without_value(match: re.Match[str]) -> str:
    return f"{match[1]}{MASK}" if _is_credential(match) else match.group()


def _without_signed_folders(match: re.Match[str]) -> str:
    scheme, _, rest = match.group().partition("://")
    path = _path(rest)
    return f"{scheme}://{rest.replace(path, unsigned_path(path, put=f'/{MASK}'), 1)}" if path else match.group()


def _path(rest: str) -> str:
    """Return the path of an address without its scheme."""
    return "".join(_AFTER_PATH.split(rest, maxsplit=1)[0].partition("/")[1:])
