"""Downloads pictures that are given by URL."""

from __future__ import annotations

import functools
import logging
from urllib.parse import urlsplit

import httpx

FETCH_TIMEOUT_SECONDS = 10.0


class DownloadError(Exception):
    """A picture that could not be downloaded; its text says why, without the address."""


def _without_query(record: logging.LogRecord) -> bool:
    """Cut query and user off the addresses that httpx logs: they may be credentials."""
    arguments = record.args if isinstance(record.args, tuple) else ()
    record.args = tuple(
        arg.copy_with(query=None, userinfo=b"") if isinstance(arg, httpx.URL) else arg for arg in arguments
    )
    return True


logging.getLogger("httpx").addFilter(_without_query)


def is_web_url(text: str) -> bool:
    """Say whether a text is an http or https URL with a host."""
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        return False


def without_query(url: str) -> str:
    """Return a URL for messages: without its query, which may carry a signature, and without user and password."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl()


def download(url: str, limit: int) -> bytes:
    """Download a file.

    :param url: an http or https URL.
    :param limit: how many bytes to accept; of a larger file a little more than that is returned.
    :raises DownloadError: when there is no such file, or no connection.
    """
    local = urlsplit(url).hostname in ("localhost", "127.0.0.1", "::1")
    data = bytearray()
    try:
        with _client(trust_env=not local).stream("GET", url) as response:
            if response.status_code != 200:
                raise DownloadError(f"HTTP status {response.status_code}")
            for piece in response.iter_bytes():
                data += piece
                if len(data) > limit:
                    break
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise DownloadError(type(error).__name__) from None
    return bytes(data)


@functools.cache
def _client(*, trust_env: bool) -> httpx.Client:
    """Return the client for all downloads: to read the certificates for each takes longer than most downloads."""
    # No connection is kept: what is there once is no promise for later, and thousands of hosts may come by.
    limits = httpx.Limits(max_keepalive_connections=0)
    return httpx.Client(timeout=FETCH_TIMEOUT_SECONDS, follow_redirects=True, trust_env=trust_env, limits=limits)
