"""Errors of pictures as Airflow sees them: what it retries, and what it does not (!). Each survives pickling::

    AirflowException
    `- LabelsFailedError         too many pictures were not labelled
       `- LabelsRefusedError!    and a retry would label no more

What a service refuses is in ``exceptions``.
"""

from __future__ import annotations

from airflow.providers.common.compat.sdk import AirflowException, AirflowFailException

from airflow_provider_mps.core.errors import TooManyFailedError
from airflow_provider_mps.core.progress import counted


class LabelsFailedError(TooManyFailedError, AirflowException):
    """More pictures than ``max_failed`` allows could not be labelled; the others are.

    :param failed: how many could not
    :param total: how many there are
    :param max_failed: how many may fail
    :param summary: which, and why
    """

    _NEXT = "A retry labels what is left"

    @property
    def in_short(self) -> tuple[str, str]:
        """Code and remedy."""
        return f"{self.failed:,} of {self.total:,} not labelled, max_failed={self.max_failed}", self.summary

    def __str__(self) -> str:
        count = f"{self.failed:,} of {counted(self.total, 'picture')} not labelled (max_failed={self.max_failed})"
        return f"{count}: {self.summary.rstrip('.')}. Those are as they were. {self._NEXT}."


class LabelsRefusedError(LabelsFailedError, AirflowFailException):
    """The pictures cannot be labelled, are gone, or COS refuses them: a retry would label no more. No retry."""

    _NEXT = "A retry would label no more: they are broken, gone, or COS refuses them"
