"""Errors of a catalogue as Airflow sees them: what it retries, and what it does not (!). Each survives pickling.

AirflowException
|- CatalogueBusyError       other runs write the record all the time
|- PublicationFailedError   too many pictures were not published
|  `- PublicationRefusedError!  and a retry would publish no more
`- RecordUnreadableError!   what was made and paid for is not known
"""

from __future__ import annotations

from airflow.providers.common.compat.sdk import AirflowException, AirflowFailException

from airflow_provider_mps.core.progress import counted


class RecordUnreadableError(AirflowFailException):
    """A file of a catalogue's record cannot be read, so what was made is not known; nothing is submitted. No retry.

    :param address: of the file
    :param reason: what is wrong with it
    """

    def __init__(self, address: str, reason: str) -> None:
        super().__init__(address, reason)
        self.address = address
        self.reason = reason

    @property
    def in_short(self) -> tuple[str, str]:
        """Code and remedy."""
        return "RecordUnreadable", f"restore {self.address.rpartition('/record/')[2]}, see below"

    def __str__(self) -> str:
        return (
            f"RecordUnreadable: {self.address}: {self.reason.rstrip('.')}. Restore the file from a backup or from an "
            "earlier version of the bucket, and clear the task. Nothing was submitted or published: what was made and "
            "paid for before is not known without it."
        )


class CatalogueBusyError(AirflowException):
    """Other runs wrote the record of a catalogue each time that this one was about to; Airflow retries.

    :param folder: address of the record
    :param attempts: how often this one has tried
    """

    def __init__(self, folder: str, attempts: int) -> None:
        super().__init__(folder, attempts)
        self.folder = folder
        self.attempts = attempts

    @property
    def in_short(self) -> tuple[str, str]:
        """Code and remedy."""
        return "CatalogueBusy", "a retry tries again; let fewer tasks work on one catalogue at once"

    def __str__(self) -> str:
        return (
            f"CatalogueBusy: other runs wrote the record {self.folder} each of the {self.attempts} times that this "
            "task was about to. Nothing was written. A retry tries again; let fewer tasks work on one "
            "catalogue at once."
        )


class PublicationFailedError(AirflowException):
    """More pictures than ``max_failed`` allows could not be published; the others are, and are on record.

    :param failed: how many could not
    :param total: how many there are
    :param max_failed: how many may fail
    :param summary: which, and why
    """

    _NEXT = "The others are published: a retry publishes what is left."

    def __init__(self, failed: int, total: int, max_failed: int, summary: str) -> None:
        super().__init__(failed, total, max_failed, summary)
        self.failed = failed
        self.total = total
        self.max_failed = max_failed
        self.summary = summary

    @property
    def in_short(self) -> tuple[str, str]:
        """Code and remedy."""
        return f"{self.failed:,} of {self.total:,} not published, max_failed={self.max_failed}", self.summary

    def __str__(self) -> str:
        count = f"{self.failed:,} of {counted(self.total, 'picture')} not published (max_failed={self.max_failed})"
        return f"{count}: {self.summary.rstrip('.')}. {self._NEXT}"


class PublicationRefusedError(PublicationFailedError, AirflowFailException):
    """The pictures that could not be published are gone, so that a retry would find no more; Airflow does not retry."""

    _NEXT = "The others are published. The next plan of the catalogue has those that are gone made again."
