"""The refusals of COS."""

from __future__ import annotations

from airflow_provider_mps.local.serving.errors import Refusal


class CosRefusal(Refusal):
    """A refusal of COS, or of the store with Aidge's results: an HTTP status with an XML body.

    :param status: the HTTP status.
    :param code: the COS error code, such as ``NoSuchKey``.
    :param message: a sentence for people.
    """

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(code, message)
        self.status = status
