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
from airflow_provider_mps.catalogue.words import Action, LineService
from airflow_provider_mps.core.cos_address import is_cos, split_address
from airflow_provider_mps.core.identity import unsigned_url
from airflow_provider_mps.core.tasks import TaskFailure
from airflow_provider_mps.core.texts import clean as clean  # others find it here
from airflow_provider_mps.core.vocabulary import PICTURE_GONE
from airflow_provider_mps.services.profiles import AIDGE, MPS
from airflow_provider_mps.services.tencentcloud.answers import parse_time
from airflow_provider_mps.services.tencentcloud.codes import PICTURES_PER_DAY_REACHED

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
    LEFT = "left for later"
    UNKNOWN = "no result known"
    UNPUBLISHED = "unpublished"

    @property
    def is_failure(self) -> bool:
        """Whether someone should look into it."""
        return self in (End.FAILED, End.NOT_PUBLISHED, End.REJECTED)


class Place(NamedTuple):
    """An object of COS.

    :param bucket: None for that of the connection
    :param region: None for that of the connection
    :param key: with a leading slash
    """

    bucket: str | None
    region: str | None
    key: str

    @property
    def storage(self) -> str | None:
        """What keeps it: its bucket."""
        return self.bucket

    def __str__(self) -> str:
        return f"cos://{self.bucket or ''}{self.key}"


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
    entry, published, request = _mapping(line.get("entry")), _mapping(line.get("published")), _request(line)
    error = _mapping(published.get("error")) or _mapping(entry.get("Error"))
    # Of a batch without a plan a line has the request itself, and a key.
    action = _word(line.get("action") or line.get("would") or (Action.MAKE.value if entry else ""))
    outputs = _outputs(entry)
    check = _mapping(line.get("check"))
    end = _end(action, entry, outputs, published, is_rejected(line))
    if end is End.REJECTED:
        error = _why_rejected(check)
    subject, elsewhere = _subject(request)
    return Reported(
        item=clean(line.get("item", line.get("key"))),
        sku=clean(line.get("sku")),
        look=_word(line.get("look")),
        service=_SERVICES.get(_word(line.get("service")), _word(line.get("service"))),
        action=action,
        why=_word(line.get("why")),
        end=end,
        code=_word(error.get("Code")),
        message=intern(clean(error.get("Message"))),
        request_id=clean(error.get("RequestId")),
        task_id=clean(entry.get("TaskId")),
        created=parse_time(entry.get("CreateTime")),
        finished=parse_time(entry.get("FinishTime")),
        pictures=len(outputs),
        image_size=_word(request.get("image_size")),
        prompt=_prompt(request.get("prompt") or request.get("product_title")),
        subject=subject,
        subject_elsewhere=elsewhere,
        before=_before(line, published, end),
        after=place_of_output(outputs[0]) if outputs else None,
        final=_address(published.get("final") or line.get("publish_to")),
        remakes=check["remakes"] if type(check.get("remakes")) is int else 0,
    )


def place_of(address: Any) -> Place | None:
    """Return the object that ``cos://bucket/key`` means; None if it is no such address."""
    if not isinstance(address, str) or not is_cos(address):
        return None
    found = split_address(address)
    return Place(found.bucket, None, found.path) if found.path != "/" else None


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
    error = _mapping(entry.get("Error"))
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


def _subject(request: Mapping[str, Any]) -> tuple[Place | None, str]:
    key = request.get("subject_cos_key")
    if isinstance(key, str) and key:
        place = Place(
            _text_or_none(request.get("subject_cos_bucket")),
            _text_or_none(request.get("subject_cos_region")),
            key if key.startswith("/") else f"/{key}",
        )
        return place, ""
    if (stored := place_of(request.get("image_path"))) is not None:
        return stored, ""
    return None, _address(request.get("subject_url") or request.get("image_url") or request.get("image_path"))


def place_of_output(output: Any) -> Place | None:
    """Return the object that an output of a result names; None if it is in no COS."""
    found = _mapping(output)
    bucket, key = _text_or_none(found.get("bucket")), _text_or_none(found.get("path"))
    if bucket and key:
        return Place(bucket, _text_or_none(found.get("region")), key if key.startswith("/") else f"/{key}")
    return place_of(found.get("cos_uri") or found.get("uri"))


def _outputs(entry: Mapping[str, Any]) -> list[Any]:
    outputs = entry.get("Outputs")
    return outputs if isinstance(outputs, list) and not entry.get("Error") else []


def _request(line: Mapping[str, Any]) -> Mapping[str, Any]:
    return _mapping(line.get("request")) if "item" in line else line


def _prompt(value: Any) -> str:
    return intern(clean(" / ".join(map(str, value)) if isinstance(value, list) else value, 200))


def _address(value: Any) -> str:
    """Return an address without its signature."""
    if not isinstance(value, str):
        return ""
    return clean(unsigned_url(value) if value[:4].lower() == "http" else value, 300)


def _word(value: Any) -> str:
    # What many lines have is kept once.
    return intern(clean(value, 100))


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _text_or_none(value: Any) -> str | None:
    return intern(value) if type(value) is str and value else None
