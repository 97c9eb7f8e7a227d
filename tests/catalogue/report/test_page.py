from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from airflow_provider_mps.catalogue.report.files import FileNames
from airflow_provider_mps.catalogue.report.items import read_line
from airflow_provider_mps.catalogue.report.page import MAX_ROWS, MAX_ROWS_OF_CODE, render_page
from airflow_provider_mps.catalogue.report.pictures import Drawn, ShownItem
from airflow_provider_mps.catalogue.report.summary import Price, Step, StepName, StepState
from airflow_provider_mps.pictures.thumbnails import thumbnail
from tests.catalogue.report_lines import failed, made, plan_line, published, report
from tests.pictures import picture
from tests.whole import examples

NAMES = FileNames("report.html", "report.json", "report.csv")
HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "</title></style></svg></details><script src=//evil.example>",
    "javascript:alert(1)",
    "&lt;script&gt;",
    "{{ 7 * 7 }}{% for x in ().__class__ %}",
    "<!--",
    "]]>",
    "</bdi><a href='javascript:alert(1)'>\u202e\u0000\ud800",
)
SMALL = Drawn(thumbnail(picture(300, 200)))
NONE = Drawn(None, "none was made")


class Parts(HTMLParser):
    """The elements of a page with their attributes, and its text."""

    def __init__(self, page: bytes) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.feed(page.decode())
        self.close()

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text.append(data)

    def handle_comment(self, data: str) -> None:
        self.elements.append(("comment", {}))

    @property
    def words(self) -> str:
        return " ".join(" ".join(self.text).split())

    @property
    def shape(self) -> list[tuple[str, tuple[str, ...]]]:
        return [(tag, tuple(sorted(attributes))) for tag, attributes in self.elements]

    def values(self, name: str) -> Iterator[str]:
        for _, attributes in self.elements:
            if name in attributes:
                yield attributes[name] or ""


def lines_with(text: str) -> list[dict[str, Any]]:
    """Lines of every kind, with a text wherever one can be."""
    told = {"sku": text, "look": text, "why": text, "request": {"prompt": text, "subject_url": text}}
    error = {"Code": text, "Message": text, "RequestId": text}
    return [
        {**published(), **told, "item": text, "publish_to": text},
        {**plan_line(), **told, "item": text, "entry": {**failed(text, text, text), "TaskId": text}},
        {**published(error=error), **told, "item": text},
    ]


def page_of(text: str) -> bytes:
    lines = lines_with(text)
    items = [read_line(line) for line in lines]
    shown = [ShownItem(item, SMALL, NONE, SMALL) for item in items]
    steps = [Step(name, StepState.PARTLY, (text,), (text,), {}, 3) for name in StepName]
    told = report(lines, title=text, catalogue=text, run={"DAG": text, "Run": text}, steps=steps)
    name = text.encode("utf-8", "replace").decode()
    return render_page(told, shown, FileNames("p.html", f"{name}.json", f"{name}.csv"), text)


BENIGN = Parts(page_of("cup")).shape


@settings(max_examples=examples(50))
@given(st.text(min_size=1, max_size=40).filter(lambda text: text.isprintable() and not text.isspace()))
@example(HOSTILE[0])
@example(HOSTILE[1])
@example(HOSTILE[2])
@example(HOSTILE[3])
@example(HOSTILE[4])
@example(HOSTILE[5])
@example(HOSTILE[6])
@example(HOSTILE[7])
@example(HOSTILE[8])
@example(HOSTILE[9])
@example(" ".join(HOSTILE))
def test_no_text_adds_an_element_or_an_attribute(text: str) -> None:
    parts = Parts(page_of(f"x{text}"))
    # The code of a failure groups those that have the same one, whatever it is.
    assert parts.shape == BENIGN
    for href in parts.values("href"):
        assert href.startswith("./")
        assert not {"<", '"', "'", " "} & set(href)
    for source in parts.values("src"):
        assert source.startswith("data:image/jpeg;base64,")


def test_what_is_hostile_can_still_be_read() -> None:
    text = Parts(page_of(HOSTILE[1])).words
    assert text.count(HOSTILE[1]) >= 10


def test_a_browser_loads_nothing_but_the_pictures_in_the_page() -> None:
    parts = Parts(page_of("cup"))
    tags = {tag for tag, _ in parts.elements}
    assert not tags & {"script", "iframe", "link", "object", "embed", "form", "base", "video", "audio", "input"}
    assert not any(name.startswith("on") for _, attributes in parts.elements for name in attributes)
    policy = next(dict(a) for tag, a in parts.elements if tag == "meta" and "http-equiv" in a)
    assert policy["http-equiv"] == "Content-Security-Policy"
    assert policy["content"].split("; ")[:3] == ["default-src 'none'", "img-src data:", "style-src 'unsafe-inline'"]  # type: ignore[union-attr]
    # Before anything that could load something.
    names = [tag for tag, _ in parts.elements]
    assert names.index("meta") < names.index("title") < names.index("style")
    style = page_of("cup").decode().partition("<style>")[2].partition("</style>")[0]
    assert "url(" not in style
    assert "@import" not in style


def test_every_picture_has_words_for_who_does_not_see_it() -> None:
    parts = Parts(page_of("cup"))
    alts = list(parts.values("alt"))
    assert len(alts) == len(list(parts.values("src"))) == 6
    assert "Subject of cup" in alts
    assert "cup, as it was made" in alts
    for tag, attributes in parts.elements:
        if tag == "svg" or attributes.get("role") == "img":
            assert attributes.get("aria-label")
        if tag == "html":
            assert attributes["lang"] == "en"


@pytest.mark.parametrize("count", [0, 1])
def test_few_items_make_a_page_too(count: int) -> None:
    lines = [published() for _ in range(count)]
    page = render_page(report(lines), [], NAMES).decode()
    assert ("The one item is published" if count else "Nothing has changed") in page
    assert len(page) < 40_000
    assert "<article" not in page


def test_ten_thousand_failures_make_a_page_of_bounded_size() -> None:
    codes = [f"Code{number % 80}" for number in range(5000)] + ["InternalError"] * 5000
    lines = [plan_line(f"sku-{number}/white", entry=failed(code, "x" * 5000)) for number, code in enumerate(codes)]
    page = render_page(report(lines), [], NAMES)
    assert len(page) < 1_000_000
    text = page.decode()
    assert text.count("<td><bdi>xxx") == MAX_ROWS
    assert "4,900 more with this code are in report.json." in text
    assert "31 more codes are in report.json." in text
    assert MAX_ROWS_OF_CODE == 100


def test_the_page_tells_time_rate_and_price() -> None:
    lines = [made(f"sku-{number}/white", at=number * 2) for number in range(60)]
    text = Parts(render_page(report(lines, price=Price(Decimal("12.00"), "CNY", 60)), [], NAMES)).words
    assert "Pictures paid for 60" in text
    assert "Price 12.00 CNY" in text
    assert "First accepted 2026-11-29 01:02:03 UTC" in text
    assert "Last done 2026-11-29 01:04:07 UTC" in text
    assert "Time 2 min" in text
    assert "Rate 29.0 a minute" in text
    assert "Pictures done over time: 60 in 2 min" in text
    without = render_page(report(lines), [], NAMES).decode()
    assert "CNY" not in without


def test_a_step_that_could_not_be_read_is_in_the_table_with_its_reason() -> None:
    steps = [
        Step(StepName.PLAN, StepState.READ, ("/plan",), (), {}, 1),
        Step(StepName.PICTURES, StepState.UNREADABLE, ("/pictures",), ("line 7: no JSON",), {}, 0),
        Step(StepName.PUBLISHED, StepState.MISSING),
    ]
    text = Parts(render_page(report([plan_line()], steps=steps), [], NAMES)).words
    assert "pictures unreadable 0 /pictures line 7: no JSON" in text
    assert "published missing 0" in text
