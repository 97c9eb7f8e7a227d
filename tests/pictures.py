"""Pictures for tests, made as they are needed."""

from __future__ import annotations

import io
import zlib
from typing import Any

from PIL import Image


def picture(width: int = 600, height: int = 600, kind: str = "PNG", **how: Any) -> bytes:
    """A picture of one colour, in a format that Pillow knows."""
    buffer = io.BytesIO()
    Image.new("RGB", (width, height), (200, 120, 40)).save(buffer, kind, **how)
    return buffer.getvalue()


def png_header(width: int, height: int) -> bytes:
    """A PNG of whatever size its header says."""
    fields = b"IHDR" + width.to_bytes(4) + height.to_bytes(4) + picture()[24:29]
    return picture()[:12] + fields + zlib.crc32(fields).to_bytes(4) + picture()[33:]
