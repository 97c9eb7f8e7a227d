"""Which texts are a SKU: it names the product in the record for ever, and its picture in final keys."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

MAX_SKU_BYTES = 255
_PLAIN = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_. -]*[A-Za-z0-9_.-])?")
# A formula, where a report or the record is opened in a spreadsheet.
_FORMULA = ("=", "+", "-", "@")
# What a spreadsheet makes of a long number, such as an EAN: its last digits are lost.
_SHORTENED = re.compile(r"[0-9](?:[.,][0-9]+)?E\+[0-9]+", re.IGNORECASE)
# Controls, formats such as a zero width space, halves of surrogate pairs, private ones, and ends of lines.
_UNSEEN = frozenset(("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"))


class SkuError(ValueError):
    """What is there is no SKU; the text says why."""


def read_sku(value: Any) -> str:
    """Return what a manifest has as its SKU, in normal form C: the same, whatever system has written it.

    A whole number of JSON is the text that it is written as.

    :raises SkuError: it is empty, no text, or one that would mislead in a key or in a spreadsheet
    """
    if value is None or (isinstance(value, str) and not value):
        raise SkuError("is empty, and each product has a SKU")
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise SkuError("expected a text or a whole number; any other number is written in more ways than one")
    try:
        sku = unicodedata.normalize("NFC", str(value))
    except ValueError:
        raise SkuError(_TOO_LONG) from None
    if not _PLAIN.fullmatch(sku):
        _check_unusual(sku)
    if _SHORTENED.fullmatch(sku):
        raise SkuError("a number that a spreadsheet has shortened: format the column as text, and export it again")
    # Of at most 4 bytes each.
    if len(sku) > MAX_SKU_BYTES or len(sku.encode()) > MAX_SKU_BYTES:
        raise SkuError(_TOO_LONG)
    return sku


def _check_unusual(sku: str) -> None:
    unseen = next((character for character in sku if unicodedata.category(character) in _UNSEEN), None)
    if unseen is not None:
        raise SkuError(f"has the character U+{ord(unseen):04X}, which cannot be seen or sent")
    if sku.startswith(_FORMULA):
        raise SkuError(f"begins with {sku[0]!r}, as a formula in a spreadsheet does")
    if "\\" in sku:
        raise SkuError("has a backslash, which is a slash on some systems")
    parts = sku.split("/")
    if "" in parts or {".", ".."} & set(parts) or any(part != part.strip() for part in parts):
        raise SkuError("has '/' with nothing, '.', '..' or white space beside it, which leads out of a folder")


_TOO_LONG = f"a SKU of more than {MAX_SKU_BYTES} bytes"
