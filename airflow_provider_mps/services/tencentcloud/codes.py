"""The one table of error codes: what each says about the request, and what the person on call can do about it.

One question matters to whoever retries: was the request executed? Every code gets one of three outcomes, and everything
else (resend inside, let Airflow retry, end the task) follows from it. Codes of a finished task say whether another
submission could end better.

Sources, as named in the rows:

- common: error codes of API 3.0, https://cloud.tencent.com/document/product/862/37605
- mps: error codes of MPS, ``tencentcloud.mps.v20190612.errorcodes`` and under ProcessImage,
  https://cloud.tencent.com/document/product/862/112896
- task: ``ErrMsg`` of a finished task, https://cloud.tencent.com/document/product/862/50369
- vod: the longer list of the same codes, https://cloud.tencent.com/document/product/266/50368
- cos: https://cloud.tencent.com/document/product/436/7730
- SDK, transport: raised on this side; no service answered
- RFC 9110 for bare HTTP statuses: a 5xx leaves open whether the request took effect; 408 and 429 ask to come again
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
    """A row of the table of codes."""

    outcome: Outcome
    source: str
    hint: str = ""


_REFUSED, _NOT_EXECUTED, _UNKNOWN = Outcome.REFUSED, Outcome.NOT_EXECUTED, Outcome.UNKNOWN

_KEYS = "Check login (SecretId) and password (SecretKey) of the connection."
_PERMISSION = "Grant the account this action in CAM, and MPS access to the COS bucket."
_CONTENT = "The content check of the service refused the picture or the words."
_SOURCE = "MPS could not read a picture: check its key, bucket and region, and the role MPS_QcsRole."
_REGION = "Set cos_region of the connection or the operator, and check cos_endpoint."
_PACE = "Lower requests_per_second of the connection, or let fewer processes submit at once."
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
    "InvalidParameter.ViolationContent": CodeRule(_REFUSED, "mps", _CONTENT),
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
    "RequestLimitExceeded": CodeRule(_NOT_EXECUTED, "common", _PACE),
    "FailedOperation": CodeRule(_UNKNOWN, "common"),
    "InternalError": CodeRule(_UNKNOWN, "common"),
    "ServiceUnavailable": CodeRule(_UNKNOWN, "common"),
}


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
    Transport.NOT_CONNECTED: CodeRule(_NOT_EXECUTED, "transport", "No connection came about."),
    Transport.NO_ANSWER: CodeRule(_UNKNOWN, "transport", "The connection broke before the answer."),
    Transport.GARBLED: CodeRule(_UNKNOWN, "transport", "The answer is not one of this API."),
    Transport.BAD_CERTIFICATE: CodeRule(_REFUSED, "transport", "Check ca_bundle and the address in the connection."),
    Transport.BAD_ADDRESS: CodeRule(_REFUSED, "transport", "Check the address and the proxy in the connection."),
    Transport.NOT_WHOLE: CodeRule(_UNKNOWN, "transport", "What arrived is not what was sent."),
    Transport.TOO_SLOW: CodeRule(_UNKNOWN, "transport", "It arrives too slowly: look at the network and the proxy."),
    Transport.BROKEN_PICTURE: CodeRule(
        _UNKNOWN, "transport", "The picture is broken where it is kept: if it stays so, have it made anew."
    ),
    Transport.NOT_VERIFIABLE: CodeRule(
        _REFUSED, "transport", "Check the proxy or gateway before COS: it takes the headers of the answers away."
    ),
    Transport.REDIRECTED: CodeRule(_REFUSED, "transport", _REGION),
    Transport.CREDENTIALS: CodeRule(_NOT_EXECUTED, "transport", "No credential could be had."),
    Transport.NO_CREDENTIALS: CodeRule(_REFUSED, "transport", "Give the connection a login and password."),
}

COS_CODES: dict[str, CodeRule] = {
    # Others go by their HTTP status.
    "AccessDenied": CodeRule(_REFUSED, "cos", "Grant the account this action on the bucket in CAM."),
    "InvalidAccessKeyId": CodeRule(_REFUSED, "cos", _KEYS),
    "SignatureDoesNotMatch": CodeRule(_REFUSED, "cos", _KEYS),
    "RequestTimeTooSkewed": CodeRule(_REFUSED, "cos", "The clock of this machine is wrong."),
    "NoSuchBucket": CodeRule(_REFUSED, "cos", "Check bucket and region."),
    # An object may still be on its way, and asking again costs nothing.
    "NoSuchKey": CodeRule(_NOT_EXECUTED, "cos", "There is no such object in the bucket."),
    "NoSuchResource": CodeRule(_NOT_EXECUTED, "cos", "There is no such object, or no such bucket."),
}

# Refusals that have nothing to do with the one request, so that the next one would meet the same.
CONCERN_ALL = frozenset(
    {
        "ActionOffline",
        "AuthFailure",
        "FailedOperation.InvalidMpsUser",
        "FailedOperation.InvalidUser",
        "FailedOperation.UserArrears",
        "InvalidAction",
        "InvalidCredential",
        "IpInBlacklist",
        "IpNotInWhitelist",
        "NoSuchProduct",
        "NoSuchVersion",
        "OperationDenied",
        "UnauthorizedOperation",
        "UnsupportedProtocol",
        "UnsupportedRegion",
        Transport.BAD_ADDRESS,
        Transport.BAD_CERTIFICATE,
        Transport.NO_CREDENTIALS,
    }
)

NO_RESULT = "NoResult"
"""The task says that it has finished, and shows neither a picture nor an error."""

TASK_CODES: dict[str, CodeRule] = {
    # REFUSED: the same request would end the same way. UNKNOWN: another submission may end better.
    "InvalidInput": CodeRule(_REFUSED, "task", "Check the arguments."),
    "InvalidInput.PermissionDenied": CodeRule(_REFUSED, "vod", "Apply for this feature of MPS."),
    "SourceFileError": CodeRule(_REFUSED, "task", _SOURCE),
    # The picture may only just be on its way to where MPS reads it.
    "SourceFileError.DownloadNotAccessible": CodeRule(_UNKNOWN, "vod", _SOURCE),
    "InvalidParameter.ViolationContent": CodeRule(_REFUSED, "mps", _CONTENT),
    "InternalError": CodeRule(_UNKNOWN, "task"),
    NO_RESULT: CodeRule(
        _UNKNOWN, "package", "Look into the console of MPS. To pay for another, set durable=False and clear."
    ),
}

# Of the codes that MPS lists, those that can mean that it does not know a TaskId.
NO_SUCH_TASK = frozenset(
    {
        "ResourceNotFound",
        "ResourceNotFound.TaskNotFound",
        "InvalidParameterValue.TaskId",
        "FailedOperation.TaskNotFound",
    }
)

_HTTP_PASSING = {408, 425, 429}


def is_too_fast(code: str) -> bool:
    """Tell whether a request was refused for how many came in the same second."""
    return code.partition(".")[0] == "RequestLimitExceeded" or code == "HTTP 429"


def outcome_of(code: str) -> Outcome:
    """Say what an API error code, or a transport code, says about the request.

    An unknown code counts as ``UNKNOWN``: a new code must neither end a task for good nor resend a paid request.
    """
    rule = rule_for(code)
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


def task_rule(code: str) -> CodeRule:
    """Return what the ``ErrMsg`` of a finished task says about another submission of the same request.

    The codes of the API count here too, as some actions give them for their tasks. A code that is in no table counts as
    passing, so that a new code does not end a task for good.
    """
    found = TASK_CODES.get(code) or TASK_CODES.get(code.partition(".")[0]) or rule_for(code)
    return found or CodeRule(_UNKNOWN, "task")


# What COS says of keys that are wrong or old.
COS_KEY_CODES = frozenset({"ExpiredToken", "InvalidAccessKeyId", "InvalidToken", "SignatureDoesNotMatch"})
# An old token may be refused as a missing permission too.
COS_CREDENTIAL_CODES = COS_KEY_CODES | {"AccessDenied", "HTTP 403"}


def is_about_clock(code: str) -> bool:
    """Tell whether a code says that the clock of this machine is too far off."""
    return code == "AuthFailure.SignatureExpire"


def is_about_credentials(code: str) -> bool:
    """Tell whether a code says that the credentials are wrong, and not what they may be used for."""
    return code.startswith("AuthFailure") and code != "AuthFailure.UnauthorizedOperation"


def concerns_all(code: str) -> bool:
    """Tell whether a refusal would meet every other request too."""
    return code in CONCERN_ALL or code.partition(".")[0] in CONCERN_ALL


def rule_for(code: str) -> CodeRule | None:
    """Return what is known of a code of Tencent Cloud, or of one of this package; None if nothing is."""
    for table in (TRANSPORT_CODES, COS_CODES, CODES):
        if rule := table.get(code):
            return rule
    return CODES.get(code.partition(".")[0])
