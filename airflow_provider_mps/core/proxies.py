"""Which proxy of the environment a request takes, by one rule for every HTTP client.

The clients read ``NO_PROXY`` each in its own way: one compares the whole host, one knows no networks, one no ports.
Here counts whatever any of them understands: ``*``, a name with all below it (``example.com``, ``.example.com``,
``*.example.com``), an address, a network (``10.0.0.0/8``, ``fd00::/8``), each also with a port, in any case.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import urlsplit

_PORTS = {"http": 80, "https": 443}
_ENTRY = re.compile(r"(?:\[(?P<bracketed>[^\]]*)\]|(?P<name>[^\[\]:]*))(?::(?P<port>[0-9]+))?")


def choose(url: str, proxies: Mapping[str, str]) -> str | None:
    """Return the address of the proxy for a request; None to go without one.

    :param url: where the request goes
    :param proxies: addresses by scheme, ``all`` for every scheme, and ``no`` with the hosts that need none: what
        ``urllib.request.getproxies_environment`` returns
    """
    parts = urlsplit(url)
    proxy = proxies.get(parts.scheme) or proxies.get("all")
    port = parts.port or _PORTS.get(parts.scheme, 0)
    if not proxy or bypasses(proxies.get("no", ""), parts.hostname or "", port):
        return None
    return proxy if "://" in proxy else f"http://{proxy}"


def bypasses(no_proxy: str, host: str, port: int) -> bool:
    """Tell whether requests to a host go without a proxy.

    :param no_proxy: the entries, separated by commas or spaces
    :param host: the host, an address of IPv6 without brackets
    :param port: the port
    """
    host = host.lower().rstrip(".")
    address = _address(host)
    return any(_matches(entry, host, address, port) for entry in re.split(r"[,\s]+", no_proxy.lower()) if entry)


def _matches(entry: str, host: str, address: IPv4Address | IPv6Address | None, port: int) -> bool:
    if entry == "*":
        return True
    entry = entry.rpartition("://")[2]
    if "/" in entry:
        return address is not None and _is_in(address, entry)
    if _address(entry) is not None:
        return _address(entry) == address
    match = _ENTRY.fullmatch(entry)
    if match is None or (match["port"] and int(match["port"]) != port):
        return False
    name = match["bracketed"] or (match["name"] or "").lstrip("*").strip(".")
    if address is not None:
        return _address(name) == address
    return bool(name) and (host == name or host.endswith(f".{name}"))


def _is_in(address: IPv4Address | IPv6Address, network: str) -> bool:
    try:
        return address in ip_network(network.replace("[", "").replace("]", ""), strict=False)
    except ValueError:
        return False


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(text)
    except ValueError:
        return None
