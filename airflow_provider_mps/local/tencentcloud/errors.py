"""The refusals of API 3.0, and the failures of its tasks."""

from __future__ import annotations

from airflow_provider_mps.local.serving.errors import Refusal


class ApiRefusal(Refusal):
    """A refusal of an API 3.0 service (MPS, STS): HTTP 200 with an ``Error`` in the answer."""


class MpsTaskFailure(Exception):
    """A task that was accepted and could not be carried out; it ends FINISH with an error.

    :param err_code: the number shown as ``ErrCode``.
    :param err_msg: the error code shown as ``ErrMsg``.
    :param message: the sentence shown as ``Message``.
    """

    def __init__(self, err_code: int, err_msg: str, message: str) -> None:
        super().__init__(f"{err_msg}: {message}")
        self.err_code = err_code
        self.err_msg = err_msg
        self.message = message
