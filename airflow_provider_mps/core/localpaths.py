"""Where a COS object may land on disk: always in the folder that the user named."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from itertools import takewhile
from pathlib import Path
from typing import Any, NamedTuple

from airflow_provider_mps.core import arguments
from airflow_provider_mps.core.arguments import ArgumentError

_FORBIDDEN = re.compile(r"[\x00-\x1f\x7f\\]")


class Download(NamedTuple):
    """One object and the file that it becomes. ``bucket`` and ``region`` are None where the result names none."""

    bucket: str | None
    region: str | None
    key: str
    local_path: Path


def plan_downloads(outputs: Any, local_dir: str | Path, keep_folders: bool = False) -> list[Download]:
    """Give each output of one or more results a file in ``local_dir``, named like the object.

    Where two would have one name, all keep the folders of their keys below the one that they have in common, and their
    bucket before it if one key is in several. An output that is a text is in the result itself, and there is nothing to
    fetch.

    :param outputs: a result, its ``Outputs``, one of these outputs, or a list of any of them
    :param local_dir: folder for the files
    :param keep_folders: keep all folders of every key
    :raises ArgumentError: there is nothing to fetch, a key would leave the folder, or two keys have one file name all
        the same
    """
    found: dict[tuple[str | None, str], Mapping[str, Any]] = {}
    for output in _flatten(outputs):
        key = output.get("path")
        if not key and output.get("content"):
            continue
        if not key:
            arguments.fail("outputs", output, "outputs with the path of a COS object")
        file_name(str(key))
        found.setdefault((output.get("bucket") or None, str(key)), output)
    if not found:
        arguments.fail("outputs", outputs, "at least one output to fetch")
    places = _places(list(found), keep_folders)
    _refuse_clashes(places, [key for _, key in found], Path(local_dir))
    return [
        Download(bucket, output.get("region") or None, key, Path(local_dir, *place))
        for ((bucket, key), output), place in zip(found.items(), places, strict=True)
    ]


def check_stays_in(local_dir: str | Path, plans: Iterable[Download]) -> None:
    """Refuse folders below the user's that are symbolic links to somewhere else.

    :raises ArgumentError: one is
    """
    root = Path(local_dir).resolve()
    for parent in {plan.local_path.parent for plan in plans}:
        if not parent.resolve().is_relative_to(root):
            said = f"local_dir: {str(parent)!r} is a symbolic link that leaves {str(local_dir)!r}"
            raise ArgumentError(f"{said}; remove it, or give another local_dir")


def _places(objects: list[tuple[str | None, str]], keep_folders: bool) -> list[tuple[str, ...]]:
    """Return for each object the folders, and the file name, that it gets below ``local_dir``."""
    whole = [_parts(key) for _, key in objects]
    names = [parts[-1:] for parts in whole]
    if not keep_folders and len(set(names)) == len(names):
        return names
    shared = 0
    if not keep_folders:
        folders = [parts[:-1] for parts in whole]
        same = (len(set(level)) == 1 for level in zip(*folders, strict=False))
        shared = sum(1 for _ in takewhile(bool, same))
    places = [parts[shared:] for parts in whole]
    if len(set(places)) < len(places):
        places = [((bucket,) if bucket else ()) + place for (bucket, _), place in zip(objects, places, strict=True)]
    return places


def _refuse_clashes(places: list[tuple[str, ...]], keys: list[str], folder: Path) -> None:
    taken: dict[tuple[str, ...], str] = {}
    for place, key in zip(places, keys, strict=True):
        if place in taken:
            path = Path(folder, *place)
            raise ArgumentError(f"outputs: {taken[place]} and {key} would both become {path}; fetch them apart")
        taken[place] = key
    for place, key in zip(places, keys, strict=True):
        for end in range(1, len(place)):
            if (other := taken.get(place[:end])) is not None:
                path = Path(folder, *place[:end])
                raise ArgumentError(
                    f"outputs: {path} would be the file of {other} and a folder of {key}; fetch them apart"
                )


def _parts(key: str) -> tuple[str, ...]:
    return tuple(part for part in key.split("/") if part not in ("", "."))


def is_empty(outputs: Any) -> bool:
    """Tell whether there are no results at all, as of a batch without requests, and not results without a picture."""
    return isinstance(outputs, list | tuple) and all(map(is_empty, outputs))


def is_local(error: BaseException) -> bool:
    """Tell the disk's errors (full, read-only, no permission) from those of the network, which are OSErrors too."""
    if not isinstance(error, OSError) or isinstance(error, ConnectionError | TimeoutError):
        return False
    return error.errno is not None and type(error).__module__ == "builtins"


def file_name(key: str) -> str:
    """Return the file name of a key.

    :raises ArgumentError: the key has a ``..`` or another part that must not reach the disk
    """
    name = key.rpartition("/")[2]
    if ".." in key.split("/") or name in ("", ".") or _FORBIDDEN.search(key):
        arguments.fail("outputs", key, "a COS object key that stays inside local_dir")
    return name


def _flatten(outputs: Any) -> Iterable[Mapping[str, Any]]:
    if isinstance(outputs, Mapping):
        if "Outputs" in outputs:
            yield from _flatten(outputs["Outputs"] or [])
        else:
            yield outputs
        return
    if isinstance(outputs, str | bytes) or not isinstance(outputs, Iterable):
        arguments.fail("outputs", outputs, "a result, its Outputs, or a list of them")
    for item in outputs:
        yield from _flatten(item)
