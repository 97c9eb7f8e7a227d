"""Let every HTTP client keep one rule: the connection's proxy if it has one, else the environment's."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from typing import Any
from urllib.request import getproxies_environment

import httpx
import requests

from airflow_provider_mps.core import proxies


def proxy_for(url: str, own: str | None = None) -> str | None:
    """Return the address of the proxy for a request; None to go without one.

    :param url: where the request goes
    :param own: the connection's proxy, which goes before those of the environment and knows no exceptions
    """
    return own or proxies.choose(url, getproxies_environment())


class Session(requests.Session):
    """A session of requests that finds its proxy by the rule of this package, for each request."""

    def merge_environment_settings(
        self, url: Any, proxies: Mapping[str, str] | None, stream: Any, verify: Any, cert: Any
    ) -> Any:
        """Return the settings of a request, with the proxy decided; the rest is as ever."""
        chosen: Any = dict(proxies) if proxies else dict.fromkeys(("http", "https", "all"), proxy_for(url))
        # A name that is there, with None too, is not looked for in the environment again.
        return super().merge_environment_settings(url, chosen, stream, verify, cert)


class ProxyTransport(httpx.BaseTransport):
    """A transport of httpx for a client that goes to many hosts: it finds the proxy for each request.

    :param own: the connection's proxy
    :param verify: what certificates are checked with
    :param limits: of each of its pools
    """

    def __init__(self, own: str | None, verify: ssl.SSLContext, limits: httpx.Limits) -> None:
        self._own = own
        self._options: dict[str, Any] = {"verify": verify, "limits": limits}
        self._pools: dict[str | None, httpx.HTTPTransport] = {}

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request."""
        proxy = proxy_for(str(request.url), self._own)
        if proxy not in self._pools:
            # Two threads that make one at the same time make one too many, and each is used.
            self._pools[proxy] = httpx.HTTPTransport(proxy=proxy, **self._options)
        return self._pools[proxy].handle_request(request)

    def close(self) -> None:
        """Close all pools."""
        for pool in self._pools.values():
            pool.close()
