"""The codes of Tencent Cloud; see ``core.outcomes`` for what the outcomes mean.

Sources, as named in the rows:

- common: error codes of API 3.0, https://cloud.tencent.com/document/product/862/37605
- mps: error codes of MPS, ``tencentcloud.mps.v20190612.errorcodes`` and under ProcessImage,
  https://cloud.tencent.com/document/product/862/112896
- task: ``ErrMsg`` of a finished task, https://cloud.tencent.com/document/product/862/50369
- vod: the longer list of the same codes, https://cloud.tencent.com/document/product/266/50368
- cos: https://cloud.tencent.com/document/product/436/7730
- SDK: raised on this side; no service answered
- RFC 9110 for bare HTTP statuses
"""

from __future__ import annotations

from airflow_provider_mps.core.outcomes import NO_RESULT, TRANSPORT_CODES, CodeRule, Outcome, outcome_of_http_status

_REFUSED, _NOT_EXECUTED, _UNKNOWN = Outcome.REFUSED, Outcome.NOT_EXECUTED, Outcome.UNKNOWN

_KEYS = "Check login (SecretId) and password (SecretKey) of the connection."
_EXPIRED = "The temporary credential is wrong or has expired."
_PERMISSION = "Grant the account this action in CAM, and MPS access to the COS bucket."
_CONTENT = "The content check of the service refused the picture or the words."
_SOURCE = "MPS could not read a picture: check its key, bucket and region, and the role MPS_QcsRole."
_PACE = "Lower requests_per_second of the connection, or let fewer processes submit at once."
_CLOCK = "The clock of this machine is more than five minutes off."

PICTURES_PER_DAY_REACHED = "PicturesPerDayReached"
BUDGET_UNAVAILABLE = "BudgetUnavailable"
TURN_NOT_REACHED = "TurnNotReached"

CODES: dict[str, CodeRule] = {
    # A code with a dot is looked up whole first, then by the part before the dot.
    "AuthFailure": CodeRule(_REFUSED, "common", _KEYS, concerns_all=True, about_keys=True),
    "AuthFailure.SecretIdNotFound": CodeRule(_REFUSED, "common", _KEYS, concerns_all=True, about_keys=True),
    "AuthFailure.SignatureFailure": CodeRule(_REFUSED, "common", _KEYS, concerns_all=True, about_keys=True),
    "AuthFailure.SignatureExpire": CodeRule(
        _REFUSED, "common", _CLOCK, concerns_all=True, about_keys=True, about_clock=True
    ),
    "AuthFailure.TokenFailure": CodeRule(_REFUSED, "common", _EXPIRED, concerns_all=True, about_keys=True),
    "AuthFailure.UnauthorizedOperation": CodeRule(_REFUSED, "common", _PERMISSION, concerns_all=True),
    "UnauthorizedOperation": CodeRule(_REFUSED, "common", _PERMISSION, concerns_all=True),
    "OperationDenied": CodeRule(_REFUSED, "common", _PERMISSION, concerns_all=True),
    "IpInBlacklist": CodeRule(_REFUSED, "common", concerns_all=True),
    "IpNotInWhitelist": CodeRule(_REFUSED, "common", concerns_all=True),
    "ActionOffline": CodeRule(_REFUSED, "common", concerns_all=True),
    "InvalidAction": CodeRule(_REFUSED, "common", concerns_all=True),
    "InvalidCredential": CodeRule(_REFUSED, "SDK", _KEYS, concerns_all=True),
    "InvalidParameter": CodeRule(_REFUSED, "common"),
    "InvalidParameter.ViolationContent": CodeRule(_REFUSED, "mps", _CONTENT),
    "InvalidParameterValue": CodeRule(_REFUSED, "common"),
    "InvalidRequest": CodeRule(_REFUSED, "common"),
    "MissingParameter": CodeRule(_REFUSED, "common"),
    "NoSuchProduct": CodeRule(_REFUSED, "common", concerns_all=True),
    "NoSuchVersion": CodeRule(_REFUSED, "common", concerns_all=True),
    "RequestSizeLimitExceeded": CodeRule(_REFUSED, "common"),
    "UnknownParameter": CodeRule(_REFUSED, "common"),
    "UnsupportedOperation": CodeRule(_REFUSED, "common"),
    "UnsupportedProtocol": CodeRule(_REFUSED, "common", concerns_all=True),
    "UnsupportedRegion": CodeRule(
        _REFUSED, "common", "Check the region of the operator and of the connection.", concerns_all=True
    ),
    "ResourceNotFound": CodeRule(_REFUSED, "common", no_such_task=True),
    "ResourceNotFound.TaskNotFound": CodeRule(
        _REFUSED, "mps", "MPS keeps tasks for 7 days and per account.", no_such_task=True
    ),
    "InvalidParameterValue.TaskId": CodeRule(
        _REFUSED, "mps", "MPS keeps tasks for 7 days and per account.", no_such_task=True
    ),
    "FailedOperation.TaskNotFound": CodeRule(
        _REFUSED, "mps", "MPS keeps tasks for 7 days and per account.", no_such_task=True
    ),
    "FailedOperation.InvalidMpsUser": CodeRule(
        _REFUSED, "mps", "Activate MPS for this account in its console.", concerns_all=True
    ),
    "FailedOperation.InvalidUser": CodeRule(_REFUSED, "mps", concerns_all=True),
    "FailedOperation.UserArrears": CodeRule(_REFUSED, "mps", "The account is in arrears.", concerns_all=True),
    "ResourceUnavailable": CodeRule(_NOT_EXECUTED, "common"),
    "ResourceInUse": CodeRule(_NOT_EXECUTED, "common"),
    "ResourceInsufficient": CodeRule(_NOT_EXECUTED, "common"),
    "LimitExceeded": CodeRule(_NOT_EXECUTED, "common", "A quota of the account is used up for now."),
    "RequestLimitExceeded": CodeRule(_NOT_EXECUTED, "common", _PACE, is_limit=True),
    "HTTP 429": CodeRule(_NOT_EXECUTED, "RFC 9110", is_limit=True),
    "FailedOperation": CodeRule(_UNKNOWN, "common"),
    "InternalError": CodeRule(_UNKNOWN, "common"),
    "ServiceUnavailable": CodeRule(_UNKNOWN, "common"),
    PICTURES_PER_DAY_REACHED: CodeRule(
        _NOT_EXECUTED, "package", "Raise pictures_per_day of the connection, or wait for the next day.", is_lasting=True
    ),
    TURN_NOT_REACHED: CodeRule(
        _NOT_EXECUTED,
        "package",
        "Raise execution_timeout or requests_per_second, or let fewer pictures wait at the same time.",
        is_lasting=True,
    ),
    BUDGET_UNAVAILABLE: CodeRule(
        _NOT_EXECUTED,
        "package",
        "See to cos_bucket and budget_dir of the connection.",
        concerns_all=True,
        is_lasting=True,
    ),
}


HAS_VERSIONS = "BucketHasVersions"
"""A bucket with versioning, also a suspended one, replaces what must not be replaced."""

ALREADY_EXISTS = "FileAlreadyExists"
CHANGED = "PreconditionFailed"

COS_CODES: dict[str, CodeRule] = {
    # Others go by their HTTP status.
    "AccessDenied": CodeRule(_REFUSED, "cos", "Grant the account this action on the bucket in CAM."),
    "ExpiredToken": CodeRule(_REFUSED, "cos", _EXPIRED, about_keys=True),
    "InvalidAccessKeyId": CodeRule(_REFUSED, "cos", _KEYS, about_keys=True),
    "InvalidToken": CodeRule(_REFUSED, "cos", _EXPIRED, about_keys=True),
    "SignatureDoesNotMatch": CodeRule(_REFUSED, "cos", _KEYS, about_keys=True),
    "RequestTimeTooSkewed": CodeRule(_REFUSED, "cos", "The clock of this machine is wrong."),
    "NoSuchBucket": CodeRule(_REFUSED, "cos", "Check bucket and region."),
    HAS_VERSIONS: CodeRule(_REFUSED, "cos", "Take a bucket that never had versioning for this."),
    ALREADY_EXISTS: CodeRule(_REFUSED, "cos", "Remove the object, or take another key."),
    CHANGED: CodeRule(_REFUSED, "cos", "The object has changed meanwhile."),
    # Broken on the way: COS has compared it with its Content-MD5.
    "BadDigest": CodeRule(_NOT_EXECUTED, "cos", "What arrived is not what was sent."),
    # An object may still be on its way, and asking again costs nothing.
    "NoSuchKey": CodeRule(_NOT_EXECUTED, "cos", "There is no such object in the bucket."),
    "NoSuchResource": CodeRule(_NOT_EXECUTED, "cos", "There is no such object, or no such bucket."),
}

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


def task_rule(code: str) -> CodeRule:
    """Return what the ``ErrMsg`` of a finished task says about another submission of the same request.

    The codes of the API count here too, as some actions give them for their tasks. A code that is in no table counts as
    passing, so that a new code does not end a task for good.
    """
    found = TASK_CODES.get(code) or TASK_CODES.get(code.partition(".")[0]) or rule_for(code)
    return found or CodeRule(_UNKNOWN, "task")


def task_rules(code: str) -> list[CodeRule]:
    """Return what the words of a failed task say, such as ``70000 InternalError``."""
    return [task_rule(word) for word in code.split()]


def says_no_such_task(action: str, code: str) -> bool:
    """Tell whether an error can mean that MPS does not know the task that was asked for."""
    rule = rule_for(code)
    return rule is not None and rule.no_such_task


def may_be_old_keys(code: str) -> bool:
    """Tell whether COS may say this of keys that are wrong or old: a token that has expired may lack a permission."""
    rule = COS_CODES.get(code)
    return (rule is not None and rule.about_keys) or code in ("AccessDenied", "HTTP 403")


def rule_for(code: str) -> CodeRule | None:
    """Return what is known of a code of Tencent Cloud, or of one of this package; None if nothing is."""
    for table in (TRANSPORT_CODES, COS_CODES, CODES):
        if rule := table.get(code):
            return rule
    family = CODES.get(code.partition(".")[0])
    # The word before the dot does not say what there is none of.
    return family and family._replace(no_such_task=False)
