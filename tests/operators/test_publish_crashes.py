"""SIGKILL while pictures are published: a final key has a whole picture at any time, and the next try ends it."""

from __future__ import annotations

import json
import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_mps.catalogue.record.events import ItemPublished
from airflow_provider_mps.catalogue.record.format import read_entry
from airflow_provider_mps.hooks.cos import CosHook
from airflow_provider_mps.local.service import LocalService
from tests.operators.forks import FORKS
from tests.operators.publish_child import run
from tests.operators.publishing import Shop, counts, labelled, picture
from tests.whole import WHOLE

# make test-crashes has more.
LIVES = int(os.environ.get("MPS_TEST_LIVES", "1"))
LABELS = [None, "metadata"] if WHOLE else ["metadata"]
KILLS = 10 if WHOLE else 5
ITEMS = [f"cup-{number}/white" for number in range(60)]
KEEP = {"keep_previous": "/previous/", "cache_control": "max-age=300"}


class Reader:
    """Reads final keys all the time, as shoppers do, and notes which versions of a picture it has seen."""

    def __init__(self, shop: Shop, looks: Callable[[str, int], bytes]) -> None:
        self.shop, self.looks, self.seen, self.broken = shop, looks, Counter[int](), list[str]()
        self._over = threading.Event()

    def read_all(self) -> None:
        hook = CosHook()
        while not self._over.is_set():
            for item in ITEMS:
                # Compared with its CRC64 by the hook.
                data = hook.read_object(self.shop.final(item))
                versions = [version for version in (1, 2) if data == self.looks(item, version)]
                if data is None or not versions:
                    self.broken.append(f"{item}: {data!r:.80}")
                else:
                    self.seen[versions[0]] += 1

    @contextmanager
    def reading(self) -> Iterator[None]:
        thread = threading.Thread(target=self.read_all)
        thread.start()
        try:
            yield
        finally:
            self._over.set()
            thread.join()


def publish(
    shop: Shop, out: Path, made: Any, number: int, requests: int | None = None, label: str | None = None
) -> dict[str, Any] | None:
    """Publish in a process of its own, killed once the service has seen so many more requests."""
    spec = {"arguments": {"pictures": made, "label": label, **KEEP}, "try_number": number, "out": str(out)}
    spec |= {"connection": shop.service.connection(), "run_began": shop.began.isoformat()}
    before = len(shop.service.calls("HeadObject"))
    process = FORKS.Process(target=run, args=(spec,))
    process.start()
    deadline = time.monotonic() + 90
    while process.is_alive():
        assert time.monotonic() < deadline
        if requests is not None and len(shop.service.calls("HeadObject")) - before >= requests:
            process.kill()
            break
        time.sleep(0.002)
    process.join(60)
    assert process.exitcode in (0, -signal.SIGKILL)
    return json.loads(out.read_text()) if process.exitcode == 0 else None


def publications(shop: Shop) -> Counter[tuple[str, str]]:
    """Return how often each picture has come on record as published."""
    found: Counter[tuple[str, str]] = Counter()
    for number in range(1, shop.record().seq + 1):
        entry = read_entry(shop.files.read(f"{shop.catalogue}/record/{number:08d}.jsonl"), number)
        found.update((event.item, event.fingerprint) for event in entry.events if isinstance(event, ItemPublished))
    return found


@pytest.mark.parametrize("label", LABELS)
@pytest.mark.parametrize("seed", range(LIVES))
def test_killed_again_and_again(
    service: LocalService, conn_id: str, tmp_path: Path, seed: int, label: str | None
) -> None:
    chance, shop, looks = random.Random(seed), Shop(service), lru_cache(None)(labelled if label else picture)
    shop.publish(shop.make([shop.line(item) for item in ITEMS]), label=label, **KEEP)
    made = shop.make([shop.line(item, 2) for item in ITEMS])
    reader, killed = Reader(shop, looks), 0
    with reader.reading():
        for number in range(1, KILLS + 1):
            killed += publish(shop, tmp_path / "out.json", made, number, chance.randrange(1, 250), label) is None
        output = publish(shop, tmp_path / "out.json", made, KILLS + 1, label=label)
    assert killed > KILLS // 3
    assert output is not None
    assert output["counts"] == counts(published=len(ITEMS))
    assert reader.broken == []
    assert set(reader.seen) == {1, 2}
    for item in ITEMS:
        assert shop.get(shop.final(item)) == looks(item, 2)
        assert shop.get(f"/previous{shop.final(item)}") == looks(item, 1)
    assert set(publications(shop).values()) == {1}
    assert len(publications(shop)) == 2 * len(ITEMS)


@pytest.mark.parametrize("label", LABELS)
def test_two_at_once(service: LocalService, conn_id: str, tmp_path: Path, label: str | None) -> None:
    shop, looks = Shop(service), labelled if label else picture
    shop.publish(shop.make([shop.line(item) for item in ITEMS]), label=label, **KEEP)
    made = shop.make([shop.line(item, 2) for item in ITEMS])
    found: dict[int, Any] = {}

    def one(number: int) -> None:
        found[number] = publish(shop, tmp_path / f"{number}.json", made, number, label=label)

    threads = [threading.Thread(target=one, args=(number,)) for number in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [found[number]["counts"] for number in (1, 2)] == [counts(published=len(ITEMS))] * 2
    assert set(publications(shop).values()) == {1}
    for item in ITEMS:
        assert shop.get(shop.final(item)) == looks(item, 2)
        assert shop.get(f"/previous{shop.final(item)}") == looks(item, 1)
