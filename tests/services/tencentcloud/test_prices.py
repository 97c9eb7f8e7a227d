from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_mps.core.arguments import ArgumentError
from airflow_provider_mps.services.tencentcloud.payloads import BgFusion, StorageDefaults
from airflow_provider_mps.services.tencentcloud.prices import read_prices
from airflow_provider_mps.services.tencentcloud.words import ImageSize

GIVEN = {"1K": 0.1, "2K": "0.25", "4k": 1, "currency": "CNY"}
sizes = st.sampled_from(list(ImageSize))
amounts = st.decimals(min_value=0, max_value=10**6, allow_nan=False, allow_infinity=False, places=4)


@pytest.mark.parametrize("value", [GIVEN, json.dumps(GIVEN)])
def test_prices_are_given_as_a_dict_or_as_its_text(value: Any) -> None:
    prices = read_prices("prices", value)
    assert prices.currency == "CNY"
    assert dict(prices.by_size) == {"1K": Decimal("0.1"), "2K": Decimal("0.25"), "4K": Decimal(1)}
    hash(prices)


@given(st.dictionaries(sizes, amounts, min_size=1))
def test_an_amount_is_kept_to_the_digit(by_size: dict[ImageSize, Decimal]) -> None:
    text = ", ".join(f'"{size}": {amount:f}' for size, amount in by_size.items())
    prices = read_prices("prices", f'{{{text}, "currency": "USD"}}')
    assert {size: prices.price_of({"image_size": size}) for size in by_size} == by_size


@pytest.mark.parametrize("size", [None, "1K", "2k", "4K"])
def test_a_request_and_its_body_have_the_same_price(size: str | None) -> None:
    prices = read_prices("prices", GIVEN)
    request: dict[str, Any] = {"subject_cos_key": "/a.png", "prompt": "x"} | ({"image_size": size} if size else {})
    body = BgFusion.of(request).payload(StorageDefaults("b-125", "ap-guangzhou"))
    found = {None: "0.25", "1K": "0.1", "2k": "0.25", "4K": "1"}[size]
    assert prices.price_of(request) == prices.price_of(body) == Decimal(found)


@pytest.mark.parametrize(
    "request_",
    [
        {"image_size": "8K"},
        {"image_url": "https://e.com/a.png", "scene_id": "7"},
        {"InputInfo": {}, "ScheduleId": 30000},
        {"InputInfo": {}},
    ],
)
def test_of_anything_else_no_price_is_known(request_: dict[str, Any]) -> None:
    assert read_prices("prices", GIVEN).price_of(request_) is None


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("{", "prices: expected a dict such as"),
        ("[1]", "prices: expected a dict such as"),
        (3, "prices: expected a dict such as"),
        ({"1K": 1}, "prices: currency: expected the code of a currency"),
        ({"1K": 1, "currency": "yuan"}, "prices: currency: expected the code of a currency"),
        ({"currency": "CNY"}, "prices: expected a price for at least one of 1K, 2K, 4K"),
        ({"3K": 1, "currency": "CNY"}, "prices: expected 1K or 2K or 4K, got '3K'"),
        ({"1K": -1, "currency": "CNY"}, "prices: 1K: expected a price of at least 0, got -1"),
        ({"1K": "NaN", "currency": "CNY"}, "prices: 1K: expected a price of at least 0, got 'NaN'"),
        ({"1K": "a", "currency": "CNY"}, "prices: 1K: expected a price of at least 0, got 'a'"),
        ({"1K": True, "currency": "CNY"}, "prices: 1K: expected a price of at least 0, got True"),
        ({"1K": None, "currency": "CNY"}, "prices: 1K: expected a price of at least 0, got None"),
    ],
)
def test_what_is_no_price_is_named(value: Any, said: str) -> None:
    with pytest.raises(ArgumentError) as raised:
        read_prices("prices", value)
    assert str(raised.value).startswith(said)
