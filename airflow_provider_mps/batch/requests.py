"""The requests of a batch of MPS: checked when the DAG is read, and made pictures of when they are rendered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from typing import Any

from airflow_provider_mps.batch.arguments import merged, read_defaults
from airflow_provider_mps.batch.asked import Asked, check_is_list, checked, in_list, key_of, keys_of
from airflow_provider_mps.batch.items import Item
from airflow_provider_mps.core import arguments
from airflow_provider_mps.core.airflow_task import TaskKey
from airflow_provider_mps.core.arguments import ArgumentError
from airflow_provider_mps.core.fingerprint import Fingerprint, fingerprint_of
from airflow_provider_mps.services.tencentcloud.payloads import BgFusion, StorageDefaults, describe_input


def check_requests(requests: Any, defaults: Any) -> None:
    """Check what no template will change, so that a slip shows when the DAG is read.

    :raises ArgumentError: a request cannot be used; the message says which
    """
    if arguments.is_template(defaults):
        return
    given = read_defaults(defaults)
    if requests is None:
        raise ArgumentError("requests is required: a list of dicts with the arguments of MpsImageBgFusionOperator")
    # A text, or the output of another task, is known only when it has been rendered.
    if not isinstance(requests, str) and not arguments.is_template(requests):
        check_is_list(requests)
    if isinstance(requests, list | tuple):
        asked = in_list(requests)
        keys = checked(asked, lambda request: _check_literal(given, request))
        if not any(arguments.is_template(one.request) for one in asked):
            keys_of(asked, keys)


def read_requests(
    asked: Sequence[Asked],
    defaults: Any,
    *,
    task: TaskKey,
    storage: StorageDefaults,
    endpoint: str,
    region: str,
    account: str,
) -> list[Item]:
    """Return the pictures of a batch; all requests are checked.

    The same request may be there several times; each is a picture of its own.

    :param asked: the rendered requests; none are no pictures
    :param defaults: the rendered arguments for requests that do not give them
    :param task: ids of dag, task and run, and the map index
    :param storage: bucket and region of the connection
    :param endpoint: host of the API
    :param region: region of the API
    :param account: what identifies who pays
    :raises ArgumentError: a request cannot be used; the message says which
    """
    given = read_defaults(defaults)
    payloads = checked(asked, lambda request: _payload(given, request, storage))
    keys = keys_of(asked, [key_of(one.request) for one in asked])
    seen: Counter[str] = Counter()
    items = []
    for index, (one, payload) in enumerate(zip(asked, payloads, strict=True)):
        request = fingerprint_of(task, payload, endpoint=endpoint, region=region, account=account)
        request = _apart(request, one.identity, seen)
        items.append(Item(index, payload, request, keys[index], describe_input(payload), one.name or one.place))
    return _told_apart(items)


def _apart(request: Fingerprint, identity: str, seen: Counter[str]) -> Fingerprint:
    """Return a fingerprint that no other picture of the batch has."""
    if identity:
        return replace(request, key=f"{request.key}/{sha256(identity.encode()).hexdigest()[:32]}")
    count = seen[request.body]
    seen[request.body] += 1
    return request if count == 0 else replace(request, key=f"{request.key}/{count}")


def _told_apart(items: list[Item]) -> list[Item]:
    """Note where a part that may be a signature tells two pictures of a batch apart: then it is none."""
    count = Counter((item.fingerprint.key, item.fingerprint.loose) for item in items)
    alone = [count[item.fingerprint.key, item.fingerprint.loose] == 1 for item in items]
    return [
        item if is_alone else replace(item, fingerprint=replace(item.fingerprint, is_alone=False))
        for item, is_alone in zip(items, alone, strict=True)
    ]


def _check_literal(given: Mapping[str, Any], request: Any) -> int | str | None:
    if not isinstance(request, Mapping) and arguments.is_template(request):
        return None
    picture = BgFusion.of(merged(given, request))
    picture.check_given()
    picture.check_literals()
    return None if arguments.is_template(request.get("key")) else key_of(request)


def _payload(given: Mapping[str, Any], request: Any, storage: StorageDefaults) -> dict[str, Any]:
    key_of(request)
    return BgFusion.of(merged(given, request)).payload(storage)
