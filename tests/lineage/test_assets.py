"""Assets at ``cos://`` as Airflow itself makes them, and what OpenLineage makes of these."""

from __future__ import annotations

import pytest
from airflow.providers.common.compat.sdk import Asset

from airflow_provider_mps.compat import hook_lineage
from airflow_provider_mps.lineage.assets import create_asset
from tests.task_context import AIRFLOW_2


@pytest.mark.parametrize(
    "address",
    ["cos://Shop-1250000000/out/cup.png", "COS://shop-1250000000/out/cup.png/", "cos://shop-1250000000/out/cup.png"],
)
def test_an_asset_is_the_same_however_it_is_written(address: str) -> None:
    assert Asset(address).uri == "cos://shop-1250000000/out/cup.png"


def test_a_connection_is_no_part_of_an_asset() -> None:
    if AIRFLOW_2:
        with pytest.warns(UserWarning, match="auth info"):
            found = Asset("cos://tencent@shop-1250000000/out")
    else:
        found = Asset("cos://tencent@shop-1250000000/out")
    assert found.uri == "cos://shop-1250000000/out"


@pytest.mark.skipif(AIRFLOW_2, reason="Airflow 2 warns, unless it is told to be strict")
@pytest.mark.parametrize("address", ["cos:///out/cup.png", "cos://shop-1/cup.png?q-signature=q8Zt0LwX3vRb5NcY9dKf"])
def test_an_asset_without_a_bucket_or_with_a_credential_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="The address of an asset"):
        Asset(address)


def test_airflow_knows_the_factory_and_the_converter() -> None:
    pytest.importorskip("airflow.providers.openlineage")
    from airflow.providers.common.compat.openlineage.utils.utils import translate_airflow_asset

    asset = create_asset(bucket="shop-1250000000", key="/out/cup.png", extra={"n": 1})
    assert (asset.uri, asset.extra) == ("cos://shop-1250000000/out/cup.png", {"n": 1})
    found = translate_airflow_asset(asset, None)
    assert found is not None
    assert (found.namespace, found.name) == ("cos://shop-1250000000", "out/cup.png")


def test_there_is_no_collector_where_nobody_reads_it() -> None:
    assert hook_lineage() is None


@pytest.mark.skipif(AIRFLOW_2, reason="Airflow 2 has only ASCII in its database")
@pytest.mark.parametrize("key", ["a b.png", "杯.png", "50%.png", "a?b.png", "a#b.png", "a?y=2&x=1#top", "a//b.png"])
def test_openlineage_gets_the_key_of_an_asset_as_it_is(key: str) -> None:
    pytest.importorskip("airflow.providers.openlineage")
    from airflow.providers.common.compat.openlineage.utils.utils import translate_airflow_asset

    found = translate_airflow_asset(create_asset(bucket="shop-1250000000", key=key), None)
    assert found is not None
    assert (found.namespace, found.name) == ("cos://shop-1250000000", key)
