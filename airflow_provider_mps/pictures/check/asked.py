"""What was asked of the service, and whether a picture is that."""

from __future__ import annotations

import re
from dataclasses import dataclass

from airflow_provider_mps.pictures.check.bounds import Bounds
from airflow_provider_mps.pictures.check.findings import Code, Finding, not_checked, ok, rejected

LONG_SIDES = {"1K": 1024, "2K": 2048, "4K": 4096}
"""The longer side that a word for a size stands for, pixels."""

_SAME_FORMAT = {"JPG": "JPEG", "MPO": "JPEG"}
_RATIO = re.compile(r"\s*(\d+(?:\.\d+)?)\s*:\s*(\d+(?:\.\d+)?)\s*")


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What a picture was asked to be; what is None was not asked for.

    The names are those of MPS: ``AddOnParameter.OutputConfig`` of ProcessImage
    (https://cloud.tencent.com/document/product/862/112896), where a width and a height go before a ratio.

    :param format: ``JPEG``, ``PNG``, ``WEBP``, ``AVIF``; ``JPG`` is ``JPEG``
    :param width: pixels
    :param height: pixels
    :param size: ``1K``, ``2K`` or ``4K``: the longer side has 1,024, 2,048 or 4,096 pixels
    :param ratio: of the sides, such as ``3:4``
    """

    format: str | None = None
    width: int | None = None
    height: int | None = None
    size: str | None = None
    ratio: str | None = None


def check_asked(asked: Asked, width: int, height: int, format_: str, bounds: Bounds) -> list[Finding]:
    """Compare a picture with what was asked for.

    :param asked: what that was
    :param width: of the picture, pixels
    :param height: of the picture, pixels
    :param format_: of the picture, Pillow's name
    :param bounds: how much it may differ
    """
    findings = []
    if asked.format is not None:
        findings.append(_format(asked.format, format_))
    if asked.width is not None or asked.height is not None or asked.size is not None:
        findings.append(_size(asked, width, height, bounds))
    if asked.ratio is not None and (asked.width is None or asked.height is None):
        findings.append(_ratio(asked.ratio, width, height, bounds))
    return findings


def _format(wanted: str, is_: str) -> Finding:
    names = [_SAME_FORMAT.get(name.upper(), name.upper()) for name in (wanted, is_)]
    make = ok if names[0] == names[1] else rejected
    return make(Code.WRONG_FORMAT, is_, wanted, f"it is a {is_}, asked for was {wanted}")


def _size(asked: Asked, width: int, height: int, bounds: Bounds) -> Finding:
    is_, wanted, worst = f"{width}x{height}", [], 0.0
    for name, pixels, want in (("width", width, asked.width), ("height", height, asked.height)):
        if want is not None:
            wanted.append(f"{name} {want}")
            worst = max(worst, abs(pixels / want - 1) if want > 0 else 1.0)
    # A width or a height says more than the word for a size, as it does for MPS.
    if not wanted and asked.size is not None:
        side = LONG_SIDES.get(asked.size.upper())
        if side is None:
            return not_checked(Code.WRONG_SIZE, f"size {asked.size!r} is none of {', '.join(LONG_SIDES)}")
        wanted.append(asked.size)
        worst = abs(max(width, height) / side - 1)
    make = ok if worst <= bounds.size else rejected
    return make(Code.WRONG_SIZE, is_, " ".join(wanted), f"it has {is_} pixels, asked for was {', '.join(wanted)}")


def _ratio(wanted: str, width: int, height: int, bounds: Bounds) -> Finding:
    sides = _RATIO.fullmatch(wanted)
    if sides is None or not float(sides[1]) or not float(sides[2]):
        return not_checked(Code.WRONG_RATIO, f"ratio {wanted!r} is no ratio such as 3:4")
    off = abs(width / height / (float(sides[1]) / float(sides[2])) - 1)
    # A pixel more or less is rounding, however small the picture is.
    make = ok if off <= bounds.ratio + 1 / min(width, height) else rejected
    is_ = round(width / height, 3)
    return make(Code.WRONG_RATIO, is_, wanted, f"its sides are {width}:{height}, asked for was {wanted}")
