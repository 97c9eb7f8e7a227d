"""The shapes that Aidge's replies come in, made one.

- The reference of Aidge itself (see ``services.aidge.words``): ``resCode``, ``resMessage``, ``requestId``, ``data``,
  and of the gateway before it ``code``, ``message``, ``request_id``.
- Alibaba Cloud's documents of 2026 (https://help.aliyun.com/zh/document_detail/3038634.html, 3038043, 3038044):
  ``Code``, ``Message``, ``RequestId``, ``Success``, ``Data``, where ``Code`` is ``success`` or the name of an error,
  and the names below begin with a capital too. ``Data.Result`` is a text that holds JSON.

Which of them an address answers in is not documented, so both are read everywhere.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from airflow_provider_mps.services.aidge.codes import GATEWAY_OK, OK, gateway_code

# A success by its code, and ``success`` says otherwise.
NO_SUCCESS = "success=false"
_SUCCESSES = frozenset({"", GATEWAY_OK, OK, "success", "ok"})


class Reply(NamedTuple):
    """A reply, whatever its shape.

    :param code: the error's code; empty for a success
    :param message: the service's words
    :param request_id: the service's RequestId
    :param data: what was asked for, its names beginning with small letters; None where there is nothing of the kind
    """

    code: str
    message: str
    request_id: str
    data: Mapping[str, Any] | None


def read(answer: Mapping[str, Any]) -> Reply:
    """Return the reply that an answer is."""
    code, message = _error(answer)
    success = _first(answer, "success", "Success")
    if not code and (success is False or str(success).lower() == "false"):
        code = NO_SUCCESS
    request_id = str(_first(answer, "requestId", "RequestId", "request_id") or "")
    data = unwrapped(_first(answer, "data", "Data"))
    data = {"result": data} if isinstance(data, list) else data
    return Reply(code, message, request_id, data if isinstance(data, Mapping) else None)


def is_reply(answer: Any) -> bool:
    """Tell whether an answer is one of Aidge or of its gateway, rather than of something before them."""
    return isinstance(answer, Mapping) and not {"resCode", "Code", "code"}.isdisjoint(answer)


def unwrapped(value: Any) -> Any:
    """Return a value without the JSON texts around it and the capitals at the beginning of its names."""
    if isinstance(value, str) and value.lstrip()[:1] in ("{", "["):
        try:
            return unwrapped(json.loads(value))
        except (ValueError, RecursionError):
            return value
    if isinstance(value, Mapping):
        return {_small(name): unwrapped(item) for name, item in value.items()}
    if isinstance(value, list):
        return [unwrapped(item) for item in value]
    return value


def _error(answer: Mapping[str, Any]) -> tuple[str, str]:
    """Return code and words; an empty code for a success."""
    message = str(_first(answer, "resMessage", "Message", "message", "msg") or "")
    if (number := answer.get("resCode")) is not None:
        return ("" if str(number) == OK else str(number)), message
    word = str(_first(answer, "Code", "code") or "").strip()
    return ("" if word.lower() in _SUCCESSES else gateway_code(word, message)), message


def _first(fields: Mapping[str, Any], *names: str) -> Any:
    return next((fields[name] for name in names if fields.get(name) is not None), None)


def _small(name: Any) -> Any:
    return name[:1].lower() + name[1:] if isinstance(name, str) else name
