"""Whether all cases of the tests run (``make test-whole``), or as many as there is time for at each change."""

from __future__ import annotations

import os

WHOLE = "MPS_TEST_WHOLE" in os.environ
