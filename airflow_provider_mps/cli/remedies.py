"""What a person can do about a task, as far as that follows from what was found. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from airflow_provider_mps.catalogue.record.events import ItemMade
from airflow_provider_mps.cli.evidence import Evidence
from airflow_provider_mps.cli.printing import Step
from airflow_provider_mps.cli.words import State
from airflow_provider_mps.core.outcomes import NO_RESULT
from airflow_provider_mps.core.polling import Finished
from airflow_provider_mps.core.tasks import TaskFailure
from airflow_provider_mps.core.texts import clean

_ENDED = ("failed", "upstream_failed", "skipped")


def next_steps(found: Evidence, program: str) -> list[Step]:
    """Return what there is to do, the most useful first.

    :param program: how this command was called
    """
    steps = list(_steps(found, program))
    return steps or [Step("Nothing more is known. Look into the console of the service, by the id of the task.")]


def _steps(found: Evidence, program: str) -> Iterator[Step]:
    newer = found.record.task_id if found.record and found.record.task_id != found.task_id else None
    if newer:
        yield Step("It does not count any more. Look at the one that replaced it:", f"{program} explain {clean(newer)}")
    answer = found.answer
    if answer is None:
        yield from _without_answer(found)
    elif answer.state.failure is not None:
        yield from _after_failure(found, answer.state.failure)
    elif answer.word is State.RUNNING:
        yield Step("Wait for it:", f"{program} task {clean(found.task_id)} --wait")
        yield from _joined(found, "A clear of the Airflow task joins it and waits anew, where it is on record.")
    else:
        yield Step("Fetch it:", f"{program} download {clean(found.task_id)} DEST")
        yield from _joined(
            found, "It is made and paid for. Clear the Airflow task: it takes this one up, and pays for no other."
        )


def _joined(found: Evidence, said: str) -> Iterator[Step]:
    """Yield what a clear does, where the Airflow task has ended without the result and has this task on record."""
    record = found.record
    has_ended = any(one.state in _ENDED for one in found.makers)
    if has_ended and record is not None and record.task_id == found.task_id and not record.delivered:
        yield Step(said)


def _after_failure(found: Evidence, failure: TaskFailure) -> Iterator[Step]:
    if failure.hint:
        yield Step(failure.hint)
    if failure.code == NO_RESULT:
        return
    if failure.is_final:
        yield Step(
            "The same request would end the same way, so Airflow does not retry it. Change what is asked for, then "
            "clear the Airflow task."
        )
    elif not (found.record and found.record.task_id != found.task_id):
        yield Step("Another try may end better: a retry or a clear of the Airflow task submits again, and pays again.")


def _without_answer(found: Evidence) -> Iterator[Step]:
    if found.remedy:
        yield Step(found.remedy)
    elif found.refusal:
        yield Step("See to why the service could not be asked, above, and ask again.")
    item, end = found.item, found.batch.end if found.batch else None
    if item is not None and isinstance(item.event, ItemMade):
        yield Step("The picture was made, and is where the catalogue's record says, unless somebody has removed it.")
    elif isinstance(end, Finished) and end.state.failure is None:
        yield Step("The picture was made, and is where the record says, unless somebody has removed it.")
    elif found.is_unknown and not found.is_known:
        yield Step(
            "Check the id, and that the connection is of the account that has submitted it. It may belong to the other "
            "service (--service)."
        )
