"""The story of a task, from what was found of it. Pure.

Each part has lines for people; what is not known is said, and nothing is guessed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from airflow_provider_mps.catalogue.record.events import ItemMade
from airflow_provider_mps.catalogue.shown import place_of_output, prompt_of, shown_address, subject_of
from airflow_provider_mps.cli.evidence import LONGEST_ADDRESS, Evidence, InBatch, InCatalogue, Kept
from airflow_provider_mps.cli.payment import paid
from airflow_provider_mps.cli.printing import Field, Step
from airflow_provider_mps.cli.remedies import next_steps
from airflow_provider_mps.cli.words import State
from airflow_provider_mps.compat_makers import Maker
from airflow_provider_mps.core.polling import Finished
from airflow_provider_mps.core.texts import clean
from airflow_provider_mps.gallery.requests import request_of_fields, request_of_payload
from airflow_provider_mps.services.tencentcloud.answers import format_time


@dataclass
class Story:
    """What is told of a task.

    :ivar asked: what was asked for
    :ivar by: who asked
    :ivar answered: what the service has said
    :ivar paid: what it costs
    :ivar next: what a person can do
    :ivar missing: where was looked in vain
    """

    asked: list[Field] = field(default_factory=list)
    by: list[Field] = field(default_factory=list)
    answered: list[Field] = field(default_factory=list)
    paid: list[str] = field(default_factory=list)
    next: list[Step] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)


def story_of(found: Evidence, program: str) -> Story:
    """Return the story.

    :param found: what is known
    :param program: how this command was called, for those that are proposed
    """
    request = request_of(found)
    return Story(
        list(_asked(found, request)),
        list(_by(found)),
        list(_answered(found)),
        paid(found, request),
        next_steps(found, program),
        found.missing,
    )


def request_of(found: Evidence) -> dict[str, Any]:
    """Return the request, as far as the Airflow task's rendered fields and the service's answer tell it."""
    said = request_of_payload(found.answer.detail) if found.answer else {}
    return said | request_of_fields(found.fields)


def _asked(found: Evidence, request: Mapping[str, Any]) -> Iterator[Field]:
    place, address = subject_of(request)
    yield Field("subject", clean(place or address))
    background = {name.replace("bg_", "subject_"): value for name, value in request.items() if name.startswith("bg_")}
    place, address = subject_of(background)
    yield Field("background", clean(place or address))
    words = [clean(request.get(name)) for name in ("image_size", "format")]
    for name, value in (
        ("words", prompt_of(request.get("prompt"))),
        ("scene", clean(request.get("scene_id"))),
        ("title", clean(request.get("product_title"))),
        ("seed", clean(request.get("random_seed"))),
        ("picture", " ".join(filter(None, words))),
    ):
        yield Field(name, value)
    if found.item is not None:
        yield Field("item", f"{clean(found.item.event.item)} of catalogue {clean(found.item.catalogue)}")
    sources = []
    if found.fields:
        sources.append("the rendered fields of the Airflow task")
    if found.answer and request_of_payload(found.answer.detail):
        sources.append(f"the answer of {found.service}")
    yield Field("known from", " and ".join(sources))
    if not sources and found.item is None:
        yield Field("", "Not known: neither the service nor Airflow's database says what was asked.")


def _by(found: Evidence) -> Iterator[Field]:
    submitted = found.batch.submitted_at(found.task_id) if found.batch else None
    for maker in found.makers:
        yield from _maker(maker, submitted)
    for kept in found.kept:
        yield from _kept(kept, found.task_id)
    if found.batch is not None:
        yield from _batch(found.batch, found.task_id, is_named=bool(found.makers))
    if found.item is not None:
        yield from _item(found.item)
    if not any((found.makers, found.kept, found.batch, found.item)):
        yield Field("", "Not known: see what was not found, below.")


def _maker(maker: Maker, submitted: float | None) -> Iterator[Field]:
    turns = f", iteration {'.'.join(map(str, maker.turns))}" if maker.turns else ""
    yield Field("Airflow task", _task_instance(maker.dag_id, maker.run_id, maker.task_id, maker.map_index) + turns)
    if maker.try_number is not None:
        of = f" of {maker.tries}" if maker.tries and maker.tries > maker.try_number else ""
        yield Field("try", f"{maker.try_number}{of}")
    elif maker.told_at is None and submitted is not None:
        # What a dead run has left behind is taken up by the next one, and a run that was deleted may be made anew.
        yield Field("try", "not known: none that Airflow knows of had begun when this was submitted; see other runs")
    yield Field("operator", clean(maker.operator))
    yield Field("its state now", clean(maker.state))
    yield Field("failed with", ": ".join(filter(None, (clean(maker.error.get(word)) for word in ("Code", "Message")))))
    yield Field("told at", _time(maker.told_at))


def _kept(kept: Kept, task_id: str) -> Iterator[Field]:
    yield Field("record of", _task_instance(kept.dag_id, kept.run_id, kept.task_id, kept.map_index))
    record = kept.record
    if record.task_id == task_id:
        yield Field("submitted at", _time(record.intent))
        yield Field("accepted at", _time(record.accepted))
        yield Field("result", "handed over to Airflow" if record.delivered else "not handed over to Airflow yet")
        yield Field("before it", clean(", ".join(record.replaced)))
    else:
        yield Field("replaced by", clean(record.task_id) or "a submission whose answer is not known")


def _batch(batch: InBatch, task_id: str, *, is_named: bool) -> Iterator[Field]:
    yield Field("batch record", clean(batch.address, LONGEST_ADDRESS))
    if batch.folders is not None and not is_named:
        dag, task = batch.folders
        yield Field("Airflow task", f"DAG {clean(dag)}, task {clean(task)} (as the folder is named)")
    record = batch.record
    if record.task_id == task_id:
        yield Field("submitted at", _time(record.intent))
        yield Field("accepted at", _time(record.accepted))
    else:
        yield Field("replaced by", clean(record.task_id) or "a submission whose answer is not known")


def _item(item: InCatalogue) -> Iterator[Field]:
    run = item.run
    yield Field("on record by", f"DAG {clean(run.dag_id)}, run {clean(run.run_id)}, task {clean(run.task_id)}")
    yield Field("on record at", _time(item.at))


def _answered(found: Evidence) -> Iterator[Field]:
    if (answer := found.answer) is not None:
        yield Field("now", f"{answer.word.value} ({clean(answer.state)})")
        if (failure := answer.state.failure) is not None:
            yield Field("code", clean(failure.code))
            yield Field("message", clean(failure.message))
        for name, key in (("created", "CreateTime"), ("finished", "FinishTime")):
            yield Field(name, clean(answer.detail.get(key)))
        for number, one in enumerate(answer.pictures, 1):
            place = place_of_output(one)
            yield Field(f"output {number}", clean(place) or shown_address(one.get("url")) or clean(one.get("content")))
        yield Field("RequestId", f"{clean(answer.request_id)} (of this question)" if answer.request_id else "")
    elif found.refusal:
        yield Field("now", " ".join(found.refusal))
    if found.record is not None and found.record.task_id == found.task_id:
        yield Field("of submission", clean(found.record.request_id) and f"RequestId {clean(found.record.request_id)}")
    if found.batch is not None and found.batch.end is not None:
        yield Field("on record", _end(found.batch))
    if found.item is not None:
        yield from _on_record(found.item)
    if found.answer is None and not found.refusal and found.batch is None and found.item is None:
        yield Field("", "Not known.")


def _end(batch: InBatch) -> str:
    end = batch.end
    if not isinstance(end, Finished):
        return f"no end: {clean(end)}"
    if end.state.failure is not None:
        return f"{State.FAILED}: {clean(end.state.failure)}"
    places = [place for one in (end.state.result or {}).get("Outputs") or () if (place := clean(place_of_output(one)))]
    return ": ".join(filter(None, (State.FINISHED, ", ".join(places))))


def _on_record(item: InCatalogue) -> Iterator[Field]:
    event, state = item.event, item.state
    if isinstance(event, ItemMade):
        yield Field("on record", f"made: {clean(place_of_output(event.picture))}")
    else:
        yield Field("on record", f"failed: {clean(event.code)}: {clean(event.message)}")
        yield Field("RequestId", clean(event.request_id))
    if state.made is not None and state.made.task_id != event.task_id:
        yield Field("since then", f"made anew by task {clean(state.made.task_id)}")
    if state.rejected is not None:
        yield Field("check", f"rejected: {clean(', '.join(state.rejected.codes))}")
    if state.published is not None:
        yield Field("published", f"{clean(state.published.final)} at {_time(state.published.at)}")


def _task_instance(dag_id: str, run_id: str, task_id: str, map_index: int) -> str:
    index = f", map index {map_index}" if map_index >= 0 else ""
    return f"DAG {clean(dag_id)}, run {clean(run_id)}, task {clean(task_id)}{index}"


def _time(moment: float | None) -> str:
    """Return a time as the API writes it; empty for one that no calendar has, as a record may have been changed."""
    try:
        return "" if moment is None else format_time(moment)
    except (OverflowError, ValueError, OSError):
        return ""
