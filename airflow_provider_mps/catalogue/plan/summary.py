"""Say what a plan has in it, in a line for the task log, and what it costs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from decimal import Decimal
from itertools import islice
from typing import Any

from airflow_provider_mps.catalogue.lines import PlanLine
from airflow_provider_mps.catalogue.words import Action, LeftOut
from airflow_provider_mps.core.progress import counted
from airflow_provider_mps.services.tencentcloud.prices import Prices

_SHOWN = 3


def priced(to_make: Iterable[PlanLine], prices: Prices | None) -> dict[str, Any] | None:
    """Return what pictures cost: ``{"amount", "currency", "without_price"}``; None where no prices are known.

    :param to_make: their lines
    :param prices: the price of a picture by its size
    """
    if prices is None:
        return None
    count = Counter(prices.price_of(line["request"]) for line in to_make)
    without = count.pop(None, 0)
    amount = sum((price * number for price, number in count.items() if price is not None), Decimal(0))
    return {"amount": str(amount), "currency": prices.currency, "without_price": without}


def described(output: Mapping[str, Any]) -> str:
    """Return one line about a plan, from what its task returns."""
    counts = output["counts"]
    reasons = ", ".join(f"{why} {count:,}" for why, count in counts["why"].items())
    said = [f"{counts['make']:,} of {counts['items']:,} to make"]
    said += [f"{counts[action]:,} to {action}" for action in (Action.PUBLISH, Action.UNPUBLISH) if counts[action]]
    if reasons:
        said[-1] += f" ({reasons})"
    said += [f"{counts[left]:,} {left.replace('_', ' ')}" for left in LeftOut if counts[left]]
    if counts["bad_rows"]:
        said.append(counted(counts["bad_rows"], "bad row"))
    if price := output.get("price"):
        unknown = f" and {price['without_price']:,} without a price" if price["without_price"] else ""
        said.append(f"price {price['amount']} {price['currency']}{unknown}")
    return "; ".join(said)


def first_left_out(left_out: Iterable[Mapping[str, Any]], why: LeftOut) -> str:
    """Return the first items that are left out for a reason, with the codes of their failures; empty for none."""
    found = (left for left in left_out if left["left_out"] == why)
    some = [
        f"{left['item']} ({left['code']})" if "code" in left else left["item"] for left in islice(found, _SHOWN + 1)
    ]
    return ", ".join(some[:_SHOWN]) + (" and more" if len(some) > _SHOWN else "")
