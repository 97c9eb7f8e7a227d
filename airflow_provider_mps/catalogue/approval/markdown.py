"""Markdown as Airflow's pages show it (CommonMark, tables of GitHub's), in which any text is only text.

No HTML is shown there, and no picture from a ``data:`` address. A character reference is never a part of the structure
(CommonMark 0.31, 2.5): what could be one is written so. What looks like an address becomes a link all the same once the
references are read (``mdast-util-gfm-autolink-literal``), so that is parted by a character that nobody sees.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from airflow_provider_mps.core.texts import clean

_WORD_JOINER = "\u2060"
_STRUCTURE = re.compile(r"[\\`*_{}\[\]()<>&|~#!$^\"'=+]")
_ADDRESS = re.compile(r"(?<=:)(?=//)|(?<=www)(?=\.)|(?=@)", re.IGNORECASE)


def text(value: object, longest: int = 200) -> str:
    """Return a text that is shown as it is, on one line, without controls, credentials and signatures.

    :param value: from wherever
    :param longest: how many characters are shown
    """
    parted = _ADDRESS.sub(_WORD_JOINER, clean(value, longest))
    return _STRUCTURE.sub(lambda match: f"&#{ord(match[0])};", parted)


def link(words: str, path: str) -> str:
    """Return a link.

    :param words: Markdown
    :param path: of a page of Airflow, quoted as addresses are
    """
    return f"[{words}]({_quoted(path)})"


def picture(alt: object, path: str) -> str:
    """Return a picture.

    :param alt: what it shows
    :param path: of the picture, quoted as addresses are
    """
    return f"![{text(alt, 100)}]({_quoted(path)})"


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Return the lines of a table; all is Markdown."""
    lines = [columns, ["---"] * len(columns), *rows]
    return [f"| {' | '.join(line)} |" for line in lines]


def _quoted(path: str) -> str:
    """Return an address in which nothing ends it; Jinja reads nothing in it either."""
    return re.sub(r"[^A-Za-z0-9/?&=%._~:+,;@-]", lambda match: "".join(f"%{b:02X}" for b in match[0].encode()), path)
