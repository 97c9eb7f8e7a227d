"""The table of Aidge's error codes; see ``services.tencentcloud.codes`` for what the outcomes mean.

Two parties answer. The service puts a number into ``resCode``; an answer with another one than 200 names no task, so
there is none. The gateway before it, the same as that of Alibaba's other open platforms, puts a word into ``code``.
By the documents of 2026 both put a word into ``Code``, which may say more behind a dot (``Throttling.User``): it is
looked up whole first, then by the part before the dot.

Sources, as named in the rows:

- api: error codes on the pages of "Image Background Generation", below
  https://docs.aidc-ai.com/aidge-resource/api-reference/e-commerce-image-editor/
- gateway: "Error messages" and "Calling parameters" of the platform,
  https://open.alitrip.com/docs/doc.htm?articleId=108138&docType=1&treeId=499
- samples: remarks in https://github.com/Aidge-AI/aidge-python
- cloud: "Error codes" of Aidge on Alibaba Cloud, https://help.aliyun.com/document_detail/3038043.html, and for 429 its
  "Rate limits", https://help.aliyun.com/zh/document_detail/3038044.html
- common: the codes that the APIs of Alibaba Cloud share, https://help.aliyun.com/document_detail/51132.html
"""

from __future__ import annotations

from airflow_provider_mps.services.aidge.words import AidgeAction
from airflow_provider_mps.services.tencentcloud.codes import TRANSPORT_CODES, CodeRule, Outcome

_REFUSED, _NOT_EXECUTED, _UNKNOWN = Outcome.REFUSED, Outcome.NOT_EXECUTED, Outcome.UNKNOWN

OK = "200"
GATEWAY_OK = "0"
RATE_LIMIT = "501"
# The gateway has words for quotas only in its message.
QUOTA_EXHAUSTED = "QuotaExhausted"

_KEYS = "Check login (API key name), password (secret) and host of the connection."
_CLOCK = "The clock of this machine is wrong."
_QUOTA = "Buy the API for this account, or set trial in the connection to use the trial quota."
_PACE = (
    "The account calls this API too often: lower requests_per_second of the connection, and let fewer processes submit "
    "at the same time. A package of Aidge may raise the limit, 2 submissions in a second."
)
_CONTENT = "The content check of the service refused the picture or the title."
_ACCOUNT = "Look into the console of Alibaba Cloud: the account is frozen, not verified, or in arrears."
_OWN_ERROR = "The service has an error of its own."

CODES: dict[str, CodeRule] = {
    "500": CodeRule(_NOT_EXECUTED, "api", _OWN_ERROR),
    RATE_LIMIT: CodeRule(_NOT_EXECUTED, "api", _PACE),
    "700": CodeRule(_REFUSED, "api", "The service finds the request invalid."),
    "801": CodeRule(_NOT_EXECUTED, "api", "The model has failed."),
    "1000": CodeRule(_REFUSED, "api", _CONTENT),
    "1001": CodeRule(_NOT_EXECUTED, "api", "The content check of the service did not work."),
    "1002": CodeRule(_NOT_EXECUTED, "api", "The content check of the service did not work."),
    "IncompleteSignature": CodeRule(_REFUSED, "gateway", _KEYS),
    "InvalidAppKey": CodeRule(_REFUSED, "gateway", _KEYS),
    "IllegalTimestamp": CodeRule(_REFUSED, "gateway", _CLOCK),
    "InvalidTimestamp": CodeRule(_REFUSED, "gateway", _CLOCK),
    "IllegalAccessToken": CodeRule(_REFUSED, "gateway", _KEYS),
    "InsufficientPermission": CodeRule(_REFUSED, "gateway", _QUOTA),
    QUOTA_EXHAUSTED: CodeRule(_REFUSED, "samples", _QUOTA),
    "MissingParameter": CodeRule(_REFUSED, "gateway"),
    "InvalidParameter": CodeRule(_REFUSED, "gateway"),
    "InvalidApiPath": CodeRule(_REFUSED, "gateway", "Check host of the connection."),
    "UnsupportedMethod": CodeRule(_REFUSED, "gateway"),
    "ApiCallLimit": CodeRule(_NOT_EXECUTED, "gateway", _PACE),
    "AppCallLimit": CodeRule(_NOT_EXECUTED, "gateway", _PACE),
    "InputContentBlocked": CodeRule(_REFUSED, "cloud", _CONTENT),
    "OutputContentBlocked": CodeRule(
        _REFUSED, "cloud", "The content check of the service refused what it made: change the title or the scene."
    ),
    "CallerTypeNotSupported": CodeRule(_REFUSED, "cloud", "Use keys of the account itself or of a RAM user."),
    "UserStatusInvalid": CodeRule(_REFUSED, "cloud", _ACCOUNT),
    "ServiceNotOpened": CodeRule(_REFUSED, "cloud", "Activate this API for the account in the console of Aidge."),
    "ServiceStatusInvalid": CodeRule(_REFUSED, "cloud", _ACCOUNT),
    "FreeQuotaExhausted": CodeRule(
        _REFUSED, "cloud", "Buy a package in the console of Aidge, or turn its switch stop-when-exhausted off."
    ),
    "PriorityUnavailable": CodeRule(_REFUSED, "cloud"),
    "DownstreamUnavailable": CodeRule(
        _NOT_EXECUTED, "cloud", "A model behind the service, or the picture's address, is not available for now."
    ),
    # Measuring what was used comes last, so the work may be done.
    "UsageParseFail": CodeRule(_UNKNOWN, "cloud", _OWN_ERROR),
    "HTTP 429": CodeRule(_NOT_EXECUTED, "cloud", _PACE),
    "Gateway429": CodeRule(_NOT_EXECUTED, "cloud", _PACE),
    "Throttling": CodeRule(_NOT_EXECUTED, "common", _PACE),
    "InvalidAccessKeyId": CodeRule(_REFUSED, "common", _KEYS),
    "InvalidTimeStamp": CodeRule(_REFUSED, "common", _CLOCK),
    "SignatureDoesNotMatch": CodeRule(_REFUSED, "common", _KEYS),
    "Forbidden": CodeRule(_REFUSED, "common", "Grant the RAM user of these keys the use of Aidge."),
    "NoPermission": CodeRule(_REFUSED, "common", "Grant the RAM user of these keys the use of Aidge."),
    "InsufficientBalance": CodeRule(_REFUSED, "common", _ACCOUNT),
    "InvalidAction": CodeRule(_REFUSED, "common", "Check host of the connection."),
    "UnsupportedParameter": CodeRule(_REFUSED, "common"),
    # Of either party, and what was handed on may have gone on.
    "InternalError": CodeRule(_UNKNOWN, "common", _OWN_ERROR),
    "ServiceUnavailable": CodeRule(_UNKNOWN, "common", _OWN_ERROR),
}

_TOO_FAST = frozenset({RATE_LIMIT, "ApiCallLimit", "AppCallLimit", "HTTP 429", "Gateway429", "Throttling"})

# A query has no content, so this is about the task that it asks for, and is the end of it. What may pass is not: a task
# that goes on after all would be paid for twice.
TASK_CODES = frozenset({"1000", "InputContentBlocked", "OutputContentBlocked"})
# A query says nothing but a task id.
_INVALID = frozenset({"700", "InvalidParameter"})

# A gateway checks these before anything else, whatever it calls the error.
_REFUSING_WORDS = ("Signature", "Timestamp")
_QUOTA_WORDS = "resources have been exhausted"


def is_about_credentials(code: str) -> bool:
    """Tell whether a code says that the keys are wrong, and not what they may be used for."""
    rule = rule_for(code)
    return rule.hint == _KEYS if rule else "Signature" in code


def ends_task(code: str) -> bool:
    """Tell whether the answer to a look says that the task has come to a bad end."""
    return code in TASK_CODES or _family(code) in TASK_CODES


def is_about_clock(code: str) -> bool:
    """Tell whether a code says that the clock of this machine is too far off."""
    return "timestamp" in code.lower()


def rule_for(code: str) -> CodeRule | None:
    """Return what is known of a code of Aidge, of its gateway, or of this package; None if nothing is."""
    return CODES.get(code) or TRANSPORT_CODES.get(code) or CODES.get(_family(code))


def is_too_fast(code: str) -> bool:
    """Tell whether a request was refused for how many came in the same second."""
    return code in _TOO_FAST or _family(code) in _TOO_FAST


def outcome_of(code: str) -> Outcome:
    """Say what a code says about the request.

    A code that is in no table counts as ``UNKNOWN``: it must neither end a task for good nor resend a paid request.
    """
    rule = rule_for(code)
    if rule is None and any(word in code for word in _REFUSING_WORDS):
        return Outcome.REFUSED
    return rule.outcome if rule else Outcome.UNKNOWN


def gateway_code(code: str, message: str) -> str:
    """Return the code of a gateway's error; an exhausted quota is known by its words only.

    A number is not one of the service's: what the gateway counts with it, such as an HTTP status, says nothing of
    whether the service had the request already.
    """
    if code.isdigit():
        code = f"Gateway{code}"
    return QUOTA_EXHAUSTED if _QUOTA_WORDS in message.lower() and not is_too_fast(code) else code


def hint_for(action: str, code: str) -> str:
    """Say what may help against an error, for the person who reads the log; empty if nothing is known."""
    if says_no_such_task(action, code):
        return "Aidge does not know this task for these keys: check the task id, and login of the connection."
    rule = rule_for(code)
    return rule.hint if rule else ""


def says_no_such_task(action: str, code: str) -> bool:
    """Tell whether an error can mean that the service does not know the task that was asked for."""
    return action == AidgeAction.QUERY and _family(code) in _INVALID


def _family(code: str) -> str:
    return code.partition(".")[0]
