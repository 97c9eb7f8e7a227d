"""The SDK's common clients with plain dicts, sync and async.

The typed models of MPS are 100,000 lines: 0.9 s and 130 MB for each process where bytecode is not kept, 80 ms and 17 MB
where it is. These clients sign and send the same requests without them.
"""

from __future__ import annotations

import time
from typing import Any

import httpx
from tencentcloud.common.common_client import CommonClient
from tencentcloud.common.common_client_async import CommonClient as AsyncCommonClient
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException
from tencentcloud.common.profile.client_profile import ClientProfile

from airflow_provider_mps.clients.profile import client_profile, find_proxies_by_rule
from airflow_provider_mps.clients.proxies import proxy_for
from airflow_provider_mps.clients.transport import answered, load_anyio, no_answer, no_tls, tls_context, whole_answer
from airflow_provider_mps.core.clock import ServiceClock
from airflow_provider_mps.core.errors import ServiceError
from airflow_provider_mps.core.outcomes import Outcome, outcome_of_http_status
from airflow_provider_mps.core.pages import from_between
from airflow_provider_mps.services.tencentcloud.codes import outcome_of
from airflow_provider_mps.services.tencentcloud.connection import TencentCloudSettings
from airflow_provider_mps.services.tencentcloud.words import MPS_API_VERSION, MPS_SERVICE

# All that are idle are looked through for each request. At a limit of 20 requests a second these are enough for answers
# that take 0.4 s.
IDLE_CONNECTIONS = 8


class HttpStatusError(Exception):
    """The answer has an HTTP status other than 200; the SDK's own error forgets which."""

    def __init__(self, status: int, body: str) -> None:
        super().__init__(status, body)
        self.status = status
        self.body = body


class MpsCommonClient(CommonClient):  # type: ignore[misc]
    """The SDK's sync client; ``credential`` may be changed between calls.

    :ivar clock: takes what the answers say of the service's clock
    """

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.clock = ServiceClock()

    def ask(self, action: str, params: dict[str, Any]) -> Any:
        """Return the answer to a question that costs nothing, in bounded time."""
        return answered(self.profile.httpProfile.reqTimeout, lambda: self.call_json(action, params))

    def _check_status(self, response: Any) -> None:
        self.clock.heard(response.headers.get("Date"), time.time())
        if response.status_code != 200:
            raise HttpStatusError(response.status_code, response.text)


class AsyncMpsCommonClient(AsyncCommonClient):  # type: ignore[misc]
    """The SDK's async client over an HTTP client of our own.

    Its own one is built with ``proxies=``, which httpx 0.28 no longer takes, and mistakes a CA bundle for a client
    certificate.

    :ivar clock: takes what the answers say of the service's clock
    """

    def __init__(self, credential: Any, region: str, profile: ClientProfile, http_client: httpx.AsyncClient) -> None:
        proxy, ca_bundle = profile.httpProfile.proxy, profile.httpProfile.certification
        profile.httpProfile.proxy, profile.httpProfile.certification = None, False
        super().__init__(MPS_SERVICE, MPS_API_VERSION, credential, region, profile)
        profile.httpProfile.proxy, profile.httpProfile.certification = proxy, ca_bundle
        self.http_client = http_client
        self.clock = ServiceClock()

    async def _inter_send_request(self, chain: Any) -> httpx.Response:
        async with whole_answer(self.profile.httpProfile.reqTimeout):
            response: httpx.Response = await super()._inter_send_request(chain)
            # The SDK reads it later; what has been read is kept.
            await response.aread()
        self.clock.heard(response.headers.get("Date"), time.time())
        if response.status_code != 200:
            body = (await response.aread()).decode(errors="replace")
            raise HttpStatusError(response.status_code, body)
        return response


def sync_client(settings: TencentCloudSettings, credential: Any) -> MpsCommonClient:
    """Return a client for calls with plain dicts."""
    profile = client_profile(settings, settings.endpoint)
    client = MpsCommonClient(MPS_SERVICE, MPS_API_VERSION, credential, settings.region, profile)
    find_proxies_by_rule(client, settings)
    return client


def async_client(settings: TencentCloudSettings, credential: Any) -> AsyncMpsCommonClient:
    """Return a client for calls with plain dicts; close it when done.

    Reads CA certificates from disk, so it is to be called off the event loop.
    """
    load_anyio()
    verify = tls_context(settings.ca_bundle) if settings.protocol == "https" else no_tls()
    proxy = proxy_for(f"{settings.protocol}://{settings.endpoint}", settings.proxy)
    http_client = httpx.AsyncClient(
        verify=verify,
        proxy=proxy,
        trust_env=False,
        timeout=settings.request_timeout,
        limits=httpx.Limits(max_keepalive_connections=IDLE_CONNECTIONS),
    )
    profile = client_profile(settings, settings.endpoint)
    return AsyncMpsCommonClient(credential, settings.region, profile, http_client)


def typed_client(settings: TencentCloudSettings, credential: Any) -> Any:
    """Return the SDK's typed MPS client."""
    from tencentcloud.mps.v20190612.mps_client import MpsClient

    client = MpsClient(credential, settings.region, client_profile(settings, settings.endpoint))
    find_proxies_by_rule(client, settings)
    return client


def translate(
    service: str, action: str, target: str, error: Exception, outer: BaseException | None = None
) -> ServiceError:
    """Turn whatever a client raised into the one kind of error that the rest of the package knows.

    :param outer: what the caller was handling before the call
    """
    if isinstance(error, ServiceError):
        return error
    if isinstance(error, HttpStatusError):
        # The service itself says with status 200 that it refuses.
        outcome = outcome_of_http_status(error.status)
        said = from_between(error.body) if outcome is Outcome.REFUSED else error.body
        return ServiceError(service, action, target, f"HTTP {error.status}", said, "", outcome)
    if isinstance(error, TencentCloudSDKException) and error.code != "ClientNetworkError":
        code = str(error.code)
        message, request_id = str(error.message), str(error.requestId or "")
        return ServiceError(service, action, target, code, message, request_id, outcome_of(code))
    text = str(error.message) if isinstance(error, TencentCloudSDKException) else ""
    return no_answer(service, action, target, error, outer, text)
