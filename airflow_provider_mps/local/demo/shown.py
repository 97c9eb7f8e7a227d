"""Which pictures of a DAG run the demo shows, what they are called, and which of them belong together."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from airflow_provider_mps.local.service import LocalService

# One sheet is to be looked at as a whole; a JPEG has no more than 65,535 lines.
MAX_SHOWN = 48

Caption = str
Row = list[tuple[Caption, Path]]


class _Made(NamedTuple):
    """A picture that was made, as its task and its request tell of it.

    Without a bucket, the key is a path or an address.
    """

    subject: str
    caption: str
    bucket: str
    key: str


def results(report: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the results of all tasks of a run, those of a batch one by one."""
    return [entry for entry in _values(report) if isinstance(entry, dict) and ("Outputs" in entry or "Images" in entry)]


def rows(report: dict[str, Any], service: LocalService, output: Path) -> list[Row]:
    """Bring the pictures of a run together; those of one subject are in one row.

    :param report: what :mod:`airflow_provider_mps.local.demo.run_dag` wrote down
    :param service: has the pictures that went in, and those that no task of the DAG has fetched
    :param output: folder of the pictures; those that the DAG has put there are named anew
    """
    fetched = _fetched(report, output)
    given: dict[str, Row] = {}
    for request in _requests(report):
        for field, name in (("subject_cos_key", "subject"), ("image_path", "product")):
            if (key := request.get(field)) and _place(key) not in given and len(given) < MAX_SHOWN:
                given[_place(key)] = _given(service, output, name, str(key))
    made: dict[str, Row] = {place: [] for place in given}
    every = [*_made(report), *_copies(report)]
    for number, one in enumerate(every[:MAX_SHOWN]):
        path = output / ("result" + (f"-{number}" if len(every) > 1 else "") + Path(one.key).suffix)
        if (here := fetched.get(Path(one.key).name)) is not None:
            here.rename(path)
        elif not (_copied(service, one.bucket, one.key, path) if one.bucket else _read(one.key, path)):
            continue
        made.setdefault(one.subject, []).append((one.caption, path))
    keys = dict.fromkeys(str(request["bg_cos_key"]) for request in _requests(report) if request.get("bg_cos_key"))
    behind = [panel for key in [*keys][:MAX_SHOWN] for panel in _given(service, output, "background", key)]
    if len(made) == 1:
        return [[*given.get(place, []), *behind, *row] for place, row in made.items()]
    return [behind, *([*given.get(place, []), *row] for place, row in made.items())]


def _made(report: dict[str, Any]) -> Iterator[_Made]:
    requests, found = _requests(report), [entry for entry in results(report) if entry.get("Outputs")]
    # Airflow cuts rendered fields that are long, and then what each picture was asked for is not known.
    asked = requests if len(requests) == len(found) else [{}] * len(found)
    for entry, request in zip(found, asked, strict=True):
        subject = _place(entry.get("subject") or request.get("subject_cos_key") or request.get("subject_url") or "")
        for made in entry["Outputs"]:
            if path := made.get("path"):
                yield _Made(subject, _caption(subject, request), made["bucket"], path)


def _caption(subject: str, request: dict[str, Any]) -> str:
    subject = _stem(subject) or "result"
    if background := request.get("bg_cos_key") or request.get("bg_url"):
        return f"{subject} on {_stem(str(background))}"
    prompt = request.get("prompt") or ""
    words = ", ".join(map(str, prompt)) if isinstance(prompt, list) else str(prompt)
    return f"{subject}: {words}" if words else subject


def _copies(report: dict[str, Any]) -> Iterator[_Made]:
    """Find the pictures that a transfer has copied to COS or to the disk."""
    values = _values(report)
    names = {str(one["id"]): str(one["name"]) for one in values if isinstance(one, dict) and {"id", "name"} <= set(one)}
    subjects = {_place(request["image_path"]) for request in _requests(report) if request.get("image_path")}
    copies = [one for one in values if isinstance(one, dict) and "uri" in one and "scene" in one]
    for number, copy in enumerate(copies, start=1):
        scene = names.get(str(copy["scene"])) or f"scene {copy['scene']}"
        subject = next(iter(subjects)) if len(subjects) == 1 else ""
        # One that is not in COS may be on the disk.
        yield _Made(
            subject, f"{scene}, {number} of {len(copies)}", copy.get("bucket", ""), copy.get("path") or copy["uri"]
        )


def _values(report: dict[str, Any]) -> list[Any]:
    values = [task["xcoms"].get("return_value") for task in report["tasks"]]
    return [entry for value in values for entry in (value if isinstance(value, list) else [value])]


def _requests(report: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the arguments of each picture: of tasks that make one, and of those that make many."""
    found: list[dict[str, Any]] = []
    for task in report["tasks"]:
        fields = task["rendered"] or {}
        many = fields.get("requests")
        if isinstance(many, list):
            found += [request for request in many if isinstance(request, dict)]
        elif any(fields.get(name) for name in ("subject_cos_key", "subject_url", "image_path")):
            found.append(fields)
    return found


def _fetched(report: dict[str, Any], output: Path) -> dict[str, Path]:
    paths = [Path(value) for value in _values(report) if isinstance(value, str)]
    return {path.name: path for path in paths if path.parent == output and path.is_file()}


def _given(service: LocalService, output: Path, name: str, key: str) -> Row:
    """Return a picture that went in; nothing if it is not in the service's own bucket."""
    path = output / f"{name}-{Path(key).name}"
    if path.exists():
        path = output / f"{name}-{_place(key).replace('/', '-')}"
    found = _copied(service, service.bucket, key.removeprefix("cos://"), path)
    return [(f"{name}: {_stem(key)}", path)] if found else []


def _copied(service: LocalService, bucket: str, key: str, path: Path) -> bool:
    if not service.object_exists(bucket, key):
        return False
    path.write_bytes(service.get_object(bucket, key))
    return True


def _read(address: str, path: Path) -> bool:
    parts = urlsplit(address)
    if parts.scheme not in ("", "file") or not Path(parts.path).is_file():
        return False
    path.write_bytes(Path(parts.path).read_bytes())
    return True


def _place(key: Any) -> str:
    """Return the key of an object, however it is written."""
    return urlsplit(str(key)).path.removeprefix("/")


def _stem(key: str) -> str:
    """Return the name of a picture without folders and suffix."""
    return Path(_place(key)).stem
