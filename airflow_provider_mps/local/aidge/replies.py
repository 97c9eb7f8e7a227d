"""The two shapes that Aidge answers in, by its own reference and by Alibaba Cloud's documents of 2026.

``aidge``: numbers of the service in ``resCode``, words of the gateway in ``code``. ``cloud``: ``Code``, ``Message``,
``RequestId``, ``Success`` and ``Data`` with named errors, names that begin with a capital, other words for the statuses
and the result as a text that holds JSON (https://help.aliyun.com/zh/document_detail/3038634.html, 3038043); of all
refusals only that for too many requests has an HTTP status of its own, 429 (3038044).
"""

from __future__ import annotations

import json
from typing import Any, Literal, get_args

from airflow_provider_mps.local.aidge.errors import AidgeRefusal
from airflow_provider_mps.local.serving.wire import HttpReply, json_reply

Shape = Literal["aidge", "cloud"]
SHAPES: tuple[Shape, ...] = get_args(Shape)

_CODES = {
    "500": "InternalError",
    "501": "Throttling.User",
    "700": "InvalidParameter",
    "801": "DownstreamUnavailable",
    "1000": "InputContentBlocked",
    "1001": "DownstreamUnavailable",
    "1002": "DownstreamUnavailable",
    "InsufficientPermission": "FreeQuotaExhausted",
    "InvalidAppKey": "InvalidAccessKeyId.NotFound",
    "IncompleteSignature": "SignatureDoesNotMatch",
}
_STATUSES = {"waiting": "QUEUED", "processing": "IN_PROGRESS", "finished": "COMPLETED", "failed": "FAILED"}


def accepted(shape: Shape, request_id: str, data: dict[str, Any]) -> HttpReply:
    """Make the answer to a request that was carried out."""
    if shape == "aidge":
        return json_reply(_numbered(request_id, "200", "success", data))
    named = {"Code": "success", "Message": "Success", "RequestId": request_id, "Success": True, "Data": _data(data)}
    return json_reply(named)


def refused(shape: Shape, request_id: str, error: AidgeRefusal) -> HttpReply:
    """Make the answer to a request that was not."""
    if shape == "cloud":
        code = _CODES.get(error.code, error.code)
        named = {"Code": code, "Message": error.message, "RequestId": request_id, "Success": False}
        return json_reply(named, 429 if code.startswith("Throttling") else 200)
    if error.by_service:
        return json_reply(_numbered(request_id, error.code, error.message, None))
    return json_reply({"type": "ISV", "code": error.code, "message": error.message, "request_id": request_id})


def _numbered(request_id: str, code: str, message: str, data: dict[str, Any] | None) -> dict[str, Any]:
    return {
        "code": "0",
        "request_id": request_id,
        "resCode": int(code),
        "success": code == "200",
        "resMessage": message,
        "requestId": request_id,
        "data": data,
    }


def _data(data: dict[str, Any]) -> dict[str, Any]:
    if "taskStatus" in data:
        done = data["taskResult"]
        return {
            "TaskId": data["taskId"],
            "Status": _STATUSES.get(data["taskStatus"], data["taskStatus"]),
            "Result": data["taskMessage"] or (json.dumps(_capitals(done)) if done else None),
            "UsageMap": {"ProcessedImageCount": str(len(done))},
        }
    result = data["result"]
    return {"TaskId": result["taskId"]} if isinstance(result, dict) else {"Result": json.dumps(_capitals(result))}


def _capitals(value: Any) -> Any:
    if isinstance(value, dict):
        return {name[:1].upper() + name[1:]: _capitals(item) for name, item in value.items()}
    return [_capitals(item) for item in value] if isinstance(value, list) else value
