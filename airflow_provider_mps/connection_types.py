"""The connection types, and the forms that Airflow shows for them."""

from __future__ import annotations

from typing import Any

from airflow_provider_mps.services.aidge.words import AIDGE_CONN_TYPE, CHINA_HOST, GLOBAL_HOST
from airflow_provider_mps.services.tencentcloud.words import CONN_TYPE


def connection_types() -> list[dict[str, Any]]:
    """Return the types as Airflow's description of a provider has them."""
    return [_tencentcloud(), _aidge()]


def _tencentcloud() -> dict[str, Any]:
    return {
        "connection-type": CONN_TYPE,
        "hook-class-name": "airflow_provider_mps.hooks.mps.MpsHook",
        "hook-name": "Tencent Cloud",
        "conn-fields": {
            "region": _field("Region", "Region of the MPS API; ap-guangzhou if empty (international site: required)."),
            "cos_bucket": _field("COS bucket", "Bucket with its APPID, for pictures without one."),
            "cos_region": _field("COS region", "Region of the buckets; ap-guangzhou if empty."),
            "token": _field("Token", "Token of a temporary credential.", format="password"),
            "role_arn": _field("Role ARN", "CAM role to assume through STS."),
            "role_session_name": _field("Role session name", "Name of the STS session; airflow if empty."),
            "endpoint": _field("MPS endpoint", "host[:port]; mps.tencentcloudapi.com if empty."),
            "cos_endpoint": _field("COS endpoint", "host:port to dial instead of the bucket's own address."),
            "pictures_per_day": _field(
                "Pictures per day", "Of all processes on this account, UTC days; no limit if empty.", kind="integer"
            ),
            "budget_dir": _field("Budget folder", "In the COS bucket, for that limit; /airflow-mps/budget/ if empty."),
            "prices": _field("Prices", 'Of a picture, such as {"1K": 0.1, "2K": 0.2, "currency": "CNY"}.'),
            **_transport_fields("MPS action", 16),
        },
        "ui-field-behaviour": {
            "hidden-fields": ["host", "port", "schema"],
            "relabeling": {"login": "SecretId", "password": "SecretKey"},
            "placeholders": {"login": "AKID...; empty: environment, profile or machine role"},
        },
    }


def _aidge() -> dict[str, Any]:
    return {
        "connection-type": AIDGE_CONN_TYPE,
        "hook-class-name": "airflow_provider_mps.hooks.aidge.AidgeHook",
        "hook-name": "Alibaba Aidge",
        "conn-fields": {
            "trial": _field("Trial", "Draw on the trial quota of the account.", kind="boolean"),
            **_transport_fields("API", 2),
        },
        "ui-field-behaviour": {
            "hidden-fields": ["schema"],
            "relabeling": {"login": "API key name", "password": "API key secret"},
            "placeholders": {"login": "such as 512345", "host": f"{GLOBAL_HOST}; in China {CHINA_HOST}"},
        },
    }


def _transport_fields(what: str, rate: int) -> dict[str, Any]:
    return {
        "protocol": _field("Protocol", "https or http.", enum=["https", "http"]),
        "proxy": _field("Proxy", "http(s)://[user:password@]host:port.", format="password"),
        "ca_bundle": _field("CA bundle", "File of CA certificates to trust."),
        "request_timeout": _field("Request timeout", "Seconds; 30 if empty.", kind="number"),
        "requests_per_second": _field(
            "Requests per second", f"Of each {what}, from one process; {rate} if empty.", kind="number"
        ),
    }


def _field(label: str, description: str, kind: str = "string", **schema: Any) -> dict[str, Any]:
    # Without "null" in its type the form makes a field required.
    return {"label": label, "description": description, "schema": {"type": [kind, "null"], **schema}}
