"""Say what a failed HTTP exchange means: the SDKs turn it into text, the cause is still in the chain."""

from __future__ import annotations

import asyncio
import json
import ssl
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from concurrent.futures import Future
from contextlib import asynccontextmanager
from contextvars import copy_context
from functools import cache
from typing import TypeVar

import anyio
import certifi
import httpx
import requests
import urllib3.exceptions as u3

from airflow_provider_mps.core.errors import ServiceError
from airflow_provider_mps.core.outcomes import TRANSPORT_CODES, Transport
from airflow_provider_mps.core.stopping import LeastRate, Stop, TooSlowError
from airflow_provider_mps.exceptions import TransferStoppedError

_T = TypeVar("_T")

_NOT_CONNECTED = (
    u3.NewConnectionError,
    u3.ConnectTimeoutError,
    requests.exceptions.ConnectTimeout,
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
)
_BAD_ADDRESS = (
    requests.exceptions.InvalidURL,
    requests.exceptions.MissingSchema,
    requests.exceptions.InvalidSchema,
    requests.exceptions.InvalidProxyURL,
    u3.LocationParseError,
    u3.ProxySchemeUnknown,
    httpx.InvalidURL,
    httpx.UnsupportedProtocol,
)
_GARBLED = (json.JSONDecodeError, UnicodeDecodeError, KeyError, TypeError, AttributeError, httpx.DecodingError)

# An answer as a whole may take so many times as long as a client waits for its next byte.
WHOLE_ANSWER = 4


class CaBundleError(Exception):
    """The file of CA certificates cannot be used."""


def tls_context(ca_bundle: str | None) -> ssl.SSLContext:
    """Return a context that trusts the certificates of a file, or the usual ones; reads them from disk."""
    path = ca_bundle or certifi.where()
    try:
        return ssl.create_default_context(cafile=path)
    except (OSError, ssl.SSLError) as error:
        raise CaBundleError(f"{path} holds no CA certificates: {error}") from None


def no_tls() -> ssl.SSLContext:
    """Return a context that trusts nobody, for clients of plain http: httpx else reads all certificates for nothing."""
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


@cache
def load_anyio() -> None:
    """Have anyio load its part for asyncio, once; httpx would at its first request, in the event loop: 70 ms."""
    anyio.run(anyio.sleep, 0)


@asynccontextmanager
async def whole_answer(request_timeout: float) -> AsyncIterator[None]:
    """Bound how long a request and its answer take together, as one that comes drop by drop meets no other timeout.

    :param request_timeout: seconds for each wait on an answer
    :raises TimeoutError: it took too long; the request may have been executed
    """
    seconds = WHOLE_ANSWER * request_timeout
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError as error:
        raise TimeoutError(f"no whole answer in {seconds:g} s") from error


def answered(request_timeout: float, call: Callable[[], _T], discard: Callable[[_T], object] | None = None) -> _T:
    """Return what a blocking call returns, in bounded time; the twin of :func:`whole_answer`.

    The libraries bound each wait on an answer and not all of them together, and nothing breaks a read off from outside.
    So the call is made in a thread, which is left behind when it takes too long: it ends with its process, or when the
    other side ends the answer. What it does until then must cost nothing, so it is for free actions alone.

    :param request_timeout: seconds for each wait on an answer
    :param call: makes the call
    :param discard: takes what comes too late
    :raises TimeoutError: it took too long
    """
    found: Future[_T] = Future()

    def run() -> None:
        try:
            answer = call()
        except BaseException as error:
            found.set_exception(error)
        else:
            found.set_result(answer)

    seconds = WHOLE_ANSWER * request_timeout
    threading.Thread(target=copy_context().run, args=(run,), name="request", daemon=True).start()
    try:
        return found.result(seconds)
    except BaseException as error:
        if found.done():
            raise
        if discard is not None:
            found.add_done_callback(lambda late: None if late.exception() else discard(late.result()))
        if not isinstance(error, TimeoutError):
            raise
        raise TimeoutError(f"no whole answer in {seconds:g} s") from None


def watched(pieces: Iterable[bytes], stop: Stop | None) -> Iterator[bytes]:
    """Yield the pieces of a transfer for as long as its task goes on, and they come fast enough.

    :raises TransferStoppedError: the task is at its end
    :raises TooSlowError: see :mod:`airflow_provider_mps.core.stopping`
    """
    rate = LeastRate(time.monotonic())
    for piece in pieces:
        if stop is not None and stop.is_set():
            raise TransferStoppedError("The task was ended; the transfer is broken off, and nothing of it is left")
        rate.add(len(piece), time.monotonic())
        yield piece


def no_answer(
    service: str, action: str, target: str, error: BaseException, outer: BaseException | None = None, text: str = ""
) -> ServiceError:
    """Return the error for a request that was not answered.

    :param error: what the client raised
    :param outer: what the caller was handling already
    :param text: the client's words, where ``error`` does not say them itself
    """
    code = classify(error, outer)
    text = text or f"{type(error).__name__}: {error}".rstrip(": ")
    return ServiceError(service, action, target, code, text, "", TRANSPORT_CODES[code].outcome)


def classify(error: BaseException, outer: BaseException | None = None) -> Transport:
    """Return the transport code of an exception, judged by everything in its chain.

    :param outer: what the caller was handling already; it hangs on the chain, and says nothing of this call
    """
    chain = list(_chain(error, outer))
    if any(isinstance(link, TooSlowError) for link in chain):
        return Transport.TOO_SLOW
    # A wrong certificate shows as a failed connection too, so it is looked for first.
    if any(isinstance(link, ssl.SSLCertVerificationError) or _is_missing_ca(link) for link in chain):
        return Transport.BAD_CERTIFICATE
    if any(isinstance(link, _BAD_ADDRESS) for link in chain):
        return Transport.BAD_ADDRESS
    if any(isinstance(link, _NOT_CONNECTED) for link in chain):
        return Transport.NOT_CONNECTED
    if any(isinstance(link, _GARBLED) for link in chain):
        return Transport.GARBLED
    return Transport.NO_ANSWER


def _is_missing_ca(link: BaseException) -> bool:
    # The second is what requests says.
    return isinstance(link, CaBundleError) or (isinstance(link, OSError) and "TLS CA certificate bundle" in str(link))


def _chain(error: BaseException, outer: BaseException | None) -> Iterator[BaseException]:
    """Yield an exception and what it wraps: causes, contexts, and urllib3's ``reason`` and arguments."""
    seen: set[int] = {id(outer)}
    waiting: list[BaseException] = [error]
    while waiting:
        link = waiting.pop()
        if id(link) in seen:
            continue
        seen.add(id(link))
        yield link
        inner = (link.__cause__, link.__context__, getattr(link, "reason", None), *link.args)
        waiting.extend(item for item in inner if isinstance(item, BaseException))
