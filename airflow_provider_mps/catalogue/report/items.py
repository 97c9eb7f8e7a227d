"""One item of a report: what a run did about it, as far as the lines of the run's files say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from sys import intern
from typing import Any, NamedTuple

from airflow_provider_mps.batch.items import STOPPED, TIMEOUT
from airflow_provider_mps.catalogue.batch.events import OTHER_RUN
from airflow_provider_mps.catalogue.checking.words import rejected_findings
from airflow_provider_mps.catalogue.lines import is_rejected
from airflow_provider_mps.catalogue.shown import (
    Place,
    mapping,
    place_of,
    place_of_output,
    prompt_of,
    shown_address,
    subject_of,
    word,
)
from airflow_provider_mps.catalogue.words import Action, LineService
from airflow_provider_mps.core.tasks import TaskFailure
from airflow_provider_mps.core.texts import clean
from airflow_provider_mps.core.vocabulary import PICTURE_GONE
from airflow_provider_mps.services.profiles import AIDGE, MPS
from airflow_provider_mps.services.tencentcloud.answers import parse_time
from airflow_provider_mps.services.tencentcloud.codes import PICTURES_PER_DAY_REACHED

TIMED_OUT, NOBODY = "the default, as nobody answered in time", "nobody has answered"
"""Who has said it, where a question's default was taken as its time was over, and where nobody was asked."""
_SERVICES = {LineService.MPS.value: MPS.name, LineService.AIDGE.value: AIDGE.name}
# Ends of this package's own, which are in no table of a service.
_OWN_HINTS = {
    TIMEOUT: "Clear the task that makes the pictures: it joins what still runs. Or raise its timeout.",
    STOPPED: "Retry or clear the task that makes the pictures: it joins what still runs, and submits the rest.",
    PICTURE_GONE: "The picture is not where it was made any more: the next plan has it made again.",
}


_REJECTED_HINT = (
    "Look at the picture: it is paid for, and not published. force in the next run, or another look, has it made anew; "
    "if it is right after all, give the check other bounds and clear it."
)


class End(StrEnum):
    """How an item ended."""

    PUBLISHED = "published"
    MADE = "made, not published"
    NOT_PUBLISHED = "publication failed"
    FAILED = "failed"
    REJECTED = "rejected by the check"
    NOT_APPROVED = "not approved"
    LEFT = "left for later"
    UNKNOWN = "no result known"
    UNPUBLISHED = "unpublished"

    @property
    def is_failure(self) -> bool:
        """Whether someone should look into it."""
        return self in (End.FAILED, End.NOT_PUBLISHED, End.REJECTED)


class Said(NamedTuple):
    """What somebody has said of a picture. Texts are clean.

    :param approved: whether it was a yes
    :param by: who, for people
    :param at: when, in ISO 8601; empty where nobody has answered
    """

    approved: bool
    by: str
    at: str


@dataclass(frozen=True, slots=True)
class Reported:
    """What is told of an item. Texts are clean: without controls, credentials and signatures, and of bounded length.

    :param item: its name
    :param sku: the product
    :param look: what was asked for it
    :param service: who makes it, as people know it
    :param action: a word of :class:`~airflow_provider_mps.catalogue.words.Action`
    :param why: why it is in the plan
    :param end: how it ended
    :param code: of its failure; empty for none
    :param message: the words of its failure
    :param request_id: of its failure
    :param task_id: the service's id of its task; empty where none is known
    :param created: when the service accepted it, seconds since the epoch; None where that is not known
    :param finished: when it was done
    :param pictures: how many pictures there are of it
    :param image_size: what was asked for; empty for the default
    :param prompt: what was asked for in words
    :param subject: the product photo, where it is in COS
    :param subject_elsewhere: its address, where it is not in COS
    :param before: the picture that was published before, where it still is
    :param after: the new picture
    :param final: where it is published
    :param remakes: how often this run has made it anew, as the check had rejected what was there
    :param said: what somebody has said of its picture; None where people were not to be asked
    """

    item: str
    sku: str
    look: str
    service: str
    action: str
    why: str
    end: End
    code: str
    message: str
    request_id: str
    task_id: str
    created: float | None
    finished: float | None
    pictures: int
    image_size: str
    prompt: str
    subject: Place | None
    subject_elsewhere: str
    before: Place | None
    after: Place | None
    final: str
    remakes: int = 0
    said: Said | None = None

    @property
    def subject_address(self) -> str:
        """Where the product photo is, for people."""
        return clean(str(self.subject)) if self.subject is not None else self.subject_elsewhere

    @property
    def is_made_now(self) -> bool:
        """Whether this run had it made, and paid for it."""
        return self.action == Action.MAKE and self.pictures > 0

    @property
    def may_be_paid(self) -> bool:
        """Whether it was accepted, and what came of it is not known."""
        is_open = self.end is End.FAILED and self.code in (TIMEOUT, STOPPED)
        return self.action == Action.MAKE and is_open and bool(self.task_id)

    @property
    def hint(self) -> str:
        """What the person on call can do about its failure; empty where nothing is known."""
        if self.end is End.REJECTED:
            return _REJECTED_HINT
        if self.code in _OWN_HINTS:
            return _OWN_HINTS[self.code]
        return self._failure.hint if self._failure else ""

    @property
    def is_final(self) -> bool:
        """Whether the same request would fail again."""
        return self.code not in _OWN_HINTS and self._failure is not None and self._failure.is_final

    @property
    def _failure(self) -> TaskFailure | None:
        known = self.code and self.service in _SERVICES.values() and self.end is not End.REJECTED
        # What could not be published was refused by COS, whose codes are in the table of MPS too.
        service = MPS.name if self.end is End.NOT_PUBLISHED else self.service
        return TaskFailure(self.code, self.message, service) if known else None


def read_line(line: Mapping[str, Any]) -> Reported:
    """Return what is told of the item of a line, of whatever step; what the line lacks is empty.

    :param line: a line of a plan, of pictures, or of what was published
    """
    entry, published, request = mapping(line.get("entry")), mapping(line.get("published")), _request(line)
    error = mapping(published.get("error")) or mapping(entry.get("Error"))
    # Of a batch without a plan a line has the request itself, and a key.
    action = word(line.get("action") or line.get("would") or (Action.MAKE.value if entry else ""))
    outputs = _outputs(entry)
    check = mapping(line.get("check"))
    said = _said(line.get("approval"))
    end = _end(action, entry, outputs, published, is_rejected(line))
    if end is End.MADE and said is not None and not said.approved:
        end = End.NOT_APPROVED
    if end is End.REJECTED:
        error = _why_rejected(check)
    subject, elsewhere = subject_of(request)
    return Reported(
        item=clean(line.get("item", line.get("key"))),
        sku=clean(line.get("sku")),
        look=word(line.get("look")),
        service=_SERVICES.get(word(line.get("service")), word(line.get("service"))),
        action=action,
        why=word(line.get("why")),
        end=end,
        code=word(error.get("Code")),
        message=intern(clean(error.get("Message"))),
        request_id=clean(error.get("RequestId")),
        task_id=clean(entry.get("TaskId")),
        created=parse_time(entry.get("CreateTime")),
        finished=parse_time(entry.get("FinishTime")),
        pictures=len(outputs),
        image_size=word(request.get("image_size")),
        prompt=prompt_of(request.get("prompt") or request.get("product_title")),
        subject=subject,
        subject_elsewhere=elsewhere,
        before=_before(line, published, end),
        after=place_of_output(outputs[0]) if outputs else None,
        final=shown_address(published.get("final") or line.get("publish_to")),
        remakes=check["remakes"] if type(check.get("remakes")) is int else 0,
        said=said,
    )


def _said(approval: Any) -> Said | None:
    if not isinstance(approval, Mapping):
        return None
    by, at = mapping(approval.get("by")), word(approval.get("at"))
    name, user_id = clean(by.get("name"), 100), clean(by.get("id"), 100)
    who = f"{name} ({user_id})" if name and user_id and user_id != name else name or user_id
    return Said(approval.get("approved") is True, who or (TIMED_OUT if at else NOBODY), at)


def _why_rejected(check: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what a check has found wrong as an error."""
    found = rejected_findings(check)
    code = found[0].get("code") if found else ""
    return {"Code": code, "Message": "; ".join(clean(one.get("words"), 200) for one in found)}


def _end(
    action: str, entry: Mapping[str, Any], outputs: list[Any], published: Mapping[str, Any], is_rejected: bool
) -> End:
    if published.get("error"):
        return End.NOT_PUBLISHED
    if published:
        return End.UNPUBLISHED if action == Action.UNPUBLISH else End.PUBLISHED
    error = mapping(entry.get("Error"))
    if error:
        return End.LEFT if error.get("Code") in (PICTURES_PER_DAY_REACHED, OTHER_RUN) else End.FAILED
    if is_rejected:
        return End.REJECTED
    return End.MADE if outputs else End.UNKNOWN


def _before(line: Mapping[str, Any], published: Mapping[str, Any], end: End) -> Place | None:
    if kept := published.get("kept"):
        return place_of(kept)
    # Under the final key is the new picture by now, or none.
    return None if end in (End.PUBLISHED, End.UNPUBLISHED) else place_of(line.get("was"))


def _outputs(entry: Mapping[str, Any]) -> list[Any]:
    outputs = entry.get("Outputs")
    return outputs if isinstance(outputs, list) and not entry.get("Error") else []


def _request(line: Mapping[str, Any]) -> Mapping[str, Any]:
    return mapping(line.get("request")) if "item" in line else line
