"""What a check has rejected, in words for the person on call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from airflow_provider_mps.pictures.check import Verdict

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
        more = f" and {len(names) - 1:,} more" if len(names) > 1 else ""
        parts.append(": ".join(filter(None, (code, f"{name}{more}", words))))
    if len(alike) > _SHOWN_KINDS:
        parts.append(f"and {len(alike) - _SHOWN_KINDS} kinds more")
    return "; ".join(parts)
