"""Where a COS object may land on disk: always directly in the folder that the user named."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
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


def plan_downloads(outputs: Any, local_dir: str | Path) -> list[Download]:
    """Give each output of one or more results a file in ``local_dir``, named like the object.

    An output that is a text is in the result itself, and there is nothing to fetch.

    :param outputs: a result, its ``Outputs``, one of these outputs, or a list of any of them
    :param local_dir: folder for the files
    :raises ArgumentError: there is nothing to fetch, a key would leave the folder, or two keys have one file name
    """
    folder = Path(local_dir)
    plans: dict[Path, Download] = {}
    for output in _flatten(outputs):
        key = output.get("path")
        if not key and output.get("content"):
            continue
        if not key:
            arguments.fail("outputs", output, "outputs with the path of a COS object")
        path = folder / file_name(str(key))
        if path in plans:
            other = plans[path].key
            if (other, plans[path].bucket) == (str(key), output.get("bucket")):
                continue
            raise ArgumentError(f"outputs: {other} and {key} would both become {path}; give them folders of their own")
        plans[path] = Download(output.get("bucket") or None, output.get("region") or None, str(key), path)
    if not plans:
        arguments.fail("outputs", outputs, "at least one output to fetch")
    return list(plans.values())


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
