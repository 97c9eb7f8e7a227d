"""A storage in memory that puts a file only if there is none of its name."""

from __future__ import annotations

import threading


class MemoryFiles:
    """Files by address.

    :ivar files: what is there
    :ivar reads: addresses of the files that were read, in their order
    :ivar unlisted: how many of the newest files a listing does not have yet
    """

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.reads: list[str] = []
        self.listings = self.unlisted = 0
        self._lock = threading.Lock()

    def names(self, folder: str) -> list[str]:
        self.listings += 1
        found = [address.removeprefix(f"{folder}/") for address in self._listed() if address.startswith(f"{folder}/")]
        return sorted(name for name in found if "/" not in name)

    def _listed(self) -> list[str]:
        return list(self.files)[: len(self.files) - self.unlisted]

    def read(self, address: str) -> bytes:
        if address not in self.files:
            raise FileNotFoundError(address)
        self.reads.append(address)
        return self.files[address]

    def write_new(self, address: str, data: bytes, content_type: str | None = None) -> bool:
        with self._lock:
            return self.files.setdefault(address, data) is data
