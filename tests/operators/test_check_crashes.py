"""SIGKILL while pictures are checked and made once more: each is paid for once, and what is right is published."""

from __future__ import annotations

import json
import os
import random
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_mps.catalogue.record.store import RecordStore
from airflow_provider_mps.local.pictures.sample_drawings import CATALOGUE_SKUS
from airflow_provider_mps.local.service import LocalService
from airflow_provider_mps.storage.files import Files
from tests.catalogue.nights import CATALOGUE, Nights
from tests.operators.check_child import run
from tests.operators.forks import FORKS
from tests.whole import WHOLE

MANIFEST = [{"sku": sku, "subject_cos_key": f"/samples/catalogue/{sku}.png"} for sku in CATALOGUE_SKUS]
# Of these the first picture is wrong; of the last the second, too.
WRONG, WRONG_TWICE = CATALOGUE_SKUS[:5], CATALOGUE_SKUS[5]
# make test-crashes has more.
LIVES = int(os.environ.get("MPS_TEST_LIVES", "1"))
KILLS = 6 if WHOLE else 3


@pytest.fixture
def service() -> Any:
    """Pictures as large as they are asked for."""
    with LocalService(task_seconds=0, rate_limit=0) as service:
        yield service


def live(service: LocalService, spec: dict[str, Any], requests: int | None) -> dict[str, Any] | None:
    """Run one process to its end; None if it was killed, once the service had seen so many more requests."""
    before, deadline = len(service.journal), time.monotonic() + 90
    process = FORKS.Process(target=run, args=(spec,))
    process.start()
    while process.is_alive() and (requests is None or len(service.journal) - before < requests):
        assert time.monotonic() < deadline
        time.sleep(0.002)
    if requests is not None:
        process.kill()
    process.join(60)
    assert process.exitcode in (0, -signal.SIGKILL)
    return dict(json.loads(Path(spec["out"]).read_text())) if process.exitcode == 0 else None


def killed_and_ended(service: LocalService, spec: dict[str, Any], chance: random.Random, most: int) -> dict[str, Any]:
    """Kill some tries, each after less than so many requests, and return what the one after them does."""
    killed = 0
    for number in range(1, KILLS + 1):
        killed += live(service, spec | {"try_number": number}, chance.randrange(1, most)) is None
    checked = live(service, spec | {"try_number": KILLS + 1}, None)
    assert killed > 1
    assert checked is not None
    return checked


@pytest.mark.parametrize("seed", range(LIVES))
def test_killed_again_and_again(
    seed: int, service: LocalService, conn_id: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance, nights = random.Random(seed), Nights(service, tmp_path, monkeypatch)
    for sku in WRONG:
        service.add_fault(kind="wrong_picture", shows="blank", match=f"{sku}.png", times=1)
    service.add_fault(kind="wrong_picture", shows="cut", match=f"{WRONG_TWICE}.png", times=2)
    # What is right is not this test's: a part of the pictures is compared only by what is blank or cut.
    looks = {"brick": {"bg_cos_key": "/samples/brick.png", "image_size": "1K"}}
    pictures = nights.make("monday", nights.plan("monday", manifest=MANIFEST, looks=looks))
    assert len(service.tasks) == len(MANIFEST)
    spec = {"pictures": pictures, "store": str(tmp_path / "store"), "out": str(tmp_path / "out.json")}
    spec["connection"] = service.connection()
    checked = killed_and_ended(service, spec, chance, 80)
    assert checked["counts"]["rejected"] == 1
    assert checked["counts"]["ok"] == len(MANIFEST) - 1
    # One for each, and one more for each that was wrong.
    assert len(service.tasks) == len(MANIFEST) + len(WRONG) + 1
    known = RecordStore(Files(), CATALOGUE).read()
    for sku in (*WRONG, WRONG_TWICE):
        rejected = known.state(f"{sku}/brick").rejected
        assert rejected is not None
        assert len(rejected.pictures) == (2 if sku == WRONG_TWICE else 1)
    assert nights.publish("monday", checked)["counts"]["published"] == len(MANIFEST) - 1
    nights.over.add("monday")
    plan = nights.plan("tuesday", manifest=MANIFEST, looks=looks)
    assert plan["counts"]["unchanged"] == len(MANIFEST) - 1
    assert plan["counts"]["make"] == 0


@pytest.mark.skipif(not WHOLE, reason="make test-whole runs it")
@pytest.mark.parametrize("seed", range(LIVES))
def test_killed_while_the_service_is_asked(
    seed: int, service: LocalService, conn_id: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance, nights = random.Random(seed), Nights(service, tmp_path, monkeypatch)
    manifest = MANIFEST[:4]
    # Of one nothing but the service's opinion is bad, and of one the picture that is made for that is, too.
    low, twice = CATALOGUE_SKUS[0], CATALOGUE_SKUS[1]
    looks = {"brick": {"bg_cos_key": "/samples/brick.png", "image_size": "1K"}}
    pictures = nights.make("monday", nights.plan("monday", manifest=manifest, looks=looks))
    service.add_fault(kind="wrong_text", body='{"IQA": 3}', match=f"{low}-", times=1)
    service.add_fault(kind="wrong_text", body='{"IQA": 4}', match=f"{twice}-")
    spec = {"pictures": pictures, "store": str(tmp_path / "store"), "out": str(tmp_path / "out.json")}
    spec |= {"connection": service.connection(), "second_opinion": {"IQA": 5}}
    checked = killed_and_ended(service, spec, chance, 120)
    assert checked["counts"]["rejected"] == 1
    assert checked["counts"]["ok"] == len(manifest) - 1
    assert checked["counts"]["opinions"] == len(manifest)
    # One for each picture that there is: four, and the two that were made once more.
    assert sum(bool(task.job.assessed) for task in service.tasks) == len(manifest) + 2
    assert sum(not task.job.assessed for task in service.tasks) == len(manifest) + 2
    assert nights.publish("monday", checked)["counts"]["published"] == len(manifest) - 1
