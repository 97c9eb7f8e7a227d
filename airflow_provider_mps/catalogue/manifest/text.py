"""The lines of a manifest: unpacked, decoded, and none of them without bounds."""

from __future__ import annotations

import gzip
import io
import re
import zlib
from collections.abc import Iterator
from typing import BinaryIO, cast

from airflow_provider_mps.catalogue.errors import ManifestError, unusable

MAX_BYTES = 512 * 1024 * 1024
"""How large a manifest may be, unpacked: some million products."""
MAX_LINE_BYTES = 1024 * 1024
# What is packed well may be hours of empty lines.
MAX_LINES = 5_000_000
_BLOCK = 256 * 1024
_GZIP = b"\x1f\x8b"
_UTF8_BOM = b"\xef\xbb\xbf"
_SAVE_IT = "save it as text (CSV, TSV, JSON or JSON Lines) in UTF-8"
# What else a file of this name may be, by what it begins with; a longer beginning stands before a shorter one.
_BEGINNINGS = (
    (b"\xff\xfe\x00\x00", "UTF-32"),
    (b"\x00\x00\xfe\xff", "UTF-32"),
    (b"\xff\xfe", "UTF-16"),
    (b"\xfe\xff", "UTF-16"),
    (b"PK\x03\x04", "an Excel workbook or another ZIP archive"),
    (b"\xd0\xcf\x11\xe0", "an Excel workbook"),
    (b"PAR1", "Parquet"),
    (b"%PDF", "a PDF"),
    (b"BZh", "packed with bzip2"),
    (b"\xfd7zXZ\x00", "packed with xz"),
    (b"\x28\xb5\x2f\xfd", "packed with zstd"),
)
_HIGH = re.compile(rb"[\x80-\xff]+")
_HTML = re.compile(rb"\s*<(?:!doctype|html|\?xml)", re.IGNORECASE)
_CHINESE = re.compile("[一-鿿]")


def manifest_lines(data: bytes, name: str, limit: int = MAX_BYTES) -> Iterator[str]:
    """Return the physical lines of a manifest, each with its end; packed with gzip or not, UTF-8 with a BOM or without.

    :param data: the file
    :param name: its name, for messages
    :param limit: how many bytes it may have, unpacked
    :raises ManifestError: it is empty, too large, has too long a line, or is no text in UTF-8; in the iteration
    """
    number = 0
    for line in _byte_lines(data, name, limit):
        number += 1
        if number == 1:
            line = _without_bom(line, name)
        if number > MAX_LINES:
            raise unusable(
                name, number, "", f"the file has more than {MAX_LINES:,} lines: split it into several catalogues"
            )
        if b"\x00" in line:
            raise _no_text(name, number, line, line.index(b"\x00"))
        try:
            yield line.decode()
        except UnicodeDecodeError as error:
            raise _no_text(name, number, line, error.start, error.reason) from None
    if number == 0:
        raise unusable(name, 1, "", "the file is empty")


def manifest_text(data: bytes, name: str, limit: int = MAX_BYTES) -> str:
    """Return a manifest as one text, whose lines may be of any length; else as :func:`manifest_lines`.

    :raises ManifestError: it is too large, or no text in UTF-8
    """
    whole = _without_bom(b"".join(_blocks(data, name, limit)), name)
    place, reason = whole.find(b"\x00"), ""
    if place < 0:
        try:
            return whole.decode()
        except UnicodeDecodeError as error:
            place, reason = error.start, error.reason
    begin, end = whole.rfind(b"\n", 0, place) + 1, whole.find(b"\n", place) + 1
    line = whole[begin : end or None]
    raise _no_text(name, whole.count(b"\n", 0, place) + 1, line, place - begin, reason)


def first_character(data: bytes, name: str) -> str:
    """Return the first character of a manifest that is no white space; empty if there is none in its first block.

    :raises ManifestError: it cannot be unpacked
    """
    block = next(_blocks(data, name, MAX_BYTES), b"").removeprefix(_UTF8_BOM).lstrip()
    return chr(block[0]) if block else ""


def _byte_lines(data: bytes, name: str, limit: int) -> Iterator[bytes]:
    # A block may end in the middle of a line, or between the two characters that end one.
    rest, number = b"", 1
    for block in _blocks(data, name, limit):
        lines = (rest + block).splitlines(keepends=True)
        rest = lines.pop()
        for line in lines:
            _check_length(line, number, name)
            yield line
            number += 1
        _check_length(rest, number, name)
    if rest:
        yield rest


def _blocks(data: bytes, name: str, limit: int) -> Iterator[bytes]:
    is_packed = data.startswith(_GZIP)
    source = cast(BinaryIO, gzip.GzipFile(fileobj=io.BytesIO(data))) if is_packed else io.BytesIO(data)
    size = 0
    while True:
        try:
            block = source.read(_BLOCK)
        except (OSError, EOFError, zlib.error) as error:
            raise unusable(name, 1, "", f"the file is packed with gzip and cannot be unpacked: {error}") from None
        if not block:
            return
        size += len(block)
        if size > limit:
            unpacked = ", unpacked" if is_packed else ""
            why = f"the file has more than {limit:,} bytes{unpacked}: split it into several catalogues"
            raise unusable(name, 1, "", why)
        yield block


def _check_length(line: bytes, number: int, name: str) -> None:
    if len(line) > MAX_LINE_BYTES:
        why = f"a line of more than {MAX_LINE_BYTES:,} bytes; is there a line break missing?"
        raise unusable(name, number, f"byte {MAX_LINE_BYTES + 1:,}", why)


def _without_bom(text: bytes, name: str) -> bytes:
    for beginning, what in _BEGINNINGS:
        if text.startswith(beginning):
            why = f"the byte 0x{beginning[0]:02X} begins the file, which looks like {what}: {_SAVE_IT}"
            raise unusable(name, 1, "character 1", why)
    text = text.removeprefix(_UTF8_BOM)
    if _HTML.match(text):
        raise unusable(name, 1, "character 1", "the file looks like HTML or XML, perhaps the page of an error")
    return text


def _no_text(name: str, number: int, line: bytes, index: int, reason: str = "") -> ManifestError:
    byte = f"the byte 0x{line[index]:02X} is no UTF-8" if line[index] else "a NUL byte, which no text has"
    if reason == "unexpected end of data" and not line.endswith((b"\n", b"\r")):
        why = f"{byte}: the file ends in the middle of a character; is it cut off?"
    else:
        why = f"{byte}; the file looks like {_looks_like(line)}: {_SAVE_IT}"
    return unusable(name, number, f"character {len(line[:index].decode(errors='replace')) + 1}", why)


def _looks_like(line: bytes) -> str:
    if b"\x00" in line:
        return "UTF-16" if line.count(b"\x00") * 3 > len(line) else "no text"
    runs = _HIGH.findall(line)
    try:
        chinese = _CHINESE.findall(line.decode("gb18030"))
    except UnicodeDecodeError:
        chinese = []
    # An accent stands alone between letters of ASCII, a Chinese character is two bytes.
    if chinese and 2 * sum(len(run) > 1 for run in runs) > len(runs):
        return "GBK or another encoding of East Asia"
    return "Latin-1 or Windows-1252" if all(len(run) == 1 for run in runs) else "another encoding"
