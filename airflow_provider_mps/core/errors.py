"""What an error of a service says about the request, decided in one place.

One question matters to whoever retries: was the request executed? Every error gets one of three outcomes, and
everything else (resend inside, let Airflow retry, end the task) follows from it.

Sources:

- [common] common error codes of API 3.0, https://cloud.tencent.com/document/product/862/37605
- [mps] error codes of MPS, the table in ``tencentcloud.mps.v20190612.errorcodes`` and under ProcessImage,
  https://cloud.tencent.com/document/product/862/112896
- [http] RFC 9110: a 5xx leaves open whether the request took effect; 408 and 429 ask to come again
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from airflow_provider_mps.core.redact import excerpt
from airflow_provider_mps.core.vocabulary import Action


class Outcome(StrEnum):
    """What became of the request."""

    REFUSED = "refused"
    """Not executed, and the same request will be refused again."""

    NOT_EXECUTED = "not_executed"
    """Certainly not executed; sending it again is safe and may work."""

    UNKNOWN = "unknown"
    """May have been executed: the answer is lost, broken, or an error of the service's own."""


class ServiceError(Exception):
    """A call to a service did not succeed.

    :param service: the service's name as people know it, such as ``MPS`` or ``COS``
    :param action: what was tried, such as ``ProcessImage``
    :param target: on what: a task id or a picture's address without credentials; may be empty
    :param code: the service's error code, or a code of this package for transport errors
    :param message: the service's words
    :param request_id: the service's RequestId; empty when no answer came
    :param outcome: what the error says about the request
    """

    def __init__(
        self,
        service: str,
        action: str,
        target: str,
        code: str,
        message: str,
        request_id: str = "",
        outcome: Outcome = Outcome.UNKNOWN,
    ) -> None:
        message = excerpt(message)
        super().__init__(service, action, target, code, message, request_id, outcome)
        self.service = service
        self.action = action
        self.target = target
        self.code = code
        self.message = message
        self.request_id = request_id
        self.outcome = Outcome(outcome)

    def __str__(self) -> str:
        target = f" for {self.target}" if self.target else ""
        request_id = f" (RequestId {self.request_id})" if self.request_id else ""
        said = self.message.rstrip(".")
        return f"{self.service} {self.action}{target}: {self.code}: {said}{request_id}. {self.next_step}"

    @property
    def next_step(self) -> str:
        """What happens next, for the person who reads the log."""
        hint = _hint_for(self.code)
        if self.outcome is Outcome.REFUSED:
            return f"{hint} This will not change by itself: the task fails without retries.".lstrip()
        if self.outcome is Outcome.NOT_EXECUTED:
            return f"{hint} The request was not executed; the task may be retried safely.".lstrip()
        if self.action == Action.PROCESS_IMAGE:
            return f"{hint} The request may have been executed: look for the picture before paying again.".lstrip()
        return f"{hint} This may pass; the task may be retried.".lstrip()


class CodeRule(NamedTuple):
    """A row of the table of codes."""

    outcome: Outcome
    source: str
    hint: str = ""


_REFUSED, _NOT_EXECUTED, _UNKNOWN = Outcome.REFUSED, Outcome.NOT_EXECUTED, Outcome.UNKNOWN

_KEYS = "Check login (SecretId) and password (SecretKey) of the connection."
_PERMISSION = "Grant the account this action in CAM, and MPS access to the COS bucket."
_CLOCK = "The clock of this machine is more than five minutes off."

CODES: dict[str, CodeRule] = {
    # A code with a dot is looked up whole first, then by the part before the dot.
    "AuthFailure": CodeRule(_REFUSED, "common", _KEYS),
    "AuthFailure.SecretIdNotFound": CodeRule(_REFUSED, "common", _KEYS),
    "AuthFailure.SignatureFailure": CodeRule(_REFUSED, "common", _KEYS),
    "AuthFailure.SignatureExpire": CodeRule(_REFUSED, "common", _CLOCK),
    "AuthFailure.TokenFailure": CodeRule(_REFUSED, "common", "The temporary credential is wrong or has expired."),
    "AuthFailure.UnauthorizedOperation": CodeRule(_REFUSED, "common", _PERMISSION),
    "UnauthorizedOperation": CodeRule(_REFUSED, "common", _PERMISSION),
    "OperationDenied": CodeRule(_REFUSED, "common", _PERMISSION),
    "IpInBlacklist": CodeRule(_REFUSED, "common"),
    "IpNotInWhitelist": CodeRule(_REFUSED, "common"),
    "ActionOffline": CodeRule(_REFUSED, "common"),
    "InvalidAction": CodeRule(_REFUSED, "common"),
    "InvalidCredential": CodeRule(_REFUSED, "SDK", _KEYS),
    "InvalidParameter": CodeRule(_REFUSED, "common"),
    "InvalidParameterValue": CodeRule(_REFUSED, "common"),
    "InvalidRequest": CodeRule(_REFUSED, "common"),
    "MissingParameter": CodeRule(_REFUSED, "common"),
    "NoSuchProduct": CodeRule(_REFUSED, "common"),
    "NoSuchVersion": CodeRule(_REFUSED, "common"),
    "RequestSizeLimitExceeded": CodeRule(_REFUSED, "common"),
    "UnknownParameter": CodeRule(_REFUSED, "common"),
    "UnsupportedOperation": CodeRule(_REFUSED, "common"),
    "UnsupportedProtocol": CodeRule(_REFUSED, "common"),
    "UnsupportedRegion": CodeRule(_REFUSED, "common", "Check the region of the operator and of the connection."),
    "ResourceNotFound": CodeRule(_REFUSED, "common"),
    "ResourceNotFound.TaskNotFound": CodeRule(_REFUSED, "mps", "MPS keeps tasks for 7 days and per account."),
    "InvalidParameterValue.TaskId": CodeRule(_REFUSED, "mps", "MPS keeps tasks for 7 days and per account."),
    "FailedOperation.TaskNotFound": CodeRule(_REFUSED, "mps", "MPS keeps tasks for 7 days and per account."),
    "FailedOperation.InvalidMpsUser": CodeRule(_REFUSED, "mps", "Activate MPS for this account in its console."),
    "FailedOperation.InvalidUser": CodeRule(_REFUSED, "mps"),
    "FailedOperation.UserArrears": CodeRule(_REFUSED, "mps", "The account is in arrears."),
    "ResourceUnavailable": CodeRule(_NOT_EXECUTED, "common"),
    "ResourceInUse": CodeRule(_NOT_EXECUTED, "common"),
    "ResourceInsufficient": CodeRule(_NOT_EXECUTED, "common"),
    "LimitExceeded": CodeRule(_NOT_EXECUTED, "common", "A quota of the account is used up for now."),
    "RequestLimitExceeded": CodeRule(_NOT_EXECUTED, "common", "The account calls this action too often."),
    "FailedOperation": CodeRule(_UNKNOWN, "common"),
    "InternalError": CodeRule(_UNKNOWN, "common"),
    "ServiceUnavailable": CodeRule(_UNKNOWN, "common"),
}


class Transport(StrEnum):
    """Codes for what never reached, or never came back from, the service."""

    NOT_CONNECTED = "NotConnected"
    NO_ANSWER = "NoAnswer"
    GARBLED = "GarbledAnswer"
    BAD_CERTIFICATE = "BadCertificate"
    BAD_ADDRESS = "BadAddress"
    CREDENTIALS = "CredentialsUnavailable"
    NO_CREDENTIALS = "NoCredentials"
    NOT_WHOLE = "NotWhole"


_TRANSPORT: dict[str, CodeRule] = {
    Transport.NOT_CONNECTED: CodeRule(_NOT_EXECUTED, "transport", "No connection came about."),
    Transport.NO_ANSWER: CodeRule(_UNKNOWN, "transport", "The connection broke before the answer."),
    Transport.GARBLED: CodeRule(_UNKNOWN, "transport", "The answer is not one of this API."),
    Transport.BAD_CERTIFICATE: CodeRule(_REFUSED, "transport", "Check ca_bundle and endpoint of the connection."),
    Transport.BAD_ADDRESS: CodeRule(_REFUSED, "transport", "Check endpoint and proxy of the connection."),
    Transport.NOT_WHOLE: CodeRule(_UNKNOWN, "transport", "What arrived is not what was sent."),
    Transport.CREDENTIALS: CodeRule(_NOT_EXECUTED, "transport", "No credential could be had."),
    Transport.NO_CREDENTIALS: CodeRule(_REFUSED, "transport", "Give the connection a login and password."),
}

COS_CODES: dict[str, CodeRule] = {
    # COS error codes, https://cloud.tencent.com/document/product/436/7730. Others go by their HTTP status.
    "AccessDenied": CodeRule(_REFUSED, "cos", "Grant the account this action on the bucket in CAM."),
    "InvalidAccessKeyId": CodeRule(_REFUSED, "cos", _KEYS),
    "SignatureDoesNotMatch": CodeRule(_REFUSED, "cos", _KEYS),
    "RequestTimeTooSkewed": CodeRule(_REFUSED, "cos", "The clock of this machine is wrong."),
    "NoSuchBucket": CodeRule(_REFUSED, "cos", "Check bucket and region."),
    # An object may still be on its way, and asking again costs nothing.
    "NoSuchKey": CodeRule(_NOT_EXECUTED, "cos", "There is no such object in the bucket."),
    "NoSuchResource": CodeRule(_NOT_EXECUTED, "cos", "There is no such object, or no such bucket."),
}

_HTTP_PASSING = {408, 425, 429}


def outcome_of(code: str) -> Outcome:
    """Say what an API error code, or a transport code, says about the request.

    An unknown code counts as ``UNKNOWN``: a new code must neither end a task for good nor resend a paid request.
    """
    rule = _rule_for(code)
    return rule.outcome if rule else Outcome.UNKNOWN


def outcome_of_cos(code: str, status: int) -> Outcome:
    """Say what a COS error says about the request."""
    rule = COS_CODES.get(code)
    return rule.outcome if rule else outcome_of_http_status(status)


def outcome_of_http_status(status: int) -> Outcome:
    """Say what an HTTP status other than 200 says about the request; API 3.0 itself always answers 200."""
    if status in _HTTP_PASSING:
        return Outcome.NOT_EXECUTED
    if 400 <= status < 500:
        return Outcome.REFUSED
    return Outcome.UNKNOWN


def may_resend(action: str, outcome: Outcome) -> bool:
    """Say whether the same request may be sent again at once.

    ProcessImage is paid for and has no client token, so it goes out again only if it certainly was not executed.
    """
    if outcome is Outcome.REFUSED:
        return False
    return action != Action.PROCESS_IMAGE or outcome is Outcome.NOT_EXECUTED


def _rule_for(code: str) -> CodeRule | None:
    for table in (_TRANSPORT, COS_CODES, CODES):
        if rule := table.get(code):
            return rule
    return CODES.get(code.partition(".")[0])


def _hint_for(code: str) -> str:
    rule = _rule_for(code)
    return rule.hint if rule else ""
