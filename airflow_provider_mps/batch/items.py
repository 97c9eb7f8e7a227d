"""One picture of a batch: what it is, how it ended, and what all of them come to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from airflow_provider_mps.core.errors import ServiceError
from airflow_provider_mps.core.fingerprint import Fingerprint
from airflow_provider_mps.core.outcomes import Outcome
from airflow_provider_mps.core.polling import Refused, TooLate, WaitOutcome
from airflow_provider_mps.core.progress import counted
from airflow_provider_mps.core.submission import Record
from airflow_provider_mps.core.vocabulary import LimitKind
from airflow_provider_mps.services.tencentcloud.codes import PICTURES_PER_DAY_REACHED
from airflow_provider_mps.services.tencentcloud.words import Action

# How many errors a message lists; the others are counted.
SHOWN = 10
# Of a picture that the batch left behind when it had to stop.
STOPPED = "Stopped"
# Of one that was not done in time.
TIMEOUT = "Timeout"


@dataclass(frozen=True)
class Item:
    """One picture of a batch.

    :param index: its place among the requests
    :param payload: the request body
    :param fingerprint: that of the request
    :param key: what the caller knows it by
    :param subject: the picture that it is made from, for entries and messages
    :param name: what messages call it; empty for its place among the requests
    """

    index: int
    payload: dict[str, Any]
    fingerprint: Fingerprint
    key: int | str = ""
    subject: str = ""
    name: str = ""

    @property
    def token(self) -> str:
        """What it is known by in the record: the same in every try, wherever in the list it stands."""
        return self.fingerprint.token

    def __str__(self) -> str:
        return f"{self.name or f'requests[{self.index}]'} ({self.subject})"


@dataclass(frozen=True)
class ItemFailure:
    """Why there is no picture.

    :param code: the service's code, or one of this package
    :param message: what was said
    :param task_id: the service's id of the task; None if none is known
    :param request_id: RequestId of the answer; empty where none came
    :param is_final: whether the same request would end the same way
    :param is_open: whether the service may still have accepted it, or make it, which a retry would find out
    """

    code: str
    message: str
    task_id: str | None = None
    request_id: str = ""
    is_final: bool = False
    is_open: bool = False

    @property
    def is_unsubmitted(self) -> bool:
        """Whether the batch never came to it."""
        return self.code == STOPPED and not self.is_open

    @property
    def is_left_for_later(self) -> bool:
        """Whether it was not submitted, as no more pictures may be paid for today."""
        return self.code == PICTURES_PER_DAY_REACHED

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


ItemOutcome = dict[str, Any] | ItemFailure
"""A result as a single task returns it, or why there is none."""


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
        request, same = item.fingerprint, known.get((item.fingerprint.key, item.fingerprint.loose), [])
        if request.is_alone and len(same) == 1 and same[0].is_signed_anew(request, max_tries):
            item = replace(item, fingerprint=replace(same[0].fingerprint, account=request.account))
        found.append(item)
    return found


def outcome_of_item(task_id: str, end: WaitOutcome, timeout: float) -> ItemOutcome:
    """Return what the end of waiting means for an item.

    :param timeout: seconds that were waited for at the most
    """
    if isinstance(end, Refused):
        # Who is not told of a task has paid for it all the same.
        return replace(failed_call(end.error, task_id), is_open=True)
    if isinstance(end, TooLate):
        limit = f"timeout={timeout:g} s" if end.kind is LimitKind.TIMEOUT else str(end.kind)
        joins = "a clear joins it and waits anew, a retry only looks once more; or raise timeout"
        if end.kind is LimitKind.EXECUTION_TIMEOUT:
            joins = "a retry joins it for what is left of timeout"
        said = f"not done within {limit} (last seen: {end.last_seen}); {joins}"
        return ItemFailure(TIMEOUT, said, task_id, is_open=True)
    if end.state.result is not None:
        return end.state.result
    failure = end.state.failure
    if failure is None:
        return ItemFailure("", "", task_id)
    return ItemFailure(failure.code, failure.message, task_id, is_final=failure.is_final)


def failed_call(error: ServiceError, task_id: str | None = None) -> ItemFailure:
    """Return what an error of the service means for an item."""
    return ItemFailure(error.code, error.message, task_id, error.request_id, error.outcome is Outcome.REFUSED)


def entries(ends: Sequence[ItemOutcome]) -> list[dict[str, Any]]:
    """Return an entry for each end, all with the same fields."""
    return [end.entry() if isinstance(end, ItemFailure) else end for end in ends]


def labelled_entries(items: Sequence[Item], ends: Sequence[ItemOutcome]) -> list[dict[str, Any]]:
    """Return the result of the batch: an entry for each request, in order, with its key and its subject."""
    return [
        {"key": item.key, "subject": item.subject, **entry} for item, entry in zip(items, entries(ends), strict=True)
    ]


def unfinished(why: str, record: Record | None) -> ItemFailure:
    """Return the end of an item that a batch which had to stop leaves behind.

    :param record: of its submission; None if there was none
    """
    state, task_id = "was not submitted", record.task_id if record else None
    if task_id is not None:
        state = "was still waited for, and a retry joins it"
    elif record is not None and record.intent is not None:
        state = "may have been submitted, and a retry finds out"
    is_open = record is not None and (task_id is not None or record.intent is not None)
    return ItemFailure(STOPPED, f"the batch stopped ({why}); this picture {state}", task_id, is_open=is_open)


def summary(failed: Sequence[tuple[Item, ItemFailure]]) -> str:
    """Say which items have no picture and why: counts by code, and the first few."""
    counts = Counter(end.code for _, end in failed)
    by_code = ", ".join(f"{count:,} x {code}" for code, count in counts.most_common(SHOWN))
    lines = [f"{item}: {end.code}: {end.message.rstrip('.')}" for item, end in failed[:SHOWN]]
    if len(failed) > SHOWN:
        lines.append(f"and {len(failed) - SHOWN:,} more")
    return f"{by_code}. {'; '.join(lines)}"


def limit_reached(service: str, left: Sequence[ItemFailure], made: int, total: int) -> ServiceError:
    """Return the error for a batch that has left pictures for later, and has no other way to say so.

    :param service: who makes the pictures
    :param left: what is left for later
    :param made: how many pictures there are
    :param total: how many were asked for
    """
    said = f"{made:,} of {total:,} are there and kept, a retry goes on with {len(left):,}: {left[0].message}"
    given = service, Action.PROCESS_IMAGE, counted(total, "picture"), left[0].code, said
    return ServiceError(*given, outcome=Outcome.NOT_EXECUTED)
