"""What a question shows: pictures of the run, and whatever is in a name as text. Read as Markdown by markdown-it."""

from __future__ import annotations

import html
import re
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import Environment
from markdown_it import MarkdownIt
from markdown_it.token import Token

from airflow_provider_mps.catalogue.approval import markdown
from airflow_provider_mps.core.gallery_paths import Size, gallery_path, picture_path
from airflow_provider_mps.core.texts import clean
from airflow_provider_mps.gallery import approval_body, approval_questions, approved_pictures
from tests.catalogue.approval.asked import ADA, HOSTILE, answer, entry

RUN = {"dag_id": "shop", "run_id": "scheduled__2026-11-30T00:00:00+00:00"}
MARKDOWN = MarkdownIt("commonmark", {"html": True}).enable("table")
TEXTS = st.text(st.characters(), max_size=80) | st.sampled_from(HOSTILE)
ITEM: dict[str, Any] = {"sku": "a", "look": "white", "service": "mps", "action": "make", "why": "new"}


def tokens(body: str) -> list[Token]:
    """Return all tokens, those within lines too."""
    return [one for block in MARKDOWN.parse(body) for one in (block, *(block.children or ()))]


def line(name: str, prompt: str = "", words: str = "", **more: Any) -> dict[str, Any]:
    request = {"subject_cos_key": "/in/1.png", "prompt": prompt}
    findings = [{"code": "Blurred", "verdict": "not checked", "words": words}]
    check = {"verdict": "not checked", "findings": findings}
    return {**ITEM, "item": name, "request": request, "entry": entry(1), "check": check, **more}


def cells(body: str) -> list[list[str]]:
    """Return the text of each cell of the table, row by row."""
    rows: list[list[str]] = []
    found = MARKDOWN.parse(body)
    for at, one in enumerate(found):
        if one.type == "tr_open":
            rows.append([])
        elif one.type in ("td_open", "th_open"):
            rows[-1].append(_text(found[at + 1].children or []))
    return rows


def _text(children: list[Token]) -> str:
    return "".join(one.content for one in children if one.type in ("text", "code_inline", "text_special"))


@given(st.lists(st.tuples(TEXTS, TEXTS, TEXTS), min_size=1, max_size=4))
def test_whatever_is_in_a_name_is_text(given: list[tuple[str, str, str]]) -> None:
    body = approval_body([line(*texts) for texts in given], base="", **RUN)
    found = tokens(body)
    kinds = {one.type for one in found}
    assert not kinds & {"html_inline", "html_block", "code_inline", "code_block", "fence", "heading_open", "hr"}
    assert not kinds & {"em_open", "bullet_list_open", "ordered_list_open", "blockquote_open", "softbreak"}
    hrefs = [str(one.attrGet("href")) for one in found if one.type == "link_open"]
    sources = [str(one.attrGet("src")) for one in found if one.type == "image"]
    assert len(sources) == 2 * len(given)
    assert len(hrefs) == 2 * len(given) + 1
    assert {path.partition("?")[0] for path in hrefs + sources} == {"/mps-gallery/run", "/mps-gallery/picture"}
    rows = cells(body)[1:]
    assert len(rows) == len(given)
    for (name, prompt, words), row in zip(given, rows, strict=True):
        shown = row[1].replace("\u2060", "")
        assert shown.startswith(clean(name, 200) or "picture ")
        assert shown.endswith(clean(clean(prompt, 200), 120))
        assert clean(words, 160) in row[4].replace("\u2060", "")


@given(TEXTS)
def test_no_text_is_a_link_once_its_references_are_read(text: str) -> None:
    """The page looks for addresses in the text that is left when all else is parsed."""
    shown = html.unescape(markdown.text(text, 5000))
    assert not re.search(r"https?://[-.\w]|www\.|[-.\w+]@[-\w]", shown, re.IGNORECASE)


@given(TEXTS)
def test_jinja_finds_nothing_in_a_body(text: str) -> None:
    (question,) = approval_questions([line(text, text, text)], base="", title=text, **RUN)
    for part in (question["body"], question["subject"]):
        assert Environment(autoescape=False).from_string(part).render() == part
    assert "\n" not in question["subject"]


def test_a_table_with_before_and_after() -> None:
    lines = [
        line("cup/white", "marble", was="cos://shop-1250000000/shop/cup.jpeg"),
        {**line("bowl/white"), "check": {"verdict": "ok", "findings": [{"code": "Blurred", "verdict": "ok"}]}},
    ]
    body = approval_body(lines, base="/airflow", sheet="cos://b/sheets/1.jpeg", **RUN)
    head, cup, bowl = cells(body)
    assert head == ["no.", "product", "subject", "published before", "after", "check"]
    assert cup[:2] == ["1", "cup/white: marble"]
    assert bowl[5] == "ok"
    given = (RUN["dag_id"], RUN["run_id"])
    addresses = ["cos://b/sheets/1.jpeg", "cos:///in/1.png", "cos://shop-1250000000/shop/cup.jpeg"]
    addresses += ["cos://shop-1250000000/output/1-1-0.jpeg"]
    found = tokens(body)
    hrefs = {str(one.attrGet("href")) for one in found if one.type == "link_open"}
    sources = {str(one.attrGet("src")) for one in found if one.type == "image"}
    sizes = [Size.PAGE, Size.THUMB, Size.THUMB, Size.THUMB]
    assert sources == {
        picture_path(*given, one, size, base="/airflow") for one, size in zip(addresses, sizes, strict=True)
    }
    full = {picture_path(*given, one, Size.FULL, base="/airflow") for one in addresses}
    assert hrefs == full | {gallery_path(*given, base="/airflow")}


def test_a_single_result_and_its_subject() -> None:
    result = {name: value for name, value in entry(1).items() if name not in ("key", "subject")}
    head, row = cells(approval_body(result, base="", **RUN))
    assert head == ["no.", "product", "subject", "after", "check"]
    assert row == ["1", "picture 1", "–", "", "not checked"]
    assert "thumb" not in approval_body(result, base="", **RUN)
    of_photo = approval_body(result, base="", subject="cos:///in/cup.png", **RUN)
    assert picture_path(RUN["dag_id"], RUN["run_id"], "cos:///in/cup.png", Size.PAGE) in of_photo
    assert cells(of_photo)[1][1] == "cup.png"
    entry_row = cells(approval_body([entry(7), entry(8, subject="https://e.com/p.png?sign=1")], base="", **RUN))
    assert [row[1] for row in entry_row[1:]] == ["cup-7", "cup-8"]
    assert entry_row[2][2].replace("\u2060", "").startswith("https://e.com/p.png")


def test_where_airflow_is_beneath_another_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__API__BASE_URL", "https://e.com/team/airflow/")
    body = approval_body(entry(1), **RUN)
    assert body.count("(/team/airflow/mps-gallery/") == body.count("](")


def test_pages_and_their_sheets() -> None:
    entries = [entry(number) for number in range(45)]
    found = approval_questions(entries, base="", per_page=20, title="Autumn", sheets=["s1", "s2", "s3"], **RUN)
    assert [one["subject"] for one in found] == [
        f"Autumn: which pictures may be published? ({page} of 3)" for page in (1, 2, 3)
    ]
    assert [len(one["options"]) for one in found] == [22, 22, 7]
    assert {one["multiple"] for one in found} == {True}
    assert [one["body"].count("contact sheet") for one in found] == [1, 1, 1]
    assert "20 pictures of 45." in found[0]["body"]
    assert cells(found[2]["body"])[1][:2] == ["41", "cup-40"]
    assert all("defaults" not in one for one in found)
    (first, *_) = approval_questions(entries, base="", none_by_default=True, **RUN)
    assert first["defaults"] == [first["options"][-1]]
    assert first["defaults"][0].startswith("None of these [1-20 ")


def test_the_best_of_the_variants_of_a_product() -> None:
    subjects = ["cos://b/in/1.png", "cos://b/in/2.png"]
    entries = [entry(number, subject=subjects[number % 2]) for number in range(6)]
    one, other = approval_questions(entries, base="", per="product", **RUN)
    assert [cells(one["body"])[at][0] for at in (1, 2, 3)] == ["1", "3", "5"]
    assert one["multiple"] is False
    assert len(one["options"]) == 4
    answers = [answer([one["options"][1]]), answer([other["options"][-1]])]
    approved, rejected, unanswered = approved_pictures(entries, answers)
    assert [part["key"] for part in approved] == ["cup-2"]
    assert [part["key"] for part in rejected] == ["cup-0", "cup-1", "cup-3", "cup-4", "cup-5"]
    assert unanswered == []


def test_the_best_of_the_pictures_of_one_result() -> None:
    entries = [entry(1, pictures=4), entry(2, pictures=2)]
    one, other = approval_questions(entries, base="", per="product", **RUN)
    assert [row[1] for row in cells(one["body"])[1:]] == [f"cup-1 ({place} of 4)" for place in (1, 2, 3, 4)]
    given = [answer([one["options"][2]]), answer([other["options"][-1]], at="2026-11-30T12:00:01Z")]
    approved, rejected, unanswered = approved_pictures(entries, given)
    (chosen,) = approved
    assert [output["path"] for output in chosen["Outputs"]] == [f"/output/1-1-{place}.jpeg" for place in (2, 0, 1, 3)]
    assert chosen["approval"] == {"approved": True, "by": ADA, "at": "2026-11-30T12:00:00.000Z"}
    assert [part["key"] for part in rejected] == ["cup-2"]
    assert unanswered == []


def test_a_question_for_each_picture() -> None:
    questions = approval_questions([entry(number) for number in range(3)], base="", per="picture", **RUN)
    assert [one["subject"] for one in questions] == [
        f"shop: may cup-{number} be published? ({number + 1} of 3)" for number in range(3)
    ]
    yes, no = questions[1]["options"]
    assert yes.startswith("2. cup-1 [2 ")
    assert no.startswith("Not this one [2 ")
    assert not any(one["multiple"] for one in questions)


def test_failed_ones_and_those_that_nobody_answers_about_are_told_apart() -> None:
    entries = [entry(1), entry(2, Error={"Code": "x", "Message": "", "RequestId": ""}, Outputs=[]), entry(3)]
    (question,) = approval_questions(entries, base="", none_by_default=True, **RUN)
    nobody = approved_pictures(entries, answer(question["defaults"], by=None))
    assert [len(kind) for kind in nobody] == [0, 0, 3]
    assert approved_pictures(entries, None) == (
        [],
        [],
        [*nobody.unanswered[:0], *approved_pictures(entries, []).unanswered],
    )
    some = approved_pictures(entries, answer(question["options"][1:2]))
    assert [[part["key"] for part in kind] for kind in some] == [["cup-1"], ["cup-3"], ["cup-2"]]
    assert "approval" not in some.unanswered[0]


@pytest.mark.parametrize("value", ["x", 7, [1], [{"path": "x"}], {"chosen_options": []}, None])
def test_what_is_no_picture_is_an_error(value: Any) -> None:
    with pytest.raises(ValueError, match="pictures"):
        approval_body(value, **RUN)


@pytest.mark.parametrize("given", [{"per": "day"}, {"per_page": 0}, {"per_page": 51}])
def test_bad_arguments_are_named(given: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(given))):
        approval_questions([entry(1)], **RUN, **given)


def test_a_dag_file_that_names_it_imports_nothing_of_it() -> None:
    code = (
        "import sys, airflow_provider_mps.gallery as g\n"
        "print([n for n in sys.modules if n.startswith(('airflow.', 'airflow_provider_mps.catalogue'))])\n"
        "g.approval_body\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
