"""Draws what a retry costs when the worker is killed after MPS has accepted a picture and before its TaskId is known.

Runs the same Airflow task on the local service with ``durable=False`` and with ``durable=True``. Try 1 is killed
(SIGKILL) while the service holds its answer back; try 2 runs to its end. What the service's journal says goes, to
scale, into ``retry-plain.svg`` and ``retry-durable.svg`` beside this file. Run ``python docs/draw_retries.py``.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import sys
import tempfile
import time
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from airflow_provider_mps.local.service import LocalService
from airflow_provider_mps.local.serving.journal import JournalRecord
from airflow_provider_mps.local.tencentcloud.tasks import Task

PLAIN, DURABLE = "A plain retry", "A retry with the submission record"
HERE = Path(__file__).resolve().parent
WAITS = {"wait_for_completion": True, "poll_interval": 0.5, "retries": 1}
# Try 1 is killed so long after MPS has accepted; its answer would have come later still.
TASK_SECONDS, BEFORE_KILL, HELD_BACK, BEFORE_RETRY = 3.5, 0.65, 3.0, 1.0
# By the first request of try 2: what it asks for, and what it gets.
ASKS = {"ProcessImage": "submits again", "DescribeImageTasks": "was it accepted?"}
GETS = {"ProcessImage": "done", "DescribeImageTasks": "found by subject and output path"}
# By whether try 1 left a record: what there is, and what that means.
LEFT = ("no record", "so try 2 knows nothing"), ("record: submitting", "so try 2 asks first")

WIDTH, HEIGHT, TOP, BOTTOM = 560, 440, 98, 370
TASK, MPS, COLUMN = (60, 188), (366, 546), 87
BLUE, ORANGE = "#1d5fa8", "#a84300"
STYLE = f"""<style>
text {{ font: 14px Helvetica, Arial, sans-serif; fill: #1f2933 }}
rect {{ stroke-width: 1.5px; fill: #ffffff; stroke: #1f2933 }}
path {{ stroke-width: 1.8px; fill: #1f2933; stroke: #1f2933 }}
.title {{ font-size: 20px; font-weight: bold }} .count {{ font-size: 17px; font-weight: bold }}
.small {{ font-size: 13px }} .bold {{ font-weight: bold }} .mid {{ text-anchor: middle }} .end {{ text-anchor: end }}
text.grey {{ fill: #52606d }} text.good {{ fill: {BLUE} }} text.bad {{ fill: {ORANGE} }}
rect.page {{ stroke: #cbd2d9 }} rect.lane {{ fill: #f3f5f7; stroke: none }}
rect.good {{ fill: #e3effb; stroke: {BLUE} }} rect.bad {{ fill: #fdf0e3; stroke: {ORANGE}; stroke-dasharray: 5 3 }}
rect.count {{ stroke: none }} rect.gone {{ stroke: #9aa5b1 }} rect.none {{ stroke: #9aa5b1; stroke-dasharray: 3 4 }}
path.look {{ stroke-width: 1px; fill: #9aa5b1; stroke: #9aa5b1 }} path.kill {{ stroke-width: 3.5px; stroke: {ORANGE} }}
</style>"""


@dataclass(frozen=True)
class Run:
    """What happened; times are in seconds since the epoch."""

    tasks: list[Task]
    submitted: list[JournalRecord]
    killed: float
    on_record: bool
    retry: list[JournalRecord]
    returned: float
    used: str

    def count(self) -> str:
        """Count what was accepted, what was made and so is paid for, and what the Airflow task returned."""
        paid = sum(task.status(self.returned) == "FINISH" and task.failure is None for task in self.tasks)
        used = sum(task.task_id == self.used for task in self.tasks)
        return f"{len(self.submitted)} accepted, {paid} paid for, {used} used"


def run_try(number: int, durable: bool, connection: str, store: Path, answer: Connection) -> None:
    """Run one try of the Airflow task, in a process of its own, and send back the TaskId that it returns."""
    os.environ["AIRFLOW_CONN_TENCENTCLOUD_DEFAULT"] = connection
    from airflow_provider_mps.operators.mps import MpsImageBgFusionOperator
    from tests.task_context import StateStore, make_context

    task = MpsImageBgFusionOperator(
        task_id="fuse", subject_cos_key="/samples/coffee.png", prompt="marble", durable=durable, **WAITS
    )
    context = make_context(StateStore(store), task_id="fuse", try_number=number, max_tries=1)
    answer.send(task.execute(context)["TaskId"])


def run(durable: bool, folder: Path) -> Run:
    """Submit, kill, try again; return what the journal of the service says about it."""
    # Tries start from a process that has imported Airflow, as they do on a worker.
    processes = multiprocessing.get_context("forkserver")
    processes.set_forkserver_preload(["airflow_provider_mps.operators.mps"])
    here, there = processes.Pipe(duplex=False)
    store = folder / f"{durable}.json"
    with LocalService(task_seconds=TASK_SECONDS, small_pictures=True) as service:
        service.add_fault(kind="delay", action="ProcessImage", when="after", seconds=HELD_BACK, times=1)
        given = (durable, json.dumps(service.connection()), store, there)
        first, second = (processes.Process(target=run_try, args=(number, *given), daemon=True) for number in (1, 2))
        first.start()
        while not service.tasks and first.is_alive():
            time.sleep(0.01)
        time.sleep(BEFORE_KILL)
        first.kill()
        first.join()
        killed = time.time()
        on_record = store.exists() and '"task_id": null' in store.read_text(encoding="utf-8")
        time.sleep(BEFORE_RETRY)
        second.start()
        second.join()
        returned = time.time()
        if (first.exitcode, second.exitcode) != (-signal.SIGKILL, 0):
            raise SystemExit("try 1 was not killed, or try 2 failed")
        # In the order of their times: a request enters the journal when it is answered.
        journal = sorted(service.journal, key=lambda record: record.time)
        submitted = [record for record in journal if record.action == "ProcessImage" and record.executed]
        retry = [record for record in journal if record.time > killed]
        return Run(service.tasks, submitted, killed, on_record, retry, returned, used=here.recv())


def text(x: float, y: float, words: str, style: str = "") -> str:
    """Return a line of text."""
    return f'<text x="{x:.1f}" y="{y:.1f}" class="{style}">{words}</text>'


def box(x: tuple[float, float], y: tuple[float, float], style: str) -> str:
    """Return a box from corner to corner."""
    size = f'width="{x[1] - x[0]:.1f}" height="{y[1] - y[0]:.1f}"'
    return f'<rect x="{x[0]:.1f}" y="{y[0]:.1f}" {size} rx="5" class="{style}"/>'


def arrow(begin: float, end: float, y: float, style: str = "") -> str:
    """Return a level arrow."""
    sign = 1 if end > begin else -1
    return f'<path d="M{begin:.1f} {y:.1f}H{end - 9 * sign:.1f}v-4l{7 * sign} 4l{-7 * sign} 4v-4" class="{style}"/>'


def draw(run: Run, title: str, seconds: float) -> str:
    """Return the drawing of a run; ``seconds`` is the time from top to bottom."""
    start, middle, beside = run.submitted[0].time, sum(TASK) / 2, TASK[1] + 10

    def down(moment: float) -> float:
        return TOP + (BOTTOM - TOP) * (moment - start) / seconds

    columns = {t.task_id: (MPS[1] - COLUMN * (t.n + 1), MPS[1] - COLUMN * t.n - 6) for t in run.tasks}
    reached, asked = columns[run.used][0], run.retry[0]
    killed, retry, returned = down(run.killed), down(asked.time), down(run.returned)
    between, center = (killed + 13, retry - 24), (killed + retry - 11) / 2
    parts = [box((0.75, WIDTH - 0.75), (0.75, HEIGHT - 0.75), "page"), text(20, 36, title, "title")]
    parts += [box(MPS, (52, BOTTOM + 10), "lane")]
    parts += [text(at, 72, words, "bold grey mid") for at, words in ((middle, "Airflow task"), (sum(MPS) / 2, "MPS"))]
    for moment in (start, run.killed, asked.time, run.returned):
        parts += [text(TASK[0] - 10, down(moment) + 5, f"{moment - start:.1f} s", "small grey end")]
    parts += [box(TASK, (TOP - 12, killed), "gone"), text(middle, TOP + 8, "Try 1", "bold mid")]
    parts += [arrow(TASK[1], columns[run.submitted[0].task_id][0], TOP), text(beside, TOP - 6, "submits")]
    parts += [text(beside, TOP + 17, run.submitted[0].action, "small grey")]
    cross = f'<path d="M{middle - 6} {killed - 6:.1f}l12 12m0 -12l-12 12" class="kill"/>'
    parts += [cross, text(beside, killed + 5, "killed before the answer", "bad")]
    left, therefore = LEFT[run.on_record]
    parts += [box(TASK, between, "good" if run.on_record else "none"), text(middle, center + 5, left, "small mid")]
    parts += [text(beside, center + 5, therefore, "grey")]
    parts += [box(TASK, (retry - 12, returned + 8), "now"), text(middle, retry + 8, "Try 2", "bold mid")]
    parts += [text(middle, (retry + returned) / 2 + 3, "waits", "small grey mid")]
    parts += [text(middle, returned - 3, f"returns …{run.used[-4:]}", "small mid")]
    looks = [record.time for record in run.retry if record.action == run.retry[-1].action]
    looks = [down(look) for look in looks if asked.time + 0.1 < look < run.returned - 0.1]
    parts += [*(arrow(TASK[1], reached, look, "look") for look in looks), arrow(TASK[1], reached, retry)]
    parts += [text(beside, retry - 6, ASKS[asked.action]), text(beside, retry + 17, asked.action, "small grey")]
    parts += [arrow(reached + 12, TASK[1], returned), text(beside, returned - 6, GETS[asked.action])]
    if len(run.submitted) == 1:
        parts += [text(beside, returned + 19, "nothing is submitted again", "good")]
    for task, record in zip(run.tasks, run.submitted, strict=True):
        x, top, bottom = columns[task.task_id], down(record.time) - 12, down(task.finish)
        style, end = ("good", "used") if task.task_id == run.used else ("bad", "not used")
        if style == "good":
            parts += [f'<path d="M{x[0] + 12} {bottom:.1f}V{returned:.1f}"/>']
        at, times = sum(x) / 2, f"{record.time - start:.1f}–{task.finish - start:.1f} s"
        parts += [box(x, (top, bottom), style), text(at, top + 20, "TaskId", "small mid")]
        parts += [text(at, top + 37, f"…{task.task_id[-4:]}", "bold mid"), text(at, top + 55, times, "small mid")]
        parts += [text(at, bottom - up, words, f"bold mid {style}") for up, words in ((27, "paid for"), (10, end))]

    style, count = "bad" if len(run.tasks) > 1 else "good", run.count()
    parts += [box((20, MPS[1]), (BOTTOM + 22, HEIGHT - 14), f"{style} count")]
    parts += [text(WIDTH / 2, HEIGHT - 26, count, f"{style} count mid")]
    size = f'viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-label="{title}: {count}">'
    return "\n".join([head, STYLE, *parts, "</svg>", ""])


def main() -> None:
    """Run both and write their drawings."""
    sys.path.insert(0, str(HERE.parent))
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {"AIRFLOW_HOME": folder, "AIRFLOW__LOGGING__LOGGING_LEVEL": "ERROR", "no_proxy": "127.0.0.1"}
        plain, durable = run(False, Path(folder)), run(True, Path(folder))
    seconds = max(each.returned - each.submitted[0].time for each in (plain, durable))
    (HERE / "retry-plain.svg").write_bytes(draw(plain, PLAIN, seconds).encode())
    (HERE / "retry-durable.svg").write_bytes(draw(durable, DURABLE, seconds).encode())
    print(f"Plain: {plain.count()}. With the record: {durable.count()}.")


if __name__ == "__main__":
    main()
