"""Errors of a catalogue as Airflow sees them: what it retries, and what it does not (!). Each survives pickling.

AirflowException
|- CatalogueBusyError       other runs write the record all the time
`- RecordUnreadableError!   what was made and paid for is not known
"""

from __future__ import annotations

from airflow.providers.common.compat.sdk import AirflowException, AirflowFailException


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
