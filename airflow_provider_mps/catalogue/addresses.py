"""Where the files of a catalogue are, and what the tasks of a run tell each other of them."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from types import MappingProxyType
from typing import Any, NamedTuple

from airflow_provider_mps.catalogue.words import Kind
from airflow_provider_mps.core import arguments
from airflow_provider_mps.core.airflow_task import TaskKey
from airflow_provider_mps.core.lists import check_no_task, flat_list

_NOT_PLAIN = re.compile(r"[^A-Za-z0-9_.-]+")
# With the digest behind it, a name that every file system takes.
_LONGEST = 80


class StepOutput(NamedTuple):
    """What a task of a run has returned.

    :param path: address of the file that it wrote
    :param catalogue: address of the catalogue's folder; None where only a path was given
    :param counts: what it has counted, by word
    """

    path: str
    catalogue: str | None
    counts: Mapping[str, int] = MappingProxyType({})


def run_folder(catalogue: str, task: TaskKey) -> str:
    """Return the address of the folder for what the tasks of one DAG run hand to each other.

    :param catalogue: address of the catalogue's folder
    :param task: any task of the run
    """
    digest = sha256("\n".join((task.dag_id, task.run_id)).encode()).hexdigest()[:8]
    # Neither "." nor ".." by itself, with the digest behind it.
    plain = _NOT_PLAIN.sub("_", task.run_id)[:_LONGEST]
    return arguments.beneath(arguments.beneath(catalogue, "runs"), f"{plain}-{digest}")


def record_folder(catalogue: str) -> str:
    """Return the address of the folder with the record of a catalogue."""
    return arguments.beneath(catalogue, "record")


def new_name(kind: Kind, task: TaskKey, try_number: int, *, ending: str = "jsonl") -> str:
    """Return a name that no file has yet: what a try wrote is never changed, and each try writes its own.

    :param kind: what is in the file
    :param task: who writes it
    :param try_number: its try, from 1
    :param ending: of the name, without a dot
    """
    return f"{_of_try(kind, task, try_number)}-{secrets.token_hex(4)}.{ending}"


def begun_name(kind: Kind, task: TaskKey, try_number: int) -> str:
    """Return the name of what a try notes of work that it has begun; the same each time, and no other task's.

    Several tasks of a run have one folder, and so have several runs with a folder of the user's own.

    :param kind: what the work is
    :param task: who notes it
    :param try_number: its try, from 1
    """
    ids = [task.dag_id, task.run_id, task.task_id]
    if task.iteration:
        ids.append(task.iteration)
    digest = sha256("\n".join(ids).encode()).hexdigest()[:16]
    return f"{_of_try(kind, task, try_number)}-{digest}.begun.json"


def _of_try(kind: Kind, task: TaskKey, try_number: int) -> str:
    index = "" if task.map_index < 0 else f"m{task.map_index}-"
    return f"{kind}-{index}{try_number}"


def read_output(name: str, value: Any) -> list[StepOutput]:
    """Return what one or several tasks have returned.

    :param name: the argument that takes it, for messages
    :param value: what a task returned (``{"path", "catalogue"?, ...}``), a path, or a list of these; None and ``""`` in
        a list are of tasks that were skipped, and left out
    :raises ArgumentError: it is something else
    """
    is_list = isinstance(value, Sequence) and not isinstance(value, str | bytes | bytearray)
    return list(_spread(name, value)) if is_list else [_output(name, value)]


def given_parts(name: str, value: Any, expected: str) -> list[Any]:
    """Return what tasks have returned, one by one, whatever it is: results, and what names files.

    :param name: the argument that takes it, for messages
    :param value: a dict, a text, or a list of these; lists in it are taken as one, None and ``""`` are left out
    :param expected: what it has to be, for messages
    :raises ArgumentError: it is no list
    """
    parts = [value] if isinstance(value, str | Mapping) else flat_list(name, value, expected)
    return [part for part in parts if part is not None and part != ""]


def names_a_file(part: Any) -> bool:
    """Tell what names a file from a result, and from an output, which has a path too."""
    return isinstance(part, str) or (isinstance(part, Mapping) and "path" in part and "bucket" not in part)


def _spread(name: str, values: Any) -> Iterator[StepOutput]:
    for index, value in enumerate(values):
        if value is not None and value != "":
            yield from read_output(f"{name}[{index}]", value)


def _output(name: str, value: Any) -> StepOutput:
    expected = "what a task of the catalogue returned, {'path': ...}, or the address of a file"
    check_no_task(name, value)
    if isinstance(value, Mapping):
        catalogue, counts = value.get("catalogue"), value.get("counts")
        counts = counts if isinstance(counts, Mapping) else {}
        if not isinstance(value.get("path"), str):
            arguments.fail(name, value, expected)
        return StepOutput(
            arguments.text(f"{name}['path']", value["path"]),
            None if catalogue is None else arguments.text(f"{name}['catalogue']", catalogue),
            {word: count for word, count in counts.items() if type(count) is int},
        )
    # What a template without native rendering makes of a dict is a text.
    if not isinstance(value, str) or value.lstrip().startswith(("{", "[")):
        arguments.fail(name, value, f"{expected} (give task.output, which needs no template)")
    return StepOutput(arguments.text(name, value), None)
