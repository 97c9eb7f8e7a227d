"""STS: temporary keys."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from airflow_provider_mps.local.tencentcloud.calls import ApiAction, ApiCall
from airflow_provider_mps.local.tencentcloud.errors import ApiRefusal
from airflow_provider_mps.local.tencentcloud.schemas import AssumeRoleRequest, parse

SERVICE = "sts"
VERSION = "2018-08-13"
DEFAULT_SECONDS = 7200


def assume_role(call: ApiCall) -> dict[str, Any]:
    """Issue a temporary key pair for the caller's account."""
    request = parse(AssumeRoleRequest, call.body)
    if not re.fullmatch(r"qcs::cam::uin/\d+:(role|roleName)/\S+", request.RoleArn):
        raise ApiRefusal("InvalidParameter.ParamError", "`RoleArn` must look like qcs::cam::uin/<uin>:roleName/<name>.")
    seconds = request.DurationSeconds or DEFAULT_SECONDS
    credential = call.state.accounts.issue(call.credential, seconds)
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


ACTIONS = {"AssumeRole": ApiAction(SERVICE, VERSION, assume_role)}
