"""Ask web servers what pictures are now, without fetching them: one HEAD for each address."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from enum import Enum
from ipaddress import ip_address

import httpx

from airflow_provider_mps.clients.http_log import hide_queries
from airflow_provider_mps.clients.proxies import ProxyTransport
from airflow_provider_mps.clients.transport import answered, tls_context
from airflow_provider_mps.core.vocabulary import MAX_CONNECTIONS
from airflow_provider_mps.services.tencentcloud.connection import TencentCloudSettings

MAX_REDIRECTS = 3
# Seconds before an address is asked again that did not answer.
PAUSES = (0.5, 2.0)

_GONE = (httpx.codes.NOT_FOUND, httpx.codes.GONE)
_LATER = (httpx.codes.REQUEST_TIMEOUT, httpx.codes.TOO_EARLY, httpx.codes.TOO_MANY_REQUESTS)


class NoTag(Enum):
    """Why nothing is known of the content behind an address."""

    GONE = "gone"
    """There is none."""
    UNREACHABLE = "unreachable"
    """Nobody answered, or only that it would do so later."""


def head_client(settings: TencentCloudSettings) -> httpx.Client:
    """Return a client that asks any web server, through the proxy of a connection, with no credential of ours."""
    hide_queries()
    return httpx.Client(
        # Without compression, so that the length is that of the picture.
        headers={"Accept-Encoding": "identity", "Accept": "image/*,*/*;q=0.8"},
        timeout=settings.request_timeout,
        transport=ProxyTransport(
            settings.proxy,
            tls_context(settings.ca_bundle),
            httpx.Limits(max_keepalive_connections=MAX_CONNECTIONS),
        ),
        trust_env=False,
    )


def tag_of(client: httpx.Client, url: str, sleep: Callable[[float], None] = time.sleep) -> str | NoTag:
    """Return what is another text for another content: ETag, else Last-Modified, and length.

    It is empty where the server refuses to say, or says nothing. A redirect is followed to the same host, or to a
    public one: an address must not have a worker ask what only its own network can reach.

    :param url: with its signature, if any
    :param sleep: waits so many seconds before it is tried again
    """
    for pause in (*PAUSES, None):
        found = _asked(client, url)
        if found is not NoTag.UNREACHABLE or pause is None:
            return found
        sleep(pause)
    raise AssertionError("the last pause is None")


def _asked(client: httpx.Client, url: str) -> str | NoTag:
    try:
        response = _send(client, "HEAD", url)
        for _ in range(MAX_REDIRECTS):
            following = response.next_request
            if following is None or not _may_follow(response.url, following.url):
                break
            response = _send(client, "HEAD", str(following.url))
        if response.status_code in _GONE and _send(client, "GET", str(response.url)).status_code not in _GONE:
            # It serves what it says there is none of.
            return ""
    except (httpx.InvalidURL, httpx.UnsupportedProtocol):
        return ""
    except (httpx.HTTPError, TimeoutError):
        return NoTag.UNREACHABLE
    if response.status_code in _GONE:
        return NoTag.GONE
    if response.is_server_error and response.status_code != httpx.codes.NOT_IMPLEMENTED:
        return NoTag.UNREACHABLE
    if response.status_code in _LATER:
        return NoTag.UNREACHABLE
    return _validators(response.headers) if response.is_success else ""


def _send(client: httpx.Client, method: str, url: str) -> httpx.Response:
    """Return an answer without its body."""
    request = client.build_request(method, url)

    def send() -> httpx.Response:
        response = client.send(request, stream=True)
        response.close()
        return response

    # The timeout of httpx bounds each wait, and not all of them together.
    return answered(client.timeout.read or 0, send)


def _validators(headers: httpx.Headers) -> str:
    # Servers that stand beside each other often have the same ETag for a file, and another time.
    version = headers.get("etag", "").removeprefix("W/") or headers.get("last-modified", "")
    length = headers.get("content-length", "")
    return f"{version}:{length}" if version or length not in ("", "0") else ""


def _may_follow(from_url: httpx.URL, to_url: httpx.URL) -> bool:
    return to_url.scheme in ("http", "https") and (to_url.host == from_url.host or _is_public(to_url.host))


def _is_public(host: str) -> bool:
    try:
        found = socket.getaddrinfo(host, None, proto=socket.IPPROTO_TCP)
    except (OSError, UnicodeError):
        return False
    return bool(found) and all(ip_address(str(sockaddr[0]).partition("%")[0]).is_global for *_, sockaddr in found)
