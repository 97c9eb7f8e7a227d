"""The local service's own interface over HTTP, below ``/_local/``. It has no authentication: it is on loopback.

====== ============================== =========================================================================
method path                           effect
====== ============================== =========================================================================
GET    ``/_local/``                   a page with the pictures made, the tasks and the objects
GET    ``/_local/objects/<b>/<key>``  an object of bucket ``<b>``, without a signature; ``thumbnails`` for a small one
GET    ``/_local/results/<id>/1.jpg`` a picture of a task of Aidge, without a signature
GET    ``/_local/health``             ``{"status": "ok", "tasks": n, "aidge_tasks": n, "buckets": {name: region}}``
GET    ``/_local/journal``            the journal, a list of records; ``?action=ProcessImage`` for one action
DELETE ``/_local/journal``            forget the journal
GET    ``/_local/tasks``              the tasks: id, status, times and failure; with ``service`` ``mps`` the path of
                                      the result, with ``aidge`` the scene and the number of pictures
GET    ``/_local/faults``             the fault rules in force
POST   ``/_local/faults``             add a rule (see :mod:`airflow_provider_mps.local.serving.faults`); answers it
DELETE ``/_local/faults``             remove all rules
GET    ``/_local/settings``           ``{"task_seconds": 3.0, "rate_limits": {"*": 20}}``
PUT    ``/_local/settings``           change either of them; ``rate_limits`` is merged in
POST   ``/_local/buckets``            ``{"name": "new-1250000000", "region": "ap-guangzhou"}``
GET    ``/_local/samples/<name>``     a sample picture, for tasks whose input is a URL; ``coffee-large.jpg`` is one that
                                      Aidge takes
GET    ``/_local/scenes/<id>.jpg``    the cover of a scene of Aidge
====== ============================== =========================================================================

A request that makes no sense gets status 400 and ``{"error": "..."}``.
"""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Callable, Sequence
from typing import Any

from pydantic import ValidationError

from airflow_provider_mps.local.serving.browse import Browse
from airflow_provider_mps.local.serving.showcase import BadRequest, Showcase
from airflow_provider_mps.local.serving.state import ServingState
from airflow_provider_mps.local.serving.wire import BodyTooLarge, HttpReply, Request, json_reply

PREFIX = "/_local/"
_READING = ("GET", "HEAD")
_MAX_BODY_BYTES = 1024 * 1024


class Admin:
    """Answers requests below ``/_local/``.

    :param serving: what all endpoints share.
    :param showcases: what the services show, in this order.
    """

    def __init__(self, serving: ServingState, showcases: Sequence[Showcase]) -> None:
        self._serving = serving
        self._showcases = showcases
        self._browse = Browse(showcases, serving.clock)
        self._routes: dict[tuple[str, str], Callable[[Request, dict[str, Any]], Any]] = {
            ("GET", "health"): self._health,
            ("GET", "journal"): self._journal,
            ("DELETE", "journal"): self._clear_journal,
            ("GET", "tasks"): self._tasks,
            ("GET", "faults"): self._faults,
            ("POST", "faults"): self._add_fault,
            ("DELETE", "faults"): self._clear_faults,
            ("GET", "settings"): self._settings,
            ("PUT", "settings"): self._change_settings,
        }
        self._routes_of_services = {key: route for one in showcases for key, route in one.routes().items()}

    def serves(self, request: Request) -> bool:
        """Say whether a request is for this interface."""
        path: bytes = request.scope["raw_path"]
        return path.startswith(PREFIX.encode())

    async def handle(self, request: Request) -> HttpReply:
        """Answer one request."""
        try:
            body = await request.body(_MAX_BODY_BYTES)
            name = request.path.removeprefix(PREFIX)
            if request.method in _READING and self._browse.serves(name):
                return await self._browse.handle(name)
            key = (request.method, name)
            if route := self._routes_of_services.get(key):
                return json_reply(route(_object(body)))
            if own := self._routes.get(key):
                return json_reply(own(request, _object(body)))
            return json_reply({"error": f"no {request.method} {PREFIX}{name}"}, 404)
        except (BadRequest, BodyTooLarge, UnicodeDecodeError) as error:
            return json_reply({"error": str(error) or type(error).__name__}, 400)

    def _health(self, _request: Request, _body: dict[str, Any]) -> Any:
        health: dict[str, Any] = {"status": "ok"}
        for one in self._showcases:
            health |= one.health()
        return health

    def _journal(self, request: Request, _body: dict[str, Any]) -> Any:
        return [dataclasses.asdict(record) for record in self._serving.journal.records(request.query.get("action"))]

    def _clear_journal(self, _request: Request, _body: dict[str, Any]) -> Any:
        self._serving.journal.clear()
        return {}

    def _tasks(self, _request: Request, _body: dict[str, Any]) -> Any:
        now = self._serving.clock()
        return [task.facts(now) for one in self._showcases for task in one.tasks()]

    def _faults(self, _request: Request, _body: dict[str, Any]) -> Any:
        return [rule.model_dump(exclude_unset=True) for rule in self._serving.faults.rules()]

    def _add_fault(self, _request: Request, body: dict[str, Any]) -> Any:
        try:
            return self._serving.faults.add(**body).model_dump(exclude_unset=True)
        except ValidationError as error:
            raise BadRequest("; ".join(f"{one['loc']}: {one['msg']}" for one in error.errors())) from None

    def _clear_faults(self, _request: Request, _body: dict[str, Any]) -> Any:
        self._serving.faults.clear()
        return {}

    def _settings(self, _request: Request, _body: dict[str, Any]) -> Any:
        return {
            "task_seconds": self._serving.settings.task_seconds,
            "rate_limits": dict(self._serving.limiter.limits),
        }

    def _change_settings(self, request: Request, body: dict[str, Any]) -> Any:
        if unknown := set(body) - {"task_seconds", "rate_limits"}:
            raise BadRequest(f"unknown setting: {', '.join(sorted(unknown))}")
        seconds = body.get("task_seconds", self._serving.settings.task_seconds)
        limits = body.get("rate_limits", {})
        if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 <= seconds < math.inf:
            raise BadRequest("task_seconds must be a number of at least 0")
        if not isinstance(limits, dict) or not all(type(one) is int and one >= 0 for one in limits.values()):
            raise BadRequest("rate_limits must be an object of whole numbers of at least 0")
        self._serving.settings.task_seconds = float(seconds)
        self._serving.limiter.limits.update(limits)
        return self._settings(request, body)


def _object(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body or b"{}")
    except ValueError:
        raise BadRequest("the body is not JSON") from None
    if not isinstance(value, dict):
        raise BadRequest("the body is not a JSON object")
    return value
