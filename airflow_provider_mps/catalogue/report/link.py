"""Where a person opens a file in a browser. Never a signed address: it would be a key that ends in a log."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote, unquote, urlencode, urlsplit

from airflow_provider_mps.core import arguments
from airflow_provider_mps.core.cos_address import cos_address, is_cos
from airflow_provider_mps.services.tencentcloud.sites import CHINA_CONSOLE, INTERNATIONAL_CONSOLE, is_international


def check_link_base(name: str, value: object) -> str:
    """Return ``value`` as an http(s) address that names of files can be put behind.

    :raises ArgumentError: it is none, or has a user, a query or a fragment
    """
    address = arguments.url(name, value)
    parts = urlsplit(address)
    if parts.query or parts.fragment or "@" in parts.netloc or address.endswith(("?", "#")):
        arguments.fail(name, value, "an http(s) address without user, query and fragment, such as a folder's")
    return address


def beneath_base(link_base: str, file_name: str) -> str:
    """Return the address of a file where ``link_base`` is that of its folder."""
    return f"{link_base.rstrip('/')}/{quote(file_name)}"


def in_console(bucket: str, region: str, folder: str, *, international: bool) -> str:
    """Return the page of COS's console that lists a folder; it asks for a login, and opens its files.

    :param bucket: with its APPID
    :param region: of the bucket
    :param folder: key of the folder, with a leading slash
    :param international: whether the account is of the international site
    """
    # The console decodes a path twice.
    path = quote(f"/{folder.strip('/')}/" if folder.strip("/") else "/", safe="")
    query = urlencode({"bucket": bucket, "region": region, "path": path})
    return f"{INTERNATIONAL_CONSOLE if international else CHINA_CONSOLE}/cos/bucket?{query}"


def on_disk(path: Path) -> str:
    """Return the ``file://`` address of a file; browsers open it when it is pasted, and not from a page of a server."""
    return path.absolute().as_uri()


def link_of(folder: str, file_name: str, tencentcloud_conn_id: str | None) -> str:
    """Return where a person opens a file; empty where no address is known that a browser opens.

    :param folder: address of its folder
    :param file_name: its name
    :param tencentcloud_conn_id: Airflow connection for COS
    """
    scheme, mark, _ = folder.partition("://")
    if not mark:
        return on_disk(arguments.local_path("dest", folder) / file_name)
    if scheme.lower() == "file":
        return on_disk(Path(unquote(urlsplit(folder).path)) / file_name)
    return _in_cos(folder, tencentcloud_conn_id) if is_cos(folder) else ""


def _in_cos(folder: str, tencentcloud_conn_id: str | None) -> str:
    from airflow_provider_mps.hooks.cos import CosHook

    address = cos_address("dest", folder)
    hook = CosHook(address.conn_id or tencentcloud_conn_id, address.bucket)
    settings = hook.settings
    if settings.cos_endpoint is not None:
        # Another service that speaks as COS does, such as the local one.
        return ""
    is_abroad = is_international(settings.endpoint)
    return in_console(hook.bucket_name, settings.cos_region, address.path, international=is_abroad)
