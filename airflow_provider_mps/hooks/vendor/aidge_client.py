"""HTTP clients for Aidge, sync and async: there is no SDK of the vendor's that is published and kept."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Generator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

import anyio
import httpx

from airflow_provider_mps.core.aidge.answers import read_answer
from airflow_provider_mps.core.aidge.connection import AidgeSettings
from airflow_provider_mps.core.aidge.sign import signed_query
from airflow_provider_mps.core.aidge.words import REST_PREFIX
from airflow_provider_mps.core.codes import Outcome, Transport, outcome_of_http_status
from airflow_provider_mps.core.errors import ServiceError
from airflow_provider_mps.core.vocabulary import Service
from airflow_provider_mps.hooks.vendor.http_log import hide_queries
from airflow_provider_mps.hooks.vendor.transport import tls_context

DOWNLOAD = "GetResult"
_EXTENSIONS = {"image/jpeg": ".jpg", "image/png": ".png", "image/webp": ".webp", "image/bmp": ".bmp"}


class AidgeAuth(httpx.Auth):
    """Signs each request, with the time of that moment.

    :param clock: gives seconds since the epoch
    """

    def __init__(self, key_name: str, secret: str, clock: Callable[[], float] = time.time) -> None:
        self._key_name = key_name
        self._secret = secret
        self._clock = clock

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Put the signature into the query."""
        query = signed_query(self._key_name, self._secret, int(self._clock() * 1000))
        request.url = request.url.copy_with(query=query.encode("ascii"))
        yield request


def sync_client(settings: AidgeSettings) -> httpx.Client:
    """Return a client whose addresses begin below ``/rest``; it signs, and does not resend."""
    return httpx.Client(**_options(settings))


def async_client(settings: AidgeSettings) -> httpx.AsyncClient:
    """Return the same for an event loop; close it when done.

    Reads CA certificates from disk, so it is to be called off the event loop.
    """
    # httpx has anyio load its part for asyncio at the first request, in the event loop: 70 ms. Here it is off the loop.
    anyio.run(anyio.sleep, 0)
    return httpx.AsyncClient(**_options(settings))


def download_client(settings: AidgeSettings) -> httpx.Client:
    """Return a client that fetches pictures from wherever Aidge keeps them: it signs nothing."""
    options = _options(settings)
    for name in ("auth", "base_url"):
        del options[name]
    # Without compression, so that the length that is announced is that of the picture.
    return httpx.Client(**options | {"headers": {"Accept-Encoding": "identity"}, "follow_redirects": True})


def download(client: httpx.Client, target: str, url: str, folder: Path, stem: str) -> Path:
    """Stream a picture into a file, and check its length.

    :param target: the address without its signature, for messages
    :param folder: folder of the file
    :param stem: its name without extension
    :return: the file
    :raises ServiceError: it is not there, or did not arrive whole
    """

    def fail(code: str, message: str, outcome: Outcome) -> ServiceError:
        return ServiceError(Service.AIDGE, DOWNLOAD, target, code, message, "", outcome)

    with client.stream("GET", url) as response:
        if response.status_code != httpx.codes.OK:
            outcome = outcome_of_http_status(response.status_code)
            if outcome is Outcome.REFUSED:
                # An address may have expired, and a picture may be on its way: asking again costs nothing.
                outcome = Outcome.NOT_EXECUTED
            raise fail(f"HTTP {response.status_code}", response.read().decode(errors="replace"), outcome)
        announced = response.headers.get("content-length", "")
        if not announced.isdigit():
            raise fail(Transport.NOT_WHOLE, "the length of the picture was not announced", Outcome.UNKNOWN)
        path = folder / f"{stem}{_extension(response)}"
        with path.open("wb") as file:
            for piece in response.iter_raw():
                file.write(piece)
    if (arrived := path.stat().st_size) != int(announced):
        raise fail(Transport.NOT_WHOLE, f"{arrived} bytes arrived, {announced} were announced", Outcome.UNKNOWN)
    return path


def read_response(action: str, target: str, response: httpx.Response) -> Mapping[str, Any]:
    """Return the answer that an HTTP response holds, once it is known to be no error.

    :raises ServiceError: it is one
    """
    try:
        answer = response.json()
    except ValueError:
        answer = None
    if response.status_code == httpx.codes.OK or _is_answer(answer):
        read_answer(action, target, response.text if answer is None else answer)
    if response.status_code != httpx.codes.OK:
        code, outcome = f"HTTP {response.status_code}", outcome_of_http_status(response.status_code)
        raise ServiceError(Service.AIDGE, action, target, code, response.text, "", outcome)
    return dict(answer)


def _extension(response: httpx.Response) -> str:
    kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    suffix = PurePosixPath(response.url.path).suffix.lower()
    return _EXTENSIONS.get(kind) or (suffix if suffix in _EXTENSIONS.values() else ".jpg")


def _is_answer(answer: Any) -> bool:
    # The gateway may put its errors under another status too.
    return isinstance(answer, Mapping) and ("resCode" in answer or "code" in answer)


def _options(settings: AidgeSettings) -> dict[str, Any]:
    hide_queries()
    verify: ssl.SSLContext | bool = tls_context(settings.ca_bundle) if settings.protocol == "https" else True
    return {
        "base_url": f"{settings.protocol}://{settings.host}{REST_PREFIX}",
        "auth": AidgeAuth(settings.key_name, settings.secret),
        "headers": {"Content-Type": "application/json", "x-iop-trial": str(settings.trial).lower()},
        "timeout": settings.request_timeout,
        "proxy": settings.proxy,
        "verify": verify,
    }
