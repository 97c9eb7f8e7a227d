"""The table of Aidge's error codes; see ``core.codes`` for what the outcomes mean.

Two parties answer. The service puts a number into ``resCode``; an answer with another one than 200 names no task, so
there is none. The gateway before it, the same as that of Alibaba's other open platforms, puts a word into ``code``.

Sources, as named in the rows:

- api: error codes on the pages of "Image Background Generation", below
  https://docs.aidc-ai.com/aidge-resource/api-reference/e-commerce-image-editor/
- gateway: "Error messages" and "Calling parameters" of the platform,
  https://open.alitrip.com/docs/doc.htm?articleId=108138&docType=1&treeId=499
- samples: remarks in https://github.com/Aidge-AI/aidge-python
"""

from __future__ import annotations

from airflow_provider_mps.core.aidge.words import AidgeAction
from airflow_provider_mps.core.codes import TRANSPORT_CODES, CodeRule, Outcome

_REFUSED, _NOT_EXECUTED, _UNKNOWN = Outcome.REFUSED, Outcome.NOT_EXECUTED, Outcome.UNKNOWN

OK = "200"
GATEWAY_OK = "0"
RATE_LIMIT = "501"
# The gateway has words for quotas only in its message.
QUOTA_EXHAUSTED = "QuotaExhausted"

_KEYS = "Check login (API key name), password (secret) and host of the connection."
_QUOTA = "Buy the API for this account, or set trial in the connection to use the trial quota."

CODES: dict[str, CodeRule] = {
    "500": CodeRule(_NOT_EXECUTED, "api", "The service has an error of its own."),
    RATE_LIMIT: CodeRule(_NOT_EXECUTED, "api", "The account calls this API too often."),
    "700": CodeRule(_REFUSED, "api", "The service finds the request invalid."),
    "801": CodeRule(_NOT_EXECUTED, "api", "The model has failed."),
    "1000": CodeRule(_REFUSED, "api", "The content check of the service refused the picture or the title."),
    "1001": CodeRule(_NOT_EXECUTED, "api", "The content check of the service did not work."),
    "1002": CodeRule(_NOT_EXECUTED, "api", "The content check of the service did not work."),
    "IncompleteSignature": CodeRule(_REFUSED, "gateway", _KEYS),
    "InvalidAppKey": CodeRule(_REFUSED, "gateway", _KEYS),
    "IllegalTimestamp": CodeRule(_REFUSED, "gateway", "The clock of this machine is wrong."),
    "InvalidTimestamp": CodeRule(_REFUSED, "gateway", "The clock of this machine is wrong."),
    "IllegalAccessToken": CodeRule(_REFUSED, "gateway", _KEYS),
    "InsufficientPermission": CodeRule(_REFUSED, "gateway", _QUOTA),
    QUOTA_EXHAUSTED: CodeRule(_REFUSED, "samples", _QUOTA),
    "MissingParameter": CodeRule(_REFUSED, "gateway"),
    "InvalidParameter": CodeRule(_REFUSED, "gateway"),
    "InvalidApiPath": CodeRule(_REFUSED, "gateway", "Check host of the connection."),
    "UnsupportedMethod": CodeRule(_REFUSED, "gateway"),
    "ApiCallLimit": CodeRule(_NOT_EXECUTED, "gateway", "The account calls this API too often."),
    "AppCallLimit": CodeRule(_NOT_EXECUTED, "gateway", "The account calls this API too often."),
}

TOO_FAST = frozenset({RATE_LIMIT, "ApiCallLimit", "AppCallLimit", "HTTP 429"})

# A query has no content, so this is about the task that it asks for, and is the end of it. What may pass is not: a task
# that goes on after all would be paid for twice.
TASK_CODES = frozenset({"1000"})
# A query says nothing but a task id.
_INVALID = "700"

# A gateway checks these before anything else, whatever it calls the error.
_REFUSING_WORDS = ("Signature", "Timestamp")
_QUOTA_WORDS = "resources have been exhausted"


def rule_for(code: str) -> CodeRule | None:
    """Return what is known of a code of Aidge, of its gateway, or of this package; None if nothing is."""
    return CODES.get(code) or TRANSPORT_CODES.get(code)


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
    return QUOTA_EXHAUSTED if _QUOTA_WORDS in message.lower() and code not in TOO_FAST else code


def hint_for(action: str, code: str) -> str:
    """Say what may help against an error, for the person who reads the log; empty if nothing is known."""
    if says_no_such_task(action, code):
        return "Aidge does not know this task for these keys: check the task id, and login of the connection."
    rule = rule_for(code)
    return rule.hint if rule else ""


def says_no_such_task(action: str, code: str) -> bool:
    """Tell whether an error can mean that the service does not know the task that was asked for."""
    return action == AidgeAction.QUERY and code == _INVALID
