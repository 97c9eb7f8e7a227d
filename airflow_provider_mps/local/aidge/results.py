"""Serves the result pictures of Aidge's stand-in, as an object store does."""

from __future__ import annotations

import re
from pathlib import Path

from airflow_provider_mps.local.aidge.files import PREFIX
from airflow_provider_mps.local.aidge.state import AidgeState
from airflow_provider_mps.local.aidge.words import GET_RESULT
from airflow_provider_mps.local.cos.endpoint import ordered, refused
from airflow_provider_mps.local.cos.errors import CosRefusal
from airflow_provider_mps.local.serving.endpoint import Endpoint
from airflow_provider_mps.local.serving.fault_flow import carry_out
from airflow_provider_mps.local.serving.faults import deciding, of_kind
from airflow_provider_mps.local.serving.journal import JournalRecord
from airflow_provider_mps.local.serving.wire import HttpReply, Request

_PATH = re.compile(PREFIX + r"(?P<task>[0-9a-f]{32})/(?P<number>[1-9][0-9]?)\.jpg")


class AidgeResults(Endpoint[CosRefusal, AidgeState]):
    """Answers requests for result pictures."""

    refusal = CosRefusal

    def serves(self, request: Request) -> bool:
        """Say whether a request is for a result."""
        path: bytes = request.scope["raw_path"]
        return path.startswith(PREFIX.encode())

    def _begin(self, request: Request) -> JournalRecord:
        record = self._serving.journal.open(GET_RESULT, request.headers)
        # Not the query: it holds the signature.
        record.body = {"path": _path(request)}
        return record

    async def _answer(self, request: Request, record: JournalRecord) -> HttpReply:
        if request.method != "GET":
            raise CosRefusal(405, "MethodNotAllowed", "The specified method is not allowed against this resource.")
        path = _path(request)
        match = _PATH.fullmatch(path)
        task = self._state.tasks.get(match["task"]) if match else None
        file = self._state.files.file(match["task"], int(match["number"])) if match else Path()
        if task is None or not file.is_file():
            raise CosRefusal(404, "NoSuchKey", "The specified key does not exist.")
        record.task_id = task.task_id
        self._state.files.check(path, request.query, task, self._serving.clock())
        record.secret_id = task.key_name
        rules = self._serving.faults.take(GET_RESULT, path)

        async def run() -> HttpReply:
            data = file.read_bytes()
            if rule := of_kind(rules, "short_length"):
                data = data[: max(0, len(data) - rule.n)]
            cut = of_kind(rules, "truncate")
            return HttpReply(200, [("Content-Type", "image/jpeg")], data, min(cut.n, len(data)) if cut else None)

        reply = await carry_out(rules, record, run, refusal=ordered, media_type="image/jpeg")
        record.fault = record.fault or deciding(rules)
        return reply

    def _refused(self, request: Request, error: CosRefusal) -> HttpReply:
        return refused(error, _path(request), request.id[:24])


def _path(request: Request) -> str:
    raw: bytes = request.scope["raw_path"]
    return raw.decode("ascii", "replace")
