"""The results of runs, as the page asks for them. Blocks."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Mapping
from itertools import islice
from typing import Any, NamedTuple

from airflow_provider_mps.compat_database import RunRows, read_run
from airflow_provider_mps.core.gallery_paths import picture_id
from airflow_provider_mps.gallery.bounded import BoundedCache
from airflow_provider_mps.gallery.collect import MAX_RESULTS, Collection
from airflow_provider_mps.gallery.line_files import lines_of_file
from airflow_provider_mps.gallery.shown import shown
from airflow_provider_mps.gallery.sources import Source, id_of
from airflow_provider_mps.gallery.words import KEYS

PAGE = 1000
"""How many results one answer has at the most."""
# What a run has made does not change but while it runs, or is cleared.
_SECONDS = 120.0
_FRESH_SECONDS = 3.0
# Of all runs together: a run with 20,000 results has 120,000, as some are known by two ids.
_MOST_SOURCES = 200_000
# Two runs may have to wait for each other; that is less than one lock for each run that was ever looked at.
_LOCKS = 16


class Filter(NamedTuple):
    """Which results are asked for; empty for all.

    :param task: told of by this task
    :param map_index: of that task; None for all
    :param iteration: of that task; see :class:`~airflow_provider_mps.core.airflow_task.TaskKey`
    :param state: in this state
    :param finding: with this finding of the check, or this code of a failure
    :param text: with this in their names, prompts or messages, in whatever case
    """

    task: str = ""
    map_index: int | None = None
    iteration: str = ""
    state: str = ""
    finding: str = ""
    text: str = ""

    def takes(self, told: Mapping[str, Any]) -> bool:
        """Tell whether a result is asked for."""
        if self.task and self.task not in told["tasks"]:
            return False
        if self.task and self.map_index is not None and told["map_indexes"].get(self.task, -1) != self.map_index:
            return False
        if self.task and self.iteration and told["iterations"].get(self.task) != self.iteration:
            return False
        if self.state and self.state != told["state"]:
            return False
        codes = {told["code"], *(one["code"] for one in told["findings"])}
        if self.finding and self.finding not in codes:
            return False
        words = (told[name] for name in ("name", "prompt", "message", "task_id", "final"))
        return not self.text or self.text.casefold() in "\n".join(words).casefold()


class _Read(NamedTuple):
    state: str
    notes: list[str]
    every: list[dict[str, Any]]
    sources: dict[str, Source]


class Runs:
    """Reads runs, and remembers where their pictures are; for use from several threads."""

    def __init__(self) -> None:
        self._known: BoundedCache[dict[str, Source]] = BoundedCache(
            _MOST_SOURCES, _SECONDS, lambda one: len(one) + 1, time.monotonic
        )
        # For many tabs, and for whoever types into the search: what is shown is a moment old at the most.
        self._last: BoundedCache[_Read] = BoundedCache(
            MAX_RESULTS + 1, _FRESH_SECONDS, lambda one: len(one.every) + 1, time.monotonic
        )
        self._locks = tuple(threading.Lock() for _ in range(_LOCKS))

    def page(self, dag_id: str, run_id: str, asked: Filter, offset: int) -> dict[str, Any] | None:
        """Return one page of the results of a run as JSON; None if there is no such run.

        :param asked: which results
        :param offset: how many of them are left out at the beginning
        """
        run = dag_id, run_id
        with self._lock(run):
            found = self._last.get(run) or self._read(run)
        if found is None:
            return None
        every = found.every
        taken = [told for told in every if asked.takes(told)]
        in_task = [told for told in every if Filter(asked.task, asked.map_index, asked.iteration).takes(told)]
        codes = Counter(
            code for told in in_task for code in {told["code"], *(one["code"] for one in told["findings"])} if code
        )
        return {
            "dag_id": dag_id,
            "run_id": run_id,
            "state": found.state,
            "total": len(taken),
            "offset": offset,
            "page": PAGE,
            "results": taken[offset : offset + PAGE],
            "tasks": sorted({task for told in every for task in told["tasks"]}),
            "states": dict(Counter(told["state"] for told in in_task)),
            "findings": dict(codes.most_common(50)),
            "notes": found.notes,
        }

    def source(self, dag_id: str, run_id: str, picture: str) -> Source | None:
        """Return where a picture is; None if it belongs to no result of the run.

        :param picture: what it is asked for by
        """
        run = dag_id, run_id
        known = self._known.get(run)
        if known is not None and picture in known:
            return known[picture]
        # One reads, and the others wait for it: a page asks for many pictures at once.
        with self._lock(run):
            known = self._known.get(run, not_before=time.monotonic() - _FRESH_SECONDS)
            if known is None:
                found = self._read(run)
                known = None if found is None else found.sources
        return None if known is None else known.get(picture)

    def _lock(self, run: tuple[str, str]) -> threading.Lock:
        return self._locks[hash(run) % _LOCKS]

    def _read(self, run: tuple[str, str]) -> _Read | None:
        rows: RunRows | None = read_run(*run, KEYS)
        if rows is None:
            return None
        collection = Collection(rows, lines_of_file)
        notes, every = collection.notes, []
        sources: dict[str, Source] = {}
        for result in collection.results.values():
            one = shown(result)
            every.append(one.told)
            for source in one.sources:
                sources[id_of(source)] = source
                # Links of tasks know the address alone.
                sources.setdefault(picture_id(source.address), source)
        if len(sources) >= _MOST_SOURCES:
            notes.append(f"The run has more than {_MOST_SOURCES:,} pictures; those after are not shown.")
            sources = dict(islice(sources.items(), _MOST_SOURCES - 1))
        found = _Read(rows.state, notes, every, sources)
        self._known.put(run, sources)
        self._last.put(run, found)
        return found
