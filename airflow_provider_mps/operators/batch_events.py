"""What the trigger of a batch has sent to the task that waited for it."""

from __future__ import annotations

from typing import Any

from airflow_provider_mps.core.events import EventError, error_of_batch_event
from airflow_provider_mps.error_table import airflow_error
from airflow_provider_mps.exceptions import TriggerEventError


def check_event(event: Any) -> None:
    """Check what the trigger of a batch has sent.

    :raises TriggerEventError: it is no event of one
    :raises AirflowException: the service's error that ended the wait
    """
    try:
        error = error_of_batch_event(event)
    except EventError as unreadable:
        raise TriggerEventError(str(unreadable)) from None
    if error is not None:
        raise airflow_error(error)
