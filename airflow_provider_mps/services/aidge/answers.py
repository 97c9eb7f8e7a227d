"""Read the answers of Aidge; for the sources see ``services.aidge.words``.

The pages name the fields and show no whole answer of each kind, so where a field stands is read with some tolerance.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from airflow_provider_mps.core.errors import ServiceError
from airflow_provider_mps.core.outcomes import Outcome, Transport
from airflow_provider_mps.core.redaction import bare_url, excerpt
from airflow_provider_mps.core.tasks import Accepted, TaskFailure, TaskState
from airflow_provider_mps.core.vocabulary import ENDED_BADLY, ENDED_WELL, STILL_RUNS
from airflow_provider_mps.services.aidge import shapes
from airflow_provider_mps.services.aidge.codes import outcome_of
from airflow_provider_mps.services.aidge.words import AIDGE_NAME, AidgeAction, AidgeStatus

# Fewer pictures can be fetched than the task has made.
NOT_THERE = "PicturesNotThere"

# And what other services of the kind say for the same.
_DONE = frozenset(map(str.lower, ENDED_WELL))
_FAILED = frozenset(map(str.lower, ENDED_BADLY))
_KNOWN = _DONE | _FAILED | frozenset(map(str.lower, STILL_RUNS)) | frozenset(AidgeStatus)
_ON_THEIR_WAY = _KNOWN - _DONE - _FAILED
_ENTRY_LISTS = ("taskResult", "result", "images")
_URL_FIELDS = ("imageUrlList", "imageUrls", "imageUrl", "url")


class Address(NamedTuple):
    """Where a picture can be fetched for a while. The address may carry a signature, which is a credential."""

    url: str
    scene: str


def read_answer(action: str, target: str, answer: Any) -> Mapping[str, Any]:
    """Return ``data`` of an answer.

    :param target: what was asked about, for messages
    :raises ServiceError: the answer is an error, of the service or of the gateway before it, or none of this API
    """
    if not isinstance(answer, Mapping):
        raise _garbled(action, target, answer)
    reply = shapes.read(answer)
    if not reply.code:
        if reply.data is None:
            raise _garbled(action, target, answer, reply.request_id)
        return reply.data
    message, outcome = reply.message, outcome_of(reply.code)
    if action == AidgeAction.GENERATE and (task_id := _task_id(reply.data)):
        # Whatever the code says, there may be a task, which another submission would pay for again.
        message, outcome = f"{message} (the answer names task {task_id})".strip(), Outcome.UNKNOWN
    raise ServiceError(AIDGE_NAME, action, target, reply.code, message, reply.request_id, outcome)


def read_accepted(target: str, answer: Any) -> Accepted:
    """Return what the answer to a submission accepts.

    :raises ServiceError: it names no task; with the outcome ``UNKNOWN`` one may have been accepted
    """
    data = read_answer(AidgeAction.GENERATE, target, answer)
    task_id, request_id = _task_id(data), shapes.read(answer).request_id
    if not task_id:
        raise _garbled(AidgeAction.GENERATE, target, answer, request_id)
    return Accepted(task_id, request_id)


def read_task(task_id: str, answer: Any) -> TaskState:
    """Return what a query showed.

    There are two layers: the task has to be finished, and none of its results may still be on its way, which one with a
    status that is not known and without a picture may be. A task without any picture has failed; one that lacks some of
    them has not. Queries of addresses, which may hold a signature, stay out of the result.

    :raises ServiceError: the answer is an error
    """
    data = read_answer(AidgeAction.QUERY, task_id, answer)
    status, entries = _status(data), list(_entries(data))
    if _is(status, _FAILED):
        word = "" if status.lower() == AidgeStatus.FAILED else status
        messages = [word, data.get("taskMessage"), *(entry.get("taskMessage") for entry in entries), _reason(data)]
        return TaskState(task_id, status, failure=_failure(messages))
    if not _is(status, _DONE):
        return TaskState(task_id, status)
    images = [image for entry in entries for image in _images(entry)]
    comes = any(map(_is_on_its_way, entries))
    if any(image["url"] for image in images) and not comes:
        return TaskState(task_id, status, result={"TaskId": task_id, "Status": status, "Images": images})
    if entries and all(_is(_status(entry), _FAILED) for entry in entries):
        return TaskState(task_id, status, failure=_failure([image["message"] for image in images]))
    # A success without any picture may be an answer that is not complete yet.
    return TaskState(
        task_id, f"{status}, without a picture yet" if comes else f"{status} without a picture", is_empty=not comes
    )


def request_id_of(answer: Mapping[str, Any]) -> str:
    """Return the RequestId of an answer; empty where it has none."""
    return shapes.read(answer).request_id


def unknown_statuses(answer: Any) -> list[str]:
    """Return the statuses in the answer to a query, of the task and of its results, that this version does not know."""
    data = shapes.read(answer).data if isinstance(answer, Mapping) else None
    statuses = [_status(data), *map(_status, _entries(data))] if data else []
    return list(dict.fromkeys(status for status in statuses if status and status.lower() not in _KNOWN))


def read_addresses(answer: Any) -> list[Address]:
    """Return where the pictures of a finished task can be fetched, as the service gave it.

    :param answer: one that :func:`read_task` has read
    """
    return [
        Address(url, excerpt(_text(entry, "sceneTemplate")))
        for entry in _entries(shapes.read(answer).data or {})
        for url in _urls(entry)
    ]


def not_there_yet(task_id: str, seen: str) -> ServiceError:
    """Return the error for a task whose pictures cannot all be fetched.

    :param seen: what there is
    """
    return ServiceError(AIDGE_NAME, AidgeAction.QUERY, task_id, NOT_THERE, seen, "", Outcome.UNKNOWN)


def read_scenes(target: str, answer: Any) -> list[dict[str, Any]]:
    """Return the scenes of a search: ``{"id", "name", "cover", "tags"}``.

    :raises ServiceError: the answer is an error, or has no list of scenes
    """
    data = read_answer(AidgeAction.SCENES, target, answer)
    scenes = data.get("result", next((value for value in data.values() if isinstance(value, list)), None))
    if not isinstance(scenes, list) or not all(isinstance(scene, Mapping) for scene in scenes):
        raise _garbled(AidgeAction.SCENES, target, answer, shapes.read(answer).request_id)
    return [
        {
            "id": _text(scene, "modelNum"),
            "name": _text(scene, "name"),
            "cover": bare_url(_text(scene, "coverUrl")),
            "tags": _tags(scene),
        }
        for scene in scenes
    ]


def failed_task(task_id: str, error: ServiceError) -> TaskState:
    """Return the state of a task whose query was answered with a code that is about its model or its content."""
    return TaskState(task_id, AidgeStatus.FAILED, failure=TaskFailure(error.code, error.message, AIDGE_NAME))


def _task_id(data: Any) -> str:
    result = data.get("result", data) if isinstance(data, Mapping) else None
    task_id = result.get("taskId") if isinstance(result, Mapping) else None
    return str(task_id) if task_id and isinstance(task_id, str | int) else ""


def _status(fields: Mapping[str, Any]) -> str:
    return _text(fields, "taskStatus") or _text(fields, "status")


def _entries(data: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield the results of a task, wherever they stand: in a list, or in an object around one, or alone."""
    found = next((data[name] for name in _ENTRY_LISTS if isinstance(data.get(name), list | Mapping)), None)
    if isinstance(found, Mapping):
        if any(name in found for name in _URL_FIELDS):
            yield found
        else:
            yield from _entries(found)
    for entry in found if isinstance(found, list) else []:
        if isinstance(entry, Mapping):
            yield entry
        elif isinstance(entry, str) and _is_address(entry):
            yield {"imageUrlList": [entry]}


def _reason(data: Mapping[str, Any]) -> Any:
    """Return why a task failed where its result says so."""
    result = data.get("result")
    if isinstance(result, Mapping):
        return next((result[name] for name in ("errorMessage", "message", "msg") if result.get(name)), "")
    return result if isinstance(result, str) else ""


def _is_on_its_way(entry: Mapping[str, Any]) -> bool:
    status = _status(entry).lower()
    return status in _ON_THEIR_WAY or (status != "" and status not in _KNOWN and not _urls(entry))


def _images(entry: Mapping[str, Any]) -> list[dict[str, str | None]]:
    urls: list[str | None] = [bare_url(url) for url in _urls(entry)]
    scene, message = excerpt(_text(entry, "sceneTemplate")), excerpt(_text(entry, "taskMessage"))
    return [{"url": url, "scene": scene, "message": message} for url in urls or [None]]


def _urls(entry: Mapping[str, Any]) -> list[str]:
    if _is(_status(entry), _FAILED):
        return []
    urls = next((entry[name] for name in _URL_FIELDS if entry.get(name)), None)
    found: list[Any] = urls if isinstance(urls, list) else [urls]
    found = [f"https:{url}" if isinstance(url, str) and url.startswith("//") else url for url in found]
    return [url for url in found if _is_address(url)]


def _is_address(value: Any) -> bool:
    return isinstance(value, str) and value.startswith(("http://", "https://"))


def _tags(scene: Mapping[str, Any]) -> list[str]:
    """Return what a scene is filed under: its categories, and whatever is called a tag."""
    found: list[str] = []
    for name, value in scene.items():
        if name == "categoryNameList" or "tag" in name.lower():
            found += [str(tag) for tag in (value if isinstance(value, list) else [value]) if tag]
    return list(dict.fromkeys(found))


def _failure(messages: list[Any]) -> TaskFailure:
    said = "; ".join(dict.fromkeys(excerpt(str(message)) for message in messages if message))
    return TaskFailure(AidgeStatus.FAILED, said, AIDGE_NAME)


def _text(fields: Mapping[str, Any], name: str) -> str:
    value = fields.get(name)
    return "" if value is None else str(value)


def _is(status: str, words: frozenset[str]) -> bool:
    return status.lower() in words


def _garbled(action: str, target: str, answer: Any, request_id: str = "") -> ServiceError:
    return ServiceError(AIDGE_NAME, action, target, Transport.GARBLED, repr(answer), request_id, Outcome.UNKNOWN)
