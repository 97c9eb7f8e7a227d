"""Whether all cases of the tests run (``make test-whole``), or as many as there is time for at each change."""

from __future__ import annotations

import os

WHOLE = "MPS_TEST_WHOLE" in os.environ


def examples(all_of_them: int) -> int:
    """Return how many examples are drawn by lot.

    :param all_of_them: where all cases run
    """
    return all_of_them if WHOLE else max(5, all_of_them // 8)
