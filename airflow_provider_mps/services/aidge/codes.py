"""The table of Aidge's error codes; see ``core.outcomes`` for what the outcomes mean.

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

from airflow_provider_mps.core.outcomes import NO_RESULT, TRANSPORT_CODES, CodeRule, Outcome
from airflow_provider_mps.services.aidge.words import AidgeAction

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
_GRANT = "Grant the RAM user of these keys the use of Aidge."
_ACTIVATE = "Activate this API for the account in the console of Aidge."
_CALLER = "Use keys of the account itself or of a RAM user."
_OWN_ERROR = "The service has an error of its own."

CODES: dict[str, CodeRule] = {
    "500": CodeRule(_NOT_EXECUTED, "api", _OWN_ERROR),
    RATE_LIMIT: CodeRule(_NOT_EXECUTED, "api", _PACE, is_limit=True),
    "700": CodeRule(_REFUSED, "api", "The service finds the request invalid.", no_such_task=True),
    "801": CodeRule(_NOT_EXECUTED, "api", "The model has failed."),
    "1000": CodeRule(_REFUSED, "api", _CONTENT, ends_task=True),
    "1001": CodeRule(_NOT_EXECUTED, "api", "The content check of the service did not work."),
    "1002": CodeRule(_NOT_EXECUTED, "api", "The content check of the service did not work."),
    "IncompleteSignature": CodeRule(_REFUSED, "gateway", _KEYS, about_keys=True, concerns_all=True),
    "InvalidAppKey": CodeRule(_REFUSED, "gateway", _KEYS, about_keys=True, concerns_all=True),
    "IllegalTimestamp": CodeRule(_REFUSED, "gateway", _CLOCK, about_clock=True, concerns_all=True),
    "InvalidTimestamp": CodeRule(_REFUSED, "gateway", _CLOCK, about_clock=True, concerns_all=True),
    "IllegalAccessToken": CodeRule(_REFUSED, "gateway", _KEYS, about_keys=True, concerns_all=True),
    "InsufficientPermission": CodeRule(_REFUSED, "gateway", _QUOTA, concerns_all=True),
    QUOTA_EXHAUSTED: CodeRule(_REFUSED, "samples", _QUOTA, concerns_all=True),
    "MissingParameter": CodeRule(_REFUSED, "gateway"),
    "InvalidParameter": CodeRule(_REFUSED, "gateway", no_such_task=True),
    "InvalidApiPath": CodeRule(_REFUSED, "gateway", "Check host of the connection.", concerns_all=True),
    "UnsupportedMethod": CodeRule(_REFUSED, "gateway", concerns_all=True),
    "ApiCallLimit": CodeRule(_NOT_EXECUTED, "gateway", _PACE, is_limit=True),
    "AppCallLimit": CodeRule(_NOT_EXECUTED, "gateway", _PACE, is_limit=True),
    "InputContentBlocked": CodeRule(_REFUSED, "cloud", _CONTENT, ends_task=True),
    "OutputContentBlocked": CodeRule(
        _REFUSED,
        "cloud",
        "The content check of the service refused what it made: change the title or the scene.",
        ends_task=True,
    ),
    "CallerTypeNotSupported": CodeRule(_REFUSED, "cloud", _CALLER, concerns_all=True),
    "UserStatusInvalid": CodeRule(_REFUSED, "cloud", _ACCOUNT, concerns_all=True),
    "ServiceNotOpened": CodeRule(_REFUSED, "cloud", _ACTIVATE, concerns_all=True),
    "ServiceStatusInvalid": CodeRule(_REFUSED, "cloud", _ACCOUNT, concerns_all=True),
    "FreeQuotaExhausted": CodeRule(
        _REFUSED,
        "cloud",
        "Buy a package in the console of Aidge, or turn its switch stop-when-exhausted off.",
        concerns_all=True,
    ),
    "PriorityUnavailable": CodeRule(_REFUSED, "cloud"),
    "DownstreamUnavailable": CodeRule(
        _NOT_EXECUTED, "cloud", "A model behind the service, or the picture's address, is not available for now."
    ),
    # Measuring what was used comes last, so the work may be done.
    "UsageParseFail": CodeRule(_UNKNOWN, "cloud", _OWN_ERROR),
    "HTTP 429": CodeRule(_NOT_EXECUTED, "cloud", _PACE, is_limit=True),
    "Gateway429": CodeRule(_NOT_EXECUTED, "cloud", _PACE, is_limit=True),
    "Throttling": CodeRule(_NOT_EXECUTED, "common", _PACE, is_limit=True),
    "InvalidAccessKeyId": CodeRule(_REFUSED, "common", _KEYS, about_keys=True, concerns_all=True),
    "InvalidTimeStamp": CodeRule(_REFUSED, "common", _CLOCK, about_clock=True, concerns_all=True),
    "SignatureDoesNotMatch": CodeRule(_REFUSED, "common", _KEYS, about_keys=True, concerns_all=True),
    "Forbidden": CodeRule(_REFUSED, "common", _GRANT, concerns_all=True),
    "NoPermission": CodeRule(_REFUSED, "common", _GRANT, concerns_all=True),
    "InsufficientBalance": CodeRule(_REFUSED, "common", _ACCOUNT, concerns_all=True),
    "InvalidAction": CodeRule(_REFUSED, "common", "Check host of the connection.", concerns_all=True),
    "UnsupportedParameter": CodeRule(_REFUSED, "common"),
    # Of either party, and what was handed on may have gone on.
    "InternalError": CodeRule(_UNKNOWN, "common", _OWN_ERROR),
    "ServiceUnavailable": CodeRule(_UNKNOWN, "common", _OWN_ERROR),
}

TASK_CODES: dict[str, CodeRule] = {NO_RESULT: CodeRule(_UNKNOWN, "package", "Look into the console of Aidge.")}

# A gateway checks these before anything else, whatever it calls the error.
_REFUSING_WORDS = ("Signature", "Timestamp")
_QUOTA_WORDS = "resources have been exhausted"


def rule_for(code: str) -> CodeRule | None:
    """Return what is known of a code of Aidge, of its gateway, or of this package; None if nothing is."""
    found = _row(code)
    is_about_clock = "timestamp" in code.lower()
    if found is None and any(word in code for word in _REFUSING_WORDS):
        about_keys = not is_about_clock
        return CodeRule(_REFUSED, "gateway", concerns_all=True, about_keys=about_keys, about_clock=is_about_clock)
    return CodeRule(_UNKNOWN, "gateway", about_clock=True) if found is None and is_about_clock else found


def task_rules(code: str) -> list[CodeRule]:
    """Return what is known of the code of a failed task."""
    # A word of a gateway is no verdict on a task that it has let through.
    rule = TASK_CODES.get(code) or _row(code)
    return [rule] if rule else []


def outcome_of(code: str) -> Outcome:
    """Say what a code says about the request.

    A code that is in no table counts as ``UNKNOWN``: it must neither end a task for good nor resend a paid request.
    """
    rule = rule_for(code)
    return rule.outcome if rule else Outcome.UNKNOWN


def gateway_code(code: str, message: str) -> str:
    """Return the code of a gateway's error; an exhausted quota is known by its words only.

    A number is not one of the service's: what the gateway counts with it, such as an HTTP status, says nothing of
    whether the service had the request already.
    """
    if code.isdigit():
        code = f"Gateway{code}"
    rule = rule_for(code)
    is_quota = _QUOTA_WORDS in message.lower() and not (rule and rule.is_limit)
    return QUOTA_EXHAUSTED if is_quota else code


def says_no_such_task(action: str, code: str) -> bool:
    """Tell whether an error can mean that Aidge does not know the task: a query says nothing but its id."""
    rule = rule_for(code)
    return action == AidgeAction.QUERY and rule is not None and rule.no_such_task


def _row(code: str) -> CodeRule | None:
    return CODES.get(code) or TRANSPORT_CODES.get(code) or CODES.get(code.partition(".")[0])
