"""The signature of COS V5 requests: verification of headers and presigned URLs, and presigning."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from airflow_provider_mps.local.cos.errors import CosRefusal
from airflow_provider_mps.local.serving.accounts import Accounts, Credential
from airflow_provider_mps.local.serving.wire import Request

_FIELDS = (
    "q-sign-algorithm",
    "q-ak",
    "q-sign-time",
    "q-key-time",
    "q-header-list",
    "q-url-param-list",
    "q-signature",
)


def verify(request: Request, *, accounts: Accounts, now: float) -> Credential:
    """Check the signature of a request, in its ``Authorization`` header or in its query.

    :param request: the request.
    :param accounts: the known key pairs.
    :param now: the service's clock, seconds since the epoch.
    :return: the key pair that signed.
    :raises CosError: 403 with the code of what is wrong.
    """
    fields = _fields(request)
    credential = accounts.find(fields["q-ak"])
    token = request.headers.get("x-cos-security-token") or request.query.get("x-cos-security-token", "")
    # Without its token a temporary id is an unknown id to COS.
    if credential is None or (credential.token and not token):
        raise CosRefusal(403, "InvalidAccessKeyId", "The Access Key Id you provided does not exist in our records.")
    for name in ("q-sign-time", "q-key-time"):
        _check_period(fields[name], now)
    if not any(hmac.compare_digest(fields["q-signature"], one) for one in _signatures(request, fields, credential)):
        raise CosRefusal(
            403,
            "SignatureDoesNotMatch",
            "The Signature you specified is invalid. Please check your secret key and the signed content.",
        )
    if not hmac.compare_digest(credential.token.encode(), token.encode("utf-8", "replace")):
        raise CosRefusal(403, "AccessDenied", "The security token is invalid.")
    if credential.expires is not None and now >= credential.expires:
        raise CosRefusal(403, "ExpiredToken", "The security token has expired.")
    return credential


def presign(credential: Credential, *, host: str, key: str, start: int, seconds: int, scheme: str = "https") -> str:
    """Make a URL that downloads one object without further credentials.

    :param credential: the key pair that signs.
    :param host: the bucket's own host name.
    :param key: the object key, without a leading slash.
    :param start: the beginning of validity, seconds since the epoch.
    :param seconds: how long the URL is good for.
    :param scheme: ``https`` or ``http``.
    :return: the URL.
    """
    period = f"{start};{start + seconds}"
    text = _format_string("get", "/" + key, {}, {"host": _encode(host)})
    fields = {
        "q-sign-algorithm": "sha1",
        "q-ak": credential.secret_id,
        "q-sign-time": period,
        "q-key-time": period,
        "q-header-list": "host",
        "q-url-param-list": "",
        "q-signature": _sign(credential.secret_key, period, period, text),
    }
    return f"{scheme}://{host}/{quote(key, safe='/-_.~')}?{urlencode(fields)}"


def _fields(request: Request) -> dict[str, str]:
    header = request.headers.get("authorization", "")
    fields = dict(parse_qsl(header, keep_blank_values=True)) if header else request.query
    if "q-signature" not in fields:
        raise CosRefusal(403, "AccessDenied", "Access Denied.")
    missing = [name for name in _FIELDS if name not in fields]
    if missing or fields["q-sign-algorithm"] != "sha1":
        raise CosRefusal(403, "AccessDenied", "The authorization is not of the form of a COS V5 signature.")
    return {name: fields[name] for name in _FIELDS}


def _check_period(period: str, now: float) -> None:
    start, separator, end = period.partition(";")
    if not (separator and start.isascii() and start.isdigit() and end.isascii() and end.isdigit()):
        raise CosRefusal(403, "AccessDenied", "The signature's time is not of the form start;end.")
    if now < int(start):
        raise CosRefusal(403, "RequestTimeTooSkewed", "The signature is not valid yet: check the clock of the client.")
    if now > int(end):
        raise CosRefusal(403, "AccessDenied", "Request has expired")


def _signatures(request: Request, fields: Mapping[str, str], credential: Credential) -> list[str]:
    """Give the acceptable signatures: two when the host was signed, as clients sign it with or without its port."""
    # Header values are bytes on the wire and are signed as such, whatever their encoding.
    headers = _listed(fields["q-header-list"], {k: v.strip().encode("latin-1") for k, v in request.headers.items()})
    params = _listed(fields["q-url-param-list"], request.query)
    variants = [headers]
    if "host" in headers:
        host = urlsplit(f"//{request.headers['host'].strip()}").hostname or ""
        variants.append({**headers, "host": _encode(host)})
    return [
        _sign(
            credential.secret_key,
            fields["q-sign-time"],
            fields["q-key-time"],
            _format_string(request.method.lower(), request.path, params, variant),
        )
        for variant in variants
    ]


def _listed(names: str, values: Mapping[str, str] | Mapping[str, bytes]) -> dict[str, str]:
    wanted = names.split(";") if names else []
    if wanted != sorted(set(wanted)):
        raise CosRefusal(403, "SignatureDoesNotMatch", "A list of signed names must be sorted and hold each name once.")
    present = {_encode(name).lower(): _encode(value) for name, value in values.items()}
    if missing := [name for name in wanted if name not in present]:
        raise CosRefusal(403, "SignatureDoesNotMatch", f"Signed, but not in the request: {', '.join(missing)}.")
    return {name: present[name] for name in wanted}


def _format_string(method: str, path: str, params: Mapping[str, str], headers: Mapping[str, str]) -> str:
    parts = ["&".join(f"{name}={value}" for name, value in sorted(group.items())) for group in (params, headers)]
    return f"{method}\n{path}\n{parts[0]}\n{parts[1]}\n"


def _sign(secret_key: str, sign_time: str, key_time: str, text: str) -> str:
    sign_key = hmac.digest(secret_key.encode(), key_time.encode(), "sha1").hex()
    # COS V5 signs with SHA-1; there is no choice.
    digest = hashlib.sha1(text.encode("utf-8", "surrogatepass")).hexdigest()  # noqa: S324
    return hmac.digest(sign_key.encode(), f"sha1\n{sign_time}\n{digest}\n".encode(), "sha1").hex()


def _encode(value: str | bytes) -> str:
    return quote(value, safe="-_.~")
