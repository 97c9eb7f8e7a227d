"""The endpoint of Aidge: the gateway's checks, and what it hands on to the APIs."""

from __future__ import annotations

import json
from typing import Any

from airflow_provider_mps.local.aidge import replies as aidge_replies
from airflow_provider_mps.local.aidge import sign as aidge_sign
from airflow_provider_mps.local.aidge.api import ACTIONS, AidgeCall
from airflow_provider_mps.local.aidge.errors import AidgeRefusal
from airflow_provider_mps.local.aidge.state import AidgeState
from airflow_provider_mps.local.aidge.words import REST_PREFIX
from airflow_provider_mps.local.serving.endpoint import Endpoint
from airflow_provider_mps.local.serving.errors import LimitExceeded
from airflow_provider_mps.local.serving.fault_flow import carry_out
from airflow_provider_mps.local.serving.faults import Rule
from airflow_provider_mps.local.serving.journal import JournalRecord
from airflow_provider_mps.local.serving.wire import BodyTooLarge, HttpReply, Request

MAX_BODY_BYTES = 10 * 1024 * 1024
# A text that is longer than this is no argument but data.
_SHOWN_CHARACTERS = 4000


class Aidge(Endpoint[AidgeRefusal, AidgeState]):
    """Answers requests to Aidge's APIs."""

    refusal = AidgeRefusal

    def serves(self, request: Request) -> bool:
        """Say whether a request is for an API."""
        path: bytes = request.scope["raw_path"]
        return path.startswith(f"{REST_PREFIX}/".encode())

    def _begin(self, request: Request) -> JournalRecord:
        raw: bytes = request.scope["raw_path"]
        record = self._serving.journal.open(raw.decode("ascii", "replace").removeprefix(REST_PREFIX), request.headers)
        record.trial = request.headers.get("x-iop-trial", "").strip().lower() == "true"
        return record

    async def _answer(self, request: Request, record: JournalRecord) -> HttpReply:
        action = ACTIONS.get(record.action)
        if action is None:
            raise AidgeRefusal("InvalidApiPath", "The specified API path is invalid")
        _check_form(request)
        now = self._serving.clock()
        credential = aidge_sign.verify(request.query, accounts=self._state.accounts, now=now)
        record.secret_id = credential.secret_id
        raw, body = await _body(request)
        record.body = _shown(body)
        try:
            self._serving.limiter.check(credential.account, record.action, now)
        except LimitExceeded as error:
            raise AidgeRefusal("501", f"rate limit exceed: {error}") from None
        rules = self._serving.faults.take(record.action, raw.decode("utf-8", "replace"))
        call = AidgeCall(self._serving, self._state, credential, body, record, request.origin, rules)

        async def run() -> HttpReply:
            return aidge_replies.accepted(self._state.shape, request.id, action(call))

        return await carry_out(rules, record, run, refusal=_ordered, media_type="application/json")

    def _refused(self, request: Request, error: AidgeRefusal) -> HttpReply:
        return aidge_replies.refused(self._state.shape, request.id, error)


def _check_form(request: Request) -> None:
    if request.method != "POST":
        raise AidgeRefusal("UnsupportedMethod", "The HTTP method is not supported, it has to be POST")
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise AidgeRefusal("InvalidParameter", "The specified parameter 'Content-Type' has to be application/json")
    if request.headers.get("x-iop-trial", "false").strip().lower() not in ("true", "false"):
        raise AidgeRefusal("InvalidParameter", "The specified parameter 'x-iop-trial' has to be true or false")


async def _body(request: Request) -> tuple[bytes, dict[str, Any]]:
    try:
        raw = await request.body(MAX_BODY_BYTES)
        body = json.loads(raw or b"{}")
    except BodyTooLarge:
        raise AidgeRefusal("700", f"invalid input: the body is larger than {MAX_BODY_BYTES // 2**20} MB") from None
    except ValueError:
        raise AidgeRefusal("700", "invalid input: the body has to be JSON") from None
    if not isinstance(body, dict):
        raise AidgeRefusal("700", "invalid input: the body has to be a JSON object")
    return raw, body


def _shown(value: Any, name: str = "") -> Any:
    """Copy a body for the journal: JSON inside of it is parsed, and of pictures only the length is kept."""
    if isinstance(value, dict):
        return {key: _shown(item, key) for key, item in value.items()}
    if isinstance(value, list):
        return [_shown(item) for item in value]
    if not isinstance(value, str):
        return value
    if name == "requestParams":
        try:
            return _shown(json.loads(value))
        except ValueError:
            pass
    return f"<{len(value)} characters>" if name == "imgBase64" or len(value) > _SHOWN_CHARACTERS else value


def _ordered(rule: Rule) -> AidgeRefusal:
    return AidgeRefusal(rule.code, rule.message)
