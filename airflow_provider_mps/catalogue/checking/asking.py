"""Have the service say what it makes of the pictures of a check: once of each, whoever comes back to it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from airflow_provider_mps.catalogue.checking.opinions import (
    Answer,
    Least,
    Question,
    askers,
    findings_of,
    is_open,
    known_answer,
    other_asking,
    picture_of,
    runs_before,
    unanswered,
    with_findings,
    with_known,
)
from airflow_provider_mps.catalogue.checking.run import CheckRun
from airflow_provider_mps.catalogue.lines import PictureLine
from airflow_provider_mps.catalogue.record.events import Event, ItemAnswered, ItemAsked
from airflow_provider_mps.catalogue.record.fold import CatalogueRecord
from airflow_provider_mps.catalogue.record.state import ItemState, Writer


class Opinions:
    """The opinions on the pictures of a check.

    :param run: the check
    :param least: the least score of each attribute that is asked for
    :param is_over: tells whether another run is known to have ended
    """

    def __init__(self, run: CheckRun, least: Least, is_over: Callable[[Writer], bool]) -> None:
        self._run = run
        self._least = least
        self._is_over = is_over
        self._attributes = tuple(sorted(map(str, least)))

    def to_ask(self) -> list[dict[str, Any]]:
        """Return what the service has to be asked, and reserve it; what is known, or another run asks, is noted."""
        lines = [line for line in self._run.lines if is_open(line)]
        answers: dict[str, Answer] = {}
        asked: list[dict[str, Any]] = []
        now = time.time()

        def decide(known: CatalogueRecord) -> list[Event]:
            answers.clear()
            asked.clear()
            events: list[Event] = []
            for line in lines:
                state, picture = known.state(line["item"]), picture_of(line)
                question = picture, unanswered(state.opinion, picture, self._attributes)
                answer = self._without_asking(state, question, now)
                if answer is not None:
                    answers[line["item"]] = with_known(answer, state.opinion, picture)
                    continue
                asked.append(self._question(line, question, state))
                if not self._has_asked(state, question):
                    events.append(ItemAsked(line["item"], *question))
            return events

        if lines:
            self._run.update(decide, now)
        self._note(answers)
        return asked

    def take(self, answers: Mapping[str, Answer]) -> None:
        """Put on record what the service has said, and note it.

        :param answers: by item
        """
        found = {line["item"]: picture_of(line) for line in self._run.lines if line["item"] in answers}
        every: dict[str, Answer] = {}

        def decide(known: CatalogueRecord) -> list[Event]:
            events: list[Event] = []
            for item, picture in found.items():
                opinion, answer = known.state(item).opinion, answers[item]
                every[item] = with_known(answer, opinion, picture)
                left = unanswered(opinion, picture, self._attributes)
                if left and not answer.failed:
                    scores = {name: score for name, score in answer.scores.items() if name in left}
                    events.append(ItemAnswered(item, picture, left, scores, answer.said))
            return events

        self._run.update(decide, time.time())
        self._note(every)
        self._run.tell()

    def _without_asking(self, state: ItemState, question: Question, now: float) -> Answer | None:
        answer = known_answer(state.opinion, question[0], self._attributes)
        if answer is not None:
            return answer
        other = other_asking(state, question, self._run.task, self._is_over, now)
        if other is None:
            return None
        return Answer({}, failed=f"the task {other.task_id} of {other.dag_id}, run {other.run_id}, asks for it now")

    def _question(self, line: PictureLine, question: Question, state: ItemState) -> dict[str, Any]:
        place = line["entry"]["Outputs"][0]
        return {
            "item": line["item"],
            "picture": question[0],
            **{part: place[part] for part in ("bucket", "region", "path")},
            "attributes": list(question[1]),
            "before": runs_before(state, question, self._run.task),
        }

    def _has_asked(self, state: ItemState, question: Question) -> bool:
        asked, task = askers(state, question), self._run.task
        return bool(asked) and asked[0].is_same_run(task) and asked[0].task_id == task.task_id

    def _note(self, answers: Mapping[str, Answer]) -> None:
        for line in self._run.lines:
            answer = answers.get(line["item"])
            if answer is not None and is_open(line):
                line["check"] = with_findings(line["check"], findings_of(answer, self._least))
