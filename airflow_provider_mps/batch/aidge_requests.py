"""The requests of a batch of Aidge: checked when the DAG is read, and made pictures of when they are rendered."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from airflow_provider_mps.batch.arguments import check_no_none, read_defaults
from airflow_provider_mps.batch.asked import Asked, Picture, check_asked, items_of
from airflow_provider_mps.batch.items import Item
from airflow_provider_mps.core import arguments
from airflow_provider_mps.core.airflow_task import TaskKey
from airflow_provider_mps.core.arguments import ArgumentError
from airflow_provider_mps.core.fingerprint import fingerprint_of
from airflow_provider_mps.services.aidge.requests import GENERATION_ARGUMENTS, Generation

_OPERATOR = "AidgeBackgroundGenerationOperator"
_PICTURES = ("image_url", "image_base64", "image_path")
# One without the other means nothing.
_SIZE = ("width", "height")


def check_requests(requests: Any, defaults: Any) -> None:
    """Check what no template will change, so that a slip shows when the DAG is read.

    :raises ArgumentError: a request cannot be used; the message says which
    """
    if not arguments.is_template(defaults):
        given = _defaults(defaults)
        check_asked(requests, lambda request: _check_literal(given, request))


def read_requests(
    asked: Sequence[Asked],
    defaults: Any,
    *,
    task: TaskKey,
    host: str,
    account: str,
    check_path: Callable[[str, str], None],
) -> list[Item]:
    """Return the pictures of a batch, with their rendered arguments as payload; all requests are checked, no file read.

    :param asked: the rendered requests; none are no pictures
    :param defaults: the rendered arguments for requests that do not give them
    :param task: ids of dag, task and run, and the map index
    :param host: host of the API
    :param account: what identifies who pays
    :param check_path: raises if there is no way to an ``image_path``; takes the argument's name and its value
    :raises ArgumentError: a request cannot be used; the message says which
    """
    given = _defaults(defaults)

    def read(request: Any) -> Picture:
        payload = merged(given, request)
        identity, target = Generation(**payload).identity()
        if "imagePath" in identity:
            check_path("image_path", identity["imagePath"])
        return Picture(payload, identity, target)

    return items_of(
        asked, read, lambda identity: fingerprint_of(task, identity, endpoint=host, region="", account=account)
    )


def merged(given: Mapping[str, Any], request: Any) -> dict[str, Any]:
    """Return the arguments of one request.

    :param given: the defaults of the batch
    :param request: its request; its ``key`` is no argument
    :raises ArgumentError: the request is no dict of arguments, or gives None for what no default gives
    """
    if not isinstance(request, Mapping):
        arguments.fail("request", request, f"a dict with arguments of {_OPERATOR}")
    request = {name: value for name, value in request.items() if name != "key"}
    for name in request:
        if name not in GENERATION_ARGUMENTS:
            raise ArgumentError(f"{name!s:.100}: no such argument; there are {', '.join(GENERATION_ARGUMENTS)}")
    check_no_none("", {name: value for name, value in request.items() if name not in given})
    # What a request says of its picture, or of its size, replaces all that the defaults say of it.
    named = {other for group in (_PICTURES, _SIZE) if not request.keys().isdisjoint(group) for other in group}
    kept = {name: value for name, value in given.items() if name not in request and name not in named}
    return {**kept, **{name: value for name, value in request.items() if value is not None}}


def _defaults(defaults: Any) -> Mapping[str, Any]:
    return read_defaults(defaults, GENERATION_ARGUMENTS, _OPERATOR)


def _check_literal(given: Mapping[str, Any], request: Any) -> None:
    generation = Generation(**merged(given, request))
    generation.check_given()
    generation.check_literals()
