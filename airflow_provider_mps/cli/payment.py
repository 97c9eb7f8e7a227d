"""What a task costs, as far as that is known here. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from airflow_provider_mps.cli.evidence import Evidence
from airflow_provider_mps.cli.words import State
from airflow_provider_mps.core.progress import counted
from airflow_provider_mps.core.texts import clean
from airflow_provider_mps.services.profiles import AIDGE


def paid(found: Evidence, request: Mapping[str, Any]) -> list[str]:
    """Return sentences about what was paid.

    :param request: what was asked for
    """
    price = _price(found, request)
    told = [price]
    earlier = [one for one in (found.record.replaced if found.record else ()) if one != found.task_id]
    if found.record is not None and found.record.task_id != found.task_id:
        told.append("A later submission of the same Airflow task has been paid for beside it.")
    elif earlier:
        told.append(
            f"The same Airflow task had {counted(len(earlier), 'task')} before it, each of which may be paid for: "
            f"{clean(', '.join(earlier))}."
        )
    if len(found.makers) > 1:
        told.append(
            f"{len(found.makers)} Airflow tasks know it; it is one task of {found.service} and is paid for once."
        )
    return told


def _price(found: Evidence, request: Mapping[str, Any]) -> str:
    if found.service is AIDGE:
        return "Not known: the price of a task of Aidge is nowhere to be asked for. See its console."
    if not found.conn_id:
        return "Not known: the connection, which may have prices, could not be read."
    if found.prices is None:
        return f"Not known: connection {clean(found.conn_id)} has no extra 'prices'."
    amount = found.prices.price_of(_priced(found, request))
    if amount is None:
        return "Not known: the extra 'prices' of the connection has no price for what was asked, or that is not known."
    price = f"{amount} {found.prices.currency}, as the extra 'prices' of connection {clean(found.conn_id)} has it"
    if found.answer is not None and found.answer.word is State.FAILED:
        return f"At the most {price}. Whether MPS takes money for a task that failed is not known here."
    return f"{price}."


def _priced(found: Evidence, request: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what has a price: the body of a request where one is known, which names the scene, else its arguments."""
    payload = found.fields.get("payload")
    if isinstance(payload, str):
        try:
            payload = json.loads(payload)
        except (ValueError, RecursionError):
            payload = None
    if isinstance(payload, Mapping):
        return payload
    if found.fields and ("image_size" in request or "prompt" in request):
        return request
    detail = found.answer.detail if found.answer else {}
    # Without its scene an answer says nothing of a price.
    return detail if "ScheduleId" in detail else {"InputInfo": None}
