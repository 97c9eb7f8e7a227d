"""The words of the check: what was looked at, what came of it, and where the product is."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Verdict(StrEnum):
    """What came of a check."""

    OK = "ok"
    REJECTED = "rejected"
    NOT_CHECKED = "not checked"


class Code(StrEnum):
    """What a finding is about: the fault that was looked for."""

    NOT_A_PICTURE = "NotAPicture"
    CUT_OFF = "CutOff"
    WRONG_FORMAT = "WrongFormat"
    WRONG_SIZE = "WrongSize"
    WRONG_RATIO = "WrongRatio"
    BLANK = "Blank"
    BACKGROUND_UNCHANGED = "BackgroundUnchanged"
    PRODUCT_MISSING = "ProductMissing"
    PRODUCT_MIRRORED = "ProductMirrored"
    PRODUCT_COVERED = "ProductCovered"
    PRODUCT_RECOLOURED = "ProductRecoloured"
    PRODUCT_OUTSIDE = "ProductOutside"
    DUPLICATE = "Duplicate"
    SERVICE_QUALITY = "ServiceQuality"
    """What the service says of the picture itself, one finding for each attribute."""


PRODUCT_CODES = (
    Code.PRODUCT_MISSING,
    Code.PRODUCT_MIRRORED,
    Code.PRODUCT_OUTSIDE,
    Code.PRODUCT_COVERED,
    Code.PRODUCT_RECOLOURED,
)
"""What is looked for once the product is known."""
SUBJECT_CODES = (*PRODUCT_CODES, Code.BACKGROUND_UNCHANGED)
"""The findings that take a picture of the subject."""


@dataclass(frozen=True)
class Finding:
    """What one check has found.

    :param code: the fault that was looked for
    :param verdict: whether it is there, or why nobody knows
    :param value: what was measured, if anything was; rounded
    :param bound: what it was compared with
    :param words: all of this for people, in one sentence
    """

    code: Code
    verdict: Verdict
    value: float | int | str | None
    bound: float | int | str | None
    words: str

    def as_dict(self) -> dict[str, Any]:
        """Return it as small JSON: what is None is left out, and the words of what is ok are.

        Those of an opinion stay, as they alone name the attribute.
        """
        found: dict[str, Any] = {"code": str(self.code), "verdict": str(self.verdict)}
        found |= {name: value for name, value in (("value", self.value), ("bound", self.bound)) if value is not None}
        is_plain = self.verdict is Verdict.OK and self.code is not Code.SERVICE_QUALITY
        return found if is_plain else found | {"words": self.words}


@dataclass(frozen=True)
class Place:
    """Where the product is in a result.

    :param x: left end of its upright box, a share of the result's width
    :param y: upper end of it, a share of the height
    :param width: share of the result's width
    :param height: share of the result's height
    :param scale: pixels of the result for one of the subject's
    :param turn: degrees, anticlockwise
    """

    x: float
    y: float
    width: float
    height: float
    scale: float
    turn: float

    def as_dict(self) -> dict[str, float]:
        """Return it as small JSON."""
        return {name: round(value, 3) for name, value in vars(self).items()}


@dataclass(frozen=True)
class Checked:
    """What was found out about one picture.

    :param findings: one for each check, whatever came of it
    :param width: pixels, as the picture is looked at; 0 where it is none
    :param height: pixels
    :param format: ``JPEG``, ``PNG`` and so on; empty where it is none
    :param place: where the product is; None where it was not found, or not looked for
    :param print: a short text by which :func:`~airflow_provider_mps.pictures.check.duplicates` compares pictures;
        empty where there is no picture
    """

    findings: tuple[Finding, ...]
    width: int
    height: int
    format: str
    place: Place | None
    print: str

    @property
    def verdict(self) -> Verdict:
        """Rejected if a finding is; ok if all that could be checked is; not checked if nothing could be."""
        verdicts = {finding.verdict for finding in self.findings}
        return next((one for one in (Verdict.REJECTED, Verdict.OK) if one in verdicts), Verdict.NOT_CHECKED)

    @property
    def rejected(self) -> tuple[Finding, ...]:
        """The findings for which the picture is rejected."""
        return tuple(finding for finding in self.findings if finding.verdict is Verdict.REJECTED)

    def as_dict(self) -> dict[str, Any]:
        """Return it as small JSON, about 1 KB."""
        return {
            "verdict": str(self.verdict),
            "findings": [finding.as_dict() for finding in self.findings],
            "width": self.width,
            "height": self.height,
            "format": self.format,
            "place": self.place.as_dict() if self.place else None,
            "print": self.print,
        }


def ok(code: Code, value: float | int | str | None, bound: float | int | str | None, words: str) -> Finding:
    """Return a finding that is fine."""
    return Finding(code, Verdict.OK, value, bound, words)


def rejected(code: Code, value: float | int | str | None, bound: float | int | str | None, words: str) -> Finding:
    """Return a finding for which a picture is rejected."""
    return Finding(code, Verdict.REJECTED, value, bound, words)


def not_checked(code: Code, words: str) -> Finding:
    """Return a finding that could not be made; the words say why."""
    return Finding(code, Verdict.NOT_CHECKED, None, None, words)
