"""The refusals of the local services, before they take the shape of an answer."""

from __future__ import annotations


class ApiError(Exception):
    """A refusal of an API 3.0 service (MPS, STS): HTTP 200 with an ``Error`` in the answer.

    :param code: the service's error code, such as ``AuthFailure.SignatureFailure``.
    :param message: a sentence for people.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


class CosError(Exception):
    """A refusal of COS, or of the store with Aidge's results: an HTTP status with an XML body.

    :param status: the HTTP status.
    :param code: the COS error code, such as ``NoSuchKey``.
    :param message: a sentence for people.
    """

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status = status
        self.code = code
        self.message = message


class AidgeError(Exception):
    """A refusal of Aidge: HTTP 200 with an error in the answer.

    :param code: a word for a refusal by the gateway, such as ``IncompleteSignature``; digits for one by the service
        behind it, such as ``700``.
    :param message: a sentence for people.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message

    @property
    def by_service(self) -> bool:
        """Whether the service refuses, rather than the gateway before it."""
        return self.code.isdecimal()


class TaskFailure(Exception):
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
