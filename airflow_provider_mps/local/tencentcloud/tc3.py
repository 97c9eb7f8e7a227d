"""Verification of TC3-HMAC-SHA256, the signature of API 3.0 requests."""

from __future__ import annotations

import hashlib
import hmac
import re
from datetime import UTC, datetime

from airflow_provider_mps.local.serving.accounts import Accounts, Credential
from airflow_provider_mps.local.serving.wire import Request
from airflow_provider_mps.local.tencentcloud.errors import ApiRefusal

ALGORITHM = "TC3-HMAC-SHA256"
MAX_SKEW_SECONDS = 300

_AUTHORIZATION = re.compile(
    r"TC3-HMAC-SHA256 Credential=(?P<id>[^/,\s]+)/(?P<date>[^/,\s]+)/(?P<service>[^/,\s]+)/(?P<end>[^/,\s]+), ?"
    r"SignedHeaders=(?P<headers>[^,\s]+), ?Signature=(?P<signature>[0-9a-f]{64})"
)


def verify(request: Request, body: bytes, *, service: str, accounts: Accounts, now: float) -> Credential:
    """Check the signature of a request.

    :param request: the request, whose headers carry the signature.
    :param body: the whole request body.
    :param service: the service that the action belongs to, such as ``mps``; the credential scope must name it.
    :param accounts: the known key pairs.
    :param now: the service's clock, seconds since the epoch.
    :return: the key pair that signed.
    :raises ApiError: with the API 3.0 code of what is wrong.
    """
    match = _AUTHORIZATION.fullmatch(request.headers.get("authorization", ""))
    if match is None or match["end"] != "tc3_request":
        raise ApiRefusal("AuthFailure.InvalidAuthorization", "The `Authorization` header does not meet the standard.")
    timestamp = request.headers["x-tc-timestamp"]
    if abs(now - int(timestamp)) > MAX_SKEW_SECONDS:
        raise ApiRefusal(
            "AuthFailure.SignatureExpire",
            "The provided credentials are expired: `X-TC-Timestamp` differs from the server time by over 5 minutes.",
        )
    credential = accounts.find(match["id"])
    if credential is None:
        raise ApiRefusal("AuthFailure.SecretIdNotFound", "The SecretId is not found, please ensure that it is correct.")
    _check_scope(match["date"], match["service"], service, int(timestamp))
    signed = match["headers"].split(";")
    if "content-type" not in signed or "host" not in signed or signed != sorted({name.lower() for name in signed}):
        raise ApiRefusal(
            "AuthFailure.InvalidAuthorization",
            "`SignedHeaders` must hold `content-type` and `host`, in lower case, sorted and each once.",
        )
    expected = _signature(request, body, credential.secret_key, timestamp, match["date"], service, signed)
    if not hmac.compare_digest(expected, match["signature"]):
        raise _mismatch("Please check that the SecretKey and the signed content are correct.")
    _check_token(credential, request.headers.get("x-tc-token", ""), now)
    return credential


def _check_scope(date: str, named: str, service: str, timestamp: int) -> None:
    if date != datetime.fromtimestamp(timestamp, UTC).strftime("%Y-%m-%d"):
        raise _mismatch("The date in `Credential` is not the UTC date of `X-TC-Timestamp`.")
    if named != service:
        raise _mismatch(f"The service in `Credential` must be `{service}`.")


def _check_token(credential: Credential, token: str, now: float) -> None:
    expired = credential.expires is not None and now >= credential.expires
    if expired or not hmac.compare_digest(credential.token.encode(), token.encode("latin-1")):
        raise ApiRefusal("AuthFailure.TokenFailure", "The token is missing, wrong or expired.")


def _signature(
    request: Request, body: bytes, secret_key: str, timestamp: str, date: str, service: str, signed: list[str]
) -> str:
    lines = "".join(f"{name}:{request.headers.get(name, '').strip().lower()}\n" for name in signed)
    # A client may leave the body out of the signature; it then signs these words in its place.
    unsigned = request.headers.get("x-tc-content-sha256") == "UNSIGNED-PAYLOAD"
    digest = hashlib.sha256(b"UNSIGNED-PAYLOAD" if unsigned else body).hexdigest()
    canonical = "\n".join([request.method, "/", request.query_string, lines, ";".join(signed), digest])
    scope = f"{date}/{service}/tc3_request"
    text = "\n".join([ALGORITHM, timestamp, scope, hashlib.sha256(canonical.encode("latin-1")).hexdigest()])
    key = f"TC3{secret_key}".encode()
    for part in (date, service, "tc3_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return hmac.digest(key, text.encode(), "sha256").hex()


def _mismatch(reason: str) -> ApiRefusal:
    return ApiRefusal("AuthFailure.SignatureFailure", f"The provided credentials could not be validated. {reason}")
