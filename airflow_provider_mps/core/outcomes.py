"""What an error code says about a request, and the codes of this package for requests that no service answered.

One question matters to whoever retries: was the request executed? Every code gets one of three outcomes, and everything
else (resend inside, let Airflow retry, end the task) follows from it. Codes of a finished task say whether another
submission could end better. Each service has a table of its own codes.

Source of what bare HTTP statuses mean: RFC 9110; a 5xx leaves open whether the request took effect, 408 and 429 ask to
come again.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class Outcome(StrEnum):
    """What became of the request."""

    REFUSED = "refused"
    """Not executed, and the same request will be refused again."""

    NOT_EXECUTED = "not_executed"
    """Certainly not executed; sending it again is safe and may work."""

    UNKNOWN = "unknown"
    """May have been executed: the answer is lost, broken, or an error of the service's own."""


class CodeRule(NamedTuple):
    """A row of a table of codes: all that is known of a code.

    :param outcome: what it says about the request
    :param source: where that is written
    :param hint: what the person on call can do about it; empty where nothing is known
    :param concerns_all: whether every other request would meet the same refusal
    :param no_such_task: whether it can mean that the service does not know the task that was asked for
    :param is_limit: whether too many requests came in the same second
    :param about_keys: whether the credentials are wrong, and not what they may be used for
    :param about_clock: whether the clock of this machine is too far off
    :param ends_task: whether a query that gets it tells the end of the task that it asks for
    :param is_lasting: whether it lasts for longer than a call waits, so that it is not sent again inside
    """

    outcome: Outcome
    source: str
    hint: str = ""
    concerns_all: bool = False
    no_such_task: bool = False
    is_limit: bool = False
    about_keys: bool = False
    about_clock: bool = False
    ends_task: bool = False
    is_lasting: bool = False


_REFUSED, _NOT_EXECUTED, _UNKNOWN = Outcome.REFUSED, Outcome.NOT_EXECUTED, Outcome.UNKNOWN


class Transport(StrEnum):
    """Codes for what never reached, or never came back from, the service."""

    NOT_SENT = "NotSent"
    NOT_CONNECTED = "NotConnected"
    NO_ANSWER = "NoAnswer"
    GARBLED = "GarbledAnswer"
    BAD_CERTIFICATE = "BadCertificate"
    BAD_ADDRESS = "BadAddress"
    CREDENTIALS = "CredentialsUnavailable"
    NO_CREDENTIALS = "NoCredentials"
    NOT_WHOLE = "NotWhole"
    REDIRECTED = "Redirected"
    NOT_VERIFIABLE = "NotVerifiable"
    BROKEN_PICTURE = "BrokenPicture"
    TOO_SLOW = "TooSlow"


TRANSPORT_CODES: dict[str, CodeRule] = {
    Transport.NOT_SENT: CodeRule(_NOT_EXECUTED, "transport", "The request could not be made."),
    Transport.NOT_CONNECTED: CodeRule(
        _NOT_EXECUTED,
        "transport",
        "No connection came about: check the network, and address and proxy in the connection.",
    ),
    Transport.NO_ANSWER: CodeRule(_UNKNOWN, "transport", "The connection broke before the answer."),
    Transport.GARBLED: CodeRule(
        _UNKNOWN, "transport", "The answer is none of this API: see to the endpoint and to proxies."
    ),
    Transport.BAD_CERTIFICATE: CodeRule(
        _REFUSED, "transport", "Check ca_bundle and the address in the connection.", concerns_all=True
    ),
    Transport.BAD_ADDRESS: CodeRule(
        _REFUSED, "transport", "Check the address and the proxy in the connection.", concerns_all=True
    ),
    Transport.NOT_WHOLE: CodeRule(_UNKNOWN, "transport", "What arrived is not what was sent."),
    Transport.TOO_SLOW: CodeRule(_UNKNOWN, "transport", "It arrives too slowly: look at the network and the proxy."),
    Transport.BROKEN_PICTURE: CodeRule(
        _UNKNOWN, "transport", "The picture is broken where it is kept: if it stays so, have it made anew."
    ),
    Transport.NOT_VERIFIABLE: CodeRule(
        _REFUSED, "transport", "Check the proxy or gateway before COS: it takes the headers of the answers away."
    ),
    Transport.REDIRECTED: CodeRule(
        _REFUSED, "transport", "Set cos_region of the connection or the operator, and check cos_endpoint."
    ),
    Transport.CREDENTIALS: CodeRule(_NOT_EXECUTED, "transport", "No credential could be had."),
    Transport.NO_CREDENTIALS: CodeRule(
        _REFUSED, "transport", "Give the connection a login and password.", concerns_all=True
    ),
}

NO_RESULT = "NoResult"
"""The task says that it has finished, and shows neither a picture nor an error."""

_HTTP_PASSING = {408, 425, 429}


def outcome_of_http_status(status: int) -> Outcome:
    """Say what an HTTP status other than 200 says about the request; API 3.0 itself always answers 200."""
    if status in _HTTP_PASSING:
        return Outcome.NOT_EXECUTED
    if 400 <= status < 500:
        return Outcome.REFUSED
    return Outcome.UNKNOWN
