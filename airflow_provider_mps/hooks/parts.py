"""Parts of files: beside their destination while they are written, removed if they are left behind.

Whoever writes a part holds a lock on it, which ends with the process, however that ends. So what nobody holds was left
behind. Where a file system knows no locks, nothing is removed.
"""

from __future__ import annotations

import fcntl
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

_NAME = re.compile(r"\.(?:cos|aidge)-[0-9a-f]{32}\.part")


@contextmanager
def part_of(path: Path, prefix: str) -> Iterator[tuple[Path, BinaryIO]]:
    """Make a part beside a file, locked; it is removed in the end, unless it was renamed.

    :param prefix: ``cos`` or ``aidge``
    """
    part, file = _make(path.parent, prefix)
    try:
        with file:
            yield part, file
    finally:
        part.unlink(missing_ok=True)


def remove_left_behind(folder: Path) -> int:
    """Remove the parts in a folder that no process holds any more; return how many."""
    count = 0
    with suppress(OSError):
        for part in folder.iterdir():
            if _NAME.fullmatch(part.name):
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


def _remove(part: Path) -> bool:
    try:
        handle = os.open(part, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        part.unlink()
    except OSError:
        return False
    finally:
        os.close(handle)
    return True
