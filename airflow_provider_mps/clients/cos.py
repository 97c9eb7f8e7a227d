"""COS by the vendor's client: what the SDK leaves unchecked is checked here."""

from __future__ import annotations

import hashlib
import os
from base64 import b64encode
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO
from urllib.parse import urlsplit

from fastcrc.crc64 import xz as crc64_ecma
from qcloud_cos import CosConfig, CosS3Client
from qcloud_cos.cos_exception import CosServiceError
from requests import codes
from requests.adapters import HTTPAdapter
from requests.structures import CaseInsensitiveDict

from airflow_provider_mps.clients.profile import CALLER, quiet_sdk_loggers
from airflow_provider_mps.clients.proxies import Session
from airflow_provider_mps.clients.transport import answered, no_answer, watched
from airflow_provider_mps.core.digests import Digest
from airflow_provider_mps.core.errors import ServiceError
from airflow_provider_mps.core.outcomes import Outcome, Transport
from airflow_provider_mps.core.stopping import Stop
from airflow_provider_mps.core.vocabulary import MAX_CONNECTIONS
from airflow_provider_mps.services.tencentcloud.codes import HAS_VERSIONS, outcome_of_cos
from airflow_provider_mps.services.tencentcloud.connection import TencentCloudSettings
from airflow_provider_mps.services.tencentcloud.integrity import is_verifiable, read_digest
from airflow_provider_mps.services.tencentcloud.objects import COPIED_HEADERS, META_PREFIX
from airflow_provider_mps.services.tencentcloud.words import Service

CHUNK_BYTES = 256 * 1024
_SDK_NAMES = {name: name.replace("-", "") for name in COPIED_HEADERS}
_DOMAINS = (".myqcloud.com", ".tencentcos.cn")
# The answer to a HEAD has no body that would say it.
_HEAD_CODES = {400: "BadRequest", 403: "AccessDenied", 404: "NoSuchResource"}
_sessions: dict[int, Session] = {}

# https://cloud.tencent.com/document/product/436/7749
FORBID_OVERWRITE = "x-cos-forbid-overwrite"
# Tells whoever sent a request whose answer was lost that the object is theirs.
WRITER = "x-cos-meta-writer"


class Client(CosS3Client):  # type: ignore[misc]
    """The vendor's client, which knows for how long it waits.

    :ivar request_timeout: seconds for each wait on an answer
    """

    request_timeout: float


def client(settings: TencentCloudSettings, credential: Any, region: str) -> Client:
    """Return the vendor's client for a region."""
    quiet_sdk_loggers()
    dial = settings.cos_endpoint
    endpoint: str | None = None
    if dial and dial.host.startswith("cos.") and dial.host.endswith(_DOMAINS):
        # A name of COS itself, such as that of global acceleration, which wants the bucket before it in Host too.
        endpoint, dial = dial.host, None
    config = CosConfig(
        Region=region,
        Endpoint=endpoint,
        SecretId=credential.secret_id,
        SecretKey=credential.secret_key,
        Token=credential.token,
        Scheme=settings.protocol,
        Timeout=settings.request_timeout,
        IP=dial.host if dial else None,
        Port=dial.port if dial else None,
        Proxies={"http": settings.proxy, "https": settings.proxy} if settings.proxy else None,
        VerifySSL=settings.ca_bundle,
        UA=CALLER,
    )
    # No retries of its own: the hook resends, with a log line for each.
    found = Client(config, retry=0, session=_session())
    found.request_timeout = settings.request_timeout
    return found


def _session() -> Session:
    """Return the one session of all clients of this process; a fork must not share the connections of its parent."""
    pid = os.getpid()
    if pid not in _sessions:
        session = Session()
        for scheme in ("http://", "https://"):
            session.mount(scheme, HTTPAdapter(pool_connections=MAX_CONNECTIONS, pool_maxsize=MAX_CONNECTIONS))
        return _sessions.setdefault(pid, session)
    return _sessions[pid]


def fetch(cos: Client, bucket: str, key: str, file: BinaryIO, stop: Stop | None = None) -> tuple[Digest, Digest]:
    """Stream an object into a file; return what COS says of it and what arrived.

    :param stop: says that the task is at its end
    :raises TransferStoppedError: it was
    """
    return fetch_with_headers(cos, bucket, key, file, stop)[:2]


def fetch_with_headers(
    cos: Client, bucket: str, key: str, file: BinaryIO, stop: Stop | None = None
) -> tuple[Digest, Digest, Mapping[str, Any]]:
    """Stream an object into a file, as :func:`fetch` does; return the headers of the answer too."""
    response = answered(cos.request_timeout, lambda: cos.get_object(Bucket=bucket, Key=key), _close)
    raw = response.pop("Body").get_raw_stream()
    try:
        check_redirect(response)
        _check_status(raw.status, response)
    except (RedirectError, StatusError):
        raw.close()
        raise
    stored = read_digest(response)
    size, crc = 0, 0
    md5 = _md5() if stored.crc64 is None else None
    # COS calls it CRC64-ECMA; the catalogue of CRCs calls it CRC-64/XZ.
    try:
        # decode_content: size and CRC64 are those of the stored bytes.
        for chunk in watched(_pieces(raw), stop):
            file.write(chunk)
            size += len(chunk)
            crc = crc64_ecma(chunk, crc)
            if md5 is not None:
                md5.update(chunk)
    except BaseException:
        # What is still to come must not meet the next request.
        raw.close()
        raise
    raw.release_conn()
    return stored, Digest(size, crc, md5.hexdigest() if md5 is not None else None), response


def _close(response: dict[str, Any]) -> None:
    response["Body"].get_raw_stream().close()


def _pieces(raw: Any) -> Iterator[bytes]:
    """Yield what has come, however little; where urllib3 is too old for this, in whole chunks."""
    if not hasattr(raw, "read1"):
        yield from raw.stream(CHUNK_BYTES, decode_content=False)
        return
    while piece := raw.read1(CHUNK_BYTES, decode_content=False):
        yield piece


def store(
    cos: Client,
    bucket: str,
    key: str,
    file: BinaryIO,
    content_type: str | None,
    writer: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> tuple[Digest, Digest]:
    """Stream a file into an object; return what COS says of it and what was sent.

    :param writer: whoever may only make the object, and not replace one; it is stored with it
    :param headers: what else is stored with it, such as ``Cache-Control``
    """
    size, crc, md5 = 0, 0, _md5()
    while chunk := file.read(CHUNK_BYTES):
        size += len(chunk)
        crc = crc64_ecma(chunk, crc)
        md5.update(chunk)
    file.seek(0)
    # What is broken on its way is refused, and never seen under the key.
    options: dict[str, Any] = {"ContentMD5": b64encode(md5.digest()).decode()}
    if content_type:
        options["ContentType"] = content_type
    options |= stored_with(headers or {})
    if writer is not None:
        # The SDK takes headers that it does not know as metadata.
        options["Metadata"] = {**options.get("Metadata", {}), FORBID_OVERWRITE: "true", WRITER: writer}
    # The length of this answer is not that of the object.
    answer = cos.put_object(Bucket=bucket, Key=key, Body=file, **options)
    check_redirect(answer)
    if writer is not None and (version := CaseInsensitiveDict(answer).get("x-cos-version-id")):
        raise VersioningError(str(version), str(CaseInsensitiveDict(answer).get("x-cos-request-id") or ""))
    stored = read_digest(answer)._replace(size=None)
    if not is_verifiable(stored):
        stored = head(cos, bucket, key)
    return stored._replace(size=size if stored.size is None else stored.size), Digest(size, crc, md5.hexdigest())


def digest_of(data: bytes) -> Digest:
    """Return size, CRC64 and MD5 of bytes."""
    md5 = _md5()
    md5.update(data)
    return Digest(len(data), crc64_ecma(data, 0), md5.hexdigest())


def stored_with(headers: Mapping[str, str]) -> dict[str, Any]:
    """Return what the SDK takes for headers that are to be stored with an object."""
    options: dict[str, Any] = {}
    for name, text in headers.items():
        # The bytes that came: requests reads headers as Latin-1, and the SDK would send UTF-8.
        value = text.encode("latin-1")
        if name.startswith(META_PREFIX):
            options.setdefault("Metadata", {})[name] = value
        else:
            options[_SDK_NAMES[name]] = value
    return options


def _md5() -> Any:
    # Allowed where the machine takes MD5 for secrets no longer (FIPS).
    return hashlib.md5(usedforsecurity=False)


def head(cos: Client, bucket: str, key: str) -> Digest:
    """Return size and CRC64 of an object."""
    answer = answered(cos.request_timeout, lambda: cos.head_object(Bucket=bucket, Key=key))
    check_redirect(answer)
    return read_digest(answer)


class RedirectError(Exception):
    """COS sends the request elsewhere, which the SDK takes for a success."""


class VersioningError(Exception):
    """A bucket with versioning stores another version of what must not be there twice."""


def check_redirect(headers: Mapping[str, Any]) -> None:
    """Raise :class:`RedirectError` for an answer that says where else to ask."""
    lowered = {name.lower(): value for name, value in headers.items()}
    if location := lowered.get("location"):
        raise RedirectError(str(lowered.get("x-cos-request-id") or ""), urlsplit(str(location)).hostname or "")


class StatusError(Exception):
    """COS answers with another success than an object as a whole, such as a part of it; to the SDK all are one."""


def _check_status(status: int, headers: Mapping[str, Any]) -> None:
    if status == codes.ok:
        return
    request_id = CaseInsensitiveDict(headers).get("x-cos-request-id") or ""
    raise RedirectError(request_id, "") if 300 <= status < 400 else StatusError(status, request_id)


def translate(action: str, target: str, error: Exception) -> ServiceError:
    """Turn whatever the client raised into the one kind of error that the rest of the package knows."""
    if isinstance(error, ServiceError):
        return error
    if isinstance(error, RedirectError):
        request_id, host = error.args
        said = f"COS redirects to {host or 'another address'}: the bucket is in another region than that of cos_region"
        return ServiceError(Service.COS, action, target, Transport.REDIRECTED, said, request_id, Outcome.REFUSED)
    if isinstance(error, VersioningError):
        version, request_id = error.args
        code = HAS_VERSIONS
        said = f"COS stored version {version}, so what was there before could not keep it from being written"
        return ServiceError(Service.COS, action, target, code, said, request_id, outcome_of_cos(code, codes.ok))
    if isinstance(error, StatusError):
        status, request_id = error.args
        said = f"HTTP {status} where the whole object was asked for"
        return ServiceError(Service.COS, action, target, f"HTTP {status}", said, request_id, Outcome.UNKNOWN)
    if isinstance(error, CosServiceError) and isinstance(error.get_digest_msg(), CaseInsensitiveDict):
        # The SDK hands over the headers of an answer without a body.
        status, headers = int(error.get_status_code()), error.get_digest_msg()
        code, request_id = _HEAD_CODES.get(status, f"HTTP {status}"), str(headers.get("x-cos-request-id") or "")
        said = f"HTTP {status}, without words of COS"
        return ServiceError(Service.COS, action, target, code, said, request_id, outcome_of_cos(code, status))
    if isinstance(error, CosServiceError):
        details = error.get_digest_msg() if isinstance(error.get_digest_msg(), dict) else {}
        status = int(error.get_status_code())
        code = str(details.get("code") or f"HTTP {status}")
        message = str(details.get("message") or error.get_origin_msg() or f"HTTP {status}")
        request_id = str(details.get("requestid") or "")
        return ServiceError(Service.COS, action, target, code, message, request_id, outcome_of_cos(code, status))
    return no_answer(Service.COS, action, target, error)
