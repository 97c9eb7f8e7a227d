"""What a check has rejected, and what it could not look for, in words for the person on call."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from airflow_provider_mps.core.progress import and_more, counted
from airflow_provider_mps.pictures.check import Code, Verdict

# Kinds of faults in an error.
_SHOWN_KINDS = 3


def rejected_findings(check: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the findings for which a picture is rejected.

    :param check: ``check`` of a line or of an entry
    """
    findings = check.get("findings")
    found = findings if isinstance(findings, list) else []
    return [one for one in found if isinstance(one, Mapping) and one.get("verdict") == Verdict.REJECTED]


def codes_of(check: Mapping[str, Any]) -> list[str]:
    """Return for what a picture is rejected."""
    return [str(one.get("code")) for one in rejected_findings(check)]


def why_not_looked_for(check: Mapping[str, Any]) -> str:
    """Return why nobody knows whether the product is in a picture that is not rejected; empty if it is known.

    :param check: ``check`` of a line or of an entry
    """
    if check.get("verdict") == Verdict.REJECTED:
        return ""
    findings = check.get("findings")
    for one in findings if isinstance(findings, list) else []:
        if isinstance(one, Mapping) and one.get("code") == Code.PRODUCT_MISSING:
            return str(one.get("words", "")) if one.get("verdict") == Verdict.NOT_CHECKED else ""
    return ""


def told_of_products(checks: Iterable[Mapping[str, Any]]) -> str:
    """Return in how many pictures nobody has looked for the product, and why; empty where that is none.

    :param checks: ``check`` of each line or entry
    """
    reasons = Counter(filter(None, map(why_not_looked_for, checks)))
    if not reasons:
        return ""
    parts = [f"{why} ({number:,})" for why, number in reasons.most_common(_SHOWN_KINDS)]
    if len(reasons) > _SHOWN_KINDS:
        parts.append(f"and {len(reasons) - _SHOWN_KINDS} reasons more")
    return f"In {counted(reasons.total(), 'picture')} the product was not looked for: {'; '.join(parts)}"


def told(rejected: Sequence[Mapping[str, Any]]) -> str:
    """Return what is rejected in short: the faults first, as the log page cuts lines.

    :param rejected: lines or entries, with the name of each under ``item`` or ``key``
    """
    alike: dict[str, list[tuple[str, str]]] = {}
    for one in rejected:
        first = next(iter(rejected_findings(one["check"])), {})
        name = str(one.get("item") or one.get("key") or "the picture")
        alike.setdefault(str(first.get("code")), []).append((name, str(first.get("words", ""))))
    parts = []
    for code, names in sorted(alike.items(), key=lambda item: -len(item[1]))[:_SHOWN_KINDS]:
        name, words = names[0]
        parts.append(": ".join(filter(None, (code, f"{name}{and_more(len(names) - 1)}", words))))
    if len(alike) > _SHOWN_KINDS:
        parts.append(f"and {len(alike) - _SHOWN_KINDS} kinds more")
    return "; ".join(parts)
