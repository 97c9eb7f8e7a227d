"""The endpoint of COS: which operation a request is, who may ask, and the refusals."""

from __future__ import annotations

import re
from dataclasses import dataclass

from airflow_provider_mps.local.cos import copy as cos_copy
from airflow_provider_mps.local.cos import names as cos_names
from airflow_provider_mps.local.cos import sign as cos_sign
from airflow_provider_mps.local.cos import xml as cos_xml
from airflow_provider_mps.local.cos.errors import CosRefusal
from airflow_provider_mps.local.cos.objects import OPERATIONS, CosCall
from airflow_provider_mps.local.cos.state import CosState
from airflow_provider_mps.local.cos.store import ObjectStore
from airflow_provider_mps.local.serving.endpoint import Endpoint
from airflow_provider_mps.local.serving.fault_flow import carry_out
from airflow_provider_mps.local.serving.faults import Rule, deciding
from airflow_provider_mps.local.serving.journal import JournalRecord
from airflow_provider_mps.local.serving.wire import HttpReply, Request

# Query parameters that the operations know; any other asks for something that is not offered here, and to answer as
# if it were not there would be worse than a refusal.
_PARAMS = re.compile(
    r"q-.*|x-cos-.*|response-.*|prefix|marker|max-keys|delimiter|encoding-type|uploads|uploadId|partNumber|max-uploads"
    r"|key-marker|upload-id-marker|max-parts|part-number-marker"
)
_OPERATIONS = {**OPERATIONS, "CopyObject": cos_copy.copy_object}


@dataclass(frozen=True, slots=True)
class _Target:
    bucket: str
    region: str
    key: str
    operation: str


class Cos(Endpoint[CosRefusal, CosState]):
    """Answers requests to buckets."""

    refusal = CosRefusal

    def serves(self, request: Request) -> bool:
        """Say whether a request goes to a bucket, which its ``Host`` header tells, or a signature in its query."""
        return cos_names.of_host(request.headers.get("host", "")) is not None or cos_names.is_link(request)

    async def handle(self, request: Request) -> HttpReply:
        """Answer one request; raises :class:`DropConnection` when a fault asks for a reset."""
        reply = await super().handle(request)
        reply.headers += [("x-cos-request-id", request.id), ("Server", "tencent-cos")]
        return reply

    def _begin(self, request: Request) -> JournalRecord:
        return self._serving.journal.open(request.method, request.headers)

    async def _answer(self, request: Request, record: JournalRecord) -> HttpReply:
        target = _target(request, self._state.store)
        record.action, record.region = target.operation, target.region
        record.body = {"bucket": target.bucket, "key": target.key}
        if wanted := request.headers.get("range"):
            record.body["range"] = wanted
        credential = cos_sign.verify(request, accounts=self._state.accounts, now=self._serving.clock())
        record.secret_id = credential.secret_id
        self._state.store.check_bucket(target.bucket, target.region)
        rules = self._serving.faults.take(target.operation, f"/{target.bucket}/{target.key}")
        call = CosCall(self._serving, self._state, request, target.bucket, target.key, rules)

        async def run() -> HttpReply:
            return await _OPERATIONS[target.operation](call)

        reply = await carry_out(rules, record, run, refusal=ordered, media_type="application/xml")
        record.fault = record.fault or deciding(rules)
        return reply

    def _refused(self, request: Request, error: CosRefusal) -> HttpReply:
        return refused(error, _resource(request), request.id)


def refused(error: CosRefusal, resource: str, request_id: str) -> HttpReply:
    """Give a refusal the shape of an answer.

    :param error: the refusal.
    :param resource: what was asked for.
    :param request_id: the id of the request.
    """
    body = cos_xml.error(error.code, error.message, resource, request_id)
    return HttpReply(error.status, [("Content-Type", "application/xml")], body)


def ordered(rule: Rule) -> CosRefusal:
    """Return the refusal that an ``error`` rule asks for."""
    return CosRefusal(rule.http_status(503), rule.code, rule.message)


def _target(request: Request, store: ObjectStore) -> _Target:
    place = cos_names.of_host(request.headers.get("host", "")) or cos_names.of_link(request, store)
    if place is None:
        raise CosRefusal(404, "NoSuchBucket", "The specified bucket does not exist.")
    try:
        key = request.path[1:]
    except UnicodeDecodeError:
        raise CosRefusal(400, "InvalidURI", "The path is not UTF-8.") from None
    return _Target(place.bucket, place.region, key, _operation(request, bool(key)))


def _operation(request: Request, of_object: bool) -> str:
    method, query = request.method, request.query
    if not of_object:
        name = {"HEAD": "HeadBucket", "GET": "ListMultipartUploads" if "uploads" in query else "GetBucket"}.get(method)
    elif "uploads" in query:
        name = {"POST": "InitiateMultipartUpload"}.get(method)
    elif "uploadId" in query:
        name = {
            "PUT": "UploadPart",
            "POST": "CompleteMultipartUpload",
            "DELETE": "AbortMultipartUpload",
            "GET": "ListParts",
        }.get(method)
    else:
        name = {"GET": "GetObject", "HEAD": "HeadObject", "PUT": "PutObject", "DELETE": "DeleteObject"}.get(method)
    is_copy = cos_copy.SOURCE in request.headers
    if name == "PutObject" and is_copy:
        name = "CopyObject"
    strange = any(not _PARAMS.fullmatch(one) for one in query if one != cos_names.BUCKET)
    if name is None or strange or (name == "UploadPart" and is_copy):
        raise CosRefusal(405, "MethodNotAllowed", "The local service does not offer this operation.")
    return name


def _resource(request: Request) -> str:
    raw: bytes = request.scope["raw_path"]
    return f"{request.headers.get('host', '')}{raw.decode('ascii', 'replace')}"
