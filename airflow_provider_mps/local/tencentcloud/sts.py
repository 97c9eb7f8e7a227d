"""STS: temporary keys."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from airflow_provider_mps.local.serving.errors import ApiError
from airflow_provider_mps.local.tencentcloud.schemas import AssumeRoleRequest, parse

if TYPE_CHECKING:
    from airflow_provider_mps.local.tencentcloud.api3 import Call

SERVICE = "sts"
VERSION = "2018-08-13"
DEFAULT_SECONDS = 7200


def assume_role(call: Call) -> dict[str, Any]:
    """Issue a temporary key pair for the caller's account."""
    request = parse(AssumeRoleRequest, call.body)
    if not re.fullmatch(r"qcs::cam::uin/\d+:(role|roleName)/\S+", request.RoleArn):
        raise ApiError("InvalidParameter.ParamError", "`RoleArn` must look like qcs::cam::uin/<uin>:roleName/<name>.")
    seconds = request.DurationSeconds or DEFAULT_SECONDS
    credential = call.backend.accounts.issue(call.credential, seconds)
    expired = int(credential.expires or 0)
    return {
        "Credentials": {
            "Token": credential.token,
            "TmpSecretId": credential.secret_id,
            "TmpSecretKey": credential.secret_key,
        },
        "ExpiredTime": expired,
        "Expiration": datetime.fromtimestamp(expired, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
