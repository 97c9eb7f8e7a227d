"""What README and site link to is there; on the site itself the build looks at it again."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from urllib.parse import unquote

import pytest

from tests.docs.pages import PAGES, ROOT, anchors, links, name_of

URLS = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["urls"]


@pytest.mark.source
@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_what_pages_link_to_is_there(page: Path) -> None:
    for link in links(page):
        name, _, anchor = link.partition("#")
        if name.startswith("https://") or name.startswith("http://127.0.0.1:"):
            continue
        assert "://" not in link, link
        found = (page.parent / unquote(name)).resolve() if name else page
        assert found.exists(), link
        assert found.is_relative_to(ROOT), link
        assert not anchor or anchor in anchors(found), link


@pytest.mark.source
def test_what_is_called_the_project_is_one_repository() -> None:
    # What leads from the package's page into the repository leads to a file of it.
    for url in URLS.values():
        assert url.startswith(URLS["Source"])
        if found := re.match(rf"{re.escape(URLS['Source'])}/(?:blob|tree|raw)/[^/]+/([^#]+)", url):
            assert (ROOT / found[1]).exists()


@pytest.mark.source
def test_the_readme_shows_pictures_and_leads_on() -> None:
    found = [link for link in links(ROOT / "README.md") if "://" not in link]
    assert len([link for link in found if link.endswith((".jpg", ".svg"))]) >= 5
    assert len([link for link in found if link.startswith("docs/") and link.endswith(".md")]) > 20
    assert len((ROOT / "README.md").read_text().splitlines()) <= 160
