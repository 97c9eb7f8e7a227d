"""Open files of COS: what is read has been verified as a whole, what is written appears as a whole."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from tempfile import SpooledTemporaryFile
from typing import Any, BinaryIO

# What is larger goes to the disk.
SPOOL_BYTES = 8 * 1024 * 1024


def spool() -> BinaryIO:
    """Return a temporary file, in memory as long as it is small."""
    # It has all that is asked of it, and no class in common with other files.
    return SpooledTemporaryFile(SPOOL_BYTES)  # type: ignore[return-value]


class CosFile(io.BufferedIOBase):
    """A file of COS, the whole of which is in a temporary file.

    :param path: in its file system
    :param file: the temporary file; it is closed with this one
    :param mode: ``rb``, ``wb`` or ``xb``
    """

    def __init__(self, path: str, file: BinaryIO, mode: str) -> None:
        super().__init__()
        self.path = path
        self.mode = mode
        self._file = file

    @property
    def name(self) -> str:
        """The path, as files have it."""
        return self.path

    def read(self, size: int | None = -1, /) -> bytes:
        """Read bytes."""
        self._check("r")
        return self._file.read(-1 if size is None else size)

    def read1(self, size: int = -1, /) -> bytes:
        """Read bytes; all of them are here."""
        return self.read(size)

    def readline(self, size: int | None = -1, /) -> bytes:
        """Read a line."""
        self._check("r")
        return self._file.readline(-1 if size is None else size)

    def write(self, data: Any, /) -> int:
        """Write bytes."""
        self._check("wx")
        return self._file.write(data)

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Move to a place in the file."""
        self._check("rwx")
        self._file.seek(offset, whence)
        return self._file.tell()

    def tell(self) -> int:
        """Return the place in the file."""
        self._check("rwx")
        return self._file.tell()

    def readable(self) -> bool:
        """Tell whether the file is open for reading."""
        return self.mode == "rb"

    def writable(self) -> bool:
        """Tell whether the file is open for writing."""
        return self.mode != "rb"

    def seekable(self) -> bool:
        """Tell that one can move in the file."""
        return True

    def close(self) -> None:
        """Close the file; what was written is left."""
        if not self.closed:
            self._file.close()
        super().close()

    def _check(self, modes: str) -> None:
        if self.closed:
            raise ValueError("I/O operation on closed file.")
        if self.mode[0] not in modes:
            raise io.UnsupportedOperation("not readable" if "r" in modes else "not writable")


class CosReader(CosFile):
    """A file of COS that is open for reading.

    :param path: in its file system
    :param file: what was fetched and verified
    """

    def __init__(self, path: str, file: BinaryIO) -> None:
        super().__init__(path, file, "rb")
        self.size = file.seek(0, io.SEEK_END) or file.tell()
        file.seek(0)


class CosWriter(CosFile):
    """A file of COS that is open for writing: it is stored when it is closed, and not at all after an error.

    :param path: in its file system
    :param mode: ``wb`` or ``xb``
    :param store: stores the temporary file
    :param autocommit: False leaves it to :meth:`commit`, which the transaction of a file system calls
    """

    def __init__(self, path: str, mode: str, store: Callable[[BinaryIO], None], *, autocommit: bool) -> None:
        super().__init__(path, spool(), mode)
        self._store = store
        self._autocommit = autocommit
        self._is_done = False
        # Whoever writes while handling an error has that one before and after.
        self._error_before = sys.exception()

    def __del__(self) -> None:
        """Leave out what nobody closed: an error may have come in between."""
        self.discard()

    def commit(self) -> None:
        """Store what was written."""
        if self._is_done:
            return
        self._is_done = True
        try:
            self._store(self._file)
        finally:
            self._file.close()

    def discard(self) -> None:
        """Leave out what was written."""
        self._is_done = True
        self._file.close()
        super().close()

    def close(self) -> None:
        """Store what was written, unless an error has ended the block that wrote it."""
        if self.closed:
            return
        if sys.exception() is not self._error_before:
            self.discard()
            return
        # Whatever comes of it, it is not tried again.
        io.BufferedIOBase.close(self)
        if self._autocommit:
            self.commit()


class CosPackedWriter(io.BufferedIOBase):
    """What is written is packed on its way into a file of COS; that is closed with this one.

    The packers of Python leave the file open, and other file systems wait until nobody holds it any more.

    :param packer: packs into ``file``
    :param file: takes what is packed
    """

    def __init__(self, packer: Any, file: CosWriter) -> None:
        super().__init__()
        self._packer = packer
        self._file = file

    def __del__(self) -> None:
        """Leave out what nobody closed."""
        self.discard()

    def write(self, data: Any, /) -> int:
        """Write bytes."""
        written: int = self._packer.write(data)
        return written

    def writable(self) -> bool:
        """Tell that the file is open for writing."""
        return True

    def discard(self) -> None:
        """Leave out what was written."""
        self._file.discard()

    def close(self) -> None:
        """Store what was written, unless an error has ended the block that wrote it."""
        if self.closed:
            return
        super().close()
        try:
            self._packer.close()
        finally:
            self._file.close()


class CosTextFile(io.TextIOWrapper):
    """A text over a file of COS; one that nobody closed is not stored."""

    def __del__(self) -> None:
        """Leave out what nobody closed."""
        if not self.closed and isinstance(self.buffer, CosWriter | CosPackedWriter):
            self.buffer.discard()
