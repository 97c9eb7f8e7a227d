"""The README and the pages of the site, taken apart."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
# Those that the site includes, and those that it is made of.
PAGES = sorted({*ROOT.glob("*.md"), *(page for page in DOCS.rglob("*.md") if "_build" not in page.parts)})


class Snippet(NamedTuple):
    """What stands between two fences.

    :param page: where it stands
    :param line: number of the first fence
    :param language: behind it
    :param text: what stands between them, without what all of its lines are indented by
    """

    page: Path
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{name_of(self.page)}:{self.line}"


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


def snippets(*languages: str, pages: list[Path] = PAGES) -> list[Snippet]:
    """Return the snippets of some languages; of all, if none is named."""
    return [one for page in pages for one in _snippets(page) if not languages or one.language in languages]


def _snippets(page: Path) -> Iterator[Snippet]:
    text = page.read_text()
    for match in re.finditer(r"^ *(?P<fence>```+)(?P<language>.*)\n(?P<text>(?:.*\n)*?) *(?P=fence)$", text, re.M):
        yield Snippet(page, text.count("\n", 0, match.start()) + 1, match["language"].strip(), dedent(match["text"]))


def commands() -> list[tuple[str, str]]:
    """Return what the pages have people type into a shell, each with the first place where it stands."""
    found: dict[str, str] = {}
    for snippet in snippets("console", "sh"):
        # Without prompts a command goes on where a line is indented.
        typed = re.split(r"^\$ ", snippet.text, flags=re.M)[1:]
        if snippet.language == "sh":
            typed = re.split(r"\n(?=\S)", snippet.text)
        for command in typed:
            found.setdefault(re.sub(r"\s+# .*", "", command).rstrip(), str(snippet))
    return list(found.items())


def prose(page: Path) -> str:
    """Return the text of a page without its snippets."""
    return re.sub(r"^ *(```+).*\n(?:.*\n)*? *\1$", "", page.read_text(), flags=re.M)


def anchors(page: Path) -> set[str]:
    """Return what can be linked to in a page: its headings as GitHub names them, and ids of its own."""
    text = prose(page)
    slugs = {
        re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-")
        for heading in re.findall(r"^#+ (.+)$", text, re.M)
    }
    return slugs | set(re.findall(r'<a id="([^"]+)"', text))


def links(page: Path) -> list[str]:
    """Return what the links and pictures of a page lead to."""
    text = prose(page)
    return re.findall(r"\]\(<?([^)\s>]+)>?\)", text) + re.findall(r'(?:src|href)="([^"]+)"', text)


def tables(page: Path) -> list[list[list[str]]]:
    """Return the tables of a page: rows of cells, without their headers."""
    blocks = re.findall(r"^\|.*\n\|[-| :]+\|\n((?:\|.*\n)+)", page.read_text(), re.M)
    return [[[cell.strip() for cell in row.strip("|").split(" | ")] for row in block.splitlines()] for block in blocks]
