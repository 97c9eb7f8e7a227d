"""What the demo does for a DAG that refreshes a catalogue: it lets products change, and shows what came of it."""

from __future__ import annotations

import json
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from airflow_provider_mps.catalogue.lines import is_rejected
from airflow_provider_mps.local.pictures.sample_drawings import draw_sku

if TYPE_CHECKING:
    from airflow_provider_mps.local.service import LocalService

# Products of the sample catalogue that are sold in another colour from the second night on.
CHANGED = ("bowl-indigo", "goblet-copper")
# Products of which the service makes wrong pictures, and is content with them: one is right when it is made once more.
UNCHANGED_ONCE, COVERED = "vase-amber", "jar-plum"
# In two looks, and once more in each.
_COVERED_TIMES = 4


def keeps_a_catalogue(report: dict[str, Any]) -> bool:
    """Say whether a task of a run has planned for a catalogue.

    :param report: what :mod:`airflow_provider_mps.local.demo.run_dag` wrote down
    """
    return any(isinstance(value, dict) and value.get("catalogue") for _, value in _returned(report))


def have_wrong_pictures_made(service: LocalService) -> None:
    """Have the service make some pictures wrong, for the check to find."""
    service.add_fault(kind="wrong_picture", shows="unchanged", match=f"{UNCHANGED_ONCE}.png", times=1)
    service.add_fault(kind="wrong_picture", shows="covered", match=f"{COVERED}.png", times=_COVERED_TIMES)


def change_products(service: LocalService) -> None:
    """Put other pictures under the keys of some products."""
    for sku in CHANGED:
        service.put_object(service.bucket, f"/samples/catalogue/{sku}.png", draw_sku(sku, is_new=True))


def counts(report: dict[str, Any]) -> list[str]:
    """Return a line for each task of a run that has counted something: what there is any of."""
    found = []
    for task_id, value in _returned(report):
        if isinstance(value, dict) and value.get("counts"):
            said = ", ".join(_count(name, count) for name, count in value["counts"].items() if count)
            found.append(f"  {task_id}: {said or 'nothing'}")
    return found


def _count(name: str, count: Any) -> str:
    words = name.replace("_", " ")
    if not isinstance(count, dict):
        return f"{words} {count}"
    return f"{words} ({', '.join(f'{part} {number}' for part, number in count.items())})"


def with_entries(report: dict[str, Any], service: LocalService) -> dict[str, Any]:
    """Return the report of a run with the pictures themselves, where a task has returned the address of a file of them.

    :param service: has the files
    """
    tasks = []
    found = [_lines(task["xcoms"].get("return_value"), service) for task in report["tasks"]]
    is_checked = any("check" in line for lines in found for line in lines or ())
    for task, lines in zip(report["tasks"], found, strict=True):
        if lines is not None:
            # Where pictures were checked, those that were found right.
            right = [line for line in lines if not is_checked or ("check" in line and not is_rejected(line))]
            made = [line for line in right if line.get("entry", {}).get("Outputs") and "published" not in line]
            entries = [{"subject": line["request"].get("subject_cos_key"), **line["entry"]} for line in made]
            requests = {"requests": [line["request"] for line in made]}
            task = {**task, "xcoms": {"return_value": entries}, "rendered": requests}
        tasks.append(task)
    return {**report, "tasks": tasks}


def save_report(report: dict[str, Any], service: LocalService, folder: Path) -> Path | None:
    """Write the page that a task of the run has made, and what it links to, into a folder; return None without one.

    :param service: has the files
    """
    for _, value in _returned(report):
        path = value.get("path") if isinstance(value, dict) else None
        if isinstance(path, str) and path.endswith(".html") and (page := _read(path, service)) is not None:
            file = folder / "report.html"
            file.write_bytes(page)
            for ending in ("json", "csv"):
                beside = f"{path.removesuffix('html')}{ending}"
                if (data := _read(beside, service)) is not None:
                    (folder / PurePosixPath(beside).name).write_bytes(data)
            return file
    return None


def _returned(report: dict[str, Any]) -> list[tuple[str, Any]]:
    tasks = sorted(report["tasks"], key=lambda task: task.get("place", 0))
    return [(task["task_id"], task["xcoms"].get("return_value")) for task in tasks]


def _lines(value: Any, service: LocalService) -> list[dict[str, Any]] | None:
    path = value.get("path") if isinstance(value, dict) else None
    if not isinstance(path, str) or not path.endswith(".jsonl"):
        return None
    data = _read(path, service)
    return None if data is None else [json.loads(line) for line in data.splitlines() if line]


def _read(address: str, service: LocalService) -> bytes | None:
    """Return what is under an address in a bucket of the service; None if it is elsewhere, or nowhere."""
    if not address.startswith("cos://"):
        return None
    place, _, key = address.removeprefix("cos://").partition("/")
    bucket = place.rpartition("@")[2] or service.bucket
    return service.get_object(bucket, key) if service.object_exists(bucket, key) else None
