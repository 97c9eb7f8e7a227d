"""Verification of the signature of requests to Aidge's gateway.

The signature covers the secret and the time only, neither path nor body.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping

from airflow_provider_mps.local.aidge.errors import AidgeRefusal
from airflow_provider_mps.local.serving.accounts import Accounts, Credential

MAX_SKEW_SECONDS = 7200


def verify(query: Mapping[str, str], *, accounts: Accounts, now: float) -> Credential:
    """Check the signature of a request.

    :param query: the decoded query of the request.
    :param accounts: the known pairs of API key name and secret.
    :param now: the service's clock, seconds since the epoch.
    :return: the pair that signed.
    :raises AidgeError: with the gateway's code of what is wrong.
    """
    for name in ("app_key", "timestamp", "sign"):
        if not query.get(name):
            raise AidgeRefusal("MissingParameter", f"The input parameter '{name}' that is mandatory is not supplied")
    for name, expected in (("partner_id", "aidge"), ("sign_ver", "v2")):
        if query.get(name) != expected:
            raise AidgeRefusal(
                "InvalidParameter", f"The specified parameter '{name}' is not valid, it has to be {expected}"
            )
    if query.get("sign_method") != "sha256":
        raise AidgeRefusal("UnsupportedMethod", "The specified sign_method is not supported, it has to be sha256")
    timestamp = query["timestamp"]
    if not re.fullmatch(r"[0-9]{1,15}", timestamp):
        raise AidgeRefusal("IllegalTimestamp", "The timestamp is invalid or malformed")
    if abs(now - int(timestamp) / 1000) > MAX_SKEW_SECONDS:
        raise AidgeRefusal("IllegalTimestamp", f"The timestamp has expired, it is more than {MAX_SKEW_SECONDS} s off")
    credential = accounts.find(query["app_key"])
    if credential is None:
        raise AidgeRefusal("InvalidAppKey", "The specified App Key is invalid")
    secret = credential.secret_key
    wanted = hmac.digest(secret.encode(), (secret + timestamp).encode(), "sha256").hex().upper()
    if not hmac.compare_digest(wanted.encode(), query["sign"].encode("utf-8", "replace")):
        raise AidgeRefusal("IncompleteSignature", "The request signature does not conform to platform standards")
    return credential
