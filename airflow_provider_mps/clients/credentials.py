"""Credentials by the SDK's own classes: static keys, an assumed role, or the default chain."""

from __future__ import annotations

from typing import Any

from tencentcloud.common import credential
from tencentcloud.common.common_client import CommonClient
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException

from airflow_provider_mps.clients.profile import client_profile, find_proxies_by_rule
from airflow_provider_mps.clients.transport import answered, classify
from airflow_provider_mps.core.errors import ServiceError
from airflow_provider_mps.core.outcomes import Outcome, Transport
from airflow_provider_mps.services.tencentcloud.codes import outcome_of
from airflow_provider_mps.services.tencentcloud.connection import TencentCloudSettings
from airflow_provider_mps.services.tencentcloud.words import Service

_CHAIN = (
    # No comma behind the name of a key: what follows would be taken for the key, and masked.
    "the connection has no login, and neither TENCENTCLOUD_SECRET_ID with TENCENTCLOUD_SECRET_KEY nor "
    "~/.tencentcloud/credentials nor a role of this machine gives one"
)


class RoleCredential(credential.STSAssumeRoleCredential):  # type: ignore[misc]
    """STS AssumeRole over the connection's own endpoint, proxy and CA bundle.

    The SDK's class asks with a default profile, which fails behind a proxy, and with long-lived keys only.
    """

    def __init__(self, base: Any, settings: TencentCloudSettings) -> None:
        super().__init__(None, None, settings.role_arn, settings.role_session_name)
        self._base = base
        self._settings = settings

    @property
    def request_timeout(self) -> float:
        """Seconds for each wait on an answer."""
        return self._settings.request_timeout

    def get_sts_tmp_role_arn(self) -> None:
        """Fetch a temporary credential; the SDK's class calls this when it has none that is fresh."""
        profile = client_profile(self._settings, self._settings.sts_endpoint)
        # COS needs no region of the MPS API, and STS answers in any.
        region = self._settings.region or self._settings.cos_region
        client = CommonClient(self._service, self._version, self._base, region, profile)
        find_proxies_by_rule(client, self._settings)
        response = client.call_json(
            "AssumeRole",
            {
                "RoleArn": self._role_arn,
                "RoleSessionName": self._role_session_name,
                "DurationSeconds": self._duration_seconds,
            },
        )["Response"]
        self._token = response["Credentials"]["Token"]
        self._tmp_secret_id = response["Credentials"]["TmpSecretId"]
        self._tmp_secret_key = response["Credentials"]["TmpSecretKey"]
        # The field is the time from which on the SDK's class fetches anew: when a tenth of the life is left.
        self._expired_time = response["ExpiredTime"] - self._duration_seconds * 0.1


def build(settings: TencentCloudSettings) -> Any:
    """Return an object of the SDK with ``get_credential_info()``.

    :raises ServiceError: no credential could be had
    """
    if settings.secret_id:
        base = _static(settings)
    else:
        try:
            base = credential.DefaultCredentialProvider().get_credentials()
        except Exception:
            raise ServiceError(
                "Tencent Cloud", "credentials", "", Transport.NO_CREDENTIALS, _CHAIN, "", Outcome.REFUSED
            ) from None
    return RoleCredential(base, settings) if settings.role_arn else base


def is_static(found: Any) -> bool:
    """Tell whether asking the credential for its keys is free of network calls."""
    return isinstance(found, credential.Credential)


def snapshot(found: Any) -> credential.Credential:
    """Return the keys as they are now, the three of one moment together.

    :raises ServiceError: STS or the machine's role gave none
    """
    if is_static(found):
        return found
    try:
        if isinstance(found, RoleCredential):
            return credential.Credential(*answered(found.request_timeout, found.get_credential_info))
        return credential.Credential(*found.get_credential_info())
    except TencentCloudSDKException as error:
        if error.code in ("ClientNetworkError", "InvalidCredential"):
            code: str = classify(error) if error.code == "ClientNetworkError" else Transport.CREDENTIALS
        else:
            code = str(error.code)
        # Asking for a credential changes nothing, so whatever was not refused may be tried again.
        outcome = Outcome.REFUSED if outcome_of(code) is Outcome.REFUSED else Outcome.NOT_EXECUTED
        message, request_id = str(error.message), str(error.requestId or "")
    except Exception as error:
        code, outcome, message, request_id = Transport.CREDENTIALS, Outcome.NOT_EXECUTED, repr(error), ""
    action = "AssumeRole" if isinstance(found, RoleCredential) else "credentials"
    raise ServiceError(Service.STS, action, getattr(found, "_role_arn", ""), code, message, request_id, outcome)


def _static(settings: TencentCloudSettings) -> credential.Credential:
    return credential.Credential(settings.secret_id, settings.secret_key, settings.token)
