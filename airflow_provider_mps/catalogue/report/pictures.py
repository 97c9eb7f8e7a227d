"""The pictures of a report: which items it shows, and small copies of what these were, are made from, and became."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, NamedTuple, Protocol, TypeVar

from airflow_provider_mps.catalogue.report.items import End, Reported
from airflow_provider_mps.catalogue.shown import Place
from airflow_provider_mps.catalogue.words import Why
from airflow_provider_mps.core.arguments import ArgumentError
from airflow_provider_mps.core.errors import ServiceError
from airflow_provider_mps.core.texts import clean
from airflow_provider_mps.pictures.thumbnails import (
    DEFAULT_QUALITY,
    DEFAULT_SIDE,
    NotDrawnError,
    Thumbnail,
    thumbnail,
)
from airflow_provider_mps.storage.parallel import in_parallel

MAX_BYTES = 40 * 1024 * 1024
"""No larger picture is fetched."""
WORKERS = 4
# After so many refusals or silences about a storage nothing more is asked of it: each takes a while of trying again.
_MAX_ERRORS = 3


class Drawn(NamedTuple):
    """A small copy of a picture, or why there is none.

    :param thumbnail: the copy; None if there is none
    :param why_not: why, for people; empty where there is one
    """

    thumbnail: Thumbnail | None
    why_not: str = ""


@dataclass(frozen=True)
class ShownItem:
    """An item with its pictures.

    :param item: which
    :param subject: the product photo
    :param before: what was published before
    :param after: the new picture
    """

    item: Reported
    subject: Drawn
    before: Drawn
    after: Drawn


class Stored(Protocol):
    """Where a picture is."""

    @property
    def storage(self) -> Hashable:
        """What keeps it: where that cannot be read, nothing else of it is asked for."""
        ...


_Source = TypeVar("_Source", bound=Stored, contravariant=True)


class Fetch(Protocol[_Source]):
    """Gets a picture."""

    def __call__(self, source: _Source, limit: int, /) -> bytes | None:
        """Return the bytes of a picture; None if there is none.

        :param source: which
        :param limit: how many bytes it may have
        :raises NotDrawnError: it has more
        :raises ArgumentError: the address can be none
        :raises ServiceError: the service that keeps it does not answer, or refuses
        """
        ...


def choose(items: Sequence[Reported], most: int) -> list[Reported]:
    """Return the items whose pictures are shown: failures first, and at most half of them where there are others.

    :param items: what there is
    :param most: how many are shown
    """
    failures = [one for one in items if one.end.is_failure]
    # Where nothing is known or was left, there is nothing new to see.
    good = [one for one in items if one.end in (End.PUBLISHED, End.MADE, End.NOT_APPROVED)]
    room = max(most - len(good), (most + 1) // 2)
    shown = failures[:room]
    return shown + good[: most - len(shown)]


def draw(
    items: Sequence[Reported],
    fetch: Fetch[Place],
    log_line: Callable[[str], object],
    stop: threading.Event | None = None,
) -> list[ShownItem]:
    """Return the items with their pictures, a few at a time; a picture that cannot be had is told and no error.

    :param items: whose pictures are shown
    :param fetch: gets a picture; called from several threads
    :param log_line: takes a line for the log
    :param stop: set when the task is at its end
    """
    studio = Studio(fetch)

    def show(item: Reported) -> ShownItem:
        if item.subject is not None:
            subject = studio.drawn(item.subject)
        elif item.subject_address:
            # What a manifest names is fetched by the services, and not from within the worker's network.
            subject = Drawn(None, f"not fetched: {clean(item.subject_address, 80)}")
        else:
            subject = Drawn(None, "none")
        before = studio.drawn(item.before) if item.before is not None else Drawn(None, no_before(item))
        after = studio.drawn(item.after) if item.after is not None else Drawn(None, "none was made")
        return ShownItem(item, subject, before, after)

    return in_parallel(show, items, total=len(items), max_workers=WORKERS, done="Drawn", log_line=log_line, stop=stop)


class Studio(Generic[_Source]):
    """Makes small copies of pictures, in several threads; a picture that cannot be had is told and no error.

    :param fetch: gets a picture
    :param side: the longer side of a copy in pixels
    :param quality: of a copy, 1 to 95
    """

    def __init__(self, fetch: Fetch[_Source], side: int = DEFAULT_SIDE, quality: int = DEFAULT_QUALITY) -> None:
        self._fetch, self._side, self._quality = fetch, side, quality
        self._errors: dict[Hashable, list[str]] = {}

    def drawn(self, source: _Source) -> Drawn:
        """Return a small copy of a picture, or why there is none."""
        # A bucket may be another account's, and the others still be read.
        errors = self._errors.setdefault(source.storage, [])
        if len(errors) >= _MAX_ERRORS:
            return Drawn(None, f"not fetched: {errors[-1]}")
        try:
            data = self._fetch(source, MAX_BYTES)
            return Drawn(None, "it is not there") if data is None else Drawn(thumbnail(data, self._side, self._quality))
        except (NotDrawnError, ArgumentError) as error:
            return Drawn(None, clean(str(error), 120))
        except ServiceError as error:
            errors.append(f"{error.service} says {clean(error.code, 60)}")
        except Exception as error:
            errors.append(clean(f"{type(error).__name__}: {error}", 120))
        return Drawn(None, errors[-1])


def no_before(item: Reported) -> str:
    """Return why there is no picture of before."""
    return "none: the item is new" if item.why == Why.NEW else "none was kept"


class CosPictures:
    """Gets pictures from COS; safe for use from several threads.

    :param tencentcloud_conn_id: Airflow connection (str or None)
    :param regions: of the buckets that will be asked for; None for that of the connection
    """

    def __init__(self, tencentcloud_conn_id: str | None, regions: Iterable[str | None]) -> None:
        from airflow_provider_mps.hooks.cos import CosHook

        # A hook reads the connection, and assumes a role, once; here, and not in the threads.
        self._hooks = {region: CosHook(tencentcloud_conn_id, region=region) for region in regions}
        for hook in self._hooks.values():
            hook.snapshot_credential()

    def __call__(self, place: Place, limit: int, /) -> bytes | None:
        """Return the bytes of an object; see :class:`Fetch`."""
        hook = self._hooks[place.region]
        found = hook.stat_object(place.key, place.bucket)
        if found is None:
            return None
        if found.size > limit:
            raise NotDrawnError(f"it has {found.size:,} bytes, and at most {limit:,} are fetched for a thumbnail")
        return hook.read_object(place.key, place.bucket)


def regions_of(items: Iterable[Reported]) -> set[str | None]:
    """Return the regions that the pictures of items are in; None for that of the connection."""
    places = (place for one in items for place in (one.subject, one.before, one.after))
    return {place.region for place in places if place is not None}
