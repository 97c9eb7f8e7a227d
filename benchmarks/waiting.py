"""The section about waiting for many tasks."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace

from benchmarks.crowd_run import Run, measure

ASKED = 1000
COLUMNS = {
    "ours": "this package",
    "workers": "a worker for each task",
    "loops, errors fail": "a loop for each trigger, errors fail",
    "loops, errors ignored": "a loop for each trigger, errors ignored",
}
COUNTS = {
    "ours": (10, 100, ASKED, 10_000),
    "workers": (10, 100, ASKED),
    "loops, errors fail": (ASKED,),
    "loops, errors ignored": (10, 100, ASKED),
}
# Name, how it is shown, what is asked.
FIGURES: tuple[tuple[str, Callable[[Run], str], str], ...] = (
    ("tasks failed", lambda run: str(run.failed), "0"),
    ("ends not noticed in 6 minutes", lambda run: str(run.unnoticed), "0"),
    ("API calls per task", lambda run: f"{run.calls:.2f}", "at most 1.3"),
    ("refused calls", lambda run: f"{run.refused:.1%}", "at most 0.5%"),
    ("lag, p50, s", lambda run: _number(run.p50, 1), "at most 5"),
    ("lag, p99, s", lambda run: _number(run.p99, 1), "at most 10"),
    ("memory per waiting task, KB", lambda run: f"{run.kb:,.1f}", "at most 20"),
    ("longest standstill of the event loop, ms", lambda run: _number(run.standstill_ms, 0), "at most 50"),
    ("the same by the clock, the machine's own included, ms", lambda run: _number(run.by_the_clock_ms, 0), ""),
)
NOTES = f"""\
Against the local service in a process of its own, with the real limit of 20 requests per second. {ASKED:,} tasks are
accepted at once and finish one by one, 10 per second, from 20 s on; 10 and 100 tasks within 20 s to 60 s, 10,000
tasks 12 per second. All look each 10 s. The lag is that from the end of a task to the event; the peers' lags are of
the tasks that did not fail. The calls are those that look, submission apart.

This package's triggers all start at once. The peers start spread over the first 10 s, so that they do not all look at
the same moment.

- *A worker for each task* polls and sleeps, with the vendor's typed client; a thread stands for the worker. Its memory
  is that of one worker process which has Airflow's SDK and the client imported and has polled once; forked processes
  share some of it.
- *A loop for each trigger* is an `asyncio` task in one event loop, with a client of the SDK of its own. To make one
  takes some tens of ms of the event loop, as httpx reads CA certificates each time.

Memory is the most that the process has grown by, divided by the number of tasks: for few tasks it is what one client
takes. The standstill is the longest delay of a coroutine that sleeps 5 ms at a time, first call and imports included,
less the moments in which an idle process on the same core was late as well or this one had to wait for a core. What
Airflow has imported is left out of garbage collection (`gc.freeze`): a full one stops any event loop of a triggerer,
whoever waits in it; for the imports of Airflow 3.3.2 that took 140 ms."""


def section() -> list[str]:
    """Measure all ways, and return the lines of the section."""
    worker_kb = measure("one worker", 1).kb
    runs = {way: {count: _measured(way, count, worker_kb) for count in counts} for way, counts in COUNTS.items()}
    return ["## Waiting", "", *NOTES.splitlines(), "", *_asked(runs), "", *_growth(runs)]


def _measured(way: str, count: int, worker_kb: float) -> Run:
    run = measure(way, count)
    if way == "workers":
        run = replace(run, kb=worker_kb)
    print(f"{way}, {count}: {run}", file=sys.stderr, flush=True)
    return run


def _asked(runs: dict[str, dict[int, Run]]) -> list[str]:
    lines = [
        f"| {ASKED:,} tasks | {' | '.join(COLUMNS.values())} | asked |",
        f"|---|{'---:|' * len(COLUMNS)}---|",
    ]
    for name, show, asked in FIGURES:
        lines.append(f"| {name} | {' | '.join(show(runs[way][ASKED]) for way in COLUMNS)} | {asked} |")
    return lines


def _growth(runs: dict[str, dict[int, Run]]) -> list[str]:
    lines = [
        "How cost grows:",
        "",
        "| | tasks | failed or not noticed | calls per task | lag p50, s | lag p99, s | KB per task | standstill, ms |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for way, by_count in runs.items():
        if len(by_count) > 1:
            for count, run in by_count.items():
                lags = f"{_number(run.p50, 1)} | {_number(run.p99, 1)}"
                cost = f"{run.kb:,.1f} | {_number(run.standstill_ms, 0)}"
                failed = run.failed + run.unnoticed
                lines.append(f"| {COLUMNS[way]} | {count:,} | {failed} | {run.calls:.2f} | {lags} | {cost} |")
    return lines


def _number(value: float | None, digits: int) -> str:
    return "" if value is None else f"{value:,.{digits}f}"
