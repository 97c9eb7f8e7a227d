"""Ask MPS for scores of a picture, and read them: ``ImageTask.ImageQualityConfig`` of ProcessImage. Pure.

Source of the request: ``ImageQualityConfig`` of the SDK's models, API version 2019-06-12. What the answer looks like is
not documented, nor is the scale of the scores: it is a text, in ``Output.Content`` of an entry without a path. So it is
read whatever of the usual forms it has, and what is not certain is not read.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from airflow_provider_mps.core.redaction import redact_urls
from airflow_provider_mps.services.tencentcloud.payloads import describe_input
from airflow_provider_mps.services.tencentcloud.words import QualityAttribute

CONFIG = "ImageQualityConfig"

# More than this is no answer about a few numbers, characters.
_LONGEST = 20_000
# A text in JSON may itself be JSON.
_DEEPEST = 3
_BEGINS = re.compile(r"[{\[]")
_NUMBER = re.compile(r"-?[0-9]{1,15}(?:\.[0-9]{1,15})?")
_BETWEEN_WORDS = re.compile(r"[\s_.-]")
_NAMES = frozenset(("name", "attribute", "dimension", "metric", "type", "key"))
_SCORES = frozenset(("score", "value"))


def quality_payload(bucket: str, region: str, path: str, attributes: Iterable[QualityAttribute]) -> dict[str, Any]:
    """Return the request body that asks for scores of a picture in COS.

    :param path: its key, with a leading ``/``
    :param attributes: what there is to be a score for
    """
    return {
        "InputInfo": {"Type": "COS", "CosInputInfo": {"Bucket": bucket, "Region": region, "Object": path}},
        "ImageTask": {CONFIG: {"Attributes": sorted(map(str, attributes))}},
    }


def asked_of(body: Mapping[str, Any]) -> str:
    """Return which scores of which picture are asked for; empty where it is something else.

    :param body: of a request, or the answer about its task, which says back what it was asked
    """
    task = body.get("ImageTask")
    given = {name: value for name, value in task.items() if value is not None} if isinstance(task, Mapping) else {}
    config = given.get(CONFIG)
    if given.keys() != {CONFIG} or not isinstance(config, Mapping) or body.get("ScheduleId") or body.get("Definition"):
        return ""
    attributes, picture = config.get("Attributes"), describe_input(body)
    if not isinstance(attributes, list) or not attributes or not picture:
        return ""
    return f"{picture} {','.join(sorted(map(str, attributes)))}"


def kept_answer(content: Any) -> str:
    """Return what is kept of an answer about scores: its text without credentials.

    Of one that is too long, or that says other scores without them, its length is.

    :param content: ``Output.Content`` of an entry: a text, or what JSON it is
    """
    text = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
    every = list(QualityAttribute)
    if len(text) <= _LONGEST and read_scores(kept := redact_urls(text), every) == read_scores(text, every):
        return kept
    return f"(a text of {len(text):,} characters)"


def texts_of(result: Mapping[str, Any]) -> str:
    """Return the texts of a result, one a line; empty where it has none."""
    return "\n".join(it["content"] for it in result["Outputs"] if isinstance(it.get("content"), str))


def read_scores(text: str, attributes: Collection[QualityAttribute]) -> dict[QualityAttribute, float]:
    """Return the scores that a text has for attributes, as far as it is certain which they are.

    Read are JSON objects and lists, however they lie in each other, between other words or in a fence: an attribute
    with its number, with an object that has its ``score`` or ``value``, or as the ``name`` of an object that has. A
    score is finite and at least 0. An attribute with two scores has none, and so have all of a text in which JSON
    begins that does not end.

    :param text: what the service said
    :param attributes: which are looked for
    """
    found: dict[QualityAttribute, set[float]] = {attribute: set() for attribute in attributes}
    names = {_plain(f"{one}{more}"): one for one in attributes for more in ("", *_SCORES)}
    values = [] if len(text) > _LONGEST else _json_in(text)
    left = [(value, _DEEPEST) for value in values]
    while left:
        value, depth = left.pop()
        if isinstance(value, _Object):
            for name, number in _scores_in(value):
                if (attribute := names.get(_plain(name))) is not None:
                    found[attribute].add(number)
            left += [(part, depth) for _, part in value]
        elif isinstance(value, list):
            left += [(part, depth) for part in value]
        elif isinstance(value, str) and depth and value.lstrip().startswith(("{", "[")):
            left += [(part, depth - 1) for part in _json_in(value)]
    return {one: score for one, numbers in found.items() if len(numbers) == 1 for score in numbers if _is_score(score)}


class _Object(tuple[tuple[str, Any], ...]):
    """The members of a JSON object, also those of the same name."""

    __slots__ = ()


def _json_in(text: str) -> list[Any]:
    """Return the JSON objects and lists in a text; nothing if one of them is not whole."""
    found, position = [], 0
    while (begin := _BEGINS.search(text, position)) is not None:
        try:
            value, position = _DECODER.raw_decode(text, begin.start())
        except (ValueError, RecursionError):
            return []
        found.append(value)
    return found


def _scores_in(members: _Object) -> Iterator[tuple[str, float]]:
    """Give names with their numbers, as far as an object says that they belong together."""
    for name, value in members:
        if (number := _number(value)) is not None:
            yield name, number
        elif isinstance(value, _Object):
            yield from ((name, own) for own in _own(value))
    for name, value in members:
        if _plain(name) in _NAMES and isinstance(value, str):
            yield from ((value, own) for own in _own(members))


def _own(members: _Object) -> Iterator[float]:
    for name, value in members:
        if _plain(name) in _SCORES and (number := _number(value)) is not None:
            yield number


def _number(value: Any) -> float | None:
    """Return a number; also one that is no score, as it says that there is none."""
    if isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
        return float(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return float(value)
    except OverflowError:
        return math.inf


def _is_score(number: float) -> bool:
    return math.isfinite(number) and number >= 0


def _plain(name: str) -> str:
    return _BETWEEN_WORDS.sub("", name.lower())


_DECODER = json.JSONDecoder(object_pairs_hook=_Object)
