"""Read the parts of a connection of type ``aidge``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from airflow_provider_mps.core import addresses, arguments
from airflow_provider_mps.core.arguments import ArgumentError
from airflow_provider_mps.core.connections import DEFAULT_REQUEST_TIMEOUT, SPACE, extra_field, transport_fields
from airflow_provider_mps.services.aidge.words import GLOBAL_HOST

# The limit of the submission of pictures, which does not hold for looks at tasks
# (https://help.aliyun.com/zh/document_detail/3038044.html).
DEFAULT_REQUESTS_PER_SECOND = 2.0
DEFAULT_LOOKS_PER_SECOND = 5.0


@dataclass(frozen=True)
class AidgeSettings:
    """A connection, read and checked. Secrets do not show in its repr.

    :param key_name: API key name (login)
    :param secret: API key secret (password)
    :param host: ``host[:port]`` of the API
    :param protocol: ``https`` or ``http``
    :param trial: draw on the account's trial quota
    :param proxy: http(s) proxy for every request
    :param ca_bundle: file of CA certificates to trust
    :param request_timeout: seconds for connecting, and for each wait on an answer
    :param requests_per_second: how many requests of each API this process sends in a second at the most
    """

    key_name: str
    secret: str = field(repr=False)
    host: str = GLOBAL_HOST
    protocol: str = "https"
    trial: bool = False
    proxy: str | None = field(default=None, repr=False)
    ca_bundle: str | None = None
    request_timeout: float = DEFAULT_REQUEST_TIMEOUT
    requests_per_second: float = DEFAULT_REQUESTS_PER_SECOND

    @property
    def looks_per_second(self) -> float:
        """How many looks at tasks this process sends in a second at the most."""
        is_default = self.requests_per_second == DEFAULT_REQUESTS_PER_SECOND
        return DEFAULT_LOOKS_PER_SECOND if is_default else self.requests_per_second

    @property
    def secrets(self) -> list[str]:
        """What must be masked wherever it might show up."""
        return [self.secret, *addresses.proxy_secrets(self.proxy)]


def read_settings(
    login: str | None, password: str | None, host: str | None, port: int | None, extra: Mapping[str, Any]
) -> AidgeSettings:
    """Read the parts of a connection.

    :raises ArgumentError: a field cannot be used; the message names it
    """
    key_name, secret = (login or "").strip(), (password or "").strip()
    if not key_name or not secret:
        raise ArgumentError("connection: login (API key name) and password (API key secret) are required")
    if SPACE.search(key_name) or SPACE.search(secret):
        raise ArgumentError("connection: login and password have to be texts without spaces and line breaks")
    address = addresses.host_port("connection host", (host or "").strip() or GLOBAL_HOST)
    port = port or address.port
    trial = extra_field(extra, "trial")
    return AidgeSettings(
        key_name=key_name,
        secret=secret,
        host=f"{address.host}:{port}" if port else address.host,
        trial=False if trial is None else arguments.flag("connection extra trial", trial),
        **transport_fields(extra, requests_per_second=DEFAULT_REQUESTS_PER_SECOND),
    )
