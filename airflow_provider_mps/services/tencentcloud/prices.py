"""What a picture costs, as the connection says: the services name no price in their answers."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from airflow_provider_mps.core import arguments
from airflow_provider_mps.services.tencentcloud.words import BG_FUSION_SCHEDULE_ID, DEFAULT_IMAGE_SIZE, ImageSize

_CURRENCY = re.compile(r"[A-Z]{3}")
_EXPECTED = 'a dict such as {"1K": 0.1, "2K": 0.2, "currency": "CNY"}'


@dataclass(frozen=True)
class Prices:
    """The price of a picture by its size.

    :param currency: code of the currency, such as ``CNY`` (ISO 4217)
    :param by_size: pairs of a size and the price of one picture
    """

    currency: str
    by_size: tuple[tuple[ImageSize, Decimal], ...]

    def price_of(self, request: Mapping[str, Any]) -> Decimal | None:
        """Return the price of the picture that a request asks for; None if none is known.

        :param request: the arguments of a picture as an operator or a batch takes them, or the body of a ProcessImage
        """
        if "InputInfo" in request:
            if request.get("ScheduleId") != BG_FUSION_SCHEDULE_ID:
                return None
            output = (request.get("AddOnParameter") or {}).get("OutputConfig") or {}
            size = output.get("ImageSize")
        elif "scene_id" in request:
            # A picture of Aidge, which has prices of its own.
            return None
        else:
            size = request.get("image_size")
        wanted = str(size or DEFAULT_IMAGE_SIZE).upper()
        return next((price for known, price in self.by_size if known == wanted), None)


def read_prices(name: str, value: Any) -> Prices:
    """Read prices, given as a dict or as the JSON text of one.

    :param name: what they are called, for messages
    :raises ArgumentError: they cannot be used
    """
    given = value
    if isinstance(value, str):
        try:
            # As they are written: a price is no binary fraction.
            given = json.loads(value, parse_float=Decimal)
        except (ValueError, RecursionError):
            arguments.fail(name, value, _EXPECTED)
    if not isinstance(given, Mapping):
        arguments.fail(name, value, _EXPECTED)
    prices = {size: amount for size, amount in given.items() if size != "currency"}
    currency = given.get("currency")
    if not isinstance(currency, str) or not _CURRENCY.fullmatch(currency):
        arguments.fail(f"{name}: currency", currency, "the code of a currency such as CNY or USD")
    if not prices:
        arguments.fail(name, value, f"a price for at least one of {', '.join(ImageSize)}")
    found = {arguments.choice(name, size, ImageSize): _amount(f"{name}: {size}", prices[size]) for size in prices}
    return Prices(currency, tuple(sorted(found.items())))


def _amount(name: str, value: Any) -> Decimal:
    expected = "a price of at least 0"
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal | str):
        arguments.fail(name, value, expected)
    try:
        amount = Decimal(str(value).strip())
    except InvalidOperation:
        arguments.fail(name, value, expected)
    if not amount.is_finite() or amount < 0:
        arguments.fail(name, value, expected)
    return amount
