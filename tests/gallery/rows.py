"""What Airflow's database has of a run, made by hand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from airflow_provider_mps.compat_database import RunRows, TaskRow, XComRow
from airflow_provider_mps.gallery.collect import Collection, Result
from airflow_provider_mps.gallery.shown import shown
from airflow_provider_mps.gallery.sources import Connections

BUCKET, REGION = "shop-1250000000", "ap-guangzhou"


def output(key: str) -> dict[str, Any]:
    return {
        "bucket": BUCKET,
        "region": REGION,
        "path": key,
        "cos_uri": f"cos://{BUCKET}{key}",
        "url": f"https://{BUCKET}.cos.{REGION}.myqcloud.com{key}",
    }


def result(task_id: str, *keys: str) -> dict[str, Any]:
    return {
        "TaskId": task_id,
        "Status": "FINISH",
        "CreateTime": "2026-01-01T00:00:00Z",
        "FinishTime": "2026-01-01T00:00:07Z",
        "Outputs": [output(key) for key in keys],
    }


def task(
    task_id: str,
    operator: str,
    state: str = "success",
    started: float = 1.0,
    map_index: int = -1,
    turns: tuple[int, ...] = (),
) -> TaskRow:
    return TaskRow(task_id, map_index, operator, state, started, iteration(turns), turns)


def told(
    task_id: str, value: Any, key: str = "return_value", map_index: int = -1, turns: tuple[int, ...] = ()
) -> XComRow:
    return XComRow(task_id, map_index, key, value, iteration(turns), turns)


def iteration(turns: tuple[int, ...]) -> str:
    return "-".join(map(str, ("loop", *turns))) if turns else ""


def collect(
    tasks: list[TaskRow],
    xcoms: list[XComRow],
    fields: Mapping[tuple[str, int] | tuple[str, int, str], Mapping[str, Any]] | None = None,
    files: Mapping[str, list[Mapping[str, Any]]] | None = None,
) -> tuple[list[Result], list[str]]:
    def read_lines(address: str, connections: Connections) -> Iterator[Mapping[str, Any]]:
        found = (files or {}).get(address)
        if found is None:
            raise FileNotFoundError(f"There is no file {address}")
        yield from found

    of_places = {
        (place[0], place[1], place[2] if len(place) == 3 else ""): one for place, one in (fields or {}).items()
    }
    found = Collection(RunRows("success", tasks, xcoms, of_places), read_lines)
    return list(found.results.values()), found.notes


def on_page(*args: Any, **kwargs: Any) -> list[dict[str, Any]]:
    return [shown(one).told for one in collect(*args, **kwargs)[0]]


def roles(told: Mapping[str, Any]) -> list[str]:
    return [one["role"] for one in told["pictures"]]
