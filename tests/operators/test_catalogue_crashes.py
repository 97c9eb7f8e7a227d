"""SIGKILL anywhere between the plan and the record: each picture is paid for once, and the shop shows whole ones."""

from __future__ import annotations

import io
import json
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from airflow_provider_mps.hooks.cos import CosHook
from airflow_provider_mps.local.pictures.sample_drawings import CATALOGUE_SKUS, draw_sku
from airflow_provider_mps.local.service import LocalService
from tests.operators.catalogue_child import LOOKS, run
from tests.operators.forks import FORKS
from tests.whole import WHOLE

PRODUCTS = 30
ITEMS = PRODUCTS * len(LOOKS)
KILLS = 30 if WHOLE else 8
TRIES = 100
SKUS = [f"{CATALOGUE_SKUS[number % len(CATALOGUE_SKUS)]}-{number}" for number in range(PRODUCTS)]


class Night:
    """One run of the refresh, each task of which lives in processes that may be killed."""

    def __init__(self, service: LocalService, folder: Path, name: str, dice: random.Random, *, kills: int) -> None:
        self.service, self.folder, self.name, self.dice, self.kills = service, folder, name, dice, kills
        self.killed = 0

    def refresh(self, *, deferrable: bool = False) -> dict[str, Any]:
        """Plan, make and publish; return what the last one returned."""
        plan = self._task("plan", manifest="cos:///manifest.csv")
        pictures = self._task("make", plan=plan, deferrable=deferrable)
        return self._task("publish", pictures=pictures)

    def _task(self, step: str, **more: Any) -> dict[str, Any]:
        end: dict[str, Any] = {}
        for try_number in range(1, TRIES + 1):
            end = self._process(step, try_number=try_number, **more)
            while "deferred" in end or "event" in end:
                if "event" in end:
                    end = self._process("complete", try_number=try_number, event=end["event"], **more)
                else:
                    # Another triggerer takes over the trigger of one that was killed.
                    end = self._process("trigger", trigger=end["deferred"], **more) or end
            if "returned" in end:
                break
        return dict(end["returned"])

    def _process(self, step: str, **more: Any) -> dict[str, Any]:
        """Run one process to its end, or until it is killed; then nothing is returned."""
        out = self.folder / "out.json"
        out.unlink(missing_ok=True)
        spec = {"step": step, "out": str(out), "connection": self.service.connection(), "run_id": self.name}
        spec |= {"store": str(self.folder / f"{self.name}-{step}.store"), "max_tries": TRIES, **more}
        process = FORKS.Process(target=run, args=(spec,))
        process.start()
        dies_at = time.monotonic() + self.dice.uniform(0.05, 1.5) if self.killed < self.kills else None
        process.join(None if dies_at is None else max(0.0, dies_at - time.monotonic()))
        if process.is_alive():
            process.kill()
            self.killed += 1
        process.join(120)
        assert process.exitcode in (0, -signal.SIGKILL), f"{step}: exit code {process.exitcode}"
        return read(out) if process.exitcode == 0 else {}


def read(out: Path) -> dict[str, Any]:
    return dict(json.loads(out.read_text()))


@contextmanager
def shop_watched(keys: list[str]) -> Iterator[Counter[str]]:
    """Look at the shop all the time, as its visitors do; count what they see."""
    seen: Counter[str] = Counter()
    over = threading.Event()

    def look() -> None:
        hook = CosHook()
        while not over.is_set():
            for key in keys:
                data = hook.read_object(key)
                if data is None:
                    seen["absent"] += 1
                    continue
                with Image.open(io.BytesIO(data)) as picture:
                    picture.load()
                seen["whole"] += 1

    errors: list[BaseException] = []

    def guarded() -> None:
        try:
            look()
        except BaseException as error:
            errors.append(error)

    visitor = threading.Thread(target=guarded)
    visitor.start()
    try:
        yield seen
    finally:
        over.set()
        visitor.join()
    assert not errors, errors


@pytest.fixture
def shop(service: LocalService, conn_id: str) -> list[str]:
    """Put the products and their manifest in place; return the final keys."""
    rows = ["sku,title,subject_cos_key"]
    for number, sku in enumerate(SKUS):
        service.put_object(service.bucket, f"/products/{sku}.png", draw_sku(CATALOGUE_SKUS[number % 12]))
        rows.append(f"{sku},Product {number},/products/{sku}.png")
    service.put_object(service.bucket, "/manifest.csv", "\n".join(rows).encode())
    service.add_fault(kind="delay", action="ProcessImage", when="after", seconds=0.1)
    return [f"/shop/{sku}/{look}.jpeg" for sku in SKUS for look in LOOKS]


def shown(service: LocalService, keys: list[str]) -> list[bytes]:
    return [service.get_object(service.bucket, key) for key in keys]


@pytest.mark.timeout(600)
@pytest.mark.parametrize("deferrable", [False, True] if WHOLE else [True])
def test_a_refresh_that_is_killed_again_and_again(
    deferrable: bool, shop: list[str], service: LocalService, tmp_path: Path
) -> None:
    seed = random.randrange(1 << 30)
    print(f"seed {seed}")
    dice = random.Random(seed)
    with shop_watched(shop) as seen:
        first = Night(service, tmp_path, "first", dice, kills=KILLS // 2)
        first.refresh(deferrable=deferrable)
        assert len(service.tasks) == ITEMS
        pictures = shown(service, shop)
        # Some products change, and the second night makes those.
        for sku in SKUS[:10]:
            service.put_object(service.bucket, f"/products/{sku}.png", draw_sku(CATALOGUE_SKUS[0], is_new=True))
        second = Night(service, tmp_path, "second", dice, kills=KILLS - KILLS // 2)
        second.refresh(deferrable=deferrable)
    assert len(service.tasks) == ITEMS + 20
    assert first.killed + second.killed > KILLS // 2
    changed = [one != other for one, other in zip(pictures, shown(service, shop), strict=True)]
    assert changed == [True] * 20 + [False] * (ITEMS - 20)
    assert seen["whole"] > 0
    # The picture before is kept, and it is the one that was there.
    kept = [service.get_object(service.bucket, f"/shop-before{key}") for key in shop[:20]]
    assert kept == pictures[:20]
    # Nothing has changed: nothing is submitted.
    Night(service, tmp_path, "third", dice, kills=0).refresh(deferrable=deferrable)
    assert len(service.tasks) == ITEMS + 20
