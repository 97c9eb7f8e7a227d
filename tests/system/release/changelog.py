"""The releases that ``CHANGELOG.md`` tells of."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from packaging.version import Version


@dataclass(frozen=True)
class Release:
    """One of them.

    :param version: its version
    :param day: when it came out; None if it has not yet
    """

    version: Version
    day: date | None


def releases(text: str) -> list[Release]:
    """Return the releases in the order of the changelog."""
    found = []
    for heading in re.findall(r"^## (.*)$", text, re.MULTILINE):
        version, dash, day = heading.partition(" - ")
        assert dash, f"## {heading}: expected a version, ' - ', and a day or Unreleased"
        found.append(Release(Version(version), None if day == "Unreleased" else date.fromisoformat(day)))
    return found
