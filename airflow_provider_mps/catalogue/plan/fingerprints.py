"""The fingerprint of an item: what its picture is made from, in three parts, so that it shows which one has changed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Any, NamedTuple

from airflow_provider_mps.catalogue.words import Why

_LENGTH = 16
_NONE = "-"


class Parts(NamedTuple):
    """The parts of a fingerprint, 16 hexadecimal digits each.

    :param subject: of the content of the product's picture; None where it could not be asked for
    :param background: of the content of the background, ``-`` without one; None where it could not be asked for
    :param rest: of all else that is to be seen in the picture, and of the version of the look
    """

    subject: str | None
    background: str | None
    rest: str

    def filled(self, before: str | None) -> str | None:
        """Return the fingerprint; what could not be asked for counts as unchanged. None if nothing is known of it.

        :param before: the fingerprint of the last picture; None if there is none
        """
        known = before.split(".") if before else (None, None, None)
        # A picture without a background says nothing of one that has one.
        subject, background = self.subject or known[0], self.background or (known[1] if known[1] != _NONE else None)
        return f"{subject}.{background}.{self.rest}" if subject and background else None


def parts_of(rest: str, *, subject: str | None, background: str | None, has_background: bool) -> Parts:
    """Return the parts of an item's fingerprint.

    :param rest: the digest of what is asked for beside the pictures, see :func:`digest_of`
    :param subject: the content tag of the product's picture; None where it could not be asked for
    :param background: that of the background
    :param has_background: whether there is one
    """
    return Parts(
        None if subject is None else digest(subject),
        _NONE if not has_background else None if background is None else digest(background),
        rest,
    )


def digest_of(rest: Mapping[str, Any], version: str) -> str:
    """Return the digest of what is asked for, in whatever order that stands, and of the version of its look."""
    return digest(json.dumps(rest, sort_keys=True, separators=(",", ":")), version)


def digest(*texts: str) -> str:
    """Return 16 hexadecimal digits for some texts."""
    return sha256(json.dumps(texts).encode()).hexdigest()[:_LENGTH]


def difference(before: str, after: str) -> Why | None:
    """Return which part of a fingerprint has changed, the first of them; None if none has."""
    pairs = zip(before.split("."), after.split("."), strict=True)
    reasons = (Why.SUBJECT_CHANGED, Why.BACKGROUND_CHANGED, Why.REQUEST_CHANGED)
    return next((why for why, (one, other) in zip(reasons, pairs, strict=True) if one != other), None)
