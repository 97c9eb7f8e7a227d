"""The SDK's profile for a connection, and its loggers."""

from __future__ import annotations

import logging
from typing import Any

from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile

from airflow_provider_mps.clients.proxies import Session
from airflow_provider_mps.services.tencentcloud.connection import TencentCloudSettings

CALLER = "airflow-provider-mps"

# At DEBUG the SDKs log headers with signatures and tokens, and answers with signed addresses. COS logs each failed
# try on top; the error that is raised says all of it.
_TALKATIVE = {"tencentcloud_sdk_common": logging.INFO, "qcloud_cos": logging.CRITICAL}


def quiet_sdk_loggers() -> None:
    """Keep the SDKs' own records out of the task log, whatever the level of the root logger."""
    for name, level in _TALKATIVE.items():
        logger = logging.getLogger(name)
        if logger.level < level:
            logger.setLevel(level)


def client_profile(settings: TencentCloudSettings, endpoint: str) -> ClientProfile:
    """Return the profile for an endpoint. It never resends: that is decided in one place, and not by the SDK."""
    quiet_sdk_loggers()
    http = HttpProfile(
        protocol=settings.protocol,
        endpoint=endpoint,
        reqTimeout=settings.request_timeout,
        keepAlive=True,
        proxy=settings.proxy,
        certification=settings.ca_bundle,
    )
    return ClientProfile(httpProfile=http, language="en-US", request_client=CALLER)


def find_proxies_by_rule(client: Any, settings: TencentCloudSettings) -> None:
    """Let a sync client of the SDK find its proxy as all others do: of ``NO_PROXY`` it knows whole hosts only."""
    connection = client.request.conn
    connection.proxy = {"http": settings.proxy, "https": settings.proxy} if settings.proxy else None
    connection._session = Session()
