"""The rounds of a check: the service is asked, what is rejected is made once more, and that is checked again."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from airflow_provider_mps.catalogue.words import Kind
from airflow_provider_mps.core.progress import counted

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

    # Imported where they are used: a DAG file has no need of them.
    from airflow_provider_mps.catalogue.checking.opinions import Least
    from airflow_provider_mps.catalogue.checking.run import Begun, CheckRun
    from airflow_provider_mps.catalogue.record.state import Writer
    from airflow_provider_mps.operators.remaker import InnerBatch


class CheckRounds:
    """What is paid for in a check, until there is nothing left to do.

    :param of: the operator of the task, whose record, tries and deferral this has
    :param context: of its try
    :param run: the check
    :param least: the least scores that the service is asked for; empty where it is not asked
    :param max_remakes: how often a rejected picture may be made anew; 0 where none is
    :param is_over: tells whether another run is known to have ended
    :param new_stop: gives what stops the reading of pictures
    """

    def __init__(
        self,
        of: Any,
        context: Context,
        run: CheckRun,
        *,
        least: Least,
        max_remakes: int,
        is_over: Callable[[Writer], bool],
        new_stop: Callable[[], threading.Event],
    ) -> None:
        from airflow_provider_mps.catalogue.checking.asking import Opinions

        self._of = of
        self._context = context
        self._run = run
        self._opinions = Opinions(run, least, is_over) if least else None
        self._max_remakes = max_remakes
        self._is_over = is_over
        self._new_stop = new_stop
        self._batch: InnerBatch | None = None

    def go_on(self) -> None:
        """Do what there is to do.

        :raises TaskDeferred: it is waited for in the triggerer
        """
        while True:
            self._ask()
            lines = self._run.to_remake(self._max_remakes, self._is_over) if self._max_remakes else []
            if not lines:
                return
            self._of.log.info("Made once more, as the check has rejected it: %s", counted(len(lines), "picture"))
            if not self._make(self._run.begin(self._try_number, Kind.REMAKE, lines), begins=True):
                # What was not made this time, a later run makes.
                return

    def resume(self, begun: Begun) -> None:
        """Take up what was waited for.

        :param begun: what that is
        """
        (self._take_answers if begun.kind is Kind.OPINION else self._make)(begun.path, begins=False)

    def on_kill(self) -> None:
        """Stop submitting."""
        if self._batch is not None:
            self._batch.on_kill()

    @property
    def _try_number(self) -> int:
        return int(self._context["ti"].try_number)

    def _ask(self) -> None:
        questions = self._opinions.to_ask() if self._opinions is not None else []
        if questions:
            self._of.log.info("The service is asked about %s", counted(len(questions), "picture"))
            self._take_answers(self._run.begin(self._try_number, Kind.OPINION, questions), begins=True)

    def _take_answers(self, path: str, *, begins: bool) -> None:
        from airflow_provider_mps.operators.asker import Asker

        answers = self._carry_out(Asker, path, begins=begins)
        if self._opinions is not None:
            self._opinions.take(answers)

    def _make(self, path: str, *, begins: bool) -> int:
        """Make what is in a plan, or go on with that; put it in its place, and return how many pictures there are."""
        from airflow_provider_mps.operators.remaker import Remaker

        made = self._carry_out(Remaker, path, begins=begins)
        count = self._run.take(made["path"], self._new_stop())
        self._run.tell()
        return count

    def _carry_out(self, kind: type[InnerBatch], path: str, *, begins: bool) -> Any:
        requests = {"path": path, "catalogue": self._run.catalogue}
        self._batch = kind(task_id=self._of.task_id, of=self._of, requests=requests)
        # It defers to the method of this name, which its operator has too.
        return self._batch.go_on(self._context, begins=begins)
