"""``task``: what the service says of a task now."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow_provider_mps.cli.errors import UsageError
from airflow_provider_mps.cli.printing import Field, clean_data, in_columns, print_data, print_fields, width_of
from airflow_provider_mps.cli.services import Answer, Asker, checked_arguments, service_of
from airflow_provider_mps.cli.words import ExitCode, Output, State
from airflow_provider_mps.core.redaction import redact_urls
from airflow_provider_mps.core.texts import clean

_EXITS = {State.FINISHED: ExitCode.FINE, State.FAILED: ExitCode.FAILED, State.RUNNING: ExitCode.RUNNING}


def command(args: Any) -> ExitCode:
    """Ask for a task, and write what it is."""
    task_id = checked_arguments(args)
    for name in ("timeout", "poll_interval"):
        # Not NaN either, which is not more than 0.
        if not 0 < getattr(args, name) < float("inf"):
            raise UsageError(f"--{name.replace('_', '-')}: expected seconds, more than 0")
    asker = Asker(service_of(task_id, args.service), args)
    answer = asker.ask(task_id)
    if args.wait and answer.word is State.RUNNING:
        answer = asker.wait(answer, args.timeout, args.poll_interval)
    if args.output in (Output.JSON, Output.YAML):
        print_data(args.out, clean_data(as_data(answer)), args.output)
    else:
        print_fields(args.out, fields_of(answer), args.output)
        if step := next_of(answer, args.program):
            columns = None if args.output == Output.PLAIN else width_of(args.out)
            args.out.write(f"\n{in_columns(step, columns, '')}\n")
    return _EXITS[answer.word]


def as_data(answer: Answer) -> dict[str, Any]:
    """Return an answer for programs; addresses are without signatures."""
    state, failure, detail = answer.state, answer.state.failure, answer.detail
    return {
        "service": answer.service.name,
        "task_id": answer.task_id,
        "state": answer.word.value,
        "status": state.status,
        "progress": state.progress,
        "code": failure.code if failure else "",
        "message": failure.message if failure else "",
        "remedy": failure.hint if failure else "",
        "created": detail.get("CreateTime"),
        "finished": detail.get("FinishTime"),
        "request_id": answer.request_id,
        "outputs": [_without_secrets(one) for one in answer.pictures],
    }


def fields_of(answer: Answer) -> list[Field]:
    """Return an answer for people."""
    data = as_data(answer)
    found = [
        Field("service", data["service"]),
        Field("task", clean(data["task_id"])),
        Field("state", f"{data['state']} ({clean(answer.state)})"),
        *(Field(name, clean(data[name])) for name in ("code", "message", "remedy", "created", "finished")),
        Field("RequestId", clean(data["request_id"])),
    ]
    return [*found, *(Field(f"output {number}", _output(one)) for number, one in enumerate(data["outputs"], 1))]


def next_of(answer: Answer, program: str) -> str:
    """Return the command that a person may want next; empty where there is none.

    :param program: how this one was called
    """
    if answer.word is State.FINISHED and any(not _is_text(one) for one in answer.pictures):
        return f"{program} download {clean(answer.task_id)} DEST"
    if answer.word is State.RUNNING:
        return f"{program} task {clean(answer.task_id)} --wait"
    return ""


def _output(one: Mapping[str, Any]) -> str:
    """Return where a picture is, or its text."""
    if _is_text(one):
        return clean(one["content"])
    if place := one.get("cos_uri"):
        region = one.get("region")
        return clean(f"{place} ({region})" if region else place)
    said = clean(one.get("message"))
    scene = f"scene {clean(one.get('scene'))}" if one.get("scene") else ""
    return " ".join(filter(None, (clean(one.get("url") or one.get("path")) or "no picture", scene, said)))


def _is_text(one: Mapping[str, Any]) -> bool:
    return bool(one.get("content")) and not one.get("path")


def _without_secrets(one: Mapping[str, Any]) -> dict[str, Any]:
    return {name: redact_urls(value) if isinstance(value, str) else value for name, value in one.items()}
