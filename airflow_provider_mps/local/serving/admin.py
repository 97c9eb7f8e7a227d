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

import asyncio
import dataclasses
import json
import math
import re
from typing import Any

from pydantic import ValidationError

from airflow_provider_mps.local.aidge.scenes import SCENES
from airflow_provider_mps.local.aidge.tasks import AidgeTask
from airflow_provider_mps.local.backend import Backend
from airflow_provider_mps.local.pictures.sample_pictures import SAMPLES, read_sample
from airflow_provider_mps.local.serving.browse import Browse
from airflow_provider_mps.local.serving.wire import BodyTooLarge, Reply, Request, json_reply
from airflow_provider_mps.local.tencentcloud.tasks import Task

PREFIX = "/_local/"
_READING = ("GET", "HEAD")
_MAX_BODY_BYTES = 1024 * 1024


class BadRequest(Exception):
    """An admin request that makes no sense; its text says why."""


class Admin:
    """Answers requests below ``/_local/``.

    :param backend: the service's state.
    """

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._browse = Browse(backend)
        self._routes = {
            ("GET", "health"): self._health,
            ("GET", "journal"): self._journal,
            ("DELETE", "journal"): self._clear_journal,
            ("GET", "tasks"): self._tasks,
            ("GET", "faults"): self._faults,
            ("POST", "faults"): self._add_fault,
            ("DELETE", "faults"): self._clear_faults,
            ("GET", "settings"): self._settings,
            ("PUT", "settings"): self._change_settings,
            ("POST", "buckets"): self._add_bucket,
        }

    @staticmethod
    def serves(request: Request) -> bool:
        """Say whether a request is for this interface."""
        path: bytes = request.scope["raw_path"]
        return path.startswith(PREFIX.encode())

    async def handle(self, request: Request) -> Reply:
        """Answer one request."""
        try:
            body = await request.body(_MAX_BODY_BYTES)
            name = request.path.removeprefix(PREFIX)
            folder, _, file = name.partition("/")
            if request.method in _READING and self._browse.serves(name):
                return await self._browse.handle(name)
            if request.method in _READING and folder in ("samples", "scenes"):
                return _sample(file) if folder == "samples" else await self._cover(file)
            route = self._routes.get((request.method, name))
            if route is None:
                return json_reply({"error": f"no {request.method} {PREFIX}{name}"}, 404)
            return json_reply(route(request, _object(body)))
        except (BadRequest, BodyTooLarge, UnicodeDecodeError) as error:
            return json_reply({"error": str(error) or type(error).__name__}, 400)

    def _health(self, _request: Request, _body: dict[str, Any]) -> Any:
        return {
            "status": "ok",
            "tasks": len(self._backend.tasks.all()),
            "aidge_tasks": len(self._backend.aidge.tasks.all()),
            "buckets": dict(self._backend.store.buckets),
        }

    def _journal(self, request: Request, _body: dict[str, Any]) -> Any:
        return [dataclasses.asdict(record) for record in self._backend.journal.records(request.query.get("action"))]

    def _clear_journal(self, _request: Request, _body: dict[str, Any]) -> Any:
        self._backend.journal.clear()
        return {}

    def _tasks(self, _request: Request, _body: dict[str, Any]) -> Any:
        now = self._backend.clock()
        mps = [
            {
                "service": "mps",
                **_shown(task, now),
                "bucket": task.job.bucket,
                "path": task.job.path,
                "failure": task.failure.err_msg if task.failure else "",
            }
            for task in self._backend.tasks.all()
        ]
        aidge = [
            {
                "service": "aidge",
                **_shown(task, now),
                "scene": task.job.order.scene.number,
                "pictures": task.job.count,
                "failure": task.failure,
            }
            for task in self._backend.aidge.tasks.all()
        ]
        return mps + aidge

    async def _cover(self, file: str) -> Reply:
        scene = SCENES.get(file.removesuffix(".jpg"))
        if scene is None or not file.endswith(".jpg"):
            return json_reply({"error": "no such scene"}, 404)
        # Drawing one takes long enough to hold up other requests.
        data = await asyncio.to_thread(self._backend.aidge.pictures.cover, scene)
        return Reply(200, [("Content-Type", "image/jpeg")], data)

    def _faults(self, _request: Request, _body: dict[str, Any]) -> Any:
        return [rule.model_dump(exclude_unset=True) for rule in self._backend.faults.rules()]

    def _add_fault(self, _request: Request, body: dict[str, Any]) -> Any:
        try:
            return self._backend.faults.add(**body).model_dump(exclude_unset=True)
        except ValidationError as error:
            raise BadRequest("; ".join(f"{one['loc']}: {one['msg']}" for one in error.errors())) from None

    def _clear_faults(self, _request: Request, _body: dict[str, Any]) -> Any:
        self._backend.faults.clear()
        return {}

    def _settings(self, _request: Request, _body: dict[str, Any]) -> Any:
        return {
            "task_seconds": self._backend.settings.task_seconds,
            "rate_limits": dict(self._backend.limiter.limits),
        }

    def _change_settings(self, request: Request, body: dict[str, Any]) -> Any:
        if unknown := set(body) - {"task_seconds", "rate_limits"}:
            raise BadRequest(f"unknown setting: {', '.join(sorted(unknown))}")
        seconds = body.get("task_seconds", self._backend.settings.task_seconds)
        limits = body.get("rate_limits", {})
        if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 <= seconds < math.inf:
            raise BadRequest("task_seconds must be a number of at least 0")
        if not isinstance(limits, dict) or not all(type(one) is int and one >= 0 for one in limits.values()):
            raise BadRequest("rate_limits must be an object of whole numbers of at least 0")
        self._backend.settings.task_seconds = float(seconds)
        self._backend.limiter.limits.update(limits)
        return self._settings(request, body)

    def _add_bucket(self, _request: Request, body: dict[str, Any]) -> Any:
        name, region = body.get("name"), body.get("region")
        if not isinstance(name, str) or not re.fullmatch(r"[a-z0-9][a-z0-9-]*-[0-9]+", name):
            raise BadRequest("name must be a bucket name that ends with an APPID, such as name-1250000000")
        if not isinstance(region, str) or not re.fullmatch(r"[a-z0-9-]+", region):
            raise BadRequest("region must be a region name, such as ap-guangzhou")
        self._backend.add_bucket(name, region)
        return {"name": name, "region": region}


def _shown(task: Task | AidgeTask, now: float) -> dict[str, Any]:
    return {
        "task_id": task.task_id,
        "status": task.status(now),
        "created": task.created,
        "seconds": task.seconds,
        "done": task.done,
    }


def _object(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body or b"{}")
    except ValueError:
        raise BadRequest("the body is not JSON") from None
    if not isinstance(value, dict):
        raise BadRequest("the body is not a JSON object")
    return value


def _sample(name: str) -> Reply:
    if name not in SAMPLES:
        return json_reply({"error": f"no such sample; there are {', '.join(SAMPLES)}"}, 404)
    return Reply(200, [("Content-Type", SAMPLES[name])], read_sample(name))
