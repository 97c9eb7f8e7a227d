"""The results of a run, from what its tasks have told: XComs, files of a catalogue, and what became of the tasks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from airflow_provider_mps.compat_database import Place, RunRows, TaskRow, XComRow
from airflow_provider_mps.core.texts import clean
from airflow_provider_mps.core.vocabulary import XCOM_ERROR_KEY, XCOM_RETURN_KEY
from airflow_provider_mps.gallery.requests import request_of_fields, requests_of_fields
from airflow_provider_mps.gallery.sources import Connections, connections_of
from airflow_provider_mps.gallery.words import SUBMITTERS, TASK_ID_KEYS, WAITERS
from airflow_provider_mps.services.profiles import AIDGE, MPS

ReadLines = Callable[[str, Connections], Iterator[Mapping[str, Any]]]
"""Gives the lines of a file, by its address and the connections of the task that wrote it."""

_LINES_ENDING = ".jsonl"
_FAILED = ("failed", "up_for_retry")
# A page of more is of no use, and each result takes about 1 KB.
MAX_RESULTS = 20_000


@dataclass
class Result:
    """One result of a run, as far as its tasks have told.

    :ivar line: as the lines of a catalogue are: ``request``, ``entry``, ``check``, ``published`` and so on
    :ivar tasks: ids of the tasks that told of it, the first one first
    :ivar map_indexes: of the mapped ones of these; by task id
    :ivar iterations: of those of these that are in loops; by task id
    :ivar turns: the numbers of these iterations; by task id
    :ivar connections: of the last of them
    :ivar state: of the task instance, where there is nothing else to tell; empty else
    """

    line: dict[str, Any] = field(default_factory=dict)
    tasks: list[str] = field(default_factory=list)
    map_indexes: dict[str, int] = field(default_factory=dict)
    iterations: dict[str, str] = field(default_factory=dict)
    turns: dict[str, tuple[int, ...]] = field(default_factory=dict)
    connections: Connections = field(default_factory=Connections)
    state: str = ""

    def add(self, line: Mapping[str, Any], row: TaskRow | XComRow, connections: Connections) -> None:
        """Add what a task has told; it was later than those before, and knows better."""
        entry, before = line.get("entry"), self.line.get("entry")
        self.line.update(line)
        if isinstance(entry, Mapping) and isinstance(before, Mapping):
            known = {name: value for name, value in before.items() if name != "Error"}
            self.line["entry"] = {**known, **entry}
        if row.task_id not in self.tasks:
            self.tasks.append(row.task_id)
        if row.map_index >= 0:
            self.map_indexes[row.task_id] = row.map_index
        if row.iteration:
            self.iterations[row.task_id], self.turns[row.task_id] = row.iteration, row.turns
        self.connections = connections

    def place(self, task_id: str) -> Place:
        """Return which instance of one of its tasks has told of it."""
        return task_id, self.map_indexes.get(task_id, -1), self.iterations.get(task_id, "")


class Collection:
    """The results of a run, in the order in which its tasks have told of them.

    :param rows: what the database has of the run
    :param read_lines: gives the lines of a file
    """

    def __init__(self, rows: RunRows, read_lines: ReadLines) -> None:
        self.results: dict[str, Result] = {}
        """By what tells them apart in the run."""
        self.notes: list[str] = []
        """What could not be read, for people."""
        self._rows = rows
        self._read_lines = read_lines
        # All instances of a task together, in the order of their iterations and indexes.
        self._began: dict[str, float] = {}
        for one in rows.tasks:
            began = float("inf") if one.started is None else one.started
            self._began[one.task_id] = min(began, self._began.get(one.task_id, began))
        self._collect()

    def _collect(self) -> None:
        returned = [one for one in self._rows.xcoms if one.key == XCOM_RETURN_KEY]
        self._submitted()
        for row in sorted(returned, key=self._order):
            connections = connections_of(self._fields(row))
            for key, line in self._lines_of(row, connections):
                if key not in self.results and len(self.results) >= MAX_RESULTS:
                    self._note(f"Only {MAX_RESULTS:,} results are shown; task {row.task_id} has more.")
                    break
                self.results.setdefault(key, Result()).add(line, row, connections)
        self._failed_and_running()
        if left_out := self._rows.left_out:
            self._note(f"Some XComs are too large to be read here, those of task {', '.join(left_out)}")

    def _order(self, row: TaskRow | XComRow) -> tuple[float, str, tuple[int, ...], int]:
        return self._began.get(row.task_id, float("inf")), row.task_id, row.turns, row.map_index

    def _fields(self, row: TaskRow | XComRow) -> Mapping[str, Any]:
        return self._rows.fields.get(row.place, {})

    def _submitted(self) -> None:
        """Begin a result for each task that a service has accepted: whoever waits for it knows its id alone."""
        for row in sorted((one for one in self._rows.xcoms if one.key in TASK_ID_KEYS), key=self._order):
            if isinstance(row.value, str) and row.value:
                fields = self._fields(row)
                service = MPS if row.key == MPS.task_id_key else AIDGE
                line = {"request": request_of_fields(fields), "service": service.name}
                line["entry"] = {"TaskId": row.value}
                self.results.setdefault(_of_task(row.value), Result()).add(line, row, connections_of(fields))

    def _lines_of(self, row: XComRow, connections: Connections) -> Iterator[tuple[str, Mapping[str, Any]]]:
        value = row.value
        if isinstance(value, Mapping):
            path = value.get("path")
            if isinstance(path, str) and path.endswith(_LINES_ENDING):
                yield from self._lines_of_file(row, path, connections)
            elif _is_result(value):
                yield _key(row, 0, value), _line_of_entry(value, {})
        elif isinstance(value, Sequence) and not isinstance(value, str) and any(map(_is_entry, value)):
            requests = requests_of_fields(self._fields(row), len(value))
            for number, (entry, request) in enumerate(zip(value, requests, strict=True)):
                if _is_entry(entry):
                    yield _key(row, number, entry), _line_of_entry(entry, request)
        elif isinstance(value, Sequence) and not isinstance(value, str):
            yield from self._stored(row, value)

    def _lines_of_file(
        self, row: XComRow, path: str, connections: Connections
    ) -> Iterator[tuple[str, Mapping[str, Any]]]:
        try:
            for number, line in enumerate(self._read_lines(path, connections)):
                item, entry = line.get("item"), line.get("entry")
                if isinstance(item, str) and item:
                    yield f"item:{item}", line
                elif isinstance(entry, Mapping):
                    yield _key(row, number, entry), line
        # Whatever a storage, or a broken file, raises: the other results are of use without it.
        except Exception as error:
            self._note(f"The file of task {row.task_id} could not be read. {type(error).__name__}: {error}")

    def _stored(self, row: XComRow, value: Sequence[Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Yield the copies that a transfer has made of pictures of Aidge."""
        copies = [one for one in value if isinstance(one, Mapping) and "uri" in one and "size" in one]
        images = self._fields(row).get("images")
        if not copies:
            return
        if isinstance(images, Mapping) and isinstance(task_id := images.get("TaskId"), str):
            yield _of_task(task_id), {"entry": {"TaskId": task_id, "Outputs": copies}}
            return
        for number, one in enumerate(copies):
            yield _of_row(row, number), {"entry": {"Outputs": [one]}}

    def _failed_and_running(self) -> None:
        """Add what tasks have no result of: they have failed, or are at it."""
        errors = {one.place: one.value for one in self._rows.xcoms if one.key == XCOM_ERROR_KEY}
        told = {one.place(task): one for one in self.results.values() for task in one.tasks}
        for task in sorted(self._rows.tasks, key=self._order):
            fields, error = self._fields(task), errors.get(task.place)
            is_ours = task.operator in (*SUBMITTERS, *WAITERS) or isinstance(error, Mapping)
            if not is_ours or task.state in ("", "success", "skipped", "removed"):
                continue
            result = told.get(task.place) or self._waited_for(fields)
            if result is None:
                result = self.results.setdefault(_of_row(task, "-"), Result())
                result.add({"request": request_of_fields(fields)}, task, connections_of(fields))
            entry = result.line.get("entry") or {}
            if task.state in _FAILED and not entry.get("Outputs") and not entry.get("Images"):
                result.add({"entry": {**entry, "Error": _error(error)}}, task, connections_of(fields))
            result.state = task.state

    def _waited_for(self, fields: Mapping[str, Any]) -> Result | None:
        """Return the result of the task that a sensor waits for."""
        for name in TASK_ID_KEYS:
            if isinstance(task_id := fields.get(name), str) and (found := self.results.get(_of_task(task_id))):
                return found
        return None

    def _note(self, note: str) -> None:
        note = clean(note)
        if note not in self.notes:
            self.notes.append(note)


def _of_task(task_id: str) -> str:
    return f"task:{task_id}"


def _of_row(row: TaskRow | XComRow, number: object) -> str:
    return f"row:{row.task_id}/{row.map_index}/{row.iteration}/{number}"


def _is_result(value: Any) -> bool:
    return isinstance(value, Mapping) and ("Outputs" in value or "Images" in value)


def _is_entry(value: Any) -> bool:
    return _is_result(value) or (isinstance(value, Mapping) and "Error" in value and "TaskId" in value)


def _key(row: XComRow, number: int, entry: Mapping[str, Any]) -> str:
    task_id = entry.get("TaskId")
    return _of_task(task_id) if isinstance(task_id, str) and task_id else _of_row(row, number)


def _line_of_entry(entry: Mapping[str, Any], request: Mapping[str, Any]) -> dict[str, Any]:
    """Return a result as a line; what a batch or a check has put beside it stands where a line has it."""
    line: dict[str, Any] = {"entry": entry}
    if request:
        line["request"] = request
    line |= {name: entry[name] for name in ("check", "key", "approval") if name in entry}
    return line


def _error(error: Any) -> Mapping[str, Any]:
    if isinstance(error, Mapping):
        return error
    return {"Code": "Failed", "Message": "The log of the task says why.", "RequestId": ""}
