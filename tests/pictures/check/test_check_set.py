"""A small form of the sets of ``make bench``: few good pictures are rejected, and most faults are found."""

from __future__ import annotations

import pytest

from tests.checked import apart, first
from tests.checked.cases import FAULTS, Studio, cases
from tests.checked.figures import figures
from tests.whole import WHOLE

GOOD = 20 if WHOLE else 8


@pytest.mark.parametrize(
    "studio", [first.STUDIO, apart.STUDIO] if WHOLE else [apart.STUDIO], ids=lambda studio: studio.name
)
def test_faults_are_found_and_good_pictures_are_not_rejected(studio: Studio) -> None:
    counted = figures(cases(studio, GOOD, 1))
    said = [(case.name, case.subject, checked.rejected) for case, checked in counted.misses]
    assert counted.made[""] == GOOD
    assert sum(counted.made[fault] for fault in FAULTS) == len(FAULTS)
    # A share of so few may differ from that of all.
    assert counted.found >= 0.9, said
    assert counted.rejected[""] <= 1, said
