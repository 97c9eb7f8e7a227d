"""The endpoint of API 3.0: one URL, the action in a header, errors inside an answer of status 200."""

from __future__ import annotations

import json
import re
import uuid
from typing import Any

from airflow_provider_mps.local.serving.endpoint import Endpoint
from airflow_provider_mps.local.serving.errors import LimitExceeded
from airflow_provider_mps.local.serving.fault_flow import carry_out
from airflow_provider_mps.local.serving.faults import Rule
from airflow_provider_mps.local.serving.journal import JournalRecord
from airflow_provider_mps.local.serving.wire import BodyTooLarge, HttpReply, Request, json_reply
from airflow_provider_mps.local.tencentcloud import mps, sts, tc3
from airflow_provider_mps.local.tencentcloud.calls import ApiAction, ApiCall
from airflow_provider_mps.local.tencentcloud.errors import ApiRefusal
from airflow_provider_mps.local.tencentcloud.state import TencentCloudState

MAX_BODY_BYTES = 10 * 1024 * 1024
_REGION = re.compile(r"[a-z]{2,4}-[a-z]+(-[a-z0-9]+)*")

ACTIONS = {**mps.ACTIONS, **sts.ACTIONS}


class Api3(Endpoint[ApiRefusal, TencentCloudState]):
    """Answers requests to MPS and STS."""

    refusal = ApiRefusal

    def serves(self, request: Request) -> bool:
        """Say whether a request may be for an action: what they are all sent to has no path."""
        raw: bytes = request.scope["raw_path"]
        return request.method == "POST" and raw == b"/"

    def _begin(self, request: Request) -> JournalRecord:
        return self._serving.journal.open(request.headers.get("x-tc-action", ""), request.headers)

    async def _answer(self, request: Request, record: JournalRecord) -> HttpReply:
        try:
            raw = await request.body(MAX_BODY_BYTES)
        except BodyTooLarge:
            raise ApiRefusal("RequestSizeLimitExceeded", "The request body is larger than 10 MB.") from None
        action, now = _check_common(request, record.action), self._serving.clock()
        credential = tc3.verify(request, raw, service=action.service, accounts=self._state.accounts, now=now)
        record.secret_id = credential.secret_id
        record.body = body = _parse_body(raw)
        try:
            self._serving.limiter.check(credential.account, record.action, self._serving.clock())
        except LimitExceeded as error:
            raise ApiRefusal("RequestLimitExceeded", str(error)) from None
        rules = self._serving.faults.take(record.action, raw.decode("utf-8", "replace"))
        call = ApiCall(self._serving, self._state, credential, body, record, rules)

        async def run() -> HttpReply:
            return _reply(action.run(call))

        return await carry_out(rules, record, run, refusal=_ordered, media_type="application/json")

    def _refused(self, request: Request, error: ApiRefusal) -> HttpReply:
        return _reply({"Error": {"Code": error.code, "Message": error.message}})


def _check_common(request: Request, name: str) -> ApiAction:
    headers = request.headers
    if not name:
        raise ApiRefusal("MissingParameter", "The request is missing a required parameter `X-TC-Action`.")
    if request.method != "POST" or headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        raise ApiRefusal("UnsupportedProtocol", "Only POST requests with `application/json` are supported.")
    action = ACTIONS.get(name)
    if action is None:
        raise ApiRefusal("InvalidAction", f"The requested action `{name}` is not found in the local service.")
    version = headers.get("x-tc-version", "")
    if not version:
        raise ApiRefusal("MissingParameter", "The request is missing a required parameter `X-TC-Version`.")
    if version != action.version:
        raise ApiRefusal("NoSuchVersion", f"The version `{version}` does not exist; `{name}` is of `{action.version}`.")
    timestamp = headers.get("x-tc-timestamp", "")
    if not timestamp:
        raise ApiRefusal("MissingParameter", "The request is missing a required parameter `X-TC-Timestamp`.")
    if not re.fullmatch(r"[0-9]{1,11}", timestamp):
        raise ApiRefusal("InvalidParameterValue", "The value of parameter `X-TC-Timestamp` is not valid.")
    region = headers.get("x-tc-region", "")
    if region and not _REGION.fullmatch(region):
        raise ApiRefusal("UnsupportedRegion", f"The region `{region}` is not supported.")
    return action


def _parse_body(raw: bytes) -> dict[str, Any]:
    try:
        body = json.loads(raw or b"{}")
    except ValueError:
        raise ApiRefusal("InvalidParameter", "The request body is not valid JSON.") from None
    if not isinstance(body, dict):
        raise ApiRefusal("InvalidParameter", "The request body is not a JSON object.")
    return body


def _ordered(rule: Rule) -> ApiRefusal:
    return ApiRefusal(rule.code, rule.message)


def _reply(answer: dict[str, Any]) -> HttpReply:
    return json_reply({"Response": {**answer, "RequestId": str(uuid.uuid4())}})
