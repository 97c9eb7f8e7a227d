"""Pictures that people are asked about, and their answers, for tests."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from airflow_provider_mps.catalogue.approval.candidates import Candidate, candidates_of, pages_of
from airflow_provider_mps.catalogue.approval.options import Options
from airflow_provider_mps.catalogue.words import AskPer

ADA = {"id": "3", "name": "Ada"}
HOSTILE = (
    "[click](https://evil.example/x)",
    "![](https://evil.example/x.png)",
    "![x](javascript:alert(1))",
    "<javascript:alert(1)>",
    "a | b | c",
    "line\n\n# heading\n- list\n1. one",
    "`code` ``more`` ~~~",
    "</td></table><img src=x onerror=alert(1)>",
    "https://evil.example/?a=1 www.evil.example ada@evil.example",
    "[ref]: https://evil.example 'x'",
    "&lt;b&gt; &#91;x&#93;(y) \\[x\\](y)",
    "**bold** __b__ _i_ ~~gone~~ [^1] $x$",
    "{{ 7 * 7 }}{% raw %}{# x #}",
    "1. cup [1-20 abcdef 01234567]",
    "All of these [1-2 abcdef]",
    "None of these",
    "\u202egnp.exe\u2066 \u0000 \ud800",
    "|---|---|",
    "x" * 3000,
)


def output(path: str) -> dict[str, str]:
    return {"bucket": "shop-1250000000", "region": "ap-guangzhou", "path": path}


def entry(number: int, round_: int = 1, *, pictures: int = 1, **more: Any) -> dict[str, Any]:
    """Return the entry of a batch."""
    outputs = [output(f"/output/{round_}-{number}-{place}.jpeg") for place in range(pictures)]
    known = {"key": f"cup-{number}", "subject": f"cos://shop-1250000000/in/{number}.png"}
    return {**known, "TaskId": f"task-{round_}-{number}", "Status": "FINISH", "Outputs": outputs, **more}


def candidates(parts: Iterable[Any]) -> list[Candidate]:
    return list(candidates_of(parts))


def questions(found: Sequence[Candidate], per: AskPer = AskPer.PAGE, per_page: int = 20) -> list[list[str]]:
    """Return the options of each question."""
    options = Options(found)
    return [options.write(numbers, offers_all=per is AskPer.PAGE) for numbers in pages_of(found, per, per_page)]


def answer(chosen: Sequence[str], by: Any = ADA, at: Any = "2026-11-30T12:00:00+00:00") -> dict[str, Any]:
    """Return what Airflow returns of a question."""
    return {"chosen_options": list(chosen), "params_input": {}, "responded_at": at, "responded_by_user": by}
