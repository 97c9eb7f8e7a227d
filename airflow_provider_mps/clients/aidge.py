"""HTTP clients for Aidge, sync and async: there is no SDK of the vendor's that is published and kept."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Mapping
from typing import Any
from urllib.parse import parse_qsl

import httpx

from airflow_provider_mps.clients.http_log import hide_queries
from airflow_provider_mps.clients.proxies import proxy_for
from airflow_provider_mps.clients.transport import answered, load_anyio, no_tls, tls_context, whole_answer
from airflow_provider_mps.core.connections import DEFAULT_REQUEST_TIMEOUT
from airflow_provider_mps.core.errors import ServiceError
from airflow_provider_mps.core.outcomes import Outcome, outcome_of_http_status
from airflow_provider_mps.core.pages import from_between
from airflow_provider_mps.core.services import is_free
from airflow_provider_mps.services.aidge.answers import read_answer
from airflow_provider_mps.services.aidge.codes import rule_for
from airflow_provider_mps.services.aidge.connection import AidgeSettings
from airflow_provider_mps.services.aidge.shapes import is_reply
from airflow_provider_mps.services.aidge.sign import signed_query
from airflow_provider_mps.services.aidge.words import AIDGE_NAME, REST_PREFIX, AidgeAction


class AidgeAuth(httpx.Auth):
    """Signs each request, with the time of that moment.

    :param clock: gives seconds since the epoch
    """

    def __init__(self, key_name: str, secret: str, clock: Callable[[], float] = time.time) -> None:
        self._key_name = key_name
        self._secret = secret
        self._clock = clock

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Put the signature into the query, for as long as the request is under way."""
        unsigned = request.url
        query = signed_query(self._key_name, self._secret, int(self._clock() * 1000))
        # What the caller asks for stays.
        request.url = request.url.copy_merge_params(dict(parse_qsl(query)))
        try:
            yield request
        finally:
            # An error of httpx has the address in its text.
            request.url = unsigned


def sync_client(settings: AidgeSettings) -> httpx.Client:
    """Return a client whose addresses begin below ``/rest``; it signs, and does not resend."""
    return httpx.Client(**_options(settings))


def async_client(settings: AidgeSettings) -> httpx.AsyncClient:
    """Return the same for an event loop; close it when done.

    Reads CA certificates from disk, so it is to be called off the event loop.
    """
    load_anyio()
    return httpx.AsyncClient(**_options(settings))


def read_response(action: str, target: str, response: httpx.Response) -> Mapping[str, Any]:
    """Return the answer that an HTTP response holds, once it is known to be no error.

    :raises ServiceError: it is one
    """
    try:
        answer = response.json()
    except ValueError:
        answer = None
    status, said, request_id = response.status_code, response.text, ""
    if status == httpx.codes.OK or is_reply(answer):
        try:
            read_answer(action, target, said if answer is None else answer)
        except ServiceError as error:
            if status == httpx.codes.OK or rule_for(error.code) or error.outcome is Outcome.REFUSED:
                raise
            # A word that is in no table: the status says more.
            said, request_id = f"{error.code}: {error.message}", error.request_id
    if status != httpx.codes.OK:
        outcome = outcome_of_http_status(status)
        if outcome is Outcome.REFUSED and action == AidgeAction.QUERY and not is_reply(answer):
            # Aidge has not said anything of the task.
            said = from_between(said)
            outcome = Outcome.UNKNOWN
        raise ServiceError(AIDGE_NAME, action, target, f"HTTP {status}", said, request_id, outcome)
    return dict(answer)


def post(client: httpx.Client, action: str, target: str, body: bytes) -> Mapping[str, Any]:
    """Send a request and return its answer; that to a question that costs nothing comes in bounded time, or not.

    :raises ServiceError: the answer is an error
    """

    def send() -> httpx.Response:
        return client.post(action, content=body)

    seconds = client.timeout.read or DEFAULT_REQUEST_TIMEOUT
    return read_response(action, target, answered(seconds, send) if is_free(action) else send())


async def apost(client: httpx.AsyncClient, action: str, target: str, body: bytes) -> Mapping[str, Any]:
    """Send a request and return its answer.

    :raises ServiceError: the answer is an error
    """
    async with whole_answer(client.timeout.read or DEFAULT_REQUEST_TIMEOUT):
        response = await client.post(action, content=body)
    return read_response(action, target, response)


def auth(settings: AidgeSettings) -> AidgeAuth:
    """Return what signs requests with the keys of a connection."""
    return AidgeAuth(settings.key_name, settings.secret)


def _options(settings: AidgeSettings) -> dict[str, Any]:
    hide_queries()
    verify = tls_context(settings.ca_bundle) if settings.protocol == "https" else no_tls()
    base_url = f"{settings.protocol}://{settings.host}{REST_PREFIX}"
    return {
        "base_url": base_url,
        "auth": auth(settings),
        "headers": {"Content-Type": "application/json", "x-iop-trial": str(settings.trial).lower()},
        "timeout": settings.request_timeout,
        "proxy": proxy_for(base_url, settings.proxy),
        "trust_env": False,
        "verify": verify,
    }
