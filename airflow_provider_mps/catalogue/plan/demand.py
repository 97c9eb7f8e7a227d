"""What a manifest asks for, and what that is made from now; a picture that is not there makes its row a bad one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from airflow_provider_mps.catalogue.items.sku import SkuError, read_sku
from airflow_provider_mps.catalogue.items.wanted import Wanted, wanted_items
from airflow_provider_mps.catalogue.plan.fingerprints import digest_of, parts_of
from airflow_provider_mps.catalogue.plan.planning import WantedItem
from airflow_provider_mps.catalogue.plan.sources import CosSource, Source, sources_of
from airflow_provider_mps.catalogue.rows import BadRow, Row, Unit
from airflow_provider_mps.core.arguments import ArgumentError
from airflow_provider_mps.services.tencentcloud.payloads import StorageDefaults

Tags = Callable[[Iterable[Source], Mapping[str, str]], Mapping[Source, str | None]]

_BACKGROUNDS = ("bg_cos_key", "bg_url")
_SUBJECTS = ("subject_cos_key", "subject_url", "image_path", "image_url")


@dataclass
class Demand:
    """What a manifest asks for.

    :param items: what can be used of it
    :param bad_rows: what cannot, and why
    :param objects: the tags of the objects that were asked for on the way, None where there is none
    :param skus: the products that rows name, be they good or bad; an empty text for a row that names none
    :param good_skus: the products whose rows can be used
    :param left_out: the items whose pictures are not there
    """

    items: list[WantedItem] = field(default_factory=list)
    bad_rows: list[BadRow] = field(default_factory=list)
    objects: dict[CosSource, str | None] = field(default_factory=dict)
    skus: set[str] = field(default_factory=set)
    good_skus: set[str] = field(default_factory=set)
    left_out: set[str] = field(default_factory=set)

    def has(self, is_meant: Callable[[str, str], bool]) -> bool:
        """Tell whether an item, by its name and its sku, is among them."""
        return any(is_meant(one.item, one.sku) for one in self.items)

    def may_be_removed(self, item: str) -> bool:
        """Tell whether an item that is not wanted is gone from the manifest: a bad row may be its own."""
        sku = item.rpartition("/")[0]
        if "" in self.skus or item in self.left_out:
            return False
        # A row is wanted in all looks, or in none.
        return sku not in self.skus or sku in self.good_skus


def demand_of(
    rows: Iterable[Row],
    looks: Mapping[str, Mapping[str, Any]],
    *,
    columns: Mapping[str, str | None],
    defaults: Mapping[str, Any],
    publish_to: str,
    storage: StorageDefaults,
    name: str,
    tags: Tags,
) -> Demand:
    """Return what a manifest asks for, with what it is made from now.

    :param rows: of the manifest
    :param looks: what is asked for each product
    :param columns: what columns are called where they have another name
    :param defaults: arguments for rows and looks that do not give them
    :param publish_to: where pictures are published
    :param storage: bucket and region where nothing names one
    :param name: of the manifest, for messages
    :param tags: finds out what pictures are now
    :raises ArgumentError: an argument cannot be used, or the picture of a look is not there
    :raises ManifestError: the manifest cannot be used at all
    """
    found = Demand()
    units: set[Unit] = set()
    wanted, found.bad_rows = wanted_items(
        _noted(rows, columns.get("sku") or "sku", found.skus, units),
        looks,
        columns=columns,
        defaults=defaults,
        publish_to=publish_to,
        storage=storage,
        name=name,
    )
    urls: dict[str, str] = {}
    sources = [_made_from(one, storage, urls) for one in wanted]
    now = tags((it for one in sources for it in (one.subject, one.background) if it is not None), urls)
    for one, made_from in zip(wanted, sources, strict=True):
        found.good_skus.add(one.sku)
        if (missing := _missing(one, made_from, now)) is None:
            found.items.append(_item(one, made_from, now))
            continue
        argument, source = missing
        if looks[one.look].get(argument) == one.request[argument]:
            # All products would be bad ones, and none of them is.
            raise ArgumentError(f"looks[{one.look!r}]: {argument}: there is no {source}")
        found.left_out.add(one.item)
        column = columns.get(argument) or argument
        found.bad_rows.append(BadRow(one.line, column, repr(str(source)), "there is no such picture", *units))
    # Two looks of a product have one subject.
    found.bad_rows = sorted(dict.fromkeys(found.bad_rows), key=lambda bad: bad.line)
    found.objects = {source: tag for source, tag in now.items() if isinstance(source, CosSource)}
    return found


def _noted(rows: Iterable[Row], column: str, skus: set[str], units: set[Unit]) -> Iterator[Row]:
    """Pass rows on, and note which products they are of, bad ones too, and what they are counted by."""
    for row in rows:
        try:
            skus.add(read_sku(row.values.get(column)))
        except SkuError:
            skus.add("")
        units.add(row.unit)
        yield row


class _MadeFrom(NamedTuple):
    """What an item is made from; ``rest`` is the digest of all else, which takes less room."""

    subject: Source
    background: Source | None
    rest: str


def _made_from(one: Wanted, storage: StorageDefaults, urls: dict[str, str]) -> _MadeFrom:
    found = sources_of(one.request, one.service, storage, urls)
    return _MadeFrom(found.subject, found.background, digest_of(found.rest, one.version))


def _item(one: Wanted, made_from: _MadeFrom, now: Mapping[Source, str | None]) -> WantedItem:
    background = made_from.background
    parts = parts_of(
        made_from.rest,
        subject=now.get(made_from.subject),
        background=None if background is None else now.get(background),
        has_background=background is not None,
    )
    return WantedItem(one.item, one.sku, one.look, one.service, one.request, one.publish_to, parts)


def _missing(one: Wanted, made_from: _MadeFrom, now: Mapping[Source, str | None]) -> tuple[str, Source] | None:
    """Return the argument with a picture that is not there, and which that is; None if all are."""
    for source, names in ((made_from.subject, _SUBJECTS), (made_from.background, _BACKGROUNDS)):
        if source is not None and now.get(source, "") is None:
            return next(name for name in names if one.request.get(name) is not None), source
    return None
