"""A plan that people read has no signature in it, and the batch that makes it follows signed addresses all the same."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_mps.catalogue.lines import PlanLine, plan_lines
from airflow_provider_mps.catalogue.record.store import RecordStore
from airflow_provider_mps.catalogue.sealing import Seals
from airflow_provider_mps.core.arguments import ArgumentError
from airflow_provider_mps.exceptions import InvalidArgumentError
from airflow_provider_mps.local.service import LocalService
from airflow_provider_mps.services.tencentcloud.connection import TencentCloudSettings
from airflow_provider_mps.storage.files import Files
from tests.catalogue.nights import CATALOGUE, Nights
from tests.operators.plans import line

SIGNATURE = "5ec4e70123456789abcdef0123456789"


def seals(secret: str | None = "a-secret-key") -> Seals:
    return Seals(lambda: TencentCloudSettings(secret_id=secret and "id", secret_key=secret))


def written(service: LocalService) -> str:
    objects = [info.key for info in service.backend.store.all(service.bucket)]
    return "".join(service.get_object(service.bucket, key).decode("latin-1") for key in objects if ".json" in key)


def rows(service: LocalService) -> list[dict[str, str]]:
    query = f"q-sign-algorithm=sha1&q-ak=AKID&q-sign-time=1;2&q-key-time=1;2&q-signature={SIGNATURE}"
    return [
        {"sku": "vase", "subject_url": f"{service.url}/_local/samples/vase.png?{query}"},
        {"sku": "tin", "subject_cos_key": "/samples/catalogue/tin-tea.png"},
    ]


def test_a_signed_address_is_followed_and_written_nowhere(nights: Nights, service: LocalService) -> None:
    plan = nights.plan("monday", manifest=rows(service))
    first, second = nights.lines(plan)
    assert first["request"]["subject_url"] == f"{service.url}/_local/samples/vase.png"
    assert "sealed" in first
    assert "sealed" not in second
    pictures = nights.make("monday", plan)
    assert pictures["counts"] == {"made": 2, "failed": 0}
    assert sorted(SIGNATURE in json.dumps(task.input_info) for task in service.tasks) == [False, True]
    assert SIGNATURE not in written(service)
    # Signed anew it is the same picture.
    other = [{**row, "subject_url": row["subject_url"].replace("5ec4", "5ec5")} for row in rows(service)[:1]]
    nights.publish("monday", pictures)
    assert nights.plan("tuesday", manifest=other)["counts"]["unchanged"] == 1
    assert nights.plan("tuesday", manifest=other, dry_run=True, force=True)["counts"]["make"] == 1
    assert "5ec5" not in written(service)


def test_without_a_key_nothing_is_planned(
    nights: Nights, service: LocalService, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Seals.__dict__["_key"].func
    # The stand-in serves nobody without a key.
    monkeypatch.setattr(
        "airflow_provider_mps.catalogue.sealing.Seals._key", property(lambda _: real(Seals(TencentCloudSettings)))
    )
    with pytest.raises(InvalidArgumentError, match="an address is signed, and without a SecretKey"):
        nights.plan("monday", manifest=rows(service))
    assert RecordStore(Files(), CATALOGUE).read().seq == 0
    assert SIGNATURE not in written(service)


def test_a_plan_of_another_key_says_what_to_do(
    nights: Nights, service: LocalService, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = nights.plan("monday", manifest=rows(service))
    monkeypatch.setattr("airflow_provider_mps.catalogue.sealing._PURPOSE", b"another key")
    with pytest.raises(InvalidArgumentError) as caught:
        nights.make("monday", plan)
    said = str(caught.value)
    assert said.startswith("requests: plan-1-")
    assert "line 1: its signed addresses were sealed with another SecretKey" in said
    assert len(service.tasks) == 0


def test_the_key_of_the_environment_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    signed = line(1, request={"subject_url": f"https://a.test/a.png?q-ak=AKID&q-signature={SIGNATURE}"})
    monkeypatch.setenv("TENCENTCLOUD_SECRET_KEY", "a-secret-key")
    sealed = seals(None).sealed(_of_plan(signed))
    assert seals().request_of(sealed) == signed["request"]
    monkeypatch.delenv("TENCENTCLOUD_SECRET_KEY")
    with pytest.raises(ArgumentError, match="without a SecretKey"):
        seals(None).sealed(_of_plan(signed))


@pytest.mark.parametrize("sealed", ["", "x", "é", "gAAAAA"])
def test_what_was_never_sealed_is_refused(sealed: str) -> None:
    with pytest.raises(ArgumentError, match="another SecretKey"):
        seals().request_of(_of_plan(line(1, sealed=sealed)))


def test_a_seal_is_a_text() -> None:
    with pytest.raises(ArgumentError, match="sealed is no text"):
        _of_plan(line(1, sealed=7))


def test_what_is_only_published_needs_no_key() -> None:
    one = line(1, request={"subject_url": f"https://a.test/a.png?q-ak=AKID&q-signature={SIGNATURE}"})
    found = seals(None).sealed({**one, "action": "publish"})  # type: ignore[typeddict-item]
    assert found["request"] == {"subject_url": "https://a.test/a.png"}
    assert "sealed" not in found


TEXTS = st.text(max_size=20)
VALUES = st.one_of(TEXTS, st.integers(), st.booleans(), st.lists(TEXTS, max_size=3))


@given(st.dictionaries(TEXTS, VALUES, max_size=4), TEXTS.map(quote))
def test_what_is_sealed_opens_as_it_was(request: dict[str, Any], path: str) -> None:
    signed = f"https://a.test/{path}?q-ak=AKID&q-signature={SIGNATURE}"
    whole = {**request, "subject_url": signed, "prompt": [f"like {signed}"]}
    one = _of_plan(line(1, request=whole))
    sealed = seals().sealed(one)
    assert seals().request_of(sealed) == whole
    assert seals().sealed(sealed) == sealed
    assert SIGNATURE not in json.dumps(sealed)


def _of_plan(one: dict[str, Any]) -> PlanLine:
    (found,) = plan_lines([one], "plan")
    return found
