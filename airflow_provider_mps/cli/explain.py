"""``explain``: the story of a task."""

from __future__ import annotations

from dataclasses import fields
from typing import Any, TextIO

from airflow_provider_mps.cli.evidence import Evidence
from airflow_provider_mps.cli.finding import find
from airflow_provider_mps.cli.printing import Field, Step, clean_data, print_data, print_fields, print_step
from airflow_provider_mps.cli.services import checked_arguments, service_of
from airflow_provider_mps.cli.story import Story, story_of
from airflow_provider_mps.cli.words import ExitCode, Output
from airflow_provider_mps.core.texts import clean

_TITLES = {
    "asked": "What was asked",
    "by": "By whom",
    "answered": "What was answered",
    "paid": "What was paid",
    "next": "What to do next",
    "missing": "What was not found",
}


def command(args: Any) -> ExitCode:
    """Look for what is known of a task, and tell it."""
    task_id = checked_arguments(args)
    found = find(Evidence(service_of(task_id, args.service), task_id), args)
    story = story_of(found, args.program)
    if args.output in (Output.JSON, Output.YAML):
        print_data(args.out, clean_data(as_data(found, story)), args.output)
    else:
        print_story(args.out, found, story, args.output)
    return ExitCode.FINE if found.is_known else ExitCode.FAILED


def as_data(found: Evidence, story: Story) -> dict[str, Any]:
    """Return a story for programs: each part a list of objects or of sentences."""
    data: dict[str, Any] = {"service": found.service.name, "task_id": found.task_id, "known": found.is_known}
    for part in fields(story):
        data[part.name] = [
            one if isinstance(one, str) else one._asdict()
            for one in getattr(story, part.name)
            if not isinstance(one, Field) or one.value
        ]
    return data


def print_story(out: TextIO, found: Evidence, story: Story, output: str) -> None:
    """Write a story for people."""
    out.write(f"{found.service.name} task {clean(found.task_id)}\n")
    for part in fields(story):
        told = getattr(story, part.name)
        if not told:
            continue
        out.write(f"\n{_TITLES[part.name]}\n")
        if isinstance(told[0], Field):
            print_fields(out, told, output, indent="  ")
        else:
            for one in told:
                print_step(out, Step(one) if isinstance(one, str) else one, output)
