"""What is said of a product by what was seen of it. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from airflow_provider_mps.pictures.check.agreement import OPAQUE
from airflow_provider_mps.pictures.check.bounds import Bounds
from airflow_provider_mps.pictures.check.findings import (
    PRODUCT_CODES,
    Code,
    Finding,
    Verdict,
    not_checked,
    ok,
    rejected,
)
from airflow_provider_mps.pictures.check.product import Sighting

# How likely a product in a mirror has to be: any background looks like something in a mirror.
_MIRRORED = 0.5
# What differs less from itself in a mirror looks the same there.
_SYMMETRIC = 0.1


def unchecked(words: str, codes: Sequence[Code] = PRODUCT_CODES) -> list[Finding]:
    """Return findings that all could not be made for one reason."""
    return [not_checked(code, words) for code in codes]


def findings_of_all(seen: Sighting, mirrored: Sighting | None, bounds: Bounds) -> list[Finding]:
    """Say what can be said where nothing tells the product from the rest of the subject's picture.

    :param seen: all of the subject's picture
    :param mirrored: the same in a mirror
    :param bounds: ``inliers`` is used
    """
    why = "nothing tells the product from its background in the subject's picture"
    as_it_is, turned = seen.inliers, mirrored.inliers if mirrored else 0
    if max(as_it_is, turned) < bounds.inliers:
        return unchecked(why)
    findings = unchecked(why)
    findings[0] = ok(Code.PRODUCT_MISSING, max(as_it_is, turned), bounds.inliers, "features of the subject are there")
    if turned > as_it_is:
        words = f"it is seen as in a mirror: {turned} features are found there, {as_it_is} as they should be"
        findings[1] = rejected(Code.PRODUCT_MIRRORED, turned, as_it_is, words)
    elif mirrored is not None:
        findings[1] = ok(Code.PRODUCT_MIRRORED, turned, as_it_is, "the product is not mirrored")
    return findings


def product_findings(seen: Sighting, mirrored: Sighting | None, asymmetry: float, bounds: Bounds) -> list[Finding]:
    """Say what is wrong with a product.

    :param seen: the product
    :param mirrored: the product in a mirror; None if nobody had to look
    :param asymmetry: how much the product differs from itself in a mirror, a share
    :param bounds: what may differ
    """
    turned = _turned(seen, mirrored)
    better = mirrored if mirrored is not None and mirrored.likeness > seen.likeness else seen
    if turned > bounds.mirrored and better.likeness >= max(bounds.found, _MIRRORED):
        words = f"the product is seen as in a mirror: what is seen fits that better, by {turned:.2f}"
        found = ok(Code.PRODUCT_MISSING, round(better.likeness, 2), bounds.found, "the product is there")
        rest = unchecked("the product is mirrored", PRODUCT_CODES[2:])
        return [found, rejected(Code.PRODUCT_MIRRORED, turned, bounds.mirrored, words), *rest]
    missing = _missing(seen, bounds)
    if missing.verdict is not Verdict.OK:
        return [missing, *unchecked("the product was not found", PRODUCT_CODES[1:])]
    return [
        missing,
        _mirrored(turned, seen, asymmetry, bounds),
        _outside(seen, bounds),
        _covered(seen, bounds),
        _recoloured(seen, bounds),
    ]


def _missing(seen: Sighting, bounds: Bounds) -> Finding:
    value = round(seen.likeness, 2)
    words = f"the product is not there, or is another: {value:.0%} of what is seen at the likeliest place speaks for it"
    if value >= bounds.found:
        return ok(Code.PRODUCT_MISSING, value, bounds.found, "the product is there")
    # What is seen through it is the new background; its edges are its own.
    if _is_clear(seen) and seen.found >= bounds.found:
        return not_checked(Code.PRODUCT_MISSING, _of_clear(seen))
    return rejected(Code.PRODUCT_MISSING, value, bounds.found, words)


def _of_clear(seen: Sighting) -> str:
    if not _is_clear(seen):
        return "what differs may be the scene, seen through the product"
    share = 1 - seen.agreement.opaque
    return f"{share:.0%} of the product is see-through, or looks like what is behind it in the subject's picture"


def _turned(seen: Sighting, mirrored: Sighting | None) -> float:
    """Return how much speaks for a mirror: what is drawn on the product, or its outline where nothing is."""
    if mirrored is None or mirrored.likeness <= seen.likeness:
        return round(max(0.0, seen.agreement.turned), 2)
    if mirrored.agreement.turned:
        return round(max(0.0, -mirrored.agreement.turned), 2)
    return round(mirrored.likeness - seen.likeness, 2)


def _mirrored(turned: float, seen: Sighting, asymmetry: float, bounds: Bounds) -> Finding:
    if not seen.agreement.turned and asymmetry < _SYMMETRIC:
        return not_checked(Code.PRODUCT_MIRRORED, "the product looks the same in a mirror")
    return ok(Code.PRODUCT_MIRRORED, turned, bounds.mirrored, "the product is not mirrored")


def _outside(seen: Sighting, bounds: Bounds) -> Finding:
    value = round(1 - seen.agreement.inside, 3)
    make = rejected if value > bounds.outside else ok
    return make(Code.PRODUCT_OUTSIDE, value, bounds.outside, f"{value:.0%} of the product is outside of the picture")


def _covered(seen: Sighting, bounds: Bounds) -> Finding:
    """Compare what is drawn on the product, and its outline: either may be all that it has."""
    agreement = seen.agreement
    value, outline = round(agreement.differing, 2), round(1 - min(1.0, seen.found), 2)
    words = f"{value:.0%} of the product and {outline:.0%} of its edges are hidden, or changed"
    if outline > bounds.edges and value <= bounds.covered:
        return rejected(Code.PRODUCT_COVERED, outline, bounds.edges, words)
    if value <= bounds.covered:
        return ok(Code.PRODUCT_COVERED, value, bounds.covered, words)
    if outline <= bounds.edges and (_is_clear(seen) or agreement.differing_solid <= bounds.covered):
        return not_checked(Code.PRODUCT_COVERED, _of_clear(seen))
    return rejected(Code.PRODUCT_COVERED, value, bounds.covered, words)


def _recoloured(seen: Sighting, bounds: Bounds) -> Finding:
    value = round(seen.agreement.recoloured, 2)
    words = f"{value:.0%} of the product has another colour, which no light explains"
    if value <= bounds.recoloured:
        return ok(Code.PRODUCT_RECOLOURED, value, bounds.recoloured, words)
    if _is_clear(seen) or seen.agreement.recoloured_solid <= bounds.recoloured:
        return not_checked(Code.PRODUCT_RECOLOURED, _of_clear(seen))
    return rejected(Code.PRODUCT_RECOLOURED, value, bounds.recoloured, words)


def _is_clear(seen: Sighting) -> bool:
    """Return whether what differs may be what is behind the product, seen through it."""
    return seen.agreement.opaque < OPAQUE
