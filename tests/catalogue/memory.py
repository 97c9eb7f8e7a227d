"""A storage in memory that puts a file only if there is none of its name."""

from __future__ import annotations

import threading


class MemoryFiles:
    """Files by address.

    :ivar files: what is there
    :ivar reads: addresses that were read, in their order
    """

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.reads: list[str] = []
        self.listings = 0
        self._lock = threading.Lock()

    def names(self, folder: str) -> list[str]:
        self.listings += 1
        found = [address.removeprefix(f"{folder}/") for address in self.files if address.startswith(f"{folder}/")]
        return sorted(name for name in found if "/" not in name)

    def read(self, address: str) -> bytes:
        self.reads.append(address)
        try:
            return self.files[address]
        except KeyError:
            raise FileNotFoundError(address) from None

    def write_new(self, address: str, data: bytes, content_type: str | None = None) -> bool:
        with self._lock:
            return self.files.setdefault(address, data) is data
