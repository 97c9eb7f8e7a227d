"""Keep what a signed address carries out of rendered fields and logs."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Any

from airflow_provider_mps.compat import mask_secret, redact_rendered_fields
from airflow_provider_mps.core.redaction import texts_in, url_secrets
from airflow_provider_mps.storage import lineage_masks

# No address, and no part of one, is longer than this.
_LONGEST = 64 * 1024


def mask_rendered_fields(operator: Any, names: Iterable[str]) -> None:
    """Mask what the signed addresses in rendered fields carry, before Airflow stores the fields.

    :param operator: the operator whose fields have been rendered
    :param names: the names of its templated fields
    """
    texts = (text for name in names for text in texts_in(getattr(operator, name, None)))
    # A picture in Base64 is long, and no address is in it.
    short = (text for text in texts if len(text) <= _LONGEST or "://" in text)
    secrets = dict.fromkeys(secret for text in short for secret in url_secrets(text))
    for secret in secrets:
        mask_secret(secret)
    if secrets:
        redact_rendered_fields()
    if secrets and not lineage_masks.keep_to_masks(operator):
        logging.getLogger(__name__).warning(
            "This version of the OpenLineage provider is not known: with include_full_task_info, its events show "
            "the signed addresses of this task"
        )
