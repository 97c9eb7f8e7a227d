"""What the check makes of a set: figures for each kind of fault."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from airflow_provider_mps.pictures.check import Bounds, Checked, Code, Verdict, check_picture, duplicates
from tests.checked.cases import FAULTS, Case

# What each fault is called when it is called right.
NAMES: dict[str, tuple[Code, ...]] = {
    "cut file": (Code.CUT_OFF,),
    "wrong size": (Code.WRONG_SIZE,),
    "blank": (Code.BLANK,),
    "background unchanged": (Code.BACKGROUND_UNCHANGED,),
    "product missing": (Code.PRODUCT_MISSING,),
    "mirrored": (Code.PRODUCT_MIRRORED,),
    "recoloured": (Code.PRODUCT_RECOLOURED,),
    "half hidden": (Code.PRODUCT_COVERED, Code.PRODUCT_MISSING),
    "another product": (Code.PRODUCT_MISSING, Code.PRODUCT_COVERED),
    "duplicate": (Code.DUPLICATE,),
}


@dataclass
class Figures:
    """Figures of a set.

    :param made: how many pictures there are, by fault; the good ones under an empty name
    :param rejected: how many of them were rejected
    :param named: of these, how many for what is wrong with them
    :param not_checked: how many of them had a finding about their own fault that could not be made
    :param misses: good pictures that were rejected, and faults that were not found, with what was said of them
    """

    made: Counter[str] = field(default_factory=Counter)
    rejected: Counter[str] = field(default_factory=Counter)
    named: Counter[str] = field(default_factory=Counter)
    not_checked: Counter[str] = field(default_factory=Counter)
    misses: list[tuple[Case, Checked]] = field(default_factory=list)

    @property
    def found(self) -> float:
        """The share of the faults that was found."""
        return sum(self.rejected[fault] for fault in FAULTS) / max(1, sum(self.made[fault] for fault in FAULTS))

    @property
    def wronged(self) -> float:
        """The share of the good pictures that was rejected."""
        return self.rejected[""] / max(1, self.made[""])


def figures(cases: Iterable[Case], bounds: Bounds | None = None) -> Figures:
    """Check all pictures of a set, first each by itself, then with each other."""
    counted, prints = Figures(), dict[str, str]()
    seen: list[tuple[Case, Checked]] = []
    for case in cases:
        checked = check_picture(case.picture, subject=case.source.picture, asked=case.asked, bounds=bounds or Bounds())
        seen.append((case, checked))
        prints[case.name] = checked.print
    twice = duplicates(prints)
    for case, checked in seen:
        fault = case.fault or ""
        codes = {finding.code for finding in checked.rejected} | (
            {Code.DUPLICATE} & {twice[case.name].code} if case.name in twice else set()
        )
        counted.made[fault] += 1
        counted.rejected[fault] += bool(codes)
        counted.named[fault] += bool(codes & set(NAMES.get(fault, ())))
        about = {one.verdict for one in checked.findings if one.code in NAMES.get(fault, ())}
        counted.not_checked[fault] += Verdict.NOT_CHECKED in about
        if bool(codes) != bool(fault):
            counted.misses.append((case, checked))
    return counted
