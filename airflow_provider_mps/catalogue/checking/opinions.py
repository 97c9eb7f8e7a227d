"""What the service itself says of a picture: whom to ask about which, and what that means. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, NamedTuple

from airflow_provider_mps.batch.items import ItemFailure, ItemOutcome
from airflow_provider_mps.catalogue.checking.jobs import has_picture
from airflow_provider_mps.catalogue.lines import PictureLine, is_rejected, picture_id
from airflow_provider_mps.catalogue.plan.verdicts import RESERVED_SECONDS
from airflow_provider_mps.catalogue.record.state import ItemState, Opinion, Writer
from airflow_provider_mps.core.airflow_task import TaskKey
from airflow_provider_mps.core.redaction import excerpt
from airflow_provider_mps.core.vocabulary import PICTURE_GONE
from airflow_provider_mps.pictures.check import Code, Finding, Verdict
from airflow_provider_mps.pictures.check.findings import not_checked, ok, rejected
from airflow_provider_mps.services.tencentcloud.quality import read_scores, texts_of
from airflow_provider_mps.services.tencentcloud.words import QualityAttribute

Least = Mapping[QualityAttribute, float]
"""The least score of each attribute that is asked for."""
Question = tuple[str, tuple[str, ...]]
"""A picture, and the attributes that the service is asked for."""

# Of what the service said, in a finding.
_QUOTED = 80
_MESSAGE = 160


class Answer(NamedTuple):
    """What came of a question.

    :param scores: by attribute, as far as they could be read
    :param said: how the answer begins, where one could not be read
    :param failed: why there is no answer; empty where there is one
    """

    scores: Mapping[str, float]
    said: str = ""
    failed: str = ""


def is_open(line: PictureLine) -> bool:
    """Tell whether there is a picture that the check has found nothing wrong with, and that has no opinion yet."""
    check = line.get("check")
    if check is None or is_rejected(line) or "entry" not in line or not has_picture(line["entry"]):
        return False
    return not {Code.SERVICE_QUALITY, PICTURE_GONE} & {one.get("code") for one in check.get("findings", [])}


def has_score(line: PictureLine) -> bool:
    """Tell whether the service has given the picture of a line a score."""
    found = line.get("check", {}).get("findings", [])
    return any(one.get("code") == Code.SERVICE_QUALITY and "value" in one for one in found)


def picture_of(line: PictureLine) -> str:
    """Return what tells the picture that is published of a line from all others of its item."""
    return f"{picture_id(line['entry'])} {line['entry']['Outputs'][0].get('path')}"


def known_answer(opinion: Opinion | None, picture: str, attributes: Collection[str]) -> Answer | None:
    """Return what the service has said of a picture before; None if it was not asked all that.

    :param opinion: what is on record
    """
    if opinion is None or unanswered(opinion, picture, attributes):
        return None
    return Answer(opinion.scores, opinion.said)


def unanswered(opinion: Opinion | None, picture: str, attributes: Collection[str]) -> tuple[str, ...]:
    """Return the attributes of a picture that the service has said nothing about: what it is asked, and paid, for.

    :param opinion: what is on record
    """
    known = opinion.answered if opinion is not None and opinion.picture == picture else ()
    return tuple(one for one in attributes if one not in known)


def with_known(answer: Answer, opinion: Opinion | None, picture: str) -> Answer:
    """Return an answer, and what was answered before about the same picture."""
    if opinion is None or opinion.picture != picture:
        return answer
    return answer._replace(scores={**opinion.scores, **answer.scores}, said=answer.said or opinion.said)


def askers(state: ItemState, question: Question) -> tuple[Writer, ...]:
    """Return who has asked a question and has no answer on record, the newest first."""
    known = state.opinion
    return known.runs if known is not None and (known.picture, known.attributes) == question else ()


def other_asking(
    state: ItemState,
    question: Question,
    task: TaskKey,
    is_over: Callable[[Writer], bool],
    now: float,
) -> Writer | None:
    """Return the other task that is about to ask the same, so that this one does not pay for it too.

    :param question: the picture and the attributes
    :param task: the task that wants to ask
    :param is_over: tells whether a run is known to have ended
    :param now: seconds since the epoch
    """
    asked = askers(state, question)
    if state.opinion is None or not asked:
        return None
    last = asked[0]
    if last.is_same_run(task):
        return None if last.task_id == task.task_id else last
    return last if now - state.opinion.at < RESERVED_SECONDS and not is_over(last) else None


def runs_before(state: ItemState, question: Question, task: TaskKey) -> list[dict[str, str]]:
    """Return other runs that have asked the same and came to their end without an answer, the newest first."""
    others = {(run.dag_id, run.run_id): None for run in askers(state, question) if not run.is_same_run(task)}
    return [{"dag_id": dag_id, "run_id": run_id} for dag_id, run_id in others]


def answer_of(end: ItemOutcome, attributes: Collection[QualityAttribute], request_id: str) -> Answer:
    """Return what the end of a question means.

    :param request_id: of the request that was accepted; empty where it is not known
    """
    if isinstance(end, ItemFailure):
        ids = {"task": end.task_id, "RequestId": end.request_id or request_id}
        told = ", ".join(f"{name} {value}" for name, value in ids.items() if value)
        said = f"{end.code}: {excerpt(end.message, _MESSAGE)}".rstrip(": .")
        return Answer({}, failed=f"{said} ({told})" if told else said)
    text = texts_of(end)
    scores = {str(name): score for name, score in read_scores(text, attributes).items()}
    # Half of a surrogate pair is nothing that a file can hold.
    said = excerpt(text, _QUOTED).encode(errors="backslashreplace").decode()
    return Answer(scores, "" if scores.keys() >= set(attributes) else said)


def findings_of(answer: Answer, least: Least) -> list[Finding]:
    """Return a finding for each attribute: only a score that was read can be too low, or good enough."""
    found = []
    for attribute, bound in least.items():
        score = answer.scores.get(attribute)
        if score is None:
            found.append(not_checked(Code.SERVICE_QUALITY, f"{attribute}: {_why(answer)}"))
            continue
        make = ok if score >= bound else rejected
        words = f"{attribute}: the service says {score:.6g}, and {bound:g} is the least"
        found.append(make(Code.SERVICE_QUALITY, score, bound, words))
    return found


def with_findings(check: Mapping[str, Any], found: Collection[Finding]) -> dict[str, Any]:
    """Return what a check has found out, and this too.

    An opinion may reject a picture. It makes none right that the check could not look at.
    """
    every = [*check["findings"], *(finding.as_dict() for finding in found)]
    is_rejected = any(one["verdict"] == Verdict.REJECTED for one in every)
    return {**check, "verdict": Verdict.REJECTED.value if is_rejected else check["verdict"], "findings": every}


def _why(answer: Answer) -> str:
    if answer.failed:
        return f"the service has no opinion: {answer.failed}"
    said = f" of its answer: {answer.said}" if answer.said else ", as its answer is empty"
    return f"no score can be read{said}"
