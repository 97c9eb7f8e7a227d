"""Read what a report tells of a run: the files of its steps, as far as they are there and can be read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from airflow_provider_mps.catalogue.addresses import StepOutput, read_output
from airflow_provider_mps.catalogue.report.items import Reported, read_line
from airflow_provider_mps.catalogue.report.summary import Step, StepName, StepState
from airflow_provider_mps.core.texts import clean

ReadLines = Callable[[str], Iterator[Mapping[str, Any]]]
"""Gives the lines of a file, by its address."""


@dataclass(frozen=True)
class Given:
    """What an argument of the report was given.

    :param is_asked: whether the DAG gives it at all
    :param outputs: what the tasks have returned, without those that returned nothing
    :param counts: what they have counted, added up
    """

    is_asked: bool
    outputs: tuple[StepOutput, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class RunRead:
    """What is known of a run.

    :param steps: what was got of each step
    :param items: what is told of each item
    :param catalogue: address of the catalogue's folder; empty where no step has said it
    :param is_dry: whether the plan was a dry run
    """

    steps: tuple[Step, ...]
    items: list[Reported]
    catalogue: str
    is_dry: bool


def given(name: str, value: Any, *, is_asked: bool) -> Given:
    """Return what an argument was given, rendered.

    :param name: of the argument
    :param value: what a task returned, a path, a list of these, or nothing
    :param is_asked: whether the DAG gives the argument at all
    :raises ArgumentError: it is something else
    """
    if value is None or value == "":
        return Given(is_asked)
    outputs, counts = read_output(name, told_of_plan(value)), Counter[str]()
    for output in outputs:
        counts.update(output.counts)
    return Given(is_asked, tuple(outputs), counts)


def read_run(steps: Mapping[StepName, Given], read_lines: ReadLines, log_line: Callable[[str], object]) -> RunRead:
    """Read the files of a run; what cannot be read is told of its step and no error.

    :param steps: what was given of each step
    :param read_lines: gives the lines of a file
    :param log_line: takes a line for the log, for what could not be read
    """
    items: dict[str, Reported] = {}
    told: dict[StepName, Step] = {}
    catalogue, is_dry = "", False
    # A step repeats the lines that it was given, and adds to them: what the last one says is all there is.
    for name in reversed(StepName):
        step = steps[name]
        problems: list[str] = []
        count = 0
        for output in step.outputs:
            catalogue = catalogue or output.catalogue or ""
            try:
                for line in read_lines(output.path):
                    count += 1
                    is_dry = is_dry or "would" in line
                    if (key := _key(line, name, count)) not in items:
                        items[key] = read_line(line)
            # Whatever a storage, or a broken file, raises: the rest of the report is of use without it.
            except Exception as error:
                problems.append(clean(f"{type(error).__name__}: {error}"))
                log_line(f"The report lacks {clean(output.path)}: {problems[-1]}")
        paths = tuple(clean(output.path) for output in step.outputs)
        told[name] = Step(name, _state(step, problems, count), paths, tuple(problems), step.counts, count)
    return RunRead(tuple(told[name] for name in StepName), list(items.values()), clean(catalogue), is_dry)


def _state(step: Given, problems: Sequence[str], lines: int) -> StepState:
    if not step.outputs:
        return StepState.MISSING if step.is_asked else StepState.NOT_ASKED
    if not problems:
        return StepState.READ
    return StepState.PARTLY if lines or len(problems) < len(step.outputs) else StepState.UNREADABLE


def _key(line: Mapping[str, Any], step: StepName, number: int) -> str:
    item = line.get("item")
    return item if isinstance(item, str) and item else f"{step}, line {number}"


def told_of_plan(value: Any) -> Any:
    """Return what a task returned; of the plan of a dry run, which is empty, what says what would be done."""
    if isinstance(value, list | tuple):
        return [told_of_plan(one) for one in value]
    is_dry = isinstance(value, Mapping) and isinstance(value.get("dry_run"), str)
    return {**value, "path": value["dry_run"]} if is_dry else value
