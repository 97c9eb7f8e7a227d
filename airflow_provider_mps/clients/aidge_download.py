"""Fetch the pictures of Aidge from wherever it keeps them."""

from __future__ import annotations

import hashlib
from contextlib import closing
from pathlib import Path

import httpx
from fastcrc.crc64 import xz as crc64_ecma

from airflow_provider_mps.clients.http_log import hide_queries
from airflow_provider_mps.clients.proxies import ProxyTransport
from airflow_provider_mps.clients.transport import answered, tls_context, watched
from airflow_provider_mps.core.connections import DEFAULT_REQUEST_TIMEOUT
from airflow_provider_mps.core.digests import Digest
from airflow_provider_mps.core.errors import ServiceError
from airflow_provider_mps.core.outcomes import Outcome, Transport, outcome_of_http_status
from airflow_provider_mps.core.stopping import Stop
from airflow_provider_mps.core.vocabulary import MAX_CONNECTIONS
from airflow_provider_mps.services.aidge.connection import AidgeSettings
from airflow_provider_mps.services.aidge.integrity import read_oss_digest
from airflow_provider_mps.services.aidge.pictures import read_header
from airflow_provider_mps.services.aidge.wholeness import BrokenPictureError, check_whole
from airflow_provider_mps.services.aidge.words import AIDGE_NAME, DOWNLOAD

MAX_RESULT_BYTES = 64 * 1024 * 1024
EXCERPT_BYTES = 1000
# MPO is what the library calls a JPEG that carries a second picture, as those of phones do.
_EXTENSIONS = {"JPEG": ".jpg", "MPO": ".jpg", "PNG": ".png", "WEBP": ".webp", "BMP": ".bmp"}


def download_client(settings: AidgeSettings) -> httpx.Client:
    """Return a client that fetches pictures from wherever Aidge keeps them: it signs nothing, and goes nowhere else."""
    hide_queries()
    limits = httpx.Limits(max_keepalive_connections=MAX_CONNECTIONS)
    return httpx.Client(
        # Without compression, so that the length that is announced is that of the picture.
        headers={"Accept-Encoding": "identity"},
        timeout=settings.request_timeout,
        transport=ProxyTransport(settings.proxy, tls_context(settings.ca_bundle), limits),
        trust_env=False,
    )


def download(client: httpx.Client, target: str, url: str, folder: Path, stem: str, stop: Stop | None = None) -> Path:
    """Stream a picture into a file, and check that it is one, and whole.

    :param target: the address without its signature, for messages
    :param folder: folder of the file
    :param stem: its name without extension
    :param stop: says that the task is at its end
    :return: the file
    :raises TransferStoppedError: it was
    :raises ServiceError: it is not there, did not arrive whole, is broken, or is no picture
    """
    part = folder / f"{stem}.part"
    request, seconds = client.build_request("GET", url), client.timeout.read or DEFAULT_REQUEST_TIMEOUT
    with closing(answered(seconds, lambda: client.send(request, stream=True), httpx.Response.close)) as response:
        _refuse_status(target, response)
        digest = _stream(target, response, part, stop)
    _compare(target, response, digest)
    with part.open("rb") as stored:
        header = read_header(stored)
    if header is None or header.format not in _EXTENSIONS:
        kind = response.headers.get("content-type", "no content type")
        said = f"{digest.size} bytes arrived ({kind}), which are no picture of a size and a format that Aidge makes"
        raise _failure(target, Transport.NOT_WHOLE, said)
    try:
        check_whole(part)
    except BrokenPictureError as error:
        raise _failure(target, Transport.BROKEN_PICTURE, f"{digest.size} bytes of {header.format}: {error}") from None
    return part.rename(folder / f"{stem}{_EXTENSIONS[header.format]}")


def _failure(target: str, code: str, message: str, outcome: Outcome = Outcome.UNKNOWN) -> ServiceError:
    return ServiceError(AIDGE_NAME, DOWNLOAD, target, code, message, "", outcome)


def _refuse_status(target: str, response: httpx.Response) -> None:
    if response.status_code == httpx.codes.OK:
        return
    outcome = outcome_of_http_status(response.status_code)
    if outcome is Outcome.REFUSED:
        # An address may have expired, and a picture may be on its way: asking again costs nothing.
        outcome = Outcome.NOT_EXECUTED
    said = next(response.iter_raw(EXCERPT_BYTES), b"").decode(errors="replace")
    raise _failure(target, f"HTTP {response.status_code}", said, outcome)


def _stream(target: str, response: httpx.Response, part: Path, stop: Stop | None) -> Digest:
    announced = response.headers.get("content-length")
    if announced is None and "chunked" not in response.headers.get("transfer-encoding", "").lower():
        raise _failure(target, Transport.NOT_WHOLE, "neither the length of the picture nor its end was announced")
    size, crc, md5 = 0, 0, hashlib.md5(usedforsecurity=False)
    with part.open("wb") as file:
        for piece in watched(response.iter_raw(), stop):
            file.write(piece)
            size += len(piece)
            crc = crc64_ecma(piece, crc)
            md5.update(piece)
            if size > MAX_RESULT_BYTES:
                raise _failure(target, Transport.NOT_WHOLE, f"the picture is larger than {MAX_RESULT_BYTES:,} bytes")
    # The end of chunks is looked for by httpx.
    if announced is not None and announced != str(size):
        raise _failure(target, Transport.NOT_WHOLE, f"{size} bytes arrived, {announced} were announced")
    return Digest(size, crc, md5.hexdigest())


def _compare(target: str, response: httpx.Response, arrived: Digest) -> None:
    """Compare with the checksums that were sent; what is made as it is fetched has those of its source, if any."""
    if "x-oss-process" in response.request.url.params:
        return
    sent = read_oss_digest(dict(response.headers))
    if sent.crc64 not in (None, arrived.crc64):
        said = f"CRC64 {arrived.crc64} here, {sent.crc64} in x-oss-hash-crc64ecma ({arrived.size} bytes)"
        raise _failure(target, Transport.NOT_WHOLE, said)
    if sent.md5 not in (None, arrived.md5):
        said = f"MD5 {arrived.md5} here, {sent.md5} was sent ({arrived.size} bytes)"
        raise _failure(target, Transport.NOT_WHOLE, said)
