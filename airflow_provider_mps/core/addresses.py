"""Check the fields of a connection that say where a service is, and by which way."""

from __future__ import annotations

import re
from ipaddress import IPv6Address
from typing import Any, NamedTuple

from airflow_provider_mps.core.arguments import fail

_HOST_PORT = re.compile(r"(\[[0-9a-f:.]+\]|[^\s:/@\[\]]+)(?::([0-9]{1,5}))?")


class HostPort(NamedTuple):
    """An address to dial."""

    host: str
    port: int | None


def host_port(name: str, value: Any) -> HostPort:
    """Return ``value``, such as ``localhost:8080``, as an address to dial; one of IPv6 is in brackets then."""
    given = value
    if isinstance(value, str) and (value.startswith("[") or value.count(":") > 1):
        value = _bracketed(value)
    match = _HOST_PORT.fullmatch(value) if isinstance(value, str) else None
    host, port = match.groups() if match else ("", None)
    if not host or (port is not None and not 0 < int(port) < 65536):
        fail(name, given, "host or host:port, without http:// and path; an address of IPv6 as in [::1]:8080")
    return HostPort(host, None if port is None else int(port))


def _bracketed(value: str) -> str:
    """Return an address of IPv6, which may have a port behind its brackets, with brackets; empty if it is none."""
    bare, bracket, port = value[1:].partition("]") if value.startswith("[") else (value, "]", "")
    try:
        return f"[{IPv6Address(bare)}{bracket}{port}"
    except ValueError:
        return ""


def protocol(name: str, value: Any) -> str:
    """Return ``value``, such as ``http`` or ``http://``, as a protocol."""
    word = str(value).lower().removesuffix("://")
    if word not in ("http", "https"):
        fail(name, str(value).lower(), "https or http")
    return word


def proxy_secrets(proxy: str | None) -> list[str]:
    """Return the parts of a proxy's address that are a credential."""
    userinfo = proxy.rpartition("@")[0].partition("//")[2] if proxy else ""
    return [secret for secret in (userinfo, userinfo.partition(":")[2]) if secret]
