"""Files that appear whole or not at all, on the disk and in the storages that Airflow knows."""

from __future__ import annotations

import os
import shutil
import threading
from pathlib import Path
from typing import Any, BinaryIO

from airflow_provider_mps.clients.parts import part_of, remove_left_behind
from airflow_provider_mps.exceptions import InvalidArgumentError

_CHUNK_BYTES = 1024 * 1024
# A file system has one transaction, and all threads share the file system.
_transaction = threading.Lock()
# Whether the file systems of these protocols keep what is there: not all do what mode "x" asks for.
_keeps: dict[str, bool] = {}


def replace_on_disk(source: BinaryIO, path: Path) -> None:
    """Write a file beside its destination and rename it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    remove_left_behind(path.parent)
    with part_of(path, "file") as (part, file):
        _write(source, file)
        part.replace(path)


def make_on_disk(source: BinaryIO, path: Path) -> bool:
    """Write a file beside its destination and link it, unless there is one; say whether it was made.

    :raises InvalidArgumentError: the file system knows no hard links
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    remove_left_behind(path.parent)
    with part_of(path, "file") as (part, file):
        _write(source, file)
        try:
            os.link(part, path)
        except FileExistsError:
            return False
        except (NotImplementedError, OSError) as error:
            raise InvalidArgumentError(
                f"{path}: a file that must not be there yet is made by a hard link, and this file system makes none "
                f"({error}): take another folder"
            ) from None
    return True


def upload(source: BinaryIO, path: Any) -> None:
    """Store a file in another storage, in place of one that is there.

    :param path: an ``ObjectStoragePath``
    """
    before = _size(path)
    try:
        # A transaction of the file system: what is broken off is discarded, and what was there before stays.
        with _transaction, path.fs.transaction, path.open("wb") as stored:
            shutil.copyfileobj(source, stored, _CHUNK_BYTES)
    except BaseException:
        # Not every file system has them: some store what had come so far as if it were whole.
        if _size(path) != before:
            path.unlink(missing_ok=True)
        raise


def make(data: bytes, path: Any) -> bool:
    """Store a file in another storage, unless there is one; say whether this is the one.

    A file with the same bytes is taken for it: its answer may have been lost.

    :param path: an ``ObjectStoragePath``
    :raises InvalidArgumentError: its file system replaces files all the same
    """
    if (there := _read(path)) is not None:
        return there == data
    made = _made(data, path)
    # Once for each kind of storage: what it does is found out on a file that is one's own.
    if made and not _keeps.setdefault(path.protocol, not _made(data, path)):
        del _keeps[path.protocol]
        path.unlink(missing_ok=True)
        raise InvalidArgumentError(
            f"{path}: the file system of {path.protocol}:// replaces a file that is there already (mode 'xb'), so two "
            "runs at once would undo what the other did: take a folder in COS, S3, GCS or on a disk"
        )
    return made or _read(path) == data


def fresh(path: Any) -> Any:
    """Return the file system of a path without what it remembers of the folder: others write there too."""
    path.fs.invalidate_cache(path.parent.path)
    path.fs.invalidate_cache(path.path)
    return path.fs


def _made(data: bytes, path: Any) -> bool:
    try:
        with path.open("xb") as file:
            file.write(data)
    except FileExistsError:
        return False
    except (NotImplementedError, ValueError) as error:
        raise InvalidArgumentError(
            f"{path}: the file system of {path.protocol}:// cannot make a file only where there is none ({error}): "
            "take a folder in COS, S3, GCS or on a disk"
        ) from None
    return True


def _write(source: BinaryIO, file: BinaryIO) -> None:
    shutil.copyfileobj(source, file, _CHUNK_BYTES)
    file.flush()
    os.fsync(file.fileno())


def _read(path: Any) -> bytes | None:
    fresh(path)
    try:
        with path.open("rb") as file:
            return bytes(file.read())
    except FileNotFoundError:
        return None


def _size(path: Any) -> int | None:
    """Return the size of an object; None if there is none."""
    try:
        return int(path.stat().st_size)
    except FileNotFoundError:
        return None
