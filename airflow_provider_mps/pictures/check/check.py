"""The check of one picture."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from airflow_provider_mps.pictures.check.asked import Asked, check_asked
from airflow_provider_mps.pictures.check.bounds import Bounds
from airflow_provider_mps.pictures.check.decode import BrokenPictureError, Opened, open_picture
from airflow_provider_mps.pictures.check.findings import (
    SUBJECT_CODES,
    Checked,
    Code,
    Finding,
    Place,
    Verdict,
    not_checked,
    ok,
    rejected,
)
from airflow_provider_mps.pictures.check.plain import check_blank, check_cut
from airflow_provider_mps.pictures.check.prints import print_of

if TYPE_CHECKING:
    from PIL.Image import Image

_INSTALL = "OpenCV is not installed: pip install 'airflow-provider-mps[check]'"
# A picture with less than this on its shorter side shows too little of a product, pixels.
_LEAST_SIDE = 48
_WORDS = 100


def check_picture(
    picture: bytes,
    *,
    subject: bytes | None = None,
    background: bytes | None = None,
    asked: Asked = Asked(),  # noqa: B008
    bounds: Bounds = Bounds(),  # noqa: B008
) -> Checked:
    """Check a picture before it is published. Pure; safe for use from several threads; it raises nothing.

    Without OpenCV (extra ``check``), without a picture of the subject, or where that shows no product that can be told
    from the rest, what takes one is *not checked*. The same bytes always give the same findings.

    A picture is decoded once, at about 1,024 pixels; that and the work on it take some 30 MB at a time.

    :param picture: the file that the service has made
    :param subject: the file with the product, before a plain background or cut out if there is a choice
    :param background: the file of the background that was asked for, if it was a picture
    :param asked: what else was asked for
    :param bounds: how much may differ
    :return: a finding for each check that was asked for or could have been made
    """
    try:
        opened = open_picture(picture)
    except BrokenPictureError as error:
        return Checked((_broken(error),), 0, 0, "", None, "")
    plain = _on_white(opened.pixels)
    findings = [
        ok(Code.NOT_A_PICTURE, opened.format, None, "it is a picture"),
        *check_asked(asked, opened.width, opened.height, opened.format, bounds),
        check_cut(plain, bounds),
        check_blank(plain, bounds),
    ]
    place = None
    if any(one.verdict is Verdict.REJECTED and one.code in (Code.BLANK, Code.CUT_OFF) for one in findings):
        findings += _unchecked("there is nothing to compare in the picture")
    else:
        found, place = _safely(plain, opened, subject, background, bounds)
        findings += found
    return Checked(tuple(findings), opened.width, opened.height, opened.format, place, print_of(plain))


def _broken(error: BrokenPictureError) -> Finding:
    make = rejected if error.readable else lambda code, _value, _bound, words: not_checked(code, words)
    return make(error.code, None, None, error.words)


def _unchecked(words: str) -> list[Finding]:
    return [not_checked(code, words) for code in SUBJECT_CODES]


def _on_white(picture: Image) -> Image:
    from PIL import Image as Images

    if picture.mode != "RGBA":
        return picture
    canvas = Images.new("RGB", picture.size, "white")
    canvas.paste(picture, mask=picture.getchannel("A"))
    return canvas


def _safely(
    plain: Image, opened: Opened, subject: bytes | None, background: bytes | None, bounds: Bounds
) -> tuple[list[Finding], Place | None]:
    """Look for the product; whatever OpenCV makes of an odd picture is no verdict on it."""
    try:
        return _product(plain, opened, subject, background, bounds)
    except Exception as error:
        return _unchecked(f"they cannot be compared ({type(error).__name__}: {str(error)[:_WORDS]})"), None


def _product(
    plain: Image, opened: Opened, subject: bytes | None, background: bytes | None, bounds: Bounds
) -> tuple[list[Finding], Place | None]:
    """Look for the product of the subject's picture."""
    if subject is None:
        return _unchecked("no picture of the subject was given"), None
    if min(plain.size) < _LEAST_SIDE:
        return _unchecked(f"a picture of {opened.width}x{opened.height} pixels shows too little"), None
    try:
        import cv2  # noqa: F401
        import numpy as np
    except ImportError:
        return _unchecked(_INSTALL), None
    from airflow_provider_mps.pictures.check.backdrop import check_background, is_background_alone
    from airflow_provider_mps.pictures.check.product import Result
    from airflow_provider_mps.pictures.check.subjects import subject_of
    from airflow_provider_mps.pictures.check.verdicts import findings_of_all, product_findings

    try:
        known = subject_of(subject)
    except BrokenPictureError as error:
        return _unchecked(f"the picture of the subject: {error.words}"), None
    behind = _background(background)
    result = Result(np.asarray(plain), bounds)
    seen = result.look_for(known.known)
    mirrored = result.look_in_mirror(known.mirrored, seen)
    if known.known.product.known:
        findings = product_findings(seen, mirrored, known.asymmetry, bounds)
        if any(one.verdict is Verdict.REJECTED for one in findings):
            findings = product_findings(result.look_through(known.known, seen), mirrored, known.asymmetry, bounds)
    else:
        findings = findings_of_all(seen, mirrored, bounds)
    place = None
    if findings[0].verdict is Verdict.REJECTED and behind is not None and is_background_alone(plain, behind, bounds):
        findings[0] = replace(findings[0], words="the product is not there: it is the background alone")
    if findings[0].verdict is Verdict.OK:
        place = result.place_of(known.known, seen.pose, opened.scale)
    scale = max(opened.width, opened.height) / known.side
    findings.append(check_background(plain, known.picture, known.known.product, place, scale, behind, bounds))
    return findings, place


def _background(background: bytes | None) -> Image | None:
    if background is None:
        return None
    try:
        return open_picture(background).pixels
    except BrokenPictureError:
        return None
