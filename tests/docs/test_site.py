"""The site is built without a warning, leads nowhere where nothing is, and loads nothing from other hosts."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote

import pytest

from tests.docs.pages import DOCS, ROOT

pytest.importorskip("sphinx")

pytestmark = [pytest.mark.source, pytest.mark.skipif(shutil.which("make") is None, reason="no make")]


def command() -> list[str]:
    """Return what ``make docs`` runs."""
    env = {"PATH": os.environ.get("PATH", os.defpath)}
    dry = subprocess.run(["make", "-n", "docs"], cwd=ROOT, env=env, capture_output=True, text=True, check=True)
    (line,) = [line for line in dry.stdout.splitlines() if " -m sphinx " in line]
    return shlex.split(line)


def check_links(texts: dict[Path, str]) -> None:
    ids = {page: set(re.findall(r'\bid="([^"]+)"', text)) for page, text in texts.items()}
    for page, text in texts.items():
        for link in set(re.findall(r'<a\b[^>]*\bhref="([^"]+)"', text)):
            name, _, anchor = link.replace("&amp;", "&").partition("#")
            if re.match(r"[a-z]+:", name):
                continue
            found = (page.parent / unquote(name.partition("?")[0])).resolve() if name else page
            assert found.is_file(), (page.name, link)
            assert not anchor or found not in ids or unquote(anchor) in ids[found], (page.name, link)


def check_loads(name: str, text: str) -> None:
    loaded = re.findall(r'<(?:script|img|iframe|source|video|embed)\b[^>]*\bsrc="([^"]+)"', text)
    for tag in re.findall(r"<link\b[^>]*>", text):
        if re.search(r'rel="(?:stylesheet|icon|shortcut icon|preload|preconnect)"', tag):
            loaded += re.findall(r'href="([^"]+)"', tag)
    assert loaded
    assert not [one for one in loaded if re.match(r"(?:[a-z]+:)?//", one)], name


# One test, as the processes that run tests would each build a site of their own.
def test_the_site_is_whole_and_loads_nothing_from_elsewhere(tmp_path: Path) -> None:
    site = tmp_path.resolve() / "html"
    done = subprocess.run(
        [sys.executable, *command()[1:-1], "-d", str(tmp_path / "doctrees"), str(site)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    sources = {page.relative_to(DOCS).with_suffix(".html") for page in DOCS.rglob("*.md") if "_build" not in page.parts}
    texts = {page: page.read_text() for page in site.rglob("*.html")}
    assert {site / source for source in sources} <= set(texts)
    check_links(texts)
    for page, text in texts.items():
        check_loads(page.name, text)
    for style in site.rglob("*.css"):
        assert not re.search(r"(?:@import|url\()\s*[\"']?(?:https?:)?//", style.read_text()), style.name


def test_a_warning_is_an_error_and_a_name_that_leads_nowhere_is_a_warning() -> None:
    assert {"-W", "-n"} <= set(command())
