"""What people have answered, and which pictures that approves. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

from airflow_provider_mps.catalogue.approval.candidates import Candidate
from airflow_provider_mps.catalogue.approval.options import Option, Options, Words, read_option
from airflow_provider_mps.core import arguments
from airflow_provider_mps.core.lists import check_no_task
from airflow_provider_mps.core.texts import clean

_EXPECTED = "what HITLOperator tasks returned, {'chosen_options': [...], ...}, or a list of these"
_LONGEST_USER = 100


@dataclass(frozen=True, slots=True)
class Approval:
    """What was said of a picture.

    :param approved: whether somebody, or the default of a question, has said yes
    :param by: ``{"id", "name"}`` of who has answered; None for nobody, and for the default at the end of
        ``response_timeout``
    :param at: when that was (ISO 8601, UTC); None where nobody has answered
    """

    approved: bool = False
    by: Mapping[str, str] | None = None
    at: str | None = None

    @property
    def is_rejected(self) -> bool:
        """Whether a person has looked at it and not chosen it."""
        return not self.approved and self.by is not None

    def as_dict(self) -> dict[str, Any]:
        """Return it as small JSON."""
        return {"approved": self.approved, "by": None if self.by is None else dict(self.by), "at": self.at}


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a question.

    :param options: what was chosen
    :param by: see :class:`Approval`
    :param at: see :class:`Approval`
    """

    options: tuple[Option, ...]
    by: Mapping[str, str] | None
    at: str | None


class Decided(NamedTuple):
    """What answers mean for a list of pictures.

    :param approvals: of each picture, in order
    :param strays: how many chosen options are about no picture of the list
    """

    approvals: tuple[Approval, ...]
    strays: int


def read_answers(name: str, value: Any) -> list[Answer]:
    """Return what was answered.

    :param name: the argument that takes it, for messages
    :param value: what a task has returned, or a list of these; None of one that was skipped, or failed, is left out
    :raises ArgumentError: it is something else, or an option is none that this package has written
    """
    return list(_answers(name, value))


def decide(candidates: Sequence[Candidate], answers: Iterable[Answer]) -> Decided:
    """Say of each picture whether it is approved. The last answer about it counts; without one it is not.

    Pictures that are named are approved, also beside "none of these", which the page of a question has chosen already
    where that is its default; "all of these" beside it approves nothing.
    """
    options = Options(candidates)
    found, strays = [Approval()] * len(candidates), 0
    for answer in sorted(answers, key=lambda one: one.at or ""):
        is_none = any(option.word in (Words.NONE, Words.NOT_THIS) for option in answer.options)
        chosen: set[int] = set()
        asked: set[int] = set()
        for option in answer.options:
            meant = options.find(option)
            if meant is None:
                strays += 1
                continue
            chosen |= set() if is_none and option.word is Words.ALL else meant.chosen
            asked |= meant.asked
        for place in asked:
            found[place] = Approval(place in chosen, answer.by, answer.at)
    return Decided(tuple(found), strays)


def _answers(name: str, value: Any) -> Iterator[Answer]:
    check_no_task(name, value)
    if value is None or value == "":
        return
    if isinstance(value, Mapping):
        yield _answer(name, value)
    # A mapped task's is a sequence that asks Airflow for each.
    elif isinstance(value, Sequence) and not isinstance(value, str | bytes | bytearray):
        for index, one in enumerate(value):
            yield from _answers(f"{name}[{index}]", one)
    else:
        arguments.fail(name, value, _EXPECTED)


def _answer(name: str, value: Mapping[str, Any]) -> Answer:
    chosen = value.get("chosen_options")
    if not isinstance(chosen, Sequence) or isinstance(chosen, str) or not all(isinstance(one, str) for one in chosen):
        arguments.fail(name, value, _EXPECTED)
    options = []
    for text in chosen:
        option = read_option(text)
        if option is None:
            told = "an option that names its pictures: have questions written by ApprovalQuestionsOperator"
            arguments.fail(f"{name}['chosen_options']", text, told)
        options.append(option)
    return Answer(tuple(options), _user(value.get("responded_by_user")), _moment(value.get("responded_at")))


def _user(value: Any) -> dict[str, str] | None:
    if not isinstance(value, Mapping):
        return None
    user = {name: clean(value.get(name), _LONGEST_USER) for name in ("id", "name")}
    return user if any(user.values()) else None


def _moment(value: Any) -> str | None:
    """Return a moment as it is told; Airflow hands over a datetime, or the text of one."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return None
    if not isinstance(value, datetime):
        return None
    moment = value if value.tzinfo else value.replace(tzinfo=UTC)
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
