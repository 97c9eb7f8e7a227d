"""CRC-64/ECMA, the checksum that COS shows as ``x-cos-hash-crc64ecma``."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import crcmod

# crcmod comes with the COS SDK and is C where a wheel or a compiler was at hand.
crc64 = cast(
    "Callable[..., int]",
    crcmod.mkCrcFun(0x142F0E1EBA9EA3693, initCrc=0, xorOut=0xFFFFFFFFFFFFFFFF, rev=True),
)
