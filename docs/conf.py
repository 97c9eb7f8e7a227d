"""How Sphinx builds this folder: ``make docs``, into ``docs/_build``.

Nothing is fetched, and nothing that is built loads from elsewhere.
"""

from __future__ import annotations

import importlib
import logging
import os
import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow_provider_mps import __version__

if TYPE_CHECKING:
    from sphinx.application import Sphinx

DOCS = Path(__file__).resolve().parent
ROOT = DOCS.parent
REPOSITORY = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["urls"]["Source"]

# Airflow, which operators import, makes itself a home and says so.
os.environ.setdefault("AIRFLOW_HOME", str(ROOT / ".airflow" / "docs"))
logging.getLogger("airflow").setLevel(logging.WARNING)

project = "airflow-provider-mps"
author = "the authors of airflow-provider-mps"
copyright = author
version = release = __version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx_copybutton"]
exclude_patterns = ["_build"]
nitpicky = True
# No inventory of other packages is fetched, and what is not public has no page.
nitpick_ignore_regex = [
    (r"py:.*", r"(airflow|datetime|pathlib|collections|httpx|qcloud_cos|tencentcloud|fsspec|upath)\..*"),
    (r"py:exc", r"Airflow\w+"),
    (r"py:.*", r"airflow_provider_mps\.(services|local\.serving)\..*"),
    (r"py:(meth|data)", r"aclose|AI_SOURCE_TYPES"),
]

# Headings can be linked to as GitHub names them.
myst_heading_anchors = 4
myst_enable_extensions = ["colon_fence", "attrs_block"]

# Docstrings give types in their words, as the README of a class does.
autodoc_typehints = "none"
autodoc_member_order = "bysource"
autodoc_default_options = {"exclude-members": "template_fields, ui_color, service"}
add_module_names = False
python_maximum_signature_line_length = 80

html_theme = "furo"
html_title = f"airflow-provider-mps {release}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_sphinx = False
html_show_copyright = False
html_copy_source = False
html_theme_options = {
    "source_repository": REPOSITORY,
    "source_branch": "main",
    "source_directory": "docs/",
    "top_of_page_buttons": ["view"],
}
copybutton_prompt_text = "$ "

_LINK = re.compile(r"\]\(([^)\s#:]+)(#[^)\s]*)?\)")
# Pages of the site that have a file of the repository in them.
_INCLUDED = re.compile(r"^```\{include\} (\S+)", re.MULTILINE)


def _pages() -> dict[Path, Path]:
    """Return the page that a file is read on, for each file that is in the site."""
    pages = {page: page for page in DOCS.rglob("*.md") if "_build" not in page.parts}
    return pages | {
        (page.parent / name).resolve(): page for page in list(pages) for name in _INCLUDED.findall(page.read_text())
    }


def _links_of_the_site(text: str, folder: Path, docname: str) -> str:
    """Return a text with its links, which lead to files of the repository, as they are on the site.

    :param text: Markdown
    :param folder: where the file is that it stands in
    :param docname: page that it is shown on
    """
    pages, here = _pages(), (DOCS / docname).parent

    def led(match: re.Match[str]) -> str:
        path, anchor = (folder / match[1]).resolve(), match[2] or ""
        if not path.exists() or not path.is_relative_to(ROOT):
            return match[0]
        if path in pages or path.is_relative_to(DOCS):
            return f"]({os.path.relpath(pages.get(path, path), here)}{anchor})"
        kind = "tree" if path.is_dir() else "blob"
        return f"]({REPOSITORY}/{kind}/main/{path.relative_to(ROOT)}{anchor})"

    return _LINK.sub(led, text)


def _table_of_codes(match: re.Match[str]) -> str:
    """Return a table of codes, named by the module and the name that it has there."""
    from airflow_provider_mps.core.outcomes import CodeRule, Outcome

    means = {Outcome.REFUSED: "refused", Outcome.NOT_EXECUTED: "not executed", Outcome.UNKNOWN: "perhaps executed"}
    module, _, name = match[1].rpartition(".")
    codes: dict[str, CodeRule] = getattr(importlib.import_module(module), name)
    rows = [f"| `{code!s}` | {means[rule.outcome]} | {rule.hint} |" for code, rule in codes.items()]
    return "\n".join(["| code | the request was | what can be done |", "|---|---|---|", *rows])


def _source_read(app: Sphinx, docname: str, source: list[str]) -> None:
    text = re.sub(r"<!-- codes: (\S+) -->", _table_of_codes, source[0])
    source[0] = _links_of_the_site(text, (DOCS / docname).parent, docname)


def _include_read(app: Sphinx, path: Path, docname: str, source: list[str]) -> None:
    source[0] = _links_of_the_site(source[0], (DOCS / path).resolve().parent, docname)


def setup(app: Sphinx) -> dict[str, Any]:
    """Have links of the repository made links of the site."""
    app.connect("source-read", _source_read)
    app.connect("include-read", _include_read)
    return {"parallel_read_safe": True}
