"""Let the events of OpenLineage keep to what is masked.

With ``[openlineage] include_full_task_info`` they carry all fields of an operator. Two habits of its provider (seen in
2.20.3) show signed addresses there, whatever is masked: its redactor copies Airflow's masks when it is made, and takes
in no later ones; and it leaves a task alone whose fields can all be written as JSON.
"""

from __future__ import annotations

import sys
from typing import Any

ADAPTER = "airflow.providers.openlineage.plugins.adapter"
LISTENER = "airflow.providers.openlineage.plugins.listener"


class _NoJson:
    """A field that cannot be written as JSON, so that the fields beside it are redacted."""

    def __repr__(self) -> str:
        return "fields are redacted"


def keep_to_masks(task: Any) -> bool:
    """Have the fields of a task redacted in the events of this process, by the masks of this moment.

    :param task: the operator that has just been rendered
    :return: whether they will be; True too where OpenLineage is not in use yet, as it copies the masks when it begins
    """
    vars(task)["_lineage"] = _NoJson()
    adapter, listener = sys.modules.get(ADAPTER), sys.modules.get(LISTENER)
    if adapter is None or listener is None:
        return True
    try:
        # Private names, and the only way: the redactor is made with the listener, and no argument reaches it.
        events = listener.get_openlineage_listener().adapter
        events._redacter = adapter.OpenLineageRedactor.from_masker(adapter._secrets_masker())
    except (AttributeError, TypeError):
        return False
    return True
