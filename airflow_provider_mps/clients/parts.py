"""Parts of files: beside their destination while they are written, removed if they are left behind.

Whoever writes a part holds a lock on it, which ends with the process, however that ends. So what nobody holds was left
behind. Where a file system knows no locks, nothing is removed.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

_NAME = re.compile(r"\.(?:cos|aidge|file)-[0-9a-f]{32}\.part")
_FOLDER_PREFIX = "airflow-aidge-"
_FOLDER_NAME = re.compile(rf"{_FOLDER_PREFIX}[a-z0-9_]{{8}}")


@contextmanager
def part_of(path: Path, prefix: str) -> Iterator[tuple[Path, BinaryIO]]:
    """Make a part beside a file, locked; it is removed in the end, unless it was renamed.

    :param prefix: ``cos``, ``aidge`` or ``file``
    """
    part, file = _make(path.parent, prefix)
    try:
        with file:
            yield part, file
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def folder_for_parts() -> Iterator[Path]:
    """Make a folder among the machine's temporary ones, locked; it is removed in the end.

    Those of processes that were killed are removed before.
    """
    with suppress(OSError):
        for folder in Path(tempfile.gettempdir()).glob(f"{_FOLDER_PREFIX}*"):
            if _FOLDER_NAME.fullmatch(folder.name):
                _remove(folder)
    folder, handle = _make_folder()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(handle)


def is_part(name: str) -> bool:
    """Tell whether a name is that of a part."""
    return _NAME.fullmatch(name) is not None


def remove_left_behind(folder: Path) -> int:
    """Remove the parts in a folder that no process holds any more; return how many."""
    count = 0
    with suppress(OSError):
        for part in folder.iterdir():
            if is_part(part.name):
                count += _remove(part)
    return count


def _make(folder: Path, prefix: str) -> tuple[Path, BinaryIO]:
    while True:
        part = folder / f".{prefix}-{uuid4().hex}.part"
        file = part.open("xb")
        try:
            with suppress(OSError):
                fcntl.flock(file, fcntl.LOCK_EX)
            # Between the two another process may have taken it for one that was left behind.
            if part.exists():
                return part, file
        except BaseException:
            part.unlink(missing_ok=True)
            file.close()
            raise
        file.close()


def _make_folder() -> tuple[Path, int]:
    while True:
        folder = Path(tempfile.mkdtemp(prefix=_FOLDER_PREFIX))
        with suppress(FileNotFoundError):
            handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
            with suppress(OSError):
                fcntl.flock(handle, fcntl.LOCK_EX)
            if folder.exists():
                return folder, handle
            os.close(handle)


def _remove(part: Path) -> bool:
    """Remove a part, or a folder for parts, unless a process holds it."""
    how = os.O_RDONLY if part.is_dir() else os.O_RDWR
    try:
        handle = os.open(part, how | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if how == os.O_RDONLY:
            shutil.rmtree(part)
        else:
            part.unlink()
    except OSError:
        return False
    finally:
        os.close(handle)
    return True
