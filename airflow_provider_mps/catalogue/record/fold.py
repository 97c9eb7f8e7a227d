"""What is known of a catalogue, which follows from its log of events alone, whoever reads that, and when."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from airflow_provider_mps.catalogue.record.events import Event
from airflow_provider_mps.catalogue.record.state import NOTHING, ItemState, Writer


@dataclass(frozen=True, slots=True)
class Entry:
    """A file of the log.

    :param number: of the file, from 1
    :param run: who wrote it
    :param at: when, seconds since the epoch
    :param events: what it says
    """

    number: int
    run: Writer
    at: float
    events: Iterable[Event]


def fold(items: dict[str, ItemState], entry: Entry) -> None:
    """Change what is known by what a file of the log says; an item of which nothing is known is left out."""
    for event in entry.events:
        state = event.change(items.get(event.item, NOTHING), entry.run, entry.at)
        if state == NOTHING:
            items.pop(event.item, None)
        else:
            items[event.item] = state


@dataclass(frozen=True, slots=True)
class CatalogueRecord:
    """What is known of a catalogue.

    :param items: what is known of each item, by its name
    :param seq: number of the last file of the log that this has in it; 0 before there is one
    :param snapshot: number of the last file that the newest snapshot has in it; 0 before there is one
    """

    items: Mapping[str, ItemState] = field(default_factory=dict)
    seq: int = 0
    snapshot: int = field(default=0, compare=False)

    def after(self, entries: Iterable[Entry]) -> CatalogueRecord:
        """Return what is known after more files of the log."""
        items, seq = dict(self.items), self.seq
        for entry in entries:
            fold(items, entry)
            seq = entry.number
        return CatalogueRecord(items, seq, self.snapshot)

    def state(self, item: str) -> ItemState:
        """Return what is known of an item, be it nothing."""
        return self.items.get(item, NOTHING)
