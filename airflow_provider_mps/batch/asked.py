"""What a batch is asked for, however it was given: in a list, or in a file with a line for each picture."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from typing import Any, NamedTuple

from airflow_provider_mps.batch.items import SHOWN, Item
from airflow_provider_mps.batch.words import whole_address
from airflow_provider_mps.core import arguments
from airflow_provider_mps.core.arguments import ArgumentError
from airflow_provider_mps.core.fingerprint import Fingerprint
from airflow_provider_mps.core.lists import check_list, flat_list

_EXPECTED = "a list of dicts with the arguments of a picture"


class Asked(NamedTuple):
    """One request of a batch.

    :param request: the arguments of a picture, and perhaps ``key``
    :param place: where it stands, for messages, such as ``requests[3]``
    :param identity: what tells it from all others, beside its arguments; empty where they alone do
    :param name: what messages about its picture call it; empty for its place
    """

    request: Any
    place: str
    identity: str = ""
    name: str = ""


class Picture(NamedTuple):
    """What a request comes to.

    :param payload: what is needed to submit it
    :param identity: what makes two of them the same
    :param subject: the picture that it is made from, for entries and messages
    """

    payload: dict[str, Any]
    identity: Mapping[str, Any]
    subject: str


def check_asked(requests: Any, check: Callable[[Any], None]) -> None:
    """Check requests of which no template will change all, when the DAG is read.

    :param check: raises if what no template changes in a request cannot be used
    :raises ArgumentError: a request cannot be used; the message says which
    """
    if requests is None:
        raise ArgumentError("requests is required: a list of dicts with the arguments of a picture")
    if arguments.is_template(requests):
        pass
    elif isinstance(requests, str):
        whole_address("requests", requests)
    elif not isinstance(requests, Mapping) or "path" not in requests:
        check_list("requests", requests, _EXPECTED)
    if isinstance(requests, list | tuple):
        asked = in_list(requests)
        keys = checked(asked, lambda request: _literal_key(request, check))
        if not any(arguments.is_template(one.request) for one in asked):
            keys_of(asked, keys)


def items_of(
    asked: Sequence[Asked], read: Callable[[Any], Picture], identify: Callable[[Mapping[str, Any]], Fingerprint]
) -> list[Item]:
    """Return the pictures of a batch; all requests are read before one counts.

    The same request may be there several times; each is a picture of its own.

    :param asked: the rendered requests
    :param read: gives what one comes to
    :param identify: gives the fingerprint of an identity
    :raises ArgumentError: a request cannot be used; the message says which
    """
    found = checked(asked, lambda request: (key_of(request), read(request)))
    keys = keys_of(asked, [key for key, _ in found])
    seen: Counter[str] = Counter()
    items = []
    for index, (one, (_, picture)) in enumerate(zip(asked, found, strict=True)):
        request = _apart(identify(picture.identity), one.identity, seen)
        items.append(Item(index, picture.payload, request, keys[index], picture.subject, one.name or one.place))
    return _told_apart(items)


def in_list(requests: Any) -> list[Asked]:
    """Return the requests of a list; lists in it, as of a mapped task, are taken as one.

    :raises ArgumentError: it is no list, or one that holds itself
    """
    flat = flat_list("requests", requests, _EXPECTED)
    for index, request in enumerate(flat):
        if isinstance(request, Mapping) and {"path", "counts"} <= request.keys():
            raise ArgumentError(
                f"requests[{index}]: this is what a task returns: give it by itself, requests=task.output"
            )
    return [Asked(request, f"requests[{index}]") for index, request in enumerate(flat)]


def checked(asked: Sequence[Asked], check: Callable[[Any], Any]) -> list[Any]:
    """Return what ``check`` returns for each request; all errors are raised together, each with its place.

    :raises ArgumentError: a request cannot be used
    """
    found, errors = [], []
    for one in asked:
        try:
            found.append(check(one.request))
        except ArgumentError as error:
            errors.append(f"{one.place}: {error}")
    if errors:
        more = f"; and {len(errors) - SHOWN:,} more" if len(errors) > SHOWN else ""
        raise ArgumentError("; ".join(errors[:SHOWN]) + more)
    return found


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


def keys_of(asked: Sequence[Asked], keys: Sequence[int | str | None]) -> list[int | str]:
    """Return the key of each request: its own, else its index.

    :param keys: what :func:`key_of` says of each
    :raises ArgumentError: two have the same
    """
    found = [index if key is None else key for index, key in enumerate(keys)]
    first: dict[int | str, int] = {}
    for index, key in enumerate(found):
        if key in first:
            raise ArgumentError(
                f"key: {asked[first[key]].place} and {asked[index].place} have the same, {key!r:.100} (a request "
                "without one has its index)"
            )
        first[key] = index
    return found


def _literal_key(request: Any, check: Callable[[Any], None]) -> int | str | None:
    if not isinstance(request, Mapping) and arguments.is_template(request):
        return None
    check(request)
    return None if arguments.is_template(request.get("key")) else key_of(request)


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


def _is_json(key: int | str) -> bool:
    try:
        return bool(str(key).encode())
    except ValueError:
        # A lone surrogate, or an integer too long to be written.
        return False
