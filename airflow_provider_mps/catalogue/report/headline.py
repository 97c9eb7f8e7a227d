"""What a report says first: whether someone has to look into it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from airflow_provider_mps.catalogue.report.summary import Report, StepName, StepState
from airflow_provider_mps.core.progress import counted

_STEPS = {StepName.PLAN: "plan", StepName.PICTURES: "pictures", StepName.PUBLISHED: "publication"}
_LACKS = {
    StepName.PLAN: "what was to be made is known from the other steps only, and not what is unchanged or waiting",
    StepName.PICTURES: "what was made is known from the other steps only",
    StepName.PUBLISHED: "what was published is not known",
}


class Headline(NamedTuple):
    """The line above all.

    :param tone: good, bad, wait, or calm
    :param words: the line
    :param notes: what else has to be known
    """

    tone: str
    words: str
    notes: tuple[str, ...]


def headline_of(report: Report) -> Headline:
    """Return what a report says first."""
    tone, words = _outcome(report)
    notes = tuple(_notes(report))
    if notes and tone in ("good", "calm"):
        tone = "wait"
    return Headline(tone, words, notes)


def _outcome(report: Report) -> tuple[str, str]:
    counts = report.counts
    items, failed = counts["items"], counts["failed"] + counts["publication_failed"]
    left, unknown = counts["left_for_later"], counts["no_result"]
    if report.is_dry:
        return "calm", f"Dry run: {counted(counts['to_make'], 'picture')} would be made, nothing was submitted"
    if not items:
        # Without a plan nobody knows whether there was nothing to do.
        is_known = any(step.name is StepName.PLAN and step.state is StepState.READ for step in report.steps)
        if is_known:
            return "good", "Nothing has changed: no picture was made, and nothing was paid"
        return "bad", "Nothing is known of this run"
    if failed:
        rest = f", {left:,} left for later" if left else ""
        return "bad", f"{failed:,} of {counted(items, 'item')} failed{rest}"
    if rejected := counts["rejected"]:
        return "bad", f"{rejected:,} of {counted(items, 'item')} rejected by the check, and not published"
    if refused := counts["not_approved"]:
        return "wait", f"{refused:,} of {counted(items, 'item')} not approved, and not published"
    if unknown:
        return "wait", f"Of {unknown:,} of {counted(items, 'item')} no result is known"
    if left:
        return "wait", f"{counted(items - left, 'item')} done, {left:,} left for later"
    return "good", _all_done(report)


def _all_done(report: Report) -> str:
    counts = report.counts
    parts = [
        (counts["published"], "published"),
        (counts["made_not_published"], "made"),
        (counts["unpublished"], "unpublished"),
    ]
    told = [f"{count:,} {word}" for count, word in parts if count]
    return (
        f"All {counted(counts['items'], 'item')} done: {', '.join(told)}"
        if counts["items"] != 1
        else (f"The one item is {told[0].partition(' ')[2]}")
    )


def _notes(report: Report) -> Iterator[str]:
    for step in report.steps:
        name = _STEPS[step.name]
        if step.state is StepState.MISSING:
            yield f"The {name} step is missing, its task failed or was skipped: {_LACKS[step.name]}."
        elif step.state is StepState.UNREADABLE:
            yield f"The file of the {name} step cannot be read: {_LACKS[step.name]}."
        elif step.state is StepState.PARTLY:
            yield f"The files of the {name} step could be read in part only: the numbers are too low."
    waiting = report.counts.get("waiting", 0)
    if waiting:
        yield f"{counted(waiting, 'item')} wait{'s' if waiting == 1 else ''} for a later run."
