"""The endpoint of API 3.0: one URL, the action in a header, errors inside an answer of status 200."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from airflow_provider_mps.local.backend import Backend
from airflow_provider_mps.local.serving.accounts import Credential
from airflow_provider_mps.local.serving.errors import ApiError
from airflow_provider_mps.local.serving.fault_flow import carry_out
from airflow_provider_mps.local.serving.faults import Rule
from airflow_provider_mps.local.serving.journal import Record
from airflow_provider_mps.local.serving.wire import BodyTooLarge, DropConnection, Reply, Request, json_reply
from airflow_provider_mps.local.tencentcloud import mps, sts, tc3

MAX_BODY_BYTES = 10 * 1024 * 1024
_REGION = re.compile(r"[a-z]{2,4}-[a-z]+(-[a-z0-9]+)*")


@dataclass(frozen=True, slots=True)
class Call:
    """An authenticated request to an action.

    :param backend: the service's state.
    :param credential: who signed.
    :param body: the request body.
    :param record: the request's entry in the journal.
    :param rules: the fault rules that apply.
    """

    backend: Backend
    credential: Credential
    body: dict[str, Any]
    record: Record
    rules: Sequence[Rule] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Action:
    """An action: the service and version that it belongs to, and what carries it out."""

    service: str
    version: str
    run: Callable[[Call], dict[str, Any]]


ACTIONS = {
    "ProcessImage": Action(mps.SERVICE, mps.VERSION, mps.process_image),
    "DescribeImageTaskDetail": Action(mps.SERVICE, mps.VERSION, mps.describe_image_task_detail),
    "DescribeImageTasks": Action(mps.SERVICE, mps.VERSION, mps.describe_image_tasks),
    "AssumeRole": Action(sts.SERVICE, sts.VERSION, sts.assume_role),
}


class Api3:
    """Answers requests to MPS and STS.

    :param backend: the service's state.
    """

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    async def handle(self, request: Request) -> Reply:
        """Answer one request; raises :class:`DropConnection` when a fault asks for a reset."""
        record = self._backend.journal.open(request.headers.get("x-tc-action", ""), request.headers)
        try:
            reply = await self._answer(request, record)
            record.http_status = reply.status
            return reply
        except ApiError as error:
            record.code = error.code
            return _reply({"Error": {"Code": error.code, "Message": error.message}})
        except DropConnection:
            record.http_status = 0
            raise
        finally:
            self._backend.journal.add(record)

    async def _answer(self, request: Request, record: Record) -> Reply:
        try:
            raw = await request.body(MAX_BODY_BYTES)
        except BodyTooLarge:
            raise ApiError("RequestSizeLimitExceeded", "The request body is larger than 10 MB.") from None
        action = _check_common(request, record.action)
        credential = tc3.verify(
            request, raw, service=action.service, accounts=self._backend.accounts, now=self._backend.clock()
        )
        record.secret_id = credential.secret_id
        record.body = body = _parse_body(raw)
        self._backend.limiter.check(credential.account, record.action, self._backend.clock())
        rules = self._backend.faults.take(record.action, raw.decode("utf-8", "replace"))
        call = Call(self._backend, credential, body, record, rules)

        async def run() -> Reply:
            return _reply(action.run(call))

        return await carry_out(rules, record, run, refusal=_refusal, media_type="application/json")


def _check_common(request: Request, name: str) -> Action:
    headers = request.headers
    if not name:
        raise ApiError("MissingParameter", "The request is missing a required parameter `X-TC-Action`.")
    if request.method != "POST" or headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        raise ApiError("UnsupportedProtocol", "Only POST requests with `application/json` are supported.")
    action = ACTIONS.get(name)
    if action is None:
        raise ApiError("InvalidAction", f"The requested action `{name}` is not found in the local service.")
    version = headers.get("x-tc-version", "")
    if not version:
        raise ApiError("MissingParameter", "The request is missing a required parameter `X-TC-Version`.")
    if version != action.version:
        raise ApiError("NoSuchVersion", f"The version `{version}` does not exist; `{name}` is of `{action.version}`.")
    timestamp = headers.get("x-tc-timestamp", "")
    if not timestamp:
        raise ApiError("MissingParameter", "The request is missing a required parameter `X-TC-Timestamp`.")
    if not re.fullmatch(r"[0-9]{1,11}", timestamp):
        raise ApiError("InvalidParameterValue", "The value of parameter `X-TC-Timestamp` is not valid.")
    region = headers.get("x-tc-region", "")
    if region and not _REGION.fullmatch(region):
        raise ApiError("UnsupportedRegion", f"The region `{region}` is not supported.")
    return action


def _parse_body(raw: bytes) -> dict[str, Any]:
    try:
        body = json.loads(raw or b"{}")
    except ValueError:
        raise ApiError("InvalidParameter", "The request body is not valid JSON.") from None
    if not isinstance(body, dict):
        raise ApiError("InvalidParameter", "The request body is not a JSON object.")
    return body


def _refusal(rule: Rule) -> ApiError:
    return ApiError(rule.code, rule.message)


def _reply(answer: dict[str, Any]) -> Reply:
    return json_reply({"Response": {**answer, "RequestId": str(uuid.uuid4())}})
