"""The lines of a run's files: a plan's, each with what a step has added to it so far.

Each line is about one item. A step copies the lines that it reads and adds its own part, so that the last file has all.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NotRequired, TypedDict, cast

from airflow_provider_mps.catalogue.words import Action, LineService, Why
from airflow_provider_mps.core.arguments import ArgumentError
from airflow_provider_mps.core.tasks import TaskStatus

_FINGERPRINT = re.compile(r"[0-9a-f]{16}\.(?:[0-9a-f]{16}|-)\.[0-9a-f]{16}")


class PlanLine(TypedDict):
    """What a run does about an item.

    ``request`` has the arguments of the operator of ``service``; ``fingerprint`` and ``publish_to`` say what is made
    and where it is published. A line to unpublish has none of the three. ``was`` is where the item is published now,
    None where it is not. ``entry`` is there already where the picture was made by an earlier run. ``before`` names the
    runs that were to make the item, and never said what came of it: ``{"dag_id", "run_id"}`` each, the newest first.
    ``sealed`` has the arguments whose addresses are signed, for the batch alone.
    """

    item: str
    sku: str
    look: str
    service: str
    action: str
    why: str
    request: NotRequired[dict[str, Any]]
    fingerprint: NotRequired[str]
    publish_to: NotRequired[str]
    was: str | None
    entry: NotRequired[dict[str, Any]]
    before: NotRequired[list[dict[str, str]]]
    sealed: NotRequired[str]


class Said(TypedDict):
    """What somebody has said of a picture: ``approval`` of a line.

    ``by`` is ``{"id", "name"}`` of who has answered, and ``at`` when (ISO 8601, UTC). Both are None where nobody has;
    ``by`` is None too where the default of a question was taken as its time was over.
    """

    approved: bool
    by: dict[str, str] | None
    at: str | None


class PictureLine(PlanLine):
    """A line of a plan, with what came of it: a result of the operator, or one with ``Error``.

    A line to unpublish has no ``entry``. ``check`` says what a check has found out about the picture:
    :meth:`~airflow_provider_mps.pictures.check.Checked.as_dict`, and ``remakes``, how often it was made anew for that.
    ``approval`` is there where people were to be asked before it is published.
    """

    check: NotRequired[dict[str, Any]]
    approval: NotRequired[Said]


class Published(TypedDict, total=False):
    """Where a picture is published, or why it is not: ``published`` of a line, which else had nothing to publish.

    ``kept`` is where the picture before is; None where none was kept. ``changed`` says whether this run has changed
    what is in the shop. What was taken from it has neither ``size`` nor ``crc64``.
    """

    final: str
    size: int
    crc64: int | None
    kept: str | None
    changed: bool
    error: dict[str, str]


def plan_lines(lines: Iterable[Mapping[str, Any]], address: str) -> Iterator[PlanLine]:
    """Check the lines of a plan one by one.

    :param address: of the file, for messages
    :raises ArgumentError: a line is none of a plan; the message names the file and the line's number
    """
    for line in _checked(lines, address, _wrong_plan):
        yield cast(PlanLine, line)


def picture_lines(lines: Iterable[Mapping[str, Any]], address: str) -> Iterator[PictureLine]:
    """Check the lines of a file with pictures one by one.

    :param address: of the file, for messages
    :raises ArgumentError: a line is none of pictures; the message names the file and the line's number
    """
    for line in _checked(lines, address, _wrong_picture):
        yield cast(PictureLine, line)


def entry_of(task_id: str | None, picture: Mapping[str, Any]) -> dict[str, Any]:
    """Return the entry of a picture that was made before; when that was the service is not asked any more.

    :param task_id: the service's id of the task that made it; None where it is not known
    :param picture: where it is, as results have it
    """
    return {
        "TaskId": task_id,
        "Status": TaskStatus.FINISH.value,
        "CreateTime": None,
        "FinishTime": None,
        "Outputs": [picture],
    }


def picture_id(entry: Mapping[str, Any]) -> str:
    """Return what tells the picture of a result from others of its item: the service's id of its task, else its key."""
    return str(entry.get("TaskId") or entry["Outputs"][0].get("path"))


def is_rejected(line: Mapping[str, Any]) -> bool:
    """Tell whether a check has rejected the picture of a line."""
    check = line.get("check")
    return isinstance(check, Mapping) and check.get("verdict") == "rejected"


def _checked(lines: Iterable[Mapping[str, Any]], address: str, wrong: Any) -> Iterator[Mapping[str, Any]]:
    for number, line in enumerate(lines, start=1):
        if why := wrong(line):
            raise ArgumentError(f"{address}, line {number}: {why}")
        yield line


def _wrong_plan(line: Mapping[str, Any]) -> str:
    if "would" in line:
        return "it is of a dry run, of which nothing is made"
    for name in ("item", "sku", "look"):
        if not isinstance(line.get(name), str) or not line[name]:
            return f"{name} is no text"
    for name, words in (("action", Action), ("service", LineService), ("why", Why)):
        if line.get(name) not in list(words):
            return f"{name} is {line.get(name)!r:.40} and none of {', '.join(words)}"
    if not isinstance(line.get("was"), str | None):
        return "was is no address"
    if line["action"] == Action.UNPUBLISH:
        return "" if line["was"] else "was is missing: what is there to unpublish"
    if not isinstance(line.get("request"), Mapping):
        return "request is no object"
    if not isinstance(line.get("fingerprint"), str) or not _FINGERPRINT.fullmatch(line["fingerprint"]):
        return "fingerprint is none of this version"
    if not isinstance(line.get("publish_to"), str) or not line["publish_to"].startswith("cos://"):
        return "publish_to is no address of COS"
    if not isinstance(line.get("before", []), list) or not all(map(_is_run, line.get("before", []))):
        return "before names no runs"
    if not isinstance(line.get("sealed", ""), str):
        return "sealed is no text"
    return _wrong_entry(line) if line["action"] == Action.PUBLISH or "entry" in line else ""


def _is_run(value: Any) -> bool:
    return isinstance(value, Mapping) and all(isinstance(value.get(name), str) for name in ("dag_id", "run_id"))


def _wrong_picture(line: Mapping[str, Any]) -> str:
    if wrong := _wrong_plan(line):
        return wrong
    if line["action"] == Action.MAKE and "entry" not in line:
        return "it has no entry, so this is a plan: give what the batch returns that makes its pictures"
    return _wrong_entry(line) if line["action"] != Action.UNPUBLISH else ""


def _wrong_entry(line: Mapping[str, Any]) -> str:
    entry = line.get("entry")
    if not isinstance(entry, Mapping) or not isinstance(entry.get("Outputs"), list):
        return "entry is no result: it has no Outputs"
    if "check" in line and not (isinstance(line["check"], Mapping) and isinstance(line["check"].get("verdict"), str)):
        return "check has no verdict"
    if "approval" in line and not (
        isinstance(line["approval"], Mapping) and isinstance(line["approval"].get("approved"), bool)
    ):
        return "approval does not say whether it is approved"
    error = entry.get("Error")
    if error is not None and not (isinstance(error, Mapping) and isinstance(error.get("Code"), str)):
        return "entry has an Error without a Code"
    return ""
