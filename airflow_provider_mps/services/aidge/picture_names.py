"""Names for the copies of Aidge's pictures."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from string import Formatter
from typing import Any, NamedTuple
from urllib.parse import quote

from airflow_provider_mps.core import arguments
from airflow_provider_mps.core.arguments import ArgumentError

DEFAULT_NAME = "{task_id}-{n}"
FIELDS = ("task_id", "n", "scene", "title")

# Titles are other people's words: nothing in one may lead out of the folder or be a hidden file.
_NOT_IN_NAMES = re.compile(r'[\x00-\x1f\x7f\ud800-\udfff/\\:*?"<>|#%\s]+')
# A template may have spaces.
_NOT_IN_TEMPLATES = re.compile(r'[\x00-\x1f\x7f\\:*?"<>|#%]+')
_MAX_BYTES = 180


class Place(NamedTuple):
    """A picture by its task and its number there, from 1."""

    task_id: str
    number: int


def check(name: str, value: Any) -> str:
    """Return ``value`` as a template for names, such as ``{title}-{n}``."""
    template = arguments.text(name, value)
    try:
        fields = [(field, spec, conversion) for _, field, spec, conversion in Formatter().parse(template)]
    except ValueError:
        fields = [("", None, None)]
    known = all(field is None or (field in FIELDS and not spec and not how) for field, spec, how in fields)
    if not known or "/" in template:
        arguments.fail(name, value, f"a file name without extension, with {{{'}, {'.join(FIELDS)}}} in it")
    return template


def stems(template: Any, title: Any, scenes: Mapping[str, Sequence[str]]) -> dict[Place, str]:
    """Return the name of each picture, without extension.

    :param template: see :func:`check`
    :param title: what ``{title}`` stands for; None for nothing
    :param scenes: ids of the tasks, each with the names of the scenes of its pictures
    :raises ArgumentError: the template cannot be used, or two pictures would have one name
    """
    template = check("name", template)
    if "{title}" in template and title is None:
        raise ArgumentError("title is required: name has {title} in it")
    words = _plain(arguments.text("title", title)) if title is not None else ""
    template = _NOT_IN_TEMPLATES.sub("-", template)
    found: dict[Place, str] = {}
    owners: dict[str, Place] = {}
    for task_id, names in scenes.items():
        for number, scene in enumerate(names, 1):
            place = Place(task_id, number)
            stem = _fill(template, quote(task_id, safe=""), number, _plain(scene), words).lstrip(".") or "picture"
            other = owners.setdefault(stem.casefold(), place)
            if other != place:
                raise ArgumentError(
                    f"name: picture {other.number} of task {other.task_id} and picture {number} of task {task_id} "
                    f"would both be named {stem!r}; put {{n}} and {{task_id}} in it"
                )
            found[place] = stem
    return found


def _fill(template: str, task_id: str, number: int, *words: str) -> str:
    """Return the name; where it is too long the words are cut, and not the number behind them that tells it apart."""

    def filled(scene: str, title: str) -> str:
        return template.format(task_id=task_id, n=number, scene=scene, title=title)

    stem = filled(*words)
    if len(stem.encode()) > _MAX_BYTES:
        left = max(0, _MAX_BYTES - len(filled("", "").encode()))
        places = max(1, template.count("{scene}") + template.count("{title}"))
        stem = filled(*(_cut(word, left // places) for word in words))
    return _cut(stem, _MAX_BYTES)


def _cut(text: str, count: int) -> str:
    return text.encode()[:count].decode(errors="ignore")


def _plain(text: str) -> str:
    return _NOT_IN_NAMES.sub("-", text).strip("-.") or "picture"
