"""Pictures for the page: fetched from where they are, with a limit, and made small. Blocks."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Hashable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from airflow_provider_mps.core.arguments import ArgumentError
from airflow_provider_mps.core.errors import ServiceError
from airflow_provider_mps.core.gallery_paths import Size
from airflow_provider_mps.core.texts import clean
from airflow_provider_mps.gallery.bounded import BoundedCache
from airflow_provider_mps.gallery.sources import AidgePicture, CosPicture, Source, StoredPicture
from airflow_provider_mps.pictures.thumbnails import NotDrawnError, thumbnail

if TYPE_CHECKING:
    from airflow_provider_mps.hooks.aidge import AidgeHook
    from airflow_provider_mps.hooks.cos import CosHook

MAX_BYTES = 40 * 1024 * 1024
"""No larger picture is fetched."""
MAX_PIXELS = 40_000_000
"""No more are decoded of what is no JPEG, which takes about 8 bytes a pixel; 8K has 33 million."""
CACHE_BYTES = 24 * 1024 * 1024
"""What is kept of small pictures, in each process of the API server."""
CACHE_SECONDS = 600.0
# For so long a connection that was changed is still used as it was.
_HOOK_SECONDS = 60.0
_MOST_HOOKS = 32
_SIDES = {Size.THUMB: 320, Size.PAGE: 1280}
# By what begins them; no other file leaves the server as a picture.
_KINDS = ((b"\xff\xd8\xff", "image/jpeg"), (b"\x89PNG\r\n\x1a\n", "image/png"), (b"GIF8", "image/gif"))
_WEBP = (b"RIFF", b"WEBP")


class NotShownError(Exception):
    """A picture cannot be shown; the message says why, for people.

    :param status: of HTTP
    :param words: why
    """

    def __init__(self, status: int, words: str) -> None:
        super().__init__(words)
        self.status = status


class Served(NamedTuple):
    """What is sent to a browser.

    :param data: the picture
    :param content_type: its MIME type, by what is in it
    """

    data: bytes
    content_type: str


class Pictures:
    """Gets pictures at a size; for use from several threads."""

    def __init__(self) -> None:
        self._small: BoundedCache[Served] = BoundedCache(
            CACHE_BYTES, CACHE_SECONDS, lambda one: len(one.data), time.monotonic
        )
        self._cos: BoundedCache[CosHook] = BoundedCache(_MOST_HOOKS, _HOOK_SECONDS, lambda _: 1, time.monotonic)
        self._aidge: BoundedCache[AidgeHook] = BoundedCache(_MOST_HOOKS, _HOOK_SECONDS, lambda _: 1, time.monotonic)

    def get(self, run: Hashable, source: Source, size: Size) -> Served:
        """Return a picture.

        :param run: whose picture it is: another run may have another under the same address
        :param source: where it is
        :param size: how large
        :raises NotShownError: it is not there, is too large, is no picture, or its service does not answer
        """
        key = (run, source, size)
        if (found := self._small.get(key)) is not None:
            return found
        served = _at_size(self._fetched(source), size)
        if size is not Size.FULL:
            self._small.put(key, served)
        return served

    def _fetched(self, source: Source) -> bytes:
        try:
            if isinstance(source, CosPicture):
                data = self._from_cos(source)
            elif isinstance(source, AidgePicture):
                data = self._from_aidge(source)
            else:
                data = _from_storage(source)
        except NotShownError:
            raise
        except FileNotFoundError:
            data = None
        except ServiceError as error:
            raise NotShownError(502, clean(f"{error.code}: {error.hint or error.message}")) from None
        except ArgumentError as error:
            raise NotShownError(404, clean(str(error))) from None
        # Whatever a connection or a storage raises.
        except Exception as error:
            raise NotShownError(502, clean(f"{type(error).__name__}: {error}", 200)) from None
        if data is None:
            raise NotShownError(404, "It is not there any more")
        return data

    def _from_cos(self, source: CosPicture) -> bytes | None:
        from airflow_provider_mps.hooks.cos import CosHook

        key = source.conn_id, source.region
        hook = self._cos.get(key)
        if hook is None:
            hook = CosHook(source.conn_id, region=source.region)
            hook.snapshot_credential()
            self._cos.put(key, hook)
        found = hook.stat_object(source.key, source.bucket)
        if found is None:
            return None
        _check_size(found.size)
        return hook.read_object(source.key, source.bucket)

    def _from_aidge(self, source: AidgePicture) -> bytes:
        from airflow_provider_mps.hooks.aidge import AidgeHook

        hook = self._aidge.get(source.conn_id)
        if hook is None:
            hook = AidgeHook(source.conn_id)
            self._aidge.put(source.conn_id, hook)
        # Aidge is asked: an address in an XCom may have expired, or lead anywhere.
        addresses = hook.get_addresses(source.task_id, source.number)
        with tempfile.TemporaryDirectory(prefix="mps-gallery-") as folder:
            file = hook.fetch(addresses[source.number - 1].url, Path(folder), "picture")
            _check_size(file.stat().st_size)
            return file.read_bytes()


def _from_storage(source: StoredPicture) -> bytes:
    from airflow_provider_mps.storage.locations import Locations, is_on_disk

    location = Locations(source.conn_id, None).file("address", source.address)
    if is_on_disk(location):
        raise NotShownError(404, "It is on a disk, and not in a storage that the API server reads")
    _check_size(int(location.stat().st_size))
    with location.open("rb") as file:
        return bytes(file.read(MAX_BYTES + 1))


def _check_size(size: int) -> None:
    if size > MAX_BYTES:
        raise NotShownError(413, f"It has {size:,} bytes, and at most {MAX_BYTES:,} are shown")


def _at_size(data: bytes, size: Size) -> Served:
    try:
        if size is Size.FULL:
            return Served(data, _kind_of(data))
        return Served(thumbnail(data, _SIDES[size], most_pixels=MAX_PIXELS).jpeg, "image/jpeg")
    except NotDrawnError as error:
        raise NotShownError(415, clean(str(error), 200)) from None


def _kind_of(data: bytes) -> str:
    for begin, kind in _KINDS:
        if data.startswith(begin):
            return kind
    if (data[:4], data[8:12]) == _WEBP:
        return "image/webp"
    raise NotDrawnError("it is no JPEG, PNG, WebP or GIF")
