"""The content types of pictures; those that Python knows differ between its versions and between machines.

Source: the registry of media types, https://www.iana.org/assignments/media-types/media-types.xhtml#image
"""

from __future__ import annotations

from pathlib import PurePosixPath

_TYPES = {
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".jpe": "image/jpeg",
    ".jfif": "image/jpeg",
    ".png": "image/png",
    ".apng": "image/apng",
    ".webp": "image/webp",
    ".bmp": "image/bmp",
    ".dib": "image/bmp",
    ".gif": "image/gif",
    ".avif": "image/avif",
    ".heic": "image/heic",
    ".heif": "image/heif",
    ".tif": "image/tiff",
    ".tiff": "image/tiff",
    ".svg": "image/svg+xml",
}


def picture_type(name: str) -> str | None:
    """Return the content type of a picture by the extension of its file name or key; None if it names no picture."""
    return _TYPES.get(PurePosixPath(name).suffix.lower())
