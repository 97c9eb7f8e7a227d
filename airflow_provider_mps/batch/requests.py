"""The requests of a batch of MPS: checked when the DAG is read, and made pictures of when they are rendered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from airflow_provider_mps.batch.arguments import merged, read_defaults
from airflow_provider_mps.batch.items import SHOWN, Item
from airflow_provider_mps.core import arguments
from airflow_provider_mps.core.airflow_task import TaskKey
from airflow_provider_mps.core.arguments import ArgumentError
from airflow_provider_mps.core.fingerprint import fingerprint_of
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
        _check_is_list(requests)
    if isinstance(requests, list | tuple):
        flat = _flat(requests)
        keys = _each(flat, lambda request: _check_literal(given, request))
        if not any(arguments.is_template(request) for request in flat):
            _check_keys(keys)


def read_requests(
    requests: Any,
    defaults: Any,
    *,
    task: TaskKey,
    storage: StorageDefaults,
    endpoint: str,
    region: str,
    account: str,
) -> list[Item]:
    """Return the pictures of a batch; all requests are checked.

    The same request may be there several times; each is a picture of its own. Lists in the list, as of a mapped task,
    are taken as one.

    :param requests: the rendered requests; none are no pictures
    :param defaults: the rendered arguments for requests that do not give them
    :param task: ids of dag, task and run, and the map index
    :param storage: bucket and region of the connection
    :param endpoint: host of the API
    :param region: region of the API
    :param account: what identifies who pays
    :raises ArgumentError: a request cannot be used; the message says which
    """
    _check_is_list(requests)
    given, flat = read_defaults(defaults), _flat(requests)
    payloads = _each(flat, lambda request: _payload(given, request, storage))
    keys = _check_keys([key_of(request) for request in flat])
    seen: Counter[str] = Counter()
    items = []
    for index, payload in enumerate(payloads):
        first = fingerprint_of(task, payload, endpoint=endpoint, region=region, account=account)
        count = seen[first.body]
        seen[first.body] += 1
        request = first if count == 0 else replace(first, key=f"{first.key}/{count}")
        items.append(Item(index, payload, request, keys[index], describe_input(payload)))
    return _told_apart(items)


def _check_is_list(requests: Any) -> None:
    # What has no order, or ends with its first reading, would be something else in a retry.
    if isinstance(requests, str | bytes | Mapping) or not isinstance(requests, Sequence):
        arguments.fail("requests", requests, "a list of dicts with the arguments of MpsImageBgFusionOperator")


def _told_apart(items: list[Item]) -> list[Item]:
    """Note where a part that may be a signature tells two pictures of a batch apart: then it is none."""
    count = Counter((item.fingerprint.key, item.fingerprint.loose) for item in items)
    alone = [count[item.fingerprint.key, item.fingerprint.loose] == 1 for item in items]
    return [
        replace(item, fingerprint=replace(item.fingerprint, is_alone=is_alone))
        for item, is_alone in zip(items, alone, strict=True)
    ]


def key_of(request: Any) -> int | str | None:
    """Return the key that a request gives itself; None if it gives none.

    :raises ArgumentError: it is no text and no integer
    """
    if not isinstance(request, Mapping) or "key" not in request:
        return None
    key = request["key"]
    if isinstance(key, bool) or not isinstance(key, int | str) or key == "" or not _is_json(key):
        arguments.fail("key", key, "a text or an integer that tells the request from all others")
    return key


def _is_json(key: int | str) -> bool:
    try:
        return bool(str(key).encode())
    except ValueError:
        # A lone surrogate, or an integer too long to be written.
        return False


def _check_keys(keys: Sequence[int | str | None]) -> list[int | str]:
    """Return the key of each request: its own, else its index."""
    found = [index if key is None else key for index, key in enumerate(keys)]
    first: dict[int | str, int] = {}
    for index, key in enumerate(found):
        if key in first:
            raise ArgumentError(
                f"key: requests[{first[key]}] and requests[{index}] have the same, {key!r:.100} (a request without "
                "one has its index)"
            )
        first[key] = index
    return found


def _flat(requests: Iterable[Any]) -> list[Any]:
    try:
        return _spread(requests)
    except RecursionError:
        raise ArgumentError("requests: a list in it holds itself") from None


def _spread(requests: Iterable[Any]) -> list[Any]:
    found: list[Any] = []
    for request in requests:
        is_list = isinstance(request, Sequence) and not isinstance(request, str | bytes)
        found.extend(_spread(request) if is_list else [request])
    return found


def _each(requests: Sequence[Any], check: Any) -> list[Any]:
    """Call ``check`` with each request; all errors are raised together."""
    found, errors = [], []
    for index, request in enumerate(requests):
        try:
            found.append(check(request))
        except ArgumentError as error:
            errors.append(f"requests[{index}]: {error}")
    if errors:
        more = f"; and {len(errors) - SHOWN:,} more" if len(errors) > SHOWN else ""
        raise ArgumentError("; ".join(errors[:SHOWN]) + more)
    return found


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
