"""What a request can be refused with, before it takes the shape of a service's answer."""

from __future__ import annotations


class Refusal(Exception):
    """A request is refused; each service has a kind of its own.

    :param code: the service's error code, such as ``AuthFailure.SignatureFailure``.
    :param message: a sentence for people.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


class LimitExceeded(Exception):
    """An account has asked for an action more often in a second than it may; the text is the services' own."""
