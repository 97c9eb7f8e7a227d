"""Many pictures in one Airflow task: what each is, and what all of them come to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from airflow_provider_mps.batch.arguments import merged, read_defaults
from airflow_provider_mps.core import arguments
from airflow_provider_mps.core.airflow_task import TaskKey
from airflow_provider_mps.core.arguments import ArgumentError
from airflow_provider_mps.core.errors import ServiceError
from airflow_provider_mps.core.fingerprint import Request, request_of
from airflow_provider_mps.core.outcomes import Outcome
from airflow_provider_mps.core.polling import Refused, TooLate, WaitOutcome
from airflow_provider_mps.core.submission import Record
from airflow_provider_mps.core.vocabulary import LimitKind
from airflow_provider_mps.services.tencentcloud.payloads import BgFusion, StorageDefaults, describe_input

# How many errors a message lists; the others are counted.
SHOWN = 10


@dataclass(frozen=True)
class Item:
    """One picture of a batch.

    :param index: its place among the requests
    :param payload: the request body
    :param request: fingerprint of the request
    :param key: what the caller knows it by
    """

    index: int
    payload: dict[str, Any]
    request: Request
    key: int | str = ""

    @property
    def token(self) -> str:
        """What it is known by in the record: the same in every try, wherever in the list it stands."""
        return self.request.token

    def __str__(self) -> str:
        return f"requests[{self.index}] ({describe_input(self.payload)})"


@dataclass(frozen=True)
class ItemFailure:
    """Why there is no picture.

    :param code: the service's code, or one of this package
    :param message: what was said
    :param task_id: the MPS TaskId; None if none is known
    :param request_id: RequestId of the answer; empty where none came
    :param is_final: whether the same request would end the same way
    """

    code: str
    message: str
    task_id: str | None = None
    request_id: str = ""
    is_final: bool = False

    def entry(self) -> dict[str, Any]:
        """Return the entry of the batch's result; it has the fields of a good one, and ``Error``."""
        return {
            "TaskId": self.task_id,
            "Status": None,
            "CreateTime": None,
            "FinishTime": None,
            "Outputs": [],
            "Error": {"Code": self.code, "Message": self.message, "RequestId": self.request_id},
        }


class OnEmpty(StrEnum):
    """What becomes of the Airflow task when there is no picture to make."""

    SUCCESS = "success"
    SKIP = "skip"


ItemEnd = dict[str, Any] | ItemFailure
"""A result as a single task returns it, or why there is none."""


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
        first = request_of(task, payload, endpoint=endpoint, region=region, account=account)
        count = seen[first.body]
        seen[first.body] += 1
        request = first if count == 0 else replace(first, key=f"{first.key}/{count}")
        items.append(Item(index, payload, request, keys[index]))
    return _told_apart(items)


def _check_is_list(requests: Any) -> None:
    # What has no order, or ends with its first reading, would be something else in a retry.
    if isinstance(requests, str | bytes | Mapping) or not isinstance(requests, Sequence):
        arguments.fail("requests", requests, "a list of dicts with the arguments of MpsImageBgFusionOperator")


def recognise(items: Sequence[Item], records: Mapping[str, Record], max_tries: int) -> list[Item]:
    """Return the pictures, each under the request that is on record for it, where its address was signed anew.

    A signature of a kind that is not known is told from the name of a picture by this: it is a retry, and no other
    picture of the batch, now or before, differs in that part only.

    :param records: records of submissions, by the token of the item
    :param max_tries: ``max_tries`` of the task instance
    """
    known: dict[tuple[str, str], list[Record]] = {}
    for record in records.values():
        known.setdefault((record.key, record.loose), []).append(record)
    found = []
    for item in items:
        request, same = item.request, known.get((item.request.key, item.request.loose), [])
        if request.is_alone and len(same) == 1 and same[0].is_signed_anew(request, max_tries):
            item = replace(item, request=replace(same[0].request, account=request.account))
        found.append(item)
    return found


def end_of_item(task_id: str, end: WaitOutcome, timeout: float) -> ItemEnd:
    """Return what the end of waiting means for an item.

    :param timeout: seconds that were waited for at the most
    """
    if isinstance(end, Refused):
        return failed_call(end.error, task_id)
    if isinstance(end, TooLate):
        limit = f"timeout={timeout:g} s" if end.kind is LimitKind.TIMEOUT else str(end.kind)
        joins = "a clear joins it and waits anew, a retry only looks once more; or raise timeout"
        if end.kind is LimitKind.EXECUTION_TIMEOUT:
            joins = "a retry joins it for what is left of timeout"
        said = f"not done within {limit} (last seen: {end.last_seen}); {joins}"
        return ItemFailure("Timeout", said, task_id)
    if end.state.result is not None:
        return end.state.result
    failure = end.state.failure
    if failure is None:
        return ItemFailure("", "", task_id)
    return ItemFailure(failure.code, failure.message, task_id, is_final=failure.is_final)


def failed_call(error: ServiceError, task_id: str | None = None) -> ItemFailure:
    """Return what an error of the service means for an item."""
    return ItemFailure(error.code, error.message, task_id, error.request_id, error.outcome is Outcome.REFUSED)


def entries(ends: Sequence[ItemEnd]) -> list[dict[str, Any]]:
    """Return an entry for each end, all with the same fields."""
    return [end.entry() if isinstance(end, ItemFailure) else end for end in ends]


def labelled_entries(items: Sequence[Item], ends: Sequence[ItemEnd]) -> list[dict[str, Any]]:
    """Return the result of the batch: an entry for each request, in order, with its key and its subject."""
    return [
        {"key": item.key, "subject": describe_input(item.payload), **entry}
        for item, entry in zip(items, entries(ends), strict=True)
    ]


def on_empty(name: str, value: Any) -> OnEmpty:
    """Return the word for what becomes of a batch without requests.

    :raises ArgumentError: it is another word
    """
    try:
        return OnEmpty(value)
    except ValueError:
        arguments.fail(name, value, " or ".join(OnEmpty))


def unfinished(why: str, task_id: str | None) -> ItemFailure:
    """Return the end of an item that a batch which had to stop leaves behind.

    :param task_id: the MPS TaskId; None if it was not submitted
    """
    state = "was not submitted" if task_id is None else "was still waited for, and a retry joins it"
    return ItemFailure("Stopped", f"the batch stopped ({why}); this picture {state}", task_id)


def summary(items: Sequence[Item], ends: Sequence[ItemEnd]) -> str:
    """Say which items have no picture and why: counts by code, and the first few."""
    failed = [(item, end) for item, end in zip(items, ends, strict=True) if isinstance(end, ItemFailure)]
    counts = Counter(end.code for _, end in failed)
    by_code = ", ".join(f"{count:,} x {code}" for code, count in counts.most_common(SHOWN))
    lines = [f"{item}: {end.code}: {end.message.rstrip('.')}" for item, end in failed[:SHOWN]]
    if len(failed) > SHOWN:
        lines.append(f"and {len(failed) - SHOWN:,} more")
    return f"{by_code}. {'; '.join(lines)}"


def _told_apart(items: list[Item]) -> list[Item]:
    """Note where a part that may be a signature tells two pictures of a batch apart: then it is none."""
    count = Counter((item.request.key, item.request.loose) for item in items)
    alone = [count[item.request.key, item.request.loose] == 1 for item in items]
    return [
        replace(item, request=replace(item.request, is_alone=is_alone))
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
    found: list[Any] = []
    for request in requests:
        is_list = isinstance(request, Sequence) and not isinstance(request, str | bytes)
        found.extend(_flat(request) if is_list else [request])
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
