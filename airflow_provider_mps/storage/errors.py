"""What a file holds that cannot be used."""

from __future__ import annotations

from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_provider_mps.core.redaction import bare_url, excerpt


class UnreadableLinesError(AirflowFailException):
    """A file of JSON Lines cannot be read; a retry would find the same, so Airflow does not retry.

    :param address: of the file
    :param line_number: of the line, from 1
    :param why: what is wrong with it
    """

    def __init__(self, address: str, line_number: int, why: str) -> None:
        address, why = bare_url(address), excerpt(why)
        super().__init__(address, line_number, why)
        self.address = address
        self.line_number = line_number
        self.why = why

    @property
    def in_short(self) -> tuple[str, str]:
        """Code and remedy."""
        return "UnreadableLines", f"{self.address.rpartition('/')[2]}, line {self.line_number}: {self.why}"

    def __str__(self) -> str:
        return (
            f"UnreadableLines: {self.address}, line {self.line_number}: {self.why.rstrip('.')}. A retry would find the "
            "same: mend the file, or clear the task that wrote it."
        )
