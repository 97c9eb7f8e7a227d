"""What a process says of deprecated names that this package uses."""

from __future__ import annotations

import re

SHOWN = ",".join(f"default::{kind}" for kind in ("DeprecationWarning", "FutureWarning", "PendingDeprecationWarning"))
"""``PYTHONWARNINGS`` with which a process shows them."""
_FILE, _KIND = r"\S*(?:airflow_provider_mps|/dags)/\S+\.py", r"\w*(?:Deprecat|RemovedIn|FutureWarning)\w*"
# As Python prints them, and as Airflow logs them.
_OURS = re.compile(rf"{_FILE}:\d+:? .*{_KIND}.*|category={_KIND}.* filename={_FILE}.*")


def warnings_of_ours(said: str) -> list[str]:
    """Return the warnings in what a process has said that code of this package, or of an example, is the cause of."""
    return _OURS.findall(said)
