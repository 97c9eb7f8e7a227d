"""Texts of requests: which of them no service can read, and what of them the journal must not keep."""

from __future__ import annotations

import re
from typing import Any

MASK = "***"

# Values of these let a reader act as the sender. Lengths are limited, so that no text takes long to search.
_NAME = (
    r"(?:[\w.-]{0,40}(?:signature|credential|token|secret|passw(?:or)?d)[\w.-]{0,40}"
    r"|(?:[\w.-]{0,40}[-_.])?(?:s?sign?|auth(?:orization|[-_]?(?:key|info))?|(?:api|access)[-_]?key(?:[-_]?id)?)"
    r"|hdn\w{1,10}|_upt|verify|jwt|hmac|md5)"
)
_SECRET_PARAMETER = re.compile(rf"([?&;#]{_NAME}=)[^&\s\"]+", re.IGNORECASE)
_SECRET_FOLDER = re.compile(rf"([/~]{_NAME}=)[^/~?&\s\"]+", re.IGNORECASE)
# A time and a hash before the path, either first, as the networks that deliver pictures sign them.
_SIGNED_FOLDERS = re.compile(r"(?<=/)(?:(20\d{10}/)[0-9a-f]{32}|[0-9a-f]{32}(/[5-7][0-9a-f]{7}))(?=/)", re.IGNORECASE)
_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]{0,30}:(?:\\?/){2}[^\s\"<>]+", re.IGNORECASE)
_USER = re.compile(r"(:(?:\\?/){2})[^\s/\\?#\"<>]*@")


def masked(text: str) -> str:
    """Mask signatures, tokens and passwords of the addresses in a text; the names of parameters stay."""
    return _SECRET_PARAMETER.sub(rf"\1{MASK}", _ADDRESS.sub(_masked_address, text))


def _masked_address(match: re.Match[str]) -> str:
    address = _USER.sub(rf"\1{MASK}@", match.group(), count=1)
    address = _SIGNED_FOLDERS.sub(lambda found: f"{found[1] or ''}{MASK}{found[2] or ''}", address)
    return _SECRET_FOLDER.sub(rf"\1{MASK}", address)


def unreadable(value: Any, path: str = "") -> str | None:
    """Return where in a JSON value a text or a name holds half of a surrogate pair, which is no Unicode.

    :param value: the value.
    :param path: where it stands itself, with dots between names and numbers.
    :return: the place, in the same form; ``None`` where all can be read.
    """
    if isinstance(value, str):
        return path if _is_half(value) else None
    if isinstance(value, dict):
        if any(map(_is_half, value)):
            return path
        items = [(str(name), item) for name, item in value.items()]
    elif isinstance(value, list):
        items = [(str(number), item) for number, item in enumerate(value)]
    else:
        return None
    found = (unreadable(item, f"{path}.{name}" if path else name) for name, item in items)
    return next((place for place in found if place is not None), None)


def _is_half(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False
