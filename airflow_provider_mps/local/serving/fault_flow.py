"""Carries a request out as the fault rules want it, the same way for every service."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from airflow_provider_mps.local.serving.faults import TERMINAL, Rule
from airflow_provider_mps.local.serving.journal import JournalRecord
from airflow_provider_mps.local.serving.wire import DropConnection, HttpReply


async def carry_out(
    rules: Sequence[Rule],
    record: JournalRecord,
    run: Callable[[], Awaitable[HttpReply]],
    *,
    refusal: Callable[[Rule], Exception],
    media_type: str,
) -> HttpReply:
    """Carry a request out, unless a rule says otherwise.

    :param rules: the rules that apply to the request.
    :param record: its entry in the journal; ``fault`` and ``executed`` are set.
    :param run: does what is asked.
    :param refusal: makes an ``error`` rule into what the service raises for a refusal.
    :param media_type: the content type of the service's answers, which ``garbage`` has too.
    :return: the answer.
    :raises DropConnection: for a rule that resets the connection.
    :raises Exception: what ``refusal`` makes, or what ``run`` raises.
    """
    delays = [rule for rule in rules if rule.kind == "delay"]
    last = next((rule for rule in rules if rule.kind in TERMINAL), None)
    await asyncio.sleep(sum(rule.seconds for rule in delays if rule.when == "before"))
    if last:
        record.fault = last.kind
        if last.kind == "error":
            raise refusal(last)
        if last.kind == "http":
            return HttpReply(last.http_status(502), [("Content-Type", "text/html")], last.page())
        if last.kind == "reset":
            raise DropConnection
        if last.kind == "garbage" and not last.executed:
            return HttpReply(200, [("Content-Type", media_type)], last.body.encode())
    reply = await run()
    record.executed = True
    await asyncio.sleep(sum(rule.seconds for rule in delays if rule.when == "after"))
    if last and last.kind == "lost_answer":
        raise DropConnection
    if last and last.kind == "garbage":
        return HttpReply(200, [("Content-Type", media_type)], last.body.encode())
    return reply
