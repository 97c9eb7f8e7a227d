"""Errors of a catalogue as Airflow sees them: what it retries, and what it does not (!). Each survives pickling::

    AirflowException
    |- CatalogueBusyError       other runs write the record all the time
    |- PublicationFailedError   too many pictures were not published
    |  `- PublicationRefusedError!  and a retry would publish no more
    |- ManifestError!           a manifest, or rows of it, cannot be used
    |- PicturesRejectedError!   pictures are not right, and on_reject says that this is a failure
    |- TooManyRemovedError!     a manifest lacks more of what is published than may be removed at once
    `- RecordUnreadableError!   what was made and paid for is not known

What a service refuses is in ``exceptions``.
"""

from __future__ import annotations

from collections.abc import Sequence

from airflow.providers.common.compat.sdk import AirflowException, AirflowFailException

from airflow_provider_mps.catalogue.rows import BadRow
from airflow_provider_mps.core.errors import TooManyFailedError
from airflow_provider_mps.core.progress import counted
from airflow_provider_mps.core.redaction import redact_urls

_SHOWN_ROWS = 10
_SHORT_NAME = 30


def first_rows(bad_rows: Sequence[BadRow], count: int) -> str:
    """Return what is wrong with the first rows, and how many there are more.

    :param bad_rows: in the order of the manifest
    :param count: how many there are, where these are only the first
    """
    shown = bad_rows[:_SHOWN_ROWS]
    more = count - len(shown)
    return "; ".join(map(str, shown)) + (f"; and {more:,} more" if more > 0 else "")


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


class PublicationFailedError(TooManyFailedError, AirflowException):
    """More pictures than ``max_failed`` allows could not be published; the others are, and are on record.

    :param failed: how many could not
    :param total: how many there are
    :param max_failed: how many may fail
    :param summary: which, and why
    """

    _NEXT = "a retry publishes what is left."

    @property
    def in_short(self) -> tuple[str, str]:
        """Code and remedy."""
        return f"{self.failed:,} of {self.total:,} not published, max_failed={self.max_failed}", self.summary

    def __str__(self) -> str:
        others = "The others are published" if self.failed < self.total else "Nothing was published"
        count = f"{self.failed:,} of {counted(self.total, 'picture')} not published (max_failed={self.max_failed})"
        return f"{count}: {self.summary.rstrip('.')}. {others}; {self._NEXT}"


class PublicationRefusedError(PublicationFailedError, AirflowFailException):
    """The pictures that could not be published are gone or refused: a retry would publish no more. No retry."""

    _NEXT = (
        "a retry would publish no more. What is gone from where it was made, the next "
        "plan has made again; where COS refuses, mend that and clear the task: nothing is paid again."
    )


class PicturesRejectedError(AirflowFailException):
    """The check has rejected pictures; they are not published, and a retry would find the same. No retry.

    :param rejected: how many
    :param total: how many there are
    :param summary: which, and why
    """

    def __init__(self, rejected: int, total: int, summary: str) -> None:
        super().__init__(rejected, total, summary)
        self.rejected = rejected
        self.total = total
        self.summary = summary

    @property
    def in_short(self) -> tuple[str, str]:
        """Code and remedy."""
        return f"{self.rejected:,} of {self.total:,} rejected", self.summary

    def __str__(self) -> str:
        count = f"{self.rejected:,} of {counted(self.total, 'picture')} rejected"
        return (
            f"{count}: {self.summary.rstrip('.')}. All findings are in what the task returned. They are paid for, and "
            "on record. on_reject='remake' has such made once more, 'leave_out' publishes the others; other bounds "
            "take effect when the task is cleared."
        )


class ManifestError(AirflowFailException):
    """A manifest cannot be used, or rows of it cannot. Nothing was submitted, and Airflow does not retry.

    :param name: address or name of the manifest
    :param bad_rows: what is wrong, in the order of the manifest; at least one
    :param count: how many bad rows there are, where ``bad_rows`` are only the first; default: as many as are given
    :param is_whole: whether nothing of the manifest can be used, so that no row can be left out
    """

    def __init__(self, name: str, bad_rows: Sequence[BadRow], count: int | None = None, is_whole: bool = False) -> None:
        shown, count = tuple(bad_rows[:_SHOWN_ROWS]), len(bad_rows) if count is None else count
        name = redact_urls(name)
        super().__init__(name, shown, count, is_whole)
        self.name = name
        self.bad_rows = shown
        self.count = count
        self.is_whole = is_whole

    @property
    def in_short(self) -> tuple[str, str]:
        """Code and remedy."""
        return (self._count if self.count > 1 else "Manifest"), f"{self._file}: {self.bad_rows[0]}"

    @property
    def _count(self) -> str:
        return counted(self.count, "fault" if self.is_whole else "bad row")

    @property
    def _file(self) -> str:
        file = self.name.rstrip("/").rpartition("/")[2] or self.name
        return file if len(file) <= _SHORT_NAME else f"{file[: _SHORT_NAME - 1]}…"

    def __str__(self) -> str:
        # The log page shows about 80 characters: which file, how many, and the first.
        head = self._file if self.count == 1 else f"{self._count} in {self._file}"
        rows = first_rows(self.bad_rows, self.count)
        end = "" if rows.endswith(("?", ".")) else "."
        leave_out = "" if self.is_whole else " Mend them, or leave such rows out with on_bad_row='skip'."
        return f"{head}: {rows}{end} Nothing of {self.name} was submitted.{leave_out}"


def unusable(name: str, line: int, column: str, why: str, value: str = "") -> ManifestError:
    """Return the error for a manifest that cannot be used as a whole.

    :param line: the line that says so, from 1
    :param column: the column, or where in the line
    """
    return ManifestError(name, [BadRow(line, column, value, why)], is_whole=True)


class TooManyRemovedError(AirflowFailException):
    """More pictures would be taken out of the shop than ``max_removed`` allows; nothing is done. No retry.

    :param manifest: its address
    :param removed: how many published items are not in it
    :param published: how many are published
    :param max_removed: the share that may be removed
    """

    def __init__(self, manifest: str, removed: int, published: int, max_removed: float) -> None:
        super().__init__(manifest, removed, published, max_removed)
        self.manifest = manifest
        self.removed = removed
        self.published = published
        self.max_removed = max_removed

    @property
    def in_short(self) -> tuple[str, str]:
        """Code and remedy."""
        return f"TooManyRemoved: {self.removed:,} of {self.published:,}", "is the manifest whole? see max_removed"

    def __str__(self) -> str:
        return (
            f"TooManyRemoved: {self.removed:,} of {self.published:,} published pictures are not in {self.manifest}, "
            f"more than max_removed={self.max_removed:g} allows. Is the manifest whole? Nothing was removed or "
            "submitted. To remove them, raise max_removed and clear the task."
        )
