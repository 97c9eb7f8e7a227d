"""Serves the result pictures of Aidge's stand-in, as an object store does."""

from __future__ import annotations

import re
import secrets
from pathlib import Path

from airflow_provider_mps.local.aidge.files import PREFIX
from airflow_provider_mps.local.aidge.words import GET_RESULT
from airflow_provider_mps.local.backend import Backend
from airflow_provider_mps.local.cos import xml as cos_xml
from airflow_provider_mps.local.serving.errors import CosError
from airflow_provider_mps.local.serving.fault_flow import carry_out
from airflow_provider_mps.local.serving.faults import Rule, deciding, of_kind
from airflow_provider_mps.local.serving.journal import Record
from airflow_provider_mps.local.serving.wire import DropConnection, Reply, Request

_PATH = re.compile(PREFIX + r"(?P<task>[0-9a-f]{32})/(?P<number>[1-9][0-9]?)\.jpg")


class AidgeResults:
    """Answers requests for result pictures.

    :param backend: the service's state.
    """

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    @staticmethod
    def serves(request: Request) -> bool:
        """Say whether a request is for a result."""
        path: bytes = request.scope["raw_path"]
        return path.startswith(PREFIX.encode())

    async def handle(self, request: Request) -> Reply:
        """Answer one request; raises :class:`DropConnection` when a fault asks for a reset."""
        raw: bytes = request.scope["raw_path"]
        path = raw.decode("ascii", "replace")
        record = self._backend.journal.open(GET_RESULT, request.headers)
        # Not the query: it holds the signature.
        record.body = {"path": path}
        try:
            try:
                reply = await self._answer(request, path, record)
            except CosError as error:
                record.code = error.code
                body = cos_xml.error(error.code, error.message, path, secrets.token_hex(12))
                reply = Reply(error.status, [("Content-Type", "application/xml")], body)
            record.http_status = reply.status
            await request.drain()
        except DropConnection:
            record.http_status = 0
            raise
        finally:
            self._backend.journal.add(record)
        return reply

    async def _answer(self, request: Request, path: str, record: Record) -> Reply:
        if request.method != "GET":
            raise CosError(405, "MethodNotAllowed", "The specified method is not allowed against this resource.")
        match = _PATH.fullmatch(path)
        task = self._backend.aidge.tasks.get(match["task"]) if match else None
        file = self._backend.aidge.files.file(match["task"], int(match["number"])) if match else Path()
        if task is None or not file.is_file():
            raise CosError(404, "NoSuchKey", "The specified key does not exist.")
        record.task_id = task.task_id
        self._backend.aidge.files.check(path, request.query, task, self._backend.clock())
        record.secret_id = task.key_name
        rules = self._backend.faults.take(GET_RESULT, path)

        async def run() -> Reply:
            data = file.read_bytes()
            if rule := of_kind(rules, "short_length"):
                data = data[: max(0, len(data) - rule.n)]
            cut = of_kind(rules, "truncate")
            return Reply(200, [("Content-Type", "image/jpeg")], data, min(cut.n, len(data)) if cut else None)

        reply = await carry_out(rules, record, run, refusal=_refusal, media_type="image/jpeg")
        record.fault = record.fault or deciding(rules)
        return reply


def _refusal(rule: Rule) -> CosError:
    return CosError(rule.http_status(503), rule.code, rule.message)
