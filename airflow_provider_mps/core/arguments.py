"""Check one argument at a time; every message names the argument and the value.

Sources of the rules: ProcessImage (https://cloud.tencent.com/document/product/862/112896), COS naming of buckets
(https://cloud.tencent.com/document/product/436/13312) and of objects (https://cloud.tencent.com/document/product/436/13324).
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any, NoReturn, TypeGuard, TypeVar
from urllib.parse import urlsplit

from airflow_provider_mps.core.redaction import conceal, redact_urls

_Choice = TypeVar("_Choice", bound=StrEnum)

MAX_KEY_BYTES = 850
# What the services can hold; Python could not even write some that are longer.
MAX_INTEGER = 2**63 - 1
# About 30 years: Airflow adds them to a date, which fails for some that are longer, after the submission.
MAX_SECONDS = 10**9
# Temporary credentials put tokens of 2 KB and more into an address; common web servers take lines of 8 KB.
MAX_URL_LENGTH = 8192
# What the usual file systems take.
MAX_PATH_BYTES, MAX_NAME_BYTES = 4096, 255

_BUCKET = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?-[0-9][a-z0-9]*")
_REGION = re.compile(r"[a-z]{2,}(?:-[a-z0-9]+)+")
_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class ArgumentError(ValueError):
    """An argument has a value that cannot be used; nothing was sent."""


def fail(name: str, value: Any, expected: str) -> NoReturn:
    """Raise :class:`ArgumentError` in the one form that all checks use."""
    shown = repr(conceal(value)) if isinstance(value, str) else redact_urls(_shown(value))
    raise ArgumentError(f"{name}: expected {expected}, got {shown if len(shown) <= 120 else shown[:119] + '…'}")


def is_template(value: Any) -> bool:
    """Tell whether ``value`` is known only once Jinja or XCom has resolved it."""
    try:
        return _is_template(value)
    except RecursionError:
        # A list that holds itself: what it is checked for says what is wrong with it.
        return False


def _is_template(value: Any) -> bool:
    if isinstance(value, str):
        return "{{" in value or "{%" in value
    if isinstance(value, Mapping):
        return any(_is_template(item) for item in value.values())
    if isinstance(value, list | tuple):
        return any(_is_template(item) for item in value)
    return _is_template(str(value)) if _is_path(value) else hasattr(value, "resolve")


def check_literals(values: Mapping[str, Any], checks: Mapping[str, Callable[[str, Any], object]]) -> None:
    """Check the values that are given and that no template will change, so that a slip shows when the DAG is read.

    :param values: argument names with their values; None means not given
    :param checks: argument names with the check for each
    """
    for name, check in checks.items():
        value = values[name]
        if value is not None and not is_template(value):
            check(name, value)


def check_rendered(given: Iterable[str], values: Mapping[str, Any]) -> None:
    """Check that no argument that was given has rendered to None: it would silently ask, and pay, for something else.

    :param given: names of the arguments that were given
    :param values: rendered values by name
    """
    for name in given:
        if values[name] is None:
            raise ArgumentError(f"{name}: was given, and its template rendered to None")


def check_one_source(what: str, given: Mapping[str, Any], *, required: bool) -> None:
    """Check that at most one, or exactly one, of several arguments is given.

    :param what: what the arguments describe, for the message
    :param given: argument names with their values; None means not given
    :param required: whether one must be given
    """
    names = [name for name, value in given.items() if value is not None]
    if len(names) > 1:
        raise ArgumentError(f"{' and '.join(names)} exclude each other: give one {what}, as an URL or from COS")
    if required and not names:
        raise ArgumentError(f"{' or '.join(given)} is required: the {what}")


def check_companions(main: str, main_value: Any, companions: Mapping[str, Any]) -> None:
    """Check that arguments which only qualify ``main`` do not come without it."""
    for name, value in companions.items():
        if value is not None and main_value is None:
            raise ArgumentError(f"{name} has no meaning without {main}")


def url(name: str, value: Any) -> str:
    """Return ``value`` as a public http(s) address."""
    expected = "an http:// or https:// address that the service can reach"
    if not _is_text(value) or not value:
        fail(name, value, expected)
    if len(value) > MAX_URL_LENGTH:
        fail(name, value, f"{expected}, of at most {MAX_URL_LENGTH:,} characters (this one has {len(value):,})")
    try:
        parts = urlsplit(value)
        host = parts.hostname
    except ValueError:
        fail(name, value, expected)
    if parts.scheme not in ("http", "https") or not host or re.search(r"\s", value) or _CONTROL.search(value):
        fail(name, value, expected)
    return value


def cos_key(name: str, value: Any) -> str:
    """Return ``value`` as a COS object key with the leading ``/`` that MPS wants."""
    value = _as_text(value)
    if not _is_text(value) or not value.strip("/") or value.endswith("/") or _CONTROL.search(value):
        fail(name, value, "a COS object key such as '/input/product.jpg'")
    if {".", ".."} & set(value.split("/")):
        fail(name, value, "a COS object key without '.' or '..' between its slashes, which no client sends as they are")
    if _ADDRESS.match(value):
        fail(name, value, "a COS object key such as '/input/product.jpg' and not an address")
    key = value if value.startswith("/") else f"/{value}"
    if len(key.encode()) - 1 > MAX_KEY_BYTES:
        fail(name, value, f"a COS object key of at most {MAX_KEY_BYTES} bytes")
    return key


def key_prefix(name: str, value: Any) -> str:
    """Return ``value`` as the beginning of COS object keys, which have no leading slash there; empty for all."""
    if not _is_text(value) or len(value.encode()) - 1 > MAX_KEY_BYTES:
        fail(name, value, f"the beginning of a COS object key, of at most {MAX_KEY_BYTES} bytes")
    return value.removeprefix("/")


def bucket(name: str, value: Any) -> str:
    """Return ``value`` as a COS bucket name, which carries the APPID."""
    if not isinstance(value, str) or not _BUCKET.fullmatch(value):
        fail(name, value, "a COS bucket with its APPID such as 'name-1250000000'")
    return value


def region(name: str, value: Any) -> str:
    """Return ``value`` as a Tencent Cloud region."""
    if not isinstance(value, str) or not _REGION.fullmatch(value):
        fail(name, value, "a region such as 'ap-guangzhou'")
    return value


def text(name: str, value: Any) -> str:
    """Return ``value`` as a text that is not blank; a path is one, and an XCom may hold digits as a number."""
    value = _as_text(value)
    if not _is_text(value) or not value.strip():
        fail(name, value, "a text that is not empty")
    return value


def header(name: str, value: Any) -> str:
    """Return ``value`` as the value of an HTTP header."""
    if not isinstance(value, str) or not value.strip() or not value.isascii() or not value.isprintable():
        fail(name, value, "a text of printable ASCII, as it stands in an HTTP header")
    return value


def integer(name: str, value: Any, low: int | None = None, high: int | None = None) -> int:
    """Return ``value`` as a whole number; digits in a text count, as templates render to text."""
    expected = "a whole number"
    if low is not None and high is not None:
        expected = f"a whole number from {low} to {high}"
    elif low is not None:
        expected = f"a whole number of at least {low}"
    if isinstance(value, str) and re.fullmatch(r"\s*-?[0-9]{1,18}\s*", value):
        value = int(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        fail(name, value, expected)
    if abs(value) > MAX_INTEGER:
        fail(name, value, f"{expected} of at most {MAX_INTEGER:,}")
    if (low is not None and value < low) or (high is not None and value > high):
        fail(name, value, expected)
    return value


def choice(name: str, value: Any, words: type[_Choice]) -> _Choice:
    """Return ``value`` as one of the words of an enum, in whatever case it is written."""
    try:
        return words(value.upper())
    except (ValueError, AttributeError):
        fail(name, value, " or ".join(words))


def word(name: str, value: Any, words: type[_Choice]) -> _Choice:
    """Return ``value`` as one of the words of an enum, written as they are."""
    found = next((one for one in words if isinstance(value, str) and one == value), None)
    if found is None:
        fail(name, value, " or ".join(words))
    return found


def flag(name: str, value: Any) -> bool:
    """Return ``value`` as yes or no; templates and addresses of connections render it to text."""
    word = value.strip().lower() if isinstance(value, str) else value
    # 0 and 1 are equal to False and True.
    if isinstance(word, str | int | float) and word in (True, "true", "1"):
        return True
    if isinstance(word, str | int | float) and word in (False, "false", "0"):
        return False
    fail(name, value, "true or false")


def conn_id(name: str, value: Any) -> None:
    """Check that ``value`` can be the id of an Airflow connection."""
    if not _is_text(value) or not value.strip():
        fail(name, value, "the id of an Airflow connection")


def above_zero(name: str, unit: str, value: Any, default: float) -> float:
    """Return ``value`` as a number above zero; ``default`` for None.

    :param unit: what is counted, for the message
    """
    if value is None:
        return default
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = 0.0
    if isinstance(value, bool) or not 0 < number < float("inf"):
        fail(name, value, f"a number of {unit} above 0")
    return number


def seconds(name: str, value: Any) -> float:
    """Return ``value``, a number or a timedelta, as seconds above zero."""
    number = value.total_seconds() if isinstance(value, timedelta) else value
    if isinstance(number, bool) or not isinstance(number, int | float) or not 0 < number < float("inf"):
        fail(name, value, "a number of seconds above 0")
    if number > MAX_SECONDS:
        fail(name, value, f"a number of seconds of at most {MAX_SECONDS:,}")
    return float(number)


def prompts(name: str, value: Any) -> list[str]:
    """Return ``value``, a text or several, as a list of prompts."""
    if isinstance(value, str | int | float):
        return [text(name, value)]
    # A set has another order in each process, so that a retry would ask, and pay, for something else.
    if not isinstance(value, Sequence) or isinstance(value, bytes | bytearray):
        fail(name, value, "a text or a list of texts, in an order of its own")
    found = [text(f"{name}[{index}]", item) for index, item in enumerate(value)]
    if not found:
        fail(name, value, "at least one text")
    return found


def output_dir(name: str, value: Any) -> str:
    """Return ``value`` as a COS folder that begins and ends with ``/``."""
    value = _as_text(value)
    if not _is_text(value) or not value.strip() or "//" in value or _CONTROL.search(value):
        fail(name, value, "a COS folder such as '/output/bgfusion/'")
    inner = value.strip("/")
    if {".", ".."} & set(inner.split("/")) or len(inner.encode()) > MAX_KEY_BYTES:
        fail(name, value, f"a COS folder of at most {MAX_KEY_BYTES} bytes, without '.' or '..' between its slashes")
    return f"/{inner}/" if inner else "/"


def local_path(name: str, value: Any) -> Path:
    """Return ``value`` as a path on the disk; ``~`` is the home of the worker's user."""
    path = text(name, value)
    if "\x00" in path:
        fail(name, value, "a path without NUL")
    if len(path.encode()) >= MAX_PATH_BYTES or any(len(part.encode()) > MAX_NAME_BYTES for part in path.split("/")):
        fail(name, value, f"a path below {MAX_PATH_BYTES} bytes, each name in it of at most {MAX_NAME_BYTES}")
    try:
        return Path(path).expanduser()
    except RuntimeError:
        fail(name, value, "a path, and the home of that user is not known")


def beneath(folder: str, file_name: str) -> str:
    """Return the address of a file in a folder; that of a whole bucket, such as ``cos:///``, keeps its slashes."""
    return f"{folder}{file_name}" if folder.endswith("/") else f"{folder}/{file_name}"


def folder(name: str, value: Any) -> str:
    """Return ``value`` as the address of a folder in COS, in another object storage, or on the disk."""
    address = text(name, value)
    try:
        parts = urlsplit(address)
    except ValueError:
        parts = urlsplit("?not-an-address")
    # An address that is taken apart loses its line breaks without a word.
    if _CONTROL.search(address) or parts.query or parts.fragment or parts.scheme in ("http", "https"):
        fail(name, value, "a folder such as 'cos://name-1250000000/pictures/' or 's3://bucket/pictures/'")
    # A connection may stand before the bucket.
    if parts.scheme == "cos" and (host := parts.netloc.rpartition("@")[2]):
        bucket(name, host)
    return address


def _as_text(value: Any) -> Any:
    """Return paths and numbers as the text that they would be in a template; anything else as it is."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool) and value == value
    try:
        return str(value) if is_number or _is_path(value) else value
    except ValueError:
        # Python writes no integer of more than 4,300 digits.
        return value


def _shown(value: Any) -> str:
    """Return a value for a message, whatever it is: some cannot be written, and their check names the argument."""
    try:
        return repr(value)
    except Exception:
        return f"<{type(value).__name__} that cannot be written>"


def _is_text(value: Any) -> TypeGuard[str]:
    """Tell whether a value is a text that can be sent: half of a surrogate pair cannot."""
    if not isinstance(value, str):
        return False
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _is_path(value: Any) -> bool:
    # Airflow's ObjectStoragePath is no PathLike in every version; its text has the connection in it.
    return isinstance(value, os.PathLike) or (hasattr(value, "protocol") and hasattr(value, "path"))
