"""Read an Airflow connection of type ``tencentcloud``: fields, extras, environment, defaults."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from airflow_provider_mps.core import addresses, arguments
from airflow_provider_mps.core.addresses import HostPort
from airflow_provider_mps.core.arguments import ArgumentError
from airflow_provider_mps.core.connections import DEFAULT_REQUEST_TIMEOUT, SPACE, extra_field, transport_fields
from airflow_provider_mps.services.tencentcloud import sites
from airflow_provider_mps.services.tencentcloud.payloads import StorageDefaults
from airflow_provider_mps.services.tencentcloud.prices import Prices, read_prices
from airflow_provider_mps.services.tencentcloud.words import DEFAULT_BUDGET_DIR, DEFAULT_REGION, MPS_SERVICE, Action

# Read by the SDK's default credential chain.
ENV_SECRET_ID = "TENCENTCLOUD_SECRET_ID"  # noqa: S105
ENV_SECRET_KEY = "TENCENTCLOUD_SECRET_KEY"  # noqa: S105
ENV_REGION = "TENCENTCLOUD_API_REGION"
ENV_COS_BUCKET = "TENCENTCLOUD_COS_BUCKET"
ENV_COS_REGION = "TENCENTCLOUD_COS_REGION"

DEFAULT_ROLE_SESSION_NAME = "airflow"
# 80% of the limit of each action, which leaves room for others on the account
# (20 requests per second, https://cloud.tencent.com/document/product/862/112896).
DEFAULT_REQUESTS_PER_SECOND = 16.0
DEFAULT_LOOKS_ABROAD_PER_SECOND = 0.8 * sites.INTERNATIONAL_LOOK_LIMIT

# What the names of grants have digits for; at 20 requests a second a day has 1,728,000.
MAX_PICTURES_PER_DAY = 10_000_000

MPS_HOST = "mps.tencentcloudapi.com"


@dataclass(frozen=True)
class TencentCloudSettings:
    """A connection, read and checked. Secrets do not show in its repr.

    :param secret_id: SecretId (login); None leaves credentials to the SDK's default chain
    :param secret_key: SecretKey (password)
    :param token: token of a temporary credential
    :param region: region of the MPS API; empty for the international site if none is given
    :param role_arn: CAM role to assume through STS
    :param role_session_name: name of the STS session
    :param cos_bucket: bucket for pictures without one
    :param cos_region: region for buckets without one
    :param endpoint: MPS ``host[:port]``
    :param protocol: ``https`` or ``http``
    :param cos_endpoint: address to dial for COS; the bucket's own name stays in ``Host``
    :param proxy: http(s) proxy for every request
    :param ca_bundle: file of CA certificates to trust
    :param request_timeout: seconds for connecting, and for each wait on an answer
    :param requests_per_second: how many MPS requests of each action this process sends in a second at the most
    :param pictures_per_day: how many ProcessImage requests may be accepted in a day, UTC; None for any number
    :param budget_dir: COS folder in ``cos_bucket`` where the grants of ``pictures_per_day`` are kept
    :param prices: what a picture costs; None if that is not known
    """

    secret_id: str | None = None
    secret_key: str | None = field(default=None, repr=False)
    token: str | None = field(default=None, repr=False)
    region: str = DEFAULT_REGION
    role_arn: str | None = None
    role_session_name: str = DEFAULT_ROLE_SESSION_NAME
    cos_bucket: str | None = None
    cos_region: str = DEFAULT_REGION
    endpoint: str = MPS_HOST
    protocol: str = "https"
    cos_endpoint: HostPort | None = None
    proxy: str | None = field(default=None, repr=False)
    ca_bundle: str | None = None
    request_timeout: float = DEFAULT_REQUEST_TIMEOUT
    requests_per_second: float = DEFAULT_REQUESTS_PER_SECOND
    pictures_per_day: int | None = None
    budget_dir: str = DEFAULT_BUDGET_DIR
    prices: Prices | None = None

    @property
    def storage(self) -> StorageDefaults:
        """Bucket and region for pictures whose arguments name none."""
        return StorageDefaults(self.cos_bucket, self.cos_region)

    @property
    def sts_endpoint(self) -> str:
        """STS next to MPS: ``mps.`` becomes ``sts.``; any other address is a gateway that serves both."""
        prefix = f"{MPS_SERVICE}."
        return f"sts.{self.endpoint.removeprefix(prefix)}" if self.endpoint.startswith(prefix) else self.endpoint

    def rate_of(self, action: str) -> float:
        """Return how many requests of an action this process sends in a second at the most."""
        is_default = self.requests_per_second == DEFAULT_REQUESTS_PER_SECOND
        if is_default and action == Action.DESCRIBE_IMAGE_TASK_DETAIL and sites.is_international(self.endpoint):
            return DEFAULT_LOOKS_ABROAD_PER_SECOND
        return self.requests_per_second

    @property
    def secrets(self) -> list[str]:
        """What must be masked wherever it might show up."""
        found = [self.secret_key, self.token, *addresses.proxy_secrets(self.proxy)]
        return [secret for secret in found if secret]


def read_settings(
    login: str | None,
    password: str | None,
    extra: Mapping[str, Any],
    environ: Mapping[str, str],
) -> TencentCloudSettings:
    """Read the parts of a connection.

    Each default falls back from the connection to the environment to a fixed value.

    :raises ArgumentError: a field cannot be used; the message names it
    """

    def get(name: str) -> Any:
        return extra_field(extra, name)

    login, password = (login or "").strip() or None, (password or "").strip() or None
    if bool(login) != bool(password):
        raise ArgumentError("connection: login (SecretId) and password (SecretKey) belong together; one is missing")
    if get("token") and not login:
        raise ArgumentError("connection: extra token belongs to a login (SecretId) and password (SecretKey)")
    for name, value in {"login": login, "password": password, "extra token": get("token")}.items():
        if value is not None and (not isinstance(value, str) or SPACE.search(value)):
            raise ArgumentError(f"connection: {name} has to be a text without spaces and line breaks")
    cos_bucket = get("cos_bucket") or environ.get(ENV_COS_BUCKET)
    cos_endpoint = get("cos_endpoint")
    endpoint = _endpoint(get("endpoint"))
    prices = get("prices")
    return TencentCloudSettings(
        secret_id=login,
        secret_key=password,
        token=get("token"),
        region=_region(get("region") or environ.get(ENV_REGION), endpoint),
        role_arn=get("role_arn"),
        role_session_name=get("role_session_name") or DEFAULT_ROLE_SESSION_NAME,
        cos_bucket=arguments.bucket("connection extra cos_bucket", cos_bucket) if cos_bucket else None,
        cos_region=arguments.region(
            "connection extra cos_region", get("cos_region") or environ.get(ENV_COS_REGION) or DEFAULT_REGION
        ),
        endpoint=endpoint,
        cos_endpoint=addresses.host_port("connection extra cos_endpoint", cos_endpoint) if cos_endpoint else None,
        pictures_per_day=_pictures_per_day(get("pictures_per_day"), cos_bucket),
        budget_dir=arguments.output_dir("connection extra budget_dir", get("budget_dir") or DEFAULT_BUDGET_DIR),
        prices=None if prices is None else read_prices("connection extra prices", prices),
        **transport_fields(extra, requests_per_second=DEFAULT_REQUESTS_PER_SECOND),
    )


def _pictures_per_day(value: Any, cos_bucket: Any) -> int | None:
    if value is None:
        return None
    found = arguments.integer("connection extra pictures_per_day", value, 1, MAX_PICTURES_PER_DAY)
    if not cos_bucket:
        raise ArgumentError("connection extra pictures_per_day: needs extra cos_bucket, where its grants are kept")
    return found


def _endpoint(value: Any) -> str:
    if not value:
        return MPS_HOST
    found = addresses.host_port("connection extra endpoint", value)
    return found.host if found.port is None else f"{found.host}:{found.port}"


def _region(given: Any, endpoint: str) -> str:
    if given:
        return arguments.region("connection extra region", given)
    return sites.region_of(endpoint) or ("" if sites.is_international(endpoint) else DEFAULT_REGION)
