"""The page of a report: one file of HTML that needs no network and runs no script.

Names, prompts and messages come from manifests and services. They are escaped wherever they stand, and a policy in the
page has a browser load nothing but the pictures in it.
"""

from __future__ import annotations

from base64 import b64encode
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from functools import cache
from importlib import resources
from typing import Any
from urllib.parse import quote

from airflow_provider_mps import __version__
from airflow_provider_mps.catalogue.report.files import FileNames
from airflow_provider_mps.catalogue.report.headline import headline_of
from airflow_provider_mps.catalogue.report.items import End
from airflow_provider_mps.catalogue.report.pictures import Drawn, ShownItem
from airflow_provider_mps.catalogue.report.summary import FailureGroup, Report, StepState, Timing
from airflow_provider_mps.core.progress import duration

MAX_ROWS = 500
"""How many failures the page lists in all; the others are in the JSON file."""
MAX_ROWS_OF_CODE = 100
MAX_GROUPS = 50
# Of the drawing of the pace.
_FEWEST_BARS, _MOST_BARS = 8, 60

_TONES = {
    End.PUBLISHED: "good",
    End.MADE: "calm",
    End.NOT_PUBLISHED: "bad",
    End.FAILED: "bad",
    End.REJECTED: "bad",
    End.NOT_APPROVED: "wait",
    End.LEFT: "wait",
    End.UNKNOWN: "wait",
    End.UNPUBLISHED: "calm",
}
_STEP_TONES = {
    StepState.READ: "good",
    StepState.PARTLY: "bad",
    StepState.UNREADABLE: "bad",
    StepState.MISSING: "wait",
    StepState.NOT_ASKED: "soft",
}
_TILES = (
    ("to_make", "to be made", ""),
    ("made", "made", "good"),
    ("remade", "made once more", ""),
    ("failed", "failed", "bad"),
    ("rejected", "rejected", "bad"),
    ("not_approved", "not approved", "wait"),
    ("left_for_later", "left for later", "wait"),
    ("published", "published", "good"),
    ("publication_failed", "publication failed", "bad"),
    ("made_before", "made before", ""),
    ("unpublished", "unpublished", ""),
    ("unchanged", "unchanged", ""),
    ("waiting", "waiting", "wait"),
    ("in_another_run", "in another run", ""),
    ("refused", "refused before", "bad"),
    ("unreachable", "unreachable", "bad"),
    ("removed", "removed", ""),
    ("bad_rows", "bad rows", "bad"),
)
# Those that are shown also where there are none of them; others only where there are.
_ALWAYS = ("to_make", "made", "failed", "published")


def render_page(report: Report, shown: Sequence[ShownItem], names: FileNames, note: str = "") -> bytes:
    """Return the page, in UTF-8.

    :param report: what it tells
    :param shown: the items whose pictures it shows
    :param names: of the files that it names
    :param note: what is said above the pictures, such as how many are not shown; empty for nothing
    """
    facts, timing = list(_facts(report)), report.timing
    groups = list(_failures(report.failures))
    page: str = _template().render(
        report=report,
        headline=headline_of(report),
        about=_about(report),
        tiles=list(_tiles(report)),
        bar=(bar := [] if report.is_dry else _bar(report)),
        bar_words=", ".join(f"{part['count']:,} {part['words']}" for part in bar),
        # Of a dry run there is nothing to come of it.
        ends=[end for end in End if not report.is_dry and any(reason.ends.get(end) for reason in report.reasons)],
        facts=facts,
        pace=_pace(timing) if timing else None,
        failures=groups,
        more_groups=len(report.failures) - len(groups),
        cards=(_card(one) for one in shown),
        pictures_note=note,
        steps=[{**_step_fields(step), "tone": _STEP_TONES[step.state]} for step in report.steps],
        json_name=names.json,
        csv_name=names.csv,
        # Beside the page, whatever is in the name.
        json_href=f"./{quote(names.json)}",
        csv_href=f"./{quote(names.csv)}",
        version=__version__,
        made_at=_moment(report.made_at),
    )
    return page.encode("utf-8", "replace")


@cache
def _template() -> Any:
    from jinja2 import Environment, StrictUndefined

    env = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    env.filters["number"] = lambda value: f"{value:,}"
    return env.from_string(resources.files(__package__).joinpath("page.html").read_text("utf-8"))


def _about(report: Report) -> list[tuple[str, str]]:
    rows = [("Catalogue", report.catalogue), *report.run.items(), ("Made", _moment(report.made_at))]
    return [(name, value) for name, value in rows if value]


def _moment(moment: float) -> str:
    """Return seconds since the epoch as people read them."""
    return f"{datetime.fromtimestamp(moment, UTC):%Y-%m-%d %H:%M:%S} UTC"


def _tiles(report: Report) -> Iterator[dict[str, Any]]:
    for word, words, tone in _TILES:
        count = report.counts.get(word, 0)
        if count or word in (_ALWAYS[:1] if report.is_dry else _ALWAYS):
            yield {"count": count, "words": words, "tone": tone}


def _bar(report: Report) -> list[dict[str, Any]]:
    ends: Counter[End] = Counter()
    for reason in report.reasons:
        ends.update(reason.ends)
    total = ends.total()
    return [
        {"tone": _TONES[end], "words": str(end), "count": ends[end], "percent": f"{100 * ends[end] / total:.2f}"}
        for end in End
        if ends[end]
    ]


def _facts(report: Report) -> Iterator[dict[str, str]]:
    counts, timing = report.counts, report.timing
    if counts.get("pictures_paid") or counts.get("pictures_perhaps_paid"):
        yield {"words": "Pictures paid for", "value": f"{counts['pictures_paid']:,}"}
    if counts.get("pictures_perhaps_paid"):
        yield {"words": "Accepted, end not known", "value": f"{counts['pictures_perhaps_paid']:,} (may be paid too)"}
    if report.price:
        amount, currency, priced = report.price
        rest = "" if priced == counts["to_make" if report.is_dry else "pictures_paid"] else f" for {priced:,} of them"
        told = f"{amount:,.2f}" if amount == round(amount, 2) else f"{amount:,f}"
        yield {"words": "It would cost" if report.is_dry else "Price", "value": f"{told} {currency}{rest}"}
    if timing:
        yield {"words": "First accepted", "value": _moment(timing.first)}
        yield {"words": "Last done", "value": _moment(timing.last)}
        yield {"words": "Time", "value": duration(timing.seconds)}
        if timing.per_minute is not None:
            yield {"words": "Rate", "value": f"{timing.per_minute:,.1f} a minute"}


def _pace(timing: Timing) -> dict[str, Any] | None:
    """Return the drawing of how many pictures were done when."""
    bars = min(_MOST_BARS, timing.made // 3, int(timing.seconds))
    if bars < _FEWEST_BARS:
        return None
    bins = timing.bins(bars)
    highest = max(bins)
    rects = [
        {"x": 10 * place, "y": f"{52 - height:.1f}", "width": 8, "height": f"{height + 2:.1f}"}
        for place, count in enumerate(bins)
        if (height := 52 * count / highest) or count
    ]
    words = (
        f"Pictures done over time: {timing.made:,} in {duration(timing.seconds)}, at most {highest:,} in "
        f"{duration(timing.seconds / bars)}"
    )
    return {"width": 10 * bars - 2, "rects": rects, "words": words}


def _failures(groups: Sequence[FailureGroup]) -> Iterator[dict[str, Any]]:
    left = MAX_ROWS
    for group in groups[:MAX_GROUPS]:
        shown = group.items[: min(left, MAX_ROWS_OF_CODE)]
        left -= len(shown)
        yield {
            "code": group.code,
            "service": group.service,
            "hint": group.hint,
            "is_final": group.is_final,
            "count": len(group.items),
            "shown": shown,
            "more": len(group.items) - len(shown),
        }


def _card(shown: ShownItem) -> dict[str, Any]:
    item = shown.item
    frames = [
        _frame("Subject", f"Subject of {item.item}", shown.subject),
        _frame("Before", f"{item.item}, as it was published before", shown.before),
        _frame("After", f"{item.item}, as it was made", shown.after),
    ]
    return {"item": item, "tone": _TONES[item.end], "frames": frames}


def _frame(label: str, alt: str, drawn: Drawn) -> dict[str, Any]:
    if drawn.thumbnail is None:
        return {"label": label, "source": "", "size": "", "words": drawn.why_not}
    small = drawn.thumbnail
    return {
        "label": label,
        "alt": alt,
        "source": f"data:image/jpeg;base64,{b64encode(small.jpeg).decode()}",
        "width": small.width,
        "height": small.height,
        "size": f"{small.full_width} × {small.full_height}",
    }


def _step_fields(step: Any) -> dict[str, Any]:
    return {
        "name": step.name,
        "state": step.state,
        "lines": step.lines,
        "paths": step.paths,
        "problems": step.problems,
    }
