"""Texts of others as they may be shown to people."""

from __future__ import annotations

import re
from typing import Any

from airflow_provider_mps.core.redaction import redact_urls

LONGEST_TEXT = 500

# Controls, also those that turn the direction of a text or hide in it, and halves of surrogate pairs.
_UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]+")
# What has none of these has neither an address nor a parameter in it.
_MAY_HOLD_A_SECRET = re.compile(r"[:=,%<>]")


def clean(value: Any, longest: int = LONGEST_TEXT) -> str:
    """Return a value as a text that may be shown: on one line, without controls, credentials and signatures, cut."""
    if value is None:
        return ""
    text = value if isinstance(value, str) else str(value)
    # What is cut off is never looked through: a line may be of megabytes.
    text = text[: 4 * longest]
    if _MAY_HOLD_A_SECRET.search(text):
        text = redact_urls(text)
    text = " ".join(_UNSEEN.sub(" ", text).split())
    return text if len(text) <= longest else text[: longest - 1] + "…"
